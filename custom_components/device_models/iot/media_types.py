"""Media types, and the codecs that read and write them."""

from collections.abc import Mapping
import re
from typing import Final

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json",
    "cbor": "application/cbor",
    "senml+json": "application/senml+json",
    "senml+cbor": "application/senml+cbor",
    "text": "text/plain; charset=utf-8",
    "digits": "text/plain; charset=utf-8",
    "octets": "application/octet-stream",
}
"""What each codec writes, by its name."""

IMAGES: Final[Mapping[str, int | None]] = {
    "image/png": 23,
    "image/jpeg": 22,
    "image/gif": 21,
    "image/webp": None,
    "image/bmp": None,
    "image/avif": None,
    "image/apng": None,
}
"""The images that are taken, and their numbers in the IANA registry "CoAP
Content-Formats". SVG is none of them: it can have scripts in it, and would be shown
from Home Assistant's own address."""

MISNOMERS: Final = {"image/jpg": "image/jpeg", "image/x-ms-bmp": "image/bmp"}

_PATTERNS: Final = tuple(
    (re.compile(pattern), codec)
    for pattern, codec in (
        (r"application/senml\+json", "senml+json"),
        (r"application/senml\+cbor", "senml+cbor"),
        (r"application/(.+\+)?json", "json"),
        (r"application/(.+\+)?cbor", "cbor"),
        (r"text/json", "json"),
        (r"text/plain", "text"),
        (r"application/octet-stream", "octets"),
    )
)


def bare_media_type(media_type: str) -> str:
    """Return a media type in small letters, without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def codec_name(media_type: str) -> str | None:
    """Return the name of the codec that reads a media type, if there is one.

    Its parameters make no difference to that.
    """
    bare = bare_media_type(media_type)
    return next((name for pattern, name in _PATTERNS if pattern.fullmatch(bare)), None)


def image_type(media_type: str) -> str | None:
    """Return a media type as it is registered, if it is that of an image we take."""
    bare = bare_media_type(media_type)
    bare = MISNOMERS.get(bare, bare)
    return bare if bare in IMAGES else None
