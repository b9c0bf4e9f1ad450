"""The simulated MQTT device, seen by another client of a real broker."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
import logging
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from simulators import Faults, MqttSimulator, SimulatedDevice, mqtt, simulator as life
from simulators.mqtt_connection import Protocol

from ..acting import until
from ..iot.connections.things import free_port
from .conftest import model_of, new_broker


@pytest.fixture
async def port(socket_enabled: None) -> AsyncGenerator[int]:
    """The port of a running broker."""
    number = free_port()
    broker = new_broker(number)
    await broker.start()
    yield number
    await broker.shutdown()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the device publish more often than a real one."""
    monkeypatch.setattr(mqtt, "STATE_PAUSE", 0.05)


class Ear:
    """Another client: hears everything, and can speak."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._client = client

    async def listen(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            self.heard.append(
                (str(message.topic), message.payload, bool(message.retain))
            )

    async def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        await self._client.publish(topic, payload, qos=1, retain=retain)

    def of(self, topic: str) -> list[bytes]:
        """Return what was heard on a topic."""
        return [payload for heard, payload, _ in self.heard if heard == topic]

    async def until(self, topic: str, count: int) -> list[bytes]:
        """Wait until so much was heard on a topic."""
        await until(lambda: len(self.of(topic)) >= count)
        return self.of(topic)

    async def mark(self) -> int:
        """Wait until everything published so far was heard; returns how much."""
        count = len(self.of("mark")) + 1
        await self.say("mark", "")
        await self.until("mark", count)
        return len(self.heard)

    async def states(self, count: int) -> list[Any]:
        """Wait for so many states of the pump."""
        payloads = await self.until("yard/pump/state", count)
        return [json.loads(payload) for payload in payloads]


@asynccontextmanager
async def listening(port: int) -> AsyncGenerator[Ear]:
    """Hear everything from now on."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        ear = Ear(client)
        await client.subscribe("#", qos=1)
        task = asyncio.create_task(ear.listen())
        yield ear
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def ear(port: int) -> AsyncGenerator[Ear]:
    """Another client of the broker."""
    async with listening(port) as ear:
        yield ear


def simulated(pump: SimulatedDevice, port: int, **options: Any) -> MqttSimulator:
    """Return a pump whose time stands still."""
    options = {"speed": 0, "retry_first": 0.05, **options}
    return MqttSimulator(pump, port=port, base="yard/pump", **options)


@pytest.fixture
async def yard(
    pump: SimulatedDevice, port: int, ear: Ear
) -> AsyncGenerator[MqttSimulator]:
    """A pump that the other client has heard."""
    async with simulated(pump, port) as simulator:
        await ear.states(1)
        yield simulator


async def test_it_says_that_it_is_there_and_how_it_is(
    yard: MqttSimulator, ear: Ear, port: int
) -> None:
    assert yard.url == f"mqtt://127.0.0.1:{port}/yard/pump"
    assert yard.connected
    assert ear.of("yard/pump/availability") == [b"online"]
    assert await ear.states(1) == [yard.device.state()]
    async with listening(port) as late:
        await late.until("yard/pump/state", 1)
        await late.until("yard/pump/availability", 1)
        assert all(retained for _, _, retained in late.heard)
        topics = {topic for topic, _, _ in late.heard}
        assert topics == {"yard/pump/state", "yard/pump/availability"}


async def test_the_base_topic_is_the_end_of_the_urn(pump: SimulatedDevice) -> None:
    assert MqttSimulator(pump).url == "mqtt://127.0.0.1:1883/water-pump"


async def test_changes_are_published_together(yard: MqttSimulator, ear: Ear) -> None:
    for _ in range(20):
        yard.device.tick(1)
    states = await ear.states(2)
    assert states[1:] == [yard.device.state()]
    yard.device.tick(1)
    assert (await ear.states(3))[2] == yard.device.state()


