"""Documents in blocks that strangers begin, and do not end."""

from collections.abc import AsyncGenerator

import pytest

from custom_components.device_models.iot.connections.coap_listener import blocks

from .hostile import Wire, wire
from .listening import LOOPBACK, URI_PATH, Listening, listening, path_to
from .things import shown, until
from .udp_peer import CON, NON, datagram

STATE = path_to("state")
NOWHERE = ((URI_PATH, b"nowhere"),)
KEY, NEW = (15, b"key=x"), (15, b"new")

FIRST, LAST = (27, b"\x08"), (27, b"\x10")
"""Of two blocks of 16 bytes."""

COUNT = 300
"""First blocks, from so many hosts or from one: more than any bound allows."""

CHANGED, CONTINUE, INCOMPLETE = 0x44, 0x5F, 0x88


@pytest.fixture
async def guarded() -> AsyncGenerator[Listening]:
    """Run a server for two networks, and a device that has a key."""
    async with listening(("127.0.0.0/24", "127.0.1.0/24")) as server:
        await server.add(key="x")
        yield server


async def told(peer: Wire, *datagrams: bytes) -> list[int]:
    """Send messages one by one, and return the codes of the answers."""
    for one in datagrams:
        count = len(peer.datagrams)
        peer.send(one)
        await until(lambda: len(peer.datagrams) > count)  # noqa: B023
    return [one[1] for one in peer.datagrams[-len(datagrams) :]]


@pytest.mark.parametrize(
    ("network", "path"),
    [(1, STATE), (1, NOWHERE), (2, STATE)],
    ids=["without a key", "to nowhere", "from another network"],
)
@pytest.mark.parametrize("hosts", [1, COUNT])
async def test_what_strangers_begin_hinders_no_device(
    guarded: Listening, network: int, path: tuple[tuple[int, bytes], ...], hosts: int
) -> None:
    (device,) = guarded.listener._attached
    async with wire(guarded.port, LOOPBACK) as mine:
        options = [*STATE, KEY, FIRST], [*STATE, KEY, LAST]
        first = datagram(CON, 2, 1, b"t", b'{"temperature": ', options[0])
        last = datagram(CON, 2, 2, b"t", b"21}", options[1])
        assert await told(mine, first) == [CONTINUE]
        for host in range(hosts):
            where = f"127.0.{network}.{host % 250 + 1}"
            async with wire(guarded.port, where) as peer:
                await peer.flood(
                    datagram(NON, 2, number, b"t", b"x" * 16, [*path, query, FIRST])
                    for number in range(COUNT // hosts)
                    for query in [(15, b"%d" % number)]
                )
        assert len(guarded.listener._site._blocks._coming) == 1
        assert await told(mine, last) == [CHANGED]
        assert shown(device) == {"temperature": 21}
        options = [*STATE, NEW, KEY, FIRST], [*STATE, NEW, KEY, LAST]
        first = datagram(CON, 2, 3, b"t", b'{"temperature": ', options[0])
        last = datagram(CON, 2, 4, b"t", b"22}", options[1])
        assert await told(mine, first, last) == [CONTINUE, CHANGED]
        assert shown(device) == {"temperature": 22}


async def test_what_those_with_a_key_begin_has_an_end(guarded: Listening) -> None:
    """The oldest goes; who has sent it is told to begin anew."""
    async with wire(guarded.port, LOOPBACK) as mine:
        for number in range(90):
            options = [*STATE, KEY, (15, b"%d" % number), FIRST]
            block = datagram(CON, 2, number, b"t", b"x" * 16, options)
            assert await told(mine, block) == [CONTINUE]
        kept = guarded.listener._site._blocks._coming
        assert len(kept) == blocks.MAX_UNFINISHED
        options = [*STATE, KEY, (15, b"0"), LAST]
        assert await told(mine, datagram(CON, 2, 99, b"t", b"x", options)) == [
            INCOMPLETE
        ]
