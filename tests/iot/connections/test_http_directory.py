"""Directories of things over HTTP (WoT Discovery §7.3)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
import json
from typing import Any

import aiohttp
from aiohttp import web
import pytest

from custom_components.device_models.iot.connections.http import (
    HttpSettings,
    directory as module,
)
from custom_components.device_models.iot.connections.http.directory import (
    Directory,
    directory,
)
from custom_components.device_models.iot.connections.http.server import HttpServer
from custom_components.device_models.iot.errors import (
    ModelError,
    UnauthorizedError,
    UnreachableError,
)

from .http_server import HttpServer as Running, http_connection, http_server, value
from .test_http_describe import TD
from .things import free_port, until


def things(number: int) -> list[dict[str, Any]]:
    """Return registered things."""
    return [
        {**TD, "id": f"urn:thing:{one}", "title": f"Thing {one}"}
        for one in range(number)
    ]


class Listing:
    """A directory that is read in pages, as its client wants them."""

    def __init__(
        self,
        registered: Sequence[Any],
        *,
        collection: bool = False,
        largest: int = 10_000,
        next_url: Callable[[str], str] = lambda url: url,
    ) -> None:
        self.registered = registered
        self.collection = collection
        self.largest = largest
        self.next_url = next_url
        self.pages: list[tuple[int, int]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer with one page."""
        offset = int(request.query.get("offset", 0))
        limit = min(int(request.query.get("limit", 10_000)), self.largest)
        self.pages.append((offset, limit))
        page: Any = self.registered[offset : offset + limit]
        headers = {"Content-Type": "application/ld+json"}
        after = offset + limit
        url = self.next_url(f"{request.path}?offset={after}&limit={limit}")
        if self.collection:
            page = {"@type": "ThingCollection", "members": page}
            if after < len(self.registered):
                page["next"] = url
        elif after < len(self.registered):
            headers["Link"] = f'<{request.path}>; rel="self", <{url}>; rel="next"'
        return web.Response(body=json.dumps(page).encode(), headers=headers)


@asynccontextmanager
async def asked(running: Running) -> AsyncGenerator[HttpServer]:
    """Ask a server."""
    async with aiohttp.ClientSession() as session:
        yield HttpServer(session, HttpSettings(url=running.url))


def names(found: Directory) -> list[str]:
    """Return what the things are called."""
    return [one.found.name for one in found.things]


@pytest.mark.parametrize("collection", [False, True])
@pytest.mark.parametrize(("number", "largest"), [(0, 50), (3, 50), (120, 50), (21, 7)])
async def test_all_pages_are_read(collection: bool, number: int, largest: int) -> None:
    listing = Listing(things(number), collection=collection, largest=largest)
    async with http_server({"/things": listing}) as running, asked(running) as server:
        found = await directory(server)
    assert names(found) == [f"Thing {one}" for one in range(number)]
    assert found.complete
    assert len(listing.pages) == max(1, -(-number // largest))
    assert [one.document for one in found.things] == things(number)


async def test_what_is_found_can_be_described() -> None:
    (registered,) = things(1)
    listing = Listing([{**registered, "id": "urn:a/b c?d"}])
    async with (
        http_server({"/things": listing}) as running,
        http_connection(running.url) as connection,
        asked(running) as server,
    ):
        (thing,) = (await directory(server)).things
        running.handlers["/things/urn:a/b c?d"] = value(registered)
        loaded = await connection.describe(thing.found.reference)
        assert loaded.model.name == "Thing 0"


@pytest.mark.parametrize(
    ("base", "href", "place"),
    [
        ("", "/api/all{?offset,limit,format}", "/api/all"),
        ("/api/", "all", "/api/all"),
        ("", "http://192.0.2.1/things", "/things"),
        ("", 7, "/things"),
    ],
)
async def test_directory_says_where_its_listing_is(
    base: str, href: Any, place: str
) -> None:
    itself = {
        **TD,
        "@type": ["Thing", "ThingDirectory"],
        "base": base,
        "properties": {"things": {"forms": [{"href": href}]}},
    }
    handlers: Any = {"/.well-known/wot": value(itself), place: Listing(things(1))}
    async with http_server(handlers) as running, asked(running) as server:
        found = await directory(server)
    (thing,) = found.things
    assert found.complete
    assert thing.found.reference == f"{place}/urn:thing:0"


@pytest.mark.parametrize("collection", [False, True])
async def test_place_that_is_known_is_asked_first(collection: bool) -> None:
    listing = Listing(things(1), collection=collection)
    handlers: Any = {
        "/x/td": listing,
        "/directory": value({"@type": "ThingDirectory"}),
        "/things": Listing(things(2)),
    }
    async with http_server(handlers) as running, asked(running) as server:
        assert names(await directory(server, "x/td")) == ["Thing 0"]
        assert running.asked == ["GET /x/td", "GET /x/td?offset=0&limit=50"]
        # Its description does not say where the listing is: it is at the usual place.
        assert len((await directory(server, "/directory")).things) == 2
        assert len((await directory(server, "/gone")).things) == 2


async def test_listing_that_is_too_large_to_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 2500)
    listing = Listing(things(60))
    async with http_server({"/x": listing}) as running, asked(running) as server:
        assert len((await directory(server, "/x")).things) == 60


async def test_huge_directory_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_THINGS", 70)
    listing = Listing(things(1000))
    async with http_server({"/things": listing}) as running, asked(running) as server:
        found = await directory(server)
        assert (len(found.things), found.complete) == (70, False)
        assert len(listing.pages) == 2
        monkeypatch.setattr(module, "MAX_THINGS", 10_000)
        monkeypatch.setattr(module, "MAX_PAGES", 3)
        found = await directory(server)
        assert (len(found.things), found.complete) == (150, False)
        monkeypatch.setattr(module, "MAX_BYTES", 1000)
        found = await directory(server)
        assert (len(found.things), found.complete) == (50, False)


async def test_pages_that_are_too_large_are_asked_for_with_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 2500)
    listing = Listing(things(12))
    async with http_server({"/things": listing}) as running, asked(running) as server:
        found = await directory(server)
        assert len(found.things) == 12
        assert listing.pages == [(0, 50), (0, 5), (5, 5), (10, 5)]
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 100)
        with pytest.raises(ModelError, match="a page with 5 things is too large"):
            await directory(server)


