"""Devices that say where they are going before they get there: ``$target``."""

import asyncio
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.mqtt import MqttConnection
from custom_components.device_models.iot.device import Certainty, VirtualDevice
from custom_components.device_models.iot.errors import NotConfirmedError
from custom_components.device_models.iot.formats import load_document

from .mosquitto import MOSQUITTO, Mosquitto, plain_client, tell
from .things import shown, thing, until

pytestmark = [pytest.mark.peer, MOSQUITTO]

BASE = "homie/5/blind"
POSITION = "blind/position"

BLIND: dict[str, Any] = {
    "homie": "5.0",
    "version": 1,
    "name": "Blind",
    "nodes": {
        "blind": {
            "properties": {
                "position": {"datatype": "float", "settable": True, "format": "0:100"},
                "label": {"datatype": "string", "settable": True},
            }
        }
    },
}


@pytest.fixture
async def blind(connection: MqttConnection, wire: aiomqtt.Client) -> VirtualDevice:
    """Return a blind that is open."""
    loaded = load_document(BLIND, "blind")
    mqtt = loaded.layouts["mqtt"]
    device = thing(connection, base=BASE, model=loaded.model, mqtt=mqtt)
    await tell(wire, f"{BASE}/$state", "ready", retain=True)
    await tell(wire, f"{BASE}/{POSITION}/$target", "0", retain=True)
    await tell(wire, f"{BASE}/{POSITION}", "0", retain=True)
    await connection.attach(device)
    await until(lambda: shown(device).get(POSITION) == 0)
    return device


async def test_slow_device_confirms_by_its_target_and_shows_where_it_is(
    connection: MqttConnection, blind: VirtualDevice, broker: Mosquitto
) -> None:
    async with plain_client(broker.port) as device:
        await device.subscribe(f"{BASE}/{POSITION}/set", qos=1)
        writing = asyncio.create_task(blind.set(POSITION, 62.5))
        message = await anext(device.messages)
        await tell(device, f"{BASE}/{POSITION}/$target", message.payload, retain=True)
        await writing
        assert shown(blind)[POSITION] == 0
        for place in (20, 40, 62.5):
            await tell(device, f"{BASE}/{POSITION}", str(place), retain=True)
        await until(lambda: shown(blind)[POSITION] == 62.5)
    assert blind.values[POSITION].certainty is Certainty.LIVE


@pytest.mark.parametrize("target", ["62", "62.50", "0"])
async def test_target_of_somebody_else_confirms_nothing(
    wire: aiomqtt.Client, blind: VirtualDevice, target: str
) -> None:
    writing = asyncio.create_task(blind.set(POSITION, 62.5))
    await tell(wire, f"{BASE}/{POSITION}/$target", target, retain=True)
    with pytest.raises(NotConfirmedError):
        await writing


async def test_value_confirms_where_there_is_no_target(
    connection: MqttConnection, blind: VirtualDevice, wire: aiomqtt.Client
) -> None:
    writing = asyncio.create_task(connection.write(blind, {POSITION: 10}))
    await tell(wire, f"{BASE}/{POSITION}", "10.0", retain=True)
    assert await writing is Certainty.LIVE


async def test_empty_text_is_a_zero_byte_and_an_empty_message_takes_it_away(
    blind: VirtualDevice, broker: Mosquitto
) -> None:
    async with plain_client(broker.port) as device:
        await device.subscribe(f"{BASE}/blind/label/set", qos=1)
        writing = asyncio.create_task(blind.set("blind/label", ""))
        message = await anext(device.messages)
        assert message.payload == b"\0"
        await tell(device, f"{BASE}/blind/label", message.payload, retain=True)
        await writing
        assert shown(blind)["blind/label"] == ""
        await tell(device, f"{BASE}/blind/label", "", retain=True)
        await tell(device, f"{BASE}/{POSITION}", "", retain=True)
        await until(lambda: POSITION not in blind.values)
    assert "blind/label" not in blind.values
    assert not blind.dropped
