"""Hostile endpoints among the devices of our client: none harms the others."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
import json
from typing import Any

from aiocoap import Message
from aiocoap.error import ConRetransmitsExceeded
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
)
from custom_components.device_models.iot.connections.coap.observation import State
from custom_components.device_models.iot.connections.coap.raw import (
    RawRequest,
    send,
)
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.connections.coap.uri import Target
from custom_components.device_models.iot.errors import UnreachableError

from .clock import own_time
from .coap_server import bare_server, state
from .conftest import Connect, Endpoint
from .hostile import IGNORED, garbage_of_all_kinds, unharmed, wire
from .test_coap_observation import Watch
from .things import FLAT, exchanges_of, shown, thing, until
from .udp_peer import (
    CON,
    EMPTY,
    NON,
    Answer,
    acknowledged_only,
    answer,
    datagram,
    garbage,
    polite,
    reset,
    silent,
    udp_peer,
    wrong_token,
)

GET, PUT = Method.GET, Method.PUT

FORMAT, BLOCK2, BLOCK1, OBSERVE = 12, 23, 27, 6

QUICK = 0.25
"""Seconds in which another device is read, whatever a hostile one does."""


class Neighbour:
    """A proper device of the same client, which is read all the time."""

    def __init__(self, connection: CoapConnection) -> None:
        self.device = thing(connection)
        self.reads = 0
        self.slowest = 0.0
        self.connection = connection

    async def run(self) -> None:
        while True:
            began = own_time()
            await self.connection.read(self.device, FLAT.keys())
            self.slowest = max(self.slowest, own_time() - began)
            self.reads += 1
            await asyncio.sleep(0.005)


@pytest.fixture
async def neighbour(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> AsyncGenerator[Neighbour]:
    """See that another device does not notice what happens in a test."""
    async with bare_server(state=state()) as server:
        proper = Neighbour(await connect(server.port))
        async with unharmed(caplog):
            reading = asyncio.create_task(proper.run())
            yield proper
            seen = proper.reads
            await until(lambda: reading.done() or proper.reads > seen)
            assert not reading.done(), reading.exception()
            reading.cancel()
        assert proper.slowest < QUICK
        assert shown(proper.device) == FLAT


def number_of(request: Message, option: str) -> int:
    """Return the number of the block that is asked for, or given."""
    block = getattr(request.opt, option)
    return block.block_number if block else 0


def block(number: int, *, more: bool = True, exponent: int = 0) -> bytes:
    return (number << 4 | more << 3 | exponent).to_bytes(3)


def giant(request: Message) -> Iterable[bytes]:
    yield answer(request, b"x" * 8000)


def all_that_is_ignored(request: Message) -> Iterable[bytes]:
    yield from IGNORED.values()
    yield answer(request, b"x", token=b"12345678")


def no_text_in_the_answer(request: Message) -> Iterable[bytes]:
    yield answer(request, b"x", options=[(8, b"\xff\xfe")])


def asks_back(request: Message) -> Iterable[bytes]:
    if request.code.is_request():
        for number in range(20):
            yield datagram(CON, GET, number, b"t", options=[(11, b"a")])


def empty_answer_of_its_own(request: Message) -> Iterable[bytes]:
    yield datagram(CON, EMPTY, request.mid)


def jumps(request: Message) -> Iterable[bytes]:
    """Answer another block than was asked for."""
    number = number_of(request, "block2")
    options = [(BLOCK2, block(number * 3 + bool(number)))]
    yield answer(request, b"x" * 16, options=options)


def begins_late(request: Message) -> Iterable[bytes]:
    yield answer(request, b"x" * 16, options=[(BLOCK2, block(5))])


def blocks_of_another_size(request: Message) -> Iterable[bytes]:
    number = number_of(request, "block2")
    yield answer(request, b"x" * (16 - number), options=[(BLOCK2, block(number))])


def empty_blocks(request: Message) -> Iterable[bytes]:
    yield answer(request, options=[(BLOCK2, block(number_of(request, "block2")))])


def reserved_block_size(request: Message) -> Iterable[bytes]:
    yield answer(request, b"x" * 16, options=[(BLOCK2, block(0, exponent=7))])


NO_ANSWER = [
    silent,
    acknowledged_only,
    wrong_token,
    garbage,
    reset,
    giant,
    all_that_is_ignored,
    no_text_in_the_answer,
    asks_back,
    empty_answer_of_its_own,
    jumps,
    begins_late,
    blocks_of_another_size,
    empty_blocks,
]


@pytest.mark.parametrize("behave", NO_ANSWER)
@pytest.mark.parametrize("confirmable", [True, False])
async def test_peer_without_a_usable_answer(
    neighbour: Neighbour, endpoint: Endpoint, behave: Answer, confirmable: bool
) -> None:
    async with udp_peer(behave) as peer:
        hostile = await endpoint(peer.port, confirmable=confirmable)
        began = own_time()
        with pytest.raises(UnreachableError):
            await hostile.request(GET, "a")
        assert own_time() - began < 1
        peer.behave = polite
        assert (await hostile.request(GET, "a")).payload == b"fine"
        layer = exchanges_of(hostile)
        await until(lambda: not layer.token_manager.outgoing_requests)
        assert not [one for one in layer._backlogs if one.sockaddr[1] == peer.port]


@pytest.mark.parametrize("turns", range(6))
async def test_given_up_when_the_last_repetition_ends(
    neighbour: Neighbour, endpoint: Endpoint, turns: int
) -> None:
    async with udp_peer(silent) as peer:
        hostile = await endpoint(peer.port)
        tokens = exchanges_of(hostile).token_manager
        asked = asyncio.create_task(hostile.request(GET, "a"))

        def remotes() -> list[Any]:
            pending = [remote for _, remote in tokens.outgoing_requests]
            return [one for one in pending if one.sockaddr[1] == peer.port]

        await until(remotes)
        (remote,) = remotes()
        asked.cancel()
        for _ in range(turns):
            await asyncio.sleep(0)
        tokens.dispatch_error(ConRetransmitsExceeded(), remote)
        await asyncio.wait((asked,))
        await until(lambda: not remotes())


@pytest.mark.parametrize("behave", NO_ANSWER)
async def test_raw_request_to_such_a_peer(neighbour: Neighbour, behave: Answer) -> None:
    async with udp_peer(behave) as peer:
        target = Target("coap", "127.0.0.1", peer.port, ("a",))
        with pytest.raises(UnreachableError):
            await send(RawRequest(target=target, timeout=0.4))
        peer.behave = polite
        answered = await send(RawRequest(target=target, timeout=0.4))
        assert answered.payload == b"fine"


async def test_block_size_that_is_reserved(
    neighbour: Neighbour, endpoint: Endpoint
) -> None:
    async with udp_peer(reserved_block_size) as peer:
        hostile = await endpoint(peer.port)
        with pytest.raises(UnreachableError):
            await hostile.request(GET, "a")


def same_block_again(request: Message) -> Iterable[bytes]:
    yield answer(request, code=0x5F, options=[(BLOCK1, block(0, exponent=6))])


def wants_more_at_the_end(request: Message) -> Iterable[bytes]:
    number = number_of(request, "block1")
    yield answer(request, code=0x5F, options=[(BLOCK1, block(number, exponent=6))])


def wants_smaller_ones(request: Message) -> Iterable[bytes]:
    given = request.opt.block1
    smaller = max(0, given.size_exponent - 1)
    options = [(BLOCK1, block(given.block_number, exponent=smaller))]
    yield answer(request, code=0x5F, options=options)


@pytest.mark.parametrize(
    "behave", [same_block_again, wants_more_at_the_end, wants_smaller_ones]
)
async def test_peer_that_never_has_all_blocks(
    neighbour: Neighbour, endpoint: Endpoint, behave: Answer
) -> None:
    async with udp_peer(behave) as peer:
        hostile = await endpoint(peer.port)
        with pytest.raises(UnreachableError):
            await hostile.request(PUT, "a", payload=b"x" * 4000)
        assert len(peer.requests) < 300


async def test_peer_whose_documents_are_garbage(
    neighbour: Neighbour, connect: Connect
) -> None:
    documents = iter(
        [b"\xff" * 4000, b"[" * 4000, b"{}", json.dumps("x" * 3000).encode()]
    )

    def behave(request: Message) -> Iterable[bytes]:
        if request.opt.uri_path == ("state",):
            payload = next(documents, b"\x00")
            yield answer(request, payload, options=[(FORMAT, b"\x32")])
        else:
            yield answer(request, code=0x84)

    async with udp_peer(behave) as peer:
        connection = await connect(peer.port)
        device = thing(connection)
        for _ in range(6):
            await connection.read(device, FLAT.keys())
        assert shown(device) == {}


async def test_peer_that_notifies_without_end(
    neighbour: Neighbour, endpoint: Endpoint, patient: None
) -> None:
    def registered(request: Message) -> Iterable[bytes]:
        if request.opt.observe == 0:
            yield answer(request, b"0", options=[(OBSERVE, b"\x01")])

    async with udp_peer(registered) as peer:
        watch = Watch(await endpoint(peer.port))
        watch.start()
        await until(lambda: watch.state is State.ACTIVE)
        request = peer.requests[0]
        before = neighbour.reads
        for number in range(2, 1002):
            options = [(OBSERVE, number.to_bytes(3))]
            told = answer(
                request,
                b"%d" % number,
                kind=CON if number % 2 else NON,
                message_id=number,
                options=options,
            )
            peer.send(told)
            await asyncio.sleep(0)
        await until(lambda: watch.heard[-1][0] == b"1001")
        assert neighbour.reads > before + 3
        await watch.stop()


async def test_flood(neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch) -> None:
    await until(lambda: neighbour.reads)
    layer = exchanges_of(neighbour.connection._endpoint)
    taken = 0

    def admit(host: str) -> bool:
        nonlocal taken
        taken += host == "127.0.0.2"
        return True

    monkeypatch.setattr(layer.message_interface, "admit", admit)
    before = neighbour.reads
    async with wire(layer.message_interface._local_port(), "127.0.0.2") as peer:
        await peer.flood(garbage_of_all_kinds(10_000))
        await until(lambda: taken == 10_000)
        assert any(one[0] >> 4 == 7 for one in peer.datagrams)  # resets
    assert neighbour.reads > before + 10
    assert not len(layer._recent)
    assert not layer._piggyback_opportunities
    assert len(layer._active_exchanges) <= 1
    assert len(layer._backlogs) <= 1
    assert len(layer.token_manager.outgoing_requests) <= 1
    assert not layer.token_manager.incoming_requests
