"""How aiocoap's outcomes become ours: an answer, or the one error there is for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import logging
from typing import Any

import aiocoap.error

from ...errors import CommunicationError, UnreachableError

_LOGGER = logging.getLogger(__name__)


class UnansweredError(UnreachableError):
    """The endpoint has taken a request, and is there, but did not answer it."""


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turn what aiocoap and the network raise into the one error there is for it.

    aiocoap lets plain exceptions out, too (sheet §3 "Exceptions to catch").

    Raises:
        UnreachableError: in place of any other error.

    """
    try:
        yield
    except CommunicationError:
        raise
    except Exception as err:
        _LOGGER.debug("%s: %r", address, err)
        raise UnreachableError(address=address, reason=_reason(err)) from err


async def answer_to(exchange: Any) -> Any:
    """Return the answer; whoever gives up waiting leaves the rest to a timer.

    aiocoap notices turns of the loop later that an answer is not wanted any more, and
    fails (InvalidStateError) if one, or an error of the network, comes in between. Its
    runner, cancelled by a timer, notices before the next datagram is read: timers run
    last in a turn.
    """
    response = exchange.response
    # Whatever becomes of it when nobody waits any more, nobody is to be told.
    response.add_done_callback(lambda it: it.cancelled() or it.exception())
    try:
        await asyncio.wait((response,))
    finally:
        if not response.done():
            asyncio.get_running_loop().call_later(0, exchange._runner.cancel)  # noqa: SLF001
    return response.result()


def _reason(error: Exception) -> str:
    """Return for people why there is no answer."""
    match error:
        case aiocoap.error.MessageError():
            return "the message was refused with a reset"
        case aiocoap.error.LibraryShutdown():
            return "closed"
        case aiocoap.error.NetworkError(__cause__=OSError(strerror=str() as text)):
            return text.partition(" (")[0]  # aiocoap adds where it was received
        case _:
            return str(error) or type(error).__name__
