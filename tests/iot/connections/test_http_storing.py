"""Contents that an HTTP server keeps, sent and received."""

import asyncio
import base64
import hashlib
from pathlib import Path
from typing import Any, Final

from aiohttp import web
import pytest

from custom_components.device_models.iot import storage
from custom_components.device_models.iot.connections.http import Credentials, Scheme
from custom_components.device_models.iot.connections.http.storing import checksums_of
from custom_components.device_models.iot.errors import (
    ChecksumError,
    FileUnusableError,
    ForeignHostError,
    RejectedError,
    StalledError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.storage import RETRIES, SyncStatus

from ..disk import content_of, names_in, written
from .http_server import HttpServer, http_connection, http_server
from .storing import CONTENT, received, sent
from .things import thing

BASIC: Final = Credentials(scheme=Scheme.BASIC, username="me", secret="hunter2")
DIGEST: Final = Credentials(scheme=Scheme.DIGEST, username="me", secret="hunter2")


class Files:
    """The files of a server, by path."""

    def __init__(self, *statuses: int) -> None:
        """Take what the first requests are answered with."""
        self.kept: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.statuses = list(statuses)
        self.requests: list[web.Request] = []
        self.created = False
        self.cut = 0
        """After how many bytes the connection is cut, the next time."""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Take a file, or give one."""
        self.requests.append(request)
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        if self.cut:
            return await self._cut(request)
        if request.method == "PUT":
            self.kept[request.path] = await request.read()
            self.types[request.path] = request.content_type
            headers = {"Location": "/made/here"} if self.created else {}
            status = 201 if self.created else 204
            return web.Response(status=status, headers=headers | self.headers)
        body = self.kept.get(request.path, CONTENT)
        return web.Response(body=body, headers=self.headers, content_type="image/png")

    async def _cut(self, request: web.Request) -> web.StreamResponse:
        """Cut the connection in the middle."""
        most, self.cut = self.cut, 0
        assert request.transport is not None
        if request.method == "PUT":
            await request.content.readexactly(most)
            request.transport.abort()
            return web.Response()
        response = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await response.prepare(request)
        await response.write(CONTENT[:most])
        await asyncio.sleep(0.05)
        request.transport.abort()
        return response


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait long before it is tried again."""
    monkeypatch.setattr(storage, "FIRST_PAUSE", 0.01)


def serving(files: Any, *paths: str) -> Any:
    """Return a server with files."""
    return http_server(dict.fromkeys(paths or ("/files/1",), files))


async def test_a_file_is_sent_and_received(tmp_path: Path) -> None:
    files = Files()
    path = written(tmp_path / "sent", CONTENT)
    async with serving(files) as server, http_connection(server.url) as connection:
        device = thing(connection)
        one = await sent(connection, device, "files/1", path, content_type="image/png")
        assert one.status is SyncStatus.IN_SYNC
        assert one.uri == f"{server.url}/files/1"
        assert files.kept == {"/files/1": CONTENT}
        assert files.types == {"/files/1": "image/png"}
        assert files.requests[0].content_length == len(CONTENT)
        back = await received(connection, device, "files/1", tmp_path / "received")
    assert back.status is SyncStatus.IN_SYNC
    assert back.content_type == "image/png"
    assert back.checksums == one.checksums
    assert content_of(tmp_path / "received") == CONTENT


@pytest.mark.parametrize(
    ("base", "place", "path"),
    [
        ("", "files/1", "/files/1"),
        ("", "/files/1", "/files/1"),
        ("things/lamp", "files/1", "/things/lamp/files/1"),
        ("things/lamp", "/files/1", "/files/1"),
        ("", "/files/a%20b?x=1", "/files/a b"),
    ],
)
async def test_a_place_is_relative_to_the_device(
    tmp_path: Path, base: str, place: str, path: str
) -> None:
    files = Files()
    async with (
        serving(files, path) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, base=base)
        one = await received(connection, device, place, tmp_path / "received")
        assert one.status is SyncStatus.IN_SYNC


@pytest.mark.parametrize("size", [0, 1, 65_536])
async def test_files_of_any_size(tmp_path: Path, size: int) -> None:
    files = Files()
    path = written(tmp_path / "sent", CONTENT[:size])
    async with serving(files) as server, http_connection(server.url) as connection:
        device = thing(connection)
        one = await sent(connection, device, "files/1", path)
        back = await received(connection, device, "files/1", tmp_path / "received")
    assert (one.status, back.status) == (SyncStatus.IN_SYNC, SyncStatus.IN_SYNC)
    assert content_of(tmp_path / "received") == CONTENT[:size]


async def test_a_server_may_say_where_it_has_put_a_file(tmp_path: Path) -> None:
    files = Files()
    files.created = True
    path = written(tmp_path / "sent", b"it")
    async with serving(files) as server, http_connection(server.url) as connection:
        one = await sent(connection, thing(connection), "files/1", path)
        assert one.uri == f"{server.url}/made/here"


@pytest.mark.parametrize("credentials", [BASIC, DIGEST])
async def test_a_server_is_shown_who_we_are(
    tmp_path: Path, credentials: Credentials
) -> None:
    files = Files()
    shown: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        said = request.headers.get("Authorization", "")
        shown.append(said)
        if not said.lower().startswith(credentials.scheme):
            await request.read()
            wanted = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
            return web.Response(status=401, headers={"WWW-Authenticate": wanted})
        return await files(request)

    path = written(tmp_path / "sent", CONTENT)
    async with (
        serving(handle) as server,
        http_connection(server.url, security=(credentials,)) as connection,
    ):
        one = await sent(connection, thing(connection), "files/1", path)
    assert one.status is SyncStatus.IN_SYNC
    assert files.kept == {"/files/1": CONTENT}  # all of it, whenever it was wanted
    assert one.passed == len(CONTENT)


# What goes wrong on the way


@pytest.mark.parametrize("cut", [1, 200_000])
async def test_a_connection_that_is_cut_is_begun_again(
    tmp_path: Path, cut: int
) -> None:
    files = Files()
    path = written(tmp_path / "sent", CONTENT)
    async with serving(files) as server, http_connection(server.url) as connection:
        device = thing(connection)
        files.cut = cut
        one = await sent(connection, device, "files/1", path)
        files.cut = cut
        back = await received(connection, device, "files/1", tmp_path / "received")
    assert (one.status, back.status) == (SyncStatus.IN_SYNC, SyncStatus.IN_SYNC)
    assert files.kept == {"/files/1": CONTENT}
    assert content_of(tmp_path / "received") == CONTENT
    assert len(files.requests) == 4


async def test_what_is_cut_each_time_has_failed(tmp_path: Path) -> None:
    files = Files()

    async def cut(request: web.Request) -> web.StreamResponse:
        files.cut = 100_000
        return await files(request)

    async with serving(cut) as server, http_connection(server.url) as connection:
        device = thing(connection)
        one = await received(connection, device, "files/1", tmp_path / "received")
    assert one.status is SyncStatus.SYNC_FAILED
    assert isinstance(one.error, UnreachableError)
    assert len(files.requests) == RETRIES + 1
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (401, UnauthorizedError, 1),
        (403, RejectedError, 1),
        (404, RejectedError, 1),
        (413, RejectedError, 1),
        (302, RejectedError, 1),
        (304, RejectedError, 1),
        (500, UnreachableError, RETRIES + 1),
        (503, UnreachableError, RETRIES + 1),
    ],
)
@pytest.mark.parametrize("move", [sent, received])
async def test_a_server_that_refuses(
    tmp_path: Path, status: int, error: type[Exception], tries: int, move: Any
) -> None:
    files = Files(*[status] * (RETRIES + 1))
    path = written(tmp_path / "file", b"old")
    async with serving(files) as server, http_connection(server.url) as connection:
        one = await move(connection, thing(connection), "files/1", path)
    assert one.status is SyncStatus.SYNC_FAILED
    assert isinstance(one.error, error)
    assert len(files.requests) == tries
    assert content_of(path) == b"old"


