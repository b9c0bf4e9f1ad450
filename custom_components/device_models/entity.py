"""What the entities of all platforms have in common."""

from collections.abc import Callable
from datetime import datetime
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .exceptions import rewords_errors
from .iot.device import Certainty
from .iot.spelling import WORDS, as_text, from_text
from .iot.values import DataType, Scalar
from .mapping.decisions import Decision
from .runtime import EntryRuntime


@callback
def add_entities(
    entry: ConfigEntry[EntryRuntime],
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: Platform,
    make: Callable[[DeviceCoordinator, Decision], ModelEntity],
) -> None:
    """Add the entities that a platform has of each device, now and later."""

    @callback
    def add(coordinator: DeviceCoordinator) -> None:
        async_add_entities(
            [
                make(coordinator, decision)
                for decision in coordinator.decisions
                if decision.platform is platform
            ],
            config_subentry_id=coordinator.subentry_id,
        )

    entry.runtime_data.async_on_device(add)


class ModelEntity(CoordinatorEntity[DeviceCoordinator]):
    """An entity that stands for one element of a device model."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what was decided for the element."""
        attribute = decision.element if self._follows_value else None
        super().__init__(coordinator, context=attribute)
        device = coordinator.device
        self.decision = decision
        self.device = device
        self._attr_unique_id = f"{device.key}-{decision.element_id}"
        self._attr_name = decision.name
        self._attr_device_class = decision.device_class
        if decision.device_class is None:
            self._attr_translation_key = decision.icon
        self._attr_entity_category = decision.category
        self._attr_entity_registry_enabled_default = decision.enabled
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, device.key)},
            name=device.name,
            manufacturer=device.model.manufacturer or None,
            model=device.model.name,
            model_id=device.model.urn,
        )

    _follows_value = False
    """Whether the entity wants the element's value to be asked for."""

    @property
    @override
    def available(self) -> bool:
        """Whether the device was heard, and can be reached."""
        return self.device.online


class AttributeEntity(ModelEntity):
    """An entity that shows one attribute, and changes it where that is possible."""

    _follows_value = True

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Look up the attribute."""
        super().__init__(coordinator, decision)
        self.attribute = coordinator.device.model.attribute(decision.element)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the attribute."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.device.on_value(self.attribute.name, self.async_write_ha_state)
        )

    @property
    def current(self) -> Scalar | None:
        """What is shown of the attribute's value; None while that is unknown."""
        reading = self.device.values.get(self.attribute.name)
        return self.decision.transform.shown(reading.value) if reading else None

    @property
    def number(self) -> float | None:
        """What is shown, if it is a number."""
        value = self.current
        return value if isinstance(value, int | float) else None

    @property
    def text(self) -> str | None:
        """What is shown, as text."""
        return None if (value := self.current) is None else as_text(value)

    @property
    def option(self) -> str | None:
        """What is shown, if it is one of the options."""
        return text if (text := self.text) in self.decision.options else None

    @property
    def truth(self) -> bool | None:
        """Whether what is shown means on: true, not 0, or a word for it."""
        on: bool | None
        match value := self.current:
            case bool():
                return value
            case str() if self.attribute.type is DataType.BOOLEAN:  # a label
                on = self.device.values[self.attribute.name].value is True
            case str():
                on = WORDS.get(value.lower())
            case int() | float():
                on = bool(value)
            case _:
                on = None
        return None if on is None else on is not self.decision.transform.invert

    @property
    def time(self) -> datetime | None:
        """What is shown, if it is a time."""
        return value if isinstance(value := self.current, datetime) else None

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether the value was sent, and the device cannot confirm it."""
        reading = self.device.values.get(self.attribute.name)
        if reading is None:
            return not self.attribute.readable
        return reading.certainty is Certainty.ASSUMED

    @rewords_errors
    async def write(self, shown: Scalar) -> None:
        """Change the attribute; it shows once the device has confirmed it.

        Args:
            shown: what is to be shown, as far as the attribute's type goes.

        """
        reading = self.device.values.get(self.attribute.name)
        now = reading.value if reading else None
        meant = self.decision.transform.meant(shown, now)
        value: object = meant
        if isinstance(meant, str):
            choices = {as_text(choice): choice for choice in self.attribute.enum}
            value = choices.get(meant, from_text(self.attribute.type, meant))
        await self.device.set(self.attribute.name, value)
