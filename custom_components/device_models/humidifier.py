"""Humidifiers and dehumidifiers, composed of their elements."""

from typing import Any, override

from homeassistant.components.humidifier import HumidifierEntity
from homeassistant.components.humidifier.const import (
    HumidifierAction,
    HumidifierEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .composed import ComposedEntity
from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .mapping.fitting import bounds_of
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the humidifiers of each device."""
    add_entities(entry, async_add_entities, Platform.HUMIDIFIER, ModelHumidifier)


class ModelHumidifier(ComposedEntity, HumidifierEntity):
    """What is on or off, and to which humidity it is set."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on modes and bounds."""
        super().__init__(coordinator, decision)
        if self.has("mode"):
            self._attr_supported_features = HumidifierEntityFeature.MODES
            self._attr_available_modes = self.options("mode")
        if target := self.parts.get("target_humidity"):
            bounds = bounds_of(target.attribute)
            if bounds is not None:
                self._attr_min_humidity, self._attr_max_humidity = bounds.ends

    @property
    @override
    def is_on(self) -> bool | None:
        return self.truth("on")

    @property
    @override
    def current_humidity(self) -> float | None:
        return self.number("current_humidity")

    @property
    @override
    def target_humidity(self) -> float | None:
        return self.number("target_humidity")

    @property
    @override
    def mode(self) -> str | None:
        return self.option("mode")

    @property
    @override
    def action(self) -> HumidifierAction | None:
        action = self.meaning("action")
        return HumidifierAction(action) if action else None

    @override
    @rewords_errors
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.change({"on": self.on_off("on", on=True)})

    @override
    @rewords_errors
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.change({"on": self.on_off("on", on=False)})

    @override
    @rewords_errors
    async def async_set_humidity(self, humidity: int) -> None:
        await self.set_shown("target_humidity", humidity)

    @override
    @rewords_errors
    async def async_set_mode(self, mode: str) -> None:
        await self.set_shown("mode", mode)
