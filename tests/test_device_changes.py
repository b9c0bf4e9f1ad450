"""Changing a device that is there: its model, and how changes meet."""

import asyncio
import json
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_DECISIONS,
    CONF_KEY,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot.transforms import Transform
from simulators.coap import CoapSimulator

from .acting import attributes_of, displayed, set_up, state_of
from .flows import (
    answered,
    changing,
    content,
    edited,
    element_form,
    ids,
    only,
    shown_as_enabled,
)

pytestmark = pytest.mark.usefixtures("integration")


NEXT: dict[str, Any] = {
    "urn": "urn:device-models:room-climate",
    "name": "Room climate 2",
    "attributes": [
        {"name": "temp", "alias": "temperature", "type": "NUMBER", "unit": "Cel"},
        {"name": "humidity", "type": "NUMBER", "unit": "%RH", "range": "0,100"},
    ],
}


LATER: dict[str, Any] = {
    **NEXT,
    "attributes": [
        {"name": "temp", "type": "NUMBER", "unit": "Cel"},
        {"name": "humidity", "type": "NUMBER", "unit": "%RH", "range": "0,100"},
        {"name": "temperature", "type": "STRING"},
    ],
}


async def test_newer_model_keeps_ids_also_of_what_was_renamed(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    key = only(room_entry).data[CONF_KEY]
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    await answered(hass, flow_id, **(form | {"name": "Air"}))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    told = await with_pasted_model(hass, room_entry, NEXT)
    assert "Renamed: attribute temperature → attribute temp" in told
    assert "Removed: " in told
    after = {
        f"{key}-attribute-temperature": "sensor.room_temperature",
        f"{key}-attribute-humidity": "sensor.room_humidity",
    }
    assert ids(entity_registry) == after
    assert attributes_of(hass, "sensor.room_temperature")["friendly_name"] == "Room Air"
    # What comes later under the old name is something else.
    told = await with_pasted_model(hass, room_entry, LATER)
    assert told == "- Added: attribute temperature"
    after[f"{key}-attribute-temperature-2"] = "sensor.room_temperature_2"
    assert ids(entity_registry) == after
    # Once more: nothing is different now.
    assert await with_pasted_model(hass, room_entry, LATER) == "–"
    assert ids(entity_registry) == after


async def with_pasted_model(
    hass: HomeAssistant, entry: MockConfigEntry, document: dict[str, Any]
) -> str:
    """Give the only device of an entry another model; returns what that changes."""
    flow_id = await changing(hass, entry, "model")
    await answered(hass, flow_id, next_step_id="paste")
    result = await answered(hass, flow_id, document=json.dumps(document))
    assert result["step_id"] == "changes"
    told: str = result["description_placeholders"]["changes"]
    result = await answered(hass, flow_id)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    return told


async def test_device_whose_model_is_broken_can_get_another(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    subentry = only(room_entry)
    good = subentry.data["document"]
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, "document": {"model": {}}}
    )
    await set_up(hass, room_entry)
    assert displayed(hass) == set()
    assert "Added: " in await with_pasted_model(hass, room_entry, good)
    assert state_of(hass, "sensor.room_temperature") != "unavailable"


async def test_decisions_are_kept_whatever_the_rules_say_later(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
) -> None:
    subentry = only(room_entry)
    kept = {
        "attribute-temperature": {
            "platform": "sensor",
            "kind": "attributes",
            "element": "temperature",
            "name": "As it was",
            "transform": {"scale": 10.0},
            "range": [0, 5],
            "options": [],
            "state_class": "measurement",
            "category": "diagnostic",
        }
    }
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, CONF_DECISIONS: kept}
    )
    await set_up(hass, room_entry)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    decision = next(
        one for one in coordinator.decisions if one.key == "attribute-temperature"
    )
    assert decision.name == "As it was"
    assert decision.transform == Transform(scale=10.0)
    assert decision.unit is None


