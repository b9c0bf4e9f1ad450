"""Contents that a CoAP endpoint keeps, sent and received in blocks (RFC 7959)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
import socket
from typing import Any, Final, override

from aiocoap import Code, Message
from aiocoap.resource import Resource, Site
import pytest

from custom_components.device_models.iot import storage
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    storing,
)
from custom_components.device_models.iot.errors import (
    ForeignHostError,
    RejectedError,
    TooLargeError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.storage import RETRIES, SyncStatus

from ..disk import content_of, names_in, written
from .coap_server import BareServer, Content, bare_server
from .conftest import Connect, Endpoint
from .programs import running
from .storing import CONTENT, received, sent
from .test_libcoap import SERVERS, answers
from .things import free_port, thing

SHORT: Final = CONTENT[:10_000]
TINY: Final = CONTENT[:1_500]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait long before it is tried again."""
    monkeypatch.setattr(storage, "FIRST_PAUSE", 0.01)


class Blocks(Resource):
    """A resource that is asked for its blocks one by one, and may answer oddly."""

    def __init__(self, content: bytes = SHORT, largest: int = 6) -> None:
        """Take what it has, and how large blocks may be."""
        super().__init__()
        self.content = content
        self.largest = largest
        self.requests: list[Message] = []
        self.taken = bytearray()
        self.odd: Callable[[int, Message, Message], Message] = lambda _n, _q, a: a
        """Changes the answer to the n-th request, from 0 on."""

    @override
    async def needs_blockwise_assembly(self, request: Message) -> bool:
        return False

    async def render_get(self, request: Message) -> Message:
        """Give a block."""
        number, _, exponent = request.opt.block2 or (0, False, 6)
        size = 2 ** (min(exponent, self.largest) + 4)
        begin = number * 2 ** (exponent + 4)
        part = self.content[begin : begin + size]
        answer = Message(code=Code.CONTENT, payload=part, content_format=42)
        more = begin + size < len(self.content)
        answer.opt.block2 = (begin // size, more, min(exponent, self.largest))
        return self._answer(request, answer)

    async def render_put(self, request: Message) -> Message:
        """Take a block."""
        number, more, exponent = request.opt.block1 or (0, False, 6)
        size = 2 ** (exponent + 4)
        if number == 0:
            self.taken.clear()
        if number * size != len(self.taken):
            answer = Message(code=Code.REQUEST_ENTITY_INCOMPLETE)
        else:
            self.taken += request.payload
            answer = Message(code=Code.CONTINUE if more else Code.CHANGED)
            answer.opt.block1 = (number, more, min(exponent, self.largest))
        return self._answer(request, answer)

    def _answer(self, request: Message, answer: Message) -> Message:
        self.requests.append(request)
        return self.odd(len(self.requests) - 1, request, answer)


@pytest.fixture
async def blocks() -> AsyncGenerator[tuple[Blocks, BareServer]]:
    """Run a server with one resource, and what may be odd about it."""
    one = Blocks()

    def wrap(site: Site) -> Site:
        site.add_resource(("files", "1"), one)
        return site

    async with bare_server(wrap) as server:
        yield one, server


@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 70_000])
async def test_a_file_is_sent_and_received(
    connect: Connect, tmp_path: Path, size: int
) -> None:
    kept = Content()
    path = written(tmp_path / "sent", CONTENT[:size])
    async with bare_server(files__1=kept) as server:
        connection = await connect(server.port)
        device = thing(connection)
        one = await sent(connection, device, "files/1", path, content_type="image/png")
        assert one.status is SyncStatus.IN_SYNC
        assert one.uri == f"coap://127.0.0.1:{server.port}/files/1"
        assert kept.payload == CONTENT[:size]
        assert kept.asked(Code.PUT)[0].opt.content_format == 23
        kept.content_format = 23
        back = await received(connection, device, one.uri, tmp_path / "received")
    assert back.status is SyncStatus.IN_SYNC
    assert back.content_type == "image/png"
    assert (back.passed, back.total) == (size, size)
    assert back.checksums == one.checksums
    assert content_of(tmp_path / "received") == CONTENT[:size]


@pytest.mark.parametrize(
    ("base", "place", "path"),
    [
        ("", "1", "1"),
        ("", "/1", "1"),
        ("files", "1", "files__1"),
        ("files", "/1", "1"),
    ],
)
async def test_a_place_is_relative_to_the_device(
    connect: Connect, tmp_path: Path, base: str, place: str, path: str
) -> None:
    async with bare_server(**{path: Content(b"it")}) as server:
        connection = await connect(server.port)
        device = thing(connection, base=base)
        await received(connection, device, place, tmp_path / "received")
    assert content_of(tmp_path / "received") == b"it"


