"""Blinds, shutters, garage doors: composed of their elements."""

from typing import Any, Final, override

from homeassistant.components.cover import (
    ATTR_POSITION,
    ATTR_TILT_POSITION,
    CoverEntity,
    CoverEntityFeature,
)
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
    OPEN: CoverEntityFeature.OPEN,
    CLOSE: CoverEntityFeature.CLOSE,
    STOP: CoverEntityFeature.STOP,
    POSITION: CoverEntityFeature.SET_POSITION,
    "tilt": CoverEntityFeature.SET_TILT_POSITION
    | CoverEntityFeature.OPEN_TILT
    | CoverEntityFeature.CLOSE_TILT,
}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the covers of each device."""
    add_entities(entry, async_add_entities, Platform.COVER, ModelCover)


class ModelCover(Opening, CoverEntity):
    """What opens and closes, perhaps with slats."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what it can do."""
        super().__init__(coordinator, decision)
        self._attr_supported_features = self.features(FEATURES, CoverEntityFeature(0))

    @property
    @override
    def current_cover_position(self) -> int | None:
        return self.percent_open()

    @property
    @override
    def current_cover_tilt_position(self) -> int | None:
        fraction = self.fraction("tilt")
        return None if fraction is None else round(fraction * 100)

    @override
    @rewords_errors
    async def async_open_cover(self, **kwargs: Any) -> None:
        await self.move(OPEN)

    @override
    @rewords_errors
    async def async_close_cover(self, **kwargs: Any) -> None:
        await self.move(CLOSE)

    @override
    @rewords_errors
    async def async_stop_cover(self, **kwargs: Any) -> None:
        await self.move(STOP)

    @override
    @rewords_errors
    async def async_set_cover_position(self, **kwargs: Any) -> None:
        await self.move_to(kwargs[ATTR_POSITION])

    @override
    @rewords_errors
    async def async_set_cover_tilt_position(self, **kwargs: Any) -> None:
        await self._tilt(kwargs[ATTR_TILT_POSITION])

    @override
    @rewords_errors
    async def async_open_cover_tilt(self, **kwargs: Any) -> None:
        await self._tilt(100)

    @override
    @rewords_errors
    async def async_close_cover_tilt(self, **kwargs: Any) -> None:
        await self._tilt(0)

    async def _tilt(self, percent: int) -> None:
        """Turn the slats."""
        await self.change({"tilt": self.level("tilt", percent / 100)})
