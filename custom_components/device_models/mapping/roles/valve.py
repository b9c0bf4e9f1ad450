"""What lets water or gas through."""

from dataclasses import replace
from typing import Final

from homeassistant.const import Platform

from .cover import ENOUGH, OPENING
from .rule import Rule, by_word

VALVE: Final = Rule(
    platform=Platform.VALVE,
    things=by_word(
        water="water valve, irrigation valve, garden valve, tap",
        gas="gas valve",
        none="valve, main valve, shut off valve, shutoff valve, ball valve",
    ),
    unlike="sensor, radiator, battery, alarm, leak",
    enough=ENOUGH,
    roles={
        **OPENING,
        "open_close": replace(OPENING["open_close"], words="*, open, opened, on"),
    },
)