async def test_slow_directory_gives_what_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.3)
    listing = Listing(things(60))
    over = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.query["offset"] != "0":
            await over.wait()
        return await listing(request)

    async with http_server({"/things": slow}) as running, asked(running) as server:
        found = await directory(server)
        over.set()
        await until(lambda: len(listing.pages) == 2)
    assert (len(found.things), found.complete) == (50, False)


@pytest.mark.parametrize(
    "next_url",
    [
        lambda _url: "/things?offset=0&limit=50",
        lambda _url: "/things?offset=0",
        lambda url: f"http://192.0.2.1{url}",
        lambda _url: "http://[",
    ],
)
@pytest.mark.parametrize("collection", [False, True])
async def test_next_page_that_leads_in_a_circle_or_away(
    next_url: Callable[[str], str], collection: bool
) -> None:
    listing = Listing(things(60), next_url=next_url, collection=collection)
    async with http_server({"/things": listing}) as running, asked(running) as server:
        found = await directory(server)
    assert len(listing.pages) <= 2
    assert len(found.things) in {50, 60}


async def test_members_of_no_use_are_left_out() -> None:
    good = {"id": "urn:x", "title": " A \n lamp\x07 " + "x" * 200}
    members = [
        7,
        {},
        {"id": ""},
        {"id": 5},
        {"id": "x" * 600},
        good,
        good,
        {"id": "urn:y", "title": []},
    ]
    listing = Listing(members)
    async with http_server({"/things": listing}) as running, asked(running) as server:
        found = await directory(server)
    assert [name[:10] for name in names(found)] == ["A lamp xxx", "urn:y"]
    assert max(map(len, names(found))) == 120


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (value({}, status=404), ModelError, "it answered 404 Not Found"),
        (value({}, status=401), UnauthorizedError, "refuses the credentials"),
        (value({"a": 1}), ModelError, "expected a list"),
        (value("x"), ModelError, "expected a list"),
        (value([], content_type="text/html"), None, ""),
    ],
)
async def test_what_is_no_directory(answer: Any, error: Any, words: str) -> None:
    async with http_server({"/things": answer}) as running, asked(running) as server:
        if error is None:
            assert (await directory(server)).things == []
            answer.payload = b"["
            error, words = ModelError, "expected a list"
        with pytest.raises(error, match=words):
            await directory(server)


async def test_second_page_of_no_use_ends_the_listing() -> None:
    listing = Listing(things(60))
    for broken in (value({}, status=500), value({"a": 1})):

        async def handler(
            request: web.Request, broken: Any = broken
        ) -> web.StreamResponse:
            first = request.query["offset"] == "0"
            return await (listing if first else broken)(request)

        async with (
            http_server({"/things": handler}) as running,
            asked(running) as server,
        ):
            found = await directory(server)
        assert len(found.things) == 50


async def test_server_that_is_not_there() -> None:
    async with asked(Running(free_port(), {})) as server:
        with pytest.raises(UnreachableError):
            await directory(server)
