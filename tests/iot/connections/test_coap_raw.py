"""Raw CoAP requests: what is sent, what is answered, and what goes wrong."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
import json
from pathlib import Path
import ssl
from typing import Any

from aiocoap import Code, Context, Message
from aiocoap.numbers import OptionNumber
from aiocoap.optiontypes import OpaqueOption
from aiocoap.resource import Resource, Site
import pytest

from custom_components.device_models.iot.connections.coap import raw, transports
from custom_components.device_models.iot.connections.coap.observation import State
from custom_components.device_models.iot.connections.coap.options import (
    option_of,
)
from custom_components.device_models.iot.connections.coap.raw import (
    RawRequest,
    RawResponse,
    TimedOutError,
    send,
)
from custom_components.device_models.iot.connections.coap.uri import (
    parse_uri,
)
from custom_components.device_models.iot.connections.coap.watching import Watches
from custom_components.device_models.iot.errors import (
    TransportMissingError,
    UnreachableError,
)
from simulators.coap_server import Timers

from .certificates import Authority
from .coap_server import Content, bare_server
from .things import free_port, lacking, nothing_left, until
from .udp_peer import (
    acknowledged_only,
    answer,
    garbage,
    reset,
    silent,
    udp_peer,
    wrong_token,
)


class Mirror(Resource):
    """Answers with what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Message] = []

    async def render(self, request: Message) -> Message:
        self.requests.append(request)
        answer = Message(code=Code.CONTENT, payload=request.payload, max_age=7)
        answer.opt.content_format = request.opt.content_format
        answer.opt.etag = b"\x01\xff"
        answer.opt.location_path = ("made", "a b")
        answer.opt.location_query = ("x=1",)
        answer.opt.add_option(OpaqueOption(OptionNumber(65000), b"\x07"))
        return answer


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


@pytest.fixture
async def server(mirror: Mirror) -> AsyncGenerator[int]:
    """Run a server on UDP, TCP and WebSockets; returns its port."""
    site = Site()
    site.add_resource(("mirror",), mirror)
    site.add_resource((), mirror)
    port = free_port()
    context = await Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=["udp6", "tcpserver"]
    )
    messages: Any = context.request_interfaces[0].token_interface
    timers: Any = Timers()
    messages.loop = timers  # aiocoap keeps a timer of four minutes for each message
    yield port
    await context.shutdown()
    timers.cancel()
    for blocks in (mirror._block1._assemblies, mirror._block2._completes):
        with suppress(AttributeError):
            blocks._timeout.cancel()


async def asked(uri: str, **more: Any) -> RawResponse:
    return await send(RawRequest(target=parse_uri(uri), **more))


# Answers


@pytest.mark.parametrize("scheme", ["coap", "coap+tcp"])
async def test_everything_is_said_and_told(
    server: int, mirror: Mirror, scheme: str
) -> None:
    response = await asked(
        f"{scheme}://127.0.0.1:{server}/mirror?unit=C&x=%26",
        method=raw.METHODS["POST"],
        payload=b'{"on":true}',
        content_format=50,
        accept=60,
        etags=(b"\x01", b"\x02"),
        if_match=(b"",),
        if_none_match=True,
        options=(option_of(65000, 513, "uint"), option_of(2049, "x", "string")),
    )
    (request,) = mirror.requests
    assert request.code is Code.POST
    assert request.opt.uri_query == ("unit=C", "x=&")
    assert request.opt.accept == 60
    assert request.opt.etags == (b"\x01", b"\x02")
    assert request.opt.if_match == (b"",)
    assert request.opt.if_none_match
    assert [one.encode() for one in request.opt.get_option(65000)] == [b"\x02\x01"]
    assert [one.encode() for one in request.opt.get_option(2049)] == [b"x"]
    told: Any = response.as_dict()
    time = told.pop("round_trip_time")
    assert 0 < time < 1
    options = told.pop("options")
    assert {"number": 14, "name": "Max-Age", "type": "uint", "value": 7} in options
    assert {"number": 8, "name": "Location-Path", "type": "string", "value": "a b"} in (
        options
    )
    opaque = next(one for one in options if one["number"] == 65000)
    assert (opaque["type"], opaque["value"]) == ("opaque", "07")
    content = next(one for one in options if one["number"] == 12)
    assert (content["type"], content["value"]) == ("uint", 50)
    assert told == {
        "code": "2.05",
        "name": "Content",
        "success": True,
        "payload": {"on": True},
        "payload_base64": base64.b64encode(b'{"on":true}').decode(),
        "content_format": 50,
        "etag": "01ff",
        "max_age": 7,
        "location": "/made/a%20b?x=1",
    }
    json.dumps(told)


