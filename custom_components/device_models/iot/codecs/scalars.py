"""Between what documents hold and what attributes take."""

import base64
from collections.abc import Mapping
from datetime import datetime
import math

from ..model import Typed
from ..spelling import from_iso, from_text
from ..values import (
    MAX_INTEGER,
    MIN_INTEGER,
    DataType,
    JsonValue,
    Scalar,
    to_milliseconds,
)
from .codec import Document


def to_scalar(element: Typed, raw: Document, *, untyped: bool = False) -> object:
    """Return a decoded value in the form that the element's type validates.

    Formats lack types that the model has: JSON has no times, text has nothing but
    text, octets know no numbers.
    """
    match element.type, raw:
        case DataType.DATETIME, str():
            return from_text(element.type, raw) if untyped else from_iso(raw)
        case _, str() if untyped:
            return from_text(element.type, raw)
        case _, bytes():
            return _from_bytes(element.type, raw)
        case _:
            return raw


def from_scalar(value: Scalar) -> Document:
    """Return a value in the form in which it is sent.

    Times go out as milliseconds since 1970 (Oracle IoT sheet §1.5).
    """
    return to_milliseconds(value) if isinstance(value, datetime) else value


def to_json(document: Document) -> JsonValue:
    """Return a document with nothing in it that JSON, or a reader of it, lacks."""
    match document:
        case Mapping():
            return {_unicode(key): to_json(value) for key, value in document.items()}
        case list():
            return [to_json(value) for value in document]
        case datetime():
            return document.isoformat()
        case bytes():
            return base64.b64encode(document).decode()
        case str():
            return _unicode(document)
        case float():
            return document if math.isfinite(document) else None
        case int():
            return document if MIN_INTEGER <= document <= MAX_INTEGER else None
        case _:
            return None


def _unicode(text: str) -> str:
    """Return a text without lone surrogates, which no encoding has."""
    return text.encode(errors="replace").decode()


def _from_bytes(kind: DataType, raw: bytes) -> object:
    """Read bytes as a type; those that do not fit stay bytes, and are refused."""
    match kind:
        case DataType.STRING:
            return raw.hex()
        case DataType.BOOLEAN if raw:
            return any(raw)
        case DataType.INTEGER | DataType.NUMBER | DataType.DATETIME if (
            0 < len(raw) <= 8
        ):
            return int.from_bytes(raw)
        case _:
            return raw
