"""A camera on an HTTP server of the tests, with files."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import hashlib
from typing import Any, Final

from aiohttp import web
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_INTERVAL,
    CONF_KEY,
    CONF_SOURCE,
    CONF_SYSTEM,
    CONF_THING,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.systems import System

from .acting import set_up
from .iot.connections.http_server import HttpServer, http_server, value

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
        "/state": state,
        "/files/log": files,
        "/files/1": files,
        "/files/0": files,
    }
    async with http_server(paths) as server:
        server.handlers["/picture"] = value("files/1")
        data = {
            CONF_KEY: "key-of-camera",
            CONF_SOURCE: "file:camera.json",
            CONF_DOCUMENT: {"model": MODEL, **document},
            CONF_BASE: "",
        }
        device = ConfigSubentryData(
            subentry_type=SUBENTRY_DEVICE,
            title="Camera",
            unique_id="camera",
            data=data,
        )
        entry = MockConfigEntry(
            domain=DOMAIN,
            subentries_data=[device],
            data={
                CONF_SYSTEM: System.HTTP,
                CONF_HOST: "127.0.0.1",
                CONF_PORT: server.port,
                CONF_TLS: False,
                CONF_THING: "",
                CONF_INTERVAL: 3600,
                CONF_VERIFY_SSL: True,
            },
        )
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        registry = dr.async_get(hass)
        (registered,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
        yield server, registered.id
        await hass.config_entries.async_unload(entry.entry_id)
