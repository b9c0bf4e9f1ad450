"""Asking all endpoints of a network for their links at once (RFC 7252 §8).

aiocoap hands over only the first of several answers (protocol sheet "CoAP" §2), so
this has sockets of its own, for the few seconds that it takes.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
import ipaddress
import secrets
import socket
import struct
from typing import Any, Final, override

import aiocoap
from aiocoap.numbers import ContentFormat
from aiocoap.numbers.types import NON, Type

from ...errors import PayloadError, ValueRefusedError
from ...values import JsonValue
from .links import LINK_FORMAT, WELL_KNOWN, read_links
from .uri import Target

GROUPS: Final = ("224.0.1.187", "ff02::fd", "ff05::fd")
"""All CoAP nodes: of an IPv4 network, of an IPv6 link, of a site (RFC 7252 §12.8)."""

MAX_ANSWERS: Final = 256
"""Endpoints; what more of them answer is not looked at."""

MAX_LINKS: Final = 4_000
"""Of all endpoints together."""

HOPS: Final = 4
"""Routers that a question may pass, where they pass it at all."""

ACKNOWLEDGEMENT: Final = 0x60
"""First byte of an empty acknowledgement (RFC 7252 §3)."""


@dataclass(slots=True)
class Found:
    """What came back."""

    links: list[JsonValue] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    """The addresses of those that answered."""
    more: list[str] = field(default_factory=list)
    """Of these, the ones whose answer has more blocks, to be asked one by one."""
    notes: list[str] = field(default_factory=list)
    """For people: what could not be asked or read, and why."""


async def ask_all(
    groups: Sequence[str],
    query: tuple[str, ...],
    *,
    port: int = 5683,
    interface: str | None = None,
    seconds: float,
) -> Found:
    """Ask groups for the links of their members, and collect for some seconds.

    Args:
        groups: multicast addresses.
        query: what the links are to have.
        port: UDP port.
        interface: the network interface that is used; otherwise the system's choice.
        seconds: how long is waited for answers.

    Raises:
        ValueRefusedError: there is no such interface.

    """
    index = _index(interface)
    found = Found()
    message = _question(query)
    collector = _Collector(message.token, found)
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        for group in groups:
            try:
                one = stack.enter_context(_socket(group, index))
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: collector, sock=one
                )
                stack.callback(transport.close)
                # Not through the transport, which would tell of errors elsewhere.
                one.sendto(message.encode(), _destination(group, port, index))
            except OSError as err:
                found.notes.append(f"{group}: {err.strerror or err}")
        if len(found.notes) < len(groups):
            await asyncio.sleep(seconds)
    await asyncio.sleep(0)  # in which the transports are closed
    return found


class _Collector(asyncio.DatagramProtocol):
    """Takes the answers of all groups."""

    def __init__(self, token: bytes, found: Found) -> None:
        self._token = token
        self._found = found
        self._transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        with suppress(Exception):  # who sends what nobody can read is not heard
            self._take(aiocoap.Message.decode(data), addr)

    def _take(self, message: Any, sender: tuple[Any, ...]) -> None:
        """Take an answer, the first one of each endpoint."""
        if message.token != self._token or not message.code.is_response():
            return
        if message.mtype == Type.CON:
            empty = struct.pack("!BBH", ACKNOWLEDGEMENT, 0, message.mid)
            self._transport.sendto(empty, sender)
        address = _address(sender)
        found = self._found
        full = len(found.endpoints) >= MAX_ANSWERS or len(found.links) >= MAX_LINKS
        if full or address in found.endpoints or not message.code.is_successful():
            return
        found.endpoints.append(address)
        if message.opt.block2 is not None and message.opt.block2.more:
            found.more.append(address)
            return
        try:
            found.links += read_links(message.payload, address)
        except PayloadError as err:
            found.notes.append(f"{address}: {err}")


def _question(query: tuple[str, ...]) -> Any:
    """Return the message: not confirmable, as RFC 7252 §8.1 demands."""
    message = aiocoap.Message(code=aiocoap.Code.GET)
    message.mtype = NON
    message.mid = secrets.randbelow(1 << 16)
    message.token = secrets.token_bytes(8)
    message.opt.uri_path = WELL_KNOWN
    message.opt.uri_query = query
    message.opt.accept = ContentFormat(LINK_FORMAT)
    return message


def _index(interface: str | None) -> int:
    """Return the number of an interface; 0 for none.

    Raises:
        ValueRefusedError: there is none of that name.

    """
    if interface is None:
        return 0
    try:
        return socket.if_nametoindex(interface)
    except OSError as err:
        names = ", ".join(sorted(name for _, name in socket.if_nameindex()))
        problem = f"there is none of this name, but {names}"[:200]
        raise ValueRefusedError(name="interface", problem=problem) from err


def _socket(group: str, index: int) -> socket.socket:
    """Return a socket that sends to a group through an interface."""
    if ipaddress.ip_address(group).version == 4:
        family, level = socket.AF_INET, socket.IPPROTO_IP
        settings: Iterator[tuple[int, int | bytes]] = iter(
            (
                (socket.IP_MULTICAST_TTL, HOPS),
                (socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index)),
            )
        )
    else:
        family, level = socket.AF_INET6, socket.IPPROTO_IPV6
        settings = iter(
            (
                (socket.IPV6_MULTICAST_HOPS, HOPS),
                (socket.IPV6_MULTICAST_IF, index),
            )
        )
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        for option, value in settings:
            made.setsockopt(level, option, value)
    except OSError:
        made.close()
        raise
    return made


def _destination(group: str, port: int, index: int) -> tuple[Any, ...]:
    """Return where a question goes."""
    if ipaddress.ip_address(group).version == 4:
        return (group, port)
    return (group, port, 0, index)


def _address(sender: tuple[Any, ...]) -> str:
    """Return the address of who answered, as a URI without a path."""
    host = sender[0]
    if len(sender) > 2 and sender[3] and "%" not in host:
        host = f"{host}%{socket.if_indextoname(sender[3])}"
    return Target("coap", host, sender[1]).address
