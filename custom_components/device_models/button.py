"""Actions that need no input."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import ModelEntity, add_entities
from .exceptions import rewords_errors
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each device."""
    add_entities(entry, async_add_entities, Platform.BUTTON, ModelButton)


class ModelButton(ModelEntity, ButtonEntity):
    """An action without arguments, or with a default for each."""

    @override
    @rewords_errors
    async def async_press(self) -> None:
        await self.device.call(self.decision.element)
