"""How people spell units, made one: case, plural and separators do not count."""

import re
from typing import Final
import unicodedata

DENOMINATORS: Final = {
    "second": "s",
    "sec": "s",
    "minute": "min",
    "mn": "min",
    "hour": "h",
    "hr": "h",
    "day": "d",
}
"""Times after a slash, in the one spelling that the table uses."""

AMERICAN: Final = re.compile(r"(met|lit)er$")
"""A metre and a litre, at the end of a word."""

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[\s_.,·⋅*^\-]+")
_SLASH: Final = re.compile(r"\s*/\s*")
_NEGATIVE_POWER: Final = re.compile(r"[\s.·⋅*]*([A-Za-z]{1,6})\^?[-\u2212]\s?([123])\b")


def folded(spelled: str) -> str:
    """Return a spelling in the form in which all that mean the same are equal.

    ``cubicMetre-PerHour``, ``cubic meters per hour`` and ``Cubic Metre/h`` are one;
    so are ``m.s-1``, ``m s⁻¹`` and ``m/s``.
    """
    text = unicodedata.normalize("NFKC", spelled.replace("º", "°"))
    text = _NEGATIVE_POWER.sub(_denominator, text.replace("\u03bc", "u"))
    words = _SEPARATORS.split(_SLASH.sub(" / ", _CAMEL.sub(" ", text)).casefold())
    return "".join(_words(words))


def _words(words: list[str]) -> list[str]:
    """Return words in one spelling, with a slash for *per*."""
    made: list[str] = []
    for word in words:
        if word == "per":
            made.append("/")
            continue
        one = word[:-1] if len(word) > 3 and word.endswith("s") else word
        one = AMERICAN.sub(r"\1re", one)
        if made and made[-1] == "/":
            one = DENOMINATORS.get(one, one)
        made.append(one)
    return made


def _denominator(match: re.Match[str]) -> str:
    """Return a negative power as what stands below the line."""
    unit, power = match.groups()
    return f"/{unit}{power if power != '1' else ''}"