async def test_entities_of_a_device_whose_connection_does_not_run(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    await content(hass, flow_id, form | {"name": "Air"})
    result = await answered(hass, flow_id, enabled=enabled)
    assert result["reason"] == "reconfigure_successful"
    await set_up(hass, room_entry)
    assert attributes_of(hass, "sensor.room_air")["friendly_name"] == "Room Air"


async def test_change_leaves_entities_alone_that_stand_for_no_element(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    subentry = only(room_entry)
    other = entity_registry.async_get_or_create(
        "sensor",
        DOMAIN,
        f"{subentry.data[CONF_KEY]}-health-something",
        config_entry=room_entry,
        config_subentry_id=subentry.subentry_id,
    )
    removed: list[str] = []

    @callback
    def listen(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] == "remove":
            removed.append(event.data["entity_id"])

    hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, listen)
    await edited(hass, room_entry, "attribute-temperature", name="Air")
    assert entity_registry.async_get(other.entity_id) is not None
    assert removed == []


async def test_broken_device_with_choices_gets_another_model_and_keeps_its_ids(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    await edited(hass, room_entry, "attribute-temperature", name="Air")
    await with_pasted_model(hass, room_entry, NEXT)
    before = ids(entity_registry)
    entity_registry.async_update_entity(
        "sensor.room_humidity", disabled_by=er.RegistryEntryDisabler.USER
    )
    subentry = only(room_entry)
    overlay = {"attributes": {"temp": {"device_class": "nonsense"}}}
    broken = {"model": NEXT, "overlay": overlay}
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, "document": broken}
    )
    await hass.async_block_till_done()
    assert (await shown_as_enabled(hass, room_entry))[1] == []
    await changing(hass, room_entry, "export")
    await with_pasted_model(hass, room_entry, NEXT)
    assert ids(entity_registry) == before
    shown = attributes_of(hass, "sensor.room_temperature")
    assert shown["friendly_name"] == "Room Air"
    entity = entity_registry.async_get("sensor.room_humidity")
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.USER


async def test_kept_decision_that_cannot_be_read_is_made_anew(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    subentry = only(room_entry)
    kept = {
        "attribute-temperature": {"platform": "sensor", "colour": "red"},
        "attribute-humidity": {"platform": "teapot"},
    }
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, CONF_DECISIONS: kept}
    )
    await set_up(hass, room_entry)
    for name in ("temperature", "humidity"):
        assert attributes_of(hass, f"sensor.room_{name}")["device_class"] == name


async def test_change_that_was_begun_before_another_is_not_made(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    await with_pasted_model(hass, room_entry, NEXT)
    result = await answered(hass, flow_id, enabled=enabled[1:])
    assert result["reason"] == "changed_meanwhile"
    assert only(room_entry).data["document"] == NEXT


async def test_changes_in_quick_succession_lose_no_entity(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    before = {state.entity_id for state in hass.states.async_all()}
    for title in ("One", "Two", "Three"):
        hass.config_entries.async_update_subentry(
            room_entry, only(room_entry), title=title
        )
        await asyncio.sleep(0)
    await hass.async_block_till_done()
    states = hass.states.async_all()
    assert {state.entity_id for state in states} == before
    assert "unavailable" not in {state.state for state in states}


async def test_model_that_another_device_has_there_is_refused(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    other = {**NEXT, "urn": "urn:other"}
    hass.config_entries.async_add_subentry(
        room_entry,
        ConfigSubentry(
            data=MappingProxyType(
                {**only(room_entry).data, "document": other, CONF_KEY: "other"}
            ),
            subentry_type=SUBENTRY_DEVICE,
            title="Other",
            unique_id="urn:other",
        ),
    )
    await set_up(hass, room_entry)
    before = ids(entity_registry)
    subentry_id = next(iter(room_entry.subentries))
    result: Any = await room_entry.start_subentry_reconfigure_flow(hass, subentry_id)
    flow_id = result["flow_id"]
    await answered(hass, flow_id, next_step_id="model")
    await answered(hass, flow_id, next_step_id="paste")
    await answered(hass, flow_id, document=json.dumps(other))
    result = await answered(hass, flow_id)
    assert result["errors"] == {"base": "already_configured"}
    assert ids(entity_registry) == before
