"""Where the names of hosts lead, asked anew all the time, as devices move.

aiocoap asks the system in a thread, for each request and for as long as it takes; a
dead name server would fill all threads of the process. Here one question is asked for
a name at a time, and few of all names; it is waited for so long; and a name that could
not be asked for leads where it led before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
import ipaddress
import logging
import socket
import time
from typing import Any, Final
from weakref import WeakKeyDictionary

_LOGGER = logging.getLogger(__name__)

type Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the addresses of a host, perhaps none; a link-local one has its zone."""

type AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""What ``socket.getaddrinfo`` gives of an address."""

PATIENCE: Final = 5.0
"""Seconds for a name; a request has about as long again, then, to be answered."""

FRESH: Final = 2.0
"""Seconds for which an address is used without asking again: all that is read of a
device at one time, and not what is read of it the next time."""

AT_ONCE: Final = 4
"""Names that the system is asked for at a time: each takes a thread."""

MAX_NAMES: Final = 256
"""Names whose addresses are remembered."""

LOCAL: Final = ".local"
"""The names of multicast DNS (RFC 6762 §3)."""

_LOCAL_RESOLVERS: Final[
    WeakKeyDictionary[asyncio.AbstractEventLoop, Resolver | None]
] = WeakKeyDictionary()


def resolve_local_names_with(resolver: Resolver | None) -> None:
    """Say who knows the names of multicast DNS in this event loop.

    The system is asked for the names that it does not know, and if there is none.
    """
    _LOCAL_RESOLVERS[asyncio.get_running_loop()] = resolver


@dataclass(frozen=True, slots=True)
class _Known:
    """Where a name led."""

    addresses: list[AddressInfo]
    until: float


class Names:
    """Stands for the event loop where aiocoap asks it for addresses."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: dict[tuple[str, int], _Known] = {}
        self._asked: dict[tuple[str, int], asyncio.Task[list[AddressInfo]]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def getaddrinfo(
        self, host: str, port: int, **hints: int
    ) -> list[AddressInfo]:
        """Return the addresses of a host.

        Raises:
            socket.gaierror: it has none, or nobody could be asked in time.

        """
        if (spelled := literal(host, port)) is not None:
            return [spelled]
        key = host.casefold().removesuffix("."), port
        known = self._known.get(key)
        if known is not None and time.monotonic() < known.until:
            return known.addresses
        asked = self._asked.get(key)
        if asked is None:
            asked = asyncio.create_task(self._ask(key, hints), name=f"resolve {host}")
            self._asked[key] = asked
            asked.add_done_callback(lambda it: self._told(key, it))
        await asyncio.wait({asked}, timeout=PATIENCE)
        if asked.done() and not asked.cancelled() and asked.exception() is None:
            return asked.result()
        failure = asked.exception() if asked.done() and not asked.cancelled() else None
        failure = failure or socket.gaierror(socket.EAI_AGAIN, "no answer in time")
        temporary = getattr(failure, "errno", None) == socket.EAI_AGAIN
        if known is None or not temporary:
            raise failure
        return known.addresses

    async def close(self) -> None:
        """Ask no more."""
        asked = list(self._asked.values())
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    def _told(
        self, key: tuple[str, int], asked: asyncio.Task[list[AddressInfo]]
    ) -> None:
        """Note where a name leads."""
        del self._asked[key]
        if asked.cancelled() or asked.exception() is not None:
            return
        self._known.pop(key, None)
        self._known[key] = _Known(asked.result(), time.monotonic() + FRESH)
        while len(self._known) > MAX_NAMES:
            del self._known[next(iter(self._known))]

    async def _ask(
        self, key: tuple[str, int], hints: dict[str, int]
    ) -> list[AddressInfo]:
        """Ask those who may know a name.

        Raises:
            socket.gaierror: nobody does.

        """
        host, port = key
        loop = asyncio.get_running_loop()
        resolver = _LOCAL_RESOLVERS.get(loop)
        if resolver is not None and host.endswith(LOCAL):
            try:
                async with asyncio.timeout(PATIENCE / 2):
                    found = [literal(one, port) for one in await resolver(host)]
            except Exception as err:  # noqa: BLE001  (it is not ours)
                _LOGGER.debug("%s: %r", host, err)
                found = []
            if addresses := [one for one in found if one is not None]:
                # One that needs a zone is taken if there is no other.
                return [one for one in addresses if not _zone(one)] or addresses
        async with self._turns:
            return [*await loop.getaddrinfo(host, port, **hints)]


def _zone(address: AddressInfo) -> object:
    """Return the number of the interface that an address is valid at, if it is one."""
    return address[0] == socket.AF_INET6 and address[4][3]


def literal(host: str, port: int) -> AddressInfo | None:
    """Return an address that is written as one; None for a name, or an unknown zone."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    proto = socket.IPPROTO_UDP
    if isinstance(address, ipaddress.IPv4Address):
        return socket.AF_INET, socket.SOCK_DGRAM, proto, "", (str(address), port)
    scope = 0
    if address.scope_id is not None:
        try:
            scope = int(address.scope_id)
        except ValueError:
            try:
                scope = socket.if_nametoindex(address.scope_id)
            except OSError:
                return None
    plain = str(address).partition("%")[0]
    return socket.AF_INET6, socket.SOCK_DGRAM, proto, "", (plain, port, 0, scope)
