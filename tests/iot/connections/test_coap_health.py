"""What is noticed of the exchange with a CoAP endpoint, and told of it."""

import asyncio
from collections.abc import Iterable
import json

from aiocoap import Code, Message
import pytest

from custom_components.device_models.iot.connections.base import Feed, Health
from custom_components.device_models.iot.connections.coap import (
    delivery as delivery_module,
    observation as observation_module,
)
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
)
from custom_components.device_models.iot.errors import UnreachableError

from .coap_server import Content, bare_server, state
from .conftest import Connect, Endpoint
from .things import ALL, STATE, model_of, shown, thing, until
from .udp_peer import answer, polite, silent, udp_peer

GET = Method.GET


async def test_health_of_a_device_that_is_fine(connect: Connect) -> None:
    async with bare_server(state=state()) as server:
        connection = await connect(server.port)
        device = thing(connection)
        assert connection.health(device) == Health()
        await connection.read(device, ALL)
        asked = connection.health(device)
        assert asked.feed is Feed.POLL
        assert asked.push_age is None
        assert asked.round_trip is not None
        assert 0 < asked.round_trip < 1
        assert (asked.retransmissions, asked.unanswered) == (0, 0)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        await asyncio.sleep(0.05)
        pushed = connection.health(device)
        assert pushed.feed is Feed.PUSH
        assert pushed.push_age is not None
        assert pushed.push_age >= 0.05
        assert pushed.last_heard == connection.health(device).last_heard
        server.resources["state",].notify(json.dumps({**STATE, "level": 9}).encode())
        await until(lambda: shown(device)["level"] == 9)
        assert (connection.health(device).push_age or 0) < pushed.push_age


async def test_some_values_are_pushed_and_some_are_not(connect: Connect) -> None:
    resources = {"level": Content(b"3"), "label": Content(b"a", observable=False)}
    async with bare_server(**resources) as server:
        connection = await connect(server.port)
        device = thing(connection, coap={"state": False})
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        assert connection.health(device).feed is Feed.BOTH


async def test_what_is_lost_is_counted(endpoint: Endpoint) -> None:
    async with udp_peer(polite) as peer:
        asking = await endpoint(peer.port)
        await asking.request(GET, "a")
        quick = asking.statistics.round_trip
        assert quick is not None
        lost: list[int] = []

        def second_time(request: Message) -> Iterable[bytes]:
            lost.append(request.mid)
            return polite(request) if lost.count(request.mid) == 2 else ()

        peer.behave = second_time
        await asking.request(GET, "a")
        assert asking.statistics.retransmissions == 1
        # Nobody knows which of the two was answered (RFC 6298 §3).
        assert asking.statistics.round_trip == quick
        peer.behave = silent
        with pytest.raises(UnreachableError):
            await asking.request(GET, "a")
        statistics = asking.statistics
        assert (statistics.retransmissions, statistics.unanswered) == (3, 1)
        assert [(one.outcome, one.messages) for one in statistics.trace] == [
            ("2.05", 1),
            ("2.05", 1),
            ("ConRetransmitsExceeded", 1),
        ]


async def test_what_is_not_acknowledged_is_sent_again_by_us(endpoint: Endpoint) -> None:
    async with udp_peer(silent) as peer:
        asking = await endpoint(peer.port, confirmable=False)
        with pytest.raises(UnreachableError):
            await asking.request(GET, "a")
        statistics = asking.statistics
        assert (statistics.retransmissions, statistics.unanswered) == (2, 1)
        assert len(statistics.trace) == 3


# The trace


async def test_trace_tells_what_was_exchanged(connect: Connect) -> None:
    level = Content(b"3", 0)
    async with bare_server(level=level, move=Content()) as server:
        connection = await connect(server.port)
        device = thing(connection, coap={"state": False})
        assert connection.trace(device) == []
        await connection.read(device, {"level"})
        await device.set("level", 4)
        await device.call("move", {"x": 1})
        told = [
            (one["request"], one["outcome"], one["sent"], one["received"])
            for one in connection.trace(device)
        ]
        assert told == [
            ("GET /.well-known/core", "4.04", "", ""),
            ("GET /level", "2.05", "", "3"),
            ("PUT /level", "2.04", "4", ""),
            ("POST /move", "2.04", "(not shown)", ""),
        ]
        json.dumps(connection.trace(device))


async def test_trace_is_bounded_and_readable(connect: Connect) -> None:
    async with bare_server(label=Content(b"x" * 5000, 0)) as server:
        connection = await connect(server.port)
        device = thing(connection, coap={"state": False})
        for _ in range(60):
            await connection.read(device, {"label"})
        trace = connection.trace(device)
        assert len(trace) == 50
        assert trace[-1]["received"] == "x" * 200 + "…"
        assert trace[-1]["messages"] == 5
        for payload in (b"\xff\x00", b"\x07"):
            server.resources["label",].change(payload)
            await connection.read(device, {"label"})
            assert connection.trace(device)[-1]["received"] == payload.hex()


