"""Devices that say what they are: offered with what they become, and set up at once."""

import json
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.json import json_bytes
import pytest

from custom_components.device_models import offer as offer_module
from custom_components.device_models.const import CONF_OVERLAY, CONF_SOURCE, CONF_SYSTEM
from custom_components.device_models.systems import System
from simulators.coap import CoapSimulator

from .acting import state_of
from .flows import suggested
from .iot.connections.coap_server import BareServer, Content, bare_server
from .test_config_flow import chosen, coap
from .test_zeroconf import THING, WOT, announce, heard

pytestmark = pytest.mark.usefixtures("integration", "quick_requests")

LAMP: dict[str, Any] = {
    **THING,
    "properties": {
        "on": {"type": "boolean", "readOnly": True, "forms": [{"href": "/on"}]},
        "power": {
            "title": "Power draw",
            "type": "number",
            "unit": "W",
            "readOnly": True,
            "forms": [{"href": "/power"}],
        },
    },
}


def lamp(thing: dict[str, Any] = LAMP) -> dict[str, Content]:
    """Return the resources of a thing that describes itself."""
    return {
        ".well-known__wot": Content(json.dumps(thing).encode(), 432),
        "on": Content(b"true"),
        "power": Content(b"4.5"),
    }


async def offered(hass: HomeAssistant, server: BareServer) -> ConfigFlowResult:
    """Have a server announce itself, and say what is shown for it."""
    return await announce(hass, heard(server.port, type=WOT))


async def test_what_a_device_says_formats_nothing(hass: HomeAssistant) -> None:
    unread = {"href": "/x", "contentType": "a/`![x](http://x)"}
    more = {"more": {"type": "boolean", "forms": [unread]}}
    thing = {
        **LAMP,
        "title": "[Lamp](http://x)",
        "properties": LAMP["properties"] | more,
    }
    async with bare_server(**lamp(thing)) as server:
        shown = (await offered(hass, server))["description_placeholders"] or {}
    assert shown["model"].startswith(r"\[Lamp\](")
    assert "'![x](http://x)" in shown["remarks"]
    assert shown["remarks"].count("`") == 2


async def accept(
    hass: HomeAssistant, offer: ConfigFlowResult, **entered: object
) -> ConfigFlowResult:
    """Accept an offer as it is, but for what is entered."""
    assert offer["step_id"] == "offer"
    flow = hass.config_entries.flow
    return await flow.async_configure(offer["flow_id"], suggested(offer) | entered)


async def test_thing_is_there_with_two_clicks(hass: HomeAssistant) -> None:
    async with bare_server(**lamp()) as server:
        offer = await offered(hass, server)
        shown = offer["description_placeholders"] or {}
        assert shown["model"] == "Lamp"
        assert shown["format"] == "Thing Description"
        assert shown["address"] == f"127.0.0.1:{server.port}"
        assert shown["known"] == shown["readable"] == "2"
        assert "Power draw | 4.5 | sensor, power, W | " in shown["rows"]
        result = await accept(hass, offer)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert "next_flow" not in result
        # The page gets it as JSON.
        assert json_bytes(result["subentries"])
        await hass.async_block_till_done()
        entry = result["result"]
        assert entry.state is ConfigEntryState.LOADED
        assert entry.data[CONF_SYSTEM] == "coap"
        (device,) = entry.subentries.values()
        assert device.title == "Lamp"
        assert device.unique_id == "urn:dev:ops:32473-lamp-7"
        assert device.data[CONF_SOURCE] == "device"
        assert state_of(hass, "sensor.lamp_power_draw") == "4.5"
        assert not hass.config_entries.subentries.async_progress()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_name_and_enabled_entities_can_be_chosen(hass: HomeAssistant) -> None:
    async with bare_server(**lamp()) as server:
        offer = await offered(hass, server)
        result = await accept(hass, offer, name=" Porch ", enabled=["attribute-on"])
        await hass.async_block_till_done()
        entry = result["result"]
        (device,) = entry.subentries.values()
        assert device.title == "Porch"
        assert device.data[CONF_OVERLAY] == {
            "attributes": {"power": {"enabled": False}}
        }
        registry = er.async_get(hass)
        disabled = registry.async_get("sensor.porch_power_draw")
        assert disabled is not None
        assert disabled.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert state_of(hass, "binary_sensor.porch_on") == "on"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_device_that_is_gone_when_it_is_accepted(hass: HomeAssistant) -> None:
    async with bare_server(**lamp()) as server:
        offer = await offered(hass, server)
        await server.stop()
        result = await accept(hass, offer, name="Porch")
        assert result["errors"] == {"base": "unreachable"}
        assert "cannot be reached" not in str(result["description_placeholders"])
        await server.start()
        result = await accept(hass, result)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        (device,) = result["result"].subentries.values()
        assert device.title == "Porch"
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_node_with_objects_of_ipso_is_offered(hass: HomeAssistant) -> None:
    listing = Content(b'</3303/0/5700>;rt="oma.lwm2m";title="Cellar"', 40)
    resources = {".well-known__core": listing, "3303__0__5700": Content(b"21.5", 0)}
    async with bare_server(**resources) as server:
        offer = await offered(hass, server)
        assert offer["step_id"] == "offer"
        rows = (offer["description_placeholders"] or {})["rows"]
        assert "sensor, temperature" in rows
        assert "21.5" in rows


