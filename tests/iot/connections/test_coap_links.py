"""Links of an endpoint, of a directory, and of all who hear a multicast."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
import socket
import struct
from typing import Any, override

from aiocoap import Message
from hypothesis import given, strategies as st
import pytest

from custom_components.device_models.iot.connections.coap import multicast
from custom_components.device_models.iot.connections.coap.links import (
    arguments,
    asking,
    links_of,
    read_links,
)
from custom_components.device_models.iot.connections.coap.multicast import (
    GROUPS,
    ask_all,
)
from custom_components.device_models.iot.connections.coap.raw import RawResponse
from custom_components.device_models.iot.connections.coap.uri import is_group, parse_uri
from custom_components.device_models.iot.errors import (
    PayloadError,
    RejectedError,
    ValueRefusedError,
)

from .things import free_port, nothing_left
from .udp_peer import ACK, CON, EMPTY, NON, answer

LINKS = b'</temp>;rt="temp outdoor";ct=0;obs,<coap://other/x>;title="a, b"'
GROUP = GROUPS[0]

type Answers = Callable[[Message], Iterable[bytes]]


def response(code: str, payload: bytes = b"") -> RawResponse:
    return RawResponse(
        code=code,
        name=None,
        payload=payload,
        content_format=40,
        etag=None,
        max_age=None,
        location=None,
        options=[],
        round_trip_time=0,
    )


def test_links() -> None:
    assert links_of(response("2.05", LINKS), "coap://h:1") == [
        {
            "uri": "coap://h:1/temp",
            "target": "/temp",
            "attributes": {"rt": ["temp", "outdoor"], "ct": ["0"], "obs": True},
        },
        {
            "uri": "coap://other/x",
            "target": "coap://other/x",
            "attributes": {"title": "a, b"},
        },
    ]


def test_no_links() -> None:
    assert links_of(response("2.05", b" "), "coap://h") == []
    assert links_of(response("4.04"), "coap://h") == []


def test_refusal() -> None:
    with pytest.raises(RejectedError, match=r"4\.05 no such luck"):
        links_of(response("4.05", b"no such luck"), "coap://h")


@pytest.mark.parametrize("payload", [b"garbage", b"</a", b"\xff", b"{}"])
def test_no_list_of_links(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        links_of(response("2.05", payload), "coap://h")


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_anything_as_links(payload: bytes) -> None:
    try:
        read_links(payload, "coap://h")
    except PayloadError:
        return


@pytest.mark.parametrize(
    ("uri", "directory", "path"),
    [
        ("coap://h", False, ".well-known/core"),
        ("coap://h", True, "rd-lookup/res"),
        ("coap://h/lookup", True, "lookup"),
    ],
)
def test_where_links_are_asked_for(uri: str, directory: bool, path: str) -> None:
    filters = {"rt": "temp*", "href": "/a"}
    request = asking(parse_uri(uri), filters, directory=directory, timeout=1)
    assert request.target.reference == f"{path}?rt=temp*&href=/a"
    assert request.accept == 40


@pytest.mark.parametrize(
    "filters", [{"rt": "x" * 253}, {str(number): "" for number in range(9)}]
)
def test_filters_that_cannot_be_sent(filters: dict[str, str]) -> None:
    with pytest.raises(ValueRefusedError):
        arguments(filters)


# Multicast


@pytest.mark.parametrize(
    ("host", "group"),
    [(GROUP, True), ("ff02::fd%lo", True), ("127.0.0.1", False), ("pump", False)],
)
def test_group(host: str, group: bool) -> None:
    assert is_group(host) is group


class Member(asyncio.DatagramProtocol):
    """A member of the group, on the loopback interface."""

    def __init__(self, behave: Answers) -> None:
        self.behave = behave
        self.heard: list[Message] = []
        self._transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = Message.decode(data)
        self.heard.append(message)
        for one in self.behave(message) if message.code.is_request() else ():
            self._transport.sendto(one, addr)


@asynccontextmanager
async def member(port: int, behave: Answers) -> AsyncGenerator[Member]:
    """Have one more member listen."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", port))
    joined = struct.pack(
        "=4s4si", socket.inet_aton(GROUP), b"", socket.if_nametoindex("lo")
    )
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Member(behave), sock=sock
    )
    yield protocol
    transport.close()
    await asyncio.sleep(0)


