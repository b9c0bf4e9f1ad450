"""CoAP devices in Home Assistant, with a real device on the other end."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulators.coap import CoapSimulator

from .conftest import set_up, until

pytestmark = pytest.mark.usefixtures("integration")


async def test_entities_begin_with_the_values_of_the_device(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    assert hass.states.get("sensor.room_temperature").state == str(
        room.device.values["temperature"]
    )


async def test_a_change_is_pushed(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    runtime = room_entry.runtime_data
    (coordinator,) = runtime.coordinators.values()
    await until(lambda: "temperature" in runtime.connection.pushed(coordinator.device))
    room.device.put({"temperature": 25.5})
    await until(lambda: hass.states.get("sensor.room_temperature").state == "25.5")


async def test_pump(hass: HomeAssistant, pump, pump_entry: MockConfigEntry) -> None:
    await set_up(hass, pump_entry)
    await until(lambda: hass.states.async_all("switch")[0].state != "unavailable")
    for s in hass.states.async_all():
        print(s.entity_id, s.state)
    assert await hass.config_entries.async_unload(pump_entry.entry_id)
