"""Writable attributes that are true or false."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import AttributeEntity, add_entities
from .iot.spelling import WORDS
from .iot.values import DataType, Scalar
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
        return self.truth

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.write(self._meaning(on=True))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.write(self._meaning(on=False))

    def _meaning(self, *, on: bool) -> Scalar:
        """Return what is shown of an attribute that is on, or off."""
        if self.attribute.type is DataType.BOOLEAN:
            return on
        transform = self.decision.transform
        meant = on is not transform.invert
        for text in (*transform.labels.values(), *self.decision.options):
            if WORDS.get(text.lower()) is meant:
                return text
        if self.attribute.type.is_numeric:
            return int(meant)
        return "on" if meant else "off"
