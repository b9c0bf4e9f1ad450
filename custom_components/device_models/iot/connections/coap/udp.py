"""CoAP over UDP: an aiocoap context on one socket, safe from what may be sent to it."""

import asyncio
from collections.abc import Callable
import errno
from functools import partial
import logging
import socket
from typing import Any, Final, override

import aiocoap
import aiocoap.error
from aiocoap.message import UndecidedRemote
from aiocoap.resource import Site
from aiocoap.transports.udp6 import MessageInterfaceUDP6, UDP6EndpointAddress

from .complaints import Complaints
from .datagram import BadDatagramError, message_in
from .exchanges import Exchanges, Tokens
from .names import Names, literal

_LOGGER = logging.getLogger(__name__)

UNDERSTOOD: Final = frozenset({1, 3, 5, 7, 11, 15, 17, 23, 27})
"""The critical options of requests that a resource is left to look at: If-Match,
Uri-Host, If-None-Match, Uri-Port, Uri-Path, Uri-Query, Accept, Block2 and Block1."""

PROXYING: Final = frozenset({35, 39})
"""Proxy-Uri and Proxy-Scheme (RFC 7252 §5.10.2)."""


async def open_udp(
    site: Site | None = None,
    bind: tuple[str, int] | None = None,
    *,
    admit: Callable[[str], bool] | None = None,
) -> Any:
    """Return a context: a server's if there is a site, else a client's.

    Args:
        site: the resources to serve; it has to bound what it keeps of documents in
            blocks (aiocoap's own does not).
        bind: address and port to listen on; for a server only.
        admit: told the address of who sent a datagram, before it is looked at; whether
            it is to be taken. A link-local address has its zone: fe80::1%eth0.

    Raises:
        OSError: this machine has no such address, or no network that could be used.

    """
    context = _Context(site)
    tokens = Tokens(context)
    exchanges = Exchanges(tokens, serving=site is not None)
    loop = asyncio.get_running_loop()
    opened = await _Socket._create_transport_endpoint(  # noqa: SLF001
        _socket(bind), exchanges, context.log, loop
    )
    exchanges.message_interface = opened
    tokens.token_interface = exchanges
    context.request_interfaces.append(tokens)
    opened.admit = admit or _everyone
    return context


def _socket(bind: tuple[str, int] | None) -> socket.socket:
    """Return a socket for IPv6 and IPv4; it shares its port with nobody.

    aiocoap's own would: two servers on one port get a part of the requests each.

    Raises:
        OSError: this machine has no such address, or no IPv6, or the port is taken.

    """
    where = None if bind is None else _own(*bind)
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if where is not None:
            made.bind(where)
    except BaseException:
        made.close()
        raise
    return made


def _own(host: str, port: int) -> tuple[Any, ...]:
    """Return an address of this machine as a socket for IPv6 has it."""
    address = literal(host, port)
    if address is None:
        raise OSError(errno.EADDRNOTAVAIL, f"{host} is no address here")
    family, *_, where = address
    return where if family == socket.AF_INET6 else (f"::ffff:{host}", port)


def _everyone(_host: str) -> bool:
    return True


class _Context(aiocoap.Context):  # type: ignore[misc]  # aiocoap is untyped
    """Sends requests, and has those of others answered."""

    def __init__(self, site: Site | None) -> None:
        super().__init__(serversite=site)
        self.log = Complaints(_LOGGER)

    @override
    async def shutdown(self) -> None:
        await super().shutdown()
        self.log.flush()

    @override
    def request(self, request_message: Any, handle_blockwise: bool = True) -> Any:
        """Send a request.

        An observation that is cancelled is forgotten with that: aiocoap would keep it
        until the next notification, which may never come. If one does, it is reset.
        """
        made = super().request(request_message, handle_blockwise)
        if handle_blockwise:
            return made
        if made.observation is not None:
            made.observation.on_cancel(made._stop_interest)  # noqa: SLF001
        else:
            made.response.add_done_callback(partial(_untie, made))
        return made

    @override
    async def _render_to_pipe(self, pipe: Any) -> None:
        """Answer a request that demands nothing unknown (RFC 7252 §5.4.1)."""
        numbers = {int(one.number) for one in pipe.request.opt.option_list()}
        if numbers & PROXYING:
            raise aiocoap.error.ProxyingNotSupported
        if {one for one in numbers if one & 1} - UNDERSTOOD:
            raise aiocoap.error.BadOption
        await super()._render_to_pipe(pipe)


