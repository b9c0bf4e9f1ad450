"""Changing a device that is there: its entities, its model, its connection."""

import asyncio
from dataclasses import replace
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiomqtt
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_DECISIONS,
    CONF_KEY,
    CONF_OVERLAY,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.export import device_file_text
from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.iot.transforms import Transform
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.decided import decisions_of, keep
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, set_up, state_of, until
from .flows import (
    answered,
    changing,
    content,
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
    enabled.remove("attribute-humidity")
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room_humidity") is None
    entity = entity_registry.async_get("sensor.room_humidity")
    assert entity is not None
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    await answered(hass, flow_id, enabled=[*enabled, "attribute-humidity"])
    await hass.async_block_till_done()
    entity = entity_registry.async_get("sensor.room_humidity")
    assert entity is not None
    assert entity.disabled_by is None
    assert state_of(hass, "sensor.room_humidity") != "unavailable"


async def test_labels_make_a_choice_of_a_number(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    flow_id, enabled = await shown_as_enabled(hass, pump_entry)
    form = await element_form(hass, flow_id, "attribute-targetPressure", enabled)
    labels = "1 = low\n3 = medium\n\n6 = high"
    await answered(hass, flow_id, **(form | {"labels": labels}))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    assert hass.states.get("number.pump_target_pressure") is None
    entity_id = "select.pump_target_pressure"
    assert attributes_of(hass, entity_id)["options"] == ["low", "medium", "high"]
    # The pump holds a pressure that has no label.
    await until(lambda: state_of(hass, entity_id) == "unknown")
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": entity_id, "option": "high"},
        blocking=True,
    )
    await until(lambda: pump.device.values["targetPressure"] == 6)
    assert state_of(hass, entity_id) == "high"


async def test_number_as_a_switch(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    flow_id, enabled = await shown_as_enabled(hass, pump_entry)
    form = await element_form(hass, flow_id, "attribute-targetPressure", enabled)
    result = await answered(hass, flow_id, **(form | {"platform": "switch"}))
    await answered(hass, flow_id, **suggested(result))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    entity_id = "switch.pump_target_pressure"
    await until(lambda: state_of(hass, entity_id) == "on")
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": entity_id}, blocking=True
    )
    assert pump.device.values["targetPressure"] == 1


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
    assert hass.states.async_all() == []
    assert "Added: " in await with_pasted_model(hass, room_entry, good)
    assert state_of(hass, "sensor.room_temperature") != "unavailable"


async def test_export_is_a_file_that_makes_the_same_device(
    hass: HomeAssistant, room_entry: MockConfigEntry, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    await answered(hass, flow_id, **(form | {"name": "Air"}))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    (subentry_id,) = room_entry.subentries
    result: Any = await room_entry.start_subentry_reconfigure_flow(hass, subentry_id)
    flow_id = result["flow_id"]
    result = await answered(hass, flow_id, next_step_id="export")
    text = suggested(result)["document"]
    loaded = load(text.encode(), "export.yaml")
    assert loaded.overlay["attributes"]["temperature"] == {"name": "Air"}  # type: ignore[index,call-overload]
    result = await answered(hass, flow_id, document=text, file="..")
    assert result["errors"] == {"base": "file_invalid"}
    result = await answered(hass, flow_id, document=text, file="My room.yaml")
    assert result["reason"] == "saved"
    assert (tmp_path / DOMAIN / "my_room.yaml").read_text() == text
    flow_id = await changing(hass, room_entry, "export")
    result = await answered(hass, flow_id, document=text, file="my room")
    assert result["errors"] == {"base": "file_exists"}
    result = await answered(hass, flow_id, document=text)
    assert result["reason"] == "exported"


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


VALVE: dict[str, Any] = {
    "urn": "urn:com:acme:valve",
    "name": "Valve",
    "attributes": [
        {"name": "displayText", "type": "STRING", "writable": True},
        {
            "name": "operatingMode",
            "type": "STRING",
            "enum": ["off", "heat", "cool", "auto"],
            "writable": True,
        },
        {"name": "fanSpeed", "type": "INTEGER", "range": "0,5", "writable": True},
    ],
}


@pytest.mark.parametrize(
    ("attribute", "said", "on", "off"),
    [
        ("displayText", {}, "on", "off"),
        ("displayText", {"invert": True}, "off", "on"),
        ("displayText", {"labels": {"OPEN": "on", "SHUT": "off"}}, "OPEN", "SHUT"),
        ("operatingMode", {"labels": {"heat": "on"}}, "heat", "off"),
        ("fanSpeed", {}, 1, 0),
        ("fanSpeed", {"invert": True}, 0, 1),
        ("fanSpeed", {"labels": {"5": "on", "0": "off"}}, 5, 0),
        ("fanSpeed", {"mask": 4}, 4, 0),
    ],
)
async def test_anything_that_has_two_values_can_be_a_switch(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    attribute: str,
    said: dict[str, Any],
    on: object,
    off: object,
) -> None:
    room.device.put({"fanSpeed": 0})
    subentry = only(room_entry)
    overlay = {"attributes": {attribute: {"platform": "switch", "name": "X", **said}}}
    document = {"model": VALVE, "overlay": overlay}
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, "document": document}
    )
    await set_up(hass, room_entry)
    for service, state, value in (("turn_on", "on", on), ("turn_off", "off", off)):
        await hass.services.async_call(
            "switch", service, {"entity_id": "switch.room_x"}, blocking=True
        )
        assert room.device.values[attribute] == value
        assert state_of(hass, "switch.room_x") == state


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


PACKED = Path(__file__).parent / "fixtures/device_files/pump_controller.yaml"


