"""An HTTP device is written to, and called."""

import json
from typing import Any

from aiohttp import web
import cbor2
import pytest

from custom_components.device_models.iot.device import Availability, Certainty
from custom_components.device_models.iot.errors import (
    NotOfferedError,
    PartlyWrittenError,
    RejectedError,
    UnauthorizedError,
)

from .http_server import Content, Handler, http_connection, http_server, state, value
from .things import shown, thing


async def test_attribute_is_put() -> None:
    level = value(3)
    async with (
        http_server({"/level": level}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await device.set("level", 7)
        assert level.asked("PUT") == [b"7"]
        assert level.requests[-1].content_type == "application/json"
        assert shown(device) == {"level": 7}
        assert device.values["level"].certainty is Certainty.LIVE


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_write_is_sent_as_the_layout_says(method: str) -> None:
    place = Content(b"", status=204)
    layout = {
        "attributes": {
            "level": {
                "url": "all",
                "write": "set/{level}",
                "write_method": method,
                "write_format": "cbor",
            },
            "label": {"write": "set", "write_method": method, "write_format": "cbor"},
        }
    }
    async with (
        http_server({"/set": place, "/set/7": place}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await device.set("level", 7)
        assert place.asked(method) == [b""]
        await device.set("label", "hall")
        assert cbor2.loads(place.asked(method)[1]) == "hall"
        assert place.requests[-1].content_type == "application/cbor"


async def test_several_are_written_together() -> None:
    shared = state()
    async with (
        http_server({"/state": shared}) as server,
        http_connection(server.url) as connection,
    ):
        layout = {"state": {"url": "state", "writable": True, "write_method": "PATCH"}}
        device = thing(connection, http=layout).update()
        await device.set("level", 7)
        await device.set("label", "attic")
        await device.finish()
        (sent,) = shared.asked("PATCH")
        assert json.loads(sent) == {"level": 7, "label": "attic"}
        # One that has no resource of its own is written there, too.
        await device.set("power", True)
        assert json.loads(shared.asked("PATCH")[1]) == {"power": True}


async def test_values_of_which_some_are_refused_are_told_apart() -> None:
    level, label = value(3, status=403), value("hall")
    async with (
        http_server({"/level": level, "/label": label}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        with pytest.raises(PartlyWrittenError, match="label was set, but not level: "):
            await device.change({"level": 7, "label": "attic"})
        assert shown(device) == {"label": "attic"}


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_several_are_written_singly_where_the_server_has_no_more(
    status: int,
) -> None:
    shared, level, label = value({}, status=status), value(3), value("hall")
    handlers = {"/state": shared, "/level": level, "/label": label}
    layout = {"state": {"url": "state", "writable": True}}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        for number in (7, 8):
            device.update()
            await device.set("level", number)
            await device.set("label", "attic")
            await device.finish()
            assert level.payload == b"%d" % number
            assert shown(device) == {"level": number, "label": "attic"}
        assert len(shared.asked("PUT")) == 1
        # What has no place of its own is refused as it is there.
        with pytest.raises(RejectedError, match="/power answered 404"):
            await device.set("power", True)
        # A device that was away may have got new firmware.
        shared.status = 200
        device.report(Availability.UNREACHABLE, "it was away")
        await connection.read(device, {"level"})
        device.update()
        await device.set("level", 9)
        await device.set("label", "hall")
        await device.finish()
        assert json.loads(shared.payload) == {"level": 9, "label": "hall"}


async def test_several_that_have_no_other_place_are_refused() -> None:
    layout = {
        "state": {"url": "state", "writable": True},
        "attributes": {"level": {"write": False}},
    }
    async with (
        http_server({"/state": value({}, status=405)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout).update()
        await device.set("level", 7)
        await device.set("label", "attic")
        with pytest.raises(RejectedError, match="/state answered 405"):
            await device.finish()


async def test_object_is_written_as_a_whole() -> None:
    night = value({"hour": 22, "dim": 0.5, "until": "dawn"})
    async with (
        http_server({"/night": night}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await device.set("night.hour", 23)
        assert json.loads(night.asked("PUT")[0]) == {"hour": 23, "dim": 0.5}


async def test_accepted_is_not_confirmed() -> None:
    async def later(_request: web.Request) -> web.Response:
        return web.Response(status=202)

    async with (
        http_server({"/level": later}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await device.set("level", 7)
        assert device.values["level"].certainty is Certainty.ASSUMED


async def test_refusals_are_told() -> None:
    async with (
        http_server({"/level": value(1, status=400)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http={"attributes": {"power": False}})
        with pytest.raises(RejectedError, match="/level answered 400 Bad Request"):
            await device.set("level", 7)
        assert not device.values
        server.handlers["/level"] = value(1, status=401)
        with pytest.raises(UnauthorizedError):
            await device.set("level", 7)
        with pytest.raises(NotOfferedError):
            await device.set("power", True)


# Calling


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (web.Response(status=204), None),
        (web.json_response({"ok": True}), {"ok": True}),
        (web.Response(body=cbor2.dumps([1]), content_type="application/cbor"), [1]),
        (web.Response(text="done"), "done"),
        (web.Response(body=b"{", content_type="application/json"), None),
    ],
)
async def test_action_is_called(answer: web.Response, expected: Any) -> None:
    asked: list[tuple[str, bytes]] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append((request.method, await request.read()))
        return answer

    async with (
        http_server({"/move": handle}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        assert await device.call("move", {"x": 1.5}) == expected
        assert asked == [("POST", b'{"x":1.5}')]
        assert device.online


async def test_action_is_called_as_the_layout_says() -> None:
    place = Content(b"", status=204)
    layout = {
        "actions": {
            "move": {"url": "/relay/0?turn={x}", "method": "GET"},
            "reset": False,
        }
    }
    async with (
        http_server({"/relay/0": place}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        await device.call("move", {"x": 2})
        assert server.asked[-1] == "GET /relay/0?turn=2"
        assert "turn=2" not in json.dumps(connection.trace(device))
        with pytest.raises(NotOfferedError):
            await device.call("reset")
        layout["actions"]["move"] = {"url": "/relay/0", "bare": True, "method": "PUT"}
        device = thing(connection, http=layout)
        await device.call("move", {"x": 2})
        assert place.asked("PUT") == [b"2"]


async def test_call_that_is_refused() -> None:
    async with (
        http_server() as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(RejectedError, match="/reset answered 404 Not Found"):
            await thing(connection).call("reset")


async def test_done_is_told_elsewhere() -> None:
    async def done(_request: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/result")

    async def moved(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/move2")

    handlers: dict[str, Handler] = {
        "/reset": done,
        "/result": value(7),
        "/move": moved,
        "/move2": Content(b"true"),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        assert await device.call("reset") == 7
        assert await device.call("move", {"x": 1}) is True
        assert server.asked[-1] == "POST /move2"
