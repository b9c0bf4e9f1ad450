"""How messages are sent to a CoAP device: confirmably or not, how patiently."""

import asyncio
from collections.abc import Iterable
import errno
import itertools
import json
from pathlib import Path
import socket
import time
from typing import Any, override

from aiocoap import ACK, CON, NON, Code, Message
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapEndpoint,
    attempt,
    delivery as delivery_module,
    exchanges,
    names,
)
from custom_components.device_models.iot.connections.coap.delivery import (
    ANY,
    Delivery,
)
from custom_components.device_models.iot.connections.coap.request import (
    ConfirmableTuning,
    Method,
    Request,
)
from custom_components.device_models.iot.device import Certainty
from custom_components.device_models.iot.errors import (
    ModelError,
    RejectedError,
    UnreachableError,
)

from .clock import own_time
from .coap_server import Content, bare_server, state
from .conftest import Connect, Endpoint
from .hostile import unharmed
from .things import FLAT, STATE, exchanges_of, shown, thing, until
from .udp_peer import answer, polite, reset, silent, udp_peer

GET, POST, PUT = Method.GET, Method.POST, Method.PUT

ECHO = 252
MAX_AGE = 14

MEGABYTE = b"0123456789abcdef" * 65_000
"""A little less than the most that is taken."""


# Confirmable or not, and how patiently


async def test_device_and_resource_say_what_is_confirmable(connect: Connect) -> None:
    async with bare_server(
        state=Content(b"{}"), level=Content(b"3"), label=Content(b"a"), move=Content()
    ) as server:
        connection = await connect(server.port)
        device = thing(
            connection,
            coap={
                "state": False,
                "confirmable": False,
                "attributes": {"level": {"confirmable": True}},
                "actions": {"move": {"confirmable": True}},
            },
        )
        await connection.read(device, {"level", "label"})
        await device.set("label", "b")
        await device.set("level", 4)
        await device.call("move", {"x": 1})
        kinds = {
            path: {one.mtype for one in resource.requests}
            for (path,), resource in server.resources.items()
        }
        assert kinds == {
            "state": set(),
            "level": {CON},
            "label": {NON},
            "move": {CON},
        }


async def test_patience_stretches_the_timing(endpoint: Endpoint) -> None:
    loop = asyncio.get_running_loop()
    async with udp_peer(silent) as peer:
        asking = await endpoint(peer.port)
        took = []
        for patience in (None, 44):
            began = loop.time()
            with pytest.raises(UnreachableError):
                await asking.request(GET, "a", delivery=Delivery(patience=patience))
            took.append(loop.time() - began)
        assert len(peer.requests) == 2
        assert len(peer.received) == 6
        assert took[1] > 2 * took[0]


@pytest.mark.parametrize(
    "layout",
    [
        {"patience": 5},
        {"patience": 500},
        {"patience": "long"},
        {"patience": True},
        {"block_size": 100},
        {"block_size": True},
        {"block_size": [64]},
        {"confirmable": 1},
        {"attributes": {"level": {"confirmable": "no"}}},
        {"attributes": {"level": {"if_match": True, "no_response": True}}},
    ],
)
async def test_layout_that_cannot_be(connect: Connect, layout: dict[str, Any]) -> None:
    async with udp_peer(polite) as peer:
        connection = await connect(peer.port)
        with pytest.raises(ModelError):
            await connection.attach(thing(connection, coap=layout))


def test_what_is_not_said_is_taken_from_the_endpoint() -> None:
    own = Delivery(confirmable=False, patience=20, block_size=64)
    assert ANY.over(own) == own
    said = Delivery(confirmable=True)
    assert said.over(own) == Delivery(confirmable=True, patience=20, block_size=64)


# In blocks


@pytest.mark.parametrize("size", [16, 64, 512])
async def test_blocks_are_as_large_as_was_chosen(endpoint: Endpoint, size: int) -> None:
    text = b"0123456789" * 100
    sizes: list[int] = []

    class Watched(Content):
        @override
        async def needs_blockwise_assembly(self, request: Message) -> bool:
            blocks = (request.opt.block1, request.opt.block2)
            sizes.extend(block.size for block in blocks if block is not None)
            return True

    async with bare_server(big=Watched()) as server:
        asking = await endpoint(server.port)
        chosen = Delivery(block_size=size)
        put = await asking.request(PUT, "big", payload=text, delivery=chosen)
        assert put.code == "2.04"
        assert (await asking.request(GET, "big", delivery=chosen)).payload == text
        assert set(sizes) == {size}
        assert len(sizes) >= 2 * len(text) // size


