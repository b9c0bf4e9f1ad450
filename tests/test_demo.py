"""The parts of the demo; ``script/demo --check`` tries it as a whole."""

import asyncio
import json
from pathlib import Path
import socket
import sys
from typing import Any

from homeassistant.components.http import config as http_config
from homeassistant.components.onboarding import STORAGE_VERSION
from homeassistant.components.onboarding.const import STEP_USER, STEPS
import pytest
import yaml

from custom_components.device_models.const import DOMAIN
from demo import flows
from demo.children import ROOT, Child, free_port
from demo.command_line import MORE, parser
from demo.configuration import YAML, kept_ports, write_configuration
from demo.described import DESCRIBED
from demo.devices import INTERVAL, CoapDevice, DemoDevice, MqttDevice
from demo.errors import DemoError, until
from simulators.__main__ import parser as simulator_parser
from simulators.models import load_model

PORTS = {"home_assistant": 8124, "coap": 5683, "mqtt": 1883}


# The command line


def test_options() -> None:
    options = parser().parse_args([])
    assert (options.check, options.port, options.keep) == (False, None, None)
    options = parser().parse_args(["--check", "--port", "8124", "--keep", "place"])
    place = Path.cwd() / "place"
    assert (options.check, options.port, options.keep) == (True, 8124, place)


def test_devices_that_describe_themselves() -> None:
    assert parser().parse_args([]).more == ()
    assert parser().parse_args(["--with", "homie,wot,homie"]).more == ("homie", "wot")
    assert MORE.keys() == DESCRIBED.keys()


def test_devices_that_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--with", "wot,zigbee"])
    assert "expected wot, ipso, homie, got 'zigbee'" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0", "65536", "http", ""])
def test_port_that_is_none(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--port", wrong])
    assert "1 to 65535" in capsys.readouterr().err


# The configuration


def stored(folder: Path, key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / ".storage" / key).read_text())
    return content


def test_http_settings_are_the_ones_in_force(tmp_path: Path) -> None:
    """Otherwise Home Assistant takes them back after five minutes."""
    write_configuration(tmp_path, PORTS)
    http = stored(tmp_path, http_config.STORAGE_KEY)
    assert http["version"] == http_config.STORAGE_VERSION
    assert http["minor_version"] == http_config.STORAGE_MINOR_VERSION
    assert http["data"]["pending"] is None
    stable = http["data"]["stable"]
    settings = {
        key: value
        for key, value in stable.items()
        if key not in {"created_at", "error", "error_message"}
    }
    assert http_config.HTTP_STORAGE_SCHEMA(settings) == settings
    assert set(http_config._DEFAULT_CONFIG) | {"server_host"} == set(stable)
    assert settings["server_host"] == ["127.0.0.1"]
    assert settings["server_port"] == 8124


def test_onboarding_lacks_the_user_only(tmp_path: Path) -> None:
    write_configuration(tmp_path, PORTS)
    onboarding = stored(tmp_path, "onboarding")
    assert onboarding["version"] == STORAGE_VERSION
    assert set(STEPS) - set(onboarding["data"]["done"]) == {STEP_USER}


def test_nothing_in_the_configuration_wants_the_internet(tmp_path: Path) -> None:
    write_configuration(tmp_path, PORTS)
    assert (tmp_path / "configuration.yaml").read_text() == YAML
    assert "default_config" not in yaml.safe_load(YAML)
    integration = tmp_path / "custom_components" / DOMAIN / "manifest.json"
    assert json.loads(integration.read_text())["domain"] == DOMAIN


def test_configuration_is_kept(tmp_path: Path) -> None:
    assert kept_ports(tmp_path) is None
    write_configuration(tmp_path, PORTS)
    (tmp_path / "configuration.yaml").write_text("mine:")
    assert kept_ports(tmp_path) == PORTS
    write_configuration(tmp_path, PORTS | {"home_assistant": 8125})
    assert (tmp_path / "configuration.yaml").read_text() == "mine:"
    assert stored(tmp_path, "http")["data"]["stable"]["server_port"] == 8125


def test_directory_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    with pytest.raises(DemoError, match="not empty"):
        kept_ports(tmp_path)


# The devices


def demo_device[Kind: DemoDevice](kind: type[Kind], folder: Path) -> Kind:
    return kind(
        name="Pump",
        area="Garden",
        model="water_pump",
        base="a/b",
        port=1,
        folder=folder,
    )


def test_commands_are_those_of_the_simulators(tmp_path: Path) -> None:
    for kind, name in ((CoapDevice, "coap"), (MqttDevice, "mqtt")):
        python, _, module, *arguments = demo_device(kind, tmp_path).command.split()
        assert (python, module) == (".venv/bin/python", "simulators")
        options = simulator_parser().parse_args(arguments)
        assert (options.kind, options.model, options.base) == (
            name,
            "water_pump",
            "a/b",
        )


def test_commands_of_devices_that_describe_themselves(tmp_path: Path) -> None:
    ports = {"thing_http": 1, "thing_coap": 2, "node": 3}
    pump = demo_device(MqttDevice, tmp_path)
    devices = [
        device for make in DESCRIBED.values() for device in make(tmp_path, ports, pump)
    ]
    assert len({device.name for device in devices}) == len(devices) == 5
    for device in devices:
        python, _, module, *arguments = device.command.split()
        assert (python, module) == (".venv/bin/python", "simulators")
        options = simulator_parser().parse_args(arguments)
        assert load_model(ROOT / options.model).attributes
        assert device.connection_form


def test_silence_is_noticed_within_three_intervals(tmp_path: Path) -> None:
    form = demo_device(MqttDevice, tmp_path).device_form
    assert form["silent_after"] <= 3 * INTERVAL


async def test_refused_step_ends_the_demo(tmp_path: Path) -> None:
    class Refusing:
        async def post(self, path: str, _content: object) -> dict[str, Any]:
            if path == flows.CONNECTIONS:
                return {"type": "menu", "flow_id": "1"}
            return {"type": "form", "errors": {"base": "unreachable"}}

    device = demo_device(CoapDevice, tmp_path)
    with pytest.raises(DemoError, match="unreachable"):
        await flows.add(Refusing(), device)  # type: ignore[arg-type]


# Processes and waiting


async def test_child_is_killed_and_started_again(tmp_path: Path) -> None:
    child = Child("child", tmp_path / "log")
    program = "import sys, time; print('ready'); sys.stdout.flush(); time.sleep(60)"
    for _ in range(2):
        await child.start(sys.executable, "-c", program, announces=True)
        assert await child.first_line() == "ready"
        assert child.running
        await child.kill()
        assert not child.running
    await child.stop()


async def test_child_that_does_not_start(tmp_path: Path) -> None:
    child = Child("child", tmp_path / "log")
    assert child.tail() == ""
    await child.start(sys.executable, "-c", "raise SystemExit('no')", announces=True)
    with pytest.raises(DemoError, match=r"child has ended \(exit code 1\)\nno"):
        await child.first_line()


@pytest.mark.usefixtures("socket_enabled")
def test_free_port() -> None:
    wanted = free_port(socket.SOCK_STREAM)
    assert free_port(socket.SOCK_STREAM, wanted) == wanted
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(socket.SOCK_STREAM, port) != port


async def test_waiting_ends_with_the_reason() -> None:
    with pytest.raises(DemoError, match=r"live: not within 0.2 s \(a.b is unknown\)"):
        await until(lambda: False, 0.2, "live", lambda: "a.b is unknown")

    async def later() -> bool:
        await asyncio.sleep(0)
        return True

    assert await until(later, 1, "live") < 1
