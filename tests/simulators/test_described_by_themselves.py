"""Simulated devices that describe themselves, asked by the integration's connections.

Whatever a file has must be there when the device is described anew, by nothing but what
it says of itself.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from math import isfinite
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.base import Connection
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.connections.http import (
    HttpConnection,
    HttpSettings,
)
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
)
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.formats import Loaded
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import Scalar
from simulators import CoapSimulator, HttpSimulator, MqttSimulator, Simulator
from simulators.descriptions import (
    coap_layout,
    description_of,
    http_layout,
    simulated,
)
from simulators.models import load_file

from ..acting import until

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
THINGS: Final = sorted((FIXTURES / "wot").glob("*.td.json"))
NODES: Final = sorted((FIXTURES / "ipso").iterdir())
HOMIE: Final = sorted((FIXTURES / "homie").iterdir())


@asynccontextmanager
async def attached(
    connection: Connection, found: Loaded, base: str = ""
) -> AsyncGenerator[VirtualDevice]:
    """Attach what was described."""
    device = VirtualDevice(
        key="key",
        name="Device",
        model=found.model,
        binding=Binding(base=base, layouts=found.layouts),
        port=connection,
    )
    await connection.attach(device)
    yield device
    await connection.detach(device)


def other_value(leaf: Attribute, value: Scalar) -> Scalar:
    """Return another value that an attribute may have, if there is an obvious one."""
    if isinstance(value, bool):
        return not value
    if leaf.enum:
        return next(iter({*leaf.enum} - {value}), value)
    if isinstance(value, int | float) and leaf.range:
        ends = (leaf.range.low, leaf.range.high)
        return next((end for end in ends if isfinite(end) and end != value), value)
    return value


async def tried(device: VirtualDevice, simulator: Simulator) -> None:
    """See that everything is there, and write what can be written."""
    played = simulator.device.model
    assert device.model.leaves.keys() == played.leaves.keys()
    assert {one.name for one in device.model.actions} == {
        one.name for one in played.actions
    }
    assert {one.name for one in device.model.formats} == {
        one.name for one in played.formats
    }
    await until(lambda: device.values.keys() == device.model.readable)
    for name, leaf in device.model.leaves.items():
        if leaf.writable and leaf.readable:
            wanted = other_value(leaf, device.values[name].value)
            await device.set(name, wanted)
            # What takes time to get there has only said so yet.
            async with asyncio.timeout(9):
                while simulator.device.values[name] != wanted:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


@pytest.mark.parametrize("file", [*THINGS, *NODES], ids=lambda file: file.name)
async def test_over_coap(file: Path, socket_enabled: None) -> None:
    loaded = load_file(file)
    async with CoapSimulator(
        simulated(loaded, seed=1, alerts_every=0), speed=0, layout=coap_layout(loaded)
    ) as simulator:
        connection = CoapConnection(CoapEndpoint("127.0.0.1", simulator.port))
        await connection.open()
        try:
            found = await connection.describe("")
            async with attached(connection, found) as device:
                await connection.read(device, device.model.readable)
                await tried(device, simulator)
        finally:
            await connection.close()


@pytest.mark.parametrize("file", [*THINGS, *NODES], ids=lambda file: file.name)
async def test_over_http(file: Path, socket_enabled: None) -> None:
    loaded = load_file(file)
    async with (
        HttpSimulator(
            simulated(loaded, seed=1, alerts_every=0),
            speed=0,
            layout=http_layout(loaded),
        ) as simulator,
        aiohttp.ClientSession() as session,
    ):
        connection = HttpConnection(session, HttpSettings(url=simulator.url))
        await connection.open()
        try:
            found = await connection.describe("")
            async with attached(connection, found) as device:
                await connection.read(device, device.model.readable)
                await tried(device, simulator)
        finally:
            await connection.close()


@pytest.mark.parametrize("file", [*THINGS, *HOMIE], ids=lambda file: file.name)
async def test_over_mqtt(file: Path, broker_port: int) -> None:
    loaded = load_file(file)
    description = description_of(loaded)
    async with MqttSimulator(
        simulated(loaded, seed=1, alerts_every=0),
        port=broker_port,
        base=description.base(loaded) if description.base else "thing",
        topics=description.mqtt,
    ) as simulator:
        settings = BrokerSettings("127.0.0.1", broker_port, version="3.1.1")
        connection = MqttConnection(BrokerClient(settings))
        await connection.open()
        try:
            found = await connection.describe(simulator.base)
            base = simulator.base
            async with attached(connection, found, base) as device:
                await tried(device, simulator)
        finally:
            await connection.close()