@pytest.mark.parametrize(
    "attribute",
    [
        {"name": "code", "type": "STRING", "writable": True, "sensitive": True},
        {"name": "wifiPassword", "type": "STRING", "writable": True},
    ],
    ids=lambda one: one["name"],
)
async def test_trace_tells_no_secret(
    connect: Connect, attribute: dict[str, object]
) -> None:
    name = str(attribute["name"])
    model = model_of(attribute, {"name": "level", "type": "INTEGER", "writable": True})
    secret = Content(b"abracadabra", 0)
    async with bare_server(**{name: secret, "level": Content(b"1", 0)}) as server:
        connection = await connect(server.port)
        layout = {"level": {"path": "level?token=abracadabra"}}
        device = thing(
            connection,
            model=model,
            coap={"state": {"path": "state", "writable": True}, "attributes": layout},
        )
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        await connection.read(device, {name, "level"})
        await device.set(name, "hocus pocus")
        secret.notify(b"abracadabra!")
        await until(lambda: shown(device)[name] == "abracadabra!")
        trace = json.dumps(connection.trace(device))
        assert f"PUT /{name}" in trace
        assert f"notification /{name}" in trace
        assert "GET /level?" in trace
        for word in ("abracadabra", "hocus"):
            assert word not in trace


async def test_trace_tells_no_secret_that_was_in_a_path(connect: Connect) -> None:
    model = model_of(
        {"name": "code", "type": "STRING", "writable": True, "sensitive": True},
        {"name": "level", "type": "INTEGER"},
    )
    async with udp_peer(polite) as peer:
        connection = await connect(peer.port)
        layout = {
            "code": {"path": "level?code", "write": "unlock/{code}"},
            "level": {"path": "level"},
        }
        device = thing(
            connection, model=model, coap={"state": False, "attributes": layout}
        )
        await connection.read(device, {"level", "code"})
        await device.set("code", "sesame")
        assert peer.requests[-1].opt.uri_path == ("unlock", "sesame")
        told = connection.trace(device)
        assert [one["request"] for one in told] == [
            "GET /.well-known/core",
            "GET /level?…",
            "GET /level",
            "PUT /…",
        ]
        assert {one["received"] for one in told} == {"(not shown)"}


# Not so often


async def test_busy_device_is_not_asked_to_be_observed_again_and_again(
    connect: Connect,
) -> None:
    shared = state()
    shared.failure, shared.wait = Code.TOO_MANY_REQUESTS, 1
    async with bare_server(state=shared) as server:
        connection = await connect(server.port)
        device = thing(connection)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await connection.attach(device)
        await until(lambda: shared.requests)
        shared.failure = None
        await until(lambda: connection.pushed(device))
        assert loop.time() - began > 0.9
        assert len(shared.requests) == 2
        # And when it ends an observation because of that
        shared.wait = 1
        began = loop.time()
        for observer in list(shared.observers):
            last = Message(code=Code.SERVICE_UNAVAILABLE, max_age=1)
            observer.trigger(last, is_last=True)
        shared.observers.clear()
        await until(lambda: not connection.pushed(device))
        await until(lambda: connection.pushed(device))
        assert loop.time() - began > 0.9


@pytest.mark.parametrize(
    ("code", "max_age", "expected"),
    [
        ("4.29", None, 60),
        ("4.29", 5, 5),
        ("5.03", None, 0),
        ("5.03", 120, 120),
        ("5.00", 120, 0),
        ("2.05", 120, 0),
    ],
)
def test_how_long_to_wait(code: str, max_age: int | None, expected: int) -> None:
    assert Response(code, max_age=max_age).wait == expected


async def test_busy_resource_is_asked_again_when_the_time_is_over(
    connect: Connect,
) -> None:
    level = Content(b"3", 0)
    async with bare_server(level=level) as server:
        connection = await connect(server.port)
        device = thing(connection, coap={"state": False})
        await connection.read(device, {"level"})
        level.failure, level.wait = Code.TOO_MANY_REQUESTS, 1
        await connection.read(device, {"level"})
        level.failure = None
        level.change(b"4")
        assert await connection.read(device, {"level"}) is not None
        assert shown(device) == {"level": 3}
        await asyncio.sleep(1.05)
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 4}


async def test_busy_resource_does_not_put_off_the_others(connect: Connect) -> None:
    level, label = Content(b"3", 0), Content(b"a", 0)
    async with bare_server(level=level, label=label) as server:
        connection = await connect(server.port)
        device = thing(connection, coap={"state": False})
        level.failure, level.wait = Code.TOO_MANY_REQUESTS, 30
        for _ in range(2):
            assert await connection.read(device, {"level", "label"}) is None
        assert (len(level.requests), len(label.requests)) == (1, 2)
        assert shown(device) == {"label": "a"}


# A notification without end


async def test_notification_without_end_ends_the_observation(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_module, "MAX_DOCUMENT", 10_240)
    monkeypatch.setattr(observation_module, "FIRST_RETRY", 60.0)

    def endless(request: Message) -> Iterable[bytes]:
        block = request.opt.block2
        if block is None:
            yield answer(request, b"short", options=[(6, b"\x01")])
        else:
            more = (block.block_number << 4 | 8 | 6).to_bytes(2)
            yield answer(request, b"x" * 1024, options=[(23, more)])

    async with udp_peer(endless) as peer:
        asking = await endpoint(peer.port)
        async with asking.observe("a") as (first, notifications):
            assert first.payload == b"short"
            request = peer.requests[-1]
            peer.send(
                answer(
                    request,
                    b"x" * 1024,
                    kind=1,
                    message_id=77,
                    options=[(6, b"\x02"), (23, b"\x0e")],
                )
            )
            with pytest.raises(UnreachableError, match="longer than"):
                await anext(notifications)
        await asyncio.sleep(0.1)
        assert len(peer.requests) < 30
