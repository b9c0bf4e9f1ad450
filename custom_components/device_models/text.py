"""Writable texts."""

from typing import override

from homeassistant.components.text import TextEntity, TextMode
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import MAX_STATE_LENGTH
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
    """Add the texts of each device."""
    add_entities(entry, async_add_entities, Platform.TEXT, ModelText)


class ModelText(AttributeEntity, TextEntity):
    """A writable STRING or URI."""

    _attr_native_max = MAX_STATE_LENGTH

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Hide what is secret while it is typed."""
        super().__init__(coordinator, decision)
        if self.attribute.sensitive:
            self._attr_mode = TextMode.PASSWORD

    @property
    @override
    def native_value(self) -> str | None:
        text = self.shown.text
        return None if text is None else text[:MAX_STATE_LENGTH]

    @override
    async def async_set_value(self, value: str) -> None:
        await self.write(value)
