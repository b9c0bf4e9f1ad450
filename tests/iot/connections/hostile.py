"""What hostile peers send, and how it is seen that it does no harm."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
import logging
from random import Random
from typing import Any, Final, override

from aiocoap import Message
import pytest

from .udp_peer import ACK, CON, EMPTY, NON, RST, datagram

GET: Final = 1
NOT_UTF8: Final = b"\xff\xfe"

IGNORED: Final = {
    "nothing": b"",
    "1 byte": b"\x40",
    "3 bytes": b"\x40\x01\x00",
    "version 2": b"\x80\x01\x00\x01",
    "token of 9 bytes": b"\x49\x01\x00\x02" + b"x" * 9 + b"\xb1a",
    "token that is cut": b"\x44\x01\x00\x03xy",
    "option that is cut": b"\x40\x01\x00\x04\xb5ab",
    "extended option that is cut": b"\x40\x01\x00\x05\xbd",
    "long extended option that is cut": b"\x40\x01\x00\x06\xbe\x01",
    "reserved nibble": b"\x40\x01\x00\x07\xbf" + b"x" * 20,
    "reserved delta": b"\x40\x01\x00\x08\xf1x",
    "marker without a payload": b"\x40\x01\x00\x09\xb1a\xff",
    "garbage": b"\xff" * 1400,
    "giant": datagram(CON, GET, 10, b"t", b"x" * 8000, [(11, b"a")]),
    "path that is no text": datagram(CON, GET, 11, b"t", options=[(11, NOT_UTF8)]),
    "host that is no text": datagram(CON, GET, 12, b"t", options=[(3, NOT_UTF8)]),
    "query that is no text": datagram(NON, GET, 13, b"t", options=[(15, NOT_UTF8)]),
    "port of 5 bytes": datagram(CON, GET, 14, b"t", options=[(7, b"12345")]),
    "block of 4 bytes": datagram(CON, GET, 15, b"t", options=[(23, b"1234")]),
    "empty message with a token": datagram(CON, EMPTY, 16, b"t"),
    "empty message that is not confirmable": datagram(NON, EMPTY, 17),
    "acknowledgement": datagram(ACK, EMPTY, 18),
    "reset": datagram(RST, EMPTY, 19),
    "reset with a code": datagram(RST, GET, 20, b"t"),
    "request in an acknowledgement": datagram(ACK, GET, 21, b"t"),
    "response that is not confirmable": datagram(NON, 0x45, 22, b"t"),
    "response in an acknowledgement": datagram(ACK, 0x45, 23, b"t"),
    "reserved code 1.00": datagram(CON, 0x20, 24, b"t"),
    "reserved code 6.05": datagram(CON, 0xC5, 25, b"t"),
    "reserved code 7.31": datagram(NON, 0xFF, 26, b"t"),
}
"""Datagrams that nobody answers, by what they are."""


def garbage_of_all_kinds(count: int) -> Iterator[bytes]:
    """Yield datagrams, most of which are none that CoAP knows."""
    chance = Random(7252)
    known = list(IGNORED.values())
    known.remove(IGNORED["giant"])  # fills the buffers of the system
    for number in range(count):
        match number % 5:
            case 0:
                yield chance.choice(known)
            case 1:
                yield chance.randbytes(chance.randrange(64))
            case 2:  # a good header, and then anything
                yield datagram(CON, GET, number) + chance.randbytes(20)
            case 3:
                token = chance.randbytes(chance.randrange(9))
                kind = chance.randrange(4)
                yield datagram(kind, chance.randrange(256), number, token, b"x")
            case _:
                yield datagram(CON, GET, number, b"t", options=[(11, b"%d" % number)])


class Wire(asyncio.DatagramProtocol):
    """Sends datagrams to one port, and keeps what comes back."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.datagrams: list[bytes] = []
        self.transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to send."""
        self.transport = transport

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Keep what came."""
        self.datagrams.append(data)

    @property
    def received(self) -> list[Message]:
        """What came, as messages."""
        return [Message.decode(one) for one in self.datagrams]

    def send(self, *datagrams: bytes) -> None:
        """Send."""
        for one in datagrams:
            self.transport.sendto(one)

    async def flood(self, datagrams: Iterator[bytes]) -> None:
        """Send half as fast as they can be read: one with each turn of the loop."""
        for one in datagrams:
            self.send(one)
            await asyncio.sleep(0)
            await asyncio.sleep(0)


@asynccontextmanager
async def wire(port: int, host: str = "127.0.0.1") -> AsyncGenerator[Wire]:
    """Have a socket to a port of this machine."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Wire, local_addr=(host, 0), remote_addr=("127.0.0.1", port)
    )
    try:
        yield protocol
    finally:
        transport.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def unharmed(
    caplog: pytest.LogCaptureFixture, lines: int = 20
) -> AsyncGenerator[None]:
    """Fail if anything inside goes to the event loop as an error, or fills the log."""
    loop = asyncio.get_running_loop()
    unhandled: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: unhandled.append(context))
    caplog.clear()
    with caplog.at_level(logging.INFO):
        try:
            yield
        finally:
            loop.set_exception_handler(None)
    assert unhandled == []
    told = [
        one
        for one in caplog.records
        if one.name != "asyncio" or one.levelno >= logging.WARNING
    ]
    assert len(told) <= lines, [one.getMessage() for one in told]
    assert not [one for one in told if one.exc_info]
