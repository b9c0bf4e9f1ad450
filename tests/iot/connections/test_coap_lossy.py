"""CoAP over a network that loses a fifth of the datagrams, each way."""

import asyncio
from collections.abc import AsyncGenerator
import json

from aiocoap import Code
import pytest

from custom_components.device_models.iot.connections.coap import attempt, request
from custom_components.device_models.iot.errors import CommunicationError
from simulators.relay import UdpRelay

from .coap_server import BareServer, Content, bare_server
from .conftest import Connect
from .things import STATE, shown, thing, until

MODES = pytest.mark.parametrize(("confirmable", "tries"), [(True, 20), (False, 10)])


@pytest.fixture(autouse=True)
def shorter_waits(monkeypatch: pytest.MonkeyPatch, short_waits: None) -> None:
    """Have what is lost sent again soon: much is."""
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.02)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 0.3)
    monkeypatch.setattr(attempt, "NON_CONFIRMABLE_TIMEOUTS", (0.05, 0.08, 0.12))


@pytest.fixture
async def server() -> AsyncGenerator[BareServer]:
    """Run a device."""
    resources = {name: Content(b"") for name in ("level", "move")}
    async with bare_server(
        state=Content(json.dumps(STATE).encode(), max_age=0), **resources
    ) as running:
        yield running


@pytest.fixture
async def relay(server: BareServer) -> AsyncGenerator[UdpRelay]:
    """Run a bad network before it."""
    async with UdpRelay(("127.0.0.1", server.port), seed=7) as running:
        yield running


def worsen(relay: UdpRelay, duplicate: float = 10.0) -> None:
    """Let the network lose and repeat datagrams from now on."""
    for way in (relay.to_target, relay.to_clients):
        way.drop, way.duplicate = 20.0, duplicate


@MODES
async def test_polls_and_writes_work(
    connect: Connect, server: BareServer, relay: UdpRelay, confirmable: bool, tries: int
) -> None:
    connection = await connect(relay.port, confirmable=confirmable)
    device = thing(connection)
    worsen(relay)
    level = server.resources["level",]
    read = written = 0
    for number in range(tries):
        try:
            await connection.read(device, {"temperature"})
            read += 1
            await device.set("level", number)
            written += 1
        except CommunicationError:
            continue
        assert shown(device)["level"] == number
        assert level.payload == b"%d" % number
    # What is sent three times gets lost with a probability of 1 in 20.
    assert tries / 2 < written <= read
    assert relay.to_target.dropped
    assert relay.to_clients.dropped


@MODES
async def test_nothing_is_done_twice(
    connect: Connect, server: BareServer, relay: UdpRelay, confirmable: bool, tries: int
) -> None:
    connection = await connect(relay.port, confirmable=confirmable)
    device = thing(connection)
    worsen(relay)
    called = []
    for number in range(tries):
        try:
            await device.call("move", {"x": number})
            called.append(number)
        except CommunicationError:
            continue
    done = [json.loads(one.payload)["x"] for one in server.resources["move",].requests]
    assert len(done) == len(set(done))
    assert set(called) <= set(done)
    # What is sent once gets lost with a probability of 1 in 3.
    assert len(called) > tries / (2 if confirmable else 5)


async def test_changes_arrive_in_the_end(
    connect: Connect, server: BareServer, relay: UdpRelay
) -> None:
    connection = await connect(relay.port)
    device = thing(connection)
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    worsen(relay)
    shared = server.resources["state",]
    for number in range(10):
        shared.notify(json.dumps({**STATE, "level": number}).encode())
        await until(lambda: shown(device)["level"] == number)  # noqa: B023
    assert {one.opt.observe for one in shared.asked(Code.GET)} <= {0, 1}  # no polls


WRITES = 1000
AT_ONCE = 8


@pytest.mark.parametrize("way", ["write", "call"])
async def test_each_of_many_is_done_once_or_reported(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    # What is not lost is to be answered in time, however busy the machine is.
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.04)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 2.0)
    failed: list[int] = []
    done: list[int] = []
    lost = retransmissions = 0
    connecting, connected = asyncio.Lock(), asyncio.Barrier(AT_ONCE)

    async def one_device(part: int) -> None:
        nonlocal lost, retransmissions
        resources = {name: Content(b"") for name in ("level", "move")}
        async with (
            bare_server(**resources) as server,
            UdpRelay(("127.0.0.1", server.port), seed=part) as relay,
        ):
            async with connecting:  # while nothing else is under way
                connection = await connect(relay.port)
            await connected.wait()
            device = thing(connection, coap={"state": False})
            worsen(relay, 30.0)
            mine: list[int] = []
            for number in range(part, WRITES, AT_ONCE):
                try:
                    if way == "write":
                        await device.set("level", number)
                    else:
                        await device.call("move", {"x": number})
                except CommunicationError:
                    mine.append(number)
            asked = [
                *resources["level"].asked(Code.PUT),
                *resources["move"].asked(Code.POST),
            ]
            for one in asked:
                read = json.loads(one.payload)
                done.append(int(read if way == "write" else read["x"]))
            failed.extend(mine)
            lost += relay.to_target.dropped + relay.to_clients.dropped
            retransmissions += connection.health(device).retransmissions or 0

    async with asyncio.TaskGroup() as group:
        for part in range(AT_ONCE):
            group.create_task(one_device(part))
    assert len(done) == len(set(done))  # none twice
    assert set(done) | set(failed) == set(range(WRITES))  # none is missing
    # Each of its three tries has to get lost on one of the ways.
    assert len(failed) * 3 <= lost
    assert retransmissions > WRITES / 4