async def test_the_state_comes_though_nothing_changes(
    pump: SimulatedDevice, port: int, ear: Ear
) -> None:
    async with simulated(pump, port, state_every=0.1):
        states = await ear.states(3)
        assert states[0] == states[2] == pump.state()


@pytest.mark.parametrize(
    ("attribute", "payload", "value"),
    [
        ("running", "false", False),
        ("targetPressure", "4.5", 4.5),
        ("targetPressure", "4", 4),
        ("maxStarts", "7", 7),
        ("label", "Brunnen 2", "Brunnen 2"),
        ("label", "7", "7"),
        ("controlMode", "manual", "manual"),
        ("serviceDue", "1800000000000", 1800000000000),
    ],
)
async def test_a_write_is_confirmed_by_the_state(
    yard: MqttSimulator, ear: Ear, attribute: str, payload: str, value: Any
) -> None:
    await ear.say(f"yard/pump/{attribute}/set", payload)
    state = (await ear.states(2))[1]
    assert state[attribute] == value
    assert state == yard.device.state()


async def test_a_confirmation_is_not_repeated(yard: MqttSimulator, ear: Ear) -> None:
    await ear.say("yard/pump/running/set", "false")
    await asyncio.sleep(0.2)
    await ear.mark()
    assert len(await ear.states(2)) == 2


async def test_an_object_is_written_as_json(port: int, ear: Ear) -> None:
    members = [
        {"name": "on", "type": "BOOLEAN", "defaultValue": False},
        {"name": "hour", "type": "INTEGER", "range": "0,23", "defaultValue": 3},
    ]
    plan = {"name": "plan", "type": "OBJECT", "writable": True, "members": members}
    device = SimulatedDevice(model_of(attributes=[plan]))
    async with simulated(device, port):
        await ear.say("yard/pump/plan/set", '{"on":true}')
        assert (await ear.states(2))[1] == {"plan": {"on": True, "hour": 3}}


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("targetPressure/set", "7", "targetPressure: 7 > 6"),
        ("targetPressure/set", "true", "targetPressure: expected a finite number"),
        ("targetPressure/set", "", "not NUMBER: ''"),
        ("targetPressure/set", "NaN", "targetPressure: expected a finite number"),
        ("running/set", "1", "running: expected true or false"),
        ("running/set", "on", "not BOOLEAN: 'on'"),
        ("controlMode/set", "off", "controlMode: expected one of"),
        ("prime/invoke", "", "value: is missing"),
        ("prime/invoke", "20", "expected an object of arguments"),
        ("prime/invoke", '{"value":', "not JSON"),
        ("start/invoke", '{"x":1}', "no argument 'x'"),
    ],
)
async def test_what_makes_no_sense_is_logged_and_not_done(
    yard: MqttSimulator,
    ear: Ear,
    caplog: pytest.LogCaptureFixture,
    topic: str,
    payload: str,
    reason: str,
) -> None:
    caplog.set_level(logging.INFO, "simulators")
    before = yard.device.state()
    await ear.say(f"yard/pump/{topic}", payload)
    await until(lambda: "refused" in caplog.text)
    assert reason in caplog.text
    assert yard.device.state() == before
    assert not yard.device.calls
    assert len(await ear.states(1)) == 1


async def test_what_is_not_for_it_is_ignored(yard: MqttSimulator, ear: Ear) -> None:
    await ear.say("yard/pump/outletPressure/set", "3")
    await ear.say("yard/pump/noSuch/set", "3")
    await ear.say("yard/pump/noSuch/invoke", "")
    await ear.say("yard/pump/label/set", "last")
    assert (await ear.states(2))[1]["label"] == "last"


async def test_actions(yard: MqttSimulator, ear: Ear) -> None:
    await ear.say("yard/pump/stop/invoke", "")
    await ear.states(2)
    await ear.say("yard/pump/prime/invoke", '{"value":20}')
    await ear.states(3)
    await ear.say("yard/pump/irrigate/invoke", '{"litres":9.5}')
    states = await ear.states(4)
    assert [state["lastAction"] for state in states[1:]] == [
        "Stop",
        "Prime",
        "Irrigate",
    ]
    assert states[-1]["running"] is False
    assert [call.arguments for call in yard.device.calls] == [
        {},
        {"value": 20},
        {"litres": 9.5, "zone": "lawn"},
    ]


