"""What is asked of a CoAP endpoint and what it answers, without aiocoap's objects."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final
from urllib.parse import quote, unquote

import aiocoap
from aiocoap.numbers import ContentFormat, TransportTuning

from ...errors import BusyError, RejectedError

MAX_PART_BYTES: Final = 255
"""RFC 7252 §5.10, table 4: of a segment of the path, or an argument of the query."""

MAX_BLOCK_EXPONENT: Final = 6
"""RFC 7959 §2.2: blocks of 1,024 bytes, which is the size without a word."""

NO_RESPONSE: Final = 2 | 8 | 16
"""RFC 7967 §2.1: neither a yes, nor an error of either side."""

DEFAULT_MAX_AGE: Final = 60
"""Seconds; RFC 7252 §5.10.5: how fresh a response is that does not say."""

MAX_DIAGNOSTIC: Final = 100
"""Bytes of a device's own words that are passed on."""

TOO_MANY: Final = "4.29"
UNAVAILABLE: Final = "5.03"
CONFLICT: Final = "4.12"
UNAUTHORIZED: Final = "4.01"


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a content (RFC 7959 §2.2)."""

    number: int
    more: bool = False
    """Whether others follow."""
    exponent: int = MAX_BLOCK_EXPONENT

    @property
    def size(self) -> int:
        """How many bytes each part has but the last."""
        return int(2 ** (self.exponent + 4))

    @property
    def begin(self) -> int:
        """Where it begins in the content, in bytes."""
        return self.number * self.size

    @property
    def option(self) -> tuple[int, bool, int]:
        """The option, as aiocoap takes it."""
        return self.number, self.more, self.exponent

    @classmethod
    def of(cls, option: Any) -> Block | None:
        """Return what an option says, if it is there."""
        if option is None:
            return None
        return cls(option.block_number, option.more, option.size_exponent)


class Method(IntEnum):
    """The methods in use (RFC 7252 §12.1.1, RFC 8132 §2)."""

    GET = 1
    POST = 2
    PUT = 3
    DELETE = 4
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
    if_match: bytes | None = None
    """The ETag that the resource must have (RFC 7252 §5.10.8.1)."""
    echo: bytes | None = None
    """What the endpoint wants to hear, to know that we are there (RFC 9175 §2)."""
    observe: int | None = None
    """0 to register for notifications, 1 to end that (RFC 7641 §2)."""
    unanswered: bool = False
    """Whether the endpoint is not to answer (RFC 7967)."""
    sent_block: Block | None = None
    """Which part of a content this one sends; ``size`` bytes are all of it."""
    wanted_block: Block | None = None
    """Which part of a content is to be answered, in place of all of it."""
    size: int | None = None
    on_number: Callable[[int], None] | None = field(default=None, compare=False)
    """Called with the number of each notification (RFC 7641 §3.4), even of one that is
    left out because others are newer."""

    @property
    def whole(self) -> bool:
        """Whether a content that needs several messages is sent, and had, as one."""
        return self.sent_block is None and self.wanted_block is None

    def message(
        self, address: str, tuning: TransportTuning, block_exponent: int = 6
    ) -> Any:
        """Build what aiocoap sends; it wants a new message each time (§3).

        Args:
            address: the endpoint as a URI.
            tuning: how it is sent.
            block_exponent: the size of blocks as RFC 7959 §2.2 spells it.

        Raises:
            ValueError: the address or the path is none.

        """
        message = aiocoap.Message(
            code=aiocoap.Code(self.method),
            uri=address,
            payload=self.payload,
            transport_tuning=tuning,
        )
        message.remote.maximum_block_size_exp = block_exponent
        if block_exponent < MAX_BLOCK_EXPONENT:
            message.opt.block2 = (0, False, block_exponent)
        segments, arguments = split_path(self.path)
        if segments and self.path.partition("?")[0].endswith("/"):
            segments.append("")  # RFC 7252 §6.4: it is another resource
        message.opt.uri_path, message.opt.uri_query = segments, arguments
        if self.content_format is not None:
            message.opt.content_format = ContentFormat(self.content_format)
        if self.accept is not None:
            message.opt.accept = ContentFormat(self.accept)
        if self.etag is not None:
            message.opt.etags = [self.etag]
        if self.if_match is not None:
            message.opt.if_match = [self.if_match]
        if self.sent_block is not None:
            message.opt.block1 = self.sent_block.option
            message.opt.size1 = self.size
        if self.wanted_block is not None:
            message.opt.block2 = self.wanted_block.option
            if self.wanted_block.number == 0:
                message.opt.size2 = 0  # RFC 7959 §4: it is wanted to be told
        message.opt.echo = self.echo
        message.opt.observe = self.observe
        if self.unanswered:
            message.opt.no_response = NO_RESPONSE
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
    number: int | None = None
    """Of a notification, or of the answer to a registration (RFC 7641 §3.4)."""
    echo: bytes | None = None
    """What it wants to hear with the next request (RFC 9175 §2.2)."""
    location: str = ""
    """The path of what was created (RFC 7252 §5.10.7)."""
    sent_block: Block | None = None
    """Which part of what was sent this is about, and how large parts may be."""
    block: Block | None = None
    """Which part of the content this is."""
    size: int | None = None
    """How many bytes the whole content has, where the answer says so."""

    def refusal(self, address: str) -> RejectedError:
        """Return the error that it is, if it is no success.

        5.03 and 4.29 say that it may be done another time (RFC 7252 §5.9.3.4,
        RFC 8516).
        """
        kind = BusyError if self.code in {"5.03", "4.29"} else RejectedError
        return kind(address=address, answer=self.answer)

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
            number=options.observe,
            echo=options.echo,
            location=_location(options.location_path, options.location_query),
            sent_block=Block.of(options.block1),
            block=Block.of(options.block2),
            size=options.size2,
        )

    @property
    def observed(self) -> bool:
        """Whether notifications will follow."""
        return self.number is not None

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
        """Whether it may be over soon: the server's own trouble (5.xx), or 4.29."""
        return self.code.startswith("5.") or self.code == TOO_MANY

    @property
    def busy(self) -> bool:
        """Whether the answer is: not so often (RFC 8516)."""
        return self.code == TOO_MANY

    @property
    def wait(self) -> float:
        """For how many seconds the same request is not to be sent again.

        4.29 and 5.03 say it with Max-Age (RFC 8516 §4, RFC 7252 §5.9.3.4). Without it
        4.29 means the usual minute; 5.03 is then taken as no more than bad luck.
        """
        default = {TOO_MANY: DEFAULT_MAX_AGE, UNAVAILABLE: 0}.get(self.code)
        if default is None:
            return 0
        return default if self.max_age is None else self.max_age

    @property
    def answer(self) -> str:
        """The answer for people: code, and the device's own words if it failed."""
        words = self.payload[:MAX_DIAGNOSTIC].decode(errors="replace")
        if self.success or not words.isprintable():
            words = ""
        return f"{self.code} {words}".strip()


def _location(segments: Iterable[str], arguments: Iterable[str]) -> str:
    """Return a path as in a URI; nothing if it has no segments, or odd ones."""
    way = [quote(segment, safe="") for segment in segments]
    if not way or {".", ".."} & {*way}:
        return ""
    query = "&".join(quote(argument, safe="=") for argument in arguments)
    return f"{'/'.join(way)}{query and '?'}{query}"
