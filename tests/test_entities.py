"""What entities show and do, with real devices on the other end."""

from datetime import UTC, datetime
from typing import Any

from homeassistant.const import ATTR_ENTITY_ID, STATE_UNKNOWN, EntityCategory
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.iot.connections.mqtt import connection
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, set_up, state_of, until

pytestmark = pytest.mark.usefixtures("integration")

WRITES = [
    ("switch", "turn_on", {}, "switch.room_child_lock", "childLock", True, "on"),
    ("switch", "turn_off", {}, "switch.room_child_lock", "childLock", False, "off"),
    (
        "climate",
        "set_temperature",
        {"temperature": 22.5},
        "climate.room",
        "targetTemperature",
        22.5,
        "auto",
    ),
    (
        "number",
        "set_value",
        {"value": 3},
        "number.room_fan_speed",
        "fanSpeed",
        3,
        "3",
    ),
    (
        "climate",
        "set_hvac_mode",
        {"hvac_mode": "cool"},
        "climate.room",
        "operatingMode",
        "cool",
        "cool",
    ),
    (
        "text",
        "set_value",
        {"value": "Hello"},
        "text.room_display_text",
        "displayText",
        "Hello",
        "Hello",
    ),
    (
        "datetime",
        "set_value",
        {"datetime": "2027-01-02T03:04:05+00:00"},
        "datetime.room_vacation_until",
        "vacationUntil",
        datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC),
        "2027-01-02T03:04:05+00:00",
    ),
    (
        "number",
        "set_value",
        {"value": 16},
        "number.room_night_setback_temperature",
        "nightSetback.temperature",
        16,
        "16",
    ),
]


@pytest.mark.parametrize(
    ("domain", "service", "data", "entity_id", "attribute", "value", "state"), WRITES
)
async def test_write_reaches_the_device_and_then_shows(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    domain: str,
    service: str,
    data: dict[str, Any],
    entity_id: str,
    attribute: str,
    value: object,
    state: str,
) -> None:
    await set_up(hass, room_entry)
    await hass.services.async_call(
        domain, service, {ATTR_ENTITY_ID: entity_id} | data, blocking=True
    )
    assert room.device.values[attribute] == value
    assert state_of(hass, entity_id) == state
    assert "assumed_state" not in attributes_of(hass, entity_id)


async def test_write_that_the_device_rejects(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await set_up(hass, room_entry)
    before = state_of(hass, "switch.room_child_lock")

    def refuse(values: object) -> None:
        raise ValueError("the lid is open")

    monkeypatch.setattr(room.device, "write", refuse)
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "switch",
            "turn_on",
            {ATTR_ENTITY_ID: "switch.room_child_lock"},
            blocking=True,
        )
    assert caught.value.translation_key == "rejected"
    assert "5.00" in str(caught.value.translation_placeholders)
    assert state_of(hass, "switch.room_child_lock") == before


async def test_write_to_a_device_that_does_not_answer(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    quick_requests: None,
) -> None:
    await set_up(hass, room_entry)
    room.faults.silent = True
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "switch",
            "turn_on",
            {ATTR_ENTITY_ID: "switch.room_child_lock"},
            blocking=True,
        )
    assert caught.value.translation_key == "unreachable"


async def test_value_that_the_model_does_not_allow(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "number",
            "set_value",
            {ATTR_ENTITY_ID: "number.room_fan_speed", "value": 1.5},
            blocking=True,
        )
    assert caught.value.translation_key == "value_refused"


