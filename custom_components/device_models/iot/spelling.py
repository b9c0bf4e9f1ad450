"""Values as people and plain-text messages spell them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from .values import DataType, Scalar

MAX_NUMBER_LENGTH: Final = 40
"""Of a number as text."""

WORDS: Final[Mapping[str, bool]] = {
    "true": True, "on": True, "1": True, "yes": True,
    "false": False, "off": False, "0": False, "no": False,
}  # fmt: skip
"""What plain text says for true and false."""


def as_json(value: Scalar) -> bool | int | float | str:
    """Return a value as JSON has it; a time is a text (ISO 8601)."""
    return value.isoformat() if isinstance(value, datetime) else value


def as_text(value: Scalar) -> str:
    """Return a value as labels and choices name it."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def from_text(kind: DataType, text: str) -> object:
    """Read a text as a type; a text that does not fit stays one, and is refused."""
    stripped = text.strip()
    match kind:
        case DataType.BOOLEAN:
            return WORDS.get(stripped.lower(), text)
        case DataType.INTEGER | DataType.NUMBER:
            return _number(stripped, text)
        case DataType.DATETIME:
            number = _number(stripped, text)
            return from_iso(stripped) if isinstance(number, str) else number
        case _:
            return text


def _number(stripped: str, text: str) -> int | float | str:
    """Return the number that a text spells, or the text."""
    # Python reads more than is meant here: 1_000, and the digits of all scripts
    if len(stripped) <= MAX_NUMBER_LENGTH and "_" not in stripped and text.isascii():
        for reader in (int, float):
            try:
                return reader(stripped)
            except ValueError:
                continue
    return text


def from_iso(text: str) -> datetime | str:
    """Return the time of an ISO 8601 text, or the text."""
    if text.strip().isdecimal():  # 13 digits would be read as a date and a time
        return text
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return text