@pytest.mark.parametrize("largest", range(7))
async def test_blocks_are_as_small_as_the_endpoint_wants_them(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path, largest: int
) -> None:
    one, server = blocks
    one.largest = largest
    one.content = TINY
    path = written(tmp_path / "sent", TINY)
    connection = await connect(server.port)
    device = thing(connection)
    there = await sent(connection, device, "files/1", path)
    back = await received(connection, device, "files/1", tmp_path / "received")
    assert (there.error, back.error) == (None, None)
    assert bytes(one.taken) == TINY
    assert content_of(tmp_path / "received") == TINY
    assert one.requests[0].opt.size1 == len(TINY)
    assert one.requests[1].opt.block1.size_exponent == largest


async def test_an_endpoint_may_refuse_a_block_that_is_too_large(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path
) -> None:
    one, server = blocks

    def odd(_number: int, request: Message, answer: Message) -> Message:
        if request.opt.block1.size_exponent > 2:
            one.taken.clear()
            answer = Message(code=Code.REQUEST_ENTITY_TOO_LARGE)
            answer.opt.block1 = (0, False, 2)
        return answer

    one.odd = odd
    connection = await connect(server.port)
    path = written(tmp_path / "sent", SHORT)
    there = await sent(connection, thing(connection), "files/1", path)
    assert there.status is SyncStatus.IN_SYNC
    assert bytes(one.taken) == SHORT


async def test_a_device_may_have_its_own_size_of_blocks(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path
) -> None:
    one, server = blocks
    connection = await connect(server.port)
    device = thing(connection, coap={"block_size": 64})
    await received(connection, device, "files/1", tmp_path / "received")
    assert one.requests[0].opt.block2.size_exponent == 2


def failing(number: int, code: Code) -> Callable[[int, Message, Message], Message]:
    """Return what fails once."""

    def odd(at: int, _request: Message, answer: Message) -> Message:
        return Message(code=code) if at == number else answer

    return odd


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.REQUEST_ENTITY_INCOMPLETE, SyncStatus.IN_SYNC),
        (Code.SERVICE_UNAVAILABLE, SyncStatus.IN_SYNC),
        (Code.NOT_FOUND, SyncStatus.SYNC_FAILED),
        (Code.REQUEST_ENTITY_TOO_LARGE, SyncStatus.SYNC_FAILED),
    ],
)
@pytest.mark.parametrize("move", [sent, received])
async def test_a_failure_in_the_middle(
    blocks: tuple[Blocks, BareServer],
    connect: Connect,
    tmp_path: Path,
    move: Any,
    code: Code,
    status: SyncStatus,
) -> None:
    one, server = blocks
    one.odd = failing(3, code)
    path = written(tmp_path / "file", SHORT)
    connection = await connect(server.port)
    moved = await move(connection, thing(connection), "files/1", path)
    assert moved.status is status
    assert isinstance(moved.error, RejectedError) is (status != SyncStatus.IN_SYNC)


async def test_an_endpoint_that_never_says_that_it_is_done(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path
) -> None:
    one, server = blocks
    one.odd = lambda _number, _request, _answer: Message(code=Code.CONTINUE)
    path = written(tmp_path / "file", SHORT)
    connection = await connect(server.port)
    moved = await sent(connection, thing(connection), "files/1", path)
    assert isinstance(moved.error, UnreachableError)


async def test_a_content_that_changes_meanwhile_is_received_anew(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path
) -> None:
    one, server = blocks

    def odd(number: int, _request: Message, answer: Message) -> Message:
        if number == 3:
            one.content = CONTENT[5_000:9_000]
        answer.opt.etag = b"new" if number >= 3 else b"old"
        return answer

    one.odd = odd
    connection = await connect(server.port)
    back = await received(
        connection, thing(connection), "files/1", tmp_path / "received"
    )
    assert back.status is SyncStatus.IN_SYNC
    assert content_of(tmp_path / "received") == CONTENT[5_000:9_000]


@pytest.mark.parametrize("move", [sent, received])
async def test_there_are_not_more_blocks_than_can_be_counted(
    blocks: tuple[Blocks, BareServer],
    connect: Connect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    move: Any,
) -> None:
    monkeypatch.setattr(storing, "MAX_BLOCKS", 3)
    one, server = blocks
    path = written(tmp_path / "file", SHORT)
    connection = await connect(server.port)
    moved = await move(connection, thing(connection), "files/1", path)
    assert "more blocks than there can be" in str(moved.error)
    assert len(one.requests) == 3


@pytest.mark.parametrize("content_format", [None, 65000])
async def test_what_a_content_is_need_not_be_known(
    connect: Connect, tmp_path: Path, content_format: int | None
) -> None:
    async with bare_server(files__1=Content(b"it", content_format)) as server:
        connection = await connect(server.port)
        device = thing(connection)
        path = tmp_path / "received"
        back = await received(connection, device, "files/1", path)
        assert back.content_type == "application/octet-stream"
        there = await sent(connection, device, "files/1", path, content_type="x/y")
        assert there.status is SyncStatus.IN_SYNC


