"""A device with a model of the tests, behind an HTTP server of the tests."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

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
from .iot.connections.http_server import Handler, HttpServer, http_server


def http_subentry(
    document: Mapping[str, Any], *, name: str = "", base: str = ""
) -> ConfigSubentryData:
    """Return a device, as the flows make it; it is called as its model, or by name."""
    title: str = name or document["model"]["name"]
    return ConfigSubentryData(
        subentry_type=SUBENTRY_DEVICE,
        title=title,
        unique_id=title.lower(),
        data={
            CONF_KEY: f"key-of-{title.lower()}",
            CONF_SOURCE: "file:device.json",
            CONF_DOCUMENT: dict(document),
            CONF_BASE: base,
        },
    )


def http_entry(
    port: int, *devices: ConfigSubentryData, title: str = "HTTP", interval: int = 3600
) -> MockConfigEntry:
    """Return an entry with devices, as the flows make it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        subentries_data=devices,
        data={
            CONF_SYSTEM: System.HTTP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_TLS: False,
            CONF_THING: "",
            CONF_INTERVAL: interval,
            CONF_VERIFY_SSL: True,
        },
    )


@asynccontextmanager
async def http_device(
    hass: HomeAssistant, document: Mapping[str, Any], handlers: Mapping[str, Handler]
) -> AsyncGenerator[tuple[HttpServer, str]]:
    """Run a device, and set it up; yields its server, and its id in the registry."""
    paths = {f"/{name}": handler for name, handler in handlers.items()}
    async with http_server(paths) as server:
        entry = http_entry(server.port, http_subentry(document))
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        registry = dr.async_get(hass)
        (registered,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
        yield server, registered.id
        await hass.config_entries.async_unload(entry.entry_id)
