"""Requests to one CoAP endpoint, and to what only looks like one."""

import asyncio
from collections.abc import Callable, Iterable
import time

import aiocoap
from aiocoap import Code, Message
import pytest

from custom_components.device_models.iot.connections.coap import CoapEndpoint, context
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
    split_path,
)
from custom_components.device_models.iot.errors import UnreachableError

from .coap_server import Content, bare_server
from .conftest import Endpoint
from .things import free_port, nothing_left, until
from .udp_peer import (
    ACK,
    CON,
    CONTENT,
    EMPTY,
    NON,
    RST,
    Answer,
    answer,
    datagram,
    polite,
    silent,
    udp_peer,
)

GET, POST, PUT = Method.GET, Method.POST, Method.PUT


def once(first: Answer) -> Answer:
    """Behave badly to the first request, however often it is sent, and well then."""
    known: list[int] = []

    def behave(request: Message) -> Iterable[bytes]:
        known.append(request.mid)
        return (first if request.mid == known[0] else polite)(request)

    return behave


# A dead endpoint


async def test_silent_endpoint_costs_a_moment_and_three_datagrams(
    endpoint: Endpoint,
) -> None:
    async with udp_peer(silent) as peer:
        dead = await endpoint(peer.port)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="no answer"):
            await dead.request(GET, "a")
        assert time.monotonic() - began < 1
        assert len(peer.received) == 3
        assert len({message.mid for message in peer.received}) == 1
        peer.behave = polite
        assert (await dead.request(GET, "a")).payload == b"fine"


async def test_silent_endpoint_holds_up_nobody_else(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer, udp_peer(polite) as other:
        dead, alive = await endpoint(peer.port), await endpoint(other.port)
        assert dead._context is alive._context
        waiting = asyncio.create_task(dead.request(GET, "a"))
        await until(lambda: peer.received)
        for _ in range(20):
            assert (await alive.request(GET, "a")).success
        assert not waiting.done()
        with pytest.raises(UnreachableError):
            await waiting


async def test_all_who_wait_for_a_dead_endpoint_wait_once(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        dead = await endpoint(peer.port)
        began = time.monotonic()
        answers = await asyncio.gather(
            *(dead.request(GET, str(number)) for number in range(8)),
            return_exceptions=True,
        )
        assert time.monotonic() - began < 1
        assert all(isinstance(one, UnreachableError) for one in answers)
        assert {message.opt.uri_path for message in peer.received} == {("0",)}


@pytest.mark.parametrize("confirmable", [True, False])
async def test_one_slow_resource_does_not_starve_the_others(
    endpoint: Endpoint, confirmable: bool
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.opt.uri_path == ("slow",):
            return acknowledged_only(request) if confirmable else silent(request)
        return polite(request)

    async with udp_peer(behave) as peer:
        alive = await endpoint(peer.port, confirmable=confirmable)
        slow, *quick = await asyncio.gather(
            *(alive.request(GET, path) for path in ("slow", "a", "b", "c")),
            return_exceptions=True,
        )
        assert isinstance(slow, UnreachableError)
        assert [one for one in quick if isinstance(one, Exception)] == []


async def test_dead_endpoint_without_confirmations_is_given_up_soon(
    endpoint: Endpoint,
) -> None:
    async with udp_peer(silent) as peer:
        dead = await endpoint(peer.port, confirmable=False)
        await asyncio.gather(
            *(dead.request(GET, str(number)) for number in range(8)),
            return_exceptions=True,
        )
        assert {one.opt.uri_path for one in peer.received} == {("0",), ("1",)}


async def test_closed_port_is_known_at_once(endpoint: Endpoint) -> None:
    import socket

    nobody = await endpoint(free_port(socket.SOCK_DGRAM))
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"Connection refused$"):
        await nobody.request(GET, "a")
    assert time.monotonic() - began < 0.3


@pytest.mark.parametrize(
    "host", ["no-such-host.invalid", "", "user@host", "a" * 64 + ".test", "[::1", "a b"]
)
async def test_host_that_is_none(endpoint: Endpoint, host: str) -> None:
    with pytest.raises(UnreachableError):
        await (await endpoint(5683, host)).request(GET, "a")


async def test_port_that_is_none(endpoint: Endpoint) -> None:
    with pytest.raises(UnreachableError, match="Port must be numeric"):
        await (await endpoint(70_000)).request(GET, "a")


# Hostile endpoints


def reset(request: Message) -> Iterable[bytes]:
    yield datagram(RST, EMPTY, request.mid)


def wrong_token(request: Message) -> Iterable[bytes]:
    yield answer(request, b"not yours", token=b"\x00wrong")


def acknowledged_only(request: Message) -> Iterable[bytes]:
    if request.code.is_request():
        yield datagram(ACK, EMPTY, request.mid)


def garbage(_request: Message) -> Iterable[bytes]:
    yield from (
        b"",
        b"\x40",
        b"\xff" * 1400,
        b"\x80\x45\x00\x00",
        b"\x49\x45\0\0" + b"x" * 9,
    )


async def test_reset_is_a_refusal(endpoint: Endpoint) -> None:
    async with udp_peer(once(reset)) as peer:
        hostile = await endpoint(peer.port)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="refused with a reset"):
            await hostile.request(GET, "a")
        assert time.monotonic() - began < 0.3
        assert (await hostile.request(GET, "a")).success


@pytest.mark.parametrize("behave", [wrong_token, acknowledged_only, garbage])
async def test_what_is_no_answer_is_not_waited_for_for_ever(
    endpoint: Endpoint, behave: Answer
) -> None:
    async with udp_peer(once(behave)) as peer:
        hostile = await endpoint(peer.port)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="no answer"):
            await hostile.request(GET, "a")
        assert time.monotonic() - began < 1
        assert (await hostile.request(GET, "a")).payload == b"fine"


