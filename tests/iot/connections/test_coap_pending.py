"""Raw requests that nobody waits for, and observations of any resource."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from custom_components.device_models.iot.connections.coap import pending, watching
from custom_components.device_models.iot.connections.coap.client import CoapEndpoint
from custom_components.device_models.iot.connections.coap.pending import (
    Finished,
    Outcome,
    PendingRequests,
)
from custom_components.device_models.iot.connections.coap.raw import RawRequest
from custom_components.device_models.iot.connections.coap.uri import parse_uri
from custom_components.device_models.iot.connections.coap.watching import (
    Notification,
    Watches,
)
from custom_components.device_models.iot.errors import (
    NotOfferedError,
    TooManyError,
    UnknownIdError,
    UnreachableError,
)

from .coap_server import BareServer, Content, bare_server
from .things import free_port, nothing_left, until
from .udp_peer import UdpPeer, acknowledged_only, polite, reset, silent, udp_peer


def request_to(port: int, **more: Any) -> RawRequest:
    return RawRequest(target=parse_uri(f"coap://127.0.0.1:{port}/x?y"), **more)


@pytest.fixture
async def requests() -> AsyncGenerator[PendingRequests]:
    made = PendingRequests()
    yield made
    await made.end()


@pytest.fixture
async def sleeper() -> AsyncGenerator[UdpPeer]:
    """Run a peer that acknowledges, and never answers."""
    async with udp_peer(acknowledged_only) as peer:
        yield peer


@pytest.mark.parametrize(
    ("behave", "outcome", "error"),
    [
        (polite, Outcome.COMPLETE, None),
        (silent, Outcome.TIMEOUT, "no answer"),
        (reset, Outcome.FAILED, "reset"),
    ],
)
async def test_end_is_told(
    requests: PendingRequests, behave: Any, outcome: Outcome, error: str | None
) -> None:
    told: list[tuple[str, Finished]] = []
    async with udp_peer(behave) as peer:
        begun = requests.start(
            "me",
            request_to(peer.port, timeout=0.3),
            lambda one, end: told.append((one.id, end)),
        )
        await until(lambda: told)
    ((request_id, end),) = told
    assert request_id == begun.id
    assert end.outcome is outcome
    if error is None:
        assert end.response is not None
        assert end.response.payload == b"fine"
    else:
        assert error in str(end.error)
    assert requests.listed() == []


async def test_what_is_under_way_is_listed_and_cancelled(
    requests: PendingRequests, sleeper: UdpPeer
) -> None:
    told: list[Outcome] = []
    async with nothing_left(timers=False):
        begun = requests.start(
            "me",
            request_to(sleeper.port, method=2),
            lambda _, end: told.append(end.outcome),
        )
        await until(lambda: sleeper.received)
        (listed,) = requests.listed("me")
        age = listed.pop("age")
        assert isinstance(age, float)
        assert 0 <= age < 2
        assert listed == {
            "request_id": begun.id,
            "method": "POST",
            "uri": f"coap://127.0.0.1:{sleeper.port}/x?y",
            "remote": f"coap://127.0.0.1:{sleeper.port}",
        }
        assert requests.listed("somebody else") == []
        requests.cancel(begun.id)
        await until(lambda: told)
        assert told == [Outcome.CANCELLED]
    with pytest.raises(UnknownIdError):
        requests.cancel(begun.id)


async def test_number_is_bounded(
    requests: PendingRequests, sleeper: UdpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "MAX_PENDING", 2)
    for _ in range(2):
        requests.start("me", request_to(sleeper.port))
    with pytest.raises(TooManyError, match="2 run already"):
        await requests.ask("me", request_to(sleeper.port))
    await requests.end("me")
    assert requests.listed() == []
    requests.start("me", request_to(sleeper.port))


async def test_requests_end_with_their_owner(
    requests: PendingRequests, sleeper: UdpPeer
) -> None:
    async with nothing_left(timers=False):
        for owner in ("one", "other", "one"):
            requests.start(owner, request_to(sleeper.port))
        await until(lambda: sleeper.received)
        await requests.end("one")
        assert len(requests.listed("other")) == len(requests.listed()) == 1
        await requests.end()


async def test_who_waits_learns_of_the_end(
    requests: PendingRequests, sleeper: UdpPeer
) -> None:
    waiting = asyncio.create_task(requests.ask("me", request_to(sleeper.port)))
    await until(lambda: sleeper.received)
    (listed,) = requests.listed()
    requests.cancel(str(listed["request_id"]))
    with pytest.raises(UnreachableError, match="cancelled"):
        await waiting


async def test_who_waits_no_longer_ends_the_request(
    requests: PendingRequests, sleeper: UdpPeer
) -> None:
    waiting = asyncio.create_task(requests.ask("me", request_to(sleeper.port)))
    await until(lambda: sleeper.received)
    waiting.cancel()
    await until(lambda: not requests.listed())
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_answer_is_returned_to_who_waits(requests: PendingRequests) -> None:
    async with udp_peer(polite) as peer:
        response = await requests.ask("me", request_to(peer.port))
    assert response.payload == b"fine"


# Observations


@pytest.fixture
async def watches() -> AsyncGenerator[Watches]:
    made = Watches()
    yield made
    await made.end()


@pytest.fixture
async def clock() -> AsyncGenerator[BareServer]:
    """Run a server with a resource that can be observed, and one that cannot."""
    resources = {
        "clock": Content(b"1", 0, max_age=60, tagged=True),
        "plain": Content(b"x", 0, observable=False),
    }
    async with bare_server(**resources) as server:
        yield server


async def test_notifications_are_told(watches: Watches, clock: BareServer) -> None:
    told: list[Notification] = []
    target = parse_uri(f"coap://127.0.0.1:{clock.port}/clock")
    resource = clock.resources["clock",]
    async with nothing_left(timers=False):
        watch = await watches.start("me", target, told.append, accept=0)
        await until(lambda: told)
        resource.notify(b"2")
        await until(lambda: len(told) == 2)
        first, second = (one.as_dict() for one in told)
        assert (first["sequence"], first["payload"]) == (1, "1")
        assert (first["registration"], first["observed"]) == (True, True)
        assert second == {
            "observation_id": watch.id,
            "uri": target.uri,
            "sequence": 2,
            "registration": False,
            "observed": True,
            "code": "2.05",
            "success": True,
            "payload": "2",
            "payload_base64": "Mg==",
            "content_format": 0,
            "etag": "0002",
            "max_age": 60,
        }
        (listed,) = watches.listed("me")
        assert isinstance(listed.pop("age"), float)
        assert listed == {
            "observation_id": watch.id,
            "uri": target.uri,
            "state": "active",
            "notifications": 2,
        }
        assert watches.listed("somebody else") == []
        await watches.stop(watch.id)
    await until(lambda: not resource.observers)
    with pytest.raises(UnknownIdError):
        await watches.stop(watch.id)


async def test_server_that_restarts_is_observed_again(
    watches: Watches, clock: BareServer
) -> None:
    resource = clock.resources["clock",]
    resource.max_age = 0
    told: list[Notification] = []
    target = parse_uri(f"coap://127.0.0.1:{clock.port}/clock")
    await watches.start("me", target, told.append)
    await until(lambda: told)
    await clock.restart()
    told.clear()
    await until(lambda: told and resource.observers)
    assert told[0].registration


async def test_resource_that_cannot_be_observed(
    watches: Watches, clock: BareServer
) -> None:
    told: list[Notification] = []
    target = parse_uri(f"coap://127.0.0.1:{clock.port}/plain")
    await watches.start("me", target, told.append)
    await until(lambda: watches.listed()[0]["state"] == "refused")
    (one,) = told
    assert one.as_dict()["observed"] is False
    assert one.as_dict()["payload"] == "x"
    assert one.as_dict()["etag"] is None


async def test_nobody_answers_yet(watches: Watches) -> None:
    told: list[Notification] = []
    target = parse_uri(f"coap://127.0.0.1:{free_port()}/clock")
    await watches.start("me", target, told.append)
    (listed,) = watches.listed()
    assert (listed["state"], listed["age"]) == ("pending", None)
    assert not told


async def test_observations_are_bounded_and_end_with_their_owner(
    watches: Watches, clock: BareServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MAX_WATCHES", 2)
    target = parse_uri(f"coap://127.0.0.1:{clock.port}/clock")
    for owner in ("one", "other"):
        await watches.start(owner, target, lambda _: None)
    with pytest.raises(TooManyError):
        await watches.start("one", target, lambda _: None)
    await watches.end("one")
    assert len(watches.listed()) == len(watches.listed("other")) == 1


async def test_group_is_not_observed(watches: Watches) -> None:
    with pytest.raises(NotOfferedError, match="a group"):
        await watches.start("me", parse_uri("coap://224.0.1.187/x"), lambda _: None)


async def test_no_network(watches: Watches, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_self: CoapEndpoint) -> None:
        raise UnreachableError(address="here", reason="no network")

    monkeypatch.setattr(CoapEndpoint, "open", fails)
    with pytest.raises(UnreachableError, match="no network"):
        await watches.start("me", parse_uri("coap://127.0.0.1/x"), lambda _: None)
    assert watches.listed() == []


async def test_owner_that_ends_while_it_begins(
    watches: Watches, clock: BareServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = CoapEndpoint.open

    async def slowly(self: CoapEndpoint) -> None:
        await watches.end("me")
        await opens(self)

    monkeypatch.setattr(CoapEndpoint, "open", slowly)
    target = parse_uri(f"coap://127.0.0.1:{clock.port}/clock")
    async with nothing_left(timers=False):
        with pytest.raises(UnreachableError, match="closed"):
            await watches.start("me", target, lambda _: None)
