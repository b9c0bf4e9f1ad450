"""The one aiocoap context that all endpoints share."""

import asyncio
from contextlib import AsyncExitStack
import gc

from aiocoap import Message
import pytest

from custom_components.device_models.iot.connections.coap import CoapEndpoint, context
from custom_components.device_models.iot.connections.coap.request import (
    Method,
)
from custom_components.device_models.iot.connections.coap.udp import open_udp
from custom_components.device_models.iot.errors import UnreachableError

from .conftest import Endpoint
from .things import nothing_left
from .udp_peer import (
    polite,
    udp_peer,
)

GET = Method.GET


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

    async def slow_create() -> object:
        await asyncio.sleep(0.01)
        made.append(await open_udp())
        return made[-1]

    monkeypatch.setattr(context, "open_udp", slow_create)
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
            assert one._access is not None
            assert await one._access.context() in made
            await one.close()
        assert not context._BY_LOOP


async def test_context_that_cannot_be_made_is_tried_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([OSError("no network"), RuntimeError("odd"), None])

    async def failing_create() -> object:
        await asyncio.sleep(0)
        if (failure := next(failures)) is not None:
            raise failure
        return await open_udp()

    monkeypatch.setattr(context, "open_udp", failing_create)
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
            assert asking._access is not None
            shared = await asking._access.context()
            patched.setattr(shared, "find_remote_and_interface", broken)
            with pytest.raises(UnreachableError, match="has no attribute 'x'"):
                await asking.request(GET, "a")
        assert (await asking.request(GET, "a")).success


async def test_endpoint_that_is_not_there_disturbs_no_other(endpoint: Endpoint) -> None:
    """The system tells of a closed port whoever sends next, to whomever."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(udp_peer(polite)) for _ in range(10)]
        there = [await endpoint(peer.port) for peer in peers]
        gone = await endpoint(1)
        for _ in range(30):
            refused, *answers = await asyncio.gather(
                *(one.request(GET, "a") for one in (gone, *there)),
                return_exceptions=True,
            )
            assert isinstance(refused, UnreachableError)
            assert "refused" in str(refused)
            assert not [one for one in answers if isinstance(one, BaseException)]
        assert not sum(one.statistics.unanswered for one in there)


async def test_requests_leave_nothing_to_the_garbage_collector(
    endpoint: Endpoint,
) -> None:
    """It stops everything for as long as it takes to look through all there is."""
    async with udp_peer(polite) as peer:
        asking = await endpoint(peer.port)
        await asking.request(GET, "a")
        gc.collect()
        gc.disable()
        try:
            for _ in range(50):
                await asking.request(GET, "a")
            assert gc.collect() < 50  # not even one object for each
        finally:
            gc.enable()
