"""Requests and responses, as far as devices have use for them (RFC 9110, RFC 9111)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
import re
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ...codecs import CODECS, MAX_PAYLOAD_BYTES, Codec
from ...fetching import shown
from ...media_types import MEDIA_TYPES, bare_media_type, codec_name

SECONDS: Final = 10.0
"""For one request, from the first connection to the last byte."""

MAX_CONTENT_BYTES: Final = 10 * 1024 * 1024
"""Of an image; what a camera takes of one moment stays below this."""

LONGEST_HINT: Final = 3600.0
"""Seconds; what a server says beyond this is taken as this."""

DEFAULT_WAIT: Final = 10.0
"""Seconds for which a server is left alone that is busy and does not say how long."""

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})")
_NEVER_FRESH: Final = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b")

ACCEPT: Final = (
    "application/json, application/cbor;q=0.9, application/senml+json;q=0.8, "
    "application/senml+cbor;q=0.7, text/plain;q=0.6, */*;q=0.1"
)
"""What is wanted where the layout does not say."""


def accepting(codec: Codec | None) -> str:
    """Return what is wanted in an answer, the format of the layout first."""
    if codec is None:
        return ACCEPT
    return f"{bare_media_type(MEDIA_TYPES[codec.name])}, */*;q=0.1"


def label_of(path: str) -> str:
    """Return a URL of a layout for people: its path, without any value."""
    parts = urlsplit(path)
    return f"{parts.path}{'?…' if parts.query else ''}"


class Method(StrEnum):
    """The methods that are used."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked."""

    method: Method = Method.GET
    url: URL
    payload: bytes = field(default=b"", repr=False)
    body: aiohttp.Payload | None = field(default=None, repr=False)
    """What is sent in place of a payload that need not be in memory as a whole."""
    codec: Codec | None = None
    """What the payload is written in."""
    accept: str = ACCEPT
    etag: str | None = None
    """Of what is known already."""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = field(default_factory=lambda: SECONDS)
    limit: int = MAX_PAYLOAD_BYTES
    """Bytes of an answer."""
    label: str = ""
    """The path for people, without values."""
    shown: bool = False
    """Whether the contents may be shown."""

    @property
    def place(self) -> str:
        """What is asked, for people."""
        return f"{self.url.origin()}{self.label}" if self.label else shown(self.url)

    @property
    def fields(self) -> dict[str, str]:
        """The header fields, without those that show who we are."""
        # What is not compressed cannot unfold; what is all the same counts unfolded.
        fields = {"Accept": self.accept, "Accept-Encoding": "identity", **self.headers}
        if self.payload and self.codec is not None:
            fields["Content-Type"] = MEDIA_TYPES[self.codec.name]
        if self.etag is not None:
            fields["If-None-Match"] = self.etag
        return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is answered."""

    url: URL
    """That of the request, or where it was redirected to."""
    status: int
    fields: Mapping[str, str] = field(default_factory=dict)
    """The header fields; their names are compared without regard to case."""
    payload: bytes = b""

    @property
    def success(self) -> bool:
        """Whether it was done, or there is content."""
        return 200 <= self.status < 300

    @property
    def unchanged(self) -> bool:
        """Whether what is known already is still so."""
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def busy(self) -> bool:
        """Whether it is to be asked later."""
        return self.status in {
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.SERVICE_UNAVAILABLE,
        }

    @property
    def absent(self) -> bool:
        """Whether there is no such resource, or nothing of the kind with it."""
        return self.status in {
            HTTPStatus.NOT_FOUND,
            HTTPStatus.METHOD_NOT_ALLOWED,
            HTTPStatus.GONE,
            HTTPStatus.NOT_IMPLEMENTED,
        }

    @property
    def refused(self) -> bool:
        """Whether it wants to know who we are."""
        return self.status == HTTPStatus.UNAUTHORIZED

    @property
    def forbidden(self) -> bool:
        """Whether we may not, or it does not say so politely that it wants to know."""
        return self.refused or self.status == HTTPStatus.FORBIDDEN

    @property
    def answer(self) -> str:
        """The status for people; not the server's own words, which may be anything."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)

    @property
    def media_type(self) -> str:
        """What the content is said to be, without parameters; or nothing."""
        return bare_media_type(self.fields.get("Content-Type", ""))

    @property
    def codec(self) -> Codec | None:
        """What reads the content, as far as it says what it is."""
        name = codec_name(self.media_type)
        return CODECS[name] if name else None

    @property
    def etag(self) -> str | None:
        """The tag of the content."""
        return self.fields.get("ETag") or None

    @property
    def location(self) -> URL | None:
        """Where it says that to go on."""
        try:
            spelled = self.fields.get("Location", "")
            return self.url.join(URL(spelled)) if spelled else None
        except ValueError:
            return None

    @property
    def max_age(self) -> float | None:
        """For how many seconds the content is fresh, if it says so (RFC 9111 §5.2)."""
        control = self.fields.get("Cache-Control", "").lower()
        found = _MAX_AGE.search(control)
        if found is None or _NEVER_FRESH.search(control):
            return None
        return min(float(found[1]), LONGEST_HINT)

    @property
    def wait(self) -> float:
        """For how many seconds to leave the server alone (RFC 9110 §10.2.3)."""
        if not self.busy:
            return 0.0
        spelled = self.fields.get("Retry-After", "").strip()
        if spelled.isascii() and spelled.isdecimal():
            return min(float(spelled[:9]), LONGEST_HINT)
        try:
            at = parsedate_to_datetime(spelled)
        except ValueError, IndexError, TypeError, OverflowError:
            return DEFAULT_WAIT
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
        return min(max(seconds, 0.0), LONGEST_HINT)
