"""Values are written to a device behind a broker, and its actions called."""

import asyncio
import json
import time

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.mqtt import (
    MqttConnection,
    connection as module,
)
from custom_components.device_models.iot.device import Certainty
from custom_components.device_models.iot.errors import (
    NotConfirmedError,
    NotOfferedError,
    UnreachableError,
)

from .mosquitto import Mosquitto, echo, tell
from .things import STATE, shown, thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True),
]


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
