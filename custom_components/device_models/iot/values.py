"""Typed values: what a device model's types accept.

The reference for what is accepted is the protocol sheet "Oracle IoT" §1.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import math
from typing import Final, override

from .errors import ValueRefusedError

type JsonValue = (
    bool | int | float | str | list[JsonValue] | Mapping[str, JsonValue] | None
)
"""What a JSON document is made of."""

type Scalar = bool | int | float | str | datetime
"""A validated value of an attribute, an argument or a field."""

MAX_STRING_BYTES: Final = 64 * 1024
"""Oracle IoT sheet §1.5: a string value stays below 64 KiB in UTF-8."""

MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**64 - 1
"""What the wire formats hold without bignums: signed and unsigned 64 bit."""

MAX_EXACT: Final = 2**53
"""Up to here a float tells one whole number from the next."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


class DataType(StrEnum):
    """The six types of an Oracle device model, and OBJECT: a set of named members."""

    INTEGER = "INTEGER"
    NUMBER = "NUMBER"
    STRING = "STRING"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    URI = "URI"
    OBJECT = "OBJECT"

    @property
    def is_numeric(self) -> bool:
        """Whether values of this type are numbers."""
        return self in (DataType.INTEGER, DataType.NUMBER)


@dataclass(frozen=True, slots=True)
class Range:
    """Lower and upper bound of a number, both inclusive; infinite for none."""

    low: float
    high: float

    @property
    def ends(self) -> tuple[float, float]:
        """Both bounds."""
        return self.low, self.high

    def __contains__(self, number: float) -> bool:
        """Whether the number lies within the bounds."""
        return self.low <= number <= self.high

    @override
    def __str__(self) -> str:
        """Return the bounds for people."""
        return f"{self.low:.15g} to {self.high:.15g}"


def validate(kind: DataType, value: object, *, name: str) -> Scalar:
    """Return the value as the type's Python type.

    Args:
        kind: INTEGER gives int, NUMBER int for whole numbers and float for others,
            STRING and URI str, BOOLEAN bool, DATETIME an aware datetime in UTC (a
            number is milliseconds since 1970).
        value: what came from the wire, the user or a file.
        name: the element, for the error.

    Raises:
        ValueRefusedError: the value does not fit the type.

    """
    accepted: Scalar | None = None
    match kind, value:
        case DataType.BOOLEAN, bool():
            accepted = value
        case ((DataType.INTEGER | DataType.NUMBER | DataType.DATETIME), bool()):
            pass
        case DataType.INTEGER, int():
            accepted = value if MIN_INTEGER <= value <= MAX_INTEGER else None
        case DataType.INTEGER, float():
            whole = value.is_integer() and MIN_INTEGER <= value <= MAX_INTEGER
            accepted = int(value) if whole else None
        case DataType.NUMBER, int():
            accepted = value if MIN_INTEGER <= value <= MAX_INTEGER else _float(value)
        case DataType.NUMBER, float():
            accepted = _simplest(value) if math.isfinite(value) else None
        case ((DataType.STRING | DataType.URI), str()):
            accepted = _text(value)
        case DataType.DATETIME, datetime():
            accepted = _in_utc(value)
        case DataType.DATETIME, (int() | float()):
            accepted = _from_milliseconds(value)
    if accepted is None:
        raise ValueRefusedError(
            name=name, problem=f"expected {_EXPECTED[kind]}, got {_shorten(value)}"
        )
    return accepted


_EXPECTED: Final = {
    DataType.INTEGER: "a whole number of at most 64 bits",
    DataType.NUMBER: "a finite number",
    DataType.STRING: "a text below 64 KiB in UTF-8",
    DataType.BOOLEAN: "true or false",
    DataType.DATETIME: "a time, or milliseconds since 1970",
    DataType.URI: "a URI as text",
    DataType.OBJECT: "one of its members",
}


def _simplest(value: float) -> int | float:
    """Return a whole number as int, however the wire has spelled it: 21.0 is 21."""
    whole = value.is_integer() and abs(value) <= MAX_EXACT
    return int(value) if whole else value


def _float(value: int) -> float | None:
    """Return a whole number beyond 64 bits as JSON means it: approximately."""
    try:
        return float(value)
    except OverflowError:
        return None


def _text(value: str) -> str | None:
    """Return the text if it can be sent and is not too long."""
    try:
        return value if len(value.encode()) < MAX_STRING_BYTES else None
    except UnicodeEncodeError:  # a lone surrogate, which JSON can escape
        return None


def _in_utc(value: datetime) -> datetime | None:
    """Return a time in UTC; one without a zone is taken as UTC."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def _from_milliseconds(value: float) -> datetime | None:
    """Return the time of a number of milliseconds since 1970."""
    try:
        return EPOCH + value * MILLISECOND
    except OverflowError, ValueError:  # ValueError: NaN
        return None


def to_milliseconds(value: datetime) -> int:
    """Return the number of milliseconds since 1970, as models and messages have it."""
    return round((value - EPOCH) / MILLISECOND)


def _shorten(value: object) -> str:
    """Return a value for a message: bounded, whatever it is."""
    match value:
        case bool() | float() | None:
            return repr(value)
        case int():
            return str(value) if abs(value) <= MAX_INTEGER else "a huge number"
        case str():
            return repr(value if len(value) <= 40 else f"{value[:40]}…")
        case datetime():
            return value.isoformat()
        case _:
            return type(value).__name__


def same(one: Scalar, other: Scalar) -> bool:
    """Whether two values mean the same, one of them having been on the wire.

    Numbers with a fraction may have been rounded to 32 bits there, and times to
    milliseconds; whole numbers are as they were.
    """
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case int(), int():
            return one == other
        case int() | float(), int() | float():
            return math.isclose(one, other, rel_tol=1e-6)
        case datetime(), datetime():
            return abs(one - other) < MILLISECOND
        case _:
            return one == other