async def test_number_that_packs_several_values(
    hass: HomeAssistant, broker_port: int, pump_entry: MockConfigEntry
) -> None:
    document = load(PACKED.read_bytes(), PACKED.name).document
    subentry = only(pump_entry)
    data = {**subentry.data, "document": document, CONF_BASE: "controller"}
    hass.config_entries.async_update_subentry(pump_entry, subentry, data=data)
    await set_up(hass, pump_entry)
    async with aiomqtt.Client("127.0.0.1", broker_port) as client:
        await client.publish("controller/availability", "online")
        await client.publish("controller/level", "1250")
        for status, leak, clogged, mode in (
            (0b1001, "on", "off", "Holding"),
            (0b0110, "off", "on", "Filling"),
        ):
            await client.publish("controller/status", str(status))

            def is_shown(wanted: str = mode) -> bool:
                return state_of(hass, "sensor.pump_mode") == wanted

            await until(is_shown)
            assert state_of(hass, "binary_sensor.pump_leak") == leak
            assert state_of(hass, "binary_sensor.pump_filter") == clogged
    assert state_of(hass, "sensor.pump_water_level") == "31.25"
    assert attributes_of(hass, "sensor.pump_water_level")["unit_of_measurement"] == "%"


async def edited(
    hass: HomeAssistant, entry: MockConfigEntry, element: str, **entered: object
) -> dict[str, Any]:
    """Change an element; None leaves a field empty. Returns the choices kept of it."""
    flow_id, enabled = await shown_as_enabled(hass, entry)
    form = await element_form(hass, flow_id, element, enabled) | entered
    form = {key: value for key, value in form.items() if value is not None}
    result = await answered(hass, flow_id, **form)
    assert not result["errors"], result["description_placeholders"]
    if result["step_id"] == "element":  # of another platform now
        await answered(hass, flow_id, **suggested(result))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    overlay = only(entry).data[CONF_OVERLAY]
    said: dict[str, dict[str, Any]] = overlay.get("attributes", {})
    return said.get(element.removeprefix("attribute-"), {})


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
    overlay = {"attributes": {"temperature": {"labels": {"1": "low"}}}}
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
    for wanted in (enabled[1:], enabled):
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


@pytest.mark.parametrize(
    ("author", "user"),
    [
        ({"map": [0, 10, 0, 100]}, {"scale": 2}),
        ({"unit": "W", "device_class": "power"}, {"platform": "binary_sensor"}),
        ({"min": 10, "max": 20}, {"scale": 2}),
        ({"labels": {"0": "Off", "1": "On"}}, {"labels": {}}),
        ({}, {"unit": "°F"}),
        ({}, {"min": None, "state_class": "total"}),
        ({"name": "Level"}, {"category": None, "enabled": False}),
    ],
)
def test_export_says_what_author_and_user_have_said_together(
    author: dict[str, Any], user: dict[str, Any]
) -> None:
    attribute = {
        "name": "tenths",
        "type": "INTEGER",
        "unit": "0.1 Cel",
        "range": "0,100",
        "writable": True,
    }
    overlay = {"attributes": {"tenths": author}}
    document: dict[str, Any] = {
        "model": {"urn": "urn:x", "name": "X", "attributes": [attribute]},
        "overlay": overlay,
    }
    loaded = load_document(document, "x")
    data = {
        "document": document,
        CONF_DECISIONS: keep(decide(loaded)),
        CONF_OVERLAY: {"attributes": {"tenths": user}},
    }
    (wanted,) = decisions_of(data, loaded)
    (made,) = decide(load(device_file_text(data, loaded).encode(), "export.yaml"))
    assert replace(made, reasons={}) == replace(wanted, reasons={})


def test_export_of_a_device_with_more_than_a_screenful() -> None:
    attributes = [{"name": f"a{i}", "type": "NUMBER"} for i in range(60)]
    document: dict[str, Any] = {"urn": "urn:x", "name": "X", "attributes": attributes}
    loaded = load_document(document, "x")
    user = {f"a{i}": {"enabled": i > 45} for i in range(0, 60, 2)}
    data = {
        "document": document,
        CONF_DECISIONS: keep(decide(loaded)),
        CONF_OVERLAY: {"attributes": user},
    }
    wanted = [one.enabled for one in decisions_of(data, loaded)]
    made = decide(load(device_file_text(data, loaded).encode(), "export.yaml"))
    assert [one.enabled for one in made] == wanted


async def test_label_of_a_boolean_does_not_hide_what_it_is(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    subentry = only(room_entry)
    labels = {"true": "Open", "false": "Shut"}
    overlay = {"attributes": {"windowOpen": {"labels": labels}}}
    document = {**subentry.data["document"], "overlay": overlay}
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, "document": document}
    )
    await set_up(hass, room_entry)
    window = bool(room.device.values["windowOpen"])
    states = hass.states.async_all("binary_sensor")
    found = {
        state.entity_id: state.state for state in states if "window" in state.entity_id
    }
    assert set(found.values()) == {"on" if window else "off"}, found


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


async def test_number_of_large_bounds_keeps_them(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    element = "attribute-fanSpeed"
    await edited(hass, room_entry, element, min=2_000_000_000, max=4_294_967_295)
    shown = attributes_of(hass, "number.room_fan_speed")
    assert (shown["min"], shown["max"]) == (2_000_000_000, 4_294_967_295)
    await edited(hass, room_entry, element, max=None)
    shown = attributes_of(hass, "number.room_fan_speed")
    assert shown["min"] == 2_000_000_000
    assert shown["max"] > shown["min"]
