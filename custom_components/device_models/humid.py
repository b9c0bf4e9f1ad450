"""What thermostats and humidifiers have in common: two humidities."""

from .composed import ComposedEntity
from .coordinator import DeviceCoordinator
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .mapping.fitting import bounds_of


class Humid(ComposedEntity):
    """What may be set to a humidity, and perhaps measures it."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on the bounds of what can be set."""
        super().__init__(coordinator, decision)
        if target := self.parts.get("target_humidity"):
            bounds = bounds_of(target.attribute)
            if bounds is not None:
                self._attr_min_humidity, self._attr_max_humidity = bounds.ends

    @property
    def current_humidity(self) -> float | None:
        """What is measured."""
        return self.number("current_humidity")

    @property
    def target_humidity(self) -> float | None:
        """What it is set to."""
        return self.number("target_humidity")

    @rewords_errors
    async def async_set_humidity(self, humidity: int) -> None:
        """Set it to a humidity."""
        await self.set_shown("target_humidity", humidity)