async def test_a_server_that_is_busy_is_tried_again(tmp_path: Path) -> None:
    files = Files(503)
    async with serving(files) as server, http_connection(server.url) as connection:
        device = thing(connection)
        one = await received(connection, device, "files/1", tmp_path / "received")
    assert one.status is SyncStatus.IN_SYNC


async def test_a_server_that_wants_to_be_left_alone_is(tmp_path: Path) -> None:
    files = Files()

    async def busy(request: web.Request) -> web.StreamResponse:
        await files(request)
        return web.Response(status=429, headers={"Retry-After": "60"})

    async with serving(busy) as server, http_connection(server.url) as connection:
        device = thing(connection)
        one = await received(connection, device, "files/1", tmp_path / "received")
    assert isinstance(one.error, RejectedError)
    assert "busy for 60 s" in str(one.error)
    assert len(files.requests) == 1


async def test_a_server_that_hangs_in_the_middle_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "STALLED", 0.2)

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(CONTENT)
        await asyncio.Event().wait()
        return response

    async with serving(hang) as server, http_connection(server.url) as connection:
        device = thing(connection)
        one = await received(connection, device, "files/1", tmp_path / "received")
    assert isinstance(one.error, StalledError)
    assert names_in(tmp_path) == []


async def test_closing_the_connection_ends_a_transfer(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(hang) as server, http_connection(server.url) as connection:
        device = thing(connection)
        moving = asyncio.create_task(
            received(connection, device, "files/1", tmp_path / "received")
        )
        await begun.wait()
        await connection.close()
        async with asyncio.timeout(5):
            one = await moving
    assert one.status is SyncStatus.SYNC_FAILED
    assert names_in(tmp_path) == []


async def test_nothing_larger_than_it_may_be_is_received(tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(CONTENT)

    async with serving(endless) as server, http_connection(server.url) as connection:
        device, path = thing(connection), tmp_path / "received"
        one = await received(connection, device, "files/1", path, limit=1_000_000)
    assert isinstance(one.error, TooLargeError)
    assert names_in(tmp_path) == []


async def test_what_unfolds_beyond_what_may_be_is_not_received(tmp_path: Path) -> None:
    async def bomb(_request: web.Request) -> web.StreamResponse:
        response = web.Response(body=bytes(20_000_000))
        response.enable_compression()
        return response

    async with serving(bomb) as server, http_connection(server.url) as connection:
        device, path = thing(connection), tmp_path / "received"
        one = await received(connection, device, "files/1", path, limit=1_000_000)
    assert isinstance(one.error, TooLargeError)
    assert names_in(tmp_path) == []


async def test_a_file_that_is_gone_when_it_is_sent(tmp_path: Path) -> None:
    files = Files()
    path = written(tmp_path / "sent", CONTENT)

    async def take(request: web.Request) -> web.StreamResponse:
        path.unlink(missing_ok=True)
        wanted = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
        await request.read()
        return web.Response(status=401, headers={"WWW-Authenticate": wanted})

    async with (
        serving(take) as server,
        http_connection(server.url, security=(DIGEST,)) as connection,
    ):
        one = await sent(connection, thing(connection), "files/1", path)
    assert isinstance(one.error, FileUnusableError)
    assert files.kept == {}


async def test_a_file_that_changes_before_it_is_sent_again(tmp_path: Path) -> None:
    path = written(tmp_path / "sent", CONTENT)

    async def take(request: web.Request) -> web.StreamResponse:
        await request.read()
        written(path, b"other")
        wanted = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
        return web.Response(status=401, headers={"WWW-Authenticate": wanted})

    async with (
        serving(take) as server,
        http_connection(server.url, security=(DIGEST,)) as connection,
    ):
        one = await sent(connection, thing(connection), "files/1", path)
    assert "has changed while it was sent" in str(one.error)


# Checksums


def coded(digest: bytes) -> str:
    """Return a checksum as header fields have it."""
    return base64.b64encode(digest).decode()


SHA: Final = coded(hashlib.sha256(CONTENT).digest())
MD5: Final = coded(hashlib.md5(CONTENT).digest())  # noqa: S324
OTHER: Final = coded(bytes(32))


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({"Repr-Digest": f"sha-256=:{SHA}:"}, True),
        ({"Repr-Digest": f"crc32c=:AAAAAA==:, sha-256=:{SHA}:"}, True),
        ({"Content-MD5": MD5}, True),
        ({"Repr-Digest": f"sha-256=:{OTHER}:"}, False),
        ({"Content-MD5": coded(bytes(16))}, False),
        ({"ETag": '"00000000000000000000000000000000"'}, True),  # it may be anything
        ({"Repr-Digest": "sha-256=:no:"}, True),
        ({"Content-MD5": "????"}, True),
    ],
)
@pytest.mark.parametrize("move", [sent, received])
async def test_checksums_have_to_agree(
    tmp_path: Path, headers: dict[str, str], good: bool, move: Any
) -> None:
    files = Files()
    files.headers = headers
    path = written(tmp_path / "file", CONTENT)
    async with serving(files) as server, http_connection(server.url) as connection:
        one = await move(connection, thing(connection), "files/1", path)
    if good:
        assert one.status is SyncStatus.IN_SYNC
        assert one.checksums["sha-256"] == hashlib.sha256(CONTENT).hexdigest()
    else:
        assert isinstance(one.error, ChecksumError)


