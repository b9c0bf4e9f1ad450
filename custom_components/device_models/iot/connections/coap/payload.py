"""Payloads of raw requests: what people write, and what they are shown."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final, NoReturn

from ...codecs import BY_CONTENT_FORMAT, CODECS, Codec, decode, to_json
from ...errors import PayloadError, ValueRefusedError
from ...values import JsonValue
from .delivery import MAX_DOCUMENT

MAX_BYTES: Final = MAX_DOCUMENT
"""Of a payload, both ways."""

JSON: Final = CODECS["json"]
CBOR: Final = CODECS["cbor"]
TEXT: Final = CODECS["text"]
OCTETS: Final = CODECS["octets"]

_ALIKE: Final[Mapping[int, Codec]] = {
    **dict.fromkeys((40, 41), TEXT),  # links, XML
    **dict.fromkeys((51, 52, 432), JSON),  # patches, Thing Descriptions
}
"""Content formats written in one that is known (IANA "CoAP Content-Formats")."""

READERS: Final = {**BY_CONTENT_FORMAT, **_ALIKE}
WRITERS: Final = {**READERS, 110: JSON, 112: CBOR}
"""A SenML pack is written as it is given, record for record."""


def written(value: object, content_format: int | None) -> tuple[bytes, int | None]:
    """Return what is sent of a payload, and its content format.

    Text goes out as it is. Anything else is written in the content format; lists and
    maps in JSON where none is given.

    Raises:
        ValueRefusedError: it cannot be written so, or is too long.

    """
    if isinstance(value, str):
        return _limited(value.encode(errors="replace")), content_format
    if content_format is None and isinstance(value, list | Mapping):
        content_format = JSON.content_format
    codec = TEXT if content_format is None else WRITERS.get(content_format)
    if codec is None or codec is OCTETS:
        _refuse(f"lists, maps and numbers are not written in format {content_format}")
    try:
        document = JSON.bounded(value) if codec is not CBOR else value
        return _limited(codec.encode(document)), content_format  # type: ignore[arg-type]
    except PayloadError as err:
        _refuse(str(err)[:200])


def from_base64(text: str) -> bytes:
    """Return the bytes of a payload that is given in base64.

    Raises:
        ValueRefusedError: it is not base64, or too long.

    """
    try:
        return _limited(base64.b64decode(text, validate=True))
    except binascii.Error, ValueError:
        _refuse("expected base64")


def shown(payload: bytes, content_format: int | None) -> tuple[JsonValue, str | None]:
    """Return what a payload says, and if it says nothing, why.

    Without a content format, text is taken as text.
    """
    if not payload:
        return None, None
    codec = TEXT if content_format is None else READERS.get(content_format)
    if codec is None or codec is OCTETS:
        return None, None
    try:
        return to_json(decode(codec, payload).document), None
    except PayloadError as err:
        return None, None if content_format is None else str(err)[:200]


def _limited(payload: bytes) -> bytes:
    """Return a payload that may be sent."""
    if len(payload) > MAX_BYTES:
        _refuse(f"{len(payload)} bytes; at most {MAX_BYTES} are sent")
    return payload


def _refuse(problem: str) -> NoReturn:
    raise ValueRefusedError(name="payload", problem=problem)
