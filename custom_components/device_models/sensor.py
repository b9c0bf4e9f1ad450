"""Read-only numbers, texts, choices and times."""

from datetime import datetime
from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import MAX_STATE_LENGTH
from .coordinator import DeviceCoordinator
from .entity import AttributeEntity, add_entities
from .health import add_health_sensors
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 0  # values come through the coordinator, nothing is asked here


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each device."""
    add_entities(entry, async_add_entities, Platform.SENSOR, ModelSensor)
    add_health_sensors(entry, async_add_entities)


class ModelSensor(AttributeEntity, SensorEntity):
    """A read-only attribute that is not true or false."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on unit, state class and choices."""
        super().__init__(coordinator, decision)
        self._attr_native_unit_of_measurement = decision.unit
        self._attr_state_class = decision.state_class
        if decision.device_class == SensorDeviceClass.ENUM:
            self._attr_options = list(decision.options)

    @property
    @override
    def native_value(self) -> float | str | datetime | None:
        if self.decision.options:
            return self.shown.option
        if self.attribute.type.is_numeric:
            return self.shown.number
        # A longer text would not be shown at all.
        text = self.shown.text
        return self.shown.time or (None if text is None else text[:MAX_STATE_LENGTH])
