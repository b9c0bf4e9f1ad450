"""libcoap as the device, and libcoap as a client of the simulator."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import json
from pathlib import Path
import socket
from typing import Final

import pytest

from custom_components.device_models.iot.connections.coap import CoapConnection
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import RejectedError, UnreachableError
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.models import load_model

from .conftest import Connect, Endpoint
from .programs import Program, output_of, running
from .things import free_port, model_of, shown, thing, until

SERVERS: Final = ("coap-server-gnutls", "coap-server-openssl", "coap-server-notls")
CLIENTS: Final = tuple(name.replace("server", "client") for name in SERVERS)

pytestmark = pytest.mark.peer

COAP: Final = {
    "state": False,
    "attributes": {
        "clock": "time",
        "note": {"path": "example_data", "observe": False},
        "other": {"path": "made/here"},
        "slow": {"path": "async?1"},
    },
    "actions": {"stop": "time"},
}
"""What libcoap's example server has; a resource is made by writing to it."""


@pytest.fixture
def port() -> int:
    """Return the port of the server."""
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
async def server(
    peer_program: str, port: int, endpoint: Endpoint, tmp_path: Path
) -> AsyncGenerator[Program]:
    """Run libcoap's server."""
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 10 -v 7"
    with running(*command.split(), log=tmp_path / "log") as program:
        await answers(endpoint, port)
        yield program


async def answers(endpoint: Endpoint, port: int) -> None:
    """Wait until somebody answers there."""
    asking = await endpoint(port)
    async with asyncio.timeout(8):
        while True:
            try:
                await asking.request(Method.GET, "")
            except UnreachableError:
                await asyncio.sleep(0.01)
            else:
                return


def clock(connection: CoapConnection) -> VirtualDevice:
    """Return a device with the attributes of libcoap's server."""
    model = model_of(
        {"name": "clock", "type": "STRING"},
        {"name": "note", "type": "STRING", "writable": True},
        {"name": "other", "type": "INTEGER", "writable": True},
        {"name": "slow", "type": "STRING"},
        actions=[{"name": "stop"}],
    )
    return thing(connection, model=model, coap=COAP)


def changes(device: VirtualDevice, number: int) -> Callable[[], bool]:
    """Return whether the clock has moved so often from now on."""
    seen: list[frozenset[str]] = []
    device.on_change(seen.append)
    return lambda: len(seen) >= number


async def takes_long_texts(connection: CoapConnection, device: VirtualDevice) -> None:
    """See that what goes in blocks arrives."""
    long = "0123456789" * 500
    await device.set("note", long)
    await connection.read(device, {"note"})
    assert shown(device)["note"] == long


async def working_clock(connection: CoapConnection) -> VirtualDevice:
    """Return the device of a connection that reads, writes and observes it."""
    device = clock(connection)
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    await until(changes(device, 1))
    await takes_long_texts(connection, device)
    return device


@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
@pytest.mark.usefixtures("server")
async def test_server_is_read_and_written(connect: Connect, port: int) -> None:
    device = clock(connection := await connect(port))
    assert await connection.read(device, {"clock"}) == 1  # Max-Age
    assert len(shown(device)["clock"]) == len("Nov 20 12:00:00")
    await device.set("note", "hello")
    await connection.read(device, {"note"})
    assert shown(device)["note"] == "hello"
    await device.set("other", 7)  # which makes the resource
    await connection.read(device, {"other"})
    assert shown(device)["other"] == 7
    await takes_long_texts(connection, device)


@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
@pytest.mark.usefixtures("server")
async def test_server_that_answers_late(
    connect: Connect, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.device_models.iot.connections.coap import attempt

    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 5.0)
    device = clock(connection := await connect(port))
    await connection.read(device, {"slow"})
    assert shown(device)["slow"] == "done"


@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
@pytest.mark.usefixtures("server")
async def test_server_refuses(connect: Connect, port: int) -> None:
    device = clock(await connect(port))
    with pytest.raises(RejectedError, match=r"/time answered 4\.05"):
        await device.call("stop")


@pytest.mark.parametrize("confirmable", [True, False])
@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
@pytest.mark.usefixtures("server")
async def test_server_is_observed(
    connect: Connect, port: int, tmp_path: Path, confirmable: bool
) -> None:
    device = clock(connection := await connect(port, confirmable=confirmable))
    await connection.attach(device)
    await until(lambda: connection.pushed(device) == {"clock"})
    await until(changes(device, 2))
    await connection.detach(device)
    log = tmp_path / "log"
    await until(lambda: "removed subscription" in log.read_text(errors="replace"))


@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
async def test_server_that_is_killed_and_started_again(
    connect: Connect, endpoint: Endpoint, server: Program, port: int
) -> None:
    device = clock(connection := await connect(port))
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    server.kill()
    with pytest.raises(UnreachableError, match="Connection refused"):
        await connection.read(device, {"clock"})
    await until(lambda: not connection.pushed(device))
    assert not device.online
    server.start()
    await answers(endpoint, port)
    await connection.read(device, {"clock"})
    assert device.online
    await until(lambda: connection.pushed(device))
    await until(changes(device, 1))


@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
async def test_server_that_restarts_without_a_word(
    connect: Connect, server: Program, port: int
) -> None:
    device = clock(connection := await connect(port))
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    server.kill()
    server.start()
    await until(changes(device, 2))
    assert connection.pushed(device)


@pytest.mark.parametrize("peer_program", [CLIENTS], indirect=True)
async def test_client_at_the_simulator(peer_program: str) -> None:
    room = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    async with CoapSimulator(room, base="room", speed=0) as simulator:
        url = simulator.url.rstrip("/")
        assert b"</room/state>" in await output_of(
            peer_program, simulator.url.replace("/room", "/.well-known/core")
        )
        state = json.loads(await output_of(peer_program, f"{url}/state"))
        assert state["temperature"] == room.values["temperature"]
        await output_of(
            peer_program, "-m", "put", "-t", "0", "-e", "4", f"{url}/fanSpeed"
        )
        assert room.values["fanSpeed"] == 4
        observing = asyncio.create_task(
            output_of(peer_program, "-w", "-s", "1", f"{url}/temperature")
        )
        for number in range(40):
            room.put({"temperature": number / 2})
            await asyncio.sleep(0.025)
        lines = (await observing).split()
        assert len({line for line in lines if line[:1].isdigit()}) > 5
