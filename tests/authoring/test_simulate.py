"""``script/model simulate``: a simulated device of any model."""

import asyncio
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any, Final

import aiocoap
import pytest

from authoring import simulate
from authoring.__main__ import main

ROOT: Final = Path(__file__).parents[2]
FIXTURES: Final = ROOT / "tests" / "fixtures"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the simulators are started with, instead of starting them."""
    taken: dict[str, Any] = {}

    def simulators(arguments: list[str]) -> int:
        *taken["options"], file = arguments
        taken["text"] = Path(file).read_text()
        return 3

    monkeypatch.setattr(simulate, "simulators", simulators)
    return taken


OPTIONS: list[tuple[list[str], list[str]]] = [
    (["--coap"], ["coap", "--host", "127.0.0.1", "--port", "5683"]),
    (["--coap", "::1"], ["coap", "--host", "::1", "--port", "5683"]),
    (["--coap", "[::1]:0"], ["coap", "--host", "::1", "--port", "0"]),
    (["--http"], ["http", "--host", "127.0.0.1", "--port", "8080"]),
    (["--http", "[::1]:0"], ["http", "--host", "::1", "--port", "0"]),
    (["--mqtt", "broker:1884"], ["mqtt", "--broker", "broker:1884"]),
    (
        ["--mqtt", "broker", "--fault", "slow=2", "--base", "a/b"],
        ["mqtt", "--broker", "broker", "--fault", "slow=2", "--base", "a/b"],
    ),
]


@pytest.mark.parametrize(("spelled", "options"), OPTIONS)
def test_simulator_gets_what_was_asked_for(
    given: dict[str, Any], spelled: list[str], options: list[str]
) -> None:
    file = str(FIXTURES / "oracle" / "forklift.json")
    assert main(["simulate", file, *spelled]) == 3
    assert given["options"] == options
    assert json.loads(given["text"])["name"] == "Forklift"


def test_file_that_refers_to_others_is_one_to_the_simulator(
    given: dict[str, Any],
) -> None:
    main(["simulate", str(FIXTURES / "device_files" / "boiler.json"), "--coap"])
    assert json.loads(given["text"])["model"]["name"] == "Boiler B20"


def test_text_stays_text(given: dict[str, Any]) -> None:
    file = FIXTURES / "lwm2m" / "bee-hive.xml"
    main(["simulate", str(file), "--coap"])
    assert given["text"] == file.read_text()


def test_what_is_left_out_is_told(
    given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["simulate", str(FIXTURES / "oracle/unfinished_gateway.json"), "--coap"])
    assert "ignored: draft: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["missing.json", "--coap"], 1, "missing.json: (top): no such file"),
        (["x.json", "--coap", "host:port"], 2, "expected HOST[:PORT]"),
    ],
)
def test_trouble_is_one_line(
    given: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    problem: str,
) -> None:
    assert main(["simulate", *arguments]) == code
    err = capsys.readouterr().err
    assert problem in err
    assert err.count("\n") == 1
    assert given == {}


@pytest.mark.usefixtures("socket_enabled")
async def test_device_of_another_format_answers() -> None:
    file = FIXTURES / "device_files" / "boiler_cellar.yaml"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "authoring", "simulate", str(file),
        "--coap", "127.0.0.1:0", "--speed", "0",
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    client = await aiocoap.Context.create_client_context()
    try:
        ready = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()
        assert ready[0] == "ready"
        request = aiocoap.Message(code=aiocoap.GET, uri=f"{ready[1]}state")
        answer = await asyncio.wait_for(client.request(request).response, 10)
        assert {"flow", "target", "burner"} <= set(json.loads(answer.payload))
    finally:
        await client.shutdown()
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 0
