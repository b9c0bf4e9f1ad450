"""Endpoints that are dead, slow or hostile."""

import asyncio
from collections.abc import Iterable

from aiocoap import Message
import pytest

from custom_components.device_models.iot.connections.coap.request import (
    Method,
)
from custom_components.device_models.iot.errors import UnreachableError

from .clock import own_time
from .conftest import Endpoint
from .things import exchanges_of, free_port, until
from .udp_peer import (
    ACK,
    CON,
    NON,
    RST,
    Answer,
    acknowledged_only,
    answer,
    datagram,
    garbage,
    once,
    polite,
    reset,
    silent,
    udp_peer,
    wrong_token,
)

GET, POST = Method.GET, Method.POST


# A dead endpoint


async def test_silent_endpoint_costs_a_moment_and_three_datagrams(
    endpoint: Endpoint,
) -> None:
    async with udp_peer(silent) as peer:
        dead = await endpoint(peer.port)
        began = own_time()
        with pytest.raises(UnreachableError, match="no answer"):
            await dead.request(GET, "a")
        assert own_time() - began < 1
        assert len(peer.received) == 3
        assert len({message.mid for message in peer.received}) == 1
        peer.behave = polite
        assert (await dead.request(GET, "a")).payload == b"fine"


async def test_silent_endpoint_holds_up_nobody_else(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer, udp_peer(polite) as other:
        dead, alive = await endpoint(peer.port), await endpoint(other.port)
        assert dead._access is not None
        assert alive._access is not None
        assert await dead._access.context() is await alive._access.context()
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
        began = own_time()
        answers = await asyncio.gather(
            *(dead.request(GET, str(number)) for number in range(8)),
            return_exceptions=True,
        )
        assert own_time() - began < 1
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
    began = own_time()
    with pytest.raises(UnreachableError, match=r"Connection refused$"):
        await nobody.request(GET, "a")
    assert own_time() - began < 0.3


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


async def test_reset_is_a_refusal(endpoint: Endpoint) -> None:
    async with udp_peer(once(reset)) as peer:
        hostile = await endpoint(peer.port)
        began = own_time()
        with pytest.raises(UnreachableError, match="refused with a reset"):
            await hostile.request(GET, "a")
        assert own_time() - began < 0.3
        assert (await hostile.request(GET, "a")).success


@pytest.mark.parametrize("behave", [wrong_token, acknowledged_only, garbage])
async def test_what_is_no_answer_is_not_waited_for_for_ever(
    endpoint: Endpoint, behave: Answer
) -> None:
    async with udp_peer(once(behave)) as peer:
        hostile = await endpoint(peer.port)
        began = own_time()
        with pytest.raises(UnreachableError, match="no answer"):
            await hostile.request(GET, "a")
        assert own_time() - began < 1
        assert (await hostile.request(GET, "a")).payload == b"fine"


async def test_garbage_before_the_answer_is_skipped(endpoint: Endpoint) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        yield from garbage(request)
        yield from polite(request)

    async with udp_peer(behave) as peer:
        assert (await (await endpoint(peer.port)).request(GET, "a")).payload == b"fine"


async def test_answer_under_another_message_id_is_one(endpoint: Endpoint) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        yield answer(request, b"odd", message_id=request.mid ^ 0x5555)

    async with udp_peer(behave) as peer:
        hostile = await endpoint(peer.port)
        began = own_time()
        for _ in range(10):
            assert (await hostile.request(GET, "a")).payload == b"odd"
        assert own_time() - began < 1
        await asyncio.sleep(0.15)
        assert len(peer.received) == 10  # what was answered is not sent again


async def test_request_that_is_given_up_is_not_sent_again(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        asking = await endpoint(peer.port)
        given_up = asyncio.create_task(asking.request(GET, "a"))
        await until(lambda: peer.received)
        given_up.cancel()
        peer.behave = polite
        began = own_time()
        assert (await asking.request(GET, "b")).payload == b"fine"
        assert own_time() - began < 0.2
        await asyncio.sleep(0.15)
        assert [one.opt.uri_path for one in peer.received] == [("a",), ("b",)]


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


async def test_answer_that_comes_again_is_acknowledged_again(
    endpoint: Endpoint,
) -> None:
    """Its first acknowledgement may have got lost (RFC 7252 §4.2)."""
    async with udp_peer(acknowledged_only) as peer:
        waiting = asyncio.create_task((await endpoint(peer.port)).request(GET, "a"))
        await until(lambda: peer.received)
        late = answer(peer.received[0], b"late", kind=CON, message_id=77)
        peer.send(late, late, late)
        assert (await waiting).payload == b"late"
        peer.send(late)
        await until(lambda: len(peer.received) == 5)
        assert {(one.mtype, one.mid) for one in peer.received[1:]} == {(ACK, 77)}
        # Another one under the same number was not expected.
        peer.send(answer(peer.received[0], b"later", kind=CON, message_id=77))
        await until(lambda: len(peer.received) == 6)
        assert (peer.received[-1].mtype, peer.received[-1].mid) == (RST, 77)


async def test_datagram_that_was_cut_is_not_taken_for_the_whole(
    endpoint: Endpoint,
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        yield answer(request, b"x" * (8000 if request.opt.uri_path == ("a",) else 4000))

    async with udp_peer(behave) as peer:
        asking = await endpoint(peer.port)
        with pytest.raises(UnreachableError, match="no answer"):
            await asking.request(GET, "a")
        assert len((await asking.request(GET, "b")).payload) == 4000


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
            yield datagram(CON, 1, 4712, b"t")
            yield answer(request, b"fine")

    async with udp_peer(behave) as peer:
        asking = await endpoint(peer.port)
        assert (await asking.request(GET, "a")).payload == b"fine"
        await until(lambda: len(peer.received) == 2)
        assert (peer.received[1].mtype, peer.received[1].mid) == (RST, 4712)
        assert not exchanges_of(asking)._recent
