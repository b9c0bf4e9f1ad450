"""Colours as devices spell them: texts, and numbers that pack three bytes.

``#ff8000``; ``rgb,255,128,0`` and ``hsv,30,100,100`` (Homie 5, "Color"), the same
without the first word (Homie 3 and 4); 0xFF8000 as a number.
"""

import colorsys
from enum import StrEnum
import re
from typing import Final

from .values import Scalar

type Color = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

MAX_PACKED: Final = 0xFFFFFF

MAX_LENGTH: Final = 40
"""Of a colour as text."""

_HEX: Final = re.compile(r"(#?)([0-9a-fA-F]{6})", re.ASCII)
_LISTED: Final = re.compile(
    r"(?:(rgb|hsv),)?([0-9]{1,3}(?:\.[0-9]+)?),([0-9]{1,3}(?:\.[0-9]+)?),"
    r"([0-9]{1,3}(?:\.[0-9]+)?)",
    re.ASCII,
)


class Spelling(StrEnum):
    """How a device spells colours; a semantic type of an attribute may say it."""

    HASH = "color:#rrggbb"
    HEX = "color:rrggbb"
    NAMED_RGB = "color:rgb,r,g,b"
    NAMED_HSV = "color:hsv,h,s,v"
    RGB = "color:r,g,b"
    HSV = "color:h,s,v"


def read_color(value: Scalar, known: Spelling | None = None) -> Color | None:
    """Return the colour that a value means; None if it means none.

    Args:
        value: as the device gives it.
        known: how it is spelled, where the text alone does not say it.

    """
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= MAX_PACKED:
            return None
        return value >> 16, value >> 8 & 0xFF, value & 0xFF
    if not isinstance(value, str) or len(value) > MAX_LENGTH:
        return None
    text = "".join(value.split())
    if found := _HEX.fullmatch(text):
        return read_color(int(found[2], 16))
    if not (found := _LISTED.fullmatch(text)):
        return None
    one, two, three = (float(part) for part in found.groups()[1:])
    if found[1] == "hsv" or (not found[1] and known is Spelling.HSV):
        return _from_hsv(one, two, three)
    if max(one, two, three) > 255:
        return None
    return round(one), round(two), round(three)


def spelling_of(value: Scalar | None, known: Spelling | None = None) -> Spelling | None:
    """Return how a text spells its colour; None if that is not to be seen."""
    if not isinstance(value, str) or read_color(value, known) is None:
        return known
    text = "".join(value.split())
    if found := _HEX.fullmatch(text):
        return Spelling.HASH if found[1] else Spelling.HEX
    if text.startswith("hsv"):
        return Spelling.NAMED_HSV
    if text.startswith("rgb"):
        return Spelling.NAMED_RGB
    return Spelling.HSV if known is Spelling.HSV else Spelling.RGB


def write_color(color: Color, spelling: Spelling | None) -> str:
    """Return a colour as a text; as ``#rrggbb`` where nothing else is known."""
    red, green, blue = color
    match spelling:
        case Spelling.RGB:
            return f"{red},{green},{blue}"
        case Spelling.NAMED_RGB:
            return f"rgb,{red},{green},{blue}"
        case Spelling.HSV | Spelling.NAMED_HSV:
            hue, saturation, value = colorsys.rgb_to_hsv(
                red / 255, green / 255, blue / 255
            )
            text = f"{round(hue * 360)},{round(saturation * 100)},{round(value * 100)}"
            return text if spelling is Spelling.HSV else f"hsv,{text}"
        case Spelling.HEX:
            return f"{red:02x}{green:02x}{blue:02x}"
        case _:
            return f"#{red:02x}{green:02x}{blue:02x}"


def packed(color: Color) -> int:
    """Return a colour as one number."""
    red, green, blue = color
    return red << 16 | green << 8 | blue


def _from_hsv(hue: float, saturation: float, value: float) -> Color | None:
    """Return the colour of a hue in degrees, and of saturation and value in percent."""
    if hue > 360 or saturation > 100 or value > 100:
        return None
    red, green, blue = colorsys.hsv_to_rgb(hue / 360, saturation / 100, value / 100)
    return round(red * 255), round(green * 255), round(blue * 255)
