"""An HTTP server says of itself what it is."""

from collections.abc import Mapping
import json
from typing import Any, Final

from aiohttp import web
import pytest

from custom_components.device_models.iot.errors import ModelError, UnauthorizedError
from custom_components.device_models.iot.formats import load_document

from .http_server import Content, Handler, http_connection, http_server, value
from .things import shown, thing

TD: Final[Mapping[str, Any]] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "title": "Lamp",
    "securityDefinitions": {"none": {"scheme": "nosec"}},
    "security": "none",
    "properties": {"level": {"type": "integer", "forms": [{"href": "level"}]}},
}


def described(**more: Any) -> Content:
    """Return a Thing Description as a resource."""
    return value({**TD, **more}, content_type="application/td+json")


@pytest.mark.parametrize(
    ("place", "reference", "announced"),
    [
        ("/.well-known/wot", "", None),
        ("/things/lamp", "/things/lamp", None),
        ("/things/lamp", "things/lamp", None),
        ("/things/lamp", "", "/things/lamp"),
        ("/.well-known/wot", "lamp", "/gone"),
        ("/", "", None),
    ],
)
async def test_thing_describes_itself(
    place: str, reference: str, announced: str | None
) -> None:
    handlers = {place: described(), place.rpartition("/")[0] + "/level": value(3)}
    async with (
        http_server(handlers) as server,
        http_connection(server.url, thing=announced) as connection,
    ):
        found = await connection.describe(reference)
        assert found.model.name == "Lamp"
        # What is kept of it says where everything is, wherever the server is then.
        assert str(server.port) not in json.dumps(found.document)
        again = load_document(found.document, "kept")
        assert again.layouts == found.layouts
        device = thing(connection, model=again.model, http=again.layouts["http"])
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 3}


async def test_references_are_relative_to_where_it_was_found() -> None:
    async def moved(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/a/b/td.json?x=1")

    handlers: dict[str, Handler] = {
        "/.well-known/wot": moved,
        "/a/b/td.json": described(base="../c/"),
        "/a/c/level": value(3),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        found = await connection.describe("")
        device = thing(connection, model=found.model, http=found.layouts["http"])
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 3}


async def test_forms_elsewhere_are_followed() -> None:
    async with (
        http_server({"/api/level": value(3)}) as other,
        http_server({"/td": described(base=f"{other.url}/api/")}) as server,
        http_connection(server.url) as connection,
    ):
        found = await connection.describe("td")
        device = thing(connection, model=found.model, http=found.layouts["http"])
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 3}


@pytest.mark.parametrize(
    "home",
    [
        Content(
            b"<html><head><link href='css' rel=stylesheet>"
            b'<link rel="describedby" type="application/td+json" href="/td">',
            "text/html",
        ),
        Content(
            b"",
            headers={"Link": '</css>; rel="stylesheet", </td>; rel="describedby"'},
        ),
    ],
)
async def test_root_links_to_it(home: Content) -> None:
    async with (
        http_server({"/": home, "/td": described()}) as server,
        http_connection(server.url) as connection,
    ):
        assert (await connection.describe("")).model.name == "Lamp"


async def test_nothing_of_use_is_told() -> None:
    handlers = {
        "/.well-known/wot": value({**TD, "title": 1}),
        "/sub": Content(b"<html>", "text/html"),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(ModelError) as caught:
            await connection.describe("sub")
        problem = caught.value.details["problem"]
        assert "GET http://127.0.0.1" in problem
        assert "/sub: 200 OK (" in problem
        assert "title: expected a text" in problem
        with pytest.raises(ModelError):
            await connection.describe("http://[")


async def test_redirects_in_a_circle_end() -> None:
    async def around(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/.well-known/wot")

    async with (
        http_server({"/.well-known/wot": around}) as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(ModelError, match="more than 5 redirects"):
            await connection.describe("")


# Opening


async def test_opening() -> None:
    secret = value("", status=401)
    async with http_server({"/": secret, "/.well-known/wot": described()}) as server:
        async with http_connection(server.url, thing="http://[") as connection:
            assert connection.address == server.url
        async with http_connection(server.url) as connection:
            assert (await connection.describe("")).model.name == "Lamp"
        server.handlers["/.well-known/wot"] = secret
        with pytest.raises(UnauthorizedError):
            async with http_connection(server.url):
                pass
        server.handlers["/"] = value("")
        async with http_connection(server.url) as connection:
            with pytest.raises(UnauthorizedError):
                await connection.describe("")


async def test_any_answer_will_do() -> None:
    async def around(_request: web.Request) -> web.Response:
        raise web.HTTPFound("/")

    pages: tuple[Handler, ...] = (
        around,
        Content(b"x" * 300_000, "text/html"),
        value("", status=500),
    )
    for page in pages:
        async with (
            http_server({"/": page, "/.well-known/wot": described()}) as server,
            http_connection(server.url) as connection,
        ):
            assert (await connection.describe("")).model.name == "Lamp"
