"""Homie devices behind a broker: the payloads that the convention asks for."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.connections.mqtt import MqttConnection
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.values import Scalar

from .mosquitto import Mosquitto, plain_client, tell
from .things import shown, thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True),
]

BASE = "homie/5/bell"

BELL: dict[str, Any] = {
    "homie": "5.0",
    "version": 1,
    "name": "Bell",
    "root": "bridge",
    "nodes": {
        "bell": {
            "properties": {
                "press": {"datatype": "enum", "format": "s,l", "retained": False},
                "play": {"datatype": "integer", "settable": True, "retained": False},
                "mute": {"datatype": "boolean", "settable": True},
                "until": {"datatype": "datetime", "settable": True},
                "level": {"datatype": "float", "unit": "%"},
            }
        }
    },
}


def bell(connection: MqttConnection) -> VirtualDevice:
    loaded = load_document(BELL, "bell")
    return thing(connection, base=BASE, model=loaded.model, mqtt=loaded.layouts["mqtt"])


async def test_values_and_events(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    await tell(wire, f"{BASE}/bell/level", "87.5", retain=True)
    await tell(wire, f"{BASE}/bell/mute", "false", retain=True)
    device = bell(connection)
    alerts: list[Alert] = []
    device.on_alert("bell/press", alerts.append)
    await connection.attach(device)
    await until(lambda: shown(device) == {"bell/level": 87.5, "bell/mute": False})
    await tell(wire, f"{BASE}/bell/press", "x")
    await tell(wire, f"{BASE}/bell/press", "l")
    await until(lambda: alerts)
    assert alerts[0].fields == {"value": "l"}
    assert device.dropped == {"bell/press: value_refused": 1}


@pytest.mark.parametrize(
    ("name", "value", "payload"),
    [
        ("bell/mute", True, b"true"),
        (
            "bell/until",
            datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
            b"2026-02-03T04:05:06+00:00",
        ),
    ],
)
async def test_property_is_set_and_confirmed_by_its_echo(
    connection: MqttConnection,
    wire: aiomqtt.Client,
    broker: Mosquitto,
    name: str,
    value: Scalar,
    payload: bytes,
) -> None:
    device = bell(connection)
    await connection.attach(device)
    async with plain_client(broker.port) as homie:
        await homie.subscribe(f"{BASE}/{name}/set", qos=1)
        writing = asyncio.create_task(connection.write(device, {name: value}))
        message = await anext(homie.messages)
        assert message.payload == payload
        await tell(wire, f"{BASE}/{name}", payload)
        assert await writing is Certainty.LIVE


async def test_command(connection: MqttConnection, wire: aiomqtt.Client) -> None:
    device = bell(connection)
    await connection.attach(device)
    await wire.subscribe(f"{BASE}/bell/play/set", qos=1)
    action = device.model.action("bell/play")
    await connection.call(device, action, {"value": 3})
    message = await anext(wire.messages)
    assert message.payload == b"3"


async def test_device_is_there_when_neither_it_nor_its_root_denies_it(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    own, root = f"{BASE}/$state", "homie/5/bridge/$state"
    device = bell(connection)
    await connection.attach(device)

    async def then(topic: str, state: str, there: Availability) -> None:
        await tell(wire, topic, state)
        # The broker keeps the order: what follows was read after the state.
        level = (shown(device).get("bell/level") or 0) + 1
        await tell(wire, f"{BASE}/bell/level", str(level))
        await until(lambda: shown(device).get("bell/level") == level)
        assert device.availability is there

    online, offline = Availability.ONLINE, Availability.OFFLINE
    await then(own, "ready", online)
    await then(own, "init", online)
    await then(own, "sleeping", online)
    await then(own, "lost", offline)
    await then(own, "init", offline)
    await then(root, "ready", offline)
    await then(own, "alert", online)
    await then(root, "disconnected", online)
    await then(root, "lost", offline)
    await then(own, "ready", offline)
    await then(root, "init", online)
    await then(own, "", offline)
