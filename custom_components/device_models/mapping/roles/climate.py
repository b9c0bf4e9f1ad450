"""A thermostat, or an air conditioner."""

from collections.abc import Mapping
from typing import Final

from homeassistant.components.climate.const import HVACAction, HVACMode
from homeassistant.const import Platform

from .rule import ONLY_READ, WRITE, Holds, Role, Rule, classed

MODES: Final[Mapping[str, str]] = {
    "off": HVACMode.OFF,
    "heat": HVACMode.HEAT, "heating": HVACMode.HEAT, "manual": HVACMode.HEAT,
    "cool": HVACMode.COOL, "cooling": HVACMode.COOL,
    "heat cool": HVACMode.HEAT_COOL, "heatcool": HVACMode.HEAT_COOL,
    "auto": HVACMode.AUTO, "automatic": HVACMode.AUTO, "schedule": HVACMode.AUTO,
    "dry": HVACMode.DRY, "dehumidify": HVACMode.DRY,
    "fan": HVACMode.FAN_ONLY, "fan only": HVACMode.FAN_ONLY,
    "ventilate": HVACMode.FAN_ONLY, "ventilation": HVACMode.FAN_ONLY,
}  # fmt: skip

ACTIONS: Final[Mapping[str, str]] = {
    "off": HVACAction.OFF,
    "heat": HVACAction.HEATING, "heating": HVACAction.HEATING,
    "cool": HVACAction.COOLING, "cooling": HVACAction.COOLING,
    "idle": HVACAction.IDLE, "standby": HVACAction.IDLE,
    "dry": HVACAction.DRYING, "drying": HVACAction.DRYING,
    "fan": HVACAction.FAN, "ventilating": HVACAction.FAN,
    "preheating": HVACAction.PREHEATING, "defrost": HVACAction.DEFROSTING,
    "defrosting": HVACAction.DEFROSTING,
}  # fmt: skip

CLIMATE: Final = Rule(
    platform=Platform.CLIMATE,
    things=classed(
        none="thermostat, climate, heating, floor heating, radiator, trv, hvac,"
        " air conditioner, air conditioning, aircon, heat pump, heater"
    ),
    unlike="water, dhw, boiler, tank, oven, kettle, fridge, freezer, refrigerator,"
    " sauna, pool, aquarium, brewing, grill, outdoor, outside, flow, return",
    enough=(
        "target_temperature, current_temperature",
        "target_temperature, mode",
        "target_temperature, on",
        "target_temperature, heating",
    ),
    certain=(
        "target_temperature, current_temperature, mode",
        "target_temperature, current_temperature, heating",
    ),
    roles={
        "target_temperature": Role(
            holds=Holds.TEMPERATURE,
            access=WRITE,
            words="target temperature, target temp, target, setpoint, set point,"
            " temperature setpoint, temperature set point, set temperature,"
            " desired temperature, heating setpoint, heating set point",
            terms="target temperature, temperature setpoint, set temperature",
            ipso="3308",
            tells=True,
        ),
        "current_temperature": Role(
            holds=Holds.TEMPERATURE,
            access=ONLY_READ,
            words="temperature, temp, current temperature, room temperature,"
            " air temperature, measured temperature, ambient temperature,"
            " indoor temperature, actual temperature, current, actual, measured",
            terms="temperature, current temperature, ambient temperature,"
            " air temperature",
            ipso="3303",
            anywhere=True,
        ),
        "mode": Role(
            holds=Holds.WORDS,
            access=WRITE,
            words="mode, operating mode, operation mode, hvac mode, system mode,"
            " thermostat mode, climate mode",
            terms="thermostat mode, hvac mode, operation mode",
            meanings=MODES,
            tells=True,
        ),
        "on": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, on, power, on off, power on, enabled",
            terms="on off, switch status",
        ),
        "heating": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="heating, heating on, heating enabled, heater, heater on",
            anywhere=True,
        ),
        "is_heating": Role(
            holds=Holds.ON_OFF,
            access=ONLY_READ,
            words="heating, is heating, heating active, heat demand, burner, burner on",
        ),
        "action": Role(
            holds=Holds.WORDS,
            access=ONLY_READ,
            words="heating cooling, action, hvac action, running state, hvac state,"
            " state, operating state, operation state",
            terms="heating cooling",
            meanings=ACTIONS,
            tells=True,
        ),
        "preset": Role(
            holds=Holds.CHOICE,
            access=WRITE,
            words="preset, preset mode, program, programme, comfort mode",
        ),
        "fan_mode": Role(
            holds=Holds.CHOICE, access=WRITE, words="fan mode, fan speed, fan"
        ),
        "swing_mode": Role(
            holds=Holds.CHOICE, access=WRITE, words="swing mode, swing, louver"
        ),
        "target_humidity": Role(
            holds=Holds.LEVEL,
            access=WRITE,
            words="target humidity, humidity setpoint, humidity set point",
            terms="target humidity",
        ),
        "current_humidity": Role(
            holds=Holds.LEVEL,
            access=ONLY_READ,
            words="humidity, current humidity, room humidity, relative humidity",
            terms="humidity, relative humidity",
            ipso="3304",
            anywhere=True,
        ),
    },
)
