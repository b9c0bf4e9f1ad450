"""A thermostat, or an air conditioner."""

from typing import Final

from homeassistant.const import Platform

from .humidifier import CURRENT_HUMIDITY
from .rule import ONLY_READ, WRITE, Holds, Role, Rule, by_word

MODES: Final = by_word(
    off="off",
    heat="heat, heating, manual",
    cool="cool, cooling",
    heat_cool="heat cool, heatcool",
    auto="auto, automatic, schedule",
    dry="dry, dehumidify",
    fan_only="fan, fan only, ventilate, ventilation",
)
"""The modes of Home Assistant (``HVACMode``), and the words for them."""

ACTIONS: Final = by_word(
    off="off",
    heating="heat, heating",
    cooling="cool, cooling",
    idle="idle, standby",
    drying="dry, drying",
    fan="fan, ventilating",
    preheating="preheating",
    defrosting="defrost, defrosting",
)
"""What it does in a mode (``HVACAction``)."""

CLIMATE: Final = Rule(
    platform=Platform.CLIMATE,
    things=by_word(
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
        "current_humidity": CURRENT_HUMIDITY,
    },
)
