"""The actions of devices, called from Home Assistant."""

import asyncio
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_SOURCE,
    DOMAIN,
    SUBENTRY_DEVICE,
)

from .acting import set_up, until
from .http_thing import HttpThing, http_thing
from .test_http_flow import entry_of

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

FADE = {
    "input": {
        "type": "object",
        "required": ["brightness"],
        "properties": {
            "brightness": {"type": "integer", "minimum": 0, "maximum": 100},
            "seconds": {"type": "number", "default": 2},
        },
    },
    "output": {"type": "object", "properties": {"told": {"type": "object"}}},
    "forms": [{"href": "/actions/fade"}],
}


def entry_with(thing: HttpThing) -> MockConfigEntry:
    """Return an entry with the thing as its device."""
    data = {
        CONF_KEY: "key-of-boiler",
        CONF_SOURCE: "device",
        CONF_DOCUMENT: thing.thing,
        CONF_BASE: "",
    }
    device = ConfigSubentryData(
        subentry_type=SUBENTRY_DEVICE, title="Boiler", unique_id="boiler", data=data
    )
    return entry_of(thing, devices=[device])


async def device_of(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Set an entry up; returns the id of its only device."""
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


async def call(hass: HomeAssistant, device: str, action: str, **arguments: Any) -> Any:
    """Call an action; returns the answer."""
    return await hass.services.async_call(
        DOMAIN,
        "call_action",
        {"device_id": device, "action": action, "arguments": arguments},
        blocking=True,
        return_response=True,
    )


async def test_action_is_called_with_its_arguments(hass: HomeAssistant) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        told = {"brightness": 40, "seconds": 2}
        answer = await call(hass, device, "fade", brightness=40)
        assert answer == {"result": {"told": told}}
        assert thing.calls == [("fade", told)]
        data = {"device_id": device, "action": "fade", "arguments": {"brightness": 5}}
        await hass.services.async_call(DOMAIN, "call_action", data, blocking=True)
        assert len(thing.calls) == 2
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("action", "arguments", "key"),
    [
        ("fade", {}, "value_refused"),
        ("fade", {"brightness": 101}, "value_refused"),
        ("fade", {"brightness": 1, "colour": "red"}, "unknown_element"),
        ("explode", {}, "unknown_element"),
    ],
)
async def test_what_the_model_does_not_allow_is_not_sent(
    hass: HomeAssistant, action: str, arguments: dict[str, Any], key: str
) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        with pytest.raises(ServiceValidationError) as caught:
            await call(hass, device, action, **arguments)
        assert caught.value.translation_key == key
        assert not thing.calls
        await hass.config_entries.async_unload(entry.entry_id)


async def test_action_that_the_device_does_not_carry_out(hass: HomeAssistant) -> None:
    gone = {**FADE, "forms": [{"href": "/gone"}]}
    async with http_thing(actions={"fade": gone}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        with pytest.raises(HomeAssistantError, match="405"):
            await call(hass, device, "fade", brightness=1)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_device_that_stands_for_no_model(hass: HomeAssistant) -> None:
    async with http_thing() as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        registry = dr.async_get(hass)
        other = registry.async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={(DOMAIN, "elsewhere")}
        )
        with pytest.raises(ServiceValidationError) as caught:
            await call(hass, other.id, "fade")
        assert caught.value.translation_key == "not_offered"
        await hass.config_entries.async_unload(entry.entry_id)


async def progress(hass: HomeAssistant, about: dict[str, str]) -> object:
    """Ask how an action goes, as soon as its call was answered."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await hass.services.async_call(
                    DOMAIN, "query_action", about, blocking=True, return_response=True
                )
            except ServiceValidationError:
                await asyncio.sleep(0.02)


async def test_action_that_goes_on_can_be_asked_for_and_ended(
    hass: HomeAssistant,
) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        about = {"device_id": device, "action": "fade"}
        thing.going = "running"
        calling = hass.async_create_task(call(hass, device, "fade", brightness=40))
        await until(lambda: thing.calls)
        answer = await progress(hass, about)
        assert answer == {"result": {"status": "running"}}
        await hass.services.async_call(DOMAIN, "cancel_action", about, blocking=True)
        assert thing.going is None
        with pytest.raises(HomeAssistantError):
            await calling
        await hass.config_entries.async_unload(entry.entry_id)


async def test_result_of_an_action_that_goes_on(hass: HomeAssistant) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        thing.going = "completed"
        answer = await call(hass, device, "fade", brightness=40)
        assert answer == {"result": {"told": "done"}}
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("service", ["query_action", "cancel_action"])
async def test_action_that_was_not_called(hass: HomeAssistant, service: str) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        about = {"device_id": await device_of(hass, entry), "action": "fade"}
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(
                DOMAIN,
                service,
                about,
                blocking=True,
                return_response=service == "query_action",
            )
        assert caught.value.translation_key == "not_offered"
        await hass.config_entries.async_unload(entry.entry_id)