@pytest.mark.parametrize("method", [*raw.METHODS.values(), 31])
async def test_every_method(server: int, mirror: Mirror, method: int) -> None:
    await asked(f"coap://127.0.0.1:{server}/mirror", method=method)
    assert [int(request.code) for request in mirror.requests] == [method]


def test_names_of_methods() -> None:
    names = {
        RawRequest(target=parse_uri("coap://h"), method=number).method_name
        for number in (1, 4, 7, 9)
    }
    assert names == {"GET", "DELETE", "IPATCH", "0.09"}


async def test_refusal_is_an_answer(server: int) -> None:
    response = await asked(f"coap://127.0.0.1:{server}/absent")
    assert (response.code, response.success) == ("4.04", False)
    assert response.answer.startswith("4.04")
    assert response.location is None


async def test_long_payloads_both_ways(server: int, mirror: Mirror) -> None:
    payload = bytes(range(256)) * 40
    for confirmable in (True, False):
        response = await asked(
            f"coap://127.0.0.1:{server}/mirror",
            method=raw.METHODS["PUT"],
            payload=payload,
            confirmable=confirmable,
        )
        assert response.payload == payload
    assert response.as_dict(100)["payload_base64"] is None
    assert "too long" in str(response.as_dict(100)["payload_problem"])


@asynccontextmanager
async def serving(transport: str, **more: Any) -> AsyncGenerator[int]:
    """Run a server that speaks something else than UDP; returns the first port."""
    site = Site()
    site.add_resource(("mirror",), Mirror())
    port = free_port()
    context = await Context.create_server_context(
        site, bind=("127.0.0.1", port), transports=[transport], **more
    )
    yield port
    await context.shutdown()


async def test_websockets() -> None:
    async with serving("ws") as port, nothing_left():
        response = await asked(f"coap+ws://127.0.0.1:{port + 3000}/mirror")
    assert response.code == "2.05"
    with pytest.raises(UnreachableError):
        await asked(f"coap+ws://127.0.0.1:{port + 3000}/mirror")


async def test_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority()
    pair = authority.sign("localhost")
    (tmp_path / "own").write_text(pair.certificate + pair.key)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(tmp_path / "own")
    own.set_alpn_protocols(["coap"])
    unknown = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=own)
    async with unknown:
        port = unknown.sockets[0].getsockname()[1]
        with pytest.raises(UnreachableError, match="the certificate is not trusted"):
            await asked(f"coaps+tcp://127.0.0.1:{port}/mirror")
    async with serving("tlsserver", _ssl_context=own) as port:
        uri = f"coaps+tcp://127.0.0.1:{port + 1}/mirror"
        trusting = ssl.create_default_context(cadata=authority.certificate)
        trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT  # it is made at home
        monkeypatch.setattr(ssl, "create_default_context", lambda **_: trusting)
        async with nothing_left():
            assert (await asked(uri)).code == "2.05"


async def test_scheme_that_needs_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking(monkeypatch, transports.Transport.DTLS, "xyz_of_nobody")
    with pytest.raises(TransportMissingError, match=r"coaps needs .*: xyz_of_nobody"):
        await asked("coaps://127.0.0.1/")


