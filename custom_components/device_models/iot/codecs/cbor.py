"""CBOR, RFC 8949."""

from collections.abc import Callable, Mapping
from datetime import UTC
import io
import math
from typing import Any, ClassVar, Final, NoReturn, override

import cbor2

from .codec import MAX_DEPTH, Codec, Decoded, Document

type _TagReader = Callable[[Any, bool], Any]
"""Takes what is tagged, and whether it must be hashable."""


class Cbor(Codec):
    """One CBOR data item.

    Of the tags, those of times and numbers count. Others are passed over, as RFC 8949
    §3.4 has it for tags that are not known: what is tagged stands for itself.
    """

    name = "cbor"
    content_format = 60
    media_type = "CBOR"
    _text_keys: ClassVar[bool] = True

    @override
    def decode(self, payload: bytes) -> Decoded:
        return Decoded(self.bounded(self._parse(payload)))

    def _parse(self, payload: bytes) -> object:
        stream = io.BytesIO(payload)
        decoder = cbor2.CBORDecoder(
            stream,
            tag_hook=_content_of_tag,
            object_hook=_without_undefined,
            semantic_decoders=_TAGS,
            max_depth=MAX_DEPTH,
            # Other keys can be chosen so that a map takes seconds to build.
            strict_hashable_types=self._text_keys,
        )
        try:
            document = decoder.decode()
        except Exception as err:  # noqa: BLE001  (whatever the library lets through)
            self.refuse(f"{err}"[:200])
        if stream.tell() != len(payload):
            self.refuse("more data behind the first item")
        return document

    @override
    def encode(self, document: Document) -> bytes:
        return self._write(document)

    def _write(self, document: object) -> bytes:
        if _is_deep(document):  # the library would take the whole process down
            self.refuse(f"nested deeper than {MAX_DEPTH}")
        try:
            return cbor2.dumps(document, timezone=UTC)
        except (cbor2.CBOREncodeError, ValueError) as err:
            self.refuse(str(err))


def _is_deep(document: object) -> bool:
    """Whether lists and maps are nested deeper than may be."""
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for node in level
            if isinstance(node, list | tuple | Mapping)
            for inner in (node.values() if isinstance(node, Mapping) else node)
        ]
        if not level:
            return False
    return True


def _without_undefined(content: Mapping[Any, Any], *_: object) -> Any:
    """Return a map without the keys whose values say that there is none."""
    if any(value is cbor2.undefined for value in content.values()):
        return {
            key: value for key, value in content.items() if value is not cbor2.undefined
        }
    return content


def _content(content: Any, *_: object) -> Any:
    """Return what is tagged."""
    return content


def _content_of_tag(tag: cbor2.CBORTag, *_: object) -> Any:
    """Return what is tagged, as the library hands it over: unchangeable."""
    return _thawed(tag.value)


def _thawed(content: Any) -> Any:
    """Return lists and maps again where the library has made them unchangeable."""
    match content:
        case tuple():
            return [_thawed(item) for item in content]
        case Mapping():
            return {key: _thawed(value) for key, value in content.items()}
        case _:
            return content


def _refused(*_: object) -> NoReturn:
    """Refuse a tag whose content means something else without it."""
    raise ValueError("a tag that is not read here")


def _whole(content: bytes) -> int | float:
    """Return the value of a bignum; beyond 64 bits it is more than anybody takes."""
    return int.from_bytes(content) if len(content) <= 8 else math.inf


def _decimal(content: list[int], *_: object) -> float:
    """Return a decimal fraction; the library's own would take seconds for some."""
    exponent, mantissa = content
    return float(f"{mantissa:d}e{exponent:d}")


def _binary(content: list[int], *_: object) -> float:
    """Return a bigfloat."""
    exponent, mantissa = content
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.inf


_TAGS: Final[Mapping[int, _TagReader]] = {
    # What the library would build by calling constructors: sets, patterns, MIME
    # messages, UUIDs, addresses, fractions, dates as text …
    **dict.fromkeys(
        (30, 35, 36, 37, 52, 54, 256, 258, 260, 261, 1004, 43000, 55799), _content
    ),
    # References to other parts, by which a small payload grows without bounds or
    # contains itself; and dates as a number of days, which would pass for a time
    **dict.fromkeys((25, 28, 29, 100), _refused),
    2: lambda content, _: _whole(content),
    3: lambda content, _: -1 - _whole(content),
    4: _decimal,
    5: _binary,
}
