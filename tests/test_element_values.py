"""What is shown of values, and written, as somebody has chosen it."""

from pathlib import Path
from typing import Any

import aiomqtt
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
)
from custom_components.device_models.iot.formats import load
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, set_up, state_of, until
from .flows import (
    answered,
    edited,
    element_form,
    only,
    shown_as_enabled,
    suggested,
)

pytestmark = pytest.mark.usefixtures("integration")


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