async def test_a_retained_command_is_not_done_again(
    pump: SimulatedDevice, port: int, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "simulators")
    await ear.say("yard/pump/stop/invoke", "", retain=True)
    await ear.say("yard/pump/running/set", "false", retain=True)
    async with simulated(pump, port):
        await until(lambda: "retained command" in caplog.text)
        assert pump.values["running"] is True
        await ear.say("yard/pump/running/set", "", retain=True)


async def test_every_alert_is_one_message(
    yard: MqttSimulator, ear: Ear, port: int
) -> None:
    sent = [yard.device.fire("leak").content for _ in range(5)]
    report = yard.device.fire("runReport").content
    heard = await ear.until("yard/pump/alert/leak", 5)
    assert [json.loads(payload) for payload in heard] == sent
    assert all("severity" in alert for alert in sent)
    assert [json.loads(one) for one in await ear.until("yard/pump/alert/runReport", 1)]
    assert "severity" not in report
    async with listening(port) as late:
        await late.until("yard/pump/state", 1)
        assert not late.of("yard/pump/alert/leak")


async def test_one_topic_for_each_attribute(
    pump: SimulatedDevice, port: int, ear: Ear
) -> None:
    async with simulated(pump, port, per_attribute=True):
        await ear.until("yard/pump/lastAction", 1)
        assert ear.of("yard/pump/running") == [b"true"]
        assert ear.of("yard/pump/label") == [b"Garden well"]
        motor = json.loads(ear.of("yard/pump/motor")[0])
        assert motor == pump.read("motor")
        pump.write({"targetPressure": 4.5})
        heard = await ear.until("yard/pump/targetPressure", 2)
        assert heard == [b"3.2", b"4.5"]
        await ear.states(2)
        assert len(ear.of("yard/pump/running")) == 1


async def test_time_passes_by_itself(
    pump: SimulatedDevice, port: int, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "TICK", 0.02)
    async with simulated(pump, port, speed=500):
        first, second = (await ear.states(2))[:2]
        assert first != second


# Coming and going


async def test_stopping_says_offline_and_starting_again_online(
    yard: MqttSimulator, ear: Ear
) -> None:
    await yard.stop()
    availability = "yard/pump/availability"
    assert (await ear.until(availability, 2))[-1] == b"offline"
    assert not yard.connected
    yard.device.fire("leak")
    await yard.start()
    assert (await ear.until(availability, 3))[-1] == b"online"
    await ear.states(2)
    assert not ear.of("yard/pump/alert/leak")


async def test_when_it_is_killed_the_broker_says_offline(
    yard: MqttSimulator, ear: Ear
) -> None:
    yard.device.write({"label": "kept"})
    await yard.kill()
    availability = "yard/pump/availability"
    assert (await ear.until(availability, 2))[-1] == b"offline"
    await yard.start()
    assert (await ear.until(availability, 3))[-1] == b"online"
    assert (await ear.states(2))[-1]["label"] == "kept"


async def test_it_comes_back_when_the_broker_does(
    pump: SimulatedDevice, socket_enabled: None
) -> None:
    port = free_port()
    simulator = simulated(pump, port)
    starting = asyncio.create_task(simulator.start())
    await asyncio.sleep(0.2)
    assert not starting.done()
    broker = new_broker(port)
    await broker.start()
    await asyncio.wait_for(starting, 5)
    await broker.shutdown()
    await until(lambda: not simulator.connected)
    broker = new_broker(port)
    await broker.start()
    await until(lambda: simulator.connected)
    async with listening(port) as ear:
        await ear.states(1)
        await ear.say("yard/pump/running/set", "false")
        assert (await ear.states(2))[-1]["running"] is False
    await simulator.stop()
    await broker.shutdown()


