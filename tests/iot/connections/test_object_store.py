"""A store of objects, against a simulator made after the sheet "Oracle IoT" §3.8."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import gzip
import hashlib
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from custom_components.device_models.iot import storage
from custom_components.device_models.iot.connections.http import object_store
from custom_components.device_models.iot.connections.http.object_store import (
    Grant,
    ObjectStore,
)
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import (
    ChecksumError,
    FileUnusableError,
    ForeignHostError,
    PayloadError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.storage import (
    RETRIES,
    StorageObject,
    SyncStatus,
)

from ..disk import content_of, names_in, written
from ..samples import device_of
from .http_server import HttpServer, http_server
from .storing import CONTENT, received, sent
from .things import free_port

CONTAINER: Final = "/v1/Storage-acme/iot"
OBJECT: Final = f"{CONTAINER}/EP-1/picture"


class Simulator:
    """The provisioner of a server, and a container."""

    def __init__(self) -> None:
        self.port = 0
        self.tokens: list[str] = []
        """Those that were given; only the last one is good."""
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.requests: list[web.Request] = []
        self.statuses: list[int] = []
        """What the next requests are answered with."""
        self.revoked = False
        """Whether no token is good any more."""
        self.etag: str | None = None
        """In place of the right one."""

    async def storage(self, _request: web.Request) -> web.StreamResponse:
        """Let somebody in: step 1."""
        self.tokens.append(f"token-{len(self.tokens)}")
        return web.json_response(
            {
                "storageContainerUrl": f"http://127.0.0.1:{self.port}{CONTAINER}",
                "authToken": self.tokens[-1],
            }
        )

    async def object(self, request: web.Request) -> web.StreamResponse:
        """Take an object, or give one: steps 2 and 3."""
        self.requests.append(request)
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        token = request.headers.get("X-Auth-Token")
        if self.revoked or token != self.tokens[-1]:
            await request.read()
            return web.Response(status=401)
        if request.method == "PUT":
            content = await request.read()
            kept = {
                name: value
                for name, value in request.headers.items()
                if name.startswith("X-Object-Meta-")
                or name in {"Content-Type", "Content-Encoding"}
            }
            self.objects[request.path] = content, kept
            return web.Response(status=201, headers={"ETag": self._etag(content)})
        if request.path not in self.objects:
            return web.Response(status=404)
        content, kept = self.objects[request.path]
        date = "Sat, 28 Nov 2026 16:00:00 GMT"
        headers = {**kept, "ETag": self._etag(content), "Last-Modified": date}
        return web.Response(body=content, headers=headers)

    def _etag(self, content: bytes) -> str:
        right = hashlib.md5(content).hexdigest()  # noqa: S324
        return right if self.etag is None else self.etag


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait long before it is tried again."""
    monkeypatch.setattr(storage, "FIRST_PAUSE", 0.01)


@pytest.fixture
def device() -> VirtualDevice:
    """Return a device."""
    return device_of(
        {"urn": "u", "name": "n", "attributes": [{"name": "p", "type": "URI"}]}
    )


@asynccontextmanager
async def running(
    simulator: Simulator, *paths: str
) -> AsyncGenerator[tuple[HttpServer, ObjectStore]]:
    """Run the simulator, and open the store."""
    handlers: Any = dict.fromkeys((OBJECT, *paths), simulator.object)
    handlers["/provisioner/storage"] = simulator.storage
    async with http_server(handlers) as server, aiohttp.ClientSession() as session:
        simulator.port = server.port

        async def grant() -> Grant:
            async with session.get(f"{server.url}/provisioner/storage") as answer:
                return Grant.of(await answer.json())

        yield server, ObjectStore(session, grant, lambda _device: "EP-1")


async def test_an_object_is_sent_and_received(
    device: VirtualDevice, tmp_path: Path
) -> None:
    simulator = Simulator()
    path = written(tmp_path / "sent", CONTENT)
    async with running(simulator) as (server, store):
        one = StorageObject(store, device, "picture", "image/png")
        one.set_metadata("Place", "hall")
        await one.set_input_path(path)
        one.sync()
        assert await one.finished() is SyncStatus.IN_SYNC, one.error
        assert one.uri == f"{server.url}{OBJECT}"
        assert simulator.objects[OBJECT] == (
            CONTENT,
            {"X-Object-Meta-Place": "hall", "Content-Type": "image/png"},
        )
        # By its name, or by what an attribute says.
        for place in ("picture", one.uri):
            back = await received(store, device, place, tmp_path / "received")
            assert back.status is SyncStatus.IN_SYNC
            assert back.content_type == "image/png"
            assert back.metadata == {"Place": "hall"}
            assert back.date == "Sat, 28 Nov 2026 16:00:00 GMT"
            assert back.checksums["md5"] == hashlib.md5(CONTENT).hexdigest()  # noqa: S324
    assert content_of(tmp_path / "received") == CONTENT
    assert simulator.tokens == ["token-0"]  # it is asked for once


