"""CoAP over TCP, TLS and WebSockets (RFC 8323)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
import socket
import ssl
from typing import Any

from aiocoap import Code, Context
from aiocoap.resource import Site
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.connections.coap.raw import RawRequest, send
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Request,
)
from custom_components.device_models.iot.connections.coap.transports import Transport
from custom_components.device_models.iot.connections.coap.uri import parse_uri
from custom_components.device_models.iot.connections.coap.watching import Watches
from custom_components.device_models.iot.connections.tls import TlsFiles
from custom_components.device_models.iot.errors import (
    UnauthorizedError,
    UnreachableError,
    UntrustedError,
    ValueRefusedError,
)

from .certificates import Authority, Pair
from .coap_server import Content, state
from .programs import Program, running
from .test_libcoap import SERVERS, changes, working_clock
from .things import STATE, free_port, nothing_left, shown, thing, until

BEYOND: dict[str, int] = {"tcpserver": 0, "tlsserver": 1, "ws": 3000}
"""Where aiocoap's server listens, seen from the port it is given."""


@asynccontextmanager
async def serving(
    transport: str, port: int = 0, tls: ssl.SSLContext | None = None, **resources: Any
) -> AsyncGenerator[int]:
    """Run a server; returns its port."""
    site = Site()
    for name, resource in resources.items():
        site.add_resource((name,), resource)
    port = port or free_port()
    context = await Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=[transport], _ssl_context=tls
    )
    try:
        yield port + BEYOND[transport]
    finally:
        interface: Any = context.request_interfaces[0].token_interface
        if tls is not None:  # aiocoap fails over those that got no further than TLS
            interface._pool = {one for one in interface._pool if one._transport}
        await context.shutdown()


@pytest.mark.parametrize(
    ("transport", "server"), [(Transport.TCP, "tcpserver"), (Transport.WEBSOCKET, "ws")]
)
async def test_device_is_read_written_and_observed(
    transport: Transport, server: str
) -> None:
    shared, level = state(), Content()
    async with serving(server, state=shared, level=level) as port, nothing_left():
        connection = CoapConnection(
            CoapEndpoint("127.0.0.1", port, transport=transport)
        )
        await connection.open()
        device = thing(connection)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        shared.notify(b'{"temperature": 30}')
        await until(lambda: shown(device)["temperature"] == 30)
        await device.set("level", 5)
        assert [one.payload for one in level.asked(Code.PUT)] == [b"5"]
        health = connection.health(device)
        assert health.round_trip
        assert health.retransmissions == 0
        await connection.detach(device)
        await until(lambda: not shared.observers)  # it was told
        await connection.close()


async def test_long_documents_and_no_answer() -> None:
    label = Content(b"0123456789" * 20_000)
    async with serving("tcpserver", label=label) as port, nothing_left():
        asking = CoapEndpoint("127.0.0.1", port, transport=Transport.TCP)
        await asking.open()
        assert (await asking.request(Method.GET, "label")).payload == label.payload
        long = label.payload[::-1]
        assert (await asking.request(Method.PUT, "label", payload=long)).success
        assert label.payload == long
        await asking.tell(Request(method=Method.PUT, path="label", payload=b"short"))
        await until(lambda: label.payload == b"short")
        await asking.close()


async def test_server_that_ends_and_comes_back() -> None:
    port = free_port()
    shared = state()
    connection = CoapConnection(
        CoapEndpoint("127.0.0.1", port, transport=Transport.TCP)
    )
    async with serving("tcpserver", port, state=shared):
        await connection.open()
        device = thing(connection)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
    await until(lambda: not connection.pushed(device))
    with pytest.raises(UnreachableError, match="Connection refused"):
        await connection.read(device, {"temperature"})
    assert not device.online
    async with serving("tcpserver", port, state=shared):
        await connection.read(device, {"temperature"})
        assert shown(device)["temperature"] == STATE["temperature"]
        await until(lambda: connection.pushed(device))
        await connection.close()


