"""Fans, composed of their elements."""

import math
from typing import Any, Final, override

from homeassistant.components.fan import FanEntity
from homeassistant.components.fan.const import FanEntityFeature
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .graded import Graded
from .iot.values import DataType
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

FEATURES: Final = {
    "percentage": FanEntityFeature.SET_SPEED,
    "preset": FanEntityFeature.PRESET_MODE,
    "oscillating": FanEntityFeature.OSCILLATE,
    "direction": FanEntityFeature.DIRECTION,
}

MAX_SPEEDS: Final = 100


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the fans of each device."""
    add_entities(entry, async_add_entities, Platform.FAN, ModelFan)


class ModelFan(Graded, FanEntity):
    """What is on or off, and how fast it turns."""

    degree = "percentage"

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what it can do."""
        super().__init__(coordinator, decision)
        always = FanEntityFeature.TURN_ON | FanEntityFeature.TURN_OFF
        self._attr_supported_features = self.features(FEATURES, always)
        self._attr_preset_modes = self.options("preset")
        if self.has("percentage"):
            self._take_speeds()
        self._last = 1.0
        """How fast it turned when it was last on."""

    def _take_speeds(self) -> None:
        """Take on how many speeds there are, but for off."""
        attribute = self.parts["percentage"].attribute
        low, self._highest = self._ends("percentage")
        step = attribute.step or (1 if attribute.type is DataType.INTEGER else 0)
        # What is above 0 at its lowest is not off there.
        self._off = low - step if low > 0 else low
        count = (self._highest - self._off) / step if step else MAX_SPEEDS
        self._attr_speed_count = min(max(math.floor(count), 1), MAX_SPEEDS)

    @override
    def notice(self, roles: frozenset[str]) -> None:
        """Remember the speed with which it can be turned on again."""
        if speed := self.share():
            self._last = speed

    @property
    @override
    def percentage(self) -> int | None:
        if self.has("on") and not self.truth("on"):
            return None if self.truth("on") is None else 0
        speed = self.share()
        return None if speed is None else round(speed * 100)

    @property
    @override
    def preset_mode(self) -> str | None:
        return self.option("preset")

    @property
    @override
    def oscillating(self) -> bool | None:
        return self.truth("oscillating")

    @property
    @override
    def current_direction(self) -> str | None:
        return self.meaning("direction")

    @override
    @rewords_errors
    async def async_turn_on(
        self,
        percentage: int | None = None,
        preset_mode: str | None = None,
        **kwargs: Any,
    ) -> None:
        if percentage == 0:
            await self.async_turn_off()
            return
        values = self.turned_on()
        if percentage is not None:
            values["percentage"] = self._value(percentage / 100)
        elif not self.has("on"):
            values["percentage"] = self._value(self._last)
        if preset_mode is not None:
            values["preset"] = self.parts["preset"].meant(preset_mode)
        await self.change(values)

    @override
    async def async_set_percentage(self, percentage: int) -> None:
        await self.async_turn_on(percentage)

    @override
    @rewords_errors
    async def async_set_preset_mode(self, preset_mode: str) -> None:
        await self.set_shown("preset", preset_mode)

    @override
    @rewords_errors
    async def async_oscillate(self, oscillating: bool) -> None:
        await self.turn("oscillating", on=oscillating)

    @override
    @rewords_errors
    async def async_set_direction(self, direction: str) -> None:
        await self.change({"direction": self.choice("direction", direction)})

    @override
    def share(self) -> float | None:
        """Return how fast it turns, from 0 to 1."""
        value = self.raw("percentage")
        if not isinstance(value, int | float):
            return None
        speed = (value - self._off) / (self._highest - self._off)
        return min(max(speed, 0.0), 1.0)

    def _value(self, speed: float) -> float:
        """Return the value of a speed: the next one that there is, and not off."""
        low, high = self._ends("percentage")
        count = self._attr_speed_count
        speed = max(math.ceil(speed * count - 1e-9), 1) / count
        value = self._off + speed * (self._highest - self._off)
        return self.level("percentage", (value - low) / (high - low))
