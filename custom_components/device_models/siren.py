"""Sirens, composed of their elements."""

from typing import Any, Final, override

from homeassistant.components.siren import SirenEntity
from homeassistant.components.siren.const import (
    ATTR_DURATION,
    ATTR_TONE,
    ATTR_VOLUME_LEVEL,
    SirenEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .composed import ComposedEntity
from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

FEATURES: Final = {
    "tone": SirenEntityFeature.TONES,
    "volume": SirenEntityFeature.VOLUME_SET,
    "duration": SirenEntityFeature.DURATION,
}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sirens of each device."""
    add_entities(entry, async_add_entities, Platform.SIREN, ModelSiren)


class ModelSiren(ComposedEntity, SirenEntity):
    """What is loud while it is on."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what it can do."""
        super().__init__(coordinator, decision)
        always = SirenEntityFeature.TURN_ON | SirenEntityFeature.TURN_OFF
        self._attr_supported_features = self.features(FEATURES, always)
        if self.has("tone"):
            self._attr_available_tones = list(self.options("tone"))

    @property
    @override
    def is_on(self) -> bool | None:
        return self.truth("on")

    @override
    @rewords_errors
    async def async_turn_on(self, **kwargs: Any) -> None:
        values: dict[str, object] = {}
        if (tone := kwargs.get(ATTR_TONE)) is not None:
            values["tone"] = self.parts["tone"].meant(tone)
        if (volume := kwargs.get(ATTR_VOLUME_LEVEL)) is not None:
            values["volume"] = self.level("volume", volume)
        if (duration := kwargs.get(ATTR_DURATION)) is not None:
            values["duration"] = self.parts["duration"].meant(duration)
        await self.change({**values, "on": self.on_off("on", on=True)})

    @override
    @rewords_errors
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.turn("on", on=False)