async def test_garbage_before_the_answer_is_skipped(endpoint: Endpoint) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        yield from garbage(request)
        yield from polite(request)

    async with udp_peer(behave) as peer:
        assert (await (await endpoint(peer.port)).request(GET, "a")).payload == b"fine"


async def test_answer_under_another_message_id_harms_only_its_sender(
    endpoint: Endpoint,
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        yield answer(request, b"odd", message_id=request.mid ^ 0x5555)

    async with udp_peer(behave) as peer, udp_peer(polite) as other:
        hostile, proper = await endpoint(peer.port), await endpoint(other.port)
        assert (await hostile.request(GET, "a")).payload == b"odd"
        # Now aiocoap repeats what was answered, and holds the next request back.
        waiting = asyncio.create_task(hostile.request(GET, "a"))
        assert (await proper.request(GET, "a")).success
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            await waiting
        assert time.monotonic() - began < 1
        await asyncio.sleep(0.1)
        assert (await hostile.request(GET, "a")).payload == b"odd"


async def test_first_answer_of_several_counts(endpoint: Endpoint) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        for number in range(3):
            yield answer(request, b"%d" % number)

    async with udp_peer(behave) as peer:
        hostile = await endpoint(peer.port)
        assert (await hostile.request(GET, "a")).payload == b"0"
        assert (await hostile.request(GET, "b")).payload == b"0"


async def test_answer_that_comes_late_and_apart(endpoint: Endpoint) -> None:
    async with udp_peer(acknowledged_only) as peer:
        waiting = asyncio.create_task((await endpoint(peer.port)).request(GET, "a"))
        await until(lambda: peer.received)
        await asyncio.sleep(0.3)
        peer.send(answer(peer.received[0], b"late", kind=CON, message_id=77))
        assert (await waiting).payload == b"late"
        await until(lambda: peer.received[-1].mid == 77)  # which acknowledges it


async def test_giant_datagram_is_cut_but_harmless(endpoint: Endpoint) -> None:
    async with udp_peer(lambda request: [answer(request, b"x" * 8000)]) as peer:
        response = await (await endpoint(peer.port)).request(GET, "a")
        assert 4000 < len(response.payload) < 4096


async def test_unknown_codes_and_options_are_passed_on(endpoint: Endpoint) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        yield answer(
            request, b"what?", code=0xBF, options=[(9, b"critical"), (14, b"\x07")]
        )

    async with udp_peer(behave) as peer:
        response = await (await endpoint(peer.port)).request(GET, "a")
    assert (response.code, response.passing, response.success) == ("5.31", True, False)
    assert response.max_age == 7
    assert response.answer == "5.31 what?"


async def test_requests_of_the_peer_are_none_of_our_business(
    endpoint: Endpoint,
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.code.is_request():
            yield datagram(NON, 1, 4711, b"t")
            yield answer(request, b"fine")

    async with udp_peer(behave) as peer:
        asking = await endpoint(peer.port)
        assert (await asking.request(GET, "a")).payload == b"fine"
        await until(lambda: any(one.code == Code.NOT_FOUND for one in peer.received))
    for shared in context._BY_LOOP.values():
        # aiocoap remembers the request for four minutes.
        shared.context.request_interfaces[0].token_interface._recent_messages.clear()
    for timer in list(asyncio.get_running_loop()._scheduled):  # type: ignore[attr-defined]
        if "pop" in repr(timer):
            timer.cancel()


# Cancelling


async def test_cancelled_request_lets_the_next_one_go(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        slow = await endpoint(peer.port)
        first = asyncio.create_task(slow.request(GET, "a"))
        second = asyncio.create_task(slow.request(GET, "b"))
        third = asyncio.create_task(slow.request(GET, "c"))
        await until(lambda: peer.received)
        second.cancel()
        first.cancel()
        peer.behave = polite
        assert (await third).payload == b"fine"
        assert first.cancelled()
        assert second.cancelled()
        paths = {one.opt.uri_path for one in peer.requests}
        assert paths == {("a",), ("c",)}


@pytest.mark.parametrize("passes", [*range(12), 100])
async def test_request_cancelled_at_any_moment_leaves_nothing(passes: int) -> None:
    async with udp_peer(silent) as peer, nothing_left():
        slow = CoapEndpoint("127.0.0.1", peer.port)
        await slow.open()
        asking = asyncio.create_task(slow.request(GET, "a"))
        for _ in range(passes):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await slow.close()


async def test_request_that_waits_when_the_endpoint_is_closed() -> None:
    async with udp_peer(silent) as peer, nothing_left():
        slow = CoapEndpoint("127.0.0.1", peer.port)
        await slow.open()
        asking = asyncio.create_task(slow.request(GET, "a"))
        await until(lambda: peer.received)
        await slow.close()
        with pytest.raises(UnreachableError, match="closed"):
            await asking


# What is sent


async def test_non_confirmable_request_is_repeated(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        asking = asyncio.create_task(
            (await endpoint(peer.port, confirmable=False)).request(
                PUT, "a", payload=b"1"
            )
        )
        await until(lambda: len(peer.received) == 2)
        peer.behave = lambda request: [answer(request, kind=NON, message_id=5)]
        await asking
        assert {one.mtype for one in peer.received} == {NON}
        assert len({one.mid for one in peer.received}) == 3


async def test_non_confirmable_request_gives_up(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        asking = await endpoint(peer.port, confirmable=False)
        with pytest.raises(UnreachableError, match="no answer"):
            await asking.request(GET, "a")
        assert len(peer.received) == 3


@pytest.mark.parametrize("confirmable", [True, False])
async def test_post_is_never_repeated(endpoint: Endpoint, confirmable: bool) -> None:
    async with udp_peer(silent) as peer:
        asking = await endpoint(peer.port, confirmable=confirmable)
        with pytest.raises(UnreachableError, match="no answer"):
            await asking.request(POST, "a")
        assert len({one.mid for one in peer.received}) == 1


async def test_names_are_sent_and_addresses_are_not(endpoint: Endpoint) -> None:
    async with udp_peer(polite) as peer:
        await (await endpoint(peer.port, "localhost")).request(GET, "a")
        await (await endpoint(peer.port)).request(GET, "a")
        assert [one.opt.uri_host for one in peer.requests] == ["localhost", None]


async def test_options(endpoint: Endpoint) -> None:
    async with udp_peer(polite) as peer:
        await (await endpoint(peer.port)).request(
            PUT,
            "a%20b//\N{GREEK SMALL LETTER PI}/100%25/c%2Fd?x=1&y=%26",
            payload=b"21",
            content_format=0,
            accept=60,
            etag=b"\x01",
        )
        sent = peer.requests[0].opt
        assert sent.uri_path == ("a b", "\N{GREEK SMALL LETTER PI}", "100%", "c/d")
        assert sent.uri_query == ("x=1", "y=&")
        assert (int(sent.content_format), int(sent.accept)) == (0, 60)
        assert sent.etags == (b"\x01",)
        assert sent.uri_port is None


@pytest.mark.parametrize(
    "path", ["a/../b", "./a", "x" * 256, "a?" + "y" * 256, "%ff", "\ud800"]
)
async def test_path_that_cannot_be_sent(endpoint: Endpoint, path: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        split_path(path)
    async with udp_peer(polite) as peer:
        with pytest.raises(UnreachableError):
            await (await endpoint(peer.port)).request(GET, path)
        assert not peer.received


async def test_document_in_blocks_both_ways(endpoint: Endpoint) -> None:
    text = b"0123456789" * 700
    async with bare_server(big=Content(b"")) as server:
        asking = await endpoint(server.port)
        assert (await asking.request(PUT, "big", payload=text)).code == "2.04"
        assert (await asking.request(GET, "big")).payload == text


def in_blocks(etag: Callable[[int], bytes]) -> Answer:
    """Answer in three blocks of 16 bytes, with an ETag by the request's number."""
    served = 0

    def behave(request: Message) -> Iterable[bytes]:
        nonlocal served
        block = request.opt.block2
        number = block.block_number if block else 0
        more = number < 2
        served += 1
        yield answer(
            request,
            b"%d" % number * 16,
            options=[(4, etag(served)), (23, bytes([number << 4 | more << 3]))],
        )

    return behave


async def test_document_that_changes_meanwhile_is_begun_again(
    endpoint: Endpoint,
) -> None:
    behave = in_blocks(lambda served: b"a" if served < 3 else b"b")
    async with udp_peer(behave) as peer:
        response = await (await endpoint(peer.port)).request(GET, "a")
        assert response.payload == b"0" * 16 + b"1" * 16 + b"2" * 16
        assert len(peer.requests) == 6


async def test_document_that_changes_all_the_time_has_an_end(
    endpoint: Endpoint,
) -> None:
    async with udp_peer(in_blocks(lambda served: bytes([served]))) as peer:
        asking = await endpoint(peer.port)
        with pytest.raises(UnreachableError, match="ResourceChanged"):
            await asking.request(GET, "a")
        assert len(peer.requests) == 6
        with pytest.raises(UnreachableError, match="ResourceChanged"):
            await asking.request(POST, "a")
        assert len(peer.requests) == 8


async def test_endpoint_on_ipv6(endpoint: Endpoint) -> None:
    async with udp_peer(lambda request: [answer(request, b"six")], "::1") as peer:
        six = await endpoint(peer.port, "::1")
        assert six.address == f"coap://[::1]:{peer.port}"
        assert (await six.request(GET, "a")).payload == b"six"


# The shared context


async def test_endpoint_that_is_not_open_says_so() -> None:
    closed = CoapEndpoint("127.0.0.1", 1)
    with pytest.raises(UnreachableError, match="closed"):
        await closed.request(GET, "a")


async def test_opening_and_closing_twice_is_harmless() -> None:
    async with nothing_left():
        one, other = CoapEndpoint("127.0.0.1", 1), CoapEndpoint("127.0.0.1", 2)
        await one.open()
        await one.open()
        await other.open()
        assert len(context._BY_LOOP) == 1
        await one.close()
        await one.close()
        assert len(context._BY_LOOP) == 1
        await other.close()
        assert not context._BY_LOOP


async def test_context_is_made_once_however_many_want_it_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    create = aiocoap.Context.create_client_context

    async def slow_create(**options: object) -> object:
        await asyncio.sleep(0.01)
        made.append(await create(**options))
        return made[-1]

    monkeypatch.setattr(aiocoap.Context, "create_client_context", slow_create)
    async with nothing_left():
        endpoints = [CoapEndpoint("127.0.0.1", port) for port in range(1, 20)]
        await asyncio.gather(*(one.open() for one in endpoints))
        assert len(made) == 1
        await asyncio.gather(*(one.close() for one in endpoints))
        # Some come while others go.
        await asyncio.gather(*(one.open() for one in endpoints[:9]))
        await asyncio.gather(
            *(one.close() for one in endpoints[:9]),
            *(one.open() for one in endpoints[9:]),
        )
        for one in endpoints[9:]:
            assert one._context in made
            await one.close()
        assert not context._BY_LOOP


async def test_context_that_cannot_be_made_is_tried_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([OSError("no network"), RuntimeError("odd"), None])
    create = aiocoap.Context.create_client_context

    async def failing_create(**options: object) -> object:
        await asyncio.sleep(0)
        if (failure := next(failures)) is not None:
            raise failure
        return await create(**options)

    monkeypatch.setattr(aiocoap.Context, "create_client_context", failing_create)
    async with nothing_left():
        endpoints = [CoapEndpoint("127.0.0.1", port) for port in range(1, 5)]
        results = await asyncio.gather(
            *(one.open() for one in endpoints), return_exceptions=True
        )
        failed = [one for one in results if isinstance(one, UnreachableError)]
        assert [one.details["reason"] for one in failed] == ["no network", "odd"]
        for one in endpoints:
            await one.close()
        assert not context._BY_LOOP


@pytest.mark.parametrize("passes", range(8))
async def test_opening_cancelled_at_any_moment_leaves_nothing(passes: int) -> None:
    async with nothing_left():
        cancelled, other = CoapEndpoint("127.0.0.1", 1), CoapEndpoint("127.0.0.1", 2)
        opening = asyncio.create_task(cancelled.open())
        for _ in range(passes):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, other.open(), return_exceptions=True)
        await cancelled.close()
        await other.close()
        assert not context._BY_LOOP


async def test_failure_inside_the_library_is_an_unreachable_device(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_message: Message) -> None:
        raise AttributeError("'NoneType' object has no attribute 'x'")

    async with udp_peer(polite) as peer:
        asking = await endpoint(peer.port)
        with monkeypatch.context() as patched:
            patched.setattr(asking._context, "find_remote_and_interface", broken)
            with pytest.raises(UnreachableError, match="has no attribute 'x'"):
                await asking.request(GET, "a")
        assert (await asking.request(GET, "a")).success


# What is said of an answer


@pytest.mark.parametrize(
    ("code", "payload", "expected"),
    [
        ("4.04", b"", "4.04"),
        ("4.00", b"too large", "4.00 too large"),
        ("4.00", b"x" * 300, "4.00 " + "x" * 100),
        ("4.00", b"\x00\x01", "4.00"),
        ("2.04", b"done", "2.04"),
    ],
)
def test_answer_for_people(code: str, payload: bytes, expected: str) -> None:
    assert Response(code, payload).answer == expected


def test_content_code_of_the_hand_made_peer() -> None:
    assert Code(CONTENT).dotted == "2.05"
