"""What a device keeps when its user, its model or its connection changes."""

from collections.abc import AsyncGenerator
from itertools import groupby
import json
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import history
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRM,
    CONF_KEY,
    CONF_SILENT_AFTER,
    DOMAIN,
)
from custom_components.device_models.iot.transforms import Transform
from custom_components.device_models.library import BUNDLED
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.models import load_model
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, set_up, state_of, until
from .flows import (
    Fix,
    answered,
    changing,
    content,
    element_form,
    fixed,
    ids,
    only,
    shown_as_enabled,
    suggested,
)


@pytest.fixture
async def twin(broker_port: int) -> AsyncGenerator[MqttSimulator]:
    """Run a room climate controller behind the broker."""
    device = SimulatedDevice(load_model("room_climate"), seed=2, alerts_every=0)
    async with MqttSimulator(
        device, port=broker_port, base="home/room", speed=0
    ) as simulator:
        yield simulator


async def test_move_to_another_connection_keeps_ids_and_history(
    recorder_mock: object,
    hass: HomeAssistant,
    integration: None,
    room_entry: MockConfigEntry,
    twin: MqttSimulator,
    pump_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    await set_up(hass, room_entry)
    await set_up(hass, pump_entry)
    start = dt_util.utcnow()
    mine = {one.id: one for one in entity_registry.entities.values()}
    of_room = er.async_entries_for_config_entry(entity_registry, room_entry.entry_id)
    entity_registry.async_update_entity(
        "sensor.room_temperature", new_entity_id="sensor.bedroom", name="Bedroom"
    )
    await hass.async_block_till_done()
    first = state_of(hass, "sensor.bedroom")
    (device,) = dr.async_entries_for_config_entry(device_registry, room_entry.entry_id)
    flow_id = await changing(hass, room_entry, "move")
    result = await answered(hass, flow_id, entry=pump_entry.entry_id)
    assert result["step_id"] == "topic"
    result = await answered(hass, flow_id, name="Room", place="nowhere", confirm=True)
    assert result["errors"] == {"base": "no_values"}
    result = await answered(hass, flow_id, name="Room", place="home/room", confirm=True)
    assert result["reason"] == "moved"
    await hass.async_block_till_done()
    assert not room_entry.subentries
    moved = next(s for s in pump_entry.subentries.values() if s.title == "Room")
    assert moved.data[CONF_BASE] == "home/room"
    assert moved.data[CONF_KEY] == "key-of-room_climate"
    for entity in of_room:
        after = entity_registry.async_get(entity.id and mine[entity.id].id)
        if "-health-" in entity.unique_id:
            assert after is None  # the new connection does not notice such things
            continue
        assert after is not None
        assert after.unique_id == entity.unique_id
        assert after.config_entry_id == pump_entry.entry_id
        assert after.config_subentry_id == moved.subentry_id
    same = device_registry.async_get(device.id)
    assert same is not None
    assert same.config_entry_id == pump_entry.entry_id
    second = str(twin.device.values["temperature"])
    assert second != first
    await until(lambda: state_of(hass, "sensor.bedroom") == second)
    assert attributes_of(hass, "sensor.bedroom")["friendly_name"] == "Bedroom"
    await get_instance(hass).async_block_till_done()
    states = await get_instance(hass).async_add_executor_job(
        history.state_changes_during_period, hass, start, None, "sensor.bedroom"
    )
    recorded = [state.state for state in states["sensor.bedroom"]]
    assert first in recorded
    assert recorded[-1] == second
    # The room behind CoAP is gone, and only that.
    assert len(pump_entry.runtime_data.coordinators) == 2
    assert room_entry.runtime_data.coordinators == {}


async def test_ids_and_history_stay_through_all_changes(
    recorder_mock: object,
    hass: HomeAssistant,
    integration: None,
    hass_client: Fix,
    tmp_path: Path,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    twin: MqttSimulator,
    pump_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    hass.config.config_dir = str(tmp_path)
    assert await async_setup_component(hass, "repairs", {})
    await set_up(hass, room_entry)
    await set_up(hass, pump_entry)
    start = dt_util.utcnow()
    first = state_of(hass, "sensor.room_temperature")
    before = ids(entity_registry)
    # Its user edits a decision …
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-temperature", enabled)
    await content(hass, flow_id, form | {"name": "Air", "scale": 2})
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    second = state_of(hass, "sensor.room_temperature")
    assert float(second) == 2 * float(first)
    assert ids(entity_registry) == before
    # … an update brings a new version of its model …
    newer = json.loads((BUNDLED / "room_climate.json").read_text())
    newer["model"]["attributes"].append({"name": "dewPoint", "type": "NUMBER"})
    newer["model"]["attributes"][0]["semanticType"] = "battery"
    folder = tmp_path / DOMAIN
    folder.mkdir()
    (folder / "room_climate.json").write_text(json.dumps(newer))
    await hass.config_entries.async_reload(room_entry.entry_id)
    await fixed(hass, hass_client, "take")
    after = ids(entity_registry)
    assert after.items() > before.items()
    assert len(after) == len(before) + 1
    shown = attributes_of(hass, "sensor.room_temperature")
    assert shown["friendly_name"] == "Room Air"
    assert shown["device_class"] == "temperature"
    # … and it moves to a broker.
    flow_id = await changing(hass, room_entry, "move")
    await answered(hass, flow_id, entry=pump_entry.entry_id)
    await answered(hass, flow_id, name="Room", place="home/room", confirm=True)
    await hass.async_block_till_done()
    assert ids(entity_registry) == after
    third = str(Transform(scale=2).shown(twin.device.values["temperature"]))
    await until(lambda: state_of(hass, "sensor.room_temperature") == third)
    await get_instance(hass).async_block_till_done()
    states = await get_instance(hass).async_add_executor_job(
        history.state_changes_during_period,
        hass,
        start,
        None,
        "sensor.room_temperature",
    )
    recorded = [
        float(state.state)
        for state in states["sensor.room_temperature"]
        if state.state not in ("unavailable", "unknown")
    ]
    told = [value for value, _same in groupby(recorded)]
    assert told == [float(first), float(second), float(third)]


async def test_move_shows_what_was_chosen_and_forgets_what_has_no_place(
    hass: HomeAssistant,
    integration: None,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    twin: MqttSimulator,
    pump_entry: MockConfigEntry,
) -> None:
    await set_up(hass, room_entry)
    await set_up(hass, pump_entry)
    flow_id = await changing(hass, room_entry, "move")
    await answered(hass, flow_id, entry=pump_entry.entry_id)
    await answered(
        hass,
        flow_id,
        name="Room",
        place="home/room",
        confirm=False,
        silent_after=60,
    )
    await hass.async_block_till_done()
    moved = next(s for s in pump_entry.subentries.values() if s.title == "Room")
    assert (moved.data[CONF_CONFIRM], moved.data[CONF_SILENT_AFTER]) == (False, 60)
    begun: Any = await pump_entry.start_subentry_reconfigure_flow(
        hass, moved.subentry_id
    )
    result = await answered(hass, begun["flow_id"], next_step_id="place")
    assert suggested(result) == {
        "name": "Room",
        "place": "home/room",
        "confirm": False,
        "silent_after": 60,
        "through": False,
    }
    begun = await pump_entry.start_subentry_reconfigure_flow(hass, moved.subentry_id)
    flow_id = begun["flow_id"]
    await answered(hass, flow_id, next_step_id="move")
    result = await answered(hass, flow_id, entry=room_entry.entry_id)
    shown = {"name": "Room", "place": "home/room", "through": False}
    assert suggested(result) == shown
    await answered(hass, flow_id, name="Room", place="")
    await hass.async_block_till_done()
    data = only(room_entry).data
    assert data[CONF_BASE] == ""
    assert not {CONF_CONFIRM, CONF_SILENT_AFTER} & data.keys()


async def test_connection_that_ends_while_it_is_chosen(
    hass: HomeAssistant,
    integration: None,
    room_entry: MockConfigEntry,
    pump_entry: MockConfigEntry,
) -> None:
    await set_up(hass, room_entry)
    await set_up(hass, pump_entry)
    flow_id = await changing(hass, room_entry, "move")
    await hass.config_entries.async_unload(pump_entry.entry_id)
    result = await answered(hass, flow_id, entry=pump_entry.entry_id)
    assert result["reason"] == "no_connection"


async def test_device_that_is_changed_while_it_is_moved_is_not_moved(
    hass: HomeAssistant,
    integration: None,
    room_entry: MockConfigEntry,
    twin: MqttSimulator,
    pump_entry: MockConfigEntry,
) -> None:
    await set_up(hass, room_entry)
    await set_up(hass, pump_entry)
    moving = await changing(hass, room_entry, "move")
    await answered(hass, moving, entry=pump_entry.entry_id)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    await answered(hass, flow_id, enabled=enabled[1:])
    await hass.async_block_till_done()
    result = await answered(hass, moving, name="Room", place="home/room", confirm=True)
    assert result["reason"] == "changed_meanwhile"
    assert len(room_entry.subentries) == 1