async def test_megabyte_both_ways(endpoint: Endpoint) -> None:
    async with bare_server(big=Content(content_format=42)) as server:
        asking = await endpoint(server.port)
        assert (await asking.request(PUT, "big", payload=MEGABYTE)).success
        assert (await asking.request(GET, "big")).payload == MEGABYTE


async def test_document_may_take_longer_than_a_message(endpoint: Endpoint) -> None:
    blocks = 30

    def behave(request: Message) -> Iterable[bytes]:
        number = request.opt.block2.block_number if request.opt.block2 else 0
        block = (number << 4 | (number < blocks - 1) << 3).to_bytes(2)
        reply = answer(request, b"x" * 16, options=[(23, block)])
        asyncio.get_running_loop().call_later(0.03, peer.send, reply)
        return ()

    async with udp_peer(behave) as peer:
        asking = await endpoint(peer.port)
        began = asyncio.get_running_loop().time()
        assert len((await asking.request(GET, "a")).payload) == 16 * blocks
        assert asyncio.get_running_loop().time() - began > 0.6  # of one message


async def test_document_without_end_has_one(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "MAX_DOCUMENT", 10_240)

    def endless(request: Message) -> Iterable[bytes]:
        number = request.opt.block2.block_number if request.opt.block2 else 0
        block = (number << 4 | 8 | 6).to_bytes(2)
        yield answer(request, b"x" * 1024, options=[(23, block)])

    async with udp_peer(endless) as peer:
        asking = await endpoint(peer.port)
        with pytest.raises(UnreachableError, match="longer than 10240 bytes"):
            await asking.request(GET, "a")
        assert len(peer.requests) == 21
        peer.behave = polite
        assert (await asking.request(GET, "a")).payload == b"fine"


# Echo (RFC 9175)


def careful(request: Message) -> Iterable[bytes]:
    """Answer who repeats what was said to him."""
    if request.opt.echo == b"knock":
        yield answer(request, b"welcome")
    else:
        yield answer(request, code=0x81, options=[(ECHO, b"knock")])


@pytest.mark.parametrize("method", [GET, POST, PUT])
async def test_endpoint_that_wants_to_know_that_we_are_there(
    endpoint: Endpoint, method: Method
) -> None:
    async with udp_peer(careful) as peer:
        response = await (await endpoint(peer.port)).request(method, "a", payload=b"1")
        assert response.payload == b"welcome"
        assert [one.payload for one in peer.requests] == [b"1", b"1"]


async def test_endpoint_that_is_never_content(endpoint: Endpoint) -> None:
    number = itertools.count()

    def behave(request: Message) -> Iterable[bytes]:
        yield answer(request, code=0x81, options=[(ECHO, bytes([next(number)]))])

    async with udp_peer(behave) as peer:
        response = await (await endpoint(peer.port)).request(POST, "a")
        assert response.code == "4.01"
        assert len(peer.requests) == 2


# No-Response (RFC 7967)


async def test_what_is_not_to_be_answered_is_not_waited_for(connect: Connect) -> None:
    async with udp_peer(polite) as peer:
        connection = await connect(peer.port)
        device = thing(
            connection,
            coap={
                "attributes": {"level": {"no_response": True, "read": False}},
                "actions": {"move": {"no_response": True}},
            },
        )
        peer.behave = silent
        await device.set("level", 7)
        assert device.values["level"].certainty is Certainty.ASSUMED
        assert await device.call("move", {"x": 2}) is None
        await until(lambda: len(peer.received) == 3)
        sent = peer.received[1:]
        assert [(one.mtype, one.opt.no_response) for one in sent] == [(NON, 26)] * 2
        assert [one.payload for one in sent] == [b"7", b'{"x":2}']
        assert connection.trace(device)[-1]["outcome"] == "(no answer wanted)"


