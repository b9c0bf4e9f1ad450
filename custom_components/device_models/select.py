"""Writable attributes with choices."""

from typing import override

from homeassistant.components.select import SelectEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import AttributeEntity, add_entities
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the selects of each device."""
    add_entities(entry, async_add_entities, Platform.SELECT, ModelSelect)


class ModelSelect(AttributeEntity, SelectEntity):
    """A writable attribute with choices."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on the choices."""
        super().__init__(coordinator, decision)
        self._attr_options = list(decision.options)

    @property
    @override
    def current_option(self) -> str | None:
        return self.shown.option

    @override
    async def async_select_option(self, option: str) -> None:
        await self.write(option)