def another_block(_number: int, request: Message, answer: Message) -> Message:
    """Answer always with the same block."""
    answer.opt.block2 = (0, True, request.opt.block2.size_exponent)
    return answer


def a_short_block(_number: int, _request: Message, answer: Message) -> Message:
    """Answer with less than a block where more follow."""
    answer.payload = answer.payload[:-1]
    return answer


@pytest.mark.parametrize("odd", [another_block, a_short_block])
async def test_what_does_not_fit_together_is_not_put_together(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path, odd: Any
) -> None:
    one, server = blocks
    one.odd = odd
    connection = await connect(server.port)
    path = tmp_path / "received"
    back = await received(connection, thing(connection), "files/1", path)
    assert back.status is SyncStatus.SYNC_FAILED
    assert "another block" in str(back.error)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("told", [True, False])
async def test_nothing_larger_than_it_may_be_is_received(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path, told: bool
) -> None:
    one, server = blocks

    def odd(number: int, request: Message, answer: Message) -> Message:
        answer.opt.size2 = 2**30 if told else None
        answer.payload = bytes(1024)
        answer.opt.block2 = (request.opt.block2.block_number, True, 6)
        return answer

    one.odd = odd
    connection = await connect(server.port)
    path = tmp_path / "received"
    back = await received(connection, thing(connection), "files/1", path, limit=9_999)
    assert isinstance(back.error, TooLargeError)
    assert len(one.requests) == (1 if told else 10)
    assert names_in(tmp_path) == []


async def test_an_endpoint_that_goes_away_in_the_middle(
    blocks: tuple[Blocks, BareServer], connect: Connect, tmp_path: Path
) -> None:
    one, server = blocks
    stopped: list[bool] = []

    def odd(number: int, _request: Message, answer: Message) -> Message:
        if number >= 3:
            stopped.append(True)
            answer.code = Code.GATEWAY_TIMEOUT
        return answer

    one.odd = odd
    connection = await connect(server.port)
    path = written(tmp_path / "received", b"old")
    back = await received(connection, thing(connection), "files/1", path)
    assert isinstance(back.error, UnreachableError)
    assert len(stopped) == RETRIES + 1
    assert content_of(path) == b"old"
    assert names_in(tmp_path) == ["received"]


async def test_an_endpoint_that_does_not_answer_any_more(
    connect: Connect, tmp_path: Path
) -> None:
    path = written(tmp_path / "sent", SHORT)
    async with bare_server(files__1=Content()) as server:
        connection = await connect(server.port)
        device = thing(connection)
        await server.stop()
        one = await sent(connection, device, "files/1", path)
        await server.start()
    assert isinstance(one.error, UnreachableError)


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("coap://127.0.0.2/x", ForeignHostError),
        ("coap://127.0.0.1:1/x", ForeignHostError),
        ("coap+tcp://127.0.0.1/x", ForeignHostError),
        ("../x", ValueRefusedError),
        ("/a/%2e%2e/x", ValueRefusedError),
        ("x" * 3000, ValueRefusedError),
        ("http://127.0.0.1/x", ValueRefusedError),
    ],
)
@pytest.mark.parametrize("move", [sent, received])
async def test_nobody_else_is_asked(
    connect: Connect, tmp_path: Path, place: str, error: type[Exception], move: Any
) -> None:
    path = written(tmp_path / "file", b"old")
    async with bare_server() as server:
        connection = await connect(server.port)
        one = await move(connection, thing(connection), place, path)
    assert isinstance(one.error, error), one.error
    assert content_of(path) == b"old"


async def test_others_have_their_turn_between_the_blocks(
    connect: Connect, tmp_path: Path
) -> None:
    path = written(tmp_path / "sent", SHORT)
    async with bare_server(files__1=Content(), temperature=Content(b"21.5")) as server:
        connection = await connect(server.port)
        device = thing(connection)
        sending = asyncio.create_task(sent(connection, device, "files/1", path))
        await asyncio.sleep(0)
        await connection.read(device, {"temperature"})
        assert not sending.done()
        one = await sending
    assert one.status is SyncStatus.IN_SYNC
    assert device.get("temperature") == 21.5


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
async def test_libcoap_takes_and_gives_a_file(
    peer_program: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 10 -v 7"
    path = written(tmp_path / "sent", CONTENT[:20_000])
    with running(*command.split(), log=tmp_path / "log"):
        await answers(endpoint, port)
        connection = CoapConnection(CoapEndpoint("127.0.0.1", port))
        await connection.open()
        try:
            device = thing(connection)
            one = await sent(connection, device, "made/here", path)
            assert one.error is None
            back = await received(connection, device, one.uri, tmp_path / "received")
            assert back.error is None
        finally:
            await connection.close()
    assert content_of(tmp_path / "received") == CONTENT[:20_000]
