"""The simulated CoAP device, with all its faults."""

from typing import Any

import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.connections.coap.observation import State
from custom_components.device_models.iot.device import (
    Availability,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    UnreachableError,
)
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.models import load_model

from .conftest import Connect
from .things import free_port, nothing_left, shown, thing, until


@pytest.fixture
async def simulator() -> Any:
    """Run a room climate controller whose time stands still."""
    room = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    async with CoapSimulator(room, speed=0, max_age=1) as running:
        yield running


def room_device(connection: CoapConnection) -> VirtualDevice:
    return thing(connection, model=load_model("room_climate"))


async def test_simulator_is_read_observed_written_and_called(
    connect: Connect, simulator: CoapSimulator, patient: None
) -> None:
    device = room_device(connection := await connect(simulator.port))
    names = {name for name, leaf in device.model.leaves.items() if leaf.readable}
    await connection.read(device, names)
    assert shown(device).keys() == names
    await connection.attach(device)
    await until(lambda: connection.pushed(device) == names)
    simulator.device.put({"temperature": 33.0})
    await until(lambda: shown(device)["temperature"] == 33)
    await device.set("fanSpeed", 5)
    assert simulator.device.values["fanSpeed"] == 5
    await device.set("nightSetback.startHour", 23)
    assert simulator.device.values["nightSetback.startHour"] == 23
    for action in device.model.actions:
        if action.callable_without_input:
            await device.call(action.name)
    assert simulator.device.calls
    attached = connection._attached[device]
    await until(
        lambda: all(one.state is State.ACTIVE for one in attached._observations)
    )
    for shape in device.model.formats:
        heard: list[Alert] = []
        device.on_alert(shape.name, heard.append)
        simulator.device.fire(shape.name)
        simulator.device.fire(shape.name)
        await until(lambda: len(heard) == 2)  # noqa: B023


async def test_simulator_that_is_silent_and_comes_back(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    await connection.read(device, {"temperature"})
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    simulator.faults.silent = True
    with pytest.raises(UnreachableError, match="no answer"):
        await connection.read(device, {"temperature"})
    assert device.availability is Availability.UNREACHABLE
    await until(lambda: not connection.pushed(device))
    simulator.faults.clear()
    simulator.device.put({"temperature": 12.0})
    await connection.read(device, {"temperature"})
    assert device.online
    assert shown(device)["temperature"] == 12
    await until(lambda: connection.pushed(device))


async def test_slow_simulator_is_waited_for(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    simulator.faults.slow = 0.3
    await connection.read(device, {"temperature"})
    await device.set("fanSpeed", 4)
    assert simulator.device.values["fanSpeed"] == 4


async def test_simulator_that_reboots_is_observed_again(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    await simulator.reboot(0.2)
    simulator.device.put({"temperature": 12.0})
    await until(lambda: shown(device)["temperature"] == 12)
    simulator.device.put({"temperature": 13.0})
    await until(lambda: shown(device)["temperature"] == 13)


async def test_garbage_of_the_simulator_spoils_nothing(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    names = {name for name, leaf in device.model.leaves.items() if leaf.readable}
    await connection.read(device, names)
    good = shown(device)
    simulator.faults.garbage = True
    for _ in range(12):
        await connection.read(device, names)
        for name, value in shown(device).items():
            device.model.leaves[name].validate(value)
    assert device.dropped
    assert device.online
    simulator.faults.clear()
    simulator.device.put({"temperature": 12.0})
    await connection.read(device, names)
    assert shown(device) == good | {"temperature": 12.0}


async def test_simulator_that_is_killed_is_noticed_at_once(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    await connection.read(device, {"temperature"})
    await simulator.kill()
    with pytest.raises(UnreachableError, match="Connection refused"):
        await connection.read(device, {"temperature"})
    await simulator.start()
    await connection.read(device, {"temperature"})
    assert device.online


async def test_port_where_nobody_listens() -> None:
    async with nothing_left():
        import socket

        connection = CoapConnection(
            CoapEndpoint("127.0.0.1", free_port(socket.SOCK_DGRAM))
        )
        with pytest.raises(UnreachableError, match="Connection refused"):
            await connection.open()
