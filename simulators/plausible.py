"""Values that one could believe, by what a model says about an element."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import math
from random import Random
from typing import Final

from custom_components.device_models.iot.model import Attribute, Typed
from custom_components.device_models.iot.values import DataType, Scalar

from .words import EVENT, LATER, TOTAL, words

_USUAL: Final[Mapping[str, tuple[float, float]]] = {
    "°C": (21.0, 2.0),
    "Cel": (21.0, 2.0),
    "°F": (70.0, 4.0),
    "K": (294.0, 2.0),
    "%": (48.0, 6.0),
    "%RH": (48.0, 6.0),
    "hPa": (1013.0, 5.0),
    "mbar": (1013.0, 5.0),
    "Pa": (101_300.0, 500.0),
    "bar": (3.0, 0.3),
    "ppm": (650.0, 90.0),
    "ppb": (180.0, 40.0),
    "lx": (320.0, 60.0),
    "W": (250.0, 60.0),
    "kW": (2.5, 0.6),
    "V": (230.0, 2.0),
    "A": (1.5, 0.4),
    "Hz": (50.0, 0.03),
    "L/min": (30.0, 6.0),
    "m/s": (3.0, 1.0),
    "km/h": (12.0, 4.0),
    "rpm": (1400.0, 60.0),
    "dB": (42.0, 5.0),
    "dBm": (-62.0, 4.0),
    "µg/m³": (9.0, 3.0),
    "\u03bcg/m³": (9.0, 3.0),
}
"""By unit: the value that one expects, and how far it usually is from there."""

_TEXTS: Final[Mapping[str, str]] = {
    "firmware": "2.4.1",
    "version": "2.4.1",
    "serial": "SN-204817",
    "manufacturer": "Example Works",
    "model": "Mark II",
    "ip": "192.0.2.17",
    "mac": "02:00:5e:10:00:17",
    "location": "Workshop",
    "room": "Workshop",
    "status": "ok",
    "error": "none",
}
"""By a word in the name: a text that fits."""


def is_total(shape: Typed) -> bool:
    """Whether a number is one that only rises."""
    meanings = shape.semantic_types if isinstance(shape, Attribute) else ()
    return not {"energy", "water", "gas"}.isdisjoint(meanings) or bool(
        words(shape.name) & TOTAL
    )


def plausible(shape: Typed, rng: Random, now: datetime) -> Scalar:
    """Return a value that one could believe: the default, or one by type and unit."""
    if shape.default is not None:
        return shape.default
    if shape.enum:
        return rng.choice(shape.enum)
    told = words(shape.name)
    match shape.type:
        case DataType.BOOLEAN:
            return rng.random() < 0.5
        case DataType.DATETIME if told & LATER:
            return whole(now + timedelta(days=rng.randint(1, 30)))
        case DataType.DATETIME if told & EVENT:
            return whole(now - timedelta(seconds=rng.randint(5, 3600)))
        case DataType.DATETIME:
            return whole(now)
        case DataType.URI:
            return f"https://example.com/{'-'.join(sorted(told)) or 'device'}"
        case DataType.INTEGER | DataType.NUMBER if is_total(shape):
            return counted(shape, within(shape, rng.uniform(50, 900)))
        case DataType.INTEGER | DataType.NUMBER:
            centre, spread = habit(shape)
            return as_shaped(shape, rng.gauss(centre, spread), spread)
        case _:
            return next((_TEXTS[word] for word in _TEXTS if word in told), "ready")


def whole(time: datetime) -> datetime:
    """Return a time in whole seconds, as a small device knows it."""
    return time.astimezone(UTC).replace(microsecond=0)


def as_shaped(shape: Typed, number: float, spread: float = 1.0) -> int | float:
    """Return a number on the element's step and within its range."""
    if shape.type is DataType.INTEGER:
        return _within_integer(shape, number)
    if shape.step:
        return within(shape, round(round(number / shape.step) * shape.step, 6))
    decimals = max(0, 1 - math.floor(math.log10(spread))) if spread > 0 else 1
    return within(shape, round(number, min(decimals, 6)))


def habit(shape: Typed) -> tuple[float, float]:
    """Return where a number usually is, and how far from there."""
    centre, spread = _USUAL.get(shape.unit or "", (50.0, 10.0))
    known = shape.unit in _USUAL
    bounds = shape.range
    if bounds is not None:
        width = bounds.high - bounds.low
        if math.isinf(width):
            centre = within(shape, centre)
        elif not known or centre not in bounds:
            centre = (bounds.low + bounds.high) / 2
        if math.isfinite(width) and (not known or spread > width / 6):
            spread = width / 12
    if isinstance(shape.default, int | float):
        centre = float(shape.default)
        if bounds is None and not known:
            spread = abs(centre) / 15 or 1.0
    return centre, spread


def within(shape: Typed, number: float) -> float:
    """Return the number, or the end of the range that it passed."""
    if shape.range is None:
        return number
    return min(max(number, shape.range.low), shape.range.high)


def _within_integer(shape: Typed, number: float) -> int:
    """Return a whole number in the range, if the range has one."""
    whole_number = round(within(shape, number))
    if shape.range is not None and math.isfinite(shape.range.low):
        whole_number = max(whole_number, math.ceil(shape.range.low))
    if shape.range is not None and math.isfinite(shape.range.high):
        whole_number = min(whole_number, math.floor(shape.range.high))
    return whole_number


def counted(shape: Typed, exact: float) -> int | float:
    """Return what a counter shows."""
    if shape.type is DataType.INTEGER:
        return _within_integer(shape, math.floor(exact))
    return within(shape, round(exact, 2))
