"""What opens and closes before a window, a door or a garage."""

from collections.abc import Mapping
from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, WRITE, Holds, Role, Rule, by_word

ORDERS: Final = by_word(
    open="open, up, raise, opening",
    close="close, down, lower, closing, closed, shut",
    stop="stop, halt, pause, idle, stopped",
)

STATES: Final = by_word(
    open="open, opened, up, partly open",
    closed="closed, close, down, shut",
    opening="opening, moving up",
    closing="closing, moving down",
    none="stopped, stop, idle, moving, unknown, jammed, obstacle, error",
)
"""What does not say whether it is closed, says nothing."""

OPENING: Final[Mapping[str, Role]] = {
    "position": Role(
        holds=Holds.LEVEL,
        access=WRITE,
        words="*, position, target position, set position, position setpoint, opening,"
        " desired position, open level, open percent, percent open, level, target",
        terms="position, target position, level, open level",
        ipso="3337",
    ),
    "current_position": Role(
        holds=Holds.LEVEL,
        access=ONLY_READ,
        words="position, current position, actual position, opening, open level",
        terms="position, current position, level",
    ),
    "closure": Role(
        holds=Holds.LEVEL,
        access=WRITE,
        words="closure, closed percent, percent closed, closed level",
    ),
    "state": Role(
        holds=Holds.WORDS,
        access=ONLY_READ,
        words="*, state, status, motion, movement, direction, moving, motion state",
        meanings=STATES,
    ),
    "is_open": Role(
        holds=Holds.ON_OFF,
        access=ONLY_READ,
        words="open, is open, opened",
        terms="open",
    ),
    "open_close": Role(
        holds=Holds.ON_OFF,
        access=WRITE,
        words="open, opened",
        terms="open, open close",
    ),
    "open": Role(
        holds=Holds.COMMAND,
        words="open, up, raise, move up, open cover, roll up",
    ),
    "close": Role(
        holds=Holds.COMMAND,
        words="close, down, lower, move down, close cover, roll down, shut",
    ),
    "stop": Role(
        holds=Holds.COMMAND, words="stop, halt, stop cover, stop motion, stop movement"
    ),
    "order": Role(
        holds=Holds.ORDER,
        access=WRITE,
        words="*, command, control, action, move, movement, motion, direction, order,"
        " state",
        meanings=ORDERS,
    ),
}
"""What covers and valves have in common."""

ENOUGH: Final = ("position", "closure", "open, close", "order", "open_close")

COVER: Final = Rule(
    platform=Platform.COVER,
    things=by_word(
        blind="blind, blinds, venetian blind, roller blind",
        shutter="shutter, shutters, roller shutter, rollershutter, rolling shutter",
        awning="awning, sunscreen",
        curtain="curtain, curtains, drapes",
        shade="shade, roller shade, window covering",
        garage="garage, garage door",
        gate="gate, driveway gate",
        window="skylight, roof window, roof vent, roof vents, window opener",
        damper="damper",
        none="cover",
    ),
    unlike="valve, sensor, contact, lock, light, lamp",
    enough=ENOUGH,
    roles={
        **OPENING,
        "tilt": Role(
            holds=Holds.LEVEL,
            access=WRITE,
            words="tilt, tilt position, slat, slats, slat angle, tilt angle, angle",
            terms="tilt, slat angle",
        ),
    },
)