async def test_button_has_the_device_act(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    await hass.services.async_call(
        "button", "press", {ATTR_ENTITY_ID: "button.room_ventilate"}, blocking=True
    )
    assert [call.action for call in room.device.calls] == ["ventilate"]
    await until(lambda: state_of(hass, "sensor.room_last_action") == "Ventilate")


async def test_alert_is_an_event(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    await until(lambda: room.observers >= 4)
    assert state_of(hass, "event.room_stale_air") == STATE_UNKNOWN
    fields: dict[str, Any] = {"carbonDioxide": 1500, "advice": "run the fan"}
    alert = room.device.fire("staleAir", fields=fields)
    await until(lambda: state_of(hass, "event.room_stale_air") != STATE_UNKNOWN)
    attributes = attributes_of(hass, "event.room_stale_air")
    assert attributes["event_type"] == "staleAir"
    assert attributes["severity"] == alert.severity
    assert (attributes["source"], attributes["count"]) == ("device", 1)
    for name, value in alert.fields.items():
        assert attributes[name] == value
    fired = state_of(hass, "event.room_stale_air")
    room.device.fire("staleAir", severity=alert.severity, fields=fields)
    await until(lambda: attributes_of(hass, "event.room_stale_air")["count"] == 2)
    assert state_of(hass, "event.room_stale_air") == fired  # it was only counted


async def test_mqtt_write_shows_when_the_device_echoes_it(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    await until(lambda: state_of(hass, "switch.pump_pump") in ("on", "off"))
    await hass.services.async_call(
        "select",
        "select_option",
        {ATTR_ENTITY_ID: "select.pump_control_mode", "option": "manual"},
        blocking=True,
    )
    assert pump.device.values["controlMode"] == "manual"
    assert state_of(hass, "select.pump_control_mode") == "manual"
    for service, state in (("turn_on", "on"), ("turn_off", "off")):
        await hass.services.async_call(
            "switch", service, {ATTR_ENTITY_ID: "switch.pump_pump"}, blocking=True
        )
        assert state_of(hass, "switch.pump_pump") == state
        assert pump.device.values["running"] is (state == "on")


async def test_mqtt_write_that_is_not_echoed(
    hass: HomeAssistant,
    pump: MqttSimulator,
    pump_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CONFIRM_TIMEOUT", 0.3)
    await set_up(hass, pump_entry)
    await until(lambda: state_of(hass, "switch.pump_pump") in ("on", "off"))
    before = state_of(hass, "switch.pump_pump")
    pump.faults.silent = True
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "switch",
            "turn_off" if before == "on" else "turn_on",
            {ATTR_ENTITY_ID: "switch.pump_pump"},
            blocking=True,
        )
    assert caught.value.translation_key == "not_confirmed"
    assert state_of(hass, "switch.pump_pump") == before


async def test_mqtt_write_to_a_device_that_never_echoes_is_assumed(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    (subentry,) = pump_entry.subentries.values()
    hass.config_entries.async_update_subentry(
        pump_entry, subentry, data={**subentry.data, "confirm": False}
    )
    await set_up(hass, pump_entry)
    await until(lambda: state_of(hass, "text.pump_label") != "unavailable")
    pump.faults.silent = True
    await hass.services.async_call(
        "text",
        "set_value",
        {ATTR_ENTITY_ID: "text.pump_label", "value": "North"},
        blocking=True,
    )
    assert state_of(hass, "text.pump_label") == "North"
    assert attributes_of(hass, "text.pump_label")["assumed_state"] is True


async def test_mqtt_button_and_alert(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    await until(lambda: state_of(hass, "button.pump_start") != "unavailable")
    await hass.services.async_call(
        "button", "press", {ATTR_ENTITY_ID: "button.pump_start"}, blocking=True
    )
    await until(lambda: [call.action for call in pump.device.calls] == ["start"])
    pump.device.fire("leak")
    await until(lambda: state_of(hass, "event.pump_leak") != STATE_UNKNOWN)


async def test_a_message_wakes_the_entities_of_changed_attributes_and_no_other(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    runtime = room_entry.runtime_data
    (coordinator,) = runtime.coordinators.values()
    await until(lambda: runtime.connection.pushed(coordinator.device))
    written: list[str] = []

    def note(event: Event[EventStateChangedData]) -> None:
        written.append(event.data["entity_id"])

    async_track_state_change_event(hass, hass.states.async_entity_ids(), note)
    updates: list[None] = []
    coordinator.async_add_listener(lambda: updates.append(None))
    room.device.put({"temperature": 25.5, "humidity": 33.0})
    await until(lambda: len(written) >= 3)
    await hass.async_block_till_done()
    assert sorted(written) == [
        "climate.room",
        "sensor.room_humidity",
        "sensor.room_temperature",
    ]
    assert updates == []


async def test_registry_entries_follow_the_decisions(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    entities = {
        entity.unique_id.removeprefix("key-of-room_climate-"): entity
        for entity in entity_registry.entities.values()
    }
    assert entities["attribute-childLock"].entity_category is EntityCategory.CONFIG
    assert entities["action-identify"].entity_category is EntityCategory.DIAGNOSTIC
    report = entities["format-heatingReport"]
    assert report.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert entities["attribute-nightSetback.enabled"].domain == "switch"
    assert sum(not name.startswith("health-") for name in entities) == 23


async def test_long_text_is_cut(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    room.device.values["manual"] = "https://example.com/" + "x" * 400
    room.device.values["displayText"] = "x" * 400
    await set_up(hass, room_entry)
    assert len(state_of(hass, "sensor.room_manual")) == 255
    assert len(state_of(hass, "text.room_display_text")) == 255
