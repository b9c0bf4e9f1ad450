"""What an HTTP device answers is read, whatever it is."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
import json
from typing import Any

from aiohttp import web
import cbor2
import pytest

from custom_components.device_models.iot.connections.http import resource
from custom_components.device_models.iot.device import (
    Availability,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)

from .http_server import Content, http_connection, http_server, state, value
from .things import ALL, FLAT, STATE, free_port, model_of, shown, thing


async def test_everything_is_read_in_one_request() -> None:
    single = value(21.5)
    async with (
        http_server({"/state": state(), "/temperature": single}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        assert await connection.read(device, ALL) is None
        assert shown(device) == FLAT
        assert device.online
        assert not single.requests
        assert connection.health(device).round_trip is not None


async def test_resources_below_a_base_path() -> None:
    handlers = {"/api/lamp/state": state(), "/other": value(8)}
    async with (
        http_server(handlers) as server,
        http_connection(f"{server.url}/api") as connection,
    ):
        layout = {"attributes": {"level": "/other"}}
        device = thing(connection, base="lamp", http=layout)
        await connection.read(device, {"label"})
        assert shown(device)["label"] == "hall"
        device = thing(connection, base="lamp", http={**layout, "state": False})
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 8}


async def test_names_are_spelled_as_urls() -> None:
    model = model_of({"name": "a/b c?%", "type": "INTEGER"})

    async def handle(request: web.Request) -> web.Response:
        assert request.raw_path == "/a%2Fb%20c%3F%25"
        return web.json_response(3)

    async with (
        http_server({"/a/b c?%": handle}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=model)
        await connection.read(device, {"a/b c?%"})
        assert shown(device) == {"a/b c?%": 3}


async def test_parts_are_asked_for_where_there_is_no_state() -> None:
    handlers = {"/temperature": value(21.5), "/level": value(3)}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await connection.read(device, {"temperature", "level", "label"})
        assert shown(device) == {"temperature": 21.5, "level": 3}
        assert device.dropped["label: rejected"] == 1
        server.asked.clear()
        await connection.read(device, {"temperature", "level", "label"})
        assert sorted(server.asked) == ["GET /level", "GET /temperature"]
        # One that is absent is asked for in vain, to see that the device is there.
        server.asked.clear()
        await connection.read(device, {"label"})
        assert server.asked == ["GET /state"]


@pytest.mark.parametrize(
    ("payload", "content_type", "expected"),
    [
        (b"21.5", "application/json", 21.5),
        (b"\xef\xbb\xbf21.5", "application/json; charset=utf-8", 21.5),
        (b"21.5", "application/vnd.acme+json", 21.5),
        (b"21.5", "text/plain", 21.5),
        (cbor2.dumps(21.5), "application/cbor", 21.5),
        (b'[{"n":"temperature","v":21.5}]', "application/senml+json", 21.5),
        (cbor2.dumps([{0: "t", 2: 21.5}]), "application/senml+cbor", 21.5),
        (b"\x15", "application/octet-stream", 21),
        (b"<b>21.5</b>", "text/html", None),
        (b"21.5", "image/png", None),
        (b"{", "application/json", None),
        (b"500", "application/json", None),
        (b'"warm"', "application/json", None),
    ],
)
async def test_content_type_decides_what_is_read(
    payload: bytes, content_type: str, expected: Any
) -> None:
    handlers = {
        "/temperature": Content(payload, content_type),
        "/level": value(3),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={"state": False})
        await connection.read(device, {"temperature", "level"})
        assert shown(device).get("temperature") == expected
        assert shown(device)["level"] == 3
        assert device.dropped.total() == (expected is None)


async def test_documents_may_be_called_anything() -> None:
    shared = state()
    shared.content_type = "text/html"
    async with (
        http_server({"/state": shared}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await connection.read(device, ALL)
        assert shown(device) == FLAT
        shared.content_type = "text/plain"
        shared.payload = b'{"level": 4}'
        await connection.read(device, {"level"})
        assert shown(device)["level"] == 4


async def test_format_of_the_layout_is_asked_for() -> None:
    level = Content(cbor2.dumps(3), None)
    async with (
        http_server({"/x": level}) as server,
        http_connection(server.url) as connection,
    ):
        place = {"url": "x", "format": "cbor", "method": "POST"}
        device = thing(
            connection, http={"state": False, "attributes": {"level": place}}
        )
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 3}
        (request,) = level.requests
        assert request.method == "POST"
        assert request.headers["Accept"].startswith("application/cbor")


# What is known already, and for how long


async def test_what_is_unchanged_is_not_sent_again() -> None:
    sent: list[int] = []

    async def handle(request: web.Request) -> web.Response:
        known = request.headers.get("If-None-Match") == 'W/"1"'
        sent.append(304 if known else 200)
        headers = {"ETag": 'W/"1"', "Cache-Control": "public, max-age=90"}
        if known:
            return web.Response(status=304, headers=headers)
        return web.json_response({"level": 3}, headers=headers)

    async with (
        http_server({"/state": handle}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        assert await connection.read(device, {"level"}) == 90
        assert await connection.read(device, {"level"}) == 90
        assert sent == [200, 304]
        # A value that was refused is not known.
        device = thing(connection, model=model_of({"name": "level", "type": "STRING"}))
        await connection.read(device, {"level"})
        await connection.read(device, {"level"})
        assert sent == [200, 304, 200, 200]


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("max-age=5", 5),
        ("max-age=999999999", 3600),
        ("no-cache, max-age=5", None),
        ("no-store", None),
        ("max-age=soon", None),
        ("s-max-age=7", None),
    ],
)
async def test_freshness_is_a_hint(control: str, expected: float | None) -> None:
    shared = state()
    shared.headers["Cache-Control"] = control
    async with (
        http_server({"/state": shared}) as server,
        http_connection(server.url) as connection,
    ):
        assert await connection.read(thing(connection), {"level"}) == expected


# Busy


@pytest.mark.parametrize("spelled", ["30", "date", "soon", None])
async def test_busy_resource_is_left_alone(spelled: str | None) -> None:
    if spelled == "date":
        spelled = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    busy = value(1, status=503)
    if spelled:
        busy.headers["Retry-After"] = spelled
    async with (
        http_server({"/level": busy, "/label": value("hall")}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={"state": False})
        device.receive({"level": 2})
        await connection.read(device, {"level", "label"})
        hint = await connection.read(device, {"level"})
        assert hint is not None
        assert 5 < hint <= 30
        assert len(busy.requests) == 1
        assert shown(device) == {"level": 2, "label": "hall"}
        assert device.online


async def test_resource_that_is_nothing_but_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "LONGEST_BUSY", 0.1)
    level = value(2)
    level.headers["Retry-After"] = "0"
    async with (
        http_server({"/level": level}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={"state": False})
        for _ in range(2):
            level.status = 200
            await connection.read(device, {"level"})
            level.status = 503
            await connection.read(device, {"level"})
            assert shown(device) == {"level": 2}
            await asyncio.sleep(0.15)
            await connection.read(device, {"level"})
            assert not shown(device)


async def test_busy_server_is_left_alone() -> None:
    busy = value(1, status=429, headers={"Retry-After": "20"})
    label = value("hall")
    async with (
        http_server({"/level": busy, "/label": label}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={"state": False})
        hint = await connection.read(device, {"level"})
        assert hint is not None
        assert 15 < hint <= 20
        assert await connection.read(device, {"label"}) == pytest.approx(hint, abs=1)
        assert not label.requests
        with pytest.raises(RejectedError, match=r"busy for (19|20) s"):
            await device.set("label", "x")
        assert not label.requests


# Who we are


async def test_protected_attribute_does_not_take_the_others_along() -> None:
    handlers = {"/level": value(1, status=401), "/label": value("hall")}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={"state": False})
        device.receive({"level": 2})
        await connection.read(device, {"level", "label"})
        assert shown(device) == {"label": "hall"}
        assert device.dropped["level: unauthorized"] == 1
        server.handlers["/label"] = value("", status=403)
        with pytest.raises(UnauthorizedError):
            await connection.read(device, {"level", "label"})
        assert device.availability is Availability.UNREACHABLE


# Nobody there, or nothing of use


async def test_nobody_there() -> None:
    port = free_port()
    with pytest.raises(UnreachableError, match=rf"http://127\.0\.0\.1:{port}"):
        async with http_connection(f"http://127.0.0.1:{port}"):
            pass


async def test_device_that_went_away_is_unreachable() -> None:
    async with (
        http_server({"/state": state()}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await connection.read(device, ALL)
        server.handlers.clear()
        await connection.read(device, ALL)
        assert device.online  # it answers, though with nothing
        assert not device.values
        everywhere = dict.fromkeys(("/state", *(f"/{name}" for name in STATE)), hang_up)
        server.handlers.update(everywhere)
        with pytest.raises(UnreachableError, match="127"):
            await connection.read(device, ALL)
        assert device.availability is Availability.UNREACHABLE
        changed: list[VirtualDevice] = []
        connection.on_description_changed = changed.append
        server.handlers["/state"] = state()
        await connection.read(device, ALL)
        assert device.online
        assert changed == [device]
        await connection.read(device, ALL)
        assert changed == [device]


async def hang_up(request: web.Request) -> web.Response:
    """Close the connection in place of an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def test_pointer_and_shared_place() -> None:
    reading = {"t": {"v": [20, 21.5]}, "l": 3}
    place = {"url": "all.json", "pointer": "/t/v/1"}
    layout = {
        "state": False,
        "attributes": {
            "temperature": place,
            "level": {"url": "all.json", "pointer": "/l"},
        },
    }
    async with (
        http_server({"/all.json": value(reading)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await connection.read(device, {"temperature", "level"})
        assert shown(device) == {"temperature": 21.5, "level": 3}
        assert server.asked[1:] == ["GET /all.json"]
        assert json.loads(json.dumps(connection.trace(device)))[-1]["received"]
