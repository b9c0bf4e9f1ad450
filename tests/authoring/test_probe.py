"""``script/model probe``: what is there, in words, as a table, and as a file."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
import json
import logging
from pathlib import Path
import sys
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from authoring import probe, targets
from authoring.__main__ import parser
from custom_components.device_models.iot.connections.coap import (
    describe as coap_describe,
)
from custom_components.device_models.iot.connections.mqtt import (
    describe as mqtt_describe,
)
from custom_components.device_models.iot.errors import UnreachableError
from custom_components.device_models.iot.formats import load
from simulators.coap import CoapSimulator
from simulators.models import BUNDLED, load_model
from simulators.mqtt import MqttSimulator
from tests.iot.connections.things import free_port
from tests.passwords import PASSWORD, USERNAME, Mosquitto


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, quick_requests: None) -> None:
    """Wait for nothing that does not come."""
    monkeypatch.setattr(mqtt_describe, "SECONDS", 1.0)
    monkeypatch.setattr(coap_describe, "SECONDS", 5.0)
    monkeypatch.delenv(targets.PASSWORD_VARIABLE, raising=False)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(autouse=True)
def levels() -> Any:
    """Leave the levels of loggers as they were."""
    before = {name: logging.getLogger(name).level for name in ("coap", "mqtt")}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
async def site(socket_enabled: None) -> AsyncGenerator[TestServer]:
    """Serve the bundled models."""
    app = web.Application()
    app.router.add_static("/models", BUNDLED)
    server = TestServer(app, host="127.0.0.1")
    async with server:
        yield server


async def asked(*arguments: str) -> int:
    """Run the command."""
    options = parser("probe").parse_args(["probe", *arguments])
    code: int = await options.run(options)
    return code


async def test_a_coap_device(
    room: CoapSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(f"coap://127.0.0.1:{room.port}/") == 0
    out, err = capsys.readouterr()
    assert "CoRE link listing" in out
    assert "temperature" in out
    assert "sensor" in out
    assert "like the model room_climate (100 %)" in out
    assert err.startswith(f"asking coap://127.0.0.1:{room.port}/ …")


async def test_an_mqtt_device(
    pump: MqttSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = f"mqtt://127.0.0.1:{pump.port}/{pump.base}"
    assert await asked(uri, "--mqtt-version", "3.1.1", "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert out.count("\n") == 1
    assert found["ok"]
    assert found["uri"] == uri
    assert found["format"] == "sample payload"
    assert found["tried"]
    assert found["draft"]
    assert found["attributes"] > 5
    assert found["matches"][0]["model"] == "water_pump"
    assert found["matches"][0]["score"] > 90
    assert "asking" in err


async def test_a_file_of_a_web_server(
    site: TestServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = str(site.make_url("/models/water_pump.json"))
    assert await asked(f"{url}?token=abc", "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["urn"] == "urn:device-models:water-pump"
    assert found["uri"] == url
    assert found["errors"] == []
    assert "abc" not in out + err


@pytest.mark.parametrize("name", ["device.yaml", "device.json", "device"])
async def test_the_model_is_written_as_a_device_file(
    site: TestServer, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    url = str(site.make_url("/models/room_climate.json"))
    assert await asked(url, "--output", str(file)) == 0
    assert (file.read_text().lstrip()[0] == "{") is (file.suffix == ".json")
    loaded = load(file.read_bytes(), name)
    assert loaded.format == "device file"
    assert loaded.model == load_model("room_climate")
    assert f"wrote {file}" in capsys.readouterr().err


async def test_a_described_device_is_written_with_its_places(
    room: CoapSimulator, tmp_path: Path
) -> None:
    file = tmp_path / "room.yaml"
    uri = f"coap://127.0.0.1:{room.port}"
    assert await asked(uri, "--output", str(file)) == 0
    loaded = load(file.read_bytes(), file.name)
    assert "coap" in loaded.layouts
    assert loaded.model.attribute("temperature").readable


async def test_a_file_that_cannot_be_written(
    site: TestServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = str(site.make_url("/models/room_climate.json"))
    assert await asked(url, "--output", str(tmp_path / "none" / "x.yaml")) == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize(
    "uri", ["coap://127.0.0.1:{}/", "mqtt://127.0.0.1:{}/a", "http://127.0.0.1:{}/m"]
)
async def test_nobody_is_there(
    socket_enabled: None,
    uri: str,
    more: Sequence[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await asked(uri.format(free_port()), *more) == 1
    out, err = capsys.readouterr()
    if more:
        found = json.loads(out)
        assert found["ok"] is False
        assert "cannot be reached" in found["errors"][0]["message"]
    else:
        assert not out
        assert "cannot be reached" in err
    assert "Traceback" not in err


async def test_nothing_usable_is_there(
    site: TestServer, room: CoapSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(str(site.make_url("/models/none.json"))) == 1
    assert "answered 404" in capsys.readouterr().err
    assert await asked(f"coap://127.0.0.1:{room.port}/nowhere") == 1
    assert "GET /.well-known/core: 2.05, 0 of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["room"], "expected coap://"),
        (["ftp://host/x"], "expected coap://"),
        (["coap:///x"], "expected coap://"),
        (["coap://host:99999/"], "Port"),
        (["coap://[::1/"], "IPv6"),
        (["coap://host/x?y"], "without '?'"),
        (["coap://me@host/x"], "without a user name"),
        (["mqtt://host/x#y"], "without '?'"),
        (["mqtt://me@host/x", "--password-file", "/nonexistent"], "No such file"),
    ],
)
async def test_a_command_line_that_is_not_usable(
    arguments: Sequence[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(*arguments) == 2
    out, err = capsys.readouterr()
    assert not out
    assert words in err


@pytest.mark.parametrize("scheme", ["coap", "mqtt", "https"])
async def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    scheme: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(f"{scheme}://me:hunter2@host/x") == 2
    err = capsys.readouterr().err
    assert "--password-file" in err
    assert "hunter2" not in err


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    return file


@pytest.mark.peer
@pytest.mark.parametrize("source", ["file", "variable", "prompt", "none"])
async def test_the_password_of_a_broker(
    guarded_broker: Mosquitto,
    password_file: Path,
    source: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [f"mqtt://{USERNAME}@127.0.0.1:{guarded_broker.port}/hall", "--json"]
    match source:
        case "file":
            arguments += ["--password-file", str(password_file)]
        case "variable":
            monkeypatch.setenv(targets.PASSWORD_VARIABLE, PASSWORD)
        case "prompt":
            monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
            monkeypatch.setattr(targets, "getpass", lambda _prompt: PASSWORD)
    assert await asked(*arguments) == 1  # nothing is published there
    out, err = capsys.readouterr()
    message = json.loads(out)["errors"][0]["message"]
    refused = "refuses the credentials" in message
    assert refused is (source == "none")
    if not refused:
        assert "nothing" in message
    assert PASSWORD not in out + err


async def test_long_work_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def slow(*_: Any) -> Any:
        await asyncio.sleep(0.25)
        raise UnreachableError(address="coap://h", reason="no answer")

    monkeypatch.setattr(probe, "PATIENCE", 0.1)
    monkeypatch.setattr(targets, "_described", slow)
    assert await asked("coap://h/") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line[:12] for line in lines] == [
        "asking coap:", "still asking", "still asking", "coap://h can"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("coap://[::1]/a/b", "coap://[::1]:5683/a/b"),
        ("coap://host", "coap://host:5683/"),
        ("mqtt://me@host/a%20b", "mqtt://host:1883/a b"),
        ("mqtts://host:99/a", "mqtts://host:99/a"),
        ("https://[::1]:99/m?k=v", "https://[::1]:99/m"),
        ("http://host/m", "http://host/m"),
    ],
)
async def test_addresses(uri: str, shown: str) -> None:
    options = parser("probe").parse_args(["probe", uri])
    assert targets.target_of(options).shown == shown