async def test_what_is_kept_compressed_is_had_as_it_is(
    device: VirtualDevice, tmp_path: Path
) -> None:
    simulator = Simulator()
    packed = gzip.compress(CONTENT)
    simulator.objects[OBJECT] = packed, {"Content-Encoding": "gzip"}
    async with running(simulator) as (_server, store):
        back = await received(store, device, "picture", tmp_path / "received")
    assert back.status is SyncStatus.IN_SYNC
    assert back.encoding == "gzip"
    assert content_of(tmp_path / "received") == packed


@pytest.mark.parametrize("move", [sent, received])
async def test_a_token_that_is_refused_is_replaced(
    device: VirtualDevice, tmp_path: Path, move: Any
) -> None:
    simulator = Simulator()
    simulator.objects[OBJECT] = CONTENT, {}
    path = written(tmp_path / "file", CONTENT)
    async with running(simulator) as (_server, store):
        await received(store, device, "picture", tmp_path / "received")
        simulator.tokens.append("another")  # the one that we have is good no more
        one = await move(store, device, "picture", path)
    assert one.status is SyncStatus.IN_SYNC
    assert simulator.objects[OBJECT][0] == CONTENT  # all of it was sent again
    assert simulator.tokens == ["token-0", "another", "token-2"]


async def test_a_new_token_that_is_refused_is_the_end(
    device: VirtualDevice, tmp_path: Path
) -> None:
    simulator = Simulator()
    simulator.revoked = True
    async with running(simulator) as (_server, store):
        one = await received(store, device, "picture", tmp_path / "received")
    assert isinstance(one.error, UnauthorizedError)
    assert len(simulator.tokens) == 2
    assert "token" not in str(one.error)


async def test_a_token_is_replaced_after_some_time(
    device: VirtualDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = Simulator()
    simulator.objects[OBJECT] = CONTENT, {}
    async with running(simulator) as (_server, store):
        await received(store, device, "picture", tmp_path / "received")
        monkeypatch.setattr(object_store, "TOKEN_SECONDS", -1.0)
        await received(store, device, "picture", tmp_path / "received")
    assert len(simulator.tokens) == 2


async def test_many_objects_need_one_token(
    device: VirtualDevice, tmp_path: Path
) -> None:
    simulator = Simulator()
    simulator.objects[OBJECT] = CONTENT, {}
    async with running(simulator) as (_server, store):
        moved = await asyncio.gather(
            *(
                received(store, device, "picture", tmp_path / str(number))
                for number in range(5)
            )
        )
    assert {one.status for one in moved} == {SyncStatus.IN_SYNC}
    assert len(simulator.tokens) == 1


@pytest.mark.parametrize("move", [sent, received])
async def test_what_is_damaged_has_failed(
    device: VirtualDevice, tmp_path: Path, move: Any
) -> None:
    simulator = Simulator()
    simulator.objects[OBJECT] = CONTENT, {}
    simulator.etag = "0" * 32
    path = written(tmp_path / "file", CONTENT)
    async with running(simulator) as (_server, store):
        one = await move(store, device, "picture", path)
    assert isinstance(one.error, ChecksumError)
    assert len(simulator.requests) == RETRIES + 1


@pytest.mark.parametrize("etag", ["", '"of-many-parts"'])
async def test_an_etag_that_is_no_checksum_says_nothing(
    device: VirtualDevice, tmp_path: Path, etag: str
) -> None:
    simulator = Simulator()
    simulator.objects[OBJECT] = CONTENT, {}
    simulator.etag = etag
    async with running(simulator) as (_server, store):
        one = await received(store, device, "picture", tmp_path / "received")
    assert one.status is SyncStatus.IN_SYNC


@pytest.mark.parametrize(
    ("statuses", "error", "tries"),
    [
        ([404], RejectedError, 1),
        ([302], RejectedError, 1),
        ([413], RejectedError, 1),
        ([503], None, 2),
        ([500] * (RETRIES + 1), UnreachableError, RETRIES + 1),
    ],
)
async def test_a_store_that_refuses(
    device: VirtualDevice,
    tmp_path: Path,
    statuses: list[int],
    error: type[Exception] | None,
    tries: int,
) -> None:
    simulator = Simulator()
    simulator.statuses = list(statuses)
    path = written(tmp_path / "file", CONTENT)
    async with running(simulator) as (_server, store):
        one = await sent(store, device, "picture", path)
    assert isinstance(one.error, error or type(None))
    assert len(simulator.requests) == tries


async def test_a_store_that_is_not_there(device: VirtualDevice, tmp_path: Path) -> None:
    simulator = Simulator()
    async with running(simulator) as (_server, store):
        simulator.port = free_port()
        one = await received(store, device, "picture", tmp_path / "received")
    assert isinstance(one.error, UnreachableError)
    assert names_in(tmp_path) == []


async def test_a_file_that_is_gone_when_it_is_sent(
    device: VirtualDevice, tmp_path: Path
) -> None:
    simulator = Simulator()
    path = written(tmp_path / "file", CONTENT)
    async with running(simulator) as (server, store):
        handle = server.handlers["/provisioner/storage"]

        async def removing(request: web.Request) -> web.StreamResponse:
            path.unlink()
            return await handle(request)

        server.handlers["/provisioner/storage"] = removing
        one = await sent(store, device, "picture", path)
    assert isinstance(one.error, FileUnusableError)


# Names


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("../other/secret", ValueRefusedError),
        ("a//b", ValueRefusedError),
        ("a\nb", ValueRefusedError),
        ("x" * 1025, ValueRefusedError),
        ("http://[", ValueRefusedError),
        ("http://localhost/v1/Storage-acme/iot/x", ForeignHostError),
        ("{url}/v1/Storage-acme/iot2/x", ForeignHostError),
        ("{url}/v1/Storage-acme/iot/../iot2/x", ForeignHostError),
        ("file:///etc/passwd", ValueRefusedError),
    ],
)
async def test_what_is_in_no_container_of_ours_is_not_asked_for(
    device: VirtualDevice, tmp_path: Path, place: str, error: type[Exception]
) -> None:
    simulator = Simulator()
    async with running(simulator) as (server, store):
        place = place.format(url=server.url)
        one = await received(store, device, place, tmp_path / "received")
    assert isinstance(one.error, error)
    assert simulator.requests == []


