"""Writable numbers."""

from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import AttributeEntity, add_entities
from .iot.values import MAX_EXACT, DataType, Range
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

UNBOUNDED: Final = float(MAX_EXACT)
"""The bounds of a number whose model has none; Home Assistant's own would be 0 and
100, which no model says."""

NO_BOUNDS: Final = Range(-UNBOUNDED, UNBOUNDED)

DEFAULT_STEPS: Final = {DataType.INTEGER: 1.0, DataType.NUMBER: 0.1}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of each device."""
    add_entities(entry, async_add_entities, Platform.NUMBER, ModelNumber)


class ModelNumber(AttributeEntity, NumberEntity):
    """A writable INTEGER or NUMBER."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on the bounds."""
        super().__init__(coordinator, decision)
        bounds = decision.range or NO_BOUNDS
        self._attr_native_unit_of_measurement = decision.unit
        self._attr_native_min_value = max(bounds.low, -UNBOUNDED)
        self._attr_native_max_value = min(bounds.high, UNBOUNDED)
        self._attr_native_step = decision.step or (
            DEFAULT_STEPS[self.attribute.type] * abs(decision.transform.scale)
        )
        self._attr_mode = NumberMode.AUTO if decision.range else NumberMode.BOX

    @property
    @override
    def native_value(self) -> float | None:
        return self.shown.number

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.write(value)
