"""One aiocoap server on one UDP socket, which loses datagrams and ends without traces.

aiocoap's own way to make a server hides the socket, so the layers are put together
here as ``Context.create_server_context`` does it.
"""

import asyncio
from collections.abc import Callable, Iterable
import socket
from typing import Any, Final, Self, override

from aiocoap import Context
from aiocoap.messagemanager import MessageManager
from aiocoap.resource import Resource, Site
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.udp6 import MessageInterfaceUDP6

from .faults import Faults

LOGGER_NAME: Final = f"{__name__}.aiocoap"

MANY_TIMERS: Final = 1_000


class CoapServer:
    """A server that listens; made by ``open``."""

    def __init__(self, context: Context, timers: Timers, port: int) -> None:
        """Note what belongs to it."""
        self.port = port
        self._context = context
        self._timers = timers

    @classmethod
    async def open(cls, site: Site, host: str, port: int, faults: Faults) -> Self:
        """Listen on one address; port 0 stands for any free one."""
        timers = Timers()
        context = Context(serversite=site, loggername=LOGGER_NAME)
        tokens = TokenManager(context)
        messages = MessageManager(tokens)
        messages.loop = timers
        interface: Any = await _FaultyInterface.create_server_transport_endpoint(
            messages,
            log=context.log,
            loop=asyncio.get_running_loop(),
            bind=(host, port),
            multicast=[],
        )
        interface.faults = faults
        messages.message_interface = interface
        tokens.token_interface = messages
        context.request_interfaces.append(tokens)
        real = interface.transport.get_extra_info("socket").getsockname()[1]
        return cls(context, timers, real)

    async def close(self, resources: Iterable[Resource]) -> None:
        """End without a word, and without the timers that aiocoap leaves behind."""
        await self._context.shutdown()
        self._timers.cancel()
        for resource in resources:
            for blocks in (
                resource._block1._assemblies,  # noqa: SLF001
                resource._block2._completes,  # noqa: SLF001
            ):
                if (timer := blocks._timeout) is not None:  # noqa: SLF001
                    timer.cancel()


class Timers:
    """Stands for the event loop where aiocoap only sets timers, to cancel them later.

    It sets one of four minutes for each message that it received.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._loop = asyncio.get_running_loop()
        self._set: list[asyncio.TimerHandle] = []

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object
    ) -> asyncio.TimerHandle:
        """Set a timer."""
        if len(self._set) > MANY_TIMERS:
            now = self._loop.time()
            self._set = [
                timer
                for timer in self._set
                if not timer.cancelled() and timer.when() > now
            ]
        timer = self._loop.call_later(delay, callback, *args)
        self._set.append(timer)
        return timer

    def cancel(self) -> None:
        """Cancel all of them."""
        for timer in self._set:
            timer.cancel()


class _FaultyInterface(MessageInterfaceUDP6):
    """A UDP endpoint that loses datagrams as the faults say."""

    faults = Faults()

    @override
    def datagram_msg_received(
        self, data: bytes, ancdata: Any, flags: int, address: Any
    ) -> None:
        """Take a datagram, or lose it."""
        if not self.faults.loses():
            super().datagram_msg_received(data, ancdata, flags, address)

    @override
    def send(self, message: Any) -> None:
        """Send a datagram, or lose it."""
        if not self.faults.loses():
            super().send(message)


def require_free(host: str, port: int) -> None:
    """Make sure that nobody else has the port.

    aiocoap shares ports: without this, two servers on one port would each get a part
    of the requests.

    Raises:
        OSError: somebody has it.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, port))