async def test_what_cannot_be_sent_is_said(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        asking = await endpoint(peer.port)
        await asking.close()
        with pytest.raises(UnreachableError, match="closed"):
            await asking.tell(Request(method=PUT, path="a"))
        await asking.open()
        with pytest.raises(UnreachableError, match="too long"):
            await asking.tell(Request(method=PUT, path="a", payload=b"x" * 1025))
        assert not peer.received


# Templates


@pytest.mark.parametrize(
    ("path", "expected", "payload"),
    [
        ("set?level={level}", (("set",), ("level=7",)), b""),
        ("set/{level}", (("set", "7"), ()), b""),
        ("set?l={level}&m={label}&n=1", (("set",), ("l=7", "n=1")), b""),
        ("set?m={label}", (("set",), ()), b"7"),
        ("set/{other}", (("set", "{other}"), ()), b"7"),
    ],
)
async def test_value_in_the_path_of_a_write(
    connect: Connect, path: str, expected: Any, payload: bytes
) -> None:
    async with udp_peer(polite) as peer:
        connection = await connect(peer.port)
        layout = {"level": {"write": path, "write_method": "POST"}}
        await thing(connection, coap={"attributes": layout}).set("level", 7)
        sent = peer.requests[-1]
        assert (sent.opt.uri_path, sent.opt.uri_query) == expected
        assert sent.payload == payload
        assert (sent.opt.content_format is None) is not payload


async def test_argument_in_the_query_of_a_call(connect: Connect) -> None:
    async with bare_server(move=Content()) as server:
        device = thing(
            await connect(server.port), coap={"actions": {"move": "move?to={x}%25"}}
        )
        await device.call("move", {"x": 2.5})
        (sent,) = server.resources["move",].requests
        assert sent.opt.uri_query == ("to=2.5%",)
        assert sent.payload == b""


# If-Match


class Guarded(Content):
    """A resource that takes what is meant for what it holds."""

    @override
    async def render_put(self, request: Message) -> Message:
        if request.opt.if_match != (self.version.to_bytes(2),):
            self.requests.append(request)
            return Message(code=Code.PRECONDITION_FAILED)
        return await super().render_put(request)


def guarded() -> Guarded:
    return Guarded(json.dumps(STATE["night"]).encode(), tagged=True)


async def test_write_is_for_what_was_read(connect: Connect) -> None:
    async with bare_server(night=(night := guarded())) as server:
        device = thing(
            connection := await connect(server.port),
            coap={"state": False, "attributes": {"night": {"if_match": True}}},
        )
        await connection.read(device, {"night.hour"})
        night.change(json.dumps({**STATE["night"], "dim": 0.9}).encode())
        await device.set("night.hour", 5)
        # What somebody else has changed meanwhile is not undone.
        assert json.loads(night.payload) == {"hour": 5, "dim": 0.9}
        assert len(night.asked(Code.PUT)) == 2
        await device.set("night.hour", 6)
        assert json.loads(night.payload)["hour"] == 6


async def test_write_that_is_always_late_is_refused(connect: Connect) -> None:
    class Restless(Guarded):
        @override
        async def render_put(self, request: Message) -> Message:
            self.version += 1
            return await super().render_put(request)

    night = Restless(json.dumps(STATE["night"]).encode(), tagged=True)
    async with bare_server(night=night) as server:
        device = thing(
            await connect(server.port),
            coap={"state": False, "attributes": {"night": {"if_match": True}}},
        )
        with pytest.raises(RejectedError, match=r"4\.12"):
            await device.set("night.hour", 5)
        assert len(night.asked(Code.PUT)) == 3


async def test_resource_without_etag_is_written_as_usual(connect: Connect) -> None:
    async with bare_server(level=(level := Content(b"3"))) as server:
        device = thing(
            await connect(server.port),
            coap={"state": False, "attributes": {"level": {"if_match": True}}},
        )
        await device.set("level", 5)
        assert level.payload == b"5"
        assert level.asked(Code.PUT)[0].opt.if_match == ()


# The newest wins


class Slow(Content):
    """A resource that takes its time."""

    @override
    async def render_put(self, request: Message) -> Message:
        await asyncio.sleep(0.05)
        return await super().render_put(request)


async def test_newest_of_the_values_that_wait_is_written(connect: Connect) -> None:
    async with bare_server(level=(level := Slow(b"3")), label=Content()) as server:
        device = thing(await connect(server.port))
        async with asyncio.TaskGroup() as tasks:
            for number in range(20):
                tasks.create_task(device.set("level", number))
                if not number:
                    await asyncio.sleep(0.01)  # it is under way
            tasks.create_task(device.set("label", "x"))
        assert [one.payload for one in level.asked(Code.PUT)] == [b"0", b"19"]
        assert len(server.resources["label",].asked(Code.PUT)) == 1
        assert shown(device) == {"level": 19, "label": "x"}


async def test_order_of_what_belongs_together_is_kept(connect: Connect) -> None:
    shared = Slow(json.dumps(STATE).encode())
    async with bare_server(state=shared, level=(level := Slow(b"3"))) as server:
        device = thing(await connect(server.port), coap={"state": {"writable": True}})

        async def both() -> None:
            device.update()
            for name, value in {"level": 5, "label": "b"}.items():
                await device.set(name, value)
            await device.finish()

        await asyncio.gather(
            device.set("level", 1),
            device.set("level", 2),
            both(),
            device.set("level", 3),
        )
        assert [one.payload for one in level.asked(Code.PUT)] == [b"2", b"3"]
        assert shown(device)["level"] == 3


async def test_write_that_nobody_waits_for_is_given_up(connect: Connect) -> None:
    async with bare_server(level=(level := Slow(b"3"))) as server:
        device = thing(await connect(server.port))
        first = asyncio.create_task(device.set("level", 0))
        await asyncio.sleep(0.01)
        second, third = (
            asyncio.create_task(device.set("level", number)) for number in (1, 2)
        )
        await asyncio.sleep(0.01)
        third.cancel()
        await first
        await second  # it was replaced, and its place is still there
        assert [one.payload for one in level.asked(Code.PUT)] == [b"0", b"2"]
        alone = asyncio.create_task(device.set("level", 8))
        await asyncio.sleep(0.01)
        late = asyncio.create_task(device.set("level", 9))
        await asyncio.sleep(0.01)
        late.cancel()
        await alone
        await asyncio.sleep(0.1)
        assert level.payload == b"8"


# Not so often


async def test_busy_resource_is_left_alone(connect: Connect) -> None:
    shared = state(tagged=True)
    async with bare_server(state=shared) as server:
        connection = await connect(server.port)
        device = thing(connection)
        await connection.read(device, FLAT.keys())
        asked = len(shared.requests)
        shared.failure, shared.wait = Code.TOO_MANY_REQUESTS, 40
        for _ in range(3):
            hint = await connection.read(device, FLAT.keys())
            assert hint is not None
            assert 35 < hint <= 40
        assert len(shared.requests) == asked + 1
        assert shown(device) == FLAT  # it did not say that anything has changed
        assert device.online


async def test_hosts_are_looked_up_each_time(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH", 0)
    async with udp_peer(polite) as before, udp_peer(polite) as after:
        loop = asyncio.get_running_loop()
        original = loop.getaddrinfo
        there = before.port

        async def lookup(host: str, port: Any, **more: Any) -> Any:
            if host == "lamp.local":
                host, port = "127.0.0.1", there
            return await original(host, port, **more)

        monkeypatch.setattr(loop, "getaddrinfo", lookup)
        asking = await endpoint(5683, "lamp.local")
        await asking.request(GET, "a")
        before.behave = silent
        there = after.port
        await asking.request(GET, "a")
        assert (len(before.requests), len(after.requests)) == (1, 1)


def link_local() -> str | None:
    """Return an address of this machine that needs a zone, with it."""
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        address, _, _, scope, _, name = line.split()
        if scope == "20":
            spelled = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address))
            return f"{spelled}%{name}"
    return None


