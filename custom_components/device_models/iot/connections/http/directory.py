"""Thing Description Directories: the things that others have registered on a server.

WoT Discovery §7.3 ("Thing Description Directory"). The listing comes in pages, of which
the next one is linked to in a header field, or named in a collection. Whatever a server
lists, its pages, their size and their number have bounds.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import re
from typing import Any, Final, NamedTuple

from yarl import URL

from ...errors import ModelError, PayloadError, UnauthorizedError
from ...fetching import shown
from ...formats import MAX_FILE_BYTES
from ...values import JsonValue
from ..base import Found
from .describe import WOT
from .request import Request, Response
from .server import HttpServer

THINGS: Final = "/things"
"""Where the listing is (§7.3.2.1), unless the directory says something else."""

DIRECTORY: Final = "ThingDirectory"
"""The type of a directory's own Thing Description."""

ACCEPT: Final = "application/ld+json, application/json;q=0.9"
DESCRIPTION: Final = "application/td+json, application/json;q=0.9"

PAGES: Final = (50, 5)
"""Things that a page is to have; the smaller number if those are too large together."""

MAX_PAGES: Final = 40
MAX_THINGS: Final = 500
"""Nobody looks through more in a list."""

MAX_BYTES: Final = 8 * MAX_FILE_BYTES
"""Of all pages together."""

SECONDS: Final = 30.0
"""For all pages; what has come by then is there."""

MAX_NAME: Final = 120
MAX_ID_BYTES: Final = 512

_NEXT: Final = re.compile(
    r"<([^<>]{1,2000})>(?:\s*;[^,<]{0,500})?;\s*rel\s*=\s*\"?[^\",;]{0,100}\bnext\b",
    re.IGNORECASE,
)


class Registered(NamedTuple):
    """A thing that is registered."""

    found: Found
    """Its reference is where the directory has its description."""
    document: Mapping[str, JsonValue]
    """The Thing Description, as the directory has it."""


@dataclass(slots=True)
class Directory:
    """What a directory lists."""

    things: list[Registered] = field(default_factory=list)
    complete: bool = False
    """Whether these are all."""


async def directory(server: HttpServer, thing: str = "") -> Directory:
    """Return what is registered on a server.

    Args:
        server: where the directory is.
        thing: the path or URL that was announced or entered, if one was: of its own
            description, or of its listing.

    Raises:
        ModelError: there is no directory.
        UnauthorizedError: it wants to know who we are.
        CommunicationError: the server does not answer.

    """
    start = await _place(server, thing)
    for size in PAGES:
        reading = _Listing(server, start.update_query(offset=0, limit=size))
        try:
            async with asyncio.timeout(SECONDS):
                await reading.read()
        except TimeoutError:
            pass  # what has come is there
        except PayloadError:
            if not reading.found.things and size != PAGES[-1]:
                continue
            if not reading.found.things:
                problem = f"a page with {size} things is too large"
                raise _refusal(start, problem) from None
        return reading.found
    raise AssertionError  # pragma: no cover  (the last size returns, or raises)


async def _place(server: HttpServer, thing: str) -> URL:
    """Return where the listing is: as the directory describes itself, or as usual."""
    for place in filter(None, (thing, WOT)):
        try:
            url = server.base.join(URL(place))
        except ValueError:
            continue  # what was announced is no place
        request = Request(url=url, accept=DESCRIPTION, limit=MAX_FILE_BYTES)
        try:
            response = await server.request(request)
        except PayloadError:
            return url  # too large for anything but a listing
        if not response.success:
            continue
        found = await asyncio.to_thread(_parsed, response.payload)
        if _members(found) is not None:
            return response.url
        types = found.get("@type") if isinstance(found, Mapping) else None
        if DIRECTORY in (types if isinstance(types, list) else [types]):
            return _described(found, response.url) or server.base.join(URL(THINGS))
    return server.base.join(URL(THINGS))


