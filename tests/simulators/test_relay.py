"""The relay that makes a good network a bad one."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, override

from aiocoap import Code, Context, Message, Reliable
import pytest

from simulators import CoapSimulator, SimulatedDevice, UdpRelay

from .conftest import Ask

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Peer(asyncio.DatagramProtocol):
    """A UDP socket that notes what it gets, and perhaps answers."""

    def __init__(self, answer: Callable[[bytes], bytes] | None = None) -> None:
        self.got: list[bytes] = []
        self._answer = answer

    @override
    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.got.append(data)
        if self._answer is not None:
            self.transport.sendto(self._answer(data), addr)

    @override
    def error_received(self, exc: Exception) -> None:
        raise AssertionError(exc)


@asynccontextmanager
async def peer(**options: Any) -> AsyncGenerator[Peer]:
    """Open a socket for as long as it is needed."""
    answer = options.pop("answer", None)
    _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Peer(answer), **options
    )
    yield protocol
    protocol.transport.close()
    await asyncio.sleep(0)


@asynccontextmanager
async def echo() -> AsyncGenerator[tuple[Peer, tuple[str, int]]]:
    """Run a server that answers in capitals."""
    async with peer(answer=bytes.upper, local_addr=("127.0.0.1", 0)) as server:
        yield server, server.transport.get_extra_info("sockname")


async def settled(relay: UdpRelay) -> None:
    """Wait until nothing passes through the relay any more."""
    before = -1
    while before != (before := relay.to_target.received + relay.to_clients.received):
        await asyncio.sleep(0.05)


async def send(relay: UdpRelay, *datagrams: bytes) -> list[bytes]:
    """Send as a new client, and return what came back."""
    async with peer(remote_addr=("127.0.0.1", relay.port)) as client:
        for datagram in datagrams:
            client.transport.sendto(datagram)
            await asyncio.sleep(0)
        await settled(relay)
        return client.got


MANY = [f"d{number}".encode() for number in range(200)]


async def test_a_good_network_changes_nothing() -> None:
    async with echo() as (server, address), UdpRelay(address) as relay:
        assert relay.port > 0
        assert await send(relay, *MANY) == [datagram.upper() for datagram in MANY]
        assert server.got == MANY
        assert relay.to_target.sent == relay.to_clients.sent == len(MANY)


async def test_several_clients_get_their_own_answers() -> None:
    async with echo() as (_, address), UdpRelay(address) as relay:
        answers = await asyncio.gather(
            send(relay, b"a", b"b"), send(relay, b"c"), send(relay, b"d")
        )
        assert answers == [[b"A", b"B"], [b"C"], [b"D"]]
        assert relay.clients == 3


async def test_nothing_gets_through() -> None:
    async with echo() as (server, address), UdpRelay(address, drop=100) as relay:
        assert await send(relay, b"a", b"b") == []
        assert not server.got
        assert relay.to_target.dropped == 2
        relay.to_target.drop = 0
        assert await send(relay, b"c") == []
        assert server.got == [b"c"]
        assert (relay.to_clients.dropped, relay.to_clients.sent) == (1, 0)


async def test_everything_comes_twice() -> None:
    async with echo() as (server, address), UdpRelay(address, duplicate=100) as relay:
        assert await send(relay, b"a") == [b"A"] * 4
        assert server.got == [b"a", b"a"]
        assert relay.to_target.duplicated == 1
        assert relay.to_clients.duplicated == 2


async def test_the_same_seed_loses_the_same_datagrams() -> None:
    async with echo() as (server, address):
        passed = []
        for seed in (5, 5, 6):
            async with UdpRelay(address, drop=30, duplicate=10, seed=seed) as relay:
                await send(relay, *MANY)
                way = relay.to_target
                assert way.received == 200
                assert 30 < way.dropped < 90
                assert 4 < way.duplicated < 36
                assert len(server.got) == way.sent
            passed.append(list(server.got))
            server.got.clear()
        assert passed[0] == passed[1] != passed[2]


async def test_nobody_at_the_other_end() -> None:
    async with echo() as (_, address):
        pass
    async with UdpRelay(address) as relay:
        assert await send(relay, b"a", b"b") == []
        assert relay.to_target.sent == 2


async def test_stopped_in_the_middle() -> None:
    relay = UdpRelay(("127.0.0.1", 9))
    await relay.start()
    async with peer(remote_addr=("127.0.0.1", relay.port)) as client:
        client.transport.sendto(b"a")
        while not relay.to_target.received:
            await asyncio.sleep(0)
        await relay.stop()
    await relay.stop()


class Stubborn(Reliable):
    """Retransmits soon and often."""

    ACK_TIMEOUT = 0.03
    ACK_RANDOM_FACTOR = 1.0
    MAX_RETRANSMIT = 7


async def test_coap_gets_through_a_bad_network_and_acts_once(
    pump: SimulatedDevice, ask: Ask, client: Context
) -> None:
    async with (
        CoapSimulator(pump, speed=0) as simulator,
        UdpRelay(
            ("127.0.0.1", simulator.port), drop=25, duplicate=25, seed=4
        ) as relay,
    ):
        url = f"coap://127.0.0.1:{relay.port}"
        for _ in range(20):
            answer: Message = await ask(
                Code.POST, f"{url}/start", transport_tuning=Stubborn()
            )
            assert answer.code is Code.CHANGED
        assert len(pump.calls) == 20
        assert relay.to_target.dropped
        assert relay.to_clients.dropped
