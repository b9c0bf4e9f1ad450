"""Actions of an HTTP device that go on after they were called."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
import pytest

from custom_components.device_models.iot.connections import going
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import (
    NotConfirmedError,
    NotOfferedError,
    RejectedError,
)
from simulators.behaviour import SimulatedDevice
from simulators.http import HttpSimulator
from simulators.models import load_model

from .http_server import Content, Handler, http_connection, http_server, value
from .things import thing, until


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it asked soon, and not for long."""
    monkeypatch.setattr(going, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(going, "LONGEST", 0.5)


def answers(*documents: Any) -> Handler:
    """Return a resource that answers one after the other, the last one for ever."""
    left = list(documents)

    async def handle(_request: web.Request) -> web.Response:
        document = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(document, int):
            return web.Response(status=document)
        return web.json_response(document)

    return handle


def created(
    document: Any = None, location: str | None = "/job", status: int = 201
) -> Callable[[web.Request], Any]:
    """Return an action that goes on."""

    async def handle(_request: web.Request) -> web.Response:
        headers = {"Location": location} if location else {}
        if document is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(document, status=status, headers=headers)

    return handle


RUNNING = {"status": "running"}
NOWHERE = {**RUNNING, "href": "http://["}
DONE = {"status": "completed", "output": {"a": 1}}


@pytest.mark.parametrize(
    ("call", "job", "expected"),
    [
        (created({"status": "pending"}), answers(RUNNING, DONE), {"a": 1}),
        (created(), answers(RUNNING, DONE), {"a": 1}),
        (created(status=202), answers(202, 202, {"b": 2}), {"b": 2}),
        (created({"wait": 1}, status=202), answers(202, DONE), {"a": 1}),
        (created({"status": "pending", "href": "/job"}, None), answers(DONE), {"a": 1}),
        (created({"reset": {**RUNNING, "href": "/job"}}), answers(DONE), {"a": 1}),
        (created(DONE, None), answers(404), {"a": 1}),
        (created(DONE), answers(404), {"a": 1}),
        (created({"id": 4}), answers(404), {"id": 4}),
        (created({"id": 4}, None), answers(404), {"id": 4}),
        (created(None, None), answers(404), None),
        (created(RUNNING, None), answers(404), RUNNING),
        (created(RUNNING, "ftp://x/"), answers(404), RUNNING),
        (created(NOWHERE, None), answers(404), NOWHERE),
        (created({"status": "queued"}), answers(404), {"status": "queued"}),
    ],
)
async def test_outcome_is_waited_for(
    call: Handler, job: Handler, expected: Any
) -> None:
    async with (
        http_server({"/reset": call, "/job": job}) as server,
        http_connection(server.url) as connection,
    ):
        assert await thing(connection).call("reset") == expected


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        (
            {"status": "failed", "error": {"detail": "no water"}},
            "/job answered that it has failed: no water",
        ),
        ({"status": "failed", "error": "x"}, "/job answered that it has failed"),
        (404, "/job answered 404 Not Found"),
    ],
)
async def test_call_that_fails(last: Any, problem: str) -> None:
    handlers: dict[str, Handler] = {
        "/reset": created(RUNNING),
        "/job": answers(RUNNING, last),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(RejectedError, match=problem):
            await thing(connection).call("reset")


async def test_call_that_has_no_end() -> None:
    handlers: dict[str, Handler] = {
        "/reset": created(RUNNING),
        "/job": answers(RUNNING),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(NotConfirmedError, match=r"reset was sent, .* within 0.5 s"):
            await thing(connection).call("reset")


async def test_call_is_asked_for_and_ended() -> None:
    room = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    action = next(one for one in room.model.actions if not one.arguments)
    async with (
        HttpSimulator(room, speed=0, actions_take=30) as simulator,
        http_connection(simulator.url) as connection,
    ):
        device: VirtualDevice = thing(connection, model=room.model)
        with pytest.raises(NotOfferedError, match="asking how it goes"):
            await connection.query(device, action)
        with pytest.raises(NotOfferedError, match="ending it"):
            await connection.cancel(device, action)
        calling = asyncio.create_task(device.call(action.name))
        await until(lambda: connection._callers[device]._going._places)
        status: Any = await connection.query(device, action)
        assert status["status"] in {"pending", "running"}
        await connection.cancel(device, action)
        with pytest.raises(RejectedError, match="404"):
            await calling
        with pytest.raises(RejectedError, match="404"):
            await connection.query(device, action)
        assert not room.calls


async def test_layout_says_where_a_call_is_asked_for() -> None:
    job = value({"status": "running"})
    layout = {"actions": {"reset": {"query": "job", "cancel": "/jobs/last"}}}
    async with (
        http_server({"/job": job, "/jobs/last": Content(status=204)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        action = device.model.action("reset")
        assert await connection.query(device, action) == {"status": "running"}
        await connection.cancel(device, action)
        assert server.asked[1:] == ["GET /job", "DELETE /jobs/last"]


async def test_arguments_are_in_the_url() -> None:
    move = value(None)
    layout = {"actions": {"move": {"url": "/m{x}?y={x}", "bare": True}}}
    async with (
        http_server({"/m2": move}) as server,
        http_connection(server.url) as connection,
    ):
        await thing(connection, http=layout).call("move", {"x": 2})
        assert server.asked[-1] == "POST /m2?y=2"
        assert move.bodies == [b""]
