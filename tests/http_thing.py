"""A thing on an HTTP server of the tests."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TITLE = "Boiler"

type Guard = Callable[[web.Request], bool]
"""Whether a request is let in."""


def description(
    definition: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the description of the thing, with how it wants to be authorised."""
    return {
        "@context": "https://www.w3.org/2022/wot/td/v1.1",
        "id": "urn:dev:ops:32473-boiler-1",
        "title": TITLE,
        "securityDefinitions": {"way": definition or {"scheme": "nosec"}},
        "security": "way",
        "properties": {
            "temperature": {
                "type": "number",
                "unit": "°C",
                "readOnly": True,
                "forms": [{"href": "/properties/temperature"}],
            },
            "heating": {
                "type": "boolean",
                "forms": [{"href": "/properties/heating"}],
            },
        },
        **more,
    }


class HttpThing:
    """It holds values; who is not let in is told so."""

    def __init__(self, thing: dict[str, Any], guard: Guard, *, closed: bool) -> None:
        """Take its description; a closed one does not even show that."""
        self.thing = thing
        self.guard = guard
        self.closed = closed
        self.values: dict[str, Any] = {"temperature": 21.5, "heating": False}
        self.calls: list[tuple[str, Any]] = []
        self.answers: Callable[[Any], Any] = lambda told: {"told": told}
        """What it answers to a call, by what it was told."""
        self.going: str | None = None
        """How a call goes that is not over at once."""
        self.port = 0
        self.described = 0
        """How often it has said what it is."""
        self.issues = False
        """Whether it gives tokens."""

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    async def describe(self, request: web.Request) -> web.Response:
        """Answer what the thing is."""
        if self.closed and not self.guard(request):
            return web.Response(status=401)
        self.described += 1
        return web.json_response(self.thing, content_type="application/td+json")

    async def read(self, request: web.Request) -> web.Response:
        """Answer what a value is."""
        if not self.guard(request):
            return web.Response(status=401)
        return web.json_response(self.values[request.match_info["name"]])

    async def write(self, request: web.Request) -> web.Response:
        """Take a value."""
        if not self.guard(request):
            return web.Response(status=401)
        self.values[request.match_info["name"]] = await request.json()
        return web.Response(status=204)

    async def call(self, request: web.Request) -> web.Response:
        """Do something; answers what was told."""
        told = await request.json() if request.can_read_body else None
        self.calls.append((request.match_info["name"], told))
        if self.going is not None:
            where = {"Location": "/status"}
            began = {"status": "pending"}
            return web.json_response(began, status=201, headers=where)
        return web.json_response(self.answers(told))

    async def status(self, _request: web.Request) -> web.Response:
        """Answer how the call goes."""
        if self.going is None:
            return web.Response(status=404)
        output = {"output": {"told": "done"}} if self.going == "completed" else {}
        return web.json_response({"status": self.going, **output})

    async def end(self, _request: web.Request) -> web.Response:
        """End the call."""
        self.going = None
        return web.Response(status=204)

    async def token(self, _request: web.Request) -> web.Response:
        """Give a token (RFC 6749 §4.4.3), or none."""
        if not self.issues:
            return web.json_response({"error": "invalid_client"}, status=401)
        token = {"access_token": "t", "token_type": "bearer", "expires_in": 60}
        return web.json_response(token)

    async def other(self, request: web.Request) -> web.Response:
        """Answer whatever else is asked."""
        shut = self.closed and not self.guard(request)
        return web.Response(status=401 if shut else 404)


@asynccontextmanager
async def http_thing(
    definition: dict[str, Any] | None = None,
    guard: Guard = lambda _request: True,
    *,
    closed: bool = False,
    path: str = "/.well-known/wot",
    **more: Any,
) -> AsyncGenerator[HttpThing]:
    """Run a server with a thing."""
    thing = HttpThing(description(definition, **more), guard, closed=closed)
    app = web.Application()
    app.router.add_get(path, thing.describe)
    app.router.add_get("/properties/{name}", thing.read)
    app.router.add_put("/properties/{name}", thing.write)
    app.router.add_post("/actions/{name}", thing.call)
    app.router.add_get("/status", thing.status)
    app.router.add_delete("/status", thing.end)
    app.router.add_post("/token", thing.token)
    app.router.add_get("/{rest:.*}", thing.other)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    thing.port = runner.addresses[0][1]
    try:
        yield thing
    finally:
        await runner.cleanup()