async def test_link_local_address_with_its_zone() -> None:
    host = link_local()
    if host is None:
        pytest.skip("this machine has no link-local address")
    async with udp_peer(polite, host) as peer:
        there = CoapEndpoint(host, peer.port)
        await there.open()
        try:
            assert there.address == f"coap://[{host}]:{peer.port}"
            assert (await there.request(GET, "a")).payload == b"fine"
        finally:
            await there.close()


# One at a time


@pytest.mark.parametrize("confirmable", [True, False])
async def test_one_message_is_under_way_to_an_endpoint_whoever_asks(
    endpoint: Endpoint, confirmable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is sent again, however slow the machine is.
    monkeypatch.setattr(ConfirmableTuning, "ACK_TIMEOUT", 5.0)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 20.0)
    monkeypatch.setattr(attempt, "NON_CONFIRMABLE_TIMEOUTS", (5.0,))
    waiting: list[Message] = []
    most = 0

    def behave(request: Message) -> Iterable[bytes]:
        nonlocal most
        if request.mid not in {one.mid for one in waiting}:
            waiting.append(request)
            most = max(most, len(waiting))

            def reply() -> None:
                waiting.remove(request)
                peer.send(answer(request, b"fine", kind=ACK if confirmable else NON))

            asyncio.get_running_loop().call_later(0.01, reply)
        return ()

    async with udp_peer(behave) as peer:
        users = [await endpoint(peer.port, confirmable=confirmable) for _ in range(3)]
        answers = await asyncio.gather(
            *(user.request(GET, f"{number}") for number in range(4) for user in users)
        )
        assert [one.payload for one in answers] == [b"fine"] * 12
        assert most == 1


