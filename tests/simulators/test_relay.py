"""The relay that makes a good network a bad one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, override

from aiocoap import Code, Message, Reliable
import pytest

from simulators import CoapSimulator, SimulatedDevice, UdpRelay

from ..acting import until
from .conftest import Ask

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Peer(asyncio.DatagramProtocol):
    """A UDP socket that notes what it gets, and perhaps answers in capitals."""

    def __init__(self, *, answers: bool) -> None:
        self.got: list[bytes] = []
        self.sent = 0
        self._answers = answers

    @override
    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.got.append(data)
        if self._answers:
            self.send(data.upper(), addr)

    def send(self, datagram: bytes, address: Any = None) -> None:
        self.transport.sendto(datagram, address)
        self.sent += 1


async def peer(*, answers: bool, **options: Any) -> Peer:
    """Open a socket."""
    _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Peer(answers=answers), **options
    )
    return protocol


class Net:
    """A server, a relay before it, and clients."""

    def __init__(self, server: Peer, relay: UdpRelay) -> None:
        self.server = server
        self.relay = relay
        self.clients: list[Peer] = []

    async def send(self, *datagrams: bytes) -> list[bytes]:
        """Send as a new client, and return what came back."""
        address = ("127.0.0.1", self.relay.port)
        client = await peer(answers=False, remote_addr=address)
        self.clients.append(client)
        for datagram in datagrams:
            client.send(datagram)
            await asyncio.sleep(0)
        await until(self._quiet)
        return client.got

    def _quiet(self) -> bool:
        """Whether every datagram that was sent has come where it was to come."""
        up, down = self.relay.to_target, self.relay.to_clients
        return (
            up.received == sum(client.sent for client in self.clients)
            and len(self.server.got) == up.sent
            and down.received == self.server.sent
            and sum(len(client.got) for client in self.clients) == down.sent
        )


@asynccontextmanager
async def net(**options: Any) -> AsyncGenerator[Net]:
    """Build a network; the options are those of the relay."""
    server = await peer(answers=True, local_addr=("127.0.0.1", 0))
    target = server.transport.get_extra_info("sockname")
    async with UdpRelay(target, **options) as relay:
        built = Net(server, relay)
        yield built
    for end in (server, *built.clients):
        end.transport.close()
    await asyncio.sleep(0)


MANY = [f"d{number}".encode() for number in range(200)]


async def test_a_good_network_changes_nothing() -> None:
    async with net() as good:
        assert good.relay.port > 0
        assert await good.send(*MANY) == [datagram.upper() for datagram in MANY]
        assert good.server.got == MANY
        assert good.relay.to_target.sent == good.relay.to_clients.sent == len(MANY)


async def test_several_clients_get_their_own_answers() -> None:
    async with net() as good:
        answers = await asyncio.gather(
            good.send(b"a", b"b"), good.send(b"c"), good.send(b"d")
        )
        assert answers == [[b"A", b"B"], [b"C"], [b"D"]]
        assert good.relay.clients == 3


async def test_nothing_gets_through() -> None:
    async with net(drop=100) as dead:
        assert await dead.send(b"a", b"b") == []
        assert not dead.server.got
        assert dead.relay.to_target.dropped == 2
        dead.relay.to_target.drop = 0
        assert await dead.send(b"c") == []
        assert dead.server.got == [b"c"]
        assert (dead.relay.to_clients.dropped, dead.relay.to_clients.sent) == (1, 0)


async def test_everything_comes_twice() -> None:
    async with net(duplicate=100) as double:
        assert await double.send(b"a") == [b"A"] * 4
        assert double.server.got == [b"a", b"a"]
        assert double.relay.to_target.duplicated == 1
        assert double.relay.to_clients.duplicated == 2


async def test_the_same_seed_loses_the_same_datagrams() -> None:
    passed = []
    for seed in (5, 5, 6):
        async with net(drop=30, duplicate=10, seed=seed) as bad:
            await bad.send(*MANY)
            way = bad.relay.to_target
            assert way.received == 200
            assert 30 < way.dropped < 90
            assert 4 < way.duplicated < 36
            passed.append(bad.server.got)
    assert passed[0] == passed[1] != passed[2]


async def test_nobody_at_the_other_end() -> None:
    async with net() as left:
        left.server.transport.abort()
        address = ("127.0.0.1", left.relay.port)
        client = await peer(answers=False, remote_addr=address)
        left.clients.append(client)
        for _ in range(3):
            client.send(b"a")
            await until(lambda: left.relay.to_target.sent == client.sent)
        assert not client.got


async def test_stopped_in_the_middle() -> None:
    async with net() as cut:
        address = ("127.0.0.1", cut.relay.port)
        client = await peer(answers=False, remote_addr=address)
        cut.clients.append(client)
        client.send(b"a")
        await until(lambda: cut.relay.clients)
        await cut.relay.stop()
        await cut.relay.stop()


class Stubborn(Reliable):
    """Retransmits soon and often."""

    ACK_TIMEOUT = 0.03
    ACK_RANDOM_FACTOR = 1.0
    MAX_RETRANSMIT = 7


async def test_coap_gets_through_a_bad_network_and_acts_once(
    pump: SimulatedDevice, ask: Ask
) -> None:
    async with (
        CoapSimulator(pump, speed=0) as simulator,
        UdpRelay(("127.0.0.1", simulator.port), drop=25, duplicate=25, seed=4) as relay,
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
