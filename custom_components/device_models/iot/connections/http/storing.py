"""Contents that a server keeps: sent to it and received from it as streams."""

import base64
import binascii
from collections.abc import Mapping
import re
from typing import Final, override

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from ...errors import (
    DeviceModelsError,
    FileUnusableError,
    ForeignHostError,
    RejectedError,
    UnauthorizedError,
    ValueRefusedError,
)
from ...fetching import shown
from ...files import PART_BYTES, Receiver, Source
from ...storage import LONGEST, Transferred
from .redirects import MAX_REDIRECTS, REDIRECTS, next_url
from .request import Method, Request, Response
from .server import HttpServer
from .unanswered import UnansweredError

MAX_URL: Final = 2_000
"""Characters."""

MAX_FIELD: Final = 1_000
"""Characters of what a server says of a checksum; more is not looked at."""

_DIGEST: Final = re.compile(
    r"(?:^|,)\s*(sha-256|md5)\s*=\s*:([A-Za-z0-9+/]+={0,2}):", re.IGNORECASE
)


class Body(aiohttp.Payload):
    """A file, as the body of a request; it is read anew if that has to be sent again.

    That may be: a server says only then how it wants to know who we are.
    """

    def __init__(self, source: Source, size: int) -> None:
        """Take the file, and how large it is."""
        super().__init__(source, content_type=source.content_type)
        self._source = source
        self._size = size
        self.error: DeviceModelsError | None = None
        """Why it could not be read to its end."""

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("it is no text")

    @override
    async def write(self, writer: AbstractStreamWriter) -> None:
        try:
            async with self._source.opened() as reader:
                if self._source.size != self._size:
                    name = self._source.path.name
                    problem = "it has changed while it was sent"
                    raise FileUnusableError(path=name, reason=problem)
                while part := await reader.read(PART_BYTES):
                    await writer.write(part)
        except DeviceModelsError as err:
            self.error = err
            raise


async def upload(
    server: HttpServer, base: URL, place: str, source: Source
) -> Transferred:
    """Send a content (RFC 9110 §9.3.4).

    Args:
        server: who takes it.
        base: what a relative place is relative to.
        place: a URL.
        source: the content.

    Raises:
        InvalidInputError: it cannot be read, or is to go to somebody else.
        CommunicationError: the server does not take it.

    """
    url = _own(server, base, place)
    body = Body(source, await source.measure())
    request = _request(url, Method.PUT, body, {"Content-Type": source.content_type})
    try:
        async with server.transfer(request, url) as answer:
            response = _checked(server, request, answer)
    except DeviceModelsError as err:
        if body.error is not None:
            raise body.error from err
        raise
    if response.status in REDIRECTS:
        answer_ = "with a redirect, which is not followed with a content"
        raise RejectedError(address=request.place, answer=answer_)
    created = response.location if response.status == 201 else None
    at = created if created is not None and server.is_own(created) else url
    return Transferred(str(at), checksums_of(response.fields))


async def download(
    server: HttpServer, base: URL, place: str, receiver: Receiver
) -> Transferred:
    """Receive a content.

    Args:
        server: who gives it.
        base: what a relative place is relative to.
        place: a URL.
        receiver: where the content goes.

    Raises:
        InvalidInputError: it cannot be written, or is had from somebody else.
        CommunicationError: the server does not give it.

    """
    begun = url = _own(server, base, place)
    for _ in range(MAX_REDIRECTS + 1):
        request = _request(url, Method.GET)
        async with server.transfer(request, url) as answer:
            response = _checked(server, request, answer)
            if response.status not in REDIRECTS or response.location is None:
                if response.status != 200:
                    raise RejectedError(address=request.place, answer=response.answer)
                await _receive(answer, receiver)
                return Transferred(
                    str(begun), checksums_of(response.fields), response.media_type
                )
            target = next_url(request, url, response.location)
        url = _own(server, base, str(target))
    answer_ = f"with more than {MAX_REDIRECTS} redirects"
    raise RejectedError(address=shown(begun), answer=answer_)


def checksums_of(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums that a server gives, by algorithm, in hexadecimal digits.

    RFC 9530 §3, and the older one of RFC 1864. An ETag may be anything.
    """
    field = fields.get("Repr-Digest", "")[:MAX_FIELD]
    spelled = {name.lower(): text for name, text in _DIGEST.findall(field)}
    spelled.setdefault("md5", fields.get("Content-MD5", "")[:MAX_FIELD])
    checksums: dict[str, str] = {}
    for name, text in spelled.items():
        try:
            decoded = base64.b64decode(text, validate=True)
        except binascii.Error:
            continue
        if len(decoded) == {"sha-256": 32, "md5": 16}[name]:
            checksums[name] = decoded.hex()
    return checksums


def _request(
    url: URL,
    method: Method,
    body: Body | None = None,
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return the request for a transfer."""
    return Request(
        method=method,
        url=url,
        body=body,
        headers=headers or {},
        accept="*/*",
        seconds=LONGEST,
    )


def _own(server: HttpServer, base: URL, place: str) -> URL:
    """Return the whole URL of a place.

    Raises:
        ValueRefusedError: it is none.
        ForeignHostError: it is somebody else's: a device could have us ask anybody.

    """
    problem = "expected a URL that begins with http:// or https://"
    if len(place) > MAX_URL:
        raise ValueRefusedError(name="url", problem=problem)
    try:
        url = base.join(URL(place)).with_fragment(None)
    except ValueError:
        raise ValueRefusedError(name="url", problem=problem) from None
    credentials = url.raw_user is not None or url.raw_password is not None
    if url.scheme not in {"http", "https"} or not url.host or credentials:
        raise ValueRefusedError(name="url", problem=problem)
    if not server.is_own(url):
        raise ForeignHostError(name=shown(url), host=url.host)
    return url


def _checked(
    server: HttpServer, request: Request, answer: aiohttp.ClientResponse
) -> Response:
    """Return the beginning of an answer, if it is none of refusal.

    Raises:
        UnauthorizedError: the server wants to know who we are, or does not like it.
        UnansweredError: it may be otherwise the next time.
        RejectedError: the server refuses.

    """
    response = Response(
        url=request.url, status=answer.status, fields=answer.headers.copy()
    )
    if response.success or response.status in REDIRECTS:
        return response
    if response.refused:
        raise UnauthorizedError(address=server.address)
    if response.busy or response.status >= 500:
        raise UnansweredError(address=request.place, reason=response.answer)
    raise RejectedError(address=request.place, answer=response.answer)


async def _receive(answer: aiohttp.ClientResponse, receiver: Receiver) -> None:
    """Have the content of an answer received.

    Raises:
        InvalidInputError: it cannot be written.
        Exception: whatever aiohttp raises.

    """
    # The length of what is compressed says nothing of the content.
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    await receiver.begin(None if packed else answer.content_length)
    async for part in answer.content.iter_chunked(PART_BYTES):
        await receiver.write(part)
