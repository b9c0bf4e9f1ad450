"""What makes the air of a room moister, or drier."""

from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, WRITE, Holds, Role, Rule, by_word

CURRENT_HUMIDITY: Final = Role(
    holds=Holds.LEVEL,
    access=ONLY_READ,
    words="humidity, current humidity, room humidity, relative humidity",
    terms="humidity, relative humidity",
    ipso="3304",
    anywhere=True,
)
"""What thermostats know, too."""

HUMIDIFIER: Final = Rule(
    platform=Platform.HUMIDIFIER,
    things=by_word(
        humidifier="humidifier, air humidifier",
        dehumidifier="dehumidifier, air dehumidifier",
    ),
    unlike="sensor, filter",
    enough=("on",),
    roles={
        "on": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, on, power, state, switch, on off",
            terms="on off, on off state, switch status",
        ),
        "target_humidity": Role(
            holds=Holds.LEVEL,
            access=WRITE,
            words="target humidity, target, humidity setpoint, humidity set point,"
            " desired humidity, set humidity, setpoint",
            terms="target humidity",
        ),
        "current_humidity": CURRENT_HUMIDITY,
        "mode": Role(
            holds=Holds.CHOICE, access=WRITE, words="mode, preset, operating mode"
        ),
        "action": Role(
            holds=Holds.WORDS,
            access=ONLY_READ,
            words="action, running state, operating state",
            meanings=by_word(
                humidifying="humidifying",
                drying="drying, dehumidifying",
                idle="idle",
                off="off",
            ),
        ),
    },
)
