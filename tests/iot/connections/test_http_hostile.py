"""HTTP servers that do what they should not."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import json
from pathlib import Path
import ssl
import traceback
from typing import Any

from aiohttp import web
import pytest

from custom_components.device_models.iot.connections.http import (
    Credentials,
    HttpConnection,
    Scheme,
    request,
    server as server_module,
)
from custom_components.device_models.iot.device import Availability
from custom_components.device_models.iot.errors import (
    CommunicationError,
    ModelError,
    UnreachableError,
)

from .certificates import Authority
from .http_server import Content, Handler, http_connection, http_server, state, value
from .things import FLAT, shown, thing

ALONE = {"state": False}

NOWHERE = "http://localhost:1"
"""Another host, at which nobody answers."""


@asynccontextmanager
async def raw_server(answer: Callable[[bytes], bytes]) -> AsyncGenerator[str]:
    """Run a server that answers each request with bytes, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(head))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def redirect(target: str, status: int = 302) -> Handler:
    """Return a resource that is elsewhere."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": target})

    return handle


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/level", "more than 5 redirects"),
        ("ftp://x/", "no web server"),
        ("mailto:x", "no web server"),
        ("http://u:p@127.0.0.1/", "a user name in it"),
        ("http://[", "302 Found"),
        ("", "302 Found"),
    ],
)
async def test_redirects_that_are_not_followed(target: str, problem: str) -> None:
    handlers: dict[str, Handler] = {"/level": redirect(target), "/label": value("hall")}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=ALONE)
        device.receive({"level": 3})
        problems: dict[str, str] = {}
        device.on_problem(lambda name, why: problems.update({name: why}))
        await connection.read(device, {"level", "label"})
        assert shown(device) == {"label": "hall"}
        assert problem in problems["level"]
        with pytest.raises(CommunicationError):
            await device.set("level", 3)
        assert device.online


async def test_redirect_out_of_tls(tmp_path: Path) -> None:
    pair = Authority().sign("localhost")
    file = tmp_path / "pair.pem"
    file.write_text(pair.certificate + pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    async with http_server({"/level": value(3)}) as plain:
        handlers: dict[str, Handler] = {"/level": redirect(f"{plain.url}/level")}
        async with http_server(handlers, ssl=context) as server:
            url = server.url.replace("http:", "https:")
            with pytest.raises(UnreachableError, match="its certificate or its TLS"):
                async with http_connection(url):
                    pass
            async with http_connection(url, verify_tls=False) as connection:
                device = thing(connection, http=ALONE)
                await connection.read(device, {"level"})
                assert device.dropped == {"level: rejected": 1}
                assert not plain.asked


# Bodies


async def test_content_that_is_too_large() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
                sent.append(65_536)
        except ConnectionError:
            return response

    sent: list[int] = []
    handlers: dict[str, Handler] = {"/level": endless, "/label": value("hall")}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=ALONE)
        await connection.read(device, {"level", "label"})
        assert shown(device) == {"label": "hall"}
        assert device.dropped == {"level: payload_invalid": 1}
        assert sum(sent) < 20_000_000
        server.handlers["/.well-known/wot"] = endless
        with pytest.raises(ModelError, match="more than"):
            await connection.describe("")


async def test_content_that_comes_too_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"1")
            await asyncio.sleep(0.05)

    monkeypatch.setattr(request, "SECONDS", 0.3)
    handlers: dict[str, Handler] = {"/level": slow, "/label": value("hall")}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=ALONE)
        device.receive({"level": 3})
        await connection.read(device, {"level", "label"})
        assert shown(device) == {"label": "hall"}
        assert device.dropped == {"level: unreachable": 1}
        server.handlers["/label"] = slow
        with pytest.raises(UnreachableError, match="no complete answer in time"):
            await connection.read(device, {"level", "label"})
        assert device.availability is Availability.UNREACHABLE
        assert connection.health(device).unanswered == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n1",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
async def test_answers_that_are_broken(answer: bytes) -> None:
    def serve(head: bytes) -> bytes:
        if head.startswith(b"GET /level "):
            return answer
        kind = b"Content-Type: text/plain\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + kind + b"\r\nx"

    async with raw_server(serve) as url, http_connection(url) as connection:
        device = thing(connection, http=ALONE)
        device.receive({"level": 3})
        await connection.read(device, {"level", "label"})
        assert shown(device) == {"label": "x"}
        assert device.online


async def test_status_that_nobody_knows() -> None:
    async with (
        http_server({"/level": value(3, status=299)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=ALONE)
        await connection.read(device, {"level"})
        assert shown(device) == {"level": 3}
        server.handlers["/level"] = value(3, status=599)
        with pytest.raises(CommunicationError, match="answered 599"):
            await device.set("level", 3)


@pytest.mark.parametrize(
    "document",
    [[1], 1, "x", {"level": [1]}, {"level": {"a": 1}}, {"level": 2**70}, None],
)
async def test_documents_that_contradict_the_model(document: Any) -> None:
    handlers: dict[str, Handler] = {"/state": value(document), "/level": value(4)}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection)
        await connection.read(device, {"level"})
        assert device.online
        assert shown(device).get("level") in {None, 4}


# Many requests


async def test_few_requests_at_a_time() -> None:
    running: list[int] = []
    most = 0

    async def handle(_request: web.Request) -> web.Response:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        await asyncio.sleep(0.05)
        running.pop()
        return web.json_response(1)

    names = ("temperature", "level", "power", "label", "night")
    handlers: dict[str, Handler] = {f"/{name}": handle for name in names}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        devices = [thing(connection, key=str(one), http=ALONE) for one in range(4)]
        everything = {*FLAT}
        await asyncio.gather(*(connection.read(one, everything) for one in devices))
        assert most == server_module.AT_ONCE


async def test_command_waits_for_a_server_that_is_busy() -> None:
    busy = value(1, status=429, headers={"Retry-After": "1"})
    level = value(3)
    async with (
        http_server({"/label": busy, "/level": level}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=ALONE)
        await connection.read(device, {"label"})
        writing = asyncio.create_task(device.set("level", 4))
        await asyncio.sleep(0.1)
        assert not level.requests
        await writing
        assert level.asked("PUT") == [b"4"]


# Descriptions


async def test_announced_place_that_is_no_place() -> None:
    async with (
        http_server({"/.well-known/wot": Content(b"[]")}) as server,
        http_connection(server.url, thing="http://[") as connection,
    ):
        with pytest.raises(ModelError, match="expected a path, or a URL"):
            await connection.describe("")


@pytest.mark.parametrize("base", [3, "http://["])
async def test_base_that_is_none(base: Any) -> None:
    document = {
        "@context": "https://www.w3.org/2022/wot/td/v1.1",
        "title": "T",
        "base": base,
        "securityDefinitions": {"none": {"scheme": "nosec"}},
        "security": "none",
        "properties": {"x": {"type": "string", "forms": [{"href": "x"}]}},
    }
    async with (
        http_server({"/.well-known/wot": value(document)}) as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(ModelError, match="no Thing Description"):
            await connection.describe("")


@pytest.mark.parametrize(
    "page",
    [
        b"<link rel=describedby>",
        b"<link rel=describedby href='http://['>",
        b"<link rel=describedby href='javascript:x'>",
        b"<link rel=describedby href='/none'>",
        b"<link " * 1000,
    ],
)
async def test_pages_that_lead_nowhere(page: bytes) -> None:
    async with (
        http_server({"/": Content(page, "text/html")}) as server,
        http_connection(server.url) as connection,
    ):
        with pytest.raises(ModelError, match="no Thing Description"):
            await connection.describe("")


async def test_server_that_goes_away_while_it_is_described() -> None:
    async with http_server({"/": state()}) as server:
        url = server.url
        async with http_connection(url) as connection:
            await connection.close()
            with pytest.raises(ModelError, match="closed"):
                await connection.describe("")


async def test_secrets_in_a_url_are_not_told() -> None:
    layout = {"actions": {"move": {"url": "/set?key=hush&x={x}"}}}
    async with (
        http_server() as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, http=layout)
        with pytest.raises(CommunicationError) as caught:
            await device.call("move", {"x": 5})
        told = str(caught.value) + json.dumps(connection.trace(device))
        assert "hush" not in told
        assert "/set?…" in told


# Others that are gone


async def test_other_host_that_is_gone_takes_nothing_along() -> None:
    handlers: dict[str, Handler] = {
        "/label": value("hall"),
        "/temperature": value(20.5),
        "/power": redirect(f"{NOWHERE}/power"),
    }
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        layout = {"state": False, "attributes": {"level": f"{NOWHERE}/level"}}
        device = thing(connection, http=layout)
        device.receive({"level": 3, "power": True})
        await connection.read(device, {"level", "label", "temperature", "power"})
        assert shown(device) == {"label": "hall", "temperature": 20.5}
        assert device.online


async def test_server_that_goes_between_two_requests() -> None:
    async with http_connection_to_one_answer() as connection:
        device = thing(connection, http=ALONE)
        await connection.read(device, {"label", "temperature", "power"})
        assert shown(device) == {"temperature": 1}
        with pytest.raises(UnreachableError):
            await connection.read(device, {"label", "temperature", "power"})
        assert device.availability is Availability.UNREACHABLE


@asynccontextmanager
async def http_connection_to_one_answer() -> AsyncGenerator[HttpConnection]:
    """Open a connection to a server that is gone after its next answer."""
    kind = b"Content-Type: text/plain\r\nConnection: close\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n" + kind + b"\r\n1"
    answered: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered.append(await reader.readuntil(b"\r\n\r\n"))
        if len(answered) > 1:
            server.close()  # nobody is let in any more
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with http_connection(url) as connection:
            yield connection
    finally:
        server.close()


async def test_announced_place_that_no_directory_is_at() -> None:
    async with (
        http_server({"/things": value([{"id": "urn:a", "title": "A"}])}) as server,
        http_connection(server.url, thing="http://[") as connection,
    ):
        (found,) = await connection.discover()
        assert found.name == "A"


# Keys in the query


@pytest.mark.parametrize(
    "answer",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",
    ],
)
async def test_error_that_is_logged_with_its_causes_has_no_key(answer: bytes) -> None:
    def serve(head: bytes) -> bytes:
        return answer if head.startswith(b"GET /level?") else ok

    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    key = Credentials(scheme=Scheme.APIKEY, where="query", name="k", secret="S3CRET")
    async with (
        raw_server(serve) as url,
        http_connection(url, security=(key,)) as connection,
    ):
        device = thing(connection, http=ALONE)
        with pytest.raises(UnreachableError) as caught:
            await connection.read(device, {"level"})
        told = "".join(traceback.format_exception(caught.value))
        assert "/level" in told
        assert key.secret not in f"{told} {caught.value.__cause__!r}"
