"""Valves, composed of their elements."""

from typing import Any, Final, override

from homeassistant.components.valve.const import ValveEntityFeature
from homeassistant.components.valve.entity import ValveEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .opening import CLOSE, OPEN, POSITION, STOP, Opening
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

FEATURES: Final = {
    OPEN: ValveEntityFeature.OPEN,
    CLOSE: ValveEntityFeature.CLOSE,
    STOP: ValveEntityFeature.STOP,
    POSITION: ValveEntityFeature.SET_POSITION,
}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the valves of each device."""
    add_entities(entry, async_add_entities, Platform.VALVE, ModelValve)


class ModelValve(Opening, ValveEntity):
    """What lets something through."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what it can do."""
        super().__init__(coordinator, decision)
        self._attr_supported_features = self.features(FEATURES, ValveEntityFeature(0))
        self._attr_reports_position = self.settable or self.has("current_position")

    @property
    @override
    def current_valve_position(self) -> int | None:
        return self.percent_open()

    @override
    @rewords_errors
    async def async_open_valve(self, **kwargs: Any) -> None:
        await self.move(OPEN)

    @override
    @rewords_errors
    async def async_close_valve(self, **kwargs: Any) -> None:
        await self.move(CLOSE)

    @override
    @rewords_errors
    async def async_stop_valve(self, **kwargs: Any) -> None:
        await self.move(STOP)

    @override
    @rewords_errors
    async def async_set_valve_position(self, position: int) -> None:
        await self.move_to(position)
