"""Model files from an address: HTTP and HTTPS, bounded in every way.

An address comes from a user, but what answers there is anybody's: its size, its
slowness, its redirects and what it refers to are limits of ours, not of the server.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NoReturn

import aiohttp
from yarl import URL

from .errors import ModelError, UnreachableError
from .formats import MAX_FILE_BYTES, Loaded, load

SECONDS: Final = 10.0
"""For one file, from the first connection to the last byte."""

MAX_REDIRECTS: Final = 5

MAX_FILES: Final = 8
"""What one model may consist of, the first file included."""

CHUNK_BYTES: Final = 16 * 1024

MAX_SHOWN: Final = 120
"""Characters of an address that a message shows."""

SCHEMES: Final = frozenset({"http", "https"})

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""RFC 9110 §15.4: those that say where else to GET the same thing."""

HEADERS: Final = {
    "Accept": "application/td+json, application/json, application/yaml, */*;q=0.5",
    # What is not compressed cannot unfold; what is all the same counts unfolded.
    "Accept-Encoding": "identity",
}


class _MissingError(Exception):
    """A model refers to a file that has not been fetched yet."""

    def __init__(self, reference: str) -> None:
        """Note the reference, as the model spells it."""
        super().__init__(reference)
        self.reference = reference


async def fetch(session: aiohttp.ClientSession, url: str) -> bytes:
    """Return the content of a file at an ``http`` or ``https`` address.

    Raises:
        ModelError: it is no such address, has credentials in it, leads to one that may
            not be followed, or the file is larger than ``MAX_FILE_BYTES``.
        UnreachableError: no complete answer within ``SECONDS``, or an answer that is
            not the file.

    """
    data, _ = await _get(session, _address(url))
    return data


async def load_url(session: aiohttp.ClientSession, url: str) -> Loaded:
    """Return the model at an address, with the files of the same origin it refers to.

    References are relative to the address that answered in the end (RFC 3986 §5.1.3).

    Raises:
        ModelError: as ``fetch``; or the model is not usable, or refers to a file of
            another origin, or to more than ``MAX_FILES`` files.
        UnreachableError: as ``fetch``.

    """
    data, base = await _get(session, _address(url))
    files: dict[str, bytes] = {}
    while True:
        try:
            # Reading a large file takes a while: not in the event loop.
            return await asyncio.to_thread(_load, data, base, files)
        except _MissingError as missing:
            reference = missing.reference
        if len(files) + 1 >= MAX_FILES:
            _refuse(base, f"the model refers to more than {MAX_FILES - 1} other files")
        address = _beside(base, reference)
        files[reference], _ = await _get(session, address, only=base.origin())


def shown(url: URL) -> str:
    """Return an address for people: without credentials, query and fragment."""
    plain = url.with_user(None).with_query(None).with_fragment(None)
    text = plain.human_repr()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _load(data: bytes, base: URL, files: Mapping[str, bytes]) -> Loaded:
    """Read a model whose other files are here; tells the first one that is not."""

    def other(reference: str) -> bytes:
        if reference not in files:
            raise _MissingError(reference)
        return files[reference]

    return load(data, shown(base), other)


def _address(url: str) -> URL:
    """Return an address that may be asked.

    Raises:
        ModelError: it may not; the message does not repeat what it cannot clean.

    """
    try:
        return _checked(URL(url.strip()))
    except ValueError:
        _refuse(None, "expected an address that begins with http:// or https://")


def _checked(url: URL) -> URL:
    """Return an address that may be asked.

    Raises:
        ModelError: it may not.

    """
    if url.scheme not in SCHEMES or not url.host:
        _refuse(None, "expected an address that begins with http:// or https://")
    if url.raw_user is not None or url.raw_password is not None:
        _refuse(url, "expected an address without user name and password")
    return url


def _beside(base: URL, reference: str) -> URL:
    """Return the address of a file that the model at another address refers to.

    Raises:
        ModelError: it may not be asked; the message does not repeat it.

    """
    try:
        url = base.join(URL(reference))
    except ValueError:
        url = URL()
    if url.scheme not in SCHEMES:
        _refuse(base, "the model refers to something that is no file of a web server")
    return _checked(url)


async def _get(
    session: aiohttp.ClientSession, url: URL, *, only: URL | None = None
) -> tuple[bytes, URL]:
    """Return a file, and the address at which it was found in the end.

    Raises:
        ModelError: an address may not be asked, or the file is too large.
        UnreachableError: there is no complete answer in time.

    """
    try:
        async with asyncio.timeout(SECONDS):
            for _ in range(MAX_REDIRECTS + 1):
                if only is not None and url.origin() != only:
                    _refuse(url, f"expected a file of {only}, as the model itself")
                async with _answer(session, url) as response:
                    if response.status not in REDIRECTS:
                        return await _content(response, url), url
                    url = _next(response, url)
    except TimeoutError as err:
        raise _unreachable(url, f"no complete answer within {SECONDS:g} s") from err
    raise _unreachable(url, f"more than {MAX_REDIRECTS} redirects")


@asynccontextmanager
async def _answer(
    session: aiohttp.ClientSession, url: URL
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Ask once; errors of the network on the way become ours.

    Raises:
        UnreachableError: in place of what aiohttp raises.

    """
    try:
        async with session.get(
            url.with_fragment(None), headers=HEADERS, allow_redirects=False
        ) as response:
            yield response
    except (aiohttp.ClientError, OSError, ValueError) as err:
        raise _unreachable(url, reason_of(err)) from err


async def _content(response: aiohttp.ClientResponse, url: URL) -> bytes:
    """Return the content of an answer, counted while it comes.

    Raises:
        ModelError: it is too large.
        UnreachableError: it is not the file.

    """
    if response.status != 200:
        raise _unreachable(url, f"it answered {response.status}")
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        content += chunk
        if len(content) > MAX_FILE_BYTES:
            response.close()
            _refuse(url, f"expected a file of at most {MAX_FILE_BYTES} bytes")
    return bytes(content)


def _next(response: aiohttp.ClientResponse, url: URL) -> URL:
    """Return where an answer says that the file is.

    Raises:
        ModelError: that may not be followed.
        UnreachableError: it does not say where.

    """
    location = response.headers.get("Location", "")
    try:
        target = url.join(URL(location))
    except ValueError:
        location = ""
    if not location:
        raise _unreachable(url, "it redirects to no address")
    target = _checked(target)
    if url.scheme == "https" and target.scheme != "https":
        _refuse(url, "it redirects from https to http")
    return target


def reason_of(error: Exception) -> str:
    """Return for people why there is no answer.

    Not aiohttp's own words: they may repeat the address, with the query in it.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "no secure connection: its certificate or its TLS is not accepted"
        case aiohttp.ClientConnectorDNSError():
            return "there is no such host"
        case aiohttp.ClientConnectorError(os_error=OSError(strerror=str() as text)):
            return text[:MAX_SHOWN]
        case TimeoutError():
            return "no complete answer in time"
        case aiohttp.ClientPayloadError():
            return "the answer is cut off, or broken"
        case _:
            return f"the answer is not usable ({type(error).__name__})"


def _unreachable(url: URL, reason: str) -> UnreachableError:
    """Return the error for an address that gives no file."""
    return UnreachableError(address=shown(url), reason=reason)


def _refuse(url: URL | None, problem: str) -> NoReturn:
    """Say what is wrong with an address, or with the file there.

    Raises:
        ModelError: always.

    """
    name = "the address" if url is None else shown(url)
    raise ModelError(source=name, where="", problem=problem)
