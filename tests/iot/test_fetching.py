"""Model files from an address, and servers that mean harm."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
import gzip
import json
from pathlib import Path
import ssl
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.device_models.iot import fetching
from custom_components.device_models.iot.errors import ModelError, UnreachableError
from custom_components.device_models.iot.fetching import fetch, load_url
from custom_components.device_models.iot.formats import MAX_FILE_BYTES, load_document

from .connections.certificates import Authority
from .connections.things import THING, free_port

MODEL = json.dumps(THING).encode()

LARGE = b'"' + b"x" * MAX_FILE_BYTES + b'"'

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Let the tests talk to themselves."""


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


class Site:
    """An HTTP server whose answers are given by path; keeps what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self.server = TestServer(app, host="127.0.0.1")

    def url(self, path: str) -> str:
        return str(self.server.make_url(path))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        page = self.pages.get(request.path)
        match page:
            case None:
                return web.Response(status=404, text="no such page")
            case bytes():
                return web.Response(body=page)
            case str():
                return web.Response(status=302, headers={"Location": page})
            case _:
                answer: web.StreamResponse = await page(request)
                return answer


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    made = Site()
    async with made.server:
        yield made


def streamed(*chunks: bytes, pause: float = 0, **headers: str) -> Handler:
    """Return an answer that comes in parts, of a length that nobody tells."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(pause)
        return response

    return answer


async def test_fetches_a_file(session: aiohttp.ClientSession, site: Site) -> None:
    site.pages["/pump.json"] = MODEL
    assert await fetch(session, f"  {site.url('/pump.json')}#part ") == MODEL


async def test_loads_a_model(session: aiohttp.ClientSession, site: Site) -> None:
    site.pages["/pump.json"] = MODEL
    loaded = await load_url(session, site.url("/pump.json"))
    assert loaded.model.urn == "urn:test:thing"
    assert loaded.format


@pytest.mark.parametrize("length", [MAX_FILE_BYTES, MAX_FILE_BYTES + 1])
@pytest.mark.parametrize("told", [True, False])
async def test_size_is_bounded(
    session: aiohttp.ClientSession, site: Site, length: int, told: bool
) -> None:
    content = b"x" * length
    site.pages["/f"] = content if told else streamed(content)
    if length <= MAX_FILE_BYTES:
        assert await fetch(session, site.url("/f")) == content
    else:
        with pytest.raises(ModelError, match=f"at most {MAX_FILE_BYTES} bytes"):
            await fetch(session, site.url("/f"))


async def test_an_endless_file_is_not_read_to_its_end(
    session: aiohttp.ClientSession, site: Site
) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
            sent += 65_536

    site.pages["/f"] = endless
    with pytest.raises(ModelError, match="at most"):
        await fetch(session, site.url("/f"))
    assert sent < 20 * MAX_FILE_BYTES


