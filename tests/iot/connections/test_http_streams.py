"""An HTTP device tells by itself, in every way that there is."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
import gzip
import json
import time
from typing import Any

from aiohttp import WSMsgType, web
import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.alert_rules import AlertRule, AlertRules
from custom_components.device_models.iot.connections.base import Feed
from custom_components.device_models.iot.connections.http import (
    HttpConnection,
    attached,
    events,
    following,
    polling,
)
from custom_components.device_models.iot.connections.http.events import Event, Parser
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    PayloadError,
    UnreachableError,
)
from simulators.behaviour import SimulatedDevice
from simulators.http import HttpSimulator
from simulators.models import load_model

from .http_server import (
    Handler,
    http_connection,
    http_server,
    state,
    value,
)
from .things import ALL, FLAT, nothing_left, shown, thing, until

QUIET = {"state": False, "alerts": {"hot": False}}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a stream that ended begun again soon."""
    monkeypatch.setattr(following, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(following, "LONGEST_RETRY", 0.2)


@asynccontextmanager
async def level_of(
    handlers: Mapping[str, Handler], **place: Any
) -> AsyncGenerator[tuple[HttpConnection, VirtualDevice]]:
    """Run a thing that has nothing but a level, which is told in a way."""
    layout = {**QUIET, "attributes": {"level": place}}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        yield connection, thing(connection, http=layout)


class Stream:
    """A resource that sends what a test has it send, as events or as plain content."""

    def __init__(self, first: Any = None, content_type: str = events.STREAM) -> None:
        """Take what it has when it is asked in the usual way."""
        self.first = first
        self.content_type = content_type
        self.requests: list[web.Request] = []
        self.open: list[web.StreamResponse] = []
        self.ended = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer."""
        if events.STREAM not in request.headers["Accept"]:
            return web.json_response(self.first)
        self.requests.append(request)
        response = web.StreamResponse(headers={"Content-Type": self.content_type})
        await response.prepare(request)
        self.open.append(response)
        await self.ended.wait()
        self.open.remove(response)
        return response

    async def send(self, text: str | bytes) -> None:
        """Send something to all who listen."""
        for response in self.open:
            await response.write(text.encode() if isinstance(text, str) else text)

    def end(self) -> None:
        """Cut everybody off."""
        self.ended.set()
        self.ended = asyncio.Event()


# The simulated device, in every way


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncGenerator[HttpSimulator]:
    """Run a room climate controller whose time stands still."""
    room = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    async with HttpSimulator(room, speed=0) as running:
        yield running


async def test_simulator_tells_its_state(simulator: HttpSimulator) -> None:
    model = load_model("room_climate")
    async with http_connection(simulator.url) as connection:
        device = thing(connection, model=model)
        alerts: list[Alert] = []
        shape = model.formats[0].name
        device.on_alert(shape, alerts.append)
        await connection.attach(device)
        await until(lambda: connection.pushed(device) == model.readable)
        assert connection.health(device).feed is Feed.PUSH
        simulator.device.put({"temperature": 33.0, "nightSetback.startHour": 4})
        await until(lambda: shown(device)["nightSetback.startHour"] == 4)
        assert shown(device)["temperature"] == 33
        simulator.device.fire(shape)
        await until(lambda: alerts)
        # It loses its connections; what changes meanwhile is had all the same.
        await simulator.stop()
        await until(lambda: not connection.pushed(device))
        simulator.device.put({"temperature": 34.0})
        await simulator.start()
        await until(lambda: shown(device)["temperature"] == 34)
        await until(lambda: connection.pushed(device) == model.readable)
        await connection.detach(device)
        await until(lambda: not simulator.listeners)


@pytest.mark.parametrize("way", ["sse", "longpoll"])
async def test_simulator_tells_of_each_attribute(
    simulator: HttpSimulator, way: str
) -> None:
    prefix = "longpoll/" if way == "longpoll" else ""
    model = load_model("room_climate")
    shape = model.formats[0].name
    layout = {
        "state": False,
        "attributes": {
            name: {"observe": way, "observe_url": f"{prefix}{name}"}
            for name in ("temperature", "fanSpeed")
        },
        "alerts": {
            one.name: {"observe": way, "url": f"{prefix}alert/{one.name}"}
            if one.name == shape
            else False
            for one in model.formats
        },
    }
    async with http_connection(simulator.url) as connection:
        device = thing(connection, model=model, http=layout)
        alerts: list[Alert] = []
        device.on_alert(shape, alerts.append)
        await connection.attach(device)
        await until(lambda: connection.pushed(device) == {"temperature", "fanSpeed"})
        assert connection.health(device).feed is Feed.BOTH
        await until(lambda: simulator.listeners == 3)
        for number in (33.0, 34.0):
            simulator.device.put({"temperature": number})
            await until(partial(is_at, device, number))
            await until(lambda: simulator.listeners == 3)
        simulator.device.fire(shape)
        await until(lambda: alerts)


def is_at(device: VirtualDevice, temperature: float) -> bool:
    """Whether a device has a temperature."""
    return bool(shown(device).get("temperature") == temperature)


# Server-sent events


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_events_are_taken_apart(end: str, size: int) -> None:
    spelled = (
        "\ufeff: a comment||event: one|data: 1|||data|||data:a|data: b|id: 7||"
        "event:two|||id: \0|retry: 5000|retry: x|nothing: x|data: é|event: three||"
        "data: no"
    )
    text = spelled.replace("|", end).encode()
    parser = Parser()
    found = [
        event
        for begin in range(0, len(text), size)
        for event in parser.feed(text[begin : begin + size])
    ]
    assert found == [
        Event("1", "one"),
        Event("", ""),
        Event("a\nb", ""),
        Event("é", "three"),
    ]
    assert parser.last_id == "7"
    assert parser.retry == 5


def test_events_are_bounded() -> None:
    with pytest.raises(PayloadError, match="more than"):
        list(Parser().feed(b"data: " + b"x" * 300_000))
    parser = Parser()
    line = b"data: " + b"x" * 60_000 + b"\n"
    for _ in range(4):
        assert not [*parser.feed(line)]
    with pytest.raises(PayloadError, match="more than"):
        list(parser.feed(line))


async def test_stream_is_begun_again_behind_the_last_event() -> None:
    level = Stream(3)
    async with level_of({"/level": level}, observe="sse") as (connection, device):
        await connection.attach(device)
        await until(lambda: connection.pushed(device) == {"level"})
        assert shown(device) == {"level": 3}
        await level.send("id: 41\ndata: 4\n\nevent: hot\ndata: 99\n\ndata: {\n\n")
        await until(lambda: shown(device) == {"level": 4} and device.dropped)
        level.first = 5
        level.end()
        await until(lambda: shown(device) == {"level": 5})
        await until(lambda: len(level.open) == 1)
        assert level.requests[-1].headers["Last-Event-ID"] == "41"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(5.0, [90, 91, 92]), (0.0, [90, 91, 90, 91, 92])]
)
async def test_what_is_replayed_is_not_taken_again(
    seconds: float, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "REPLAY_SECONDS", seconds)
    told = Stream()
    layout = {**QUIET, "alerts": {"hot": {"url": "told", "observe": "sse"}}}
    async with (
        http_server({"/told": told}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(
            connection,
            http=layout,
            alert_rules=AlertRules(by_name={"*": AlertRule(window=0)}),
        )
        alerts: list[Alert] = []
        device.on_alert("hot", alerts.append)
        await connection.attach(device)
        await until(lambda: told.open)
        before = "id: 1\ndata: 90\n\nid: 2\ndata: 91\n\n"
        await told.send(before)
        await until(lambda: len(alerts) == 2)
        told.end()
        await until(lambda: len(told.requests) == 2 and told.open)
        await told.send(f"{before}id: 3\ndata: 92\n\n")
        await until(lambda: alerts[-1].fields == {"temperature": 92})
        assert [one.fields["temperature"] for one in alerts] == expected
        told.end()


async def test_stream_that_is_compressed_is_not_unfolded() -> None:
    bomb = gzip.compress(b"\n" * 100_000_000)

    async def tell(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with suppress(ConnectionError):
            await response.write(bomb)
            await asyncio.sleep(60)
        return response

    place = {"url": "level", "observe": "sse", "observe_url": "told"}
    async with (
        http_server({"/told": tell, "/level": value(3)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={**QUIET, "attributes": {"level": place}})
        await connection.attach(device)
        worst = 0.0
        for _ in range(50):
            before = time.monotonic()
            await asyncio.sleep(0.02)
            worst = max(worst, time.monotonic() - before)
        assert "GET /told" in server.asked
        assert not connection.pushed(device)
        assert worst < 2


async def test_silent_stream_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "IDLE", 0.1)
    level = Stream(3)
    async with level_of({"/level": level}, observe="sse") as (connection, device):
        await connection.attach(device)
        await until(lambda: len(level.requests) > 2)
        level.end()


@pytest.mark.parametrize("status", [200, 404, 406])
async def test_server_that_tells_nothing_is_polled(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, level = state(), Stream(3)
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Accept"])
        if events.STREAM in request.headers["Accept"]:
            return web.Response(status=status, body=b"{}")
        return await shared(request)

    layout = {"attributes": {"level": {"observe": "sse"}}, "alerts": {"hot": False}}
    async with (
        http_server({"/state": handle, "/level": level}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await connection.attach(device)
        await until(lambda: connection.pushed(device) == {"level"})
        await connection.read(device, ALL)
        assert shown(device) == FLAT
        assert asked.count(events.STREAM) == 1
        level.end()


async def test_server_that_is_in_trouble_is_tried_again() -> None:
    level = value(3, status=500)
    async with level_of({"/level": level}, observe="sse") as (connection, device):
        await connection.attach(device)
        await until(lambda: len(level.requests) > 2)
        assert not connection.pushed(device)


async def test_flood_is_slowed_down_and_told_once() -> None:
    level = Stream(0)
    async with level_of({"/level": level}, observe="sse") as (connection, device):
        changes: list[Any] = []
        device.on_value("level", lambda: changes.append(device.get("level")))
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        flood = "".join(f"data: {number}\n\n" for number in range(1, 2001))
        await level.send(flood)
        await until(lambda: device.dropped)
        await asyncio.sleep(0.2)
        assert len(changes) < following.BURST + following.PER_SECOND
        assert device.dropped == {"level: too_many": 1}
        level.end()


# Long polling


async def test_what_answers_at_once_is_no_long_polling() -> None:
    level = value(3)
    async with level_of({"/level": level}, observe="longpoll") as (connection, device):
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        await until(lambda: not connection.pushed(device))
        asked = len(level.requests)
        await asyncio.sleep(0.3)
        assert len(level.requests) == asked < 10


async def test_news_that_come_all_the_time_are_not_asked_for_all_the_time() -> None:
    asked: list[int] = []

    async def handle(_request: web.Request) -> web.Response:
        asked.append(len(asked) % 90)
        return web.json_response(asked[-1])

    place = {"url": "level", "observe": "longpoll"}
    async with (
        http_server({"/level": handle}) as server,
        http_connection(server.url) as connection,
    ):
        layout = {"state": False, "attributes": {"level": place}}
        device = thing(connection, http=layout)
        await connection.attach(device)
        await asyncio.sleep(1.5)
        assert connection.pushed(device) == {"level"}
        assert 5 <= len(asked) <= 9


async def test_long_poll_without_news_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "HOLD", 0.1)
    answers: asyncio.Queue[web.Response] = asyncio.Queue()
    asked: list[str] = []

    async def hold(request: web.Request) -> web.Response:
        asked.append(request.path)
        return await answers.get()

    place = {"observe": "longpoll", "observe_url": "wait"}
    async with level_of({"/level": value(3), "/wait": hold}, **place) as (
        connection,
        device,
    ):
        await connection.attach(device)
        await until(lambda: len(asked) > 1)
        assert connection.pushed(device) == {"level"}
        monkeypatch.setattr(polling, "HOLD", 5.0)
        while shown(device) != {"level": 4}:
            answers.put_nowait(web.json_response(4))
            await asyncio.sleep(0.05)
        for answer in (web.Response(status=204), web.Response(status=500)):
            answers.put_nowait(answer)
        await until(lambda: not connection.pushed(device))
        await until(lambda: connection.pushed(device))
        while connection.pushed(device):
            answers.put_nowait(web.Response(status=404))
            await asyncio.sleep(0.05)


# WebSocket


class Sockets:
    """A resource that is a WebSocket."""

    def __init__(self, protocol: str | None = None) -> None:
        """Begin with none."""
        self.protocol = protocol
        self.open: list[web.WebSocketResponse] = []
        self.received: list[Any] = []

    async def __call__(self, request: web.Request) -> web.WebSocketResponse:
        """Talk."""
        protocols = (self.protocol,) if self.protocol else ()
        socket = web.WebSocketResponse(protocols=protocols)
        await socket.prepare(request)
        assert socket.ws_protocol == self.protocol
        self.open.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.received.append(json.loads(message.data))
        self.open.remove(socket)
        return socket

    async def send(self, kind: str, **data: Any) -> None:
        """Send a message of the Web Thing API."""
        for socket in self.open:
            await socket.send_json({"messageType": kind, "data": data})


@asynccontextmanager
async def web_thing() -> AsyncGenerator[tuple[Sockets, HttpConnection, Any]]:
    """Run a thing that has everything on one WebSocket."""
    sockets = Sockets("webthing")
    async with (
        http_server({"/ws": sockets}) as server,
        http_connection(server.url) as connection,
    ):
        url = f"ws://127.0.0.1:{server.port}/ws"
        place = {"url": url, "observe": "webthing", "poll": False}
        layout = {
            "state": False,
            "attributes": dict.fromkeys(
                ("temperature", "level", "label", "night"), place
            )
            | {"power": False},
            "actions": {"move": url, "reset": False},
            "alerts": {"hot": {"url": url, "observe": "webthing"}},
        }
        yield sockets, connection, thing(connection, http=layout)


async def test_web_thing_is_told_and_tells() -> None:
    async with web_thing() as (sockets, connection, device):
        alerts: list[Alert] = []
        device.on_alert("hot", alerts.append)
        with pytest.raises(UnreachableError, match="not connected"):
            await device.set("level", 3)
        await connection.attach(device)
        await until(lambda: sockets.received)
        assert sockets.received == [
            {"messageType": "addEventSubscription", "data": {"hot": {}}}
        ]
        await sockets.send("propertyStatus", level=3, night={"hour": 4, "dim": 0.5})
        await sockets.send("event", hot={"data": {"temperature": 99}, "timestamp": "x"})
        await sockets.send("propertyStatus", unknown=1)
        for text in ("{", "[]", '{"messageType": "event", "data": []}', '"x"'):
            await sockets.open[0].send_str(text)
        await sockets.open[0].send_bytes(b"\xff")
        await until(lambda: alerts)
        assert shown(device) == {"level": 3, "night.hour": 4, "night.dim": 0.5}
        assert connection.pushed(device) >= {"level", "night.hour"}
        await device.set("level", 7)
        assert device.values["level"].certainty is Certainty.ASSUMED
        await device.call("move", {"x": 2})
        await until(lambda: len(sockets.received) == 3)
        assert sockets.received[1:] == [
            {"messageType": "setProperty", "data": {"level": 7}},
            {"messageType": "requestAction", "data": {"move": {"input": {"x": 2}}}},
        ]
        await sockets.send("propertyStatus", level=7)
        await until(lambda: device.values["level"].certainty is Certainty.LIVE)
        # Nothing can be asked for; the connection shows whether it is there.
        await connection.read(device, {"level"})
        for socket in list(sockets.open):
            await socket.close()
        await until(lambda: sockets.open)
        await until(lambda: device.online)


async def test_web_thing_tells_values_without_their_documents() -> None:
    sockets = Sockets("webthing")
    level = {"url": "/properties/level", "pointer": "/level"}
    place = {**level, "observe": "webthing", "observe_url": "/"}
    layout = {**QUIET, "attributes": {"level": place}}
    handlers: dict[str, Handler] = {"/properties/level": value({"level": 3})}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        server.handlers["/"] = sockets
        device = thing(connection, http=layout)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        assert shown(device) == {"level": 3}
        await sockets.send("propertyStatus", level=4)
        await until(lambda: shown(device) == {"level": 4})


async def test_thing_whose_only_way_is_gone_is_unreachable() -> None:
    async with web_thing() as (sockets, connection, device):
        await connection.attach(device)
        await until(lambda: sockets.open)
        await sockets.send("propertyStatus", level=3)
        await until(lambda: device.online)
        stream, _audience = connection._attached[device]._streams[0]
        url = stream._request.url
        stream._request = replace(  # somewhere else, where nobody is
            stream._request, url=url.with_port(1)
        )
        await sockets.open[0].close()
        await until(lambda: device.availability is Availability.UNREACHABLE)


async def test_each_message_is_a_value() -> None:
    sockets = Sockets()
    place = {"observe": "ws", "observe_url": "/ws"}
    async with level_of({"/ws": sockets, "/level": value(3)}, **place) as (
        connection,
        device,
    ):
        await connection.attach(device)
        await until(lambda: sockets.open and connection.pushed(device))
        assert shown(device) == {"level": 3}
        await sockets.open[0].send_str("4")
        await until(lambda: shown(device) == {"level": 4})


async def test_no_socket_there() -> None:
    place = {"observe": "ws", "observe_url": "/ws"}
    layout = {**QUIET, "attributes": {"level": place}}
    level = value(3)
    async with (
        http_server({"/ws": level}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await connection.attach(device)
        await until(lambda: level.requests)
        await asyncio.sleep(0.3)
        assert len(level.requests) == 1


# Beginning again, and ending


async def test_server_that_wants_to_know_the_end_is_told() -> None:
    level, over = Stream(3), value(None)
    end = {"url": "over", "method": "POST"}
    layout = {**QUIET, "attributes": {"level": {"observe": "sse", "end": end}}}
    async with (
        http_server({"/level": level, "/over": over}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        await connection.detach(device)
        assert over.asked("POST") == [b""]
        # Who has no place for that notices by itself.
        del server.handlers["/over"]
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
    assert server.asked[-1] == "POST /over"


async def test_device_that_is_back_is_followed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "FIRST_RETRY", 60.0)
    level = Stream(3)
    layout = {**QUIET, "attributes": {"level": {"observe": "sse"}}}
    async with (
        http_server({"/level": value(3, status=500)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await connection.attach(device)
        await until(lambda: "GET /level" in server.asked)
        server.handlers["/level"] = level
        device.report(Availability.UNREACHABLE)
        await asyncio.sleep(0.05)
        assert not connection.pushed(device)
        await connection.read(device, {"level"})
        await until(lambda: connection.pushed(device) == {"level"})


async def test_what_is_beyond_the_limit_is_polled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attached, "MAX_STREAMS", 2)
    names = ("temperature", "level", "label")
    layout = {
        "state": False,
        "attributes": {name: {"observe": "sse"} for name in names},
    }
    handlers: dict[str, Handler] = {f"/{name}": Stream(FLAT[name]) for name in names}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await connection.attach(device)
        await until(lambda: connection.pushed(device) == {"temperature", "level"})
        await connection.read(device, {"label"})
        assert shown(device)["label"] == "hall"


async def test_same_thing_at_several_addresses() -> None:
    async with (
        http_server({"/level": value(3)}) as server,
        http_connection(server.url) as connection,
    ):
        layout = {
            "addresses": ["http://192.0.2.1", server.url],
            "state": False,
            "attributes": {"level": "http://192.0.2.1/level"},
        }
        device = thing(connection, http=layout)
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 3}


# The end


@pytest.mark.parametrize("passes", [0, 1, 3, 10, 30, 100])
async def test_closing_at_any_moment_leaves_nothing(passes: int) -> None:
    handlers: dict[str, Handler] = {"/state": Stream({}), "/alert/hot": Stream()}
    async with (
        nothing_left(timers=False),
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        devices = [thing(connection, key=str(number)) for number in range(3)]
        for device in devices:
            await connection.attach(device)
        for _ in range(passes):
            await asyncio.sleep(0)


async def test_closing_while_the_server_is_silent_is_quick() -> None:
    silent = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        await silent.wait()
        return web.Response()

    async with http_server({"/state": hang}) as server:
        async with http_connection(server.url) as connection:
            device = thing(connection)
            reading = asyncio.create_task(connection.read(device, ALL))
            await until(lambda: "GET /state" in server.asked)
            await connection.close()
            with pytest.raises(UnreachableError, match="closed"):
                await reading
            with pytest.raises(UnreachableError, match="closed"):
                await device.set("level", 1)
        silent.set()
