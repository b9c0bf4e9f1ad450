"""Devices behind a broker: what they publish comes in, what they take goes out."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
import json
from pathlib import Path
import socket
import time
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.codecs.json import Json
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
    broker as broker_module,
    connection as module,
)
from custom_components.device_models.iot.device import Alert, Availability, Certainty
from custom_components.device_models.iot.errors import (
    ModelError,
    NotConfirmedError,
    NotOfferedError,
    UnreachableError,
)
from custom_components.device_models.iot.model import Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType

from .mosquitto import Mosquitto, mosquitto, plain_client
from .things import STATE, model_of, nothing_left, shown, thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True),
]

type Connect = Callable[[], Awaitable[MqttConnection]]


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    """Have nothing wait long."""
    monkeypatch.setattr(broker_module, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(module, "CONFIRM_TIMEOUT", 0.4)


@pytest.fixture
async def broker(peer_program: str, tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    """Run a broker."""
    with mosquitto(peer_program, tmp_path) as running:
        await running.ready()
        yield running


@pytest.fixture
async def wire(broker: Mosquitto) -> AsyncGenerator[aiomqtt.Client]:
    """Connect what plays the device."""
    async with plain_client(broker.port) as client:
        yield client


@pytest.fixture
async def connection(broker: Mosquitto) -> AsyncGenerator[MqttConnection]:
    """Open the connection."""
    opened = MqttConnection(BrokerClient(BrokerSettings("127.0.0.1", broker.port)))
    await opened.open()
    yield opened
    await opened.close()


async def tell(wire: aiomqtt.Client, topic: str, payload: Any, **more: Any) -> None:
    """Publish as a device does."""
    if not isinstance(payload, str | bytes):
        payload = json.dumps(payload)
    await wire.publish(topic, payload, qos=1, **more)


def echo(
    wire: aiomqtt.Client, topic: str, back: str, shape: Callable[[Any], Any]
) -> Any:
    """Answer the next message on a topic."""

    async def answer() -> aiomqtt.Message:
        await wire.subscribe(topic, qos=1)
        async for message in wire.messages:
            await tell(wire, back, shape(message.payload))
            return message
        raise AssertionError

    return asyncio.create_task(answer())


# In


async def test_one_message_is_one_parse_and_one_change(
    connection: MqttConnection, wire: aiomqtt.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"n{number}" for number in range(10)]
    model = model_of(*({"name": name, "type": "INTEGER"} for name in names))
    device = thing(connection, base="hall", model=model)
    parses: list[bytes] = []
    decode = Json.decode

    def counted(self: Json, payload: bytes) -> Any:
        parses.append(payload)
        return decode(self, payload)

    monkeypatch.setattr(Json, "decode", counted)
    changes: list[frozenset[str]] = []
    device.on_change(changes.append)
    await connection.attach(device)
    for value in (1, 1, 2):
        await tell(wire, "hall/state", dict.fromkeys(names, value))
    await until(lambda: len(parses) == 3)
    assert changes == [frozenset(names)] * 2
    assert connection.pushed(device) == set(names)


async def test_one_subscription_for_each_device(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    devices = [thing(connection, base=f"room/{number}") for number in range(3)]
    for device in devices:
        await connection.attach(device)
    assert broker.subscriptions == ["room/0/#", "room/1/#", "room/2/#"]
    await connection.detach(devices[1])
    await connection.detach(devices[1])
    assert broker.unsubscriptions == ["room/1/#"]
    await connection.close()
    assert sorted(broker.unsubscriptions) == ["room/0/#", "room/1/#", "room/2/#"]


async def test_attributes_with_topics_of_their_own(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    mqtt = {"attributes": {"temperature": {"topic": "/sensors/7", "pointer": "/t/0"}}}
    device = thing(connection, base="hall", mqtt=mqtt)
    await connection.attach(device)
    await tell(wire, "hall/level", "4")
    await tell(wire, "hall/power", "on")
    await tell(wire, "hall/label", "42")
    await tell(wire, "hall/night", {"hour": 23})
    await tell(wire, "sensors/7", {"t": [19.5]})
    await until(lambda: len(shown(device)) == 5)
    assert shown(device) == {
        "level": 4,
        "power": True,
        "label": "42",
        "night.hour": 23,
        "temperature": 19.5,
    }


async def test_foreign_topics_are_nothing(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    await tell(wire, "hall/other/thing", "x")
    await tell(wire, "hall/level/set", "9")
    await tell(wire, "hall/label", "done")
    await until(lambda: device.values)
    assert shown(device) == {"label": "done"}
    assert not device.dropped


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b'"text"', b"\xff\xfe", b"[" * 5000, b"[1]", b"x" * 300_000, b"null"],
    ids=["empty", "cut", "text", "bytes", "deep", "list", "large", "null"],
)
async def test_garbage_is_dropped_and_the_device_goes_on(
    connection: MqttConnection, wire: aiomqtt.Client, payload: bytes
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    await tell(wire, "hall/state", STATE)
    await tell(wire, "hall/state", payload)
    await tell(wire, "hall/state", {"level": "high", "label": "after"})
    await until(lambda: device.dropped["level: value_refused"])
    assert shown(device)["level"] == 3
    assert shown(device)["label"] == "after"
    assert device.online


async def test_alerts_fire_but_not_from_the_past(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    await tell(wire, "hall/alert/hot", {"temperature": 80}, retain=True)
    device = thing(connection, base="hall")
    alerts: list[Alert] = []
    device.on_alert("hot", alerts.append)
    await connection.attach(device)
    await tell(wire, "hall/alert/hot", "garbage")
    await tell(wire, "hall/alert/hot", [80])
    await tell(wire, "hall/alert/hot", {"temperature": 90, "severity": "LOW"})
    await until(lambda: alerts)
    assert [one.fields for one in alerts] == [{"temperature": 90}]
    assert device.dropped == {"hot: payload_invalid": 2}


# Availability


async def test_retained_state_is_shown_but_is_no_sign_of_life(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    await tell(wire, "hall/state", STATE, retain=True)
    device = thing(connection, base="hall")
    await connection.attach(device)
    await until(lambda: device.online)
    assert shown(device)["level"] == 3
    assert device.last_heard is None
    await tell(wire, "hall/level", "4")
    await until(lambda: device.last_heard)


async def test_device_that_is_offline_stays_so_until_it_says_otherwise(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    await tell(wire, "hall/state", STATE, retain=True)
    await tell(wire, "hall/availability", "offline", retain=True)
    device = thing(connection, base="hall")
    await connection.attach(device)
    await until(lambda: device.availability is Availability.OFFLINE)
    await tell(wire, "hall/level", "9")
    await until(lambda: shown(device).get("level") == 9)
    assert device.availability is Availability.OFFLINE
    await tell(wire, "hall/availability", "what?")
    await tell(wire, "hall/availability", " online\n")
    await until(lambda: device.online)


async def test_last_will_of_the_device(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    will = aiomqtt.Will("hall/availability", b"offline", qos=1, retain=True)
    dying = aiomqtt.Client("127.0.0.1", broker.port, will=will)
    async with dying:
        await tell(dying, "hall/availability", "online", retain=True)
        await until(lambda: device.online)
        dying._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        await until(lambda: device.availability is Availability.OFFLINE)
    assert dying._disconnected.exception()
    assert device.reason == "reported offline"


async def test_words_for_availability_can_be_chosen(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    mqtt = {"availability": {"topic": "lwt", "online": "1", "offline": "0"}}
    device = thing(connection, base="hall", mqtt=mqtt)
    await connection.attach(device)
    await tell(wire, "hall/lwt", "1")
    await until(lambda: device.online)
    await tell(wire, "hall/lwt", "0")
    await until(lambda: not device.online)


async def test_device_that_only_takes_orders_is_there(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    model = model_of(actions=[{"name": "ring"}])
    await tell(wire, "late/availability", "offline", retain=True)
    bell, late = (
        thing(connection, base=base, model=model) for base in ("bell", "late")
    )
    await connection.attach(bell)
    assert bell.online
    await connection.attach(late)
    await until(lambda: late.availability is Availability.OFFLINE)


async def test_device_that_says_nothing_is_silent(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall", silent_after=0.2)
    await connection.attach(device)
    await tell(wire, "hall/level", "4")
    await until(lambda: device.online)
    await until(lambda: device.availability is Availability.SILENT)
    assert device.reason == "silent for over 0.2 s"
    await tell(wire, "hall/availability", "online")
    await until(lambda: device.online)
    await tell(wire, "hall/availability", "offline")
    await until(lambda: device.availability is Availability.OFFLINE)
    await asyncio.sleep(0.3)
    assert device.availability is Availability.OFFLINE


async def test_broker_that_restarts_takes_its_devices_with_it(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    device = thing(connection, base="hall")
    bell = thing(connection, base="bell", model=model_of(actions=[{"name": "ring"}]))
    await connection.attach(device)
    await connection.attach(bell)
    async with plain_client(broker.port) as wire:
        await tell(wire, "hall/state", STATE)
        await until(lambda: device.online)
    broker.kill()
    await until(lambda: device.availability is Availability.UNREACHABLE)
    assert bell.availability is Availability.UNREACHABLE
    assert device.reason == f"{connection.address} is not connected"
    with pytest.raises(UnreachableError):
        await device.set("level", 4)
    await broker.start()
    await until(lambda: device.availability is Availability.UNKNOWN)
    assert bell.online
    assert shown(device)["level"] == 3
    async with plain_client(broker.port) as wire:
        await tell(wire, "hall/level", "5")
        await until(lambda: device.online)
    assert shown(device)["level"] == 5


# Out


async def test_write_is_confirmed_by_its_echo(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    echoing = echo(
        wire, "hall/level/set", "hall/state", lambda got: {"level": int(got)}
    )
    await asyncio.sleep(0.05)
    await device.set("level", 7)
    assert (await echoing).payload == b"7"
    assert shown(device) == {"level": 7}
    assert device.values["level"].certainty is Certainty.LIVE
    assert connection._attached[device].confirmations == []


async def test_rounding_on_the_wire_still_confirms(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    echoing = echo(
        wire,
        "hall/night/set",
        "hall/state",
        lambda got: {"night": {"dim": round(json.loads(got)["dim"], 9)}},
    )
    await asyncio.sleep(0.05)
    await device.set("night.dim", 1 / 3)
    await echoing


async def test_other_value_is_no_confirmation_but_is_shown(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    echoing = echo(wire, "hall/level/set", "hall/state", lambda _: {"level": 5})
    await asyncio.sleep(0.05)
    with pytest.raises(NotConfirmedError, match=r"level was sent, .* within 0\.4 s"):
        await device.set("level", 7)
    await echoing
    assert shown(device) == {"level": 5}


async def test_retained_message_confirms_nothing(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    await tell(wire, "other/level", "7", retain=True)
    mqtt = {"attributes": {"level": {"topic": "/other/level"}}}
    device, late = (thing(connection, base="hall", mqtt=mqtt) for _ in range(2))
    await connection.attach(device)
    await until(lambda: device.values)
    setting = asyncio.create_task(device.set("level", 7))
    await asyncio.sleep(0.1)
    await connection.attach(late)  # the broker sends what it has to both
    await until(lambda: late.values)
    with pytest.raises(NotConfirmedError):
        await setting


async def test_device_that_says_nothing_to_a_write(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    await tell(wire, "hall/level", "3")
    await until(lambda: device.values)
    began = time.monotonic()
    with pytest.raises(NotConfirmedError):
        await device.set("level", 7)
    assert time.monotonic() - began < 2
    assert shown(device) == {"level": 3}


async def test_write_without_confirmation_is_assumed(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    mqtt = {"attributes": {"label": {"confirm": False}}}
    device = thing(connection, base="hall", mqtt=mqtt)
    deaf = thing(connection, base="deaf", confirm=False)
    await connection.attach(device)
    await connection.attach(deaf)
    await device.set("label", "attic")
    await deaf.set("level", 7)
    for one, name in ((device, "label"), (deaf, "level")):
        assert one.values[name].certainty is Certainty.ASSUMED
        assert one.last_heard is None
    # What is not sure is not passed off as sure.
    device.update()
    await device.set("label", "cellar")
    await device.set("level", 4)
    echoing = echo(wire, "hall/level/set", "hall/level", lambda got: got)
    await asyncio.sleep(0.05)
    await device.finish()
    await echoing
    assert device.values["label"].certainty is Certainty.ASSUMED


async def test_transaction_of_several_topics_waits_for_all(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    device.update()
    await device.set("level", 4)
    await device.set("power", True)
    finishing = asyncio.create_task(device.finish())
    await asyncio.sleep(0.05)
    await tell(wire, "hall/level", "4")
    with pytest.raises(NotConfirmedError) as refused:
        await finishing
    assert refused.value.details["name"] == "power"
    device.update()
    await device.set("level", 5)
    await device.set("power", True)
    finishing = asyncio.create_task(device.finish())
    await asyncio.sleep(0.05)
    await tell(wire, "hall/state", {"level": 5})
    await tell(wire, "hall/state", {"power": True})
    await finishing


async def test_transaction_in_one_message(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(
        connection, base="hall", mqtt={"state": {"topic": "state", "write": "set"}}
    )
    await connection.attach(device)
    await tell(wire, "hall/state", STATE)
    await until(lambda: device.values)
    device.update()
    await device.set("level", 4)
    await device.set("night.hour", 23)
    echoing = echo(wire, "hall/set", "hall/state", json.loads)
    await asyncio.sleep(0.05)
    await device.finish()
    sent = json.loads((await echoing).payload)
    assert sent == {"level": 4, "night": {"hour": 23, "dim": 0.5}}


async def test_member_is_written_with_its_whole_object(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    await tell(wire, "hall/state", STATE)
    await until(lambda: device.values)
    echoing = echo(wire, "hall/night/set", "hall/night", json.loads)
    await asyncio.sleep(0.05)
    await device.set("night.hour", 23)
    assert json.loads((await echoing).payload) == {"hour": 23, "dim": 0.5}


async def test_attributes_of_one_topic_do_not_drag_each_other_along(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    mqtt = {
        "attributes": {
            "level": {"topic": "t", "pointer": "/l", "write": "set"},
            "power": {"topic": "t", "pointer": "/p", "write": "set"},
        }
    }
    device = thing(connection, base="hall", mqtt=mqtt)
    await connection.attach(device)
    await tell(wire, "hall/t", {"l": 3, "p": False})
    await until(lambda: device.values)
    echoing = echo(wire, "hall/set", "hall/t", json.loads)
    await asyncio.sleep(0.05)
    await device.set("level", 4)
    assert json.loads((await echoing).payload) == {"l": 4}
    echoing = echo(wire, "hall/set", "hall/t", json.loads)
    await asyncio.sleep(0.05)
    device.update()
    await device.set("level", 5)
    await device.set("power", True)
    await device.finish()
    assert json.loads((await echoing).payload) == {"l": 5, "p": True}


async def test_action(connection: MqttConnection, wire: aiomqtt.Client) -> None:
    device = thing(connection, base="hall")
    await connection.attach(device)
    await wire.subscribe("hall/+/invoke", qos=1)
    assert await device.call("move", {"x": 1.5}) is None
    assert await device.call("reset") is None
    sent = [await anext(wire.messages) for _ in range(2)]
    assert [(str(one.topic), one.payload, one.retain) for one in sent] == [
        ("hall/move/invoke", b'{"x":1.5}', False),
        ("hall/reset/invoke", b"", False),
    ]


async def test_write_that_waits_when_the_broker_goes_fails_at_once(
    connection: MqttConnection, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONFIRM_TIMEOUT", 30.0)
    device = thing(connection, base="hall")
    await connection.attach(device)
    setting = asyncio.create_task(device.set("level", 7))
    await until(lambda: connection._attached[device].confirmations)
    await asyncio.sleep(0.05)
    broker.kill()
    with pytest.raises(UnreachableError):
        await asyncio.wait_for(setting, 5)
    await broker.start()
    await until(lambda: connection._client._session)  # type: ignore[attr-defined]
    setting = asyncio.create_task(device.set("level", 7))
    await asyncio.sleep(0.05)
    await connection.detach(device)
    with pytest.raises(UnreachableError):
        await asyncio.wait_for(setting, 5)


async def test_device_that_is_not_attached(connection: MqttConnection) -> None:
    device = thing(connection, base="hall")
    with pytest.raises(UnreachableError, match="not attached"):
        await device.set("level", 7)
    with pytest.raises(UnreachableError, match="not attached"):
        await device.call("reset")


async def test_what_the_system_does_not_have(connection: MqttConnection) -> None:
    with pytest.raises(NotOfferedError):
        await connection.read(thing(connection, base="hall"), {"level"})
    with pytest.raises(NotOfferedError):
        await connection.discover()
    with pytest.raises(NotOfferedError):
        await connection.describe("x")


# The end


async def test_binding_is_checked_before_anything_is_subscribed_to(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    model = model_of({"name": "a", "type": "STRING"})
    connection.check(model, Binding(base="hall"))
    with pytest.raises(ModelError, match="wildcards"):
        connection.check(model, Binding(base="hall/#"))
    with pytest.raises(ModelError, match="wildcards"):
        await connection.attach(thing(connection, base="+", model=model))
    assert broker.subscriptions == []


async def test_two_devices_of_one_base(
    connection: MqttConnection, wire: aiomqtt.Client, broker: Mosquitto
) -> None:
    one, other = thing(connection, base="hall"), thing(connection, base="hall")
    await connection.attach(one)
    await connection.attach(other)
    await connection.detach(one)
    await tell(wire, "hall/level", "4")
    await until(lambda: other.values)
    assert not one.values
    assert broker.unsubscriptions == []


async def test_attaching_that_fails_leaves_no_subscription(
    connection: MqttConnection, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe = connection._client.subscribe

    async def failing(topic_filter: str, on_message: Any) -> Any:
        if topic_filter == "elsewhere":
            raise UnreachableError(address="x", reason="y")
        return await subscribe(topic_filter, on_message)

    monkeypatch.setattr(connection._client, "subscribe", failing)
    mqtt = {"attributes": {"level": "/elsewhere"}}
    device = thing(connection, base="hall", mqtt=mqtt, silent_after=10)
    with pytest.raises(UnreachableError):
        await connection.attach(device)
    assert broker.unsubscriptions == ["hall/#"]
    assert not connection._attached


@pytest.mark.parametrize("attached", [0, 3])
async def test_closing_leaves_nothing(broker: Mosquitto, attached: int) -> None:
    async with nothing_left():
        connection = MqttConnection(
            BrokerClient(BrokerSettings("127.0.0.1", broker.port, will_topic="w"))
        )
        await connection.open()
        for number in range(attached):
            device = thing(connection, base=f"room/{number}", silent_after=30)
            await connection.attach(device)
        await connection.close()


async def test_many_devices_and_messages(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    async with AsyncExitStack() as stack:
        devices = [thing(connection, base=f"room/{number}") for number in range(50)]
        for device in devices:
            await connection.attach(device)
            stack.push_async_callback(connection.detach, device)
        for value in range(10):
            for number in range(50):
                await wire.publish(f"room/{number}/level", str(value), qos=0)
        await until(lambda: all(shown(one).get("level") == 9 for one in devices))


async def test_attribute_that_is_only_written(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    pin = Attribute(name="pin", type=DataType.STRING, writable=True, readable=False)
    model = DeviceModel(urn="urn:test", name="Test", attributes=(pin,))
    device = thing(connection, base="door", model=model)
    await connection.attach(device)
    assert device.online
    await wire.subscribe("door/pin/set", qos=1)
    await device.set("pin", "1234")
    assert (await anext(wire.messages)).payload == b"1234"
    assert device.values["pin"].certainty is Certainty.ASSUMED