async def test_node_of_which_the_names_are_known_is_not(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    offer = await announce(hass, heard(room.port))
    assert offer["step_id"] == "zeroconf_confirm"


@pytest.mark.parametrize("kind", ["ThingDirectory", ["Thing", "ThingDirectory"]])
async def test_directory_is_not_offered_as_a_device(
    hass: HomeAssistant, kind: object
) -> None:
    async with bare_server(**lamp({**LAMP, "@type": kind})) as server:
        assert (await offered(hass, server))["step_id"] == "zeroconf_confirm"


async def test_device_without_anything_to_show(hass: HomeAssistant) -> None:
    schema = {
        "type": "object",
        "required": ["to"],
        "properties": {"to": {"type": "number"}},
    }
    actions = {"move": {"input": schema, "forms": [{"href": "/move"}]}}
    thing = {**THING, "properties": {}, "actions": actions}
    async with bare_server(**lamp(thing)) as server:
        assert (await offered(hass, server))["step_id"] == "zeroconf_confirm"


async def test_device_that_takes_too_long_to_say_what_it_is(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_module, "SECONDS", 0.0)
    async with bare_server(**lamp()) as server:
        assert (await offered(hass, server))["step_id"] == "zeroconf_confirm"


async def test_endpoint_that_was_entered_is_offered_as_a_device(
    hass: HomeAssistant,
) -> None:
    async with bare_server(**lamp()) as server:
        flow_id = await chosen(hass, System.COAP)
        flow = hass.config_entries.flow
        offer = await flow.async_configure(flow_id, coap(server.port))
        assert (offer["description_placeholders"] or {})["model"] == "Lamp"
        result = await accept(hass, offer)
        assert result["title"] == f"CoAP 127.0.0.1:{server.port}"
        await hass.async_block_till_done()
        assert state_of(hass, "binary_sensor.lamp_on") == "on"
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_another_model_can_be_used(hass: HomeAssistant) -> None:
    async with bare_server(**lamp()) as server:
        result = await accept(hass, await offered(hass, server), connection_only=True)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert not result["result"].subentries
        (following,) = hass.config_entries.subentries.async_progress()
        assert following["flow_id"] == result["next_flow"][1]
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_thing_that_is_there_already_is_not_offered_in_another_way(
    hass: HomeAssistant,
) -> None:
    async with bare_server(**lamp()) as server, bare_server(**lamp()) as other:
        result = await accept(hass, await offered(hass, server))
        again = await announce(hass, heard(other.port, type=WOT, instance="Lamp"))
        assert again["reason"] == "already_configured"
        # What has no id may be another one of its kind.
        nameless = {key: value for key, value in LAMP.items() if key != "id"}
        other.resources[".well-known", "wot"].change(json.dumps(nameless).encode())
        again = await announce(hass, heard(other.port, type=WOT, instance="Lamp"))
        assert again["step_id"] == "offer"
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_light_is_offered_as_one(hass: HomeAssistant) -> None:
    dimmer = {
        **LAMP,
        "@type": "Light",
        "properties": {
            "on": {"type": "boolean", "forms": [{"href": "/on"}]},
            "brightness": {
                "type": "integer",
                "maximum": 100,
                "minimum": 0,
                "forms": [{"href": "/power"}],
            },
        },
    }
    resources = {**lamp(dimmer), "power": Content(b"40")}
    async with bare_server(**resources) as server:
        offer = await offered(hass, server)
        rows = (offer["description_placeholders"] or {})["rows"].splitlines()
        assert rows[0].startswith("| Light | on, 40 | light | ")
        result = await accept(hass, offer)
        await hass.async_block_till_done()
        assert state_of(hass, "light.lamp") == "on"
        await hass.config_entries.async_unload(result["result"].entry_id)