def _untie(request: Any, _response: Any) -> None:
    """Have a request that is over not refer to itself.

    Otherwise it is left to the garbage collector, which stops everything for half a
    second when there is much to look through.
    """
    request._stop_interest = _nothing  # noqa: SLF001


def _nothing() -> None:
    pass


class _Socket(MessageInterfaceUDP6):  # type: ignore[misc]  # aiocoap is untyped
    """A UDP endpoint that survives whatever comes."""

    admit: Callable[[str], bool] | None = None
    """None until all is put together."""

    def __init__(self, ctx: Any, log: Any, loop: Any) -> None:
        super().__init__(ctx, log, loop)
        # aiocoap asks its loop for addresses, and for nothing else.
        self.loop = self._names = Names()

    @override
    async def shutdown(self) -> None:
        await self._names.close()
        await super().shutdown()

    @override
    async def determine_remote(self, request: Any) -> Any:
        """Return where a request goes.

        Raises:
            ResolutionError: there is no such host, or it is a group: what aiocoap
                keeps of a request to a group breaks its handling of errors.

        """
        if isinstance(request.remote, UndecidedRemote):
            request.remote = _with_named_zone(request.remote)
        remote = await super().determine_remote(request)
        if remote is not None and remote.is_multicast:
            raise aiocoap.error.ResolutionError("this is the address of a group")
        return remote

    @override
    def datagram_msg_received(
        self, data: bytes, ancdata: Any, flags: int, address: Any
    ) -> None:
        """Take a datagram, whatever it holds."""
        remote = UDP6EndpointAddress(address, self, pktinfo=_pktinfo(ancdata))
        try:
            host = remote._plainaddress()  # noqa: SLF001
            if self.admit is not None and self.admit(host):
                message = message_in(data, remote, cut=bool(flags & socket.MSG_TRUNC))
                message.fingerprint = hash(data)
                self._ctx.dispatch_message(message)
        except BadDatagramError as err:
            self.log.warning("Ignored a datagram from %s: %s", host, err)
        except Exception:
            self.log.exception("A datagram could not be taken")

    @override
    def send(self, message: Any) -> None:
        """Send a message, and hear of no error that is another one's.

        The system tells an error of the network to whoever sends next, in place of
        sending, and aiocoap takes it for an error of that endpoint. It is in the error
        queue, too: with the endpoint that it is about (ip(7)).
        """
        made = self.transport.get_extra_info("socket")
        made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        super().send(message)

    def repeat(self, data: bytes, remote: Any) -> None:
        """Send a datagram once more."""
        packed = remote.pktinfo
        to_same = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, packed)
        ancdata = [] if packed is None else [to_same]
        self.transport.sendmsg(data, ancdata, 0, remote.sockaddr)

    @override
    def datagram_errqueue_received(
        self, data: bytes, ancdata: Any, flags: int, address: Any
    ) -> None:
        """Take an error of the network."""
        try:
            super().datagram_errqueue_received(data, ancdata, flags, address)
        except Exception:
            self.log.exception("An error of the network could not be taken")

    @override
    def error_received(self, exc: Exception) -> None:
        """Take an error of the socket, after what was being done.

        In the midst of sending, aiocoap would end the exchange that the message belongs
        to, and then go on with it: have it repeated, and what waits behind it sent.
        What aiocoap knows of the message is in a context variable, and comes along.
        """
        asyncio.get_running_loop().call_soon(self._take_error, exc)

    def _take_error(self, exc: Exception) -> None:
        try:
            super().error_received(exc)
        except Exception:
            self.log.exception("An error of the socket could not be taken")


def _with_named_zone(remote: Any) -> Any:
    """Return a remote with the name of its zone, where it has the number.

    aiocoap knows names only (RFC 4007 §11.2 has both), and mDNS gives numbers.

    Raises:
        ResolutionError: there is no such interface.

    """
    host, _, rest = remote.hostinfo.partition("%")
    zone, bracket, port = rest.partition("]")
    if not zone.isdecimal():
        return remote
    try:
        name = socket.if_indextoname(int(zone))
    except OSError, OverflowError:
        raise aiocoap.error.ResolutionError(f"there is no interface {zone}") from None
    named = UndecidedRemote(remote.scheme, f"{host}%{name}{bracket}{port}")
    named.maximum_block_size_exp = remote.maximum_block_size_exp
    return named


def _pktinfo(ancdata: Any) -> bytes | None:
    """Return to which of our addresses a datagram was sent, and where it came in."""
    return next(
        (
            data
            for level, kind, data in ancdata
            if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)
        ),
        None,
    )
