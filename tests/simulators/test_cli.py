"""``python -m simulators``."""

import asyncio
from collections.abc import Coroutine
import os
from pathlib import Path
import signal
import sys
from typing import Any

from aiocoap import Code
import pytest

from simulators import CoapPushSimulator, CoapSimulator, Faults, MqttSimulator
from simulators.__main__ import main, parser, run, simulator_of
from simulators.models import BUNDLED

from ..acting import until
from ..iot.connections.things import free_port
from .conftest import Ask, new_broker

ROOT = Path(__file__).parents[2]


def described(*arguments: str) -> Any:
    return simulator_of(parser().parse_args(arguments))


def test_a_coap_device_as_described() -> None:
    simulator = described(
        *("coap", str(BUNDLED / "water_pump.json"), "--host", "::1", "--port", "0"),
        *("--base", "/a/b/", "--fault", "slow=2", "--fault", "lossy", "--speed", "3"),
    )
    assert isinstance(simulator, CoapSimulator)
    assert simulator.url == "coap://[::1]:0/a/b"
    assert simulator.device.model.name == "Water pump"
    assert simulator.faults.slow == 2
    assert simulator.faults.lossy == 20
    assert described("coap", "room_climate").port == 5683


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        ([], "mqtt://127.0.0.1:1883/water-pump"),
        (["--broker", "example.com"], "mqtt://example.com:1883/water-pump"),
        (["--broker", "example.com:99"], "mqtt://example.com:99/water-pump"),
        (["--broker", "[::1]:99"], "mqtt://[::1]:99/water-pump"),
        (["--broker", "::1"], "mqtt://[::1]:1883/water-pump"),
        (["--base", "x/y", "--tls"], "mqtt://127.0.0.1:8883/x/y"),
    ],
)
def test_an_mqtt_device_as_described(arguments: list[str], url: str) -> None:
    simulator = described("mqtt", "water_pump", *arguments)
    assert isinstance(simulator, MqttSimulator)
    assert simulator.url == url


def test_a_sleepy_device_as_described() -> None:
    simulator = described(
        *("coap-push", "water_pump", "--server", "coap://[::1]:99/a/b/"),
        *("--every", "3", "--key", "k", "--fault", "silent"),
    )
    assert isinstance(simulator, CoapPushSimulator)
    assert simulator.url == "coap://[::1]:99/a/b"
    assert simulator.faults.silent


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["coap", "no_such"], "bundled models: room_climate, water_pump"),
        (["coap", str(ROOT / "setup.cfg")], "setup.cfg: (top): expected JSON"),
        (["coap", "room_climate", "--fault", "huh"], "expected one of silent, slow"),
        (["coap", "room_climate", "--fault", "slow=x"], "slow: expected a number"),
        (["coap", "room_climate", "--fault", "slow=-1"], "at least 0"),
        (["coap", "room_climate", "--fault", "slow=nan"], "at least 0"),
        (["coap", "room_climate", "--host", "::1", "--announce"], "'::1'"),
        (["coap-push", "water_pump", "--server", "x"], "expected coap://HOST"),
        (["mqtt", "water_pump", "--broker", "a:b"], "expected HOST[:PORT]"),
        (["mqtt", "water_pump", "--ca", "/no/such.pem"], "No such file"),
    ],
)
def test_what_is_not_understood(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coap", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "room_climate, water_pump" in shown
    assert "rebooting=EVERY_SECONDS" in shown


def test_faults_are_spelled_and_cleared() -> None:
    faults = Faults.parse(["silent", "slow", "rebooting", "lossy=7.5", "garbage=0"])
    assert (faults.silent, faults.garbage) == (True, False)
    assert (faults.slow, faults.rebooting, faults.lossy) == (5, 60, 7.5)
    faults.clear()
    assert faults == Faults()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_runs_until_a_signal(
    socket_enabled: None,
    ask: Ask,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    simulator = described("coap", "room_climate", "--port", "0", "--base", "room")
    running = asyncio.create_task(run(simulator))
    await until(lambda: simulator.port)
    assert (await ask(Code.GET, f"{simulator.url}/state")).code is Code.CONTENT
    os.kill(os.getpid(), number)
    await asyncio.wait_for(running, 5)
    assert capsys.readouterr().out == f"ready {simulator.url}\n"


async def test_a_signal_while_there_is_no_broker(
    socket_enabled: None, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = described("mqtt", "water_pump", "--broker", f"127.0.0.1:{free_port()}")
    running = asyncio.create_task(run(simulator))
    await asyncio.sleep(0.1)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 5)
    assert capsys.readouterr().out == ""


async def test_a_port_that_is_taken(socket_enabled: None, pump: Any) -> None:
    async with CoapSimulator(pump, speed=0) as first:
        second = described("coap", "room_climate", "--port", str(first.port))
        with pytest.raises(OSError, match="in use"):
            await run(second)


def test_what_fails_later(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(coroutine: Coroutine[Any, Any, None]) -> None:
        coroutine.close()
        raise OSError("the port is taken")

    monkeypatch.setattr(asyncio, "run", fail)
    assert main(["coap", "room_climate"]) == 1
    assert capsys.readouterr().err == "simulators: the port is taken\n"


async def test_as_programs(socket_enabled: None) -> None:
    port = free_port()
    broker = new_broker(port)
    await broker.start()
    coap, mqtt = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulators", *arguments),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for arguments in (
            ("coap", "room_climate", "--port", "0"),
            ("mqtt", "water_pump", "--broker", f"127.0.0.1:{port}"),
        )
    ]
    try:
        for process, ready, number in (
            (coap, b"ready coap://127.0.0.1:", signal.SIGTERM),
            (mqtt, b"ready mqtt://127.0.0.1:", signal.SIGINT),
        ):
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            assert line.startswith(ready)
            process.send_signal(number)
            _, errors = await asyncio.wait_for(process.communicate(), 10)
            assert process.returncode == 0, errors
            assert b"Traceback" not in errors
    finally:
        for process in (coap, mqtt):
            if process.returncode is None:
                process.kill()
                await process.wait()
        await broker.shutdown()
