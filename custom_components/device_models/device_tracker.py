"""Where devices are, composed of their coordinates."""

from typing import Final, override

from homeassistant.components.device_tracker.entity import TrackerEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .composed import ComposedEntity
from .entity import add_entities
from .iot.spelling import from_text
from .iot.values import DataType
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 0  # values come through the coordinator, nothing is asked here

BOUNDS: Final = {"latitude": 90.0, "longitude": 180.0, "accuracy": 1e7}
"""Beyond these, it is no place on Earth."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the trackers of each device."""
    add_entities(entry, async_add_entities, Platform.DEVICE_TRACKER, ModelTracker)


class ModelTracker(ComposedEntity, TrackerEntity):
    """A latitude and a longitude."""

    @property
    @override
    def latitude(self) -> float | None:
        return self._degrees("latitude")

    @property
    @override
    def longitude(self) -> float | None:
        return self._degrees("longitude")

    @property
    @override
    def location_accuracy(self) -> float:
        return self._degrees("accuracy") or 0

    def _degrees(self, role: str) -> float | None:
        """Return the number of a role, which some devices spell as a text."""
        value = self.raw(role)
        if isinstance(value, str):
            read = from_text(DataType.NUMBER, value)
            value = read if isinstance(read, int | float) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value if abs(value) <= BOUNDS[role] else None
