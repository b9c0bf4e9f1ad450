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

from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .humid import Humid
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the humidifiers of each device."""
    add_entities(entry, async_add_entities, Platform.HUMIDIFIER, ModelHumidifier)


class ModelHumidifier(Humid, HumidifierEntity):
    """What is on or off, and to which humidity it is set."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on modes."""
        super().__init__(coordinator, decision)
        if self.has("mode"):
            self._attr_supported_features = HumidifierEntityFeature.MODES
            self._attr_available_modes = self.options("mode")

    @property
    @override
    def is_on(self) -> bool | None:
        return self.truth("on")

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
        await self.turn("on", on=True)

    @override
    @rewords_errors
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.turn("on", on=False)

    @override
    @rewords_errors
    async def async_set_mode(self, mode: str) -> None:
        await self.set_shown("mode", mode)
