"""What thermostats and water heaters have in common: two temperatures."""

from homeassistant.util.unit_conversion import TemperatureConverter

from .composed import ComposedEntity
from .coordinator import DeviceCoordinator
from .mapping.decisions import Decision


class Tempered(ComposedEntity):
    """What is set to a temperature, and perhaps measures it."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on unit and bounds of what can be set."""
        super().__init__(coordinator, decision)
        target = self.parts["target_temperature"].decision
        self._unit_of_current = target.unit
        if current := self.parts.get("current_temperature"):
            self._unit_of_current = current.decision.unit or target.unit
        # A number without a unit is taken as people there write it.
        self._attr_temperature_unit = (
            target.unit
            or self._unit_of_current
            or coordinator.hass.config.units.temperature_unit
        )
        if target.range is not None:
            low, high = target.range.ends
            self._attr_min_temp, self._attr_max_temp = low, high
        self._attr_target_temperature_step = target.step

    @property
    def current_temperature(self) -> float | None:
        """What is measured, in the unit of what is set."""
        value, unit = self.number("current_temperature"), self._unit_of_current
        if value is None or unit in (None, self._attr_temperature_unit):
            return value
        return TemperatureConverter.convert(value, unit, self._attr_temperature_unit)

    @property
    def target_temperature(self) -> float | None:
        """What it is set to."""
        return self.number("target_temperature")

    def target(self, temperature: float) -> dict[str, object]:
        """Return the value with which it is set to a temperature."""
        return {
            "target_temperature": self.parts["target_temperature"].meant(temperature)
        }
