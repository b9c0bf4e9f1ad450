"""One observation that is kept alive, whatever the server does."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
import socket
from typing import Any

from aiocoap import Code, Message
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapEndpoint,
    observation as module,
)
from custom_components.device_models.iot.connections.coap.observation import (
    Observation,
    State,
)
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
)

from .coap_server import BareServer, Content, bare_server
from .conftest import Endpoint
from .things import free_port, nothing_left, until
from .udp_peer import ACK, CON, EMPTY, NON, RST, answer, datagram, udp_peer


class Watch(Observation):
    """An observation that keeps what it is told."""

    def __init__(self, endpoint: CoapEndpoint, path: str = "a", **more: Any) -> None:
        self.heard: list[tuple[bytes, bool]] = []
        super().__init__(endpoint, path, on_response=self._hear, **more)

    def _hear(self, response: Response, notification: bool) -> None:
        self.heard.append((response.payload, notification))

    @property
    def notified(self) -> list[bytes]:
        return [payload for payload, notification in self.heard if notification]

    @property
    def registered(self) -> list[bytes]:
        return [payload for payload, notification in self.heard if not notification]


@pytest.fixture
async def watching(endpoint: Endpoint) -> Any:
    """Begin to observe, and stop at the end."""
    async with AsyncExitStack() as stack:

        async def begin(port: int, **more: Any) -> Watch:
            confirmable = more.pop("confirmable", True)
            watch = Watch(await endpoint(port, confirmable=confirmable), **more)
            stack.push_async_callback(watch.stop)
            watch.start()
            return watch

        yield begin


type Begin = Callable[..., Any]


async def test_answers_and_notifications_are_told_apart(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        for number in (b"2", b"3"):
            resource.notify(number)
            await until(lambda: watch.heard[-1][0] == number)  # noqa: B023
        assert watch.heard == [(b"1", False), (b"2", True), (b"3", True)]
        assert len(resource.requests) == 3


async def test_wanted_format_is_asked_for(watching: Begin, patient: None) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port, accept=60)
        await until(lambda: watch.heard)
        assert resource.requests[0].opt.accept == 60
        assert resource.requests[0].opt.observe == 0


async def test_burst_of_notifications_ends_with_the_last(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"0")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        for number in range(1, 50):
            resource.notify(b"%d" % number)
            await asyncio.sleep(0.001)
        await until(lambda: watch.heard[-1][0] == b"49")


async def test_silence_beyond_max_age_registers_again_and_stays_active(
    watching: Begin,
) -> None:
    resource = Content(b"1", max_age=0)
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        states = set()
        while len(watch.heard) < 4:
            states.add(watch.state)
            await asyncio.sleep(0.001)
        assert states == {State.ACTIVE}
        assert watch.notified == []


async def test_notification_puts_the_next_registration_off(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        limit = watch._limit.when()
        resource.notify(b"2")
        await until(lambda: watch._limit.when() > limit)


async def test_silent_reboot_is_found_out(watching: Begin) -> None:
    resource = Content(b"1", max_age=0)
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: resource.observers)
        await server.restart()
        assert not resource.observers
        await until(lambda: resource.observers)
        resource.notify(b"after")
        await until(lambda: b"after" in watch.notified)


async def test_renewal_is_immediate(watching: Begin, patient: None) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        await server.restart()
        watch.renew()
        watch.renew()
        await until(lambda: len(watch.registered) == 2)
        assert resource.observers


async def test_error_is_the_last_notification(watching: Begin, patient: None) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        resource.end(Code.INTERNAL_SERVER_ERROR)
        await until(lambda: len(watch.registered) == 2)
        assert watch.notified == [b""]
        await until(lambda: watch.state is State.ACTIVE)


async def test_observation_that_is_ended_with_a_value(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        resource.change(b"last")
        resource.end()
        await until(lambda: len(watch.registered) == 2)
        assert b"last" in watch.notified


async def test_resource_that_is_deleted_is_refused_then(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        resource.failure = Code.NOT_FOUND
        resource.end(Code.NOT_FOUND)
        await until(lambda: watch.state is State.REFUSED)


async def test_refused_observation_is_tried_again_later(
    watching: Begin, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFUSED_RETRY", 0.1)
    resource = Content(b"1", observable=False)
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.REFUSED)
        assert watch.heard == [(b"1", False)]
        resource.observable = True
        await until(lambda: watch.state is State.ACTIVE)


async def test_refused_observation_can_be_given_up(
    watching: Begin, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFUSED_RETRY", 0.01)
    resource, refusals = Content(b"1", observable=False), [0]

    def refused() -> None:
        refusals[0] += 1

    async with bare_server(a=resource) as server:
        watch = await watching(server.port, on_refused=refused)
        await until(watch._task.done)
        await asyncio.sleep(0.05)
        assert len(resource.requests) == refusals[0] == 1
        watch.renew()


async def test_trouble_of_the_server_is_no_refusal(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"1")
    resource.failure = Code.SERVICE_UNAVAILABLE
    async with bare_server(a=resource) as server:
        watch = await watching(server.port, on_refused=pytest.fail)
        await until(lambda: len(watch.heard) > 1)
        assert watch.state is State.PENDING
        resource.failure = None
        await until(lambda: watch.state is State.ACTIVE)


async def test_dead_server_is_tried_less_and_less_often(
    watching: Begin, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    pause = Observation._pause

    async def noted(self: Observation) -> None:
        pauses.append(self._retry)
        await pause(self)

    monkeypatch.setattr(Observation, "_pause", noted)
    watch = await watching(port := free_port(socket.SOCK_DGRAM))
    await until(lambda: len(pauses) == 4)
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.2]
    resource = Content(b"1")
    server = BareServer(a=resource)
    server.port = port
    await server.start()
    await until(lambda: watch.state is State.ACTIVE)
    resource.notify(b"2")
    await until(lambda: watch.notified)
    await server.stop()
    seen = len(pauses)
    watch.renew()
    await until(lambda: len(pauses) > seen)
    assert pauses[seen] == 0.05


async def test_server_that_ends_every_observation_is_not_hammered(
    watching: Begin, patient: None
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.code.is_request():
            yield answer(request, b"1", options=[(6, b"\x01")])
            yield answer(request, b"2", kind=NON, message_id=request.mid ^ 1)

    async with udp_peer(behave) as peer:
        watch = await watching(peer.port)
        await until(lambda: len(watch.registered) == 3)
        assert watch._retry == 0.2


async def test_failing_listener_does_not_end_the_observation(
    watching: Begin, patient: None, caplog: pytest.LogCaptureFixture
) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        watch._on_response = None
        resource.notify(b"2")
        await until(lambda: "Observation of a failed" in caplog.text)
        watch._on_response = watch._hear
        await until(lambda: watch.state is State.ACTIVE)


@pytest.mark.parametrize("confirmable", [True, False])
async def test_observation_stopped_at_any_moment_leaves_nothing(
    confirmable: bool,
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.code.is_request():
            kind = ACK if confirmable else NON
            yield answer(request, b"1", kind=kind, options=[(6, b"\x01"), (14, b"")])
            yield answer(request, b"2", kind=NON, options=[(6, b"\x02"), (14, b"")])

    async with udp_peer(behave) as peer:
        for passes in (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 30, 50, 100):
            async with nothing_left():
                endpoint = CoapEndpoint("127.0.0.1", peer.port, confirmable)
                await endpoint.open()
                watch = Watch(endpoint)
                watch.start()
                for _ in range(passes):
                    await asyncio.sleep(0)
                await watch.stop()
                await watch.stop()
                await endpoint.close()


async def test_observation_of_a_dead_server_stopped_at_any_moment_leaves_nothing() -> (
    None
):
    async with nothing_left():
        endpoint = CoapEndpoint("127.0.0.1", free_port(socket.SOCK_DGRAM))
        await endpoint.open()
        for seconds in (0.0, 0.001, 0.002, 0.005, 0.01, 0.05):
            watch = Watch(endpoint)
            watch.start()
            await asyncio.sleep(seconds)
            await watch.stop()
        await endpoint.close()


def observed(request: Message) -> Iterable[bytes]:
    """Take an observer."""
    if request.code.is_request():
        yield answer(request, b"1", options=[(6, b"\x01")])


async def test_server_is_told_that_the_interest_has_ended(
    endpoint: Endpoint, patient: None
) -> None:
    resource = Content(b"1")
    async with bare_server(a=resource) as server:
        watch = Watch(await endpoint(server.port))
        watch.start()
        await until(lambda: watch.state is State.ACTIVE)
        await watch.stop()
        await until(lambda: not resource.observers)
    async with udp_peer(observed) as peer:
        watch = Watch(await endpoint(peer.port))
        watch.start()
        await until(lambda: watch.state is State.ACTIVE)
        await watch.stop()
        await until(lambda: len(peer.received) == 2)
        first, last = peer.received
        assert (first.opt.observe, last.opt.observe) == (0, 1)
        assert first.token == last.token
        assert last.mtype == NON


async def test_server_keeps_one_observer_however_often_it_is_registered(
    watching: Begin,
) -> None:
    resource = Content(b"1", max_age=0)
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: len(watch.registered) == 4)
        await until(lambda: len(resource.observers) == 1)


async def test_server_that_missed_the_good_bye_learns_by_a_reset(
    endpoint: Endpoint, patient: None
) -> None:
    def deaf(request: Message) -> Iterable[bytes]:
        return observed(request) if request.opt.observe == 0 else ()

    async with udp_peer(deaf) as peer:
        watch = Watch(await endpoint(peer.port))
        watch.start()
        await until(lambda: watch.state is State.ACTIVE)
        await watch.stop()
        for number in range(2, 5):
            options = [(6, bytes([number]))]
            told = answer(
                peer.requests[0], b"x", kind=CON, message_id=number, options=options
            )
            peer.send(told)
            await until(lambda: peer.received[-1].mid == number)  # noqa: B023
        assert peer.received[-1].mtype == RST
        assert watch.notified == []


async def test_server_whose_answer_to_a_registration_got_lost_is_not_left_with_it(
    watching: Begin, patient: None
) -> None:
    async with udp_peer(lambda _request: ()) as peer:
        await watching(peer.port, confirmable=False)
        await until(lambda: any(one.opt.observe == 1 for one in peer.received))
        assert [one.opt.observe for one in peer.received[:2]] == [0, 1]
        assert peer.received[0].token == peer.received[1].token


async def test_notification_in_blocks_is_put_together(
    watching: Begin, patient: None
) -> None:
    resource = Content(b"x" * 3000)
    async with bare_server(a=resource) as server:
        watch = await watching(server.port)
        await until(lambda: watch.state is State.ACTIVE)
        resource.notify(b"y" * 3000)
        await until(lambda: watch.notified)
        assert [len(payload) for payload, _ in watch.heard] == [3000, 3000]


async def test_registration_with_an_empty_acknowledgement_and_nothing_more(
    watching: Begin, patient: None
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.code.is_request():
            yield datagram(ACK, EMPTY, request.mid)

    async with udp_peer(behave) as peer:
        watch = await watching(peer.port)
        await until(lambda: len(peer.requests) == 2)
        assert watch.state is State.PENDING


async def test_registration_whose_answer_changed_meanwhile_is_taken_back(
    watching: Begin, patient: None
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.opt.observe == 1:
            return
        number = request.opt.block2.block_number if request.opt.block2 else 0
        options = [(4, bytes([len(peer.received)])), (23, bytes([number << 4 | 8]))]
        if request.opt.observe == 0:
            options.insert(1, (6, b"\x01"))
        yield answer(request, b"x" * 16, options=options)

    async with udp_peer(behave) as peer:
        await watching(peer.port)
        await until(lambda: len(peer.received) >= 9)
        asked = [one for one in peer.received if one.opt.observe == 0]
        told = [one for one in peer.received if one.opt.observe == 1]
        assert [one.token for one in asked[:3]] == [one.token for one in told[:3]]


async def test_lost_registration_is_repeated_though_not_confirmable(
    watching: Begin, patient: None
) -> None:
    seen = 0

    def deaf_at_first(request: Message) -> Iterable[bytes]:
        nonlocal seen
        seen += request.opt.observe == 0
        if seen == 2:
            yield answer(request, b"1", kind=NON, options=[(6, b"\x01")])

    async with udp_peer(deaf_at_first) as peer:
        watch = await watching(peer.port, confirmable=False)
        await until(lambda: watch.state is State.ACTIVE)
        assert {one.mtype for one in peer.received} == {NON}


@pytest.mark.parametrize(
    ("max_age", "expected"), [(None, 60), (0, 0), (10, 10), (2**32 - 1, 3600)]
)
def test_patience_follows_max_age_within_bounds(
    max_age: int | None, expected: int
) -> None:
    patience = Observation._patience(Response("2.05", max_age=max_age))
    assert expected + 0.1 <= patience <= expected + 0.2


@pytest.mark.parametrize("turns", range(16))
async def test_interest_that_ends_at_any_moment_leaves_no_observer(
    endpoint: Endpoint, turns: int
) -> None:
    content = Content(b"1")
    async with bare_server(a=content) as server:
        client = await endpoint(server.port)
        await client.request(Method.GET, "a")
        watch = Watch(client)
        watch.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        await watch.stop()
        # What was on its way has arrived when another answer is here.
        await client.request(Method.GET, "a")
        await until(lambda: not content.observers)
