"""Water heaters, composed of their elements."""

from typing import Any, Final, override

from homeassistant.components.water_heater import WaterHeaterEntity
from homeassistant.components.water_heater.const import (
    ATTR_OPERATION_MODE,
    WaterHeaterEntityFeature,
)
from homeassistant.const import ATTR_TEMPERATURE, STATE_OFF, STATE_ON, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry
from .tempered import Tempered

PARALLEL_UPDATES = 1  # small devices take one command at a time

FEATURES: Final = {
    "target_temperature": WaterHeaterEntityFeature.TARGET_TEMPERATURE,
    "on": WaterHeaterEntityFeature.ON_OFF,
    "mode": WaterHeaterEntityFeature.OPERATION_MODE,
    "away": WaterHeaterEntityFeature.AWAY_MODE,
}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the water heaters of each device."""
    add_entities(entry, async_add_entities, Platform.WATER_HEATER, ModelWaterHeater)


class ModelWaterHeater(Tempered, WaterHeaterEntity):
    """A temperature of water, and what goes with it."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what it can do."""
        super().__init__(coordinator, decision)
        self._attr_supported_features = self.features(
            FEATURES, WaterHeaterEntityFeature(0)
        )
        if self.has("mode"):
            self._attr_operation_list = self.options("mode")

    @property
    @override
    def current_operation(self) -> str | None:
        on = self.truth("on") if self.has("on") else True
        if on is None:
            return None
        if not on:
            return STATE_OFF
        if self.has("mode"):
            return self.option("mode")
        return STATE_ON if self.has("on") else None

    @property
    @override
    def is_away_mode_on(self) -> bool | None:
        return self.truth("away")

    @override
    @rewords_errors
    async def async_set_temperature(self, **kwargs: Any) -> None:
        values = self.target(kwargs[ATTR_TEMPERATURE])
        if mode := kwargs.get(ATTR_OPERATION_MODE):
            values["mode"] = self.parts["mode"].meant(mode)
        await self.change(values)

    @override
    @rewords_errors
    async def async_set_operation_mode(self, operation_mode: str) -> None:
        await self.set_shown("mode", operation_mode)

    @override
    @rewords_errors
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.turn("on", on=True)

    @override
    @rewords_errors
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.turn("on", on=False)

    @override
    @rewords_errors
    async def async_turn_away_mode_on(self) -> None:
        await self.turn("away", on=True)

    @override
    @rewords_errors
    async def async_turn_away_mode_off(self) -> None:
        await self.turn("away", on=False)
