"""How a device's values reach Home Assistant over CoAP."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulators.coap import CoapSimulator

from .acting import set_up, state_of, until

pytestmark = pytest.mark.usefixtures("integration")

TEMPERATURE = "sensor.room_temperature"


async def test_entities_begin_with_the_values_of_the_device(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    assert state_of(hass, TEMPERATURE) == str(room.device.values["temperature"])


async def test_a_change_is_pushed(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    await until(lambda: room.observers)
    room.device.put({"temperature": 25.5})
    await until(lambda: state_of(hass, TEMPERATURE) == "25.5")


async def test_a_change_that_is_not_pushed_is_found_by_asking(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    await until(lambda: room.observers)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    await room.kill()
    await room.start()  # a restart that nobody was told of
    room.device.put({"temperature": 12.5})
    assert coordinator.device.last_heard is not None
    coordinator.device.last_heard -= 3600
    await coordinator.async_refresh()
    assert state_of(hass, TEMPERATURE) == "12.5"
    await until(lambda: room.observers)
    room.device.put({"temperature": 13.5})
    await until(lambda: state_of(hass, TEMPERATURE) == "13.5")
