"""Setting up, changing and unloading entries, with real peers."""

import asyncio
from pathlib import Path
from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.const import CONF_PORT, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import CONF_INTERVAL, DOMAIN, SUBENTRY_DEVICE
from custom_components.device_models.runtime import EntryRuntime
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import device_subentry, displayed, set_up, state_of, until
from .iot.connections.things import free_port

pytestmark = pytest.mark.usefixtures("integration", "quick_requests")


def add_device(
    hass: HomeAssistant, entry: ConfigEntry, model: str, title: str, **data: object
) -> None:
    """Add a device to an entry, as the flow would do it."""
    subentry = device_subentry(model, title, "elsewhere", **data)
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType(subentry["data"]),
            subentry_type=SUBENTRY_DEVICE,
            title=title,
            unique_id="elsewhere",
        ),
    )


def our_tasks() -> list[str]:
    """Return the tasks of the integration that are running."""
    return [
        task.get_name()
        for task in asyncio.all_tasks()
        if "custom_components/device_models" in repr(task)
    ]


def open_sockets() -> int:
    """Return how many sockets this process has open."""
    return sum(
        "socket:" in str(link.readlink())
        for link in Path("/proc/self/fd").iterdir()
        if link.is_symlink()
    )


async def test_unload_and_reload_leave_nothing(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    pump: MqttSimulator,
    pump_entry: MockConfigEntry,
) -> None:
    sockets = open_sockets()
    for entry in (room_entry, pump_entry):
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED
    assert our_tasks()
    for entry in (room_entry, pump_entry):
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED
    assert our_tasks() == []
    await until(lambda: open_sockets() == sockets)


async def test_stop_of_home_assistant_ends_everything(
    hass: HomeAssistant, room_entry: MockConfigEntry, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    assert our_tasks()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert our_tasks() == []


async def test_endpoint_that_does_not_answer_is_tried_again(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    room.faults.silent = True
    await set_up(hass, room_entry)
    assert room_entry.state is ConfigEntryState.SETUP_RETRY
    assert room_entry.error_reason_translation_key == "unreachable"
    assert our_tasks() == []
    room.faults.silent = False
    await hass.config_entries.async_reload(room_entry.entry_id)
    assert room_entry.state is ConfigEntryState.LOADED


async def test_broker_that_goes_away_while_devices_are_attached(
    hass: HomeAssistant, pump_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = EntryRuntime.async_begin

    async def begin_and_lose(self: EntryRuntime) -> None:
        await begin(self)
        await self.connection.close()

    monkeypatch.setattr(EntryRuntime, "async_begin", begin_and_lose)
    await set_up(hass, pump_entry)
    assert pump_entry.state is ConfigEntryState.SETUP_RETRY
    assert our_tasks() == []


async def test_device_whose_model_is_broken_leaves_the_others_alone(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add_device(hass, room_entry, "room_climate", "Broken", document={"model": {}})
    await set_up(hass, room_entry)
    assert "Broken cannot be set up: Broken: model: expected" in caplog.text
    assert state_of(hass, "sensor.room_temperature") != "unavailable"
    # It can be removed like any other.
    broken_id = next(
        key for key, value in room_entry.subentries.items() if value.title == "Broken"
    )
    hass.config_entries.async_remove_subentry(room_entry, broken_id)
    await hass.async_block_till_done()
    assert len(room_entry.runtime_data.coordinators) == 1


async def test_removed_device_takes_its_entities_with_it(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, room_entry)
    await until(lambda: room.observers)
    assert dr.async_entries_for_config_entry(device_registry, room_entry.entry_id)
    (subentry_id,) = room_entry.subentries
    hass.config_entries.async_remove_subentry(room_entry, subentry_id)
    await hass.async_block_till_done()
    assert displayed(hass) == set()
    assert not dr.async_entries_for_config_entry(device_registry, room_entry.entry_id)
    assert not entity_registry.entities
    assert room_entry.state is ConfigEntryState.LOADED
    assert our_tasks() == []


async def test_added_device_touches_no_other(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    (first,) = room_entry.runtime_data.coordinators.values()
    add_device(hass, room_entry, "water_pump", "Elsewhere")
    await hass.async_block_till_done()
    assert first in room_entry.runtime_data.coordinators.values()
    assert hass.states.get("switch.elsewhere_pump") is not None


async def test_added_device_on_a_broker_that_is_gone(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    runtime = pump_entry.runtime_data
    await runtime.connection.close()
    add_device(hass, pump_entry, "room_climate", "Elsewhere")
    await hass.async_block_till_done()
    # The entry was set up again, with the new device in it.
    assert pump_entry.runtime_data is not runtime
    assert len(pump_entry.runtime_data.coordinators) == 2


async def test_added_device_whose_model_is_broken(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, room_entry)
    add_device(hass, room_entry, "room_climate", "Broken", document={"model": {}})
    await hass.async_block_till_done()
    assert "Broken cannot be set up" in caplog.text
    assert len(room_entry.runtime_data.coordinators) == 1


async def test_changed_connection_reloads_the_entry(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    runtime = room_entry.runtime_data
    hass.config_entries.async_update_entry(
        room_entry, data={**room_entry.data, CONF_INTERVAL: 7}
    )
    await hass.async_block_till_done()
    assert room_entry.runtime_data is not runtime


async def test_changed_title_of_the_entry_reloads_nothing(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    runtime = room_entry.runtime_data
    (coordinator,) = runtime.coordinators.values()
    hass.config_entries.async_update_entry(room_entry, title="New")
    await hass.async_block_till_done()
    assert room_entry.runtime_data is runtime
    assert list(runtime.coordinators.values()) == [coordinator]


async def test_device_registry(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    await set_up(hass, room_entry)
    (device,) = dr.async_entries_for_config_entry(device_registry, room_entry.entry_id)
    assert device.identifiers == {(DOMAIN, "key-of-room_climate")}
    assert device.name == "Room"
    assert device.model == "Room climate controller"
    assert device.model_id == "urn:device-models:room-climate"


async def test_second_entry_to_a_dead_endpoint_does_not_hold_up_the_first(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    dead = MockConfigEntry(
        domain=DOMAIN, title="Dead", data={**room_entry.data, CONF_PORT: free_port()}
    )
    dead.add_to_hass(hass)
    await set_up(hass, room_entry)
    assert dead.state is ConfigEntryState.SETUP_RETRY
    assert state_of(hass, "sensor.room_temperature") != "unavailable"
