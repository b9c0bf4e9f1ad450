"""Devices behind a broker: what they publish comes in, and nothing stays behind."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.alert import Alert, Source
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.codecs.json import Json
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
)
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    ModelError,
    NotOfferedError,
    UnreachableError,
)
from custom_components.device_models.iot.model import Attribute, DeviceModel, Severity
from custom_components.device_models.iot.values import DataType

from .mosquitto import Mosquitto, tell
from .things import STATE, model_of, nothing_left, shown, thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True),
]


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


def _is_active(device: VirtualDevice) -> bool:
    """Whether it is hot, as far as is known."""
    return device.alerts.states["hot"].active is True


async def test_retained_alert_says_what_holds(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    both = {"fields": [{"name": "temperature", "type": "NUMBER", "optional": True}]}
    model = model_of(
        {"name": "level", "type": "INTEGER"},
        formats=[
            {"name": "hot", "value": both, "clear": {"format": "cool"}},
            {"name": "cool", "value": both},
        ],
    )
    await tell(wire, "hall/alert/hot", {"temperature": 80}, retain=True)
    await tell(wire, "hall/alert/cool", "", retain=True)
    for _ in range(2):  # the second one knows nothing of what the first one was told
        device = thing(connection, base="hall", model=model)
        alerts: list[Alert] = []
        device.on_alert("*", alerts.append)
        await connection.attach(device)
        await until(partial(_is_active, device))
        assert device.availability is Availability.UNKNOWN
        await connection.detach(device)
        assert not alerts
    device = thing(connection, base="hall", model=model)
    device.on_alert("*", alerts.append)
    await connection.attach(device)
    at = {"time": "2024-05-01T12:00:00Z", "temperature": 70}
    await tell(wire, "hall/alert/cool", at, retain=True)
    await until(lambda: device.alerts.states["hot"].active is False)
    await tell(wire, "hall/alert/cool", at)
    await tell(wire, "hall/alert/hot", {"temperature": 91})
    await until(partial(_is_active, device))
    assert [one.format.name for one in alerts] == ["cool", "hot"]
    assert alerts[0].at == datetime(2024, 5, 1, 12, tzinfo=UTC)


FORMATS: Any = {
    "fields": [
        {"name": "temperature", "type": "NUMBER"},
        {"name": "since", "type": "DATETIME", "optional": True},
    ]
}


@pytest.mark.parametrize("codec", ["json", "cbor", "senml+json"])
async def test_raised_alert_is_published_and_not_heard_again(
    connection: MqttConnection, wire: aiomqtt.Client, codec: str
) -> None:
    model = model_of(
        {"name": "level", "type": "INTEGER"},
        formats=[
            {"name": "hot", "value": FORMATS},
            {"name": "report", "type": "DATA", "value": FORMATS},
            {"name": "none", "value": FORMATS},
        ],
    )
    names = ("hot", "report")
    alerts: Any = {name: {"topic": name, "format": codec} for name in names}
    layout = {"alerts": {**alerts, "none": False}}
    device = thing(connection, base="hall", model=model, mqtt=layout)
    other = thing(connection, base="hall", model=model, mqtt=layout, key="other")
    heard: list[Alert] = []
    told: list[Alert] = []
    device.on_alert("*", heard.append)
    other.on_alert("*", told.append)
    await connection.attach(device)
    await connection.attach(other)
    since = datetime(2024, 5, 1, 12, tzinfo=UTC)
    alert = device.alert("hot").set("temperature", 90).set("since", since)
    await alert.raise_(Severity.LOW)
    await device.data("report").set("temperature", 20).submit()
    await until(lambda: len(told) == 2)
    assert [one.fields for one in told] == [
        {"temperature": 90, "since": since},
        {"temperature": 20},
    ]
    assert [one.severity for one in told] == [Severity.LOW, None]
    assert [one.at for one in told] == [one.at for one in heard]
    assert [one.source for one in heard] == [Source.THIS_SIDE] * 2
    assert device.alerts.states["hot"].count == 1
    with pytest.raises(NotOfferedError):
        await device.alert("none").set("temperature", 1).raise_()


async def test_raised_alert_of_one_value_is_that_value(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    layout = {"alerts": {"hot": {"format": "text"}}}
    device = thing(connection, base="hall", mqtt=layout)
    await connection.attach(device)
    await wire.subscribe("hall/alert/hot")
    await device.alert("hot").set("temperature", 90).raise_()
    async for message in wire.messages:
        assert message.payload == b"90"
        break


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
