"""What an HTTP server says of a device, as a model.

Asked in this order: what the device is said to be at; the Thing Description that was
announced, if one was; ``/.well-known/wot`` (WoT Discovery, "Well-Known URIs"), and
where the root of the server links to (``rel=describedby``, RFC 8288).
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
import re
from typing import Final

from yarl import URL

from ...errors import (
    CommunicationError,
    ModelError,
    PayloadError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)
from ...fetching import shown
from ...formats import MAX_FILE_BYTES, Loaded, load_document
from ...formats.parsing import parse
from ...reading import Remark
from ...values import JsonValue
from .request import Request, Response
from .server import HttpServer
from .unanswered import UnansweredError

WOT: Final = "/.well-known/wot"

ACCEPT: Final = "application/td+json, application/json;q=0.9, */*;q=0.1"

HOME: Final = "application/td+json, text/html;q=0.9, */*;q=0.1"

DESCRIBED_BY: Final = "describedby"

_LINK: Final = re.compile(r"<([^<>]{1,2000})>\s*((?:;[^,<]{0,500})*)")
_TAG: Final = re.compile(r"<link\s([^<>]{1,2000})>", re.IGNORECASE)
_TERM: Final = re.compile(
    r"([a-z]{1,20})\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"';,>]+))", re.IGNORECASE
)


async def opened(server: HttpServer, thing: str | None) -> None:
    """See whether somebody answers, and whether our credentials are taken.

    Any answer will do, that there is nothing included. A server that has none of ours
    may want them everywhere but for what it says of itself: it can be described.

    Raises:
        UnreachableError: nobody answers.
        UnauthorizedError: the credentials are refused, or needed for anything.

    """
    try:
        response = await server.request(Request(url=server.base, accept=HOME))
    except PayloadError, RejectedError:
        return  # a long page, or one that leads in circles: somebody answers
    if not response.refused or not server.is_own(response.url):
        return
    if not server.known:
        for place in dict.fromkeys([thing or WOT, WOT]):
            with suppress(PayloadError, RejectedError, ValueError):
                url = server.base.join(URL(place))
                if (await server.request(Request(url=url, accept=ACCEPT))).success:
                    return
    raise UnauthorizedError(address=server.address)


async def describe(
    server: HttpServer, reference: str, thing: str | None = None
) -> Loaded:
    """Return the model of a device.

    Args:
        server: where it is.
        reference: the path of the device, or of its Thing Description; or a URL.
        thing: the path or URL of the Thing Description that was announced.

    Raises:
        ModelError: there is none; the message tells what was asked and answered.
        UnreachableError: the server does not answer at all.
        UnauthorizedError: it says nothing of the device without credentials.

    """
    places = [reference.strip(), thing or "", WOT]
    try:
        urls = [server.base.join(URL(place)) for place in places if place.strip("/")]
    except ValueError as err:
        problem = "expected a path, or a URL"
        raise ModelError(source=server.address, where="base", problem=problem) from err
    return await _Description(server).read(list(dict.fromkeys(urls)))


@dataclass(slots=True)
class _Description:
    """One attempt to have a device described."""

    server: HttpServer
    answers: list[str] = field(default_factory=list)
    """What was asked, and what came back, for people."""
    remarks: list[Remark] = field(default_factory=list)
    refused: bool = False

    async def read(self, urls: list[URL]) -> Loaded:
        """Return the first description that there is.

        Raises:
            ModelError: there is none.
            UnauthorizedError: there may be one for those who show who they are.

        """
        loaded: Loaded | None = None
        for url in urls:
            loaded = loaded or await self._at(url)
        loaded = loaded or await self._linked()
        if loaded is not None:
            return replace(loaded, remarks=(*loaded.remarks, *self.remarks))
        if self.refused:
            raise UnauthorizedError(address=self.server.address)
        problem = f"no Thing Description: {'; '.join(self.answers)}"
        raise ModelError(source=self.server.address, where="", problem=problem[:300])

    async def _at(self, url: URL) -> Loaded | None:
        """Return the description at a URL, if there is a usable one."""
        response = await self._get(url, ACCEPT)
        return await self._loaded(response) if response else None

    async def _linked(self) -> Loaded | None:
        """Return the description that the root of the server is, or links to."""
        response = await self._get(self.server.base, HOME)
        if response is None:
            return None
        if response.media_type != "text/html":
            loaded = await self._loaded(response)
            if loaded is not None:
                return loaded
        links = [*_links(response), *_tags(response)]
        for link in links[:1]:
            try:
                url = response.url.join(URL(link))
            except ValueError:
                continue
            if url.scheme in {"http", "https"} and url.raw_user is None:
                return await self._at(url)
        return None

    async def _loaded(self, response: Response) -> Loaded | None:
        """Return what an answer describes, if it does."""
        source = shown(response.url)
        try:
            loaded = await asyncio.to_thread(
                _load, response.payload, source, self.server.base, response.url
            )
        except ModelError as err:
            self._note(f"{err.details['where']}: {err.details['problem']}"[:120])
            return None
        if loaded.model.draft:
            self._note(f"no Thing Description, but a {loaded.format}")
            return None
        return loaded

    def _note(self, problem: str) -> None:
        """Tell that what is somewhere was of no use, whatever comes of the rest."""
        place = self.answers[-1].partition(": ")[0]
        self.answers[-1] += f" ({problem})"
        self.remarks.append(Remark(place, f"not usable: {problem}"))

    async def _get(self, url: URL, accept: str) -> Response | None:
        """Ask; None if there is no content.

        Raises:
            UnreachableError: there is no server.

        """
        request = Request(url=url, accept=accept, limit=MAX_FILE_BYTES)
        try:
            response = await self.server.request(request)
        except CommunicationError as err:
            gone = isinstance(err, UnreachableError)
            passing = isinstance(err, UnansweredError)
            if gone and not passing and self.server.is_own(url):
                raise
            self.answers.append(f"GET {shown(url)}: {_told(err)}")
            return None
        self.answers.append(f"GET {shown(url)}: {response.answer}")
        self.refused |= response.refused
        return response if response.success else None


def _told(error: CommunicationError) -> str:
    """Return an error in short, for what was asked is told anyway."""
    details = error.details
    return details.get("reason") or details.get("answer") or str(error)


def _load(data: bytes, source: str, server: URL, url: URL) -> Loaded:
    """Read a Thing Description that was found at a URL.

    What is relative in it is relative to that (RFC 3986 §5.1.3), also when it is read
    again from where it is kept. On the server itself the path will do: it may get
    another address.

    Raises:
        ModelError: it is not usable.

    """
    document = parse(data, source)
    if not isinstance(document, Mapping):
        raise ModelError(source=source, where="", problem="expected an object")
    if "@context" in document:
        document = {**document, "base": _base(document, server, url)}
    return load_document(document, source)


def _base(document: Mapping[str, JsonValue], server: URL, url: URL) -> JsonValue:
    """Return what references are relative to."""
    spelled = document.get("base")
    if not isinstance(spelled, str | None):
        return spelled  # it will be refused
    try:
        base = url.join(URL(spelled or ""))
    except ValueError:
        return spelled
    if not base.host or base.origin() != server.origin():
        return spelled or str(base.with_query(None).with_fragment(None))
    return base.raw_path


def _links(response: Response) -> list[str]:
    """Return where a header field leads to that describes it (RFC 8288 §3)."""
    return [
        target
        for target, terms in _LINK.findall(response.fields.get("Link", "")[:8000])
        if DESCRIBED_BY in _terms(terms).get("rel", "").lower().split()
    ]


def _tags(response: Response) -> list[str]:
    """Return where a page leads to that describes it."""
    if response.media_type != "text/html":
        return []
    page = response.payload[:64_000].decode(errors="replace")
    found = [_terms(tag) for tag in _TAG.findall(page)]
    return [
        one["href"]
        for one in found
        if DESCRIBED_BY in one.get("rel", "").lower().split() and one.get("href")
    ]


def _terms(spelled: str) -> dict[str, str]:
    """Return the terms of a link."""
    return {
        name.lower(): double or single or bare
        for name, double, single, bare in _TERM.findall(spelled)
    }
