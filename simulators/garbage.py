"""Payloads that a broken device sends: each kind in turn."""

from collections.abc import Callable
from itertools import cycle
import json
from typing import Final

from custom_components.device_models.iot.values import JsonValue

DEPTH: Final = 5_000
"""More levels than a parser without a limit of its own survives."""


def _truncated(payload: bytes) -> bytes:
    """Cut the payload in the middle."""
    return payload[: max(1, len(payload) // 2)]


def _wrong_types(payload: bytes) -> bytes:
    """Give every value another type."""
    return _each(payload, _of_wrong_type)


def _out_of_range(payload: bytes) -> bytes:
    """Make every number far too large."""
    return _each(payload, lambda value: 1e30 if _is_number(value) else value)


def _not_a_number(payload: bytes) -> bytes:
    """Put NaN, which is no JSON, in the place of every number."""
    return _each(payload, lambda value: float("nan") if _is_number(value) else value)


def _nulls(payload: bytes) -> bytes:
    """Say nothing about every value."""
    return _each(payload, lambda _: None)


def _foreign(_payload: bytes) -> bytes:
    """Send what another program would send."""
    return b'<?xml version="1.0"?><error code="500">Internal error</error>'


def _other_structure(payload: bytes) -> bytes:
    """Send JSON of another shape."""
    return json.dumps([{"unexpected": payload.decode(errors="replace")}]).encode()


def _deep(_payload: bytes) -> bytes:
    """Nest arrays deeper than a parser likes."""
    return b"[" * DEPTH + b"]" * DEPTH


def _not_text(_payload: bytes) -> bytes:
    """Send bytes that are not UTF-8."""
    return b"\xff\xfe\x00\xc3\x28\x80\x81"


def _huge_integer(payload: bytes) -> bytes:
    """Make every number one of 400 digits."""
    return _each(payload, lambda value: 10**400 if _is_number(value) else value)


def _nothing(_payload: bytes) -> bytes:
    """Send nothing."""
    return b""


KINDS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    _truncated,
    _wrong_types,
    _out_of_range,
    _foreign,
    _not_a_number,
    _other_structure,
    _deep,
    _nulls,
    _not_text,
    _huge_integer,
    _nothing,
)


class Garbage:
    """Spoils payloads, each time in another way."""

    def __init__(self) -> None:
        """Begin with the first way."""
        self._kinds = cycle(KINDS)

    def spoil(self, payload: bytes) -> bytes:
        """Return what is sent in place of a good payload."""
        return next(self._kinds)(payload)


def _each(payload: bytes, spoil: Callable[[JsonValue], JsonValue]) -> bytes:
    """Spoil every value in a JSON document; anything else comes out as "null"."""
    try:
        document: JsonValue = json.loads(payload)
    except ValueError:
        document = None

    def walk(node: JsonValue) -> JsonValue:
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        return spoil(node)

    return json.dumps(walk(document)).encode()


def _is_number(value: JsonValue) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_wrong_type(value: JsonValue) -> JsonValue:
    """Return a value of another type."""
    match value:
        case bool():
            return "maybe"
        case int() | float():
            return f"about {value}"
        case str():
            return [value]
        case _:
            return True
