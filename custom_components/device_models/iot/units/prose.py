"""Units in names and descriptions, which is where Oracle's models have them.

Only a few ways of saying it count, and only units that are known: a wrong unit is worse
than none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
import re
from typing import Final

from . import Unit, known, unit_of
from .words import words_of

MAX_PROSE: Final = 500
"""Characters of a description that are read."""

BRACKETED: Final = re.compile(r"(?:^|\s)[(\[]\s*(?:in\s+)?([^()\[\]]{1,30}?)\s*[)\]]")
NAMED: Final = re.compile(
    r"\bunits?(?:\sof\smeasure(?:ment)?)?\s?(?:is|are|:|=)\s?(.+)", re.IGNORECASE
)
AFTER_IN: Final = re.compile(r"\b(?:in|measured as)\s(.+)", re.IGNORECASE)
AT_THE_END: Final = re.compile(r",\s*([^\s,]{1,20}(?:\s[^\s,]{1,20})?)\s*\.?\s*$")

MULTIPLE: Final = re.compile(
    r"\b(?:tenths?|hundredths?|thousandths?|times|multiplied|divided|scaled)\b"
    r"|[x×*/]\s?10",
    re.IGNORECASE,
)
"""What says that numbers are in a multiple of the unit."""

MAX_PLACES: Final = 8
"""Places of a description where a unit may be said in one way."""

MAX_WORDS: Final = 4
"""Of the longest name: "cubic metres per hour"."""

NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "A": frozenset({"current", "amperage", "load"}),
    "B": frozenset({"memory", "size", "heap", "bytes", "data"}),
    "C": frozenset({"temperature", "temp"}),
    "F": frozenset({"temperature", "temp"}),
    "J": frozenset({"energy", "work"}),
    "K": frozenset({"temperature", "temp"}),
    "L": frozenset({"volume", "water", "tank", "consumption", "fuel"}),
    "N": frozenset({"force"}),
    "V": frozenset({"voltage", "potential", "supply", "battery"}),
    "W": frozenset({"power", "load", "consumption", "wattage"}),
    "d": frozenset({"time", "duration", "age", "period", "interval"}),
    "g": frozenset({"mass", "weight"}),
    "h": frozenset({"time", "duration", "runtime", "uptime", "period", "interval"}),
    "l": frozenset({"volume", "water", "tank", "consumption", "fuel"}),
    "m": frozenset({"distance", "length", "height", "level", "depth", "altitude"}),
    "s": frozenset({"time", "duration", "delay", "interval", "period", "timeout"}),
}
"""What must be among the other words for a single letter to be a unit: the A of
"Phase (A)" is no ampere."""

SUFFIXES: Final = frozenset({
    "amps", "celsius", "cm", "dba", "dbm", "degc", "degf", "fahrenheit", "ghz", "gpm",
    "hours", "hpa", "kbps", "kg", "khz", "km", "kmh", "kpa", "kph", "kw", "kwh", "lpm",
    "lux", "lx", "mbar", "mbps", "minutes", "mm", "mph", "msec", "mv", "pct", "percent",
    "ppb", "ppm", "psi", "rpm", "sec", "seconds", "volts", "watts", "wh",
})  # fmt: skip
"""Units that stand at the end of a name, and mean nothing else there."""

_LAST: Final = re.compile(r"(?:^|[\W_])([^\W_]+)$")
_DEGREES: Final = re.compile(r"(?:[Tt]emp|[Tt]emperature|TEMP|TEMPERATURE)_?([CFcf])$")

NEVER: Final = frozenset({"in", "-", "count", "number", "none", "ha", "day", "second"})
"""Known spellings which in a sentence mostly mean something else."""


def unit_in_prose(text: str) -> Unit | None:
    """Return the unit that a description says; None if none, or more than one.

    ``why`` is the part that says so: ``'in BAR'``, ``'(Km/hour)'``.
    """
    text = " ".join(text[:MAX_PROSE].split())
    if (whole := _meant(text, set())) is not None:
        return replace(whole, why=repr(text))
    if MULTIPLE.search(text):
        return None
    units = list(_units(text))
    said = {(unit.symbol, unit.scale) for unit in units}
    return units[0] if len(said) == 1 else None


def unit_in_name(name: str) -> Unit | None:
    """Return the unit with which a name ends (``energy_kWh``); None if with none."""
    last = _LAST.search(name)
    if last and last[1].casefold() in SUFFIXES and (unit := known(last[1])):
        return replace(unit, why=repr(last[1]))
    if degrees := _DEGREES.search(name):
        unit = unit_of(degrees[1], is_temperature=True)
        return replace(unit, why=repr(degrees[1]))
    return unit_in_prose(name)


def _units(text: str) -> Iterator[Unit]:
    """Yield every unit that is said, with the words that say so."""
    others = set(words_of(text))
    for match in BRACKETED.finditer(text):
        if unit := _meant(match[1], others):
            yield replace(unit, why=repr(match[0].strip()))
    for match in AT_THE_END.finditer(text):
        if unit := _meant(match[1], others):
            yield replace(unit, why=repr(match[1]))
    for pattern in (NAMED, AFTER_IN):
        for match in _overlapping(pattern, text):
            start = match[0][: match.start(1) - match.start()].strip()
            following = match[1].split()[:MAX_WORDS]
            for length in range(len(following), 0, -1):
                spelled = " ".join(following[:length]).rstrip(".,;:!?)")
                if unit := _meant(spelled, others):
                    yield replace(unit, why=repr(f"{start} {spelled}"))
                    break


def _overlapping(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Yield the matches at the first places of a text."""
    at = 0
    for _place in range(MAX_PLACES):
        match = pattern.search(text, at)
        if match is None:
            return
        yield match
        at = match.start(1)


def _meant(spelled: str, others: set[str]) -> Unit | None:
    """Return the unit of a few words, if they spell one without doubt."""
    if spelled.casefold() in NEVER or "," in spelled:
        return None
    if len(spelled) > 1:
        return found if (found := known(spelled)) and found.symbol else None
    if spelled.isalpha() and not NEEDS.get(spelled, frozenset()) & others:
        return None
    unit = unit_of(spelled, is_temperature=spelled in {"C", "F"})
    return unit if known(spelled) else None
