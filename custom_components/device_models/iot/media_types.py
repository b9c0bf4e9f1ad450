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
