"""Devices of an independent implementation of Homie 5: the Python SDK of eBus."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ebus_sdk import Device, PropertyDatatype, Unit
import pytest

from custom_components.device_models.iot.connections.base import Watcher
from custom_components.device_models.iot.connections.mqtt import MqttConnection
from custom_components.device_models.iot.device import Availability, VirtualDevice

from .mosquitto import MOSQUITTO, Mosquitto
from .things import shown, thing, until

pytestmark = [pytest.mark.peer, MOSQUITTO]


@dataclass
class Panel:
    """A panel with one circuit below it."""

    root: Device
    circuit: Device
    told: list[Any]
    """What it was told."""


@asynccontextmanager
async def panel(port: int) -> AsyncGenerator[Panel]:
    """Run the panel, whose client has a thread of its own."""
    told: list[Any] = []
    root = Device("panel", name="Panel", mqtt_cfg={"host": "127.0.0.1", "port": port})
    node = root.add_node_from_dict({"id": "mains", "name": "Mains"})
    node.add_property_from_dict(
        {
            "id": "power",
            "datatype": PropertyDatatype.FLOAT,
            "unit": Unit.WATT,
            "value": 230.5,
        }
    )
    circuit = Device("circuit-1", name="Circuit", parent=root)
    node = circuit.add_node_from_dict({"id": "relay", "name": "Relay"})
    closed = node.add_property_from_dict(
        {
            "id": "closed",
            "datatype": PropertyDatatype.BOOLEAN,
            "settable": True,
            "value": False,
        }
    )

    def obey(text: str) -> None:
        told.append(text)
        closed.set_value(text == "true")

    closed.set_set_callback(obey)
    await asyncio.to_thread(root.start_mqtt_client)
    try:
        yield Panel(root, circuit, told)
    finally:
        await asyncio.to_thread(root.stop)


async def attached(connection: MqttConnection, base: str) -> VirtualDevice:
    """Have a device say what it is, and attach it."""
    loaded = await connection.describe(base)
    assert not [one for one in loaded.remarks if one.where != "children"]
    device = thing(
        connection, base=base, model=loaded.model, mqtt=loaded.layouts["mqtt"]
    )
    await connection.attach(device)
    return device


async def test_devices_appear_work_and_go(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    found: dict[str, str] = {}
    gone: list[str] = []
    described: list[str] = []
    changed: list[VirtualDevice] = []
    connection.on_description_changed = changed.append
    await connection.watch(
        Watcher(
            on_found=lambda one: found.update({one.reference: one.root}),
            on_gone=lambda one: gone.append(one.reference),
            on_described=lambda one: described.append(one.reference),
        )
    )
    async with panel(broker.port) as peer:
        root, part = "ebus/5/panel", "ebus/5/circuit-1"
        await until(lambda: len(found) == 2)
        assert found == {root: "", part: root}
        whole = await attached(connection, root)
        circuit = await attached(connection, part)
        await until(lambda: shown(whole).get("mains/power") == 230.5)
        await until(lambda: shown(circuit).get("relay/closed") is False)
        assert whole.model.attribute("mains/power").unit == "W"
        await circuit.set("relay/closed", True)
        assert peer.told == ["true"]
        assert shown(circuit)["relay/closed"] is True
        await in_thread(peer.circuit.publish_alert, "trip", "It has tripped")
        await until(lambda: shown(circuit).get("alerts") == "It has tripped")
        assert shown(circuit)["problem"] is True
        await in_thread(peer.circuit.clear_alert, "trip")
        await until(lambda: shown(circuit)["problem"] is False)
        await in_thread(peer.root.add_node_from_dict, {"id": "more", "name": "More"})
        await until(lambda: whole in changed)
        await in_thread(peer.circuit.delete)
        await until(lambda: gone == [part])
        assert circuit.availability is Availability.OFFLINE
        assert whole.online
    await until(lambda: whole.availability is Availability.OFFLINE)
    assert gone == [part]


async def in_thread(do: Callable[..., object], *arguments: object) -> None:
    """Have the peer do something, which may wait for the broker."""
    await asyncio.to_thread(do, *arguments)