# Trouble


@pytest.mark.parametrize(
    ("behave", "confirmable", "error"),
    [
        (silent, True, TimedOutError),
        (silent, False, TimedOutError),
        (acknowledged_only, True, TimedOutError),
        (wrong_token, True, TimedOutError),
        (garbage, True, TimedOutError),
        (reset, True, UnreachableError),
    ],
)
async def test_peer_that_does_not_answer(
    behave: Any, confirmable: bool, error: type[UnreachableError]
) -> None:
    async with udp_peer(behave) as peer, nothing_left(timers=False):
        uri = f"coap://127.0.0.1:{peer.port}/x"
        with pytest.raises(error) as caught:
            await asked(uri, confirmable=confirmable, timeout=0.3)
        assert type(caught.value) is error


async def test_closed_port() -> None:
    with pytest.raises(UnreachableError, match="Connection refused"):
        await asked(f"coap://127.0.0.1:{free_port()}/x")


@pytest.mark.parametrize(("seconds", "sent"), [(0.04, 1), (0.12, 2), (5.0, 3)])
async def test_nothing_is_repeated_after_the_time(seconds: float, sent: int) -> None:
    async with udp_peer(silent) as peer:
        with pytest.raises(TimedOutError):
            await asked(f"coap://127.0.0.1:{peer.port}/x", timeout=seconds)
        await asyncio.sleep(0.2)
        assert len(peer.received) == sent


async def test_short_time_ends_nothing_of_others() -> None:
    def notes(message: Message) -> Iterable[bytes]:
        if message.code.is_request() and message.opt.observe == 0:
            yield answer(message, b"1", options=[(6, b"\x01")])

    async with udp_peer(notes) as peer:
        watches = Watches()
        got: list[object] = []
        uri = f"coap://127.0.0.1:{peer.port}"
        watch = await watches.start("me", parse_uri(f"{uri}/door"), got.append)
        await until(lambda: got)
        with pytest.raises(TimedOutError):
            await asked(f"{uri}/silent", timeout=0.06)
        await asyncio.sleep(0.3)
        assert watch.observation.state is State.ACTIVE
        assert len(got) == 1
        await watches.end()


async def test_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "MAX_BYTES", 4096)

    def endless(request: Message) -> Iterable[bytes]:
        number = request.opt.block2.block_number if request.opt.block2 else 0
        block = (number << 4 | 0x08 | 6).to_bytes(3).lstrip(b"\0")
        yield answer(request, b"x" * 1024, options=[(23, block)])

    async with udp_peer(endless) as peer:
        with pytest.raises(UnreachableError, match="longer than"):
            await asked(f"coap://127.0.0.1:{peer.port}/x", timeout=5.0)
        assert len(peer.requests) == 4


async def test_giving_up_leaves_nothing_behind() -> None:
    async with udp_peer(silent) as peer, nothing_left(timers=False):
        task = asyncio.create_task(asked(f"coap://127.0.0.1:{peer.port}/x"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_observable_resource_is_read_once() -> None:
    async with bare_server(here=Content(b"1", 0, tagged=True)) as server:
        uri = f"coap://127.0.0.1:{server.port}/here"
        response = await asked(uri)
        assert response.as_dict()["payload"] == "1"
        assert response.etag is not None
        again = await asked(uri, etags=(response.etag,))
        assert again.code == "2.03"


async def test_code_that_nobody_knows() -> None:
    def odd(request: Message) -> Iterable[bytes]:
        yield answer(request, b"\x00", code=0xBF)

    async with udp_peer(odd) as peer:
        response = await asked(f"coap://127.0.0.1:{peer.port}/x")
    assert (response.code, response.name, response.success) == (
        "5.31",
        "(Unknown)",
        False,
    )
    assert response.answer == "5.31"
