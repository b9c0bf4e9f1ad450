"""What keeps water hot."""

from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, WRITE, Holds, Role, Rule, by_word

WATER_HEATER: Final = Rule(
    platform=Platform.WATER_HEATER,
    things=by_word(
        none="water heater, hot water, hot water tank, boiler, water boiler, dhw,"
        " domestic hot water, geyser"
    ),
    unlike="sensor, coffee, tea, steam, egg, pool",
    enough=(
        "target_temperature, current_temperature",
        "target_temperature, on",
        "target_temperature, mode",
    ),
    roles={
        "target_temperature": Role(
            holds=Holds.TEMPERATURE,
            access=WRITE,
            words="target temperature, target temp, target, setpoint, set point,"
            " temperature setpoint, set temperature, desired temperature",
            terms="target temperature, temperature setpoint, set temperature",
            ipso="3308",
        ),
        "current_temperature": Role(
            holds=Holds.TEMPERATURE,
            access=ONLY_READ,
            words="temperature, temp, current temperature, water temperature,"
            " tank temperature, actual temperature, measured temperature, current",
            terms="temperature, current temperature, water temperature",
            ipso="3303",
            anywhere=True,
        ),
        "on": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, on, power, on off, heating, enabled, state, switch",
            terms="on off, on off state, switch status",
        ),
        "mode": Role(
            holds=Holds.CHOICE,
            access=WRITE,
            words="mode, operation mode, operating mode, program, programme",
        ),
        "away": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="away, away mode, vacation, vacation mode, holiday, holiday mode",
        ),
    },
)