def test_a_checksum_is_had_in_digits() -> None:
    fields = {"Repr-Digest": f"SHA-256=:{SHA}:", "Content-MD5": MD5}
    assert checksums_of(fields) == {
        "sha-256": hashlib.sha256(CONTENT).hexdigest(),
        "md5": hashlib.md5(CONTENT).hexdigest(),  # noqa: S324
    }


# Somebody else's


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("http://localhost:1/x", ForeignHostError),
        ("//localhost/x", ForeignHostError),
        ("http://169.254.169.254/latest/meta-data", ForeignHostError),
        ("file:///etc/passwd", ValueRefusedError),
        ("ftp://127.0.0.1/x", ValueRefusedError),
        ("http://me:secret@127.0.0.1/x", ValueRefusedError),
        ("http://[", ValueRefusedError),
        ("x" * 3000, ValueRefusedError),
    ],
)
@pytest.mark.parametrize("move", [sent, received])
async def test_nobody_else_is_asked(
    tmp_path: Path, place: str, error: type[Exception], move: Any
) -> None:
    path = written(tmp_path / "file", b"old")
    async with serving(Files()) as server, http_connection(server.url) as connection:
        before = len(server.asked)
        one = await move(connection, thing(connection), place, path)
        assert len(server.asked) == before
    assert isinstance(one.error, error)
    assert "secret" not in str(one.error)
    assert content_of(path) == b"old"


