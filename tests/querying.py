"""Two rooms behind one HTTP server, for questions about devices."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

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
from .iot.connections.http_server import http_server, value

MODEL: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:room",
    "name": "Room",
    "attributes": [
        {"name": "temperature", "type": "NUMBER", "unit": "°C"},
        {"name": "battery", "type": "INTEGER", "unit": "%"},
        {"name": "heating", "type": "BOOLEAN", "writable": True},
        {"name": "mode", "type": "STRING", "enum": ["off", "heat"], "writable": True},
        {"name": "note", "type": "STRING"},
        {"name": "since", "type": "DATETIME"},
        {"name": "latitude", "type": "NUMBER"},
        {"name": "longitude", "type": "NUMBER"},
        {"name": "pin", "type": "STRING", "sensitive": True},
    ],
    "formats": [
        {
            "name": "too_hot",
            "urn": "urn:com:acme:room:too_hot",
            "type": "ALERT",
            "value": {"fields": [{"name": "temp", "type": "NUMBER"}]},
        }
    ],
}
HALL: Final[dict[str, Any]] = {
    "temperature": 21.5,
    "battery": 80,
    "heating": True,
    "mode": "heat",
    "note": "x" * 2000,
    "since": 1700000000000,
    "latitude": 52.52,
    "longitude": 13.405,
    "pin": "0000",
}
ATTIC: Final[dict[str, Any]] = {
    "temperature": 30,
    "battery": 10,
    "heating": False,
    "mode": "off",
    "latitude": 48.85,
    "longitude": 2.35,
}


@asynccontextmanager
async def rooms(
    hass: HomeAssistant, **more: dict[str, Any]
) -> AsyncGenerator[dict[str, str]]:
    """Run the rooms, and set them up; yields the ids of their devices."""
    states = {"hall": HALL, "attic": ATTIC, **more}
    handlers = {f"/{name}/state": value(state) for name, state in states.items()}
    async with http_server(handlers) as server:
        binding = {"http": {"state": {"url": "state", "writable": True}}}
        subentries = [
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title=name.capitalize(),
                unique_id=name,
                data={
                    CONF_KEY: f"key-of-{name}",
                    CONF_SOURCE: "file:room.json",
                    CONF_DOCUMENT: {"model": MODEL, "binding": binding},
                    CONF_BASE: name,
                },
            )
            for name in states
        ]
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="My House",
            subentries_data=subentries,
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
        found = {}
        for name in states:
            device = registry.async_get_device_by_identifier(
                (DOMAIN, f"key-of-{name}"), config_entry_id=entry.entry_id
            )
            assert device is not None
            found[name] = device.id
        yield found
        await hass.config_entries.async_unload(entry.entry_id)


async def ask(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Ask by an action."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