async def found_by(*behave: Answers, groups: tuple[str, ...] = (GROUP,)) -> Any:
    """Return what is found, and what the first member heard."""
    port = free_port(socket.SOCK_DGRAM)

    async def ask() -> Any:
        async with nothing_left():
            return await ask_all(
                groups, ("rt=x",), port=port, interface="lo", seconds=0.2
            )

    (one,) = behave
    async with member(port, one) as first:
        return await ask(), first.heard


def links(request: Message) -> Iterable[bytes]:
    yield answer(request, b"garbage", kind=NON, token=b"other")
    yield b"\x40"
    yield answer(request, LINKS, kind=NON, message_id=1)
    yield answer(request, LINKS, kind=NON, message_id=1)


async def test_answers_are_collected() -> None:
    found, (request,) = await found_by(links)
    assert request.mtype == NON
    assert request.opt.uri_path == (".well-known", "core")
    assert request.opt.uri_query == ("rt=x",)
    (endpoint,) = found.endpoints
    assert found.notes == []
    assert found.more == []
    assert [link["uri"] for link in found.links] == [
        f"{endpoint}/temp",
        "coap://other/x",
    ]


async def test_confirmable_answer_is_acknowledged() -> None:
    def confirmably(request: Message) -> Iterable[bytes]:
        yield answer(request, LINKS, kind=CON, message_id=77)

    found, (_, acknowledged) = await found_by(confirmably)
    assert len(found.links) == 2
    assert (acknowledged.mtype, acknowledged.mid) == (ACK, 77)
    assert acknowledged.code == EMPTY


async def test_answers_that_say_nothing() -> None:
    def refuses(request: Message) -> Iterable[bytes]:
        yield answer(request, b"", kind=NON, code=0x84)

    found, _ = await found_by(refuses)
    assert (found.links, found.endpoints, found.notes) == ([], [], [])


async def test_answer_that_cannot_be_read() -> None:
    found, _ = await found_by(lambda request: [answer(request, b"no links", kind=NON)])
    (note,) = found.notes
    assert "link format" in note


async def test_answer_that_goes_on() -> None:
    found, _ = await found_by(
        lambda request: [answer(request, b"</a>,", kind=NON, options=[(23, b"\x08")])]
    )
    assert found.more == found.endpoints != []


async def test_number_of_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multicast, "MAX_ANSWERS", 0)
    found, _ = await found_by(links)
    assert found.endpoints == []


async def test_no_route_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = OSError(101, "Network is unreachable")

    def no_socket(_group: str, _index: int) -> socket.socket:
        raise refused

    monkeypatch.setattr(multicast, "_socket", no_socket)
    async with nothing_left():
        found = await ask_all(GROUPS, (), seconds=60)
    assert found.links == []
    assert found.notes == [f"{group}: Network is unreachable" for group in GROUPS]


async def test_setting_that_the_system_refuses() -> None:
    async with nothing_left():
        with pytest.raises(OSError, match="address"):
            multicast._socket(GROUP, 999_999)


async def test_group_of_the_link() -> None:
    async with nothing_left():
        found = await ask_all(("ff02::fd",), (), interface="lo", seconds=0.05)
    assert found.links == []


async def test_interface_that_is_not_there() -> None:
    with pytest.raises(ValueRefusedError, match=r"none of this name, but .*lo"):
        await ask_all((GROUP,), (), interface="nosuch0", seconds=0)


async def test_address_of_who_answers_on_a_link() -> None:
    index = socket.if_nametoindex("lo")
    sender = ("fe80::1", 5683, 0, index)
    assert multicast._address(sender) == "coap://[fe80::1%lo]:5683"
    assert multicast._destination("ff02::fd", 5683, index) == (
        "ff02::fd",
        5683,
        0,
        index,
    )