@dataclass(slots=True)
class Listener:
    """Takes all that comes over TCP, and says nothing."""

    port: int = 0
    got: bytearray = field(default_factory=bytearray)
    connections: int = 0
    left: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: Any) -> None:
        """Listen to one peer until it leaves."""
        self.connections += 1
        with suppress(ConnectionError):
            while data := await reader.read(1000):
                self.got.extend(data)
        self.left += 1
        writer.close()


@asynccontextmanager
async def listening() -> AsyncGenerator[Listener]:
    """Run a listener, until all have left it."""
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    yield listener
    await until(lambda: listener.left == listener.connections)
    server.close()
    await server.wait_closed()


async def test_connection_that_ends_during_a_request() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: Any) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, nothing_left():
        asking = CoapEndpoint(
            "127.0.0.1",
            server.sockets[0].getsockname()[1],
            transport=Transport.TCP,
        )
        await asking.open()
        with pytest.raises(UnreachableError, match=r"closed|reset"):
            await asking.request(Method.GET, "a")
        await asking.close()


async def test_peer_that_is_connected_and_says_nothing() -> None:
    async with nothing_left(), listening() as there:
        asking = CoapEndpoint("127.0.0.1", there.port, transport=Transport.TCP)
        await asking.open()
        for _ in range(3):
            with pytest.raises(UnreachableError, match="no answer"):
                await asking.request(Method.GET, "a")
        assert there.connections == 2  # the second one, after two were in vain
        await asking.close()


async def test_notifications_without_numbers_are_taken() -> None:
    # RFC 8323 §7.1: what comes in order need not be numbered.
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xe1")  # CSM, without options
        token = None
        while token is None:
            first, code = await reader.readexactly(2)
            length, token_length = first >> 4, first & 15
            if length == 13:
                length, code = 13 + code, (await reader.readexactly(1))[0]
            token_read = await reader.readexactly(token_length)
            await reader.readexactly(length)
            token = token_read if code == Code.GET else None
        for content in (b"1", b"2", b"3"):
            writer.write(b"%c\x45%b\x60\xff%b" % (0x30 | len(token), token, content))
            await writer.drain()
            await asyncio.sleep(0.02)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    got: list[bytes] = []
    async with server:
        watches = Watches()
        await watches.start(
            "me",
            parse_uri(f"coap+tcp://127.0.0.1:{port}/door"),
            lambda one: got.append(one.response.payload),
        )
        await until(lambda: got == [b"1", b"2", b"3"])
        await watches.end()


async def test_watching_over_tcp() -> None:
    shared = Content(b"1", 0)
    async with serving("tcpserver", door=shared) as port, nothing_left():
        watches = Watches()
        got: list[bytes] = []
        await watches.start(
            "me",
            parse_uri(f"coap+tcp://127.0.0.1:{port}/door"),
            lambda one: got.append(one.response.payload),
        )
        await until(lambda: got == [b"1"])
        shared.notify(b"2")
        await until(lambda: got == [b"1", b"2"])
        await watches.end()


# TLS


@pytest.fixture
def home() -> Authority:
    return Authority()


def server_side(
    pair: Pair, folder: Path, clients: Authority | None = None
) -> ssl.SSLContext:
    """Return what a server has; it asks for certificates if it knows an authority."""
    (folder / "own").write_text(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own")
    context.set_alpn_protocols(["coap"])
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.certificate)
    return context


def secure(port: int, files: TlsFiles, host: str = "127.0.0.1") -> CoapEndpoint:
    return CoapEndpoint(host, port, transport=Transport.TLS, security=files)


async def test_server_of_a_trusted_authority(home: Authority, tmp_path: Path) -> None:
    tls = server_side(home.sign("localhost"), tmp_path)
    level = Content(b"3")
    async with serving("tlsserver", tls=tls, level=level) as port, nothing_left():
        asking = secure(port, TlsFiles(ca=home.certificate))
        assert asking.address == f"coaps+tcp://127.0.0.1:{port}"
        await asking.open()
        assert (await asking.request(Method.GET, "level")).payload == b"3"
        await asking.close()


