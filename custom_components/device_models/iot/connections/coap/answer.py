"""How aiocoap's outcomes become ours: an answer, or the one error there is for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import logging
import os
import socket
import ssl
from typing import Any

import aiocoap.error

from ...errors import (
    DeviceModelsError,
    UnauthorizedError,
    UnreachableError,
    UntrustedError,
)
from .security import RefusedError

_LOGGER = logging.getLogger(__name__)


class UnansweredError(UnreachableError):
    """The endpoint has taken a request, and is there, but did not answer it."""


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Turn what aiocoap and the network raise into the one error there is for it.

    aiocoap lets plain exceptions out, too (sheet §3 "Exceptions to catch").

    Raises:
        UnauthorizedError: in place of what says that our credentials are refused.
        UntrustedError: in place of what says that those of the other side are.
        UnreachableError: in place of any other error.

    """
    try:
        yield
    except DeviceModelsError:
        raise
    except Exception as err:
        _LOGGER.debug("%s: %r", address, err)
        if is_refusal(err):
            raise UnauthorizedError(address=address) from err
        if isinstance(err.__cause__, ssl.SSLCertVerificationError):
            raise UntrustedError(address=address, reason=_reason(err)) from err
        raise UnreachableError(address=address, reason=_reason(err)) from err


def is_refusal(error: BaseException | None) -> bool:
    """Whether an error says that the other side does not take our credentials."""
    match error:
        case RefusedError():
            return True
        case aiocoap.error.NetworkError():
            return is_refusal(error.__cause__)
        case _:
            return False


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
            # A request that is not sent in blocks has no task, and notices at once.
            cancel = getattr(exchange._runner, "cancel", response.cancel)  # noqa: SLF001
            asyncio.get_running_loop().call_later(0, cancel)
    return response.result()


def _reason(error: Exception) -> str:
    """Return for people why there is no answer."""
    match error:
        case aiocoap.error.MessageError():
            return "the message was refused with a reset"
        case aiocoap.error.LibraryShutdown():
            return "closed"
        case aiocoap.error.NetworkError(__cause__=Exception() as cause):
            return _reason(cause)
        case aiocoap.error.NetworkError(args=("None",)):
            return "the connection was closed"
        case ssl.SSLCertVerificationError(verify_message=str() as text):
            return f"the certificate is not trusted: {text}"
        case ssl.SSLError(reason=str() as text):
            return text.replace("_", " ").lower()
        case socket.gaierror(strerror=str() as text):
            return text
        case OSError(errno=int() as number) if number > 0:
            return os.strerror(number)  # without what the library adds
        case _:
            return str(error) or type(error).__name__
