"""CoAP over DTLS with a shared key, at libcoap's servers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import socket
from typing import Any, Final, override

import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    attempt,
    request,
)
from custom_components.device_models.iot.connections.coap.raw import RawRequest, send
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.connections.coap.security import PreSharedKey
from custom_components.device_models.iot.connections.coap.transports import Transport
from custom_components.device_models.iot.connections.coap.uri import parse_uri
from custom_components.device_models.iot.errors import (
    UnauthorizedError,
    UnreachableError,
)
from simulators.relay import UdpRelay

from .programs import Program, running
from .test_libcoap import changes, clock, working_clock
from .things import free_port, nothing_left, until
from .udp_peer import datagram

dtls = pytest.importorskip(
    "custom_components.device_models.iot.connections.coap.dtls",
    reason="DTLSSocket is not installed",
)

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize(
        "peer_program",
        [("coap-server-gnutls",), ("coap-server-openssl",)],
        indirect=True,
        ids=["gnutls", "openssl"],
    ),
]

KEY: Final = PreSharedKey(b"home", b"secret")


@pytest.fixture(autouse=True)
def short_handshakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a handshake without an end found out soon, and servers not wait for long."""
    monkeypatch.setattr(dtls, "HANDSHAKE_TIMEOUT", 0.4)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 8.0)
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.1)


@pytest.fixture
async def port() -> int:
    """Return the port for DTLS, which follows the plain one."""
    return free_port(socket.SOCK_DGRAM) + 1


@pytest.fixture
async def server(
    peer_program: str, port: int, tmp_path: Path
) -> AsyncGenerator[Program]:
    """Run libcoap's server."""
    command = (
        f"{peer_program} -A 127.0.0.1 -p {port - 1} -d 10 -v 7 -k secret -h any".split()
    )
    with running(*command, log=tmp_path / "log") as program:
        await answers(port)
        yield program


async def answers(port: int) -> None:
    """Wait until the server answers on the plain port."""
    plain = CoapEndpoint("127.0.0.1", port - 1)
    await plain.open()
    async with asyncio.timeout(8):
        while True:
            try:
                await plain.request(Method.GET, "")
            except UnreachableError:
                await asyncio.sleep(0.01)
            else:
                break
    await plain.close()


def endpoint(port: int, security: PreSharedKey = KEY, **more: Any) -> CoapEndpoint:
    """Return an endpoint behind DTLS."""
    return CoapEndpoint(
        "127.0.0.1", port, transport=Transport.DTLS, security=security, **more
    )


@pytest.mark.usefixtures("server")
async def test_device_is_read_written_and_observed(port: int) -> None:
    async with nothing_left():
        connection = CoapConnection(endpoint(port))
        assert connection.address == f"coaps://127.0.0.1:{port}"
        await connection.open()
        device = await working_clock(connection)
        assert connection.health(device).round_trip
        await connection.close()


async def test_all_requests_go_through_one_session(
    server: Program, port: int, tmp_path: Path
) -> None:
    asking = endpoint(port)
    await asking.open()
    for _ in range(5):
        assert (await asking.request(Method.GET, "time")).success
    raw = RawRequest(target=parse_uri(f"coaps://127.0.0.1:{port}/time"), security=KEY)
    assert (await send(raw)).code == "2.05"
    await asking.close()
    server.kill()
    log = (tmp_path / "log").read_text(errors="replace")
    assert log.count("session connected") == 1, log


@pytest.mark.usefixtures("server")
async def test_wrong_key_is_told_from_silence(port: int) -> None:
    async with nothing_left():
        asking = endpoint(port, PreSharedKey(b"home", b"guess"))
        told: list[bool] = []
        asking.on_unauthorized = lambda: told.append(True)
        await asking.open()
        with pytest.raises(
            UnauthorizedError, match=f"coaps://127.0.0.1:{port} refuses"
        ):
            await asking.request(Method.GET, "time")
        assert told == [True]
        await asking.close()
    right = endpoint(port)
    await right.open()
    assert (await right.request(Method.GET, "time")).success
    await right.close()


async def test_server_that_restarts_is_met_in_a_new_session(
    server: Program, port: int
) -> None:
    connection = CoapConnection(endpoint(port))
    await connection.open()
    device = clock(connection)
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    server.kill()
    server.start()
    await answers(port)
    await connection.read(device, {"note"})  # without an error in between
    assert device.online
    await until(changes(device, 2))
    assert connection.pushed(device)
    await connection.close()


