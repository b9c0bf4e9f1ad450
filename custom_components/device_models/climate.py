"""Thermostats and air conditioners, composed of their elements."""

from typing import Any, Final, override

from homeassistant.components.climate import ClimateEntity
from homeassistant.components.climate.const import (
    ATTR_HVAC_MODE,
    ClimateEntityFeature,
    HVACAction,
    HVACMode,
)
from homeassistant.const import ATTR_TEMPERATURE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .humid import Humid
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry
from .tempered import Tempered

PARALLEL_UPDATES = 1  # small devices take one command at a time

FEATURES: Final = {
    "target_temperature": ClimateEntityFeature.TARGET_TEMPERATURE,
    "target_humidity": ClimateEntityFeature.TARGET_HUMIDITY,
    "preset": ClimateEntityFeature.PRESET_MODE,
    "fan_mode": ClimateEntityFeature.FAN_MODE,
    "swing_mode": ClimateEntityFeature.SWING_MODE,
}
SWITCHES: Final = ("on", "heating")
"""The roles with which it is off; without a mode, it heats while it is on."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the thermostats of each device."""
    add_entities(entry, async_add_entities, Platform.CLIMATE, ModelClimate)


class ModelClimate(Tempered, Humid, ClimateEntity):
    """A target temperature, and what goes with it."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on modes."""
        super().__init__(coordinator, decision)
        self._switch = next((role for role in SWITCHES if self.has(role)), "")
        words = list(self.meanings("mode").values()) or [HVACMode.HEAT]
        modes = [HVACMode(word) for word in dict.fromkeys(words)]
        if self._switch and HVACMode.OFF not in modes:
            modes.insert(0, HVACMode.OFF)
        self._attr_hvac_modes = modes
        always = ClimateEntityFeature(0)
        if HVACMode.OFF in modes and len(modes) > 1:
            always = ClimateEntityFeature.TURN_ON | ClimateEntityFeature.TURN_OFF
        self._attr_supported_features = self.features(FEATURES, always)
        self._attr_preset_modes = self.options("preset")
        self._attr_fan_modes = self.options("fan_mode")
        self._attr_swing_modes = self.options("swing_mode")

    @property
    @override
    def hvac_mode(self) -> HVACMode | None:
        if self._switch:
            on = self.truth(self._switch)
            if not on:
                return None if on is None else HVACMode.OFF
        if not self.has("mode"):
            return HVACMode.HEAT
        mode = self.meaning("mode")
        return HVACMode(mode) if mode else None

    @property
    @override
    def hvac_action(self) -> HVACAction | None:
        if action := self.meaning("action"):
            return HVACAction(action)
        match self.truth("is_heating"):
            case None:
                return None
            case heating:
                return HVACAction.HEATING if heating else HVACAction.IDLE

    @property
    @override
    def preset_mode(self) -> str | None:
        return self.option("preset")

    @property
    @override
    def fan_mode(self) -> str | None:
        return self.option("fan_mode")

    @property
    @override
    def swing_mode(self) -> str | None:
        return self.option("swing_mode")

    @override
    @rewords_errors
    async def async_set_temperature(self, **kwargs: Any) -> None:
        values: dict[str, object] = {}
        if ATTR_HVAC_MODE in kwargs:
            values |= self._mode(kwargs[ATTR_HVAC_MODE])
        if (temperature := kwargs.get(ATTR_TEMPERATURE)) is not None:
            values |= self.target(temperature)
        await self.change(values)

    @override
    @rewords_errors
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        await self.change(self._mode(hvac_mode))

    @override
    @rewords_errors
    async def async_set_preset_mode(self, preset_mode: str) -> None:
        await self.set_shown("preset", preset_mode)

    @override
    @rewords_errors
    async def async_set_fan_mode(self, fan_mode: str) -> None:
        await self.set_shown("fan_mode", fan_mode)

    @override
    @rewords_errors
    async def async_set_swing_mode(self, swing_mode: str) -> None:
        await self.set_shown("swing_mode", swing_mode)

    def _mode(self, mode: HVACMode) -> dict[str, object]:
        """Return the values of the roles with which it is in a mode."""
        values: dict[str, object] = {}
        if self._switch:
            values[self._switch] = self.on_off(self._switch, on=mode != HVACMode.OFF)
        if mode in self.meanings("mode").values():
            values["mode"] = self.choice("mode", mode)
        return values