async def test_a_name_may_have_odd_characters(
    device: VirtualDevice, tmp_path: Path
) -> None:
    name = "a b/ü?#%41"
    simulator = Simulator()
    path = written(tmp_path / "file", b"it")
    async with running(simulator, f"{CONTAINER}/EP-1/{name}") as (_server, store):
        one = await sent(store, device, name, path)
        assert one.status is SyncStatus.IN_SYNC, one.error
        assert [*simulator.objects] == [f"{CONTAINER}/EP-1/{name}"]
        back = await received(store, device, one.uri, tmp_path / "received")
        assert back.status is SyncStatus.IN_SYNC, back.error


@pytest.mark.parametrize(
    ("key", "value"), [("a b", "x"), ("x", "a\r\nX-Auth-Token: b"), ("x", "y" * 300)]
)
async def test_metadata_that_no_header_field_can_have_is_refused(
    device: VirtualDevice, tmp_path: Path, key: str, value: str
) -> None:
    simulator = Simulator()
    async with running(simulator) as (_server, store):
        one = StorageObject(store, device, "picture")
        one.set_metadata(key, value)
        await one.set_input_path(written(tmp_path / "file", b"it"))
        one.sync()
        await one.finished()
    assert isinstance(one.error, ValueRefusedError)
    assert simulator.requests == []


# What lets us in

GOOD: Final = {"storageContainerUrl": "https://store/v1/c?x#y", "authToken": "t"}


def test_access_is_a_container_and_a_token() -> None:
    grant = Grant.of({**GOOD, "more": 1})
    assert grant == Grant(URL("https://store/v1/c"), "t")
    assert "'t'" not in repr(grant)


@pytest.mark.parametrize(
    "change",
    [
        lambda _good: None,
        lambda _good: [],
        lambda good: {"authToken": good["authToken"]},
        lambda good: {**good, "authToken": ""},
        lambda good: {**good, "authToken": 5},
        lambda good: {**good, "storageContainerUrl": "file:///x"},
        lambda good: {**good, "storageContainerUrl": "http://["},
        lambda good: {**good, "storageContainerUrl": "https://a:b@store/v1/c"},
    ],
)
def test_anything_else_lets_nobody_in(change: Callable[[Any], Any]) -> None:
    with pytest.raises(PayloadError, match="expected a storageContainerUrl"):
        Grant.of(change(GOOD))