async def test_giving_up_to_start(pump: SimulatedDevice, socket_enabled: None) -> None:
    simulator = simulated(pump, free_port())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(simulator.start(), 0.2)
    await simulator.stop()
    await simulator.kill()


async def test_an_impossible_address(
    pump: SimulatedDevice, socket_enabled: None
) -> None:
    with pytest.raises(ValueError, match="host"):
        await MqttSimulator(pump, host="").start()


@pytest.mark.peer
@pytest.mark.parametrize(
    "peer_program", [("mosquitto",)], ids=["mosquitto"], indirect=True
)
@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_with_mosquitto(
    pump: SimulatedDevice,
    peer_program: str,
    protocol: Protocol,
    tmp_path: Path,
    socket_enabled: None,
) -> None:
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = await asyncio.create_subprocess_exec(
        peer_program, "-c", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(10):
            simulator = simulated(pump, port, protocol=protocol)
            await simulator.start()
            async with listening(port) as ear:
                await ear.states(1)
                await ear.say("yard/pump/running/set", "false")
                assert (await ear.states(2))[-1]["running"] is False
                await simulator.kill()
                assert (await ear.until("yard/pump/availability", 2))[-1] == b"offline"
                await simulator.start()
                await ear.until("yard/pump/availability", 3)
                await simulator.stop()
    finally:
        process.terminate()
        await process.wait()


# Faults


async def test_silent(pump: SimulatedDevice, port: int, ear: Ear) -> None:
    async with simulated(pump, port, state_every=0.1) as yard:
        await ear.states(2)
        yard.faults.silent = True
        heard = await ear.mark()
        await ear.say("yard/pump/running/set", "false")
        pump.fire("leak")
        await asyncio.sleep(0.3)
        assert await ear.mark() == heard + 2
        assert yard.connected
        assert pump.values["running"] is True
        yard.faults.silent = False
        await until(lambda: len(ear.heard) > heard + 2)


async def test_silent_from_the_beginning(
    pump: SimulatedDevice, port: int, ear: Ear
) -> None:
    faults = Faults(silent=True)
    async with simulated(pump, port, faults=faults) as yard:
        assert yard.connected
        assert await ear.mark() == 1


async def test_slow(yard: MqttSimulator, ear: Ear) -> None:
    yard.faults.slow = 0.3
    loop = asyncio.get_running_loop()
    began = loop.time()
    await ear.say("yard/pump/running/set", "false")
    await ear.states(2)
    assert loop.time() - began > 0.3


async def test_lossy(yard: MqttSimulator, ear: Ear) -> None:
    yard.faults.lossy = 50
    for _ in range(40):
        yard.device.fire("leak")
    await until(yard._alerts.empty)
    await ear.mark()
    assert 8 < len(ear.of("yard/pump/alert/leak")) < 32


async def test_garbage(yard: MqttSimulator, ear: Ear) -> None:
    yard.faults.garbage = True
    good = json.dumps(yard.device.state(), separators=(",", ":")).encode()
    for number in range(11):
        yard.device.tick(1)
        await ear.until("yard/pump/state", number + 2)
    spoiled = ear.of("yard/pump/state")[1:]
    assert good not in spoiled
    assert len(set(spoiled)) == 11
    assert ear.of("yard/pump/availability") == [b"online"]


async def test_a_reboot_forgets_everything(yard: MqttSimulator, ear: Ear) -> None:
    yard.device.write({"label": "lost"})
    await ear.states(2)
    await yard.reboot(0.1)
    assert ear.of("yard/pump/availability") == [b"online", b"offline", b"online"]
    states = await ear.states(3)
    assert [state["label"] for state in states] == [
        "Garden well",
        "lost",
        "Garden well",
    ]
    await ear.say("yard/pump/running/set", "false")
    assert (await ear.states(4))[-1]["running"] is False
