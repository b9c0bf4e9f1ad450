"""A store of objects in containers, as OpenStack Swift is one, and Oracle IoT has one.

Sheet "Oracle IoT" §3.8: whoever is let in is given the URL of a container and a token
for it; an object's ETag is its MD5.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import re
import time
from typing import Final, Self, override

import aiohttp
from yarl import URL

from ...device import VirtualDevice
from ...errors import (
    DeviceModelsError,
    ForeignHostError,
    PayloadError,
    RejectedError,
    UnauthorizedError,
    ValueRefusedError,
)
from ...fetching import shown
from ...files import PART_BYTES, Receiver, Source
from ...storage import LONGEST, Store, Transferred
from .request import Method, Request, Response
from .sender import CONNECT_SECONDS
from .storing import Body
from .unanswered import UnansweredError, translated

TOKEN_SECONDS: Final = 30 * 60.0
"""After which a token is got anew, whether it is refused or not."""

MAX_NAME: Final = 1024
"""Bytes of the name of an object; Swift takes no longer one."""

MAX_METADATA: Final = 64
"""Entries; what a store says beyond them is not looked at."""

META: Final = "X-Object-Meta-"

_MD5: Final = re.compile(r'"?([0-9a-fA-F]{32})"?')
_KEY: Final = re.compile(r"[A-Za-z0-9-]{1,128}")
_VALUE: Final = re.compile(r"[\x20-\x7e]{1,256}")


@dataclass(frozen=True, slots=True)
class Grant:
    """Where the objects are, and what shows that we may have them."""

    container: URL
    token: str = field(repr=False)

    @classmethod
    def of(cls, document: object) -> Self:
        """Return what a server has answered.

        Raises:
            PayloadError: it is something else.

        """
        said = document if isinstance(document, dict) else {}
        container, token = said.get("storageContainerUrl"), said.get("authToken")
        if isinstance(container, str) and isinstance(token, str):
            try:
                url = URL(container)
            except ValueError:
                url = URL()
            secured = url.raw_user is None and url.raw_password is None
            if url.scheme in {"http", "https"} and url.host and secured and token:
                return cls(url.with_query(None).with_fragment(None), token)
        problem = "expected a storageContainerUrl and an authToken"
        raise PayloadError(media="as access to a store", problem=problem)


class ObjectStore(Store):
    """One container, for the devices whose objects are there."""

    closed = False

    def __init__(
        self,
        session: aiohttp.ClientSession,
        grant: Callable[[], Awaitable[Grant]],
        prefix: Callable[[VirtualDevice], str] = lambda _device: "",
    ) -> None:
        """Take a session, which stays its owner's, and who lets us in.

        Args:
            session: for the requests.
            grant: asks the server for access; raises CommunicationError.
            prefix: what the names of a device's objects begin with, before a slash.

        """
        self._session = session
        self._ask = grant
        self._prefix = prefix
        self._grant: Grant | None = None
        self._granted = 0.0
        self._turn = asyncio.Lock()
        """Access is asked for once, however many objects are moved."""

    @override
    async def upload(
        self, device: VirtualDevice, place: str, source: Source
    ) -> Transferred:
        body = Body(source, await source.measure())
        headers = {"Content-Type": source.content_type, **_meta(source.metadata)}
        try:
            async with self._answered(device, place, Method.PUT, body, headers) as (
                url,
                answer,
            ):
                return Transferred(str(url), _checksums(answer.headers))
        except DeviceModelsError as err:
            if body.error is not None:
                raise body.error from err
            raise

    @override
    async def download(
        self, device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        async with self._answered(device, place, Method.GET) as (url, answer):
            await receiver.begin(answer.content_length)
            async for part in answer.content.iter_chunked(PART_BYTES):
                await receiver.write(part)
            fields = answer.headers
            return Transferred(
                str(url),
                _checksums(fields),
                answer.content_type if "Content-Type" in fields else "",
                _metadata(fields),
                fields.get("Content-Encoding", "")[:MAX_NAME],
                fields.get("Last-Modified", "")[:MAX_NAME],
            )

    # Inside

    @asynccontextmanager
    async def _answered(
        self,
        device: VirtualDevice,
        place: str,
        method: Method,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[tuple[URL, aiohttp.ClientResponse]]:
        """Ask for an object; yields where it is, and a yes.

        Once more with a new token if the one there was is refused.

        Raises:
            InvalidInputError: there can be no such object.
            CommunicationError: it is not answered, or with a no.

        """
        for again in (True, False):
            grant = await self._granting()
            url = self._url(grant, self._prefix(device), place)
            request = Request(method=method, url=url, seconds=LONGEST)
            limit = asyncio.timeout(LONGEST)
            async with translated(request, self), limit:
                answer = await self._session.request(
                    method,
                    url,
                    data=body,
                    headers={
                        "X-Auth-Token": grant.token,
                        "Accept-Encoding": "identity",
                        **(headers or {}),
                    },
                    allow_redirects=False,
                    auto_decompress=False,  # its ETag is that of what is kept
                    timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=CONNECT_SECONDS
                    ),
                )
                async with answer:
                    response = Response(
                        url=url, status=answer.status, fields=answer.headers.copy()
                    )
                    if response.refused and again:
                        self._forget(grant)
                        continue
                    _check(request, response)
                    yield url, answer
                    return

    async def _granting(self) -> Grant:
        """Return the access, which may have to be asked for."""
        async with self._turn:
            now = time.monotonic()
            if self._grant is None or now - self._granted > TOKEN_SECONDS:
                self._grant = await self._ask()
                self._granted = now
            return self._grant

    def _forget(self, grant: Grant) -> None:
        """Have access asked for anew, unless somebody has done so already."""
        if self._grant is grant:
            self._grant = None

    @staticmethod
    def _url(grant: Grant, prefix: str, place: str) -> URL:
        """Return where an object is, by its name or its URL.

        Raises:
            ValueRefusedError: it cannot be the name of one.
            ForeignHostError: it is in no container of ours.

        """
        if "://" in place:
            try:
                url = URL(place).with_query(None).with_fragment(None)
            except ValueError:
                url = URL()
            if not url.host:
                raise ValueRefusedError(name="url", problem="expected a URL")
            inside = f"{grant.container}".rstrip("/") + "/"
            if not str(url).startswith(inside) or ".." in url.parts:
                raise ForeignHostError(name=shown(url), host=url.host)
            return url
        name = "/".join(part for part in (prefix, place) if part)
        segments = name.split("/")
        fits = 0 < len(name.encode()) <= MAX_NAME and name.isprintable()
        if not fits or not {"", ".", ".."}.isdisjoint(segments):
            problem = f"expected a name of at most {MAX_NAME} bytes, without . and .."
            raise ValueRefusedError(name="name", problem=problem)
        return grant.container.joinpath(*segments)


def _check(request: Request, response: Response) -> None:
    """See whether an answer is a yes.

    Raises:
        UnauthorizedError: the token is refused.
        UnansweredError: it may be otherwise the next time.
        RejectedError: it is a no.

    """
    if response.success:
        return
    if response.refused:
        raise UnauthorizedError(address=str(request.url.origin()))
    if response.busy or response.status >= 500:
        raise UnansweredError(address=request.place, reason=response.answer)
    raise RejectedError(address=request.place, answer=response.answer)


def _checksums(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the MD5 of an object; one that was put together of others has none."""
    found = _MD5.fullmatch(fields.get("ETag", ""))
    return {"md5": found[1].lower()} if found else {}


def _meta(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the header fields that say what is known of an object.

    Raises:
        ValueRefusedError: a key or a value cannot be said in one.

    """
    for key, value in metadata.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            problem = "expected letters, digits and hyphens, and a short plain text"
            raise ValueRefusedError(name=key[:128], problem=problem)
    return {f"{META}{key}": value for key, value in metadata.items()}


def _metadata(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is known of an object."""
    found = {
        key[len(META) :]: value
        for key, value in fields.items()
        if key.lower().startswith(META.lower()) and len(value) <= MAX_NAME
    }
    return dict(list(found.items())[:MAX_METADATA])
