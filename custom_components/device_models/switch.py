"""Writable attributes that are true or false."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
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
    """Add the switches of each device."""
    add_entities(entry, async_add_entities, Platform.SWITCH, ModelSwitch)


class ModelSwitch(AttributeEntity, SwitchEntity):
    """A writable attribute that is on or off; most often a BOOLEAN."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.shown.truth

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.write(self.shown.on_off(on=True))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.write(self.shown.on_off(on=False))
