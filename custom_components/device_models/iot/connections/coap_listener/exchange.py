"""A request as the server gets it, and what it answers, without aiocoap's objects."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import hashlib
from typing import Any, Final

import aiocoap
from aiocoap.numbers import ContentFormat

from ...codecs import BY_CONTENT_FORMAT, CODECS, Codec, Document, decode
from ...codecs.codec import Decoded
from ..coap.request import Method
from .settings import plain_address

JSON: Final = CODECS["json"]
TEXT: Final = CODECS["text"]

CONTINUE: Final = "2.31"
DELETED: Final = "2.02"
VALID: Final = "2.03"
CHANGED: Final = "2.04"
CONTENT: Final = "2.05"
BAD_REQUEST: Final = "4.00"
UNAUTHORIZED: Final = "4.01"
BAD_OPTION: Final = "4.02"
NOT_FOUND: Final = "4.04"
NOT_ALLOWED: Final = "4.05"
NOT_ACCEPTABLE: Final = "4.06"
INCOMPLETE: Final = "4.08"
TOO_LARGE: Final = "4.13"
UNSUPPORTED: Final = "4.15"
TOO_MANY: Final = "4.29"
UNAVAILABLE: Final = "5.03"
CONDITIONS: Final = frozenset({1, 5})
"""The critical options that are not understood here, of those that ``open_udp`` leaves
to its site: If-Match and If-None-Match (RFC 7252 §5.10.8)."""

KEY_ARGUMENT: Final = "key="
"""What a sender's key stands behind, as an argument of the query."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request; one in blocks is whole."""

    method: int
    path: tuple[str, ...]
    query: tuple[str, ...]
    source: str
    """The address that it came from."""
    payload: bytes = b""
    content_format: int | None = None
    accept: int | None = None
    etags: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, message: Any, payload: bytes | None = None) -> Incoming:
        """Return what matters of an aiocoap message."""
        options = message.opt
        content_format, accept = options.content_format, options.accept
        return cls(
            method=int(message.code),
            path=tuple(options.uri_path),
            query=tuple(options.uri_query),
            source=plain_address(message.remote.sockaddr[0]),
            payload=message.payload if payload is None else payload,
            content_format=None if content_format is None else int(content_format),
            accept=None if accept is None else int(accept),
            etags=tuple(options.etags or ()),
        )

    @property
    def key(self) -> str | None:
        """The key that the sender shows, if it does."""
        for argument in self.query:
            if argument.startswith(KEY_ARGUMENT):
                return argument.removeprefix(KEY_ARGUMENT)
        return None

    @property
    def verb(self) -> str:
        """The method by its name."""
        known = self.method in Method
        return Method(self.method).name if known else f"0.{self.method:02}"

    def read(self, usual: Codec) -> Decoded:
        """Return what the payload says.

        Text for what cannot be text is taken as JSON: small devices send that without
        a Content-Format, or with that of text.

        Raises:
            PayloadError: it is not what it says.
            Refusal: it is in a format that is not read here.

        """
        return decode(self.written_in(usual), self.payload)

    def written_in(self, usual: Codec) -> Codec:
        """Return what the payload is written in.

        Raises:
            Refusal: it is in a format that is not read here.

        """
        if self.content_format is None:
            return usual
        codec = BY_CONTENT_FORMAT.get(self.content_format)
        if codec is None:
            raise Refusal(UNSUPPORTED)
        return usual if codec is TEXT and usual.structured else codec

    def answers_in(self, offered: Mapping[int, Codec], usual: Codec) -> Codec:
        """Return what to answer in: as is accepted, or else as was asked.

        Raises:
            Refusal: nothing that is offered is accepted.

        """
        if self.accept is not None:
            if self.accept not in offered:
                raise Refusal(NOT_ACCEPTABLE)
            return offered[self.accept]
        if self.content_format is not None and self.content_format in offered:
            return offered[self.content_format]
        return usual


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    code: str
    payload: bytes = b""
    content_format: int | None = None
    etag: bytes | None = None
    max_age: int | None = None

    @classmethod
    def of(cls, code: str, codec: Codec, document: Document, **more: Any) -> Reply:
        """Return an answer with a document."""
        payload = codec.encode(document)
        return cls(code, payload, codec.content_format, **more)

    def tagged(self) -> Reply:
        """Return the same with an ETag, which tells it from any other.

        Who fetches it in blocks finds out by it that they are not of one document
        (RFC 7959 §2.4).
        """
        tagged = f"{self.content_format} ".encode() + self.payload
        return replace(self, etag=hashlib.sha256(tagged).digest()[:8])

    @property
    def success(self) -> bool:
        """Whether it is a yes."""
        return self.code.startswith("2.")

    def message(self) -> Any:
        """Build what aiocoap sends."""
        number, _, detail = self.code.partition(".")
        code = aiocoap.Code(int(number) << 5 | int(detail))
        message = aiocoap.Message(code=code, payload=self.payload)
        if self.content_format is not None:
            message.opt.content_format = ContentFormat(self.content_format)
        message.opt.etag = self.etag
        message.opt.max_age = self.max_age
        return message


class Refusal(Exception):  # noqa: N818  (an answer, not an error of the tree)
    """A request is not done; the answer says why."""

    def __init__(self, code: str, words: str = "", max_age: int | None = None) -> None:
        """Note the answer; words are for people (RFC 7252 §5.5.2)."""
        super().__init__(code)
        self.reply = Reply(code, words.encode(errors="replace"), max_age=max_age)