async def session_of(asking: CoapEndpoint) -> Any:
    """Return the only session of an endpoint, if there is one."""
    assert asking._access is not None
    context = await asking._access.context()
    interface = context.request_interfaces[0].token_interface.message_interface
    return next(iter(interface._pool.values()), None)


@pytest.mark.usefixtures("server")
async def test_what_cannot_be_read_is_passed_over(port: int) -> None:
    async with nothing_left():
        asking = endpoint(port)
        await asking.open()
        assert (await asking.request(Method.GET, "time")).success
        assert asking._access is not None
        context = await asking._access.context()
        (session,) = context.request_interfaces[
            0
        ].token_interface.message_interface._pool.values()
        odd = datagram(0, 1, 7, options=[(11, b"\xff")])  # a path that is no text
        for data in (b"", b"\x40", b"\xff" * 40, odd):
            assert session._read(None, data) == len(data)
        assert (await asking.request(Method.GET, "time")).success
        await asking.close()


async def test_server_that_says_good_bye(
    server: Program, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    # It ends, and tells its sessions so; no error of the network comes on top.
    async with UdpRelay(("127.0.0.1", port)) as relay:
        asking = endpoint(relay.port)
        await asking.open()
        assert (await asking.request(Method.GET, "time")).success
        assert await session_of(asking) is not None
        server.end()
        async with asyncio.timeout(8):
            while await session_of(asking) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        server.start()
        await answers(port)
        async with asyncio.timeout(20):
            while True:
                with suppress(UnreachableError):  # the relay may lose the first one
                    await asking.request(Method.GET, "time")
                    break
        await asking.close()
    assert "exception set" not in caplog.text


async def test_silence_is_silence(peer_program: str) -> None:
    for said in (b"", b"\x16\xfe" + b"x" * 40):
        async with deaf(said) as port, nothing_left():
            asking = endpoint(port)
            await asking.open()
            with pytest.raises(UnreachableError):
                await asking.request(Method.GET, "time")
            await asking.close()


@pytest.mark.parametrize(("alert", "sessions"), [((2, 51), 1), ((2, 40), 2)])
async def test_alert_in_place_of_a_handshake(
    peer_program: str, alert: tuple[int, int], sessions: int
) -> None:
    """decrypt_error means the key; handshake_failure does if it comes again."""
    record = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02" + bytes(alert)
    peers: set[Any] = set()
    async with deaf(record, peers) as port, nothing_left():
        asking = endpoint(port)
        await asking.open()
        async with asyncio.timeout(5):
            with pytest.raises(UnauthorizedError):
                await asking.request(Method.GET, "time")
        await asking.close()
    assert len(peers) == sessions


@pytest.mark.usefixtures("server")
async def test_session_is_kept_by_what_is_no_end(port: int) -> None:
    async with nothing_left():
        asking = endpoint(port)
        await asking.open()
        assert (await asking.request(Method.GET, "time")).success
        session = await session_of(asking)
        session._event(0, dtls.DTLS_EVENT_CONNECTED)  # hands shaken again
        session._event(1, 90)  # user_canceled, which ends nothing (RFC 5246 §7.2.2)
        assert (await asking.request(Method.GET, "time")).success
        assert await session_of(asking) is session
        await asking.close()


async def test_host_without_an_address(peer_program: str) -> None:
    async with nothing_left():
        asking = CoapEndpoint(
            "nobody.invalid", 5684, transport=Transport.DTLS, security=KEY
        )
        await asking.open()
        with pytest.raises(UnreachableError):
            await asking.request(Method.GET, "time")
        await asking.close()


class Deaf(asyncio.DatagramProtocol):
    """Answers each datagram in the same way, whatever it says."""

    def __init__(self, answer: bytes, peers: set[Any]) -> None:
        """Note the answer; nothing, if it is empty."""
        self._answer = answer
        self._peers = peers
        self._transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note how to answer."""
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer."""
        self._peers.add(addr)
        if self._answer:
            self._transport.sendto(self._answer, addr)


@asynccontextmanager
async def deaf(answer: bytes, peers: set[Any] | None = None) -> AsyncGenerator[int]:
    """Run a peer that does not know DTLS; returns its port. It notes its peers."""
    noted = set() if peers is None else peers
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Deaf(answer, noted), local_addr=("127.0.0.1", 0)
    )
    yield transport.get_extra_info("sockname")[1]
    transport.close()
    await asyncio.sleep(0)
