"""Read-only attributes that are true or false."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import AttributeEntity, add_entities
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 0  # values come through the coordinator, nothing is asked here


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of each device."""
    add_entities(entry, async_add_entities, Platform.BINARY_SENSOR, ModelBinarySensor)


class ModelBinarySensor(AttributeEntity, BinarySensorEntity):
    """An attribute that is on or off; most often a read-only BOOLEAN."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.shown.truth