async def test_what_is_compressed_counts_unfolded(
    session: aiohttp.ClientSession, site: Site
) -> None:
    bomb = gzip.compress(b" " * (200 * 1024 * 1024), 9)
    assert len(bomb) < MAX_FILE_BYTES
    site.pages["/bomb"] = streamed(bomb, Content_Encoding="gzip")
    site.pages["/good"] = streamed(gzip.compress(MODEL), Content_Encoding="gzip")
    site.pages["/odd"] = streamed(b"not gzip", Content_Encoding="gzip")
    with pytest.raises(ModelError, match="at most"):
        await fetch(session, site.url("/bomb"))
    assert await fetch(session, site.url("/good")) == MODEL
    with pytest.raises(UnreachableError, match="cut off, or broken"):
        await fetch(session, site.url("/odd"))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}", "not usable"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not usable"),
        (b"", "not usable"),
        (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "redirects to no address"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
            "redirects to no address",
        ),
    ],
)
async def test_servers_that_do_not_speak_well(
    session: aiohttp.ClientSession, head: bytes, reason: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(UnreachableError, match=reason):
            await fetch(session, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("first", [b"", b"{"], ids=["hanging", "dripping"])
async def test_time_is_bounded(
    session: aiohttp.ClientSession,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    first: bytes,
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    site.pages["/slow"] = streamed(*[first] * 100, pause=0.05)
    with pytest.raises(UnreachableError, match=r"no complete answer within 0\.3 s"):
        await fetch(session, site.url("/slow"))


async def test_the_time_is_that_of_all_redirects_together(
    session: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.3)

    async def slowly(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response(status=302, headers={"Location": "/slow"})

    site.pages["/slow"] = slowly
    with pytest.raises(UnreachableError, match="no complete answer"):
        await fetch(session, site.url("/slow"))
    assert len(site.asked) == 2


async def test_the_time_of_the_session_counts_too(site: Site) -> None:
    site.pages["/slow"] = streamed(*[b"{"] * 100, pause=0.05)
    timeout = aiohttp.ClientTimeout(total=0.2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        with pytest.raises(UnreachableError, match="no complete answer in time"):
            await fetch(session, site.url("/slow"))


async def test_nobody_listens(session: aiohttp.ClientSession) -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1.* cannot be reached"):
        await fetch(session, f"http://127.0.0.1:{free_port()}/model.json")


async def test_there_is_no_such_host(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_: Any, **__: Any) -> Any:
        raise OSError(None, "Name or service not known")

    monkeypatch.setattr(session.connector, "_resolve_host", resolve)
    with pytest.raises(UnreachableError, match="there is no such host"):
        await fetch(session, "http://nowhere.invalid/model.json")


@pytest.mark.parametrize("status", [204, 206, 304, 401, 404, 500])
async def test_only_the_file_itself_is_taken(
    session: aiohttp.ClientSession, site: Site, status: int
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    site.pages["/f"] = answer
    with pytest.raises(UnreachableError, match=f"it answered {status}"):
        await fetch(session, site.url("/f"))


@pytest.mark.parametrize("redirects", [1, 5, 6])
async def test_redirects_are_bounded(
    session: aiohttp.ClientSession, site: Site, redirects: int
) -> None:
    site.pages |= {f"/{number}": f"{number + 1}" for number in range(redirects)}
    site.pages[f"/{redirects}"] = MODEL
    if redirects <= 5:
        assert await fetch(session, site.url("/0")) == MODEL
    else:
        with pytest.raises(UnreachableError, match="more than 5 redirects"):
            await fetch(session, site.url("/0"))
        assert len(site.asked) == 6


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://h/x", "//user:hunter2@127.0.0.1/x", "data:,{}"],
)
async def test_redirects_lead_to_the_web_only(
    session: aiohttp.ClientSession, site: Site, target: str
) -> None:
    site.pages["/f"] = target
    with pytest.raises(ModelError, match="expected an address") as caught:
        await fetch(session, site.url("/f"))
    assert "hunter2" not in str(caught.value)


async def test_https_never_leads_to_http(site: Site, tmp_path: Path) -> None:
    site.pages["/model.json"] = MODEL
    pair = (authority := Authority()).sign("localhost")
    chain = tmp_path / "chain.pem"
    chain.write_text(f"{pair.certificate}\n{pair.key}\n")
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(chain)
    trusting = ssl.create_default_context(cadata=authority.certificate)
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    secure = Site()
    secure.server = TestServer(secure.server.app, host="127.0.0.1", scheme="https")
    secure.pages |= {"/down": site.url("/model.json"), "/up": "/f", "/f": MODEL}
    await secure.server.start_server(ssl=ours)
    connector = aiohttp.TCPConnector(ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as session:
        site.pages["/away"] = secure.url("/up")
        assert await fetch(session, site.url("/away")) == MODEL
        with pytest.raises(ModelError, match="redirects from https to http"):
            await fetch(session, secure.url("/down"))
        assert "/model.json" not in site.asked
    async with aiohttp.ClientSession() as session:
        with pytest.raises(UnreachableError, match="no secure connection"):
            await fetch(session, secure.url("/f"))
    await secure.server.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "model.json",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.org/m",
        "http://",
        "http:///m",
        "http://[::1",
        "http://h:99999/",
        "javascript:alert(1)",
    ],
)
async def test_what_is_no_web_address_is_refused(
    session: aiohttp.ClientSession, url: str
) -> None:
    with pytest.raises(ModelError, match="begins with http:// or https://"):
        await fetch(session, url)


@pytest.mark.parametrize("user", ["anna:hunter2@", "hunter2@", ":hunter2@"])
async def test_credentials_in_an_address_are_refused_and_not_repeated(
    session: aiohttp.ClientSession, user: str
) -> None:
    with pytest.raises(ModelError, match="without user name and password") as caught:
        await fetch(session, f"http://{user}example.org/m?token=abc")
    assert "hunter2" not in str(caught.value)
    assert "abc" not in str(caught.value)


async def test_errors_show_the_address_without_its_query(
    session: aiohttp.ClientSession, site: Site
) -> None:
    path = "/long" * 100
    for url in (site.url(f"{path}?token=abc"), f"http://127.0.0.1:1{path}?token=abc"):
        with pytest.raises(UnreachableError) as caught:
            await fetch(session, url)
        assert "abc" not in str(caught.value)
        assert "/long/long" in str(caught.value)
        assert len(str(caught.value)) < 300


def thing_model(**more: Any) -> bytes:
    return json.dumps(
        {
            "@context": "https://www.w3.org/2022/wot/td/v1.1",
            "@type": "tm:ThingModel",
            "title": "Lamp",
            "properties": {"on": {"type": "boolean"}},
            **more,
        }
    ).encode()


def extending(reference: str) -> bytes:
    return thing_model(links=[{"rel": "tm:extends", "href": reference}])


BASE = thing_model(title="Base", properties={"level": {"type": "integer"}})


@pytest.mark.parametrize(
    "reference",
    ["base.json", "./base.json", "../models/base.json", "/models/base.json"],
)
async def test_references_are_followed(
    session: aiohttp.ClientSession, site: Site, reference: str
) -> None:
    site.pages |= {"/models/lamp.json": extending(reference), "/models/base.json": BASE}
    site.pages["/lamp"] = "/models/lamp.json"
    loaded = await load_url(session, site.url("/lamp"))
    assert loaded.model.leaves.keys() == {"on", "level"}
    assert site.asked.count("/models/base.json") == 1


async def test_references_may_be_whole_addresses_of_the_same_origin(
    session: aiohttp.ClientSession, site: Site
) -> None:
    site.pages |= {"/lamp.json": extending(site.url("/base.json")), "/base.json": BASE}
    loaded = await load_url(session, site.url("/lamp.json"))
    assert loaded.model.leaves.keys() == {"on", "level"}


@pytest.mark.parametrize("redirected", [True, False])
async def test_references_do_not_lead_to_other_origins(
    session: aiohttp.ClientSession, site: Site, redirected: bool
) -> None:
    other = Site()
    other.pages["/base.json"] = BASE
    async with other.server:
        away = other.url("/base.json")
        site.pages["/lamp.json"] = extending("base.json" if redirected else away)
        site.pages["/base.json"] = away
        with pytest.raises(ModelError, match="expected a file of http://127"):
            await load_url(session, site.url("/lamp.json"))
        assert not other.asked


@pytest.mark.parametrize(
    "reference", ["file:///etc/passwd", "urn:x:lamp", "http://me:hunter2@[::1"]
)
async def test_references_lead_to_the_web_only(
    session: aiohttp.ClientSession, site: Site, reference: str
) -> None:
    site.pages["/lamp.json"] = json.dumps({"model": reference}).encode()
    with pytest.raises(ModelError, match="no file of a web server") as caught:
        await load_url(session, site.url("/lamp.json"))
    assert "hunter2" not in str(caught.value)


async def test_a_device_file_may_refer_to_its_model(
    session: aiohttp.ClientSession, site: Site
) -> None:
    site.pages |= {"/a/thing.json": MODEL, "/a/lamp.yaml": b"model: thing.json"}
    loaded = await load_url(session, site.url("/a/lamp.yaml"))
    assert loaded.model.urn == "urn:test:thing"
    assert load_document(loaded.document, "again").model == loaded.model


async def test_the_number_of_files_is_bounded(
    session: aiohttp.ClientSession, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_FILES", 3)
    site.pages |= {
        f"/{number}.json": extending(f"{number + 1}.json") for number in range(5)
    }
    with pytest.raises(ModelError, match="more than 2 other files"):
        await load_url(session, site.url("/0.json"))
    assert len(site.asked) == 3


async def test_a_missing_reference_is_told(
    session: aiohttp.ClientSession, site: Site
) -> None:
    site.pages["/lamp.json"] = extending("base.json")
    with pytest.raises(UnreachableError, match=r"base\.json .*it answered 404"):
        await load_url(session, site.url("/lamp.json"))
