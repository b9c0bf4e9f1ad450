"""A camera on an HTTP server of the tests, with files."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import hashlib
from typing import Any, Final

from aiohttp import web
from homeassistant.core import HomeAssistant

from .http_device import http_device
from .iot.connections.http_server import HttpServer, value

MODEL: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:camera",
    "name": "Camera",
    "attributes": [
        {"name": "picture", "type": "URI", "writable": True},
        {"name": "log", "type": "URI"},
        {"name": "key", "type": "URI", "sensitive": True},
        {"name": "empty", "type": "URI"},
        {"name": "title", "type": "STRING", "writable": True},
    ],
}
STATE: Final = {
    "picture": "files/0",
    "log": "files/log",
    "key": "files/log?token=hunter2",
    "title": "Sun",
}
CONTENT: Final = bytes(range(256)) * 100
SHA: Final = hashlib.sha256(CONTENT).hexdigest()


class Files:
    """What a camera keeps."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {"/files/log": CONTENT}
        self.going_on = asyncio.Event()
        self.going_on.set()
        self.asked = 0
        self.status = 0
        """What is answered in place of a yes."""
        self.media_type = "text/csv"
        """Of what it gives."""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Take a file, or give one."""
        self.asked += 1
        await self.going_on.wait()
        if self.status:
            return web.Response(status=self.status)
        if request.method == "PUT":
            self.kept[request.path] = await request.read()
            return web.Response(status=204)
        return web.Response(body=self.kept[request.path], content_type=self.media_type)


@asynccontextmanager
async def camera(
    hass: HomeAssistant, files: Files, **document: Any
) -> AsyncGenerator[tuple[HttpServer, str]]:
    """Run a camera, and set it up; yields it, and the id of its device.

    ``state`` is what it says besides, or otherwise; the rest is of its device file.
    """
    state = value({**STATE, **document.pop("state", {})})
    paths: dict[str, Any] = {
        "state": state,
        "files/log": files,
        "files/1": files,
        "files/0": files,
    }
    paths["picture"] = value("files/1")
    model = {"model": MODEL, **document}
    async with http_device(hass, model, paths) as running:
        yield running
