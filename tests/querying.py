"""Two rooms behind one HTTP server, for questions about devices."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from custom_components.device_models.const import DOMAIN

from .acting import set_up
from .http_device import http_entry, http_subentry
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
        document = {"model": MODEL, "binding": binding}
        devices = (
            http_subentry(document, name=name.capitalize(), base=name)
            for name in states
        )
        entry = http_entry(server.port, *devices, title="My House")
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
