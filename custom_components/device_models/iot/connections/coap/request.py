"""What is asked of a CoAP endpoint and what it answers, without aiocoap's objects."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final
from urllib.parse import unquote

import aiocoap
from aiocoap.numbers import ContentFormat, TransportTuning

MAX_PART_BYTES: Final = 255
"""RFC 7252 §5.10, table 4: of a segment of the path, or an argument of the query."""

MAX_DIAGNOSTIC: Final = 100
"""Bytes of a device's own words that are passed on."""


class Method(IntEnum):
    """The methods in use (RFC 7252 §12.1.1, RFC 8132 §2)."""

    GET = 1
    POST = 2
    PUT = 3
    FETCH = 5
    PATCH = 6
    IPATCH = 7

    @property
    def idempotent(self) -> bool:
        """Whether asking twice is the same as asking once."""
        return self not in {Method.POST, Method.PATCH}


class ConfirmableTuning(TransportTuning):  # type: ignore[misc]  # aiocoap is untyped
    """Confirmable messages that give up after seconds instead of 93.

    Three datagrams within 10.5 s: ACK_TIMEOUT stays at the least that RFC 7252
    §4.8.1 allows without measuring the round trip.
    """

    ACK_TIMEOUT = 1.0
    ACK_RANDOM_FACTOR = 1.5
    MAX_RETRANSMIT = 2
    reliability = True


class NonConfirmableTuning(ConfirmableTuning):
    """Non-confirmable messages: one datagram."""

    reliability = False


def split_path(path: str) -> tuple[list[str], list[str]]:
    """Return the segments and the query arguments of a path.

    A path is spelled as in a URI: what has a meaning there is percent-encoded.

    Raises:
        ValueError: CoAP cannot send such a path.

    """
    way, _, query = path.partition("?")
    segments = [unquote(part, errors="strict") for part in way.split("/") if part]
    arguments = [unquote(part, errors="strict") for part in query.split("&") if part]
    if any(segment in {".", ".."} for segment in segments):
        raise ValueError("'.' and '..' are no names of resources")
    for part in (*segments, *arguments):
        if len(part.encode()) > MAX_PART_BYTES:
            raise ValueError(f"{part[:20]}… is longer than {MAX_PART_BYTES} bytes")
    return segments, arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question to an endpoint; it may be sent more than once."""

    method: Method
    path: str
    payload: bytes = b""
    content_format: int | None = None
    accept: int | None = None
    etag: bytes | None = None
    observe: int | None = None
    """0 to register for notifications, 1 to end that (RFC 7641 §2)."""

    def message(self, address: str, *, confirmable: bool) -> Any:
        """Build what aiocoap sends; it wants a new message each time (§3).

        Raises:
            ValueError: the address or the path is none.

        """
        message = aiocoap.Message(
            code=aiocoap.Code(self.method),
            uri=address,
            payload=self.payload,
            transport_tuning=(
                ConfirmableTuning() if confirmable else NonConfirmableTuning()
            ),
        )
        message.opt.uri_path, message.opt.uri_query = split_path(self.path)
        if self.content_format is not None:
            message.opt.content_format = ContentFormat(self.content_format)
        if self.accept is not None:
            message.opt.accept = ContentFormat(self.accept)
        if self.etag is not None:
            message.opt.etags = [self.etag]
        message.opt.observe = self.observe
        return message


@dataclass(frozen=True, slots=True)
class Response:
    """What an endpoint answered."""

    code: str
    payload: bytes = b""
    content_format: int | None = None
    etag: bytes | None = None
    max_age: int | None = None
    """Seconds; None where the answer does not say."""
    observed: bool = False
    """Whether notifications will follow."""

    @classmethod
    def of(cls, message: Any) -> Response:
        """Return what matters of an aiocoap message."""
        options = message.opt
        content_format = options.content_format
        return cls(
            code=message.code.dotted,
            payload=message.payload,
            content_format=None if content_format is None else int(content_format),
            etag=options.etag,
            max_age=options.max_age,
            observed=options.observe is not None,
        )

    @property
    def success(self) -> bool:
        """Whether the answer is a yes."""
        return self.code.startswith("2.")

    @property
    def valid(self) -> bool:
        """Whether the answer is 2.03: what we have is what there is."""
        return self.code == "2.03"

    @property
    def absent(self) -> bool:
        """Whether there is no such resource, or it does not know the method."""
        return self.code in {"4.04", "4.05"}

    @property
    def passing(self) -> bool:
        """Whether the trouble is the server's own (5.xx), and may be over soon."""
        return self.code.startswith("5.")

    @property
    def answer(self) -> str:
        """The answer for people: code, and the device's own words if it failed."""
        words = self.payload[:MAX_DIAGNOSTIC].decode(errors="replace")
        if self.success or not words.isprintable():
            words = ""
        return f"{self.code} {words}".strip()
