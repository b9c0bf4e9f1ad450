"""Requests to a CoAP endpoint: what is sent, and what becomes of what is given up."""

import asyncio
from collections.abc import Callable, Iterable

from aiocoap import Code, Message
import pytest

from custom_components.device_models.iot.connections.coap import CoapEndpoint
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
    split_path,
)
from custom_components.device_models.iot.errors import UnreachableError

from .coap_server import Content, bare_server
from .conftest import Endpoint
from .things import nothing_left, until
from .udp_peer import (
    CONTENT,
    NON,
    Answer,
    answer,
    polite,
    silent,
    udp_peer,
)

GET, POST, PUT = Method.GET, Method.POST, Method.PUT


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
    ("path", "sent"),
    [("a/", ("a", "")), ("/a/b/?c=1", ("a", "b", "")), ("a?b/", ("a",)), ("/", ())],
)
async def test_a_slash_at_the_end_is_sent(
    endpoint: Endpoint, path: str, sent: tuple[str, ...]
) -> None:
    async with udp_peer(polite) as peer:
        await (await endpoint(peer.port)).request(GET, path)
        assert peer.requests[0].opt.uri_path == sent


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
