"""The attributes of devices, asked for and changed by actions of Home Assistant."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
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

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

MODEL: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:thermostat",
    "name": "Thermostat",
    "attributes": [
        {"name": "temperature", "type": "NUMBER", "unit": "°C"},
        {"name": "setpoint", "type": "NUMBER", "range": "5,30", "writable": True},
        {
            "name": "mode",
            "type": "STRING",
            "enum": ["off", "heat", "auto"],
            "writable": True,
        },
        {"name": "since", "type": "DATETIME", "writable": True},
        {"name": "pin", "type": "STRING", "sensitive": True, "writable": True},
    ],
}
STATE: Final = {
    "temperature": 21.5,
    "setpoint": 20,
    "mode": "heat",
    "since": 1700000000000,
    "pin": "0000",
}


@asynccontextmanager
async def thermostat(
    hass: HomeAssistant, **handlers: Any
) -> AsyncGenerator[tuple[HttpServer, str]]:
    """Run a thermostat, and set it up; yields it, and the id of its device."""
    paths = {f"/{name}": handler for name, handler in handlers.items()}
    async with http_server(paths) as server:
        binding = {"http": {"state": {"url": "state", "writable": True}}}
        data = {
            CONF_KEY: "key-of-thermostat",
            CONF_SOURCE: "file:thermostat.json",
            CONF_DOCUMENT: {"model": MODEL, "binding": binding},
            CONF_BASE: "",
        }
        device = ConfigSubentryData(
            subentry_type=SUBENTRY_DEVICE,
            title="Thermostat",
            unique_id="thermostat",
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


async def get(hass: HomeAssistant, device: str, **data: Any) -> Any:
    """Ask for attributes."""
    return await hass.services.async_call(
        DOMAIN,
        "get_attributes",
        {"device_id": device, **data},
        blocking=True,
        return_response=True,
    )


async def test_all_attributes_are_told(hass: HomeAssistant) -> None:
    async with thermostat(hass, state=value(STATE)) as (_server, device):
        answer = await get(hass, device)
        assert answer["availability"] == "online"
        known = answer["attributes"]
        assert list(known) == ["temperature", "setpoint", "mode", "since", "pin"]
        assert known["temperature"].pop("at").endswith("+00:00")
        assert known["temperature"] == {
            "value": 21.5,
            "unit": "°C",
            "certainty": "live",
        }
        assert known["since"]["value"] == "2023-11-14T22:13:20+00:00"
        assert known["pin"]["value"] is None


async def test_attributes_are_told_by_name_and_asked_for_anew(
    hass: HomeAssistant,
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (_server, device):
        state.payload = value({**STATE, "setpoint": 23}).payload
        answer = await get(hass, device, attributes=["setpoint"])
        assert answer["attributes"]["setpoint"]["value"] == 20
        answer = await get(hass, device, attributes="setpoint", refresh=True)
        assert answer["attributes"].keys() == {"setpoint"}
        assert answer["attributes"]["setpoint"]["value"] == 23


async def test_what_is_wrong_with_a_value_is_told(hass: HomeAssistant) -> None:
    state = value({**STATE, "setpoint": 40})
    async with thermostat(hass, state=state) as (_server, device):
        answer = await get(hass, device, attributes=["setpoint"])
        assert answer["attributes"]["setpoint"] == {
            "value": None,
            "unit": None,
            "problem": "setpoint: 40 > 30",
        }


async def test_attribute_that_the_device_does_not_have(hass: HomeAssistant) -> None:
    async with thermostat(hass, state=value(STATE)) as (_server, device):
        with pytest.raises(ServiceValidationError) as caught:
            await get(hass, device, attributes=["colour"])
        assert caught.value.translation_key == "unknown_element"
