"""An HTTP server of tests: any resources, and what was asked of them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from typing import Any, Final

import aiohttp
from aiohttp import web

from custom_components.device_models.iot.connections.http import (
    HttpConnection,
    HttpSettings,
)

from .things import STATE

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Content:
    """A resource with one content, which may be written; a status for all answers."""

    payload: bytes = b""
    content_type: str | None = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer, and remember what was asked."""
        self.requests.append(request)
        self.bodies.append(await request.read())
        if request.method == "PUT" and self.status < 300:
            self.payload = self.bodies[-1]
            return web.Response(status=204)
        headers = dict(self.headers)
        if self.content_type is not None:
            headers["Content-Type"] = self.content_type
        return web.Response(status=self.status, body=self.payload, headers=headers)

    def asked(self, method: str) -> list[bytes]:
        """Return the bodies of the requests with a method."""
        asked = zip(self.requests, self.bodies, strict=True)
        return [body for request, body in asked if request.method == method]


def value(document: Any, **more: Any) -> Content:
    """Return a resource with a JSON document."""
    return Content(json.dumps(document).encode(), **more)


def state(**but: Any) -> Content:
    """Return the resource with all attributes of the thing."""
    return value({**STATE, **but})


@dataclass
class HttpServer:
    """A running server."""

    port: int
    handlers: dict[str, Handler]
    asked: list[str] = field(default_factory=list)
    """Methods and paths, in order."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"


HERE: Final = "127.0.0.1"


@asynccontextmanager
async def http_server(
    handlers: Mapping[str, Handler] | None = None, *, port: int = 0, ssl: Any = None
) -> AsyncGenerator[HttpServer]:
    """Run a server with handlers by path; the others are answered with 404."""
    running = HttpServer(0, dict(handlers or {}))

    async def handle(request: web.Request) -> web.StreamResponse:
        running.asked.append(f"{request.method} {request.path_qs}")
        handler = running.handlers.get(request.path)
        return await handler(request) if handler else web.Response(status=404)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HERE, port, ssl_context=ssl)
        await site.start()
        running.port = runner.addresses[0][1]
        yield running
    finally:
        await runner.cleanup()


@asynccontextmanager
async def http_connection(
    url: str, *, thing: str | None = None, **settings: Any
) -> AsyncGenerator[HttpConnection]:
    """Open a connection with a session of its own."""
    async with aiohttp.ClientSession() as session:
        connection = HttpConnection(
            session, HttpSettings(url=url, **settings), thing=thing
        )
        await connection.open()
        try:
            yield connection
        finally:
            await connection.close()