async def test_requests_of_both_kinds_wait_for_each_other(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        one = await endpoint(peer.port, confirmable=False)
        other = await endpoint(peer.port)
        first = asyncio.create_task(one.request(GET, "a"))
        await until(lambda: peer.received)
        second = asyncio.create_task(other.request(GET, "b"))
        await asyncio.sleep(0.02)
        assert len(peer.received) == 1
        peer.behave = polite
        peer.send(answer(peer.received[0], b"fine", kind=NON))
        await asyncio.gather(first, second)
        assert [message.opt.uri_path for message in peer.requests] == [("a",), ("b",)]


async def test_request_that_got_lost_holds_up_others_for_a_moment(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "OUTSTANDING", 0.05)
    monkeypatch.setattr(attempt, "NON_CONFIRMABLE_TIMEOUTS", (0.5,))
    async with udp_peer(silent) as peer:
        one = await endpoint(peer.port, confirmable=False)
        other = await endpoint(peer.port)
        first = asyncio.create_task(one.request(GET, "a"))
        await until(lambda: peer.received)
        peer.behave = polite
        began, own = time.monotonic(), own_time()
        await other.request(GET, "b")
        assert time.monotonic() - began > 0.03
        assert own_time() - own < 0.2
        peer.send(answer(peer.received[0], b"late", kind=NON))
        assert (await first).payload == b"late"


def sending_fails(
    monkeypatch: pytest.MonkeyPatch, user: CoapEndpoint, *numbers: int
) -> None:
    """Have the system refuse these datagrams, as while an interface goes down."""
    interface = exchanges_of(user).message_interface
    transport = interface.transport
    count = itertools.count(1)
    send = transport.sendmsg

    def sendmsg(*args: Any) -> None:
        if next(count) in numbers:
            refused = OSError(errno.ENETUNREACH, "Network is unreachable")
            interface.error_received(refused)
        else:
            send(*args)

    monkeypatch.setattr(transport, "sendmsg", sendmsg)


async def test_repetition_that_cannot_be_sent_ends_the_request(
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with unharmed(caplog), udp_peer(silent) as peer:
        user = await endpoint(peer.port)
        sending_fails(monkeypatch, user, 2)
        with pytest.raises(UnreachableError, match="unreachable"):
            await user.request(POST, "a")
        layer = exchanges_of(user)
        assert not layer._active_exchanges
        assert not layer._backlogs
        peer.behave = polite
        for _ in range(2):
            assert (await user.request(GET, "b")).payload == b"fine"
        await asyncio.sleep(0.3)  # in which it would be repeated
        assert [one.opt.uri_path for one in peer.received] == [("a",), ("b",), ("b",)]


@pytest.mark.parametrize("confirmable", [True, False])
@pytest.mark.parametrize("called_off", [True, False])
async def test_request_in_turn_that_cannot_be_sent_fails(
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    confirmable: bool,
    called_off: bool,
) -> None:
    async with unharmed(caplog), udp_peer(silent) as peer:
        users = [await endpoint(peer.port, confirmable=confirmable) for _ in range(3)]
        sending_fails(monkeypatch, users[0], 2)
        first, *others = [
            asyncio.create_task(user.request(POST, "a")) for user in users
        ]
        await until(lambda: peer.received)
        if called_off:
            first.cancel()
        else:
            kind = ACK if confirmable else NON
            peer.send(answer(peer.received[0], b"fine", kind=kind))
        for one in others:
            with pytest.raises(UnreachableError, match="unreachable"):
                await one
        assert not exchanges_of(users[0])._backlogs
        peer.behave = polite
        assert (await users[0].request(GET, "b")).payload == b"fine"
        assert len(peer.received) == 2


async def test_error_that_comes_while_all_ends(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    async with unharmed(caplog, lines=0), udp_peer(silent) as peer:
        user = await endpoint(peer.port)
        asking = asyncio.create_task(user.request(GET, "a"))
        await until(lambda: peer.received)
        layer = exchanges_of(user)
        ((remote, _),) = layer._active_exchanges
        closing = asyncio.create_task(user.close())
        while layer._active_exchanges is not None:  # noqa: ASYNC110  (it has no event)
            await asyncio.sleep(0)
        layer.message_interface._remote_being_sent_to.set(remote)
        layer.message_interface.error_received(OSError(errno.ENETUNREACH, "gone"))
        await closing
        with pytest.raises(UnreachableError):
            await asking


async def test_reset_ends_a_request_that_is_not_confirmable(endpoint: Endpoint) -> None:
    async with udp_peer(reset) as peer:
        with pytest.raises(UnreachableError, match="reset"):
            await (await endpoint(peer.port, confirmable=False)).request(GET, "a")
