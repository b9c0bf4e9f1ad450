"""The UDP socket of a server, and what hostile peers send to it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from aiocoap import Code, Message
from aiocoap.resource import Resource, Site
import pytest

from custom_components.device_models.iot.connections.coap import (
    exchanges,
    recent,
)
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.connections.coap.udp import open_udp

from .clock import own_time
from .coap_server import Content
from .conftest import Endpoint
from .hostile import GET, IGNORED, garbage_of_all_kinds, unharmed, wire
from .things import nothing_left, until
from .udp_peer import ACK, CON, CONTENT, EMPTY, NON, RST, datagram

PUT = 3
A = (11, b"a")


class Served:
    """A server with one resource."""

    def __init__(self) -> None:
        self.resource = Content(b"1")
        self.site = Site()
        self.site.add_resource(["a"], self.resource)
        self.context: Any = None
        self.admitted = True
        self.asked: list[str] = []

    def admit(self, host: str) -> bool:
        self.asked.append(host)
        return self.admitted

    @property
    def exchanges(self) -> Any:
        return self.context.request_interfaces[0].token_interface

    @property
    def port(self) -> int:
        return self.exchanges.message_interface._local_port()  # type: ignore[no-any-return]


@pytest.fixture
async def served() -> AsyncGenerator[Served]:
    """Run a server."""
    server = Served()
    server.context = await open_udp(server.site, ("127.0.0.1", 0), admit=server.admit)
    yield server
    await server.context.shutdown()


# What is the same


@pytest.mark.parametrize(("kind", "answers"), [(CON, 3), (NON, 1)])
async def test_message_that_comes_thrice_is_done_once(
    served: Served, kind: int, answers: int
) -> None:
    async with wire(served.port) as peer:
        for _ in range(3):
            peer.send(datagram(kind, GET, 7, b"t", options=[A]))
            await asyncio.sleep(0.02)
        assert len(served.resource.requests) == 1
        assert [one.payload for one in peer.received] == [b"1"] * answers
        assert {one.token for one in peer.received} == {b"t"}
        assert len({one.mid for one in peer.received}) == 1


async def test_other_message_under_the_same_id_is_new(served: Served) -> None:
    """As a device sends it that has restarted, and counts from the start again."""
    async with wire(served.port) as peer:
        for token in (b"t", b"u"):
            peer.send(datagram(CON, GET, 7, token, options=[A]))
            await until(lambda: peer.received and peer.received[-1].token == token)  # noqa: B023
        peer.send(datagram(CON, 3, 7, b"u", b"2", options=[A]))
        await until(lambda: served.resource.payload == b"2")
        await until(lambda: len(peer.received) == 3)
        assert [one.code for one in peer.received] == [
            Code.CONTENT,
            Code.CONTENT,
            Code.CHANGED,
        ]
        assert len(served.resource.requests) == 3


async def test_message_that_is_old_is_new(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "LIFETIME", 0.0)
    async with wire(served.port) as peer:
        for number in (1, 2):
            peer.send(datagram(NON, GET, 7, b"t", options=[A]))
            await until(lambda: len(peer.received) == number)  # noqa: B023
        assert len(served.exchanges._recent) == 1


async def test_memory_of_messages_has_an_end(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "MAX_OF_HOST", 8)
    monkeypatch.setattr(recent, "MAX_OF_ALL", 20)
    for host in range(2, 8):
        async with wire(served.port, f"127.0.0.{host}") as peer:
            for number in range(10):
                peer.send(datagram(NON, GET, number, b"t", options=[A]))
                await asyncio.sleep(0.001)
            await until(lambda: len(peer.received) == 10)
            assert len(served.exchanges._recent) <= 20
            # The last ones are still known.
            peer.send(datagram(NON, GET, 9, b"t", options=[A]))
            await asyncio.sleep(0.01)
            assert len(peer.received) == 10


@pytest.mark.parametrize("kind", [CON, NON])
@pytest.mark.parametrize("hosts", [1, 30])
async def test_strangers_do_not_have_forgotten_what_was_done(
    served: Served, monkeypatch: pytest.MonkeyPatch, kind: int, hosts: int
) -> None:
    monkeypatch.setattr(recent, "MAX_OF_ALL", 20)
    done = datagram(kind, PUT, 7, b"t", b"2", [A])
    async with wire(served.port) as device:
        device.send(done)
        await until(lambda: device.received)
        for host in range(hosts):
            async with wire(served.port, f"127.0.0.{host + 2}") as stranger:
                await stranger.flood(
                    datagram(CON, code, number, b"t", b"3", [path])
                    for number in range(60 // hosts)
                    for code, path in [((GET, A), (PUT, (11, b"b")))[number % 2]]
                )
        device.send(done)
        device.send(datagram(CON, EMPTY, 8))
        await until(lambda: device.received[-1].mtype == RST)
        puts = [one for one in served.resource.requests if one.code == Code.PUT]
        assert len(puts) == 1
        assert len(device.received) == (3 if kind == CON else 2)
    assert len(served.exchanges._recent) == 21


async def test_message_that_was_done_goes_when_another_has_its_id(
    served: Served,
) -> None:
    async with wire(served.port) as device:
        for payload in (b"2", b"3", b"2"):
            device.send(datagram(CON, PUT, 7, b"t", payload, [A]))
            await until(lambda: served.resource.payload == payload)  # noqa: B023
    assert len(served.exchanges._recent) == 1


# What is refused


@pytest.mark.parametrize("kind", IGNORED)
async def test_what_is_no_request_is_ignored(
    served: Served, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    async with unharmed(caplog, lines=3), wire(served.port) as peer:
        peer.send(*[IGNORED[kind]] * 5)
        peer.send(datagram(CON, GET, 99, b"t", options=[A]))
        await until(lambda: peer.received)
        await asyncio.sleep(0.01)
        assert [(one.mid, one.payload) for one in peer.received] == [(99, b"1")]


@pytest.mark.parametrize(
    "sent", [datagram(CON, EMPTY, 5), datagram(CON, 0x45, 5, b"t")]
)
async def test_what_needs_a_word_is_reset(
    served: Served, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    async with unharmed(caplog), wire(served.port) as peer:
        peer.send(sent)
        await until(lambda: peer.received)
        assert (peer.received[0].mtype, peer.received[0].mid) == (RST, 5)


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ((9, b""), Code.BAD_OPTION),
        ((65001 - 60000, b"x"), Code.BAD_OPTION),
        ((35, b"coap://elsewhere/"), Code.PROXYING_NOT_SUPPORTED),
        ((39, b"http"), Code.PROXYING_NOT_SUPPORTED),
        ((12, b"12345"), Code.CONTENT),  # elective, and ignored
        ((2, b"x"), Code.CONTENT),
    ],
)
async def test_option_that_is_not_understood(
    served: Served, option: tuple[int, bytes], code: Code
) -> None:
    options = sorted([A, option])
    if option[0] > 269:
        delta = option[0] - A[0] - 269
        sent = datagram(CON, GET, 5, b"t", options=[A])
        sent += bytes([0xE1]) + delta.to_bytes(2) + option[1]
    elif option[0] == 35:
        sent = datagram(CON, GET, 5, b"t", options=[A]) + b"\xdd\x0b\x04" + option[1]
    else:
        sent = datagram(CON, GET, 5, b"t", options=options)
    async with wire(served.port) as peer:
        peer.send(sent)
        await until(lambda: peer.received)
        assert (peer.received[0].code, peer.received[0].mtype) == (code, ACK)
        assert len(served.resource.requests) == (code == Code.CONTENT)


async def test_who_is_not_admitted_gets_no_word(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with unharmed(caplog, lines=0), wire(served.port) as peer:
        served.admitted = False
        peer.send(*IGNORED.values(), datagram(CON, EMPTY, 5))
        peer.send(datagram(CON, GET, 6, b"t", options=[A]))
        await until(lambda: len(served.asked) == len(IGNORED) + 2)
        assert set(served.asked) == {"127.0.0.1"}
        assert not peer.received
        assert not len(served.exchanges._recent)


async def test_failure_of_ours_is_told_once(
    served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_message: Message) -> None:
        raise AttributeError("odd")

    with monkeypatch.context() as patched:
        patched.setattr(served.exchanges, "dispatch_message", broken)
        async with wire(served.port) as peer:
            peer.send(*[datagram(CON, EMPTY, number) for number in range(9)])
            await until(lambda: len(served.asked) == 9)
    assert caplog.text.count("AttributeError: odd") == 1
    caplog.clear()
    served.context.log.flush()
    assert "could not be taken (and 7 more of this kind)" in caplog.text


# What never ends


@pytest.mark.parametrize("kind", [CON, NON])
async def test_one_peer_does_not_take_all_places(served: Served, kind: int) -> None:
    observe = (6, b"")
    async with wire(served.port, "127.0.0.2") as greedy, wire(served.port) as other:
        for number in range(exchanges.MAX_OF_PEER + 3):
            token = number.to_bytes(2)
            greedy.send(datagram(kind, GET, number, token, options=[observe, A]))
            await asyncio.sleep(0)
        await until(lambda: len(greedy.received) == exchanges.MAX_OF_PEER + 3)
        refused = [one for one in greedy.received if not one.code.is_successful()]
        assert {one.code for one in refused} == {Code.SERVICE_UNAVAILABLE}
        assert [one.opt.max_age for one in refused] == [exchanges.BUSY] * 3
        assert len(served.resource.observers) == exchanges.MAX_OF_PEER
        other.send(datagram(kind, GET, 1, b"t", options=[observe, A]))
        await until(lambda: other.received)
        assert other.received[0].code == Code.CONTENT


async def test_observer_that_acknowledges_nothing(served: Served) -> None:
    observe = (6, b"")
    async with wire(served.port) as peer:
        for token in (b"t", b"u"):
            peer.send(datagram(CON, GET, ord(token), token, options=[observe, A]))
        await until(lambda: len(peer.received) == 2)
        for number in range(50):
            served.resource.notify(b"%d" % number)
            await asyncio.sleep(0)
        (backlog,) = served.exchanges._backlogs.values()
        assert len(backlog) <= 2
        for turn in range(3):
            await until(lambda: len(peer.received) == 3 + turn)  # noqa: B023
            peer.send(datagram(ACK, EMPTY, peer.received[-1].mid))
        assert [one.payload for one in peer.received[-2:]] == [b"49", b"49"]
        assert {one.token for one in peer.received[-2:]} == {b"t", b"u"}


class Slow(Resource):
    """Answers late."""

    async def render_get(self, _request: Message) -> Message:
        await asyncio.sleep(0.15)
        return Message(payload=b"late")


async def test_what_is_asked_twice_while_it_is_answered(served: Served) -> None:
    served.site.add_resource(["slow"], Slow())
    async with wire(served.port) as peer:
        asked = datagram(CON, GET, 7, b"t", options=[(11, b"slow")])
        peer.send(asked)
        await asyncio.sleep(0.01)
        peer.send(asked)  # there is nothing to say yet
        await until(lambda: peer.received)
        assert (peer.received[0].mtype, peer.received[0].code) == (ACK, Code.EMPTY)
        peer.send(asked)
        await until(lambda: len(peer.received) >= 3)
        late = next(one for one in peer.received if one.payload)
        assert (late.mtype, late.payload) == (CON, b"late")
        peer.send(datagram(ACK, EMPTY, late.mid))
        await asyncio.sleep(0.01)


async def test_server_that_ends_while_it_is_asked_leaves_nothing() -> None:
    async with nothing_left():
        server = Served()
        server.site.add_resource(["slow"], Slow())
        server.context = await open_udp(server.site, ("127.0.0.1", 0))
        async with wire(server.port) as peer:
            peer.send(datagram(CON, GET, 7, b"t", options=[(11, b"slow")]))
            await until(lambda: peer.received)
            await server.context.shutdown()


@pytest.mark.parametrize(
    ("host", "problem"),
    [("lamp.local", "is no address"), ("fe80::1%nowhere", "is no address")],
)
async def test_address_that_is_none(host: str, problem: str) -> None:
    with pytest.raises(OSError, match=problem):
        await open_udp(Site(), (host, 0))


async def test_port_that_somebody_has(served: Served) -> None:
    with pytest.raises(OSError, match="in use"):
        await open_udp(Site(), ("127.0.0.1", served.port))


@pytest.mark.parametrize("host", ["::1", "::1%lo", "::", "0.0.0.0"])  # noqa: S104
async def test_address_of_any_kind(host: str) -> None:
    context = await open_udp(Site(), (host, 0))
    await context.shutdown()


async def test_flood(
    served: Served, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    device = await endpoint(served.port)
    slowest = 0.0

    async def read_meanwhile() -> None:
        nonlocal slowest
        while True:
            began = own_time()
            assert (await device.request(Method.GET, "a")).payload == b"1"
            slowest = max(slowest, own_time() - began)
            await asyncio.sleep(0.01)

    async with unharmed(caplog, lines=20), wire(served.port, "127.0.0.2") as peer:
        reading = asyncio.create_task(read_meanwhile())
        await peer.flood(garbage_of_all_kinds(10_000))
        await until(lambda: served.asked.count("127.0.0.2") == 10_000)
        if reading.done():
            reading.result()
        reading.cancel()
    assert slowest < 0.3
    assert len(served.exchanges._recent) <= recent.MAX_OF_HOST * 2
    served.exchanges.token_manager.incoming_requests.clear()


def test_content_code_is_what_a_test_thinks() -> None:
    assert int(Code.CONTENT) == CONTENT