def redirecting(target: str, status: int = 302) -> Any:
    """Return what says to go on elsewhere."""

    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": target})

    return handle


async def run(
    server: HttpServer, path: Path, place: str = "files/1"
) -> storage.StorageObject:
    """Receive a file."""
    async with http_connection(server.url) as connection:
        return await received(connection, thing(connection), place, path)


async def test_a_redirect_is_followed_on_the_server_itself(tmp_path: Path) -> None:
    handlers = {"/files/1": redirecting("/files/2"), "/files/2": Files()}
    async with http_server(handlers) as server:
        one = await run(server, tmp_path / "received")
        assert one.uri == f"{server.url}/files/1"
    assert content_of(tmp_path / "received") == CONTENT


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("http://localhost:1/x", ForeignHostError),
        ("file:///etc/passwd", RejectedError),
        ("/files/1", RejectedError),  # for ever
    ],
)
async def test_a_redirect_to_elsewhere_is_not_followed(
    tmp_path: Path, target: str, error: type[Exception]
) -> None:
    async with http_server({"/files/1": redirecting(target)}) as server:
        one = await run(server, tmp_path / "received")
    assert isinstance(one.error, error)
    assert names_in(tmp_path) == []


async def test_a_redirect_is_not_followed_with_a_content(tmp_path: Path) -> None:
    path = written(tmp_path / "sent", b"it")
    handlers = {"/files/1": redirecting("/files/2", 307), "/files/2": Files()}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        one = await sent(connection, thing(connection), "files/1", path)
    assert isinstance(one.error, RejectedError)
    assert "redirect" in str(one.error)
