"""The one aiocoap client context of an event loop, there while someone uses it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
import socket
from typing import Any, Final

import aiocoap

from .delivery import Tuning

TRANSPORTS: Final = ["udp6"]
"""Named, because aiocoap's own choice depends on what else is installed (§3)."""


@dataclass(slots=True)
class _Shared:
    """A context, and how many use it."""

    users: int = 0
    making: asyncio.Lock = field(default_factory=asyncio.Lock)
    context: Any = None


_BY_LOOP: Final[dict[asyncio.AbstractEventLoop, _Shared]] = {}


async def acquire_context() -> Any:
    """Return the context of the running event loop; the first user makes it.

    Raises:
        OSError: this machine has no network that could be used.

    """
    shared = _BY_LOOP.setdefault(asyncio.get_running_loop(), _Shared())
    shared.users += 1
    try:
        async with shared.making:
            if shared.context is None:
                shared.context = await aiocoap.Context.create_client_context(
                    transports=TRANSPORTS
                )
                _notice_messages(shared.context)
    except BaseException:
        await release_context()
        raise
    return shared.context


def _notice_messages(context: Any) -> None:
    """Have the tuning of each message that leaves told, if it wants to know.

    aiocoap has no place for that: it logs repetitions, and nothing else does.
    """
    for interface in context.request_interfaces:
        transport = interface.token_interface.message_interface
        send = transport.send
        clear = partial(
            transport.transport.get_extra_info("socket").getsockopt,
            socket.SOL_SOCKET,
            socket.SO_ERROR,
        )

        def noted(
            message: Any,
            send: Callable[[Any], None] = send,
            clear: Callable[[], int] = clear,
        ) -> None:
            if isinstance(message.transport_tuning, Tuning):
                message.transport_tuning.note(message.mid)
            # The system tells an error of the network to whoever sends next, in place
            # of sending, and aiocoap takes it for an error of that endpoint. It is in
            # the error queue, too: with the endpoint that it is about (ip(7)).
            clear()
            send(message)

        transport.send = noted


def send_alone(message: Any) -> None:
    """Send a message whose token is given, and wait for nothing.

    aiocoap's ``request`` gives each message a token of its own.
    """
    context = _BY_LOOP[asyncio.get_running_loop()].context
    context.request_interfaces[0].token_interface.send_message(message, lambda: None)


async def release_context() -> None:
    """Have one user less; the last one closes the context."""
    loop = asyncio.get_running_loop()
    shared = _BY_LOOP[loop]
    shared.users -= 1
    if shared.users:
        return
    # Nobody waits for it to be made, and whoever comes now gets another one.
    del _BY_LOOP[loop]
    if shared.context is not None:
        try:
            # Timers that forget requests which were given up run before this one.
            await asyncio.sleep(0.001)
        finally:
            await shared.context.shutdown()
