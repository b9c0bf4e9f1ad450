"""OSCORE, at aiocoap's server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import time
from typing import Any, Final, override

from aiocoap import Code, Message
from aiocoap.credentials import CredentialsMap
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    attempt,
    oscore,
    request,
)
from custom_components.device_models.iot.connections.coap.raw import RawRequest, send
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Request,
)
from custom_components.device_models.iot.connections.coap.security import OscoreKeys
from custom_components.device_models.iot.connections.coap.sequence import (
    LOW,
    STEP,
    SequenceNumbers,
)
from custom_components.device_models.iot.connections.coap.transports import Transport
from custom_components.device_models.iot.connections.coap.uri import parse_uri
from custom_components.device_models.iot.errors import (
    UnauthorizedError,
    UnreachableError,
)

from .coap_server import BareServer, Content, bare_server, state
from .things import STATE, nothing_left, shown, thing, until
from .udp_peer import answer, polite, udp_peer

wrapper = pytest.importorskip("aiocoap.oscore_sitewrapper")

SECRET: Final = bytes(range(16))
SALT: Final = b"salt"


class Book:
    """Where numbers are written down, in memory."""

    def __init__(self, written: int = 0) -> None:
        self.written = [written]

    async def load(self) -> int | None:
        return self.written[-1]

    async def save(self, number: int) -> None:
        await asyncio.sleep(0)
        self.written.append(number)

    def numbers(self) -> SequenceNumbers:
        return SequenceNumbers(self.load, self.save)


def keys(book: Book | None = None, **more: Any) -> OscoreKeys:
    """Return our keys; the server has the same ones, unless told otherwise."""
    said: dict[str, Any] = {
        "master_secret": SECRET,
        "master_salt": SALT,
        "sender_id": b"\x01",
        "recipient_id": b"",
    }
    return OscoreKeys(**said | more, numbers=(book or Book()).numbers())


@asynccontextmanager
async def protected(
    folder: Path,
    algorithm: str = "AES-CCM-16-64-128",
    *,
    secret: bytes = SECRET,
    port: int = 0,
    **resources: Content,
) -> AsyncGenerator[BareServer]:
    """Run a server that takes protected requests, and others too."""
    (folder / "secret.json").write_text(
        json.dumps(
            {
                "secret_hex": secret.hex(),
                "salt_hex": SALT.hex(),
                "sender-id_hex": "",
                "recipient-id_hex": "01",
                "algorithm": algorithm,
            }
        )
    )
    credentials = CredentialsMap()
    credentials.load_from_dict({":home": {"oscore": {"basedir": f"{folder}/"}}})
    async with bare_server(
        lambda site: wrapper.OscoreSiteWrapper(site, credentials), port, **resources
    ) as server:
        yield server
    credentials[":home"]._destroy()


def endpoint(port: int, security: OscoreKeys | None = None) -> CoapEndpoint:
    return CoapEndpoint(
        "127.0.0.1", port, transport=Transport.OSCORE, security=security or keys()
    )


@pytest.mark.parametrize(
    "algorithm", ["AES-CCM-16-64-128", "ChaCha20/Poly1305", "A256GCM"]
)
async def test_device_is_read_and_written(tmp_path: Path, algorithm: str) -> None:
    async with protected(tmp_path, algorithm, state=state(), level=Content()) as server:
        async with nothing_left(timers=False):
            connection = CoapConnection(
                endpoint(server.port, keys(algorithm=algorithm))
            )
            await connection.open()
            device = thing(connection)
            await connection.read(device, {"temperature"})
            assert shown(device)["temperature"] == STATE["temperature"]
            await device.set("level", 7)
            health = connection.health(device)
            assert health.round_trip
            assert health.retransmissions == 0
            await connection.close()
        (written,) = server.resources["level",].asked(Code.PUT)
        assert written.payload == b"7"
        assert written.remote.authenticated_claims == [":home"]


async def test_observation_begins_and_ends(tmp_path: Path) -> None:
    async with protected(tmp_path, state=state()) as server:
        shared = server.resources["state",]
        async with nothing_left(timers=False):
            connection = CoapConnection(endpoint(server.port))
            await connection.open()
            device = thing(connection)
            await connection.attach(device)
            await until(lambda: connection.pushed(device))
            for number in range(5):
                shared.notify(json.dumps({**STATE, "level": number}).encode())
                await until(lambda: shown(device).get("level") == number)  # noqa: B023
            assert len(shared.observers) == 1
            await connection.detach(device)
            await until(lambda: not shared.observers)  # it was told
            await connection.close()


async def test_observation_that_the_device_ends(tmp_path: Path) -> None:
    async with protected(tmp_path, level=Content(b"1", 0)) as server:
        level = server.resources["level",]
        asking = endpoint(server.port)
        await asking.open()
        async with asking.observe("level") as (first, notifications):
            assert (first.payload, first.observed) == (b"1", True)
            level.notify(b"2")
            assert (await anext(notifications)).payload == b"2"
            level.end(Code.NOT_FOUND)
            assert [one.code async for one in notifications] == ["4.04"]
        await until(lambda: not level.observers)
        await asking.close()


async def test_resource_that_is_not_observed(tmp_path: Path) -> None:
    async with protected(tmp_path, level=Content(b"1", observable=False)) as server:
        asking = endpoint(server.port)
        await asking.open()
        async with asking.observe("level") as (first, notifications):
            assert (first.payload, first.observed) == (b"1", False)
            assert not [one async for one in notifications]
        await asking.close()


async def test_notification_that_is_played_again_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As an attacker would: under a new message ID, and with a new number outside.
    monkeypatch.setattr(request.ConfirmableTuning, "OBSERVATION_RESET_TIME", 0.0)
    async with protected(tmp_path, level=Content(b"1", 0)) as server:
        level = server.resources["level",]
        asking = endpoint(server.port)
        await asking.open()
        opened: list[Any] = []
        unprotect = oscore.SecurityContext.unprotect

        def recording(self: Any, message: Any, identifiers: Any) -> Any:
            opened.append(message)
            return unprotect(self, message, identifiers)

        monkeypatch.setattr(oscore.SecurityContext, "unprotect", recording)
        async with asking.observe("level") as (_, notifications):
            level.notify(b"2")
            assert (await anext(notifications)).payload == b"2"
            old = opened[-1]
            level.notify(b"3")
            assert (await anext(notifications)).payload == b"3"
            assert asking._access is not None
            context = await asking._access.context()
            tokens = context.request_interfaces[0]._wire.request_interfaces[0]
            again = old.copy(observe=old.opt.observe + 9)
            again.token, again.remote, again.direction = (
                old.token,
                old.remote,
                old.direction,
            )
            assert tokens.process_response(again)
            level.notify(b"4")
            assert (await anext(notifications)).payload == b"4"
        assert opened.count(again) == 1  # it was looked at
        await until(lambda: not level.observers)
        await asking.close()


async def test_numbers_that_go_on_are_no_restart(tmp_path: Path) -> None:
    async with protected(tmp_path, state=state()) as server:
        connection = CoapConnection(endpoint(server.port))
        await connection.open()
        device = thing(connection)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        shared = server.resources["state",]
        epoch = connection._numbering.epoch
        for number in range(3):
            shared.notify(json.dumps({**STATE, "level": number}).encode())
            await until(lambda: shown(device).get("level") == number)  # noqa: B023
            asked = len(shared.asked(Code.GET))
            for one in connection._attached[device]._observations:
                one.renew()
            await until(lambda: len(shared.asked(Code.GET)) > asked)  # noqa: B023
            await until(lambda: connection.pushed(device))
        assert connection._numbering.epoch == epoch
        await connection.close()


async def test_long_documents_go_in_blocks(tmp_path: Path) -> None:
    long = json.dumps("x" * 20_000).encode()
    async with protected(tmp_path, label=Content(long)) as server:
        asking = endpoint(server.port)
        await asking.open()
        assert (await asking.request(Method.GET, "label")).payload == long
        put = await asking.request(Method.PUT, "label", payload=long[::-1])
        assert put.code == "2.04"
        assert server.resources["label",].payload == long[::-1]
        await asking.close()


async def test_nothing_is_said_in_the_clear(tmp_path: Path) -> None:
    async with udp_peer(polite) as peer:
        asking = endpoint(peer.port)
        await asking.open()
        with pytest.raises(UnreachableError, match="Object-Security"):
            await asking.request(Method.PUT, "door", payload=b"open sesame")
        (sent,) = peer.requests
        assert sent.code is Code.POST
        assert not sent.opt.uri_path
        assert b"sesame" not in sent.payload
        assert sent.opt.oscore is not None
        await asking.close()


@pytest.mark.parametrize(
    "other",
    [
        {"master_secret": SECRET[::-1]},
        {"sender_id": b"\x09"},
        {"recipient_id": b"\x09"},
        {"id_context": b"elsewhere"},
    ],
)
async def test_other_keys_are_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    async with protected(tmp_path, level=Content()) as server:
        asking = endpoint(server.port, keys(**other))
        told: list[bool] = []
        asking.on_unauthorized = lambda: told.append(True)
        await asking.open()
        with pytest.raises(UnauthorizedError):
            await asking.request(Method.GET, "level")
        assert told
        await asking.close()


async def test_answer_that_is_forged_is_none(tmp_path: Path) -> None:
    def forged(message: Message) -> Any:
        yield answer(message, b"x" * 20, options=[(9, b"")])

    async with udp_peer(forged) as peer, nothing_left(timers=False):
        asking = endpoint(peer.port)
        await asking.open()
        with pytest.raises(UnauthorizedError):
            await asking.request(Method.GET, "level")
        await asking.close()


async def test_request_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with udp_peer(lambda _: ()) as peer, nothing_left(timers=False):
        asking = endpoint(peer.port)
        await asking.open()
        with pytest.raises(UnreachableError, match="no answer"):
            await asking.request(Method.GET, "level")
        assert asking.statistics.retransmissions == 2
        monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 0.05)
        with pytest.raises(UnreachableError, match="no answer"):
            await asking.request(Method.GET, "level")
        await asking.close()


async def test_device_that_is_not_to_answer(tmp_path: Path) -> None:
    async with protected(tmp_path, level=Content()) as server:
        asking = endpoint(server.port)
        await asking.open()
        await asking.tell(Request(method=Method.PUT, path="level", payload=b"3"))
        await until(lambda: server.resources["level",].payload == b"3")
        await asking.close()


async def test_raw_request(tmp_path: Path) -> None:
    async with protected(tmp_path, level=Content(b"3")) as server:
        raw = RawRequest(
            target=parse_uri(f"coap://127.0.0.1:{server.port}/level"),
            transport=Transport.OSCORE,
            security=keys(),
        )
        assert (await send(raw)).payload == b"3"


async def test_server_that_has_forgotten_asks_whether_we_are_there(
    tmp_path: Path,
) -> None:
    # RFC 8613 appendix B.1.2: it has lost its replay window.
    sequence = {"next-to-send": 50, "received": "unknown"}
    (tmp_path / "sequence.json").write_text(json.dumps(sequence))
    async with protected(tmp_path, level=Content(b"4")) as server:
        asking = endpoint(server.port)
        await asking.open()
        assert (await asking.request(Method.GET, "level")).payload == b"4"
        assert [one.outcome for one in asking.statistics.trace] == ["2.05"]
        await asking.close()


async def test_refusal_of_a_repetition_is_no_other_key(tmp_path: Path) -> None:
    # RFC 8613 §8.2: the server has seen the number, as when an answer got lost.
    async with protected(tmp_path, level=Content(b"3")) as server:
        for _ in range(2):  # the second time it begins with the same numbers
            asking = endpoint(server.port, keys(Book(2**39)))
            await asking.open()
            assert (await asking.request(Method.PUT, "level", payload=b"4")).success
            await asking.close()
        assert len(server.resources["level",].asked(Code.PUT)) == 2
        posting = endpoint(server.port, keys(Book(2**39)))
        await posting.open()
        with pytest.raises(UnreachableError, match="perhaps the credentials"):
            await posting.request(Method.POST, "level", payload=b"5")
        assert not server.resources["level",].asked(Code.POST)
        await posting.close()


# Sequence numbers


async def test_numbers_are_written_down_before_they_are_used() -> None:
    book = Book()
    numbers = book.numbers()
    taken = []
    for _ in range(3 * STEP):
        await numbers.ready()
        taken.append(numbers.take())
        assert taken[-1] < book.written[-1]
    assert taken == list(range(taken[0], taken[0] + len(taken)))
    assert len(book.written) - 1 <= 3 * STEP / (STEP - LOW) + 1
    # After a restart, or a crash, none comes again.
    later = book.numbers()
    await later.ready()
    assert later.take() > taken[-1]


async def test_numbers_of_a_file_that_was_rewound_do_not_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Book().numbers()
    await first.ready()
    used = [first.take() for _ in range(LOW)]
    hour = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: hour)
    again = Book().numbers()  # nothing is known of what was written
    await again.ready()
    assert again.take() > used[-1]


async def test_numbers_are_not_guessed_without_a_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Lost(Book):
        @override
        async def load(self) -> int | None:
            return None

    monkeypatch.setattr(time, "time", lambda: 1000.0)  # 1970
    with pytest.raises(OSError, match="the clock is not set"):
        await Lost().numbers().ready()
    kept = Book(77).numbers()
    await kept.ready()
    assert kept.take() == 77
    monkeypatch.undo()
    await Lost().numbers().ready()


async def test_numbers_that_are_not_reserved_are_not_taken() -> None:
    numbers = Book().numbers()
    with pytest.raises(RuntimeError):
        numbers.take()


async def test_numbers_that_cannot_be_written_down_are_not_used() -> None:
    class Full(Book):
        @override
        async def save(self, number: int) -> None:
            raise OSError(28, "No space left on device")

    async with udp_peer(polite) as peer, nothing_left(timers=False):
        asking = endpoint(peer.port, keys(Full()))
        await asking.open()
        with pytest.raises(UnreachableError, match="No space left"):
            await asking.request(Method.GET, "level")
        assert not peer.received
        await asking.close()


async def test_numbers_come_to_an_end() -> None:
    book = Book(2**40 - 2)
    async with udp_peer(polite) as peer, nothing_left(timers=False):
        asking = endpoint(peer.port, keys(book))
        await asking.open()
        for _ in range(4):
            with pytest.raises(UnreachableError):
                await asking.request(Method.GET, "level")
        assert len(peer.requests) == 2
        await asking.close()
