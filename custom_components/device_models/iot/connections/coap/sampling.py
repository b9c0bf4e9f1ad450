"""What a resource has just answered, as a sample: a value that JSON can hold."""

from collections.abc import Mapping
from typing import Final

from ...codecs import BY_CONTENT_FORMAT, CODECS, Decoded, Document, decode, to_json
from ...errors import PayloadError
from ...values import JsonValue
from ..resources import JSON, TEXT
from .request import Response

MAX_VALUE_BYTES: Final = 4096
"""Of one value: more is a document, a picture or firmware."""


def value_of(response: Response) -> tuple[JsonValue, JsonValue]:
    """Return the value of a resource as JSON has it, and its unit, or its members'.

    None for what is no value, or has no unit.
    """
    number = response.content_format
    codec = TEXT if number is None else BY_CONTENT_FORMAT.get(number)
    if codec is None or codec is CODECS["octets"] or not response.payload:
        return None, None
    if len(response.payload) > MAX_VALUE_BYTES:
        return None, None
    try:
        decoded = decode(codec, response.payload)
        if decoded.untyped:
            return _untexted(decoded), None
        value = to_json(_own(decoded))
    except PayloadError:
        return None, None
    if decoded.sole is not None:
        return value, decoded.units.get(decoded.sole)
    members = value if isinstance(value, Mapping) else {}
    return value, {
        name: decoded.units[name] for name in members if name in decoded.units
    }


def _untexted(decoded: Decoded) -> JsonValue:
    """Return what a text spells: a number, true or false, an object, or the text."""
    text = str(decoded.document).strip()
    spelled = text.lower() if text.lower() in {"true", "false"} else text
    try:
        return to_json(decode(JSON, spelled.encode()).document)
    except PayloadError:
        return to_json(text)


def _own(decoded: Decoded) -> Document:
    """Return a document in which each value has one name.

    A SenML pack is decoded under full and own names; the own ones come later.
    """
    document = decoded.document
    if not decoded.flat or not isinstance(document, Mapping):
        return document
    if decoded.sole is not None:
        return document[decoded.sole]
    names = list(document)
    return {
        name: value
        for number, (name, value) in enumerate(document.items())
        if not any(
            name.endswith(own) and document[own] == value for own in names[number + 1 :]
        )
    }
