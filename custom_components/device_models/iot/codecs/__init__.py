"""Payload bytes to documents and back, and documents to values.

A codec turns bytes into a *document* (what JSON is made of, plus bytes and times) and
back. Everything from the wire is bounded in size, depth and type before anyone looks
at it.
"""

from collections.abc import Mapping
from typing import Final

from .cbor import Cbor
from .codec import MAX_DEPTH, MAX_NODES, MAX_PAYLOAD_BYTES, Codec, Decoded, Document
from .json import Json
from .plain import Digits, Octets, Text
from .scalars import from_scalar, to_json, to_scalar
from .senml import SenMLCbor, SenMLJson
from .slots import Slot, at_path, compose, extract, slots_of, split_pointer

__all__ = [
    "BY_CONTENT_FORMAT",
    "CODECS",
    "MAX_DEPTH",
    "MAX_NODES",
    "MAX_PAYLOAD_BYTES",
    "Codec",
    "Decoded",
    "Document",
    "Slot",
    "at_path",
    "compose",
    "decode",
    "extract",
    "from_scalar",
    "slots_of",
    "split_pointer",
    "to_json",
    "to_scalar",
]

_ALL: Final[tuple[Codec, ...]] = (
    Json(),
    Cbor(),
    SenMLJson(),
    SenMLCbor(),
    Text(),
    Digits(),
    Octets(),
)

CODECS: Final[Mapping[str, Codec]] = {codec.name: codec for codec in _ALL}
"""The codecs by the names that a binding uses."""

BY_CONTENT_FORMAT: Final[Mapping[int, Codec]] = {
    codec.content_format: codec for codec in reversed(_ALL)
}
"""Of two with one number, the first: they are read alike."""


def decode(codec: Codec, payload: bytes) -> Decoded:
    """Decode a payload of bounded size.

    Raises:
        PayloadError: too large, or not what the codec reads.

    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        codec.refuse(f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES} are read")
    return codec.decode(payload)
