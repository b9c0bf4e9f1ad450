"""A CoAP endpoint made by hand, which does what no proper one would do."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
import struct
from typing import Any, Final, override

from aiocoap import Message

CON: Final = 0
NON: Final = 1
ACK: Final = 2
RST: Final = 3

EMPTY: Final = 0
CONTENT: Final = 0x45
"""2.05"""

type Answer = Callable[[Message], Iterable[bytes]]


def datagram(
    kind: int,
    code: int,
    message_id: int,
    token: bytes = b"",
    payload: bytes = b"",
    options: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """Return a message as RFC 7252 §3 has it; options are short, and in order."""
    packed = bytearray(
        struct.pack("!BBH", 0x40 | kind << 4 | len(token), code, message_id)
    )
    packed += token
    last = 0
    for number, value in options:
        delta = number - last
        last = number
        first, more = (delta, b"") if delta < 13 else (13, bytes([delta - 13]))
        packed += bytes([first << 4 | len(value)]) + more + value
    return bytes(packed + b"\xff" + payload) if payload else bytes(packed)


def answer(
    request: Message,
    payload: bytes = b"",
    *,
    kind: int = ACK,
    code: int = CONTENT,
    message_id: int | None = None,
    token: bytes | None = None,
    options: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """Return the answer to a request; what is not said is as it should be."""
    return datagram(
        kind,
        code,
        request.mid if message_id is None else message_id,
        request.token if token is None else token,
        payload,
        options,
    )


class UdpPeer(asyncio.DatagramProtocol):
    """Answers each datagram as it is told; keeps what it got."""

    def __init__(self, behave: Answer) -> None:
        """Note what to answer."""
        self.behave = behave
        self.received: list[Message] = []
        self.port = 0
        self._transport: Any = None
        self._client: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the port."""
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer."""
        self._client = addr
        message = Message.decode(data)
        self.received.append(message)
        self.send(*self.behave(message))

    def send(self, *datagrams: bytes) -> None:
        """Send to whom wrote last."""
        for one in datagrams:
            self._transport.sendto(one, self._client)

    @property
    def requests(self) -> list[Message]:
        """The requests, each once however often it was sent."""
        return list(
            {one.mid: one for one in self.received if one.code.is_request()}.values()
        )


@asynccontextmanager
async def udp_peer(behave: Answer, host: str = "127.0.0.1") -> AsyncGenerator[UdpPeer]:
    """Run a peer."""
    transport, peer = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: UdpPeer(behave), local_addr=(host, 0)
    )
    try:
        yield peer
    finally:
        transport.close()
        await asyncio.sleep(0)


def silent(_request: Message) -> Iterable[bytes]:
    """Say nothing."""
    return ()


def polite(request: Message) -> Iterable[bytes]:
    """Answer as one should."""
    if request.code.is_request():
        yield answer(request, b"fine")


def once(first: Answer) -> Answer:
    """Behave badly to the first request, however often it is sent, and well then."""
    known: list[int] = []

    def behave(request: Message) -> Iterable[bytes]:
        known.append(request.mid)
        return (first if request.mid == known[0] else polite)(request)

    return behave


def reset(request: Message) -> Iterable[bytes]:
    yield datagram(RST, EMPTY, request.mid)


def wrong_token(request: Message) -> Iterable[bytes]:
    yield answer(request, b"not yours", token=b"\x00wrong")


def acknowledged_only(request: Message) -> Iterable[bytes]:
    if request.code.is_request():
        yield datagram(ACK, EMPTY, request.mid)


def garbage(_request: Message) -> Iterable[bytes]:
    yield from (
        b"",
        b"\x40",
        b"\xff" * 1400,
        b"\x80\x45\x00\x00",
        b"\x49\x45\0\0" + b"x" * 9,
    )
