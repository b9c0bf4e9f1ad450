"""A device that moves to another connection."""

from collections.abc import AsyncGenerator

from homeassistant.components.recorder import history
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import CONF_BASE, CONF_KEY
from simulators.behaviour import SimulatedDevice
from simulators.models import load_model
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, set_up, state_of, until
from .flows import answered, changing


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
