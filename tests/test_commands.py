"""Commands in Home Assistant: what waits, who is told, and what outlives what."""

import asyncio
from datetime import timedelta
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.device_models.command_events import EVENT_COMMAND
from custom_components.device_models.const import CONF_COMMANDS, DOMAIN
from custom_components.device_models.iot.device import Availability, VirtualDevice

from .acting import set_up, state_of, until
from .flows import answered, changing, only
from .test_coap_listener import Post, bedroom, entry_on, port, post, quick_preview

__all__ = ["port", "post", "quick_preview"]

pytestmark = pytest.mark.usefixtures("integration")

STORED = "device_models.commands.key-of-room_climate"
WAITING = "sensor.bedroom_waiting_commands"
LOCK = "switch.bedroom_child_lock"


def device_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the id of the only device of an entry."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


async def act(hass: HomeAssistant, name: str, /, **data: Any) -> Any:
    """Call an action of the integration; returns its answer."""
    return await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=name != "cancel_command"
    )


async def turn_on(hass: HomeAssistant) -> None:
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": LOCK}, blocking=True
    )


async def test_value_that_waits_shows_is_told_and_is_on_disk(
    hass: HomeAssistant, port: int, post: Post, hass_storage: dict[str, Any]
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    told = async_capture_events(hass, EVENT_COMMAND)
    await post("bedroom/state", {"childLock": False})
    await turn_on(hass)
    assert state_of(hass, LOCK) == "off"
    (stored,) = hass_storage[STORED]["data"]["pending"]
    assert stored["values"] == {"childLock": True}
    pending = hass.states.get(LOCK)
    assert pending is not None
    assert pending.attributes["pending"]["childLock"]["value"] is True
    assert state_of(hass, WAITING) == "1"
    await post("bedroom/state", {"childLock": False})  # the device fetches it
    assert state_of(hass, LOCK) == "off"
    await post("bedroom/state", {"childLock": True})
    await hass.async_block_till_done()
    shown = hass.states.get(LOCK)
    assert shown is not None
    assert (shown.state, "pending" in shown.attributes) == ("on", False)
    assert state_of(hass, WAITING) == "0"
    assert [event.data["state"] for event in told] == ["queued", "sent", "confirmed"]
    assert told[0].data["device_id"] == device_id(hass, entry)
    assert told[0].data["values"] == {"childLock": True}
    assert hass_storage[STORED]["data"]["pending"] == []


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of the platform
async def test_who_waits_for_a_command_is_told_though_the_device_is_set_up_anew(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    device = device_id(hass, entry)
    values = {"childLock": True}
    told = hass.async_create_task(
        act(hass, "set_attributes", device_id=device, attributes=values, wait=60)
    )
    await until(lambda: state_of(hass, WAITING) == "1")
    hass.config_entries.async_update_subentry(entry, only(entry), title="Loft")
    await hass.config_entries.async_reload(entry.entry_id)
    await post("bedroom/state", {"childLock": False})
    await post("bedroom/state", {"childLock": True})
    async with asyncio.timeout(20):
        outcome = await told
    assert outcome["state"] == "confirmed"
    assert outcome["attributes"] == {"childLock": "confirmed"}


async def test_what_passes_is_not_recorded(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    await set_up(hass, entry_on(hass, port, bedroom()))
    state = hass.states.get(LOCK)
    assert state is not None
    assert state.state_info is not None
    assert state.state_info["unrecorded_attributes"] >= {"pending", "sync_progress"}


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of the platform
async def test_what_waits_outlives_a_restart_and_goes_with_the_device(
    hass: HomeAssistant, port: int, post: Post, hass_storage: dict[str, Any]
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    await turn_on(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, WAITING) == "1"
    answer = await post("bedroom/state", {"childLock": False})
    (command,) = json.loads(answer.payload)
    assert command["set"] == {"childLock": True}
    hass.config_entries.async_remove_subentry(entry, only(entry).subentry_id)
    await hass.async_block_till_done()
    assert STORED not in hass_storage


async def test_what_waits_is_forgotten_with_its_connection(
    hass: HomeAssistant, port: int, post: Post, hass_storage: dict[str, Any]
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    await turn_on(hass)
    assert STORED in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    assert STORED not in hass_storage


async def test_what_waits_goes_with_a_device_whose_connection_is_down(
    hass: HomeAssistant, port: int, post: Post, hass_storage: dict[str, Any]
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    await turn_on(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    assert STORED in hass_storage
    hass.config_entries.async_remove_subentry(entry, only(entry).subentry_id)
    await hass.async_block_till_done()
    await set_up(hass, entry)
    assert STORED not in hass_storage


async def test_broken_store_loses_only_what_is_broken(
    hass: HomeAssistant,
    port: int,
    post: Post,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    await turn_on(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    stored = hass_storage[STORED]["data"]["pending"]
    stored.append({**stored[0], "token": "other", "values": {"temperature": 4}})
    stored.append("nothing")
    await set_up(hass, entry)
    assert state_of(hass, WAITING) == "1"
    assert "pending[1]: writing temperature is not offered here" in caplog.text
    assert "pending[2]: expected an object" in caplog.text


async def test_commands_are_listed_and_taken_back(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    device = device_id(hass, entry)
    answer = await act(
        hass,
        "call_action",
        device_id=device,
        action="identify",
        expires_in=7200,
        reliability="guaranteed_delivery",
        idempotency_key="once",
    )
    assert (answer["command_id"], answer["state"]) == ("once", "queued")
    again = await act(
        hass,
        "call_action",
        device_id=device,
        action="identify",
        idempotency_key="once",
    )
    assert again == answer
    for asked in ({}, {"device_id": device}):
        listed = await act(hass, "pending_commands", **asked)
        (command,) = listed["commands"]
        assert (command["action"], command["state"]) == ("identify", "queued")
    await act(hass, "cancel_command", device_id=device, command_id="once")
    with pytest.raises(ServiceValidationError):
        await act(hass, "cancel_command", device_id=device, command_id="once")
    assert (await act(hass, "pending_commands"))["commands"] == []


async def test_refused_command_shows_at_its_entity(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    await set_up(hass, entry_on(hass, port, bedroom()))
    await post("bedroom/state", {"childLock": False})
    await turn_on(hass)
    (command,) = json.loads((await post("bedroom/state", {"childLock": False})).payload)
    await post(f"bedroom/commands/{command['id']}?refused", "no")
    await hass.async_block_till_done()
    shown = hass.states.get(LOCK)
    assert shown is not None
    assert "refused" in shown.attributes["problem"]
    await post("bedroom/state", {"childLock": False})  # the entity still says so
    assert "problem" in hass.states.get(LOCK).attributes  # type: ignore[union-attr]


def device_in(entry: MockConfigEntry) -> VirtualDevice:
    """Return the only device of a running entry."""
    (coordinator,) = entry.runtime_data.coordinators.values()
    device: VirtualDevice = coordinator.device
    return device


async def test_settings_say_what_waits_for_a_device_that_is_asked(
    hass: HomeAssistant, room_entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    entry = room_entry
    await set_up(hass, entry)
    assert hass.states.get("sensor.room_waiting_commands") is None
    device = device_in(entry)
    device.report(Availability.SILENT, "asleep")
    flow_id = await changing(hass, entry, "commands")
    await answered(hass, flow_id, keep=3600, confirm="answer")
    await hass.async_block_till_done()
    assert only(entry).data[CONF_COMMANDS] == {"keep": 3600, "confirm": "answer"}
    assert state_of(hass, "sensor.room_waiting_commands") == "0"
    device = device_in(entry)
    device.report(Availability.OFFLINE, "away")
    await device.set("childLock", value=True)
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.room_waiting_commands") == "1"
    assert len(hass_storage[STORED]["data"]["pending"]) == 1
    device.report(Availability.ONLINE)
    await until(lambda: state_of(hass, "switch.room_child_lock") == "on")
    assert state_of(hass, "sensor.room_waiting_commands") == "0"
    assert timedelta(seconds=device.commands.keep) == timedelta(hours=1)


async def test_command_that_cannot_be_stored_is_not_taken(
    hass: HomeAssistant, port: int, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})

    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("homeassistant.helpers.storage.Store.async_save", full)
    with pytest.raises(HomeAssistantError, match="No space left"):
        await turn_on(hass)
    assert device_in(entry).commands.pending == ()
