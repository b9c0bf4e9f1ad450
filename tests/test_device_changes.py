"""Changing a device that is there: its entities, its model, its connection."""

import json
from pathlib import Path
from typing import Any

import aiomqtt
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_DECISIONS,
    CONF_KEY,
    CONF_OVERLAY,
    DOMAIN,
)
from custom_components.device_models.iot.formats import load
from custom_components.device_models.iot.transforms import Transform
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
            await until(lambda mode=mode: state_of(hass, "sensor.pump_mode") == mode)
            assert state_of(hass, "binary_sensor.pump_leak") == leak
            assert state_of(hass, "binary_sensor.pump_filter") == clogged
    assert state_of(hass, "sensor.pump_water_level") == "31.25"
    assert attributes_of(hass, "sensor.pump_water_level")["unit_of_measurement"] == "%"
