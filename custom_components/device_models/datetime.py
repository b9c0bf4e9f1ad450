"""Writable times."""

from datetime import datetime
from typing import override

from homeassistant.components.datetime import DateTimeEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import AttributeEntity, add_entities
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the times of each device."""
    add_entities(entry, async_add_entities, Platform.DATETIME, ModelDateTime)


class ModelDateTime(AttributeEntity, DateTimeEntity):
    """A writable DATETIME."""

    @property
    @override
    def native_value(self) -> datetime | None:
        return self.shown.time

    @override
    async def async_set_value(self, value: datetime) -> None:
        await self.write(value)
