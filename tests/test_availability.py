"""A device that cannot be reached is not shown as fine."""

from datetime import timedelta
import logging

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.device_models.const import CONF_SILENT_AFTER
from custom_components.device_models.coordinator import DeviceCoordinator
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import set_up, state_of, until

pytestmark = pytest.mark.usefixtures("integration", "quick_requests")

TEMPERATURE = "sensor.room_temperature"


async def interval_passes(hass: HomeAssistant, coordinator: DeviceCoordinator) -> None:
    """Let the interval pass in which the device was last heard."""
    if coordinator.device.last_heard is not None:
        coordinator.device.last_heard -= 3600
    await coordinator.async_refresh()
    await hass.async_block_till_done()


async def test_coap_device_that_dies_and_returns(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.device_models")
    await set_up(hass, room_entry)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    await room.kill()
    for _ in range(3):
        await interval_passes(hass, coordinator)
        assert state_of(hass, TEMPERATURE) == STATE_UNAVAILABLE
    assert caplog.text.count("Room is unavailable") == 1
    await room.start()
    room.device.put({"temperature": 12.5})
    await interval_passes(hass, coordinator)
    assert state_of(hass, TEMPERATURE) == "12.5"
    assert caplog.text.count("Room is available again") == 1
    # It is observed again, without a reload.
    await until(lambda: room.observers)
    room.device.put({"temperature": 13.5})
    await until(lambda: state_of(hass, TEMPERATURE) == "13.5")


async def test_device_is_asked_more_seldom_while_it_is_away(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    room.faults.silent = True
    seen = []
    for _ in range(4):
        await interval_passes(hass, coordinator)
        seen.append(coordinator.update_interval)
    assert seen == [timedelta(seconds=seconds) for seconds in (5, 10, 20, 20)]
    room.faults.silent = False
    await interval_passes(hass, coordinator)
    assert coordinator.update_interval == timedelta(seconds=5)


async def test_devices_are_spread_over_the_interval(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    assert timedelta(seconds=2.5) <= coordinator.update_interval
    assert coordinator.update_interval <= timedelta(seconds=5)
    assert coordinator.update_interval != timedelta(seconds=5)


async def test_nothing_is_asked_while_pushes_arrive(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await set_up(hass, room_entry)
    runtime = room_entry.runtime_data
    (coordinator,) = runtime.coordinators.values()
    await until(lambda: runtime.connection.pushed(coordinator.device))
    asked: list[object] = []

    async def read(device: object, names: object) -> None:
        asked.append(names)

    monkeypatch.setattr(runtime.connection, "read", read)
    await coordinator.async_refresh()
    assert asked == []
    assert coordinator.device.last_heard is not None
    coordinator.device.last_heard -= 6
    await coordinator.async_refresh()
    assert len(asked) == 1


async def test_interval_is_kept_by_the_clock(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    await until(lambda: room.observers >= 4)
    await room.kill()
    assert coordinator.device.last_heard is not None
    coordinator.device.last_heard -= 3600
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=7))
    await hass.async_block_till_done()
    await until(lambda: state_of(hass, TEMPERATURE) == STATE_UNAVAILABLE)


async def test_mqtt_device_that_dies_and_returns(
    hass: HomeAssistant,
    pump: MqttSimulator,
    pump_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.device_models")
    await set_up(hass, pump_entry)
    switch = "switch.pump_pump"
    await until(lambda: state_of(hass, switch) in ("on", "off"))
    assert "available again" not in caplog.text
    await pump.kill()
    await until(lambda: state_of(hass, switch) == STATE_UNAVAILABLE)
    assert caplog.text.count("Pump is unavailable: reported offline") == 1
    await pump.start()
    await until(lambda: state_of(hass, switch) in ("on", "off"))
    assert caplog.text.count("Pump is available again") == 1


async def test_mqtt_device_that_falls_silent(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    (subentry,) = pump_entry.subentries.values()
    hass.config_entries.async_update_subentry(
        pump_entry, subentry, data={**subentry.data, CONF_SILENT_AFTER: 0.5}
    )
    await set_up(hass, pump_entry)
    switch = "switch.pump_pump"
    await until(lambda: state_of(hass, switch) in ("on", "off"))
    await until(lambda: state_of(hass, switch) == STATE_UNAVAILABLE)
    pump.device.put({"power": 123.0})
    await until(lambda: state_of(hass, "sensor.pump_power") == "123")


async def test_device_that_was_never_heard_is_unavailable(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    (subentry,) = pump_entry.subentries.values()
    hass.config_entries.async_update_subentry(
        pump_entry, subentry, data={**subentry.data, "place": "nowhere"}
    )
    await set_up(hass, pump_entry)
    assert state_of(hass, "switch.pump_pump") == STATE_UNAVAILABLE
    assert state_of(hass, "button.pump_start") == STATE_UNAVAILABLE
