"""The one aiocoap client context for plain CoAP, there while someone uses it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from .delivery import Tuning
from .udp import open_udp


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
                shared.context = await open_udp()
                notice_messages(shared.context)
    except BaseException:
        await release_context()
        raise
    return shared.context


def notice_messages(context: Any) -> None:
    """Have the tuning of each message that leaves told, if it wants to know.

    aiocoap has no place for that: it logs repetitions, and nothing else does.
    """
    for interface in context.request_interfaces:
        sender = interface.token_interface  # of a stream, which repeats nothing
        name = "send_message"
        if hasattr(sender, "message_interface"):
            sender, name = sender.message_interface, "send"
        send = getattr(sender, name)

        def noted(message: Any, *more: Any, send: Callable[..., Any] = send) -> Any:
            if isinstance(message.transport_tuning, Tuning):
                message.transport_tuning.note(message.mid)
            return send(message, *more)

        setattr(sender, name, noted)


def send_alone(context: Any, message: Any) -> None:
    """Send a message whose token is given, and wait for nothing.

    aiocoap's ``request`` gives each message a token of its own.
    """
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
        await shut_down(shared.context)


async def shut_down(context: Any) -> None:
    """End a context, when it has forgotten the requests which were given up.

    aiocoap would try to tell them of the end, fail, and close nothing.
    """
    try:
        await asyncio.sleep(0.001)  # timers that forget them run before this one
    finally:
        await context.shutdown()
