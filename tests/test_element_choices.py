"""What the user of a device chooses about its elements, and takes back."""

from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import CONF_KEY, CONF_OVERLAY
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, device_subentry, set_up, state_of
from .flows import (
    answered,
    content,
    edited,
    element_form,
    ids,
    only,
    shown_as_enabled,
    suggested,
)

pytestmark = pytest.mark.usefixtures("integration")


async def test_unit_scale_and_name_of_an_element(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    before = ids(entity_registry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    assert form["unit"] == "°C"
    result = await answered(
        hass,
        flow_id,
        **(form | {"name": "Air", "unit": "°F", "scale": 1.8, "offset": 32}),
    )
    assert result["step_id"] == "entities"
    assert "| Air |" in result["description_placeholders"]["rows"]
    assert "your choice" in result["description_placeholders"]["rows"]
    result = await answered(hass, flow_id, enabled=enabled)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    said = only(room_entry).data[CONF_OVERLAY]["attributes"]["temperature"]
    assert said == {"name": "Air", "unit": "°F", "scale": 1.8, "offset": 32}
    celsius = float(str(room.device.values["temperature"]))
    state = hass.states.get("sensor.room_temperature")
    assert state is not None
    assert state.attributes["friendly_name"] == "Room Air"
    # Home Assistant shows the user's own unit, whatever the sensor's is.
    assert float(state.state) == pytest.approx(celsius, abs=0.1)
    assert ids(entity_registry) == before


async def test_choice_that_cannot_be_is_refused_and_forgotten(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    result = await answered(hass, flow_id, **(form | {"device_class": "power"}))
    assert result["errors"] == {"base": "choice_invalid"}
    told = result["description_placeholders"]
    assert (told["field"], told["problem"]) == ("unit", "no power is in °C")
    result = await answered(hass, flow_id, **(form | {"scale": 0}))
    assert result["description_placeholders"]["field"] == "scale"
    result = await answered(hass, flow_id, **(form | {"labels": "nothing"}))
    assert result["description_placeholders"]["field"] == "labels"
    result = await answered(hass, flow_id, **form)
    assert result["step_id"] == "entities"
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert "temperature" not in only(room_entry).data[CONF_OVERLAY].get(
        "attributes", {}
    )


async def test_class_follows_the_unit_that_is_chosen(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    await content(hass, flow_id, form | {"unit": "kg"})
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    said = only(room_entry).data[CONF_OVERLAY]["attributes"]["temperature"]
    assert said == {"unit": "kg", "device_class": "weight"}
    shown = attributes_of(hass, "sensor.room_temperature")
    assert (shown["device_class"], shown["state_class"]) == ("weight", "measurement")


async def test_another_platform_asks_again_for_what_it_has(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-windowOpen", enabled)
    await content(hass, flow_id, form | {"invert": True})
    form = await element_form(hass, flow_id, "attribute-humidity", enabled)
    result = await answered(hass, flow_id, **(form | {"platform": "binary_sensor"}))
    assert result["step_id"] == "element"
    form = suggested(result)
    assert "unit" not in form
    result = await answered(hass, flow_id, **(form | {"device_class": "moisture"}))
    assert result["step_id"] == "entities"
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert state_of(hass, "binary_sensor.room_humidity") == "on"
    assert hass.states.get("sensor.room_humidity") is None
    window = bool(room.device.values["windowOpen"])
    assert state_of(hass, "binary_sensor.room_window") == ("off" if window else "on")
    # And back to what the rules say
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-humidity", enabled)
    await content(hass, flow_id, form | {"reset": True})
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.room_humidity") is None
    assert state_of(hass, "sensor.room_humidity") == str(room.device.values["humidity"])


async def test_selection_enables_and_disables(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    enabled.remove("attribute-carbonDioxide")
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room_carbon_dioxide") is None
    entity = entity_registry.async_get("sensor.room_carbon_dioxide")
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    await answered(hass, flow_id, enabled=[*enabled, "attribute-carbonDioxide"])
    await hass.async_block_till_done()
    entity = entity_registry.async_get("sensor.room_carbon_dioxide")
    assert entity is not None
    assert entity.disabled_by is None
    assert state_of(hass, "sensor.room_carbon_dioxide") != "unavailable"


async def test_unit_can_be_taken_back_with_what_followed_from_it(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    said = await edited(hass, room_entry, "attribute-temperature", unit="kg")
    assert said == {"unit": "kg", "device_class": "weight"}
    said = await edited(hass, room_entry, "attribute-temperature", unit="lx")
    assert said == {"unit": "lx", "device_class": "illuminance"}
    said = await edited(hass, room_entry, "attribute-temperature", unit="°C")
    assert said == {}
    await edited(hass, room_entry, "attribute-temperature", unit="kg")
    said = await edited(
        hass, room_entry, "attribute-temperature", name="Air", reset=True
    )
    assert said == {}


async def test_what_follows_from_a_scale_is_no_choice(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    element = "attribute-targetPressure"
    assert await edited(hass, pump_entry, element, scale=2) == {"scale": 2}
    assert await edited(hass, pump_entry, element, name="P") == {
        "name": "P",
        "scale": 2,
    }
    assert await edited(hass, pump_entry, element, scale=None) == {"name": "P"}


async def test_labels_can_be_taken_back(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    element = "attribute-targetPressure"
    labels = "1 = low\n3 = high"
    said = await edited(hass, pump_entry, element, labels=labels)
    assert said["labels"] == {"1": "low", "3": "high"}
    flow_id, enabled = await shown_as_enabled(hass, pump_entry)
    form = await element_form(hass, flow_id, element, enabled)
    result = await answered(hass, flow_id, **(form | {"platform": "number"}))
    placeholders = result["description_placeholders"]
    assert placeholders["problem"] == "no number has labels"
    assert await edited(hass, pump_entry, element, labels=None) == {}
    assert hass.states.get("number.pump_target_pressure") is not None


async def test_labels_of_the_author_can_be_taken_away(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    subentry = only(room_entry)
    overlay = {"attributes": {"temperature": {"labels": {"1": "low"}, "enabled": True}}}
    document = {**subentry.data["document"], "overlay": overlay}
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, "document": document}
    )
    await set_up(hass, room_entry)
    entity_id = "sensor.room_temperature"
    assert attributes_of(hass, entity_id)["options"] == ["low"]
    await edited(hass, room_entry, "attribute-temperature", labels=None)
    shown = attributes_of(hass, entity_id)
    assert (shown["device_class"], shown["unit_of_measurement"]) == (
        "temperature",
        "°C",
    )


async def test_choices_without_a_device_class(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    await edited(hass, room_entry, "attribute-temperature", labels="1 = low")
    await edited(hass, room_entry, "attribute-temperature", device_class=None)
    assert "options" not in attributes_of(hass, "sensor.room_temperature")
    assert state_of(hass, "sensor.room_temperature") == "unknown"


async def test_enabled_and_back_is_no_choice(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    _flow, enabled = await shown_as_enabled(hass, room_entry)
    without = [key for key in enabled if key != "attribute-carbonDioxide"]
    for wanted in (without, enabled):
        flow_id, _enabled = await shown_as_enabled(hass, room_entry)
        await answered(hass, flow_id, enabled=wanted)
        await hass.async_block_till_done()
    assert only(room_entry).data[CONF_OVERLAY] == {"attributes": {}}


async def test_what_comes_back_is_enabled_as_decided(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    element, entity_id = "attribute-humidity", "sensor.room_humidity"
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    enabled.remove(element)
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    await edited(hass, room_entry, element, platform="binary_sensor")
    assert entity_registry.async_get(entity_id) is None
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, element, enabled)
    await answered(hass, flow_id, **(form | {"reset": True}))
    await answered(hass, flow_id, enabled=[*enabled, element])
    await hass.async_block_till_done()
    entity = entity_registry.async_get(entity_id)
    assert entity is not None
    assert entity.disabled_by is None
    assert state_of(hass, entity_id) != "unavailable"


async def test_class_that_follows_from_the_platform_can_be_cleared(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    element, entity_id = "attribute-fanSpeed", "sensor.room_fan_speed"
    await edited(hass, room_entry, element, platform="sensor")
    assert attributes_of(hass, entity_id)["state_class"] == "measurement"
    await edited(hass, room_entry, element, state_class=None)
    assert "state_class" not in attributes_of(hass, entity_id)
    said = await edited(hass, room_entry, element, platform="number")
    assert "platform" not in said
    assert hass.states.get("number.room_fan_speed") is not None


async def test_choices_about_one_device_leave_its_neighbour_alone(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    first = only(room_entry).subentry_id
    told = device_subentry("room_climate", "Twin", "twin", **{CONF_KEY: "key-of-twin"})
    hass.config_entries.async_add_subentry(
        room_entry,
        ConfigSubentry(
            data=MappingProxyType(told["data"]),
            subentry_type=told["subentry_type"],
            title=told["title"],
            unique_id=told["unique_id"],
        ),
    )
    await set_up(hass, room_entry)

    def disabled() -> set[str]:
        known = entity_registry.entities.values()
        return {one.entity_id for one in known if one.disabled_by is not None}

    before = disabled()
    result: Any = await room_entry.start_subentry_reconfigure_flow(hass, first)
    flow_id = result["flow_id"]
    result = await answered(hass, flow_id, next_step_id="entities")
    enabled = suggested(result)["enabled"]
    enabled.remove("attribute-carbonDioxide")
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert disabled() - before == {"sensor.room_carbon_dioxide"}