@pytest.mark.parametrize("trusted", [None, "another"])
async def test_server_of_an_unknown_authority(
    home: Authority, tmp_path: Path, trusted: str | None
) -> None:
    tls = server_side(home.sign("localhost"), tmp_path)
    ca = Authority("Other").certificate if trusted else None
    async with serving("tlsserver", tls=tls) as port, nothing_left():
        asking = secure(port, TlsFiles(ca=ca))
        await asking.open()
        with pytest.raises(UntrustedError, match="certificate is not trusted"):
            await asking.request(Method.GET, "level")
        await asking.close()


async def test_certificate_of_another_host(home: Authority, tmp_path: Path) -> None:
    tls = server_side(home.sign("elsewhere", "192.0.2.1"), tmp_path)
    async with serving("tlsserver", tls=tls) as port, nothing_left():
        asking = secure(port, TlsFiles(ca=home.certificate))
        await asking.open()
        with pytest.raises(UntrustedError, match=r"not trusted: .*127\.0\.0\.1"):
            await asking.request(Method.GET, "level")
        await asking.close()


async def test_client_certificate(home: Authority, tmp_path: Path) -> None:
    clients = Authority("Clients")
    pair = clients.sign("hass")
    tls = server_side(home.sign("localhost"), tmp_path, clients)
    level = Content(b"3")
    async with serving("tlsserver", tls=tls, level=level) as port, nothing_left():
        asking = secure(port, TlsFiles(home.certificate, pair.certificate, pair.key))
        await asking.open()
        assert (await asking.request(Method.GET, "level")).payload == b"3"
        await asking.close()


@pytest.mark.peer
@pytest.mark.parametrize(
    "peer_program",
    [("coap-server-openssl",), ("coap-server-gnutls",)],
    indirect=True,
    ids=["openssl", "gnutls"],
)
@pytest.mark.parametrize("shown", ["right", "none", "another"])
async def test_client_certificate_at_libcoap(
    peer_program: str, home: Authority, port: int, tmp_path: Path, shown: str
) -> None:
    own, clients = home.sign("localhost"), Authority("Clients")
    (tmp_path / "own").write_text(own.certificate + own.key)
    (tmp_path / "clients").write_text(clients.certificate)
    pair = (Authority("Other") if shown == "another" else clients).sign("hass")
    files = TlsFiles(home.certificate, pair.certificate, pair.key)
    if shown == "none":
        files = TlsFiles(home.certificate)
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 10 -v 7".split()
    command += ["-c", f"{tmp_path}/own", "-C", f"{tmp_path}/clients"]
    with running(*command, log=tmp_path / "log"):
        plain = CoapConnection(CoapEndpoint("127.0.0.1", port))
        await opened(plain)
        await plain.close()
        async with nothing_left():
            asking = secure(port + 1, files)
            await asking.open()
            if shown == "right":
                assert (await asking.request(Method.GET, "time")).success
            else:
                with pytest.raises(UnauthorizedError):
                    await asking.request(Method.GET, "time")
            await asking.close()


async def test_end_without_a_word_is_no_refusal(
    home: Authority, tmp_path: Path
) -> None:
    # As that of a proxy whose backend is down.
    own = home.sign("localhost")
    tls = server_side(own, tmp_path)
    connections: list[Any] = []

    async def hang_up(_reader: asyncio.StreamReader, writer: Any) -> None:
        connections.append(writer)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=tls)
    async with server, nothing_left():
        at = server.sockets[0].getsockname()[1]
        asking = secure(at, TlsFiles(home.certificate))
        await asking.open()
        for method, tries in ((Method.POST, 1), (Method.GET, 2)):
            connections.clear()
            with pytest.raises(UnreachableError):
                await asking.request(method, "level")
            assert len(connections) == tries
        await asking.close()


