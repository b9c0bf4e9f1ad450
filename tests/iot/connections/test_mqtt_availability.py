"""Whether a device behind a broker is there."""

import asyncio
import socket

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.mqtt import (
    MqttConnection,
)
from custom_components.device_models.iot.device import Availability
from custom_components.device_models.iot.errors import (
    UnreachableError,
)

from .mosquitto import Mosquitto, plain_client, tell
from .things import STATE, model_of, shown, thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True),
]


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
