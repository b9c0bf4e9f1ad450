"""Whether a number is measured now, or counts up: what statistics are made of.

Home Assistant keeps long-term statistics only of what has a state class. So every
read-only number gets one, but for what no mean or sum can be made of: identifiers,
settings, codes. Which ones a device class allows is Home Assistant's to say.
"""

from collections.abc import Mapping, Set as AbstractSet
from typing import Final

from homeassistant.components.sensor.const import SensorStateClass
from homeassistant.const import DEGREE

from ..iot.model import Attribute
from ..iot.units.words import any_phrase, words_of
from .decisions import STATE_CLASSES
from .ontologies import ipso_resource

COUNTING: Final = frozenset({
    "accumulated", "counter", "cumulated", "cumulative", "lifetime", "odometer",
    "operating hours", "total", "totals",
})  # fmt: skip
"""Words of numbers that only rise, whatever they count."""

FLOWING: Final = frozenset({
    "charged", "consumed", "consumption", "daily", "delivered", "discharged", "export",
    "exported", "fed in",
    "generated", "generation", "import", "imported", "meter", "monthly", "produced",
    "production", "since", "this month", "this year", "today", "usage", "used",
    "yield",
})  # fmt: skip
"""Words of amounts that only rise, of what flows: energy, water, gas, rain."""

LEVELS: Final = frozenset({
    "available", "average", "balance", "capacity", "free", "heap", "level",
    "mean", "memory", "net", "ram", "remaining", "storage", "stored", "weight",
})  # fmt: skip
"""Words of numbers that go up and down, even if they are totals."""

SETTINGS: Final = frozenset({
    "interval", "limit", "maximum allowed", "nominal", "rated", "set point", "setpoint",
    "target", "threshold", "timeout",
})  # fmt: skip
"""Words of numbers that somebody has chosen."""

IDENTIFIERS: Final = frozenset({
    "address", "baud", "bitmap", "bitmask", "build", "channel", "code", "day", "flags",
    "hour", "id", "identifier", "minute", "mode", "model number", "month", "no", "pin",
    "port", "register", "revision", "serial", "slot", "state", "status", "timezone",
    "type", "version", "year", "zone",
})  # fmt: skip
"""Words of numbers that are names, codes or dates."""

TIMES: Final = frozenset({
    "boot time", "current time", "date", "epoch", "last seen", "last update",
    "time of position", "timestamp", "unix time",
})  # fmt: skip
"""Words of numbers that are a point in time, whatever their unit."""

POSITIONS: Final = frozenset({"lat", "latitude", "lon", "longitude", "lng"})
"""Words of numbers that say a place."""

IPSO_COUNTING: Final = frozenset({"5501", "5805", "5815"})
"""IPSO resources that only rise: a counter, cumulated active and reactive power."""

DIRECTIONS: Final = frozenset(
    {"azimuth", "bearing", "course", "direction", "heading", "orientation"}
)
"""Words of angles of which 359° and 1° are close together."""

FLOWS: Final = frozenset(
    {"energy", "gas", "precipitation", "reactive_energy", "volume", "water"}
)
"""Device classes of amounts that flow."""

CONCENTRATIONS: Final = frozenset({"%", "ppm", "ppb"})
"""Units of a part in a whole, which nothing is counted in; nor in any with a slash."""

RISING: Final = frozenset({"gas", "water"})
"""Device classes of what never flows back; energy may."""

COUNTABLE: Final = FLOWS | {"data_size", "distance", "duration", ""}
"""Device classes of what can be summed up; the empty one stands for none."""

type Reasoned = tuple[SensorStateClass | None, str]


def state_class_of(
    attribute: Attribute, device_class: str | None, unit: str | None
) -> Reasoned:
    """Return the state class of a read-only number, and why; None for none."""
    allowed = STATE_CLASSES.get(device_class or "", frozenset(SensorStateClass))
    words = words_of(f"{attribute.name} {attribute.title}")
    found, reason = _by_words(words, attribute, device_class, unit)
    if not reason or (found is not None and found not in allowed):
        found, reason = _by_class(device_class, allowed)
    return found, reason


def _by_words(
    words: tuple[str, ...],
    attribute: Attribute,
    device_class: str | None,
    unit: str | None,
) -> Reasoned:
    """Return what the words say; no reason if they say nothing."""
    kind = device_class or ""
    if setting := any_phrase(words, SETTINGS):
        return None, f"“{setting}” is a setting"
    if not kind and (time := any_phrase(words, TIMES)):
        return None, f"“{time}” is a point in time"
    if not kind and not unit and (word := any_phrase(words, IDENTIFIERS)):
        return None, f"“{word}” is no measurement"
    if not kind and (word := any_phrase(words, POSITIONS)):
        return None, f"“{word}” is a position"
    if (ipso := ipso_resource(attribute)) and ipso[1] in IPSO_COUNTING:
        return SensorStateClass.TOTAL_INCREASING, f"resource {ipso[1]} of IPSO"
    if unit == DEGREE and (word := any_phrase(words, DIRECTIONS)):
        return SensorStateClass.MEASUREMENT_ANGLE, f"“{word}” is a direction"
    if unit in CONCENTRATIONS or "/" in (unit or ""):
        return None, ""
    if kind in COUNTABLE and not any_phrase(words, LEVELS):
        if word := any_phrase(words, COUNTING):
            return SensorStateClass.TOTAL_INCREASING, f"“{word}” only rises"
        if kind in FLOWS:
            words += words_of(attribute.description)
            if word := any_phrase(words, COUNTING | FLOWING):
                return SensorStateClass.TOTAL_INCREASING, f"“{word}” only rises"
    return None, ""


_BY_CLASS: Final[Mapping[SensorStateClass, str]] = {
    SensorStateClass.MEASUREMENT: "is a measurement",
    SensorStateClass.MEASUREMENT_ANGLE: "is a direction",
    SensorStateClass.TOTAL: "is an amount",
}
"""What a device class is where words do not say more, the first that it allows."""


def _by_class(
    device_class: str | None, allowed: AbstractSet[SensorStateClass]
) -> Reasoned:
    """Return what the device class says."""
    if device_class in RISING:
        return SensorStateClass.TOTAL_INCREASING, f"{device_class} only rises"
    found = next((one for one in _BY_CLASS if one in allowed), None)
    return found, f"{device_class or 'a number'} {_BY_CLASS[found]}" if found else ""