async def test_all_who_ask_at_once_have_one_connection() -> None:
    async with listening() as there:
        target = parse_uri(f"coap+tcp://127.0.0.1:{there.port}/")
        asked = RawRequest(target=target, timeout=0.3)
        answers = await asyncio.gather(
            *(send(asked) for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(one, UnreachableError) for one in answers)
        assert there.connections == 1


@pytest.mark.parametrize("turns", range(4))
async def test_closed_while_requests_are_being_given_up(turns: int) -> None:
    """Whatever aiocoap has forgotten of the first one when the last one leaves."""
    async with nothing_left(), listening() as there:
        asked = RawRequest(target=parse_uri(f"coap+tcp://127.0.0.1:{there.port}/state"))
        asking = [asyncio.create_task(send(asked)) for _ in range(2)]
        await until(lambda: there.got.count(b"state") == len(asking))
        for task in asking:
            task.cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
        await asyncio.wait(asking)
        assert all(task.cancelled() for task in asking)


async def test_closed_while_it_is_asked() -> None:
    async with nothing_left(), listening() as there:
        asking = CoapEndpoint("127.0.0.1", there.port, transport=Transport.TCP)
        await asking.open()
        asked = asyncio.create_task(asking.request(Method.GET, "/state"))
        await until(lambda: b"state" in there.got)
        await asking.close()
        with pytest.raises(UnreachableError, match="closed"):
            await asked


async def test_certificate_that_is_none() -> None:
    async with nothing_left():
        asking = secure(5684, TlsFiles(ca="nonsense"))
        with pytest.raises(ValueRefusedError, match="CA certificate is not usable"):
            await asking.open()
        await asking.close()


# libcoap


@pytest.fixture
def port() -> int:
    return free_port(socket.SOCK_DGRAM)


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [SERVERS], indirect=True)
async def test_libcoap_server_over_tcp(
    peer_program: str, port: int, tmp_path: Path
) -> None:
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 10 -v 7".split()
    with running(*command, log=tmp_path / "log") as program:
        connection = CoapConnection(
            CoapEndpoint("127.0.0.1", port, transport=Transport.TCP)
        )
        await opened(connection)
        device = await working_clock(connection)
        await restart(program)
        await until(changes(device, 2))
        await connection.close()


@pytest.mark.peer
@pytest.mark.parametrize(
    "peer_program",
    [[name] for name in SERVERS if "notls" not in name],
    indirect=True,
    ids=lambda names: names[0],
)
async def test_libcoap_server_over_tls(
    peer_program: str, port: int, home: Authority, tmp_path: Path
) -> None:
    """It wants a certificate of its clients, too."""
    server, client = home.sign("localhost"), home.sign("client")
    command = f"{peer_program} -A 127.0.0.1 -p {port} -v 7".split()
    for option, text in (
        ("-c", server.certificate),
        ("-j", server.key),
        ("-C", home.certificate),
    ):
        file = tmp_path / f"file{option}.pem"
        file.write_text(text)
        command += (option, str(file))
    with running(*command, log=tmp_path / "log"):
        known = TlsFiles(home.certificate, client.certificate, client.key)
        connection = CoapConnection(secure(port + 1, known))
        await opened(connection)
        await working_clock(connection)
        stranger = secure(port + 1, TlsFiles(home.certificate))
        await stranger.open()
        with pytest.raises(UnauthorizedError):
            await stranger.request(Method.GET, "/time")
        await stranger.close()
        await connection.close()


async def opened(connection: CoapConnection) -> None:
    """Open a connection to a program that is just starting."""
    async with asyncio.timeout(8):
        while True:
            try:
                await connection.open()
            except UnreachableError:
                await asyncio.sleep(0.01)
            else:
                return


async def restart(program: Program) -> None:
    program.kill()
    await asyncio.sleep(0.05)
    program.start()
