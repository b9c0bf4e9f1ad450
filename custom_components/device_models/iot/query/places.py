"""Places on the Earth, and how far they are from each other."""

from collections.abc import Mapping
import math
from typing import Final

from .documents import plain

EARTH: Final = 6_371_008.8
"""Metres: its mean radius."""

UNITS: Final[Mapping[str, float]] = {
    "MILES": 1609.344,
    "KM": 1000.0,
    "M": 1.0,
    "METERS": 1.0,
}
"""Metres of the units of distances."""


def place_of(value: object) -> tuple[float, float] | None:
    """Return latitude and longitude of a place: a mapping, or a list of both."""
    match value:
        case {"lat": latitude, "lon": longitude}:
            pass
        case {"latitude": latitude, "longitude": longitude}:
            pass
        case [latitude, longitude]:
            pass
        case _:
            return None
    degrees = plain(latitude), plain(longitude)
    match degrees:
        case (bool(), _) | (_, bool()):
            return None
        case (int() | float() as one, int() | float() as other):
            return (one, other) if abs(one) <= 90 and abs(other) <= 180 else None
        case _:
            return None


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the metres between two places along the surface of the Earth."""
    lat_1, lon_1, lat_2, lon_2 = map(math.radians, (*one, *other))
    half = (
        math.sin((lat_2 - lat_1) / 2) ** 2
        + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    )
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, half)))