def _members(page: JsonValue) -> list[JsonValue] | None:
    """Return the things of a page; None if it is none."""
    members = page.get("members") if isinstance(page, Mapping) else page
    return members if isinstance(members, list) else None


def _described(thing: Any, url: URL) -> URL | None:
    """Return where a directory says that its property "things" is, if on its host."""
    try:
        href = thing["properties"]["things"]["forms"][0]["href"]
        base = url.join(URL(thing.get("base", "")))
        found = base.join(URL(re.sub(r"\{\?[^}]*\}$", "", href)))
    except KeyError, IndexError, TypeError, ValueError:
        return None
    return found if found.host == url.host and found.scheme == url.scheme else None


@dataclass(slots=True)
class _Listing:
    """One walk through the pages."""

    server: HttpServer
    url: URL
    found: Directory = field(default_factory=Directory)
    _seen: set[str] = field(default_factory=set)
    """References of things, and URLs of pages."""
    _size: int = 0

    async def read(self) -> None:
        """Read page after page.

        Raises:
            ModelError: what is there is no listing.
            CommunicationError: the server does not answer, or with too much.

        """
        things = self.url.with_query(None)
        url: URL | None = self.url
        for _ in range(MAX_PAGES):
            if url is None:
                self.found.complete = True
                return
            self._seen.add(str(url))
            response = await self.server.request(
                Request(url=url, accept=ACCEPT, limit=MAX_FILE_BYTES)
            )
            if response.refused:
                raise UnauthorizedError(address=self.server.address)
            if not response.success:
                if self.found.things:
                    return
                raise _refusal(url, f"it answered {response.answer}")
            self._size += len(response.payload)
            page = await asyncio.to_thread(_parsed, response.payload)
            come = self._take(page, things)
            url = self._next(page, response)
            full = len(self.found.things) >= MAX_THINGS or self._size > MAX_BYTES
            if not come or full:
                self.found.complete = url is None
                return

    def _take(self, page: JsonValue, things: URL) -> int:
        """Note the things of a page; return how many are new.

        Raises:
            ModelError: it is no page.

        """
        members = _members(page)
        if members is None:
            if self.found.things:
                return 0
            raise _refusal(things, "expected a list of Thing Descriptions")
        before = len(self.found.things)
        for member in members[: MAX_THINGS - before]:
            if not isinstance(member, Mapping):
                continue
            identity = member.get("id")
            if not isinstance(identity, str) or not identity.strip():
                continue  # it could not be asked for again
            reference = (things / identity).raw_path
            if len(identity.encode(errors="replace")) > MAX_ID_BYTES:
                continue
            if reference in self._seen:
                continue
            self._seen.add(reference)
            found = Found(reference, _name(member, identity), base="")
            self.found.things.append(Registered(found, member))
        return len(self.found.things) - before

    def _next(self, page: JsonValue, response: Response) -> URL | None:
        """Return where the next page is; None if there is none that may be asked."""
        spelled = page.get("next") if isinstance(page, Mapping) else None
        if not isinstance(spelled, str):
            link = _NEXT.search(response.fields.get("Link", "")[:8000])
            spelled = link[1] if link else None
        if spelled is None:
            return None
        try:
            url = response.url.join(URL(spelled))
        except ValueError:
            return None
        return url if self.server.is_own(url) and str(url) not in self._seen else None


def _name(thing: Mapping[str, JsonValue], identity: str) -> str:
    """Return what a thing is called, on one line."""
    title = thing.get("title")
    words = " ".join((title if isinstance(title, str) else "").split()) or identity
    return "".join(sign for sign in words if sign.isprintable())[:MAX_NAME]


def _parsed(payload: bytes) -> JsonValue:
    """Return the document of an answer; None if it is none."""
    try:
        document: JsonValue = json.loads(payload)
    except ValueError, RecursionError:
        return None
    return document


def _refusal(url: URL, problem: str) -> ModelError:
    """Return the error for what is no directory."""
    problem = f"no directory of things: {problem}"
    return ModelError(source=shown(url), where="", problem=problem)
