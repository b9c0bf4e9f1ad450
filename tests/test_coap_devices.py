"""How a device's values reach Home Assistant over CoAP."""

import asyncio
from typing import Any

from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import CONF_PATIENCE
from custom_components.device_models.iot.errors import UnreachableError
from custom_components.device_models.systems import connection_for
from simulators.coap import CoapSimulator

from .acting import set_up, state_of, until
from .iot.connections.udp_peer import silent, udp_peer

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


@pytest.mark.parametrize(("patience", "least", "most"), [({}, 0.2, 0.6), (44, 1.0, 4)])
async def test_patience_that_was_set(
    hass: HomeAssistant,
    room_entry: MockConfigEntry,
    quick_requests: None,
    patience: Any,
    least: float,
    most: float,
) -> None:
    said = {CONF_PATIENCE: patience} if patience else {}
    loop = asyncio.get_running_loop()
    async with udp_peer(silent) as peer:
        data = {**room_entry.data, CONF_PORT: peer.port, **said}
        began = loop.time()
        with pytest.raises(UnreachableError):
            await connection_for(hass, data).open()
        # The 11 seconds that are usual are 0.3 here.
        assert least <= loop.time() - began <= most
