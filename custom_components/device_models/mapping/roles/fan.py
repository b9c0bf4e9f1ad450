"""What moves the air."""

from typing import Final

from homeassistant.const import Platform

from .rule import WRITE, Holds, Role, Rule, by_word

FAN: Final = Rule(
    platform=Platform.FAN,
    things=by_word(
        none="fan, ventilator, ceiling fan, exhaust fan, table fan, ventilation"
    ),
    unlike="sensor, heater, climate, thermostat, conditioner",
    enough=("on", "percentage"),
    roles={
        "on": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, on, power, state, switch, on off, running",
            terms="on off, on off state, switch status",
        ),
        "percentage": Role(
            holds=Holds.LEVEL,
            access=WRITE,
            words="*, speed, percentage, level, fan speed",
            terms="fan speed, speed, level",
        ),
        "preset": Role(
            holds=Holds.CHOICE,
            access=WRITE,
            words="*, mode, preset, preset mode, fan mode, speed, fan speed, level",
        ),
        "oscillating": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="oscillate, oscillating, oscillation, swing",
        ),
        "direction": Role(
            holds=Holds.WORDS,
            access=WRITE,
            words="direction, airflow direction, rotation",
            meanings=by_word(
                forward="forward, clockwise, cw",
                reverse="reverse, backward, counterclockwise, counter clockwise,"
                " anticlockwise, ccw",
            ),
        ),
    },
)
