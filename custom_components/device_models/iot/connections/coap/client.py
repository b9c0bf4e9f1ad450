"""Requests to one CoAP endpoint, each with an end.

aiocoap keeps retransmitting what nobody waits for any more, and holds everything else
for that peer behind it (protocol sheet "CoAP" §5). Therefore the retransmissions are
tuned to end before our own timeout, and one request at a time goes to an endpoint.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
import logging
from typing import Any, Final

import aiocoap.error

from ...errors import CommunicationError, UnreachableError
from .context import acquire_context, release_context, send_alone
from .request import Method, Request, Response

_LOGGER = logging.getLogger(__name__)

CONFIRMABLE_TIMEOUT: Final = 11.0
"""Seconds; just above the 10.5 s after which the retransmissions have ended."""

NON_CONFIRMABLE_TIMEOUTS: Final = (2.0, 3.0, 5.0)
"""Seconds for each try of a request that may be repeated; as patient as the above."""

DEAD: Final = 1.0
"""How much silence says that an endpoint is dead; see ``CoapEndpoint._ask``."""

RESTARTS: Final = 2
"""How often a document that changes while it is sent in blocks is begun again."""


class UnansweredError(UnreachableError):
    """The endpoint has taken a request, and is there, but did not answer it."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request that was sent: ours, as aiocoap's message, and aiocoap's handle."""

    request: Request
    message: Any
    running: Any


@dataclass(slots=True)
class CoapEndpoint:
    """One CoAP server: host, port, and how it is talked to."""

    host: str
    port: int = 5683
    confirmable: bool = True
    _context: Any = field(default=None, init=False, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    """RFC 7252 §4.7, NSTART = 1: one outstanding interaction with an endpoint."""
    _silence: float = field(default=0, init=False, repr=False)
    """How much speaks for a dead endpoint since its last answer."""

    @property
    def address(self) -> str:
        """The address as a URI."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"coap://{host}:{self.port}"

    async def open(self) -> None:
        """Take part in the shared context.

        Raises:
            UnreachableError: this machine has no network that could be used.

        """
        if self._context is None:
            with self._translated():
                self._context = await acquire_context()

    async def close(self) -> None:
        """Leave the shared context."""
        if self._context is not None:
            self._context = None
            await release_context()

    async def request(
        self,
        method: Method,
        path: str,
        *,
        payload: bytes = b"",
        content_format: int | None = None,
        accept: int | None = None,
        etag: bytes | None = None,
    ) -> Response:
        """Ask, and wait for the answer; any code is an answer.

        What is not idempotent (POST, PATCH) is never repeated above the message layer.

        Raises:
            UnreachableError: no answer in time, or none possible.

        """
        request = Request(
            method=method,
            path=path,
            payload=payload,
            content_format=content_format,
            accept=accept,
            etag=etag,
        )
        _, response = await self._ask(request)
        return response

    @asynccontextmanager
    async def observe(
        self, path: str, *, accept: int | None = None
    ) -> AsyncIterator[tuple[Response, AsyncIterator[Response]]]:
        """Register for notifications (RFC 7641); gives the first answer and the rest.

        Leaving the context ends the interest, and tells the server so. If that gets
        lost, it learns of it by a reset in answer to a later notification.

        Raises:
            UnreachableError: no answer in time, or none possible; also from the
                iterator when the registration ends that way.

        """
        request = Request(method=Method.GET, path=path, accept=accept, observe=0)
        exchange, first = await self._ask(request)
        notifications = self._notifications(exchange)
        try:
            yield first, notifications
        finally:
            await notifications.aclose()
            if not exchange.running.observation.cancelled:
                self._part(exchange)

    async def _notifications(self, exchange: _Exchange) -> AsyncGenerator[Response]:
        """Yield the notifications of an observation."""
        with self._translated():
            async for message in exchange.running.observation:
                yield Response.of(message)

    async def _ask(self, request: Request) -> tuple[_Exchange, Response]:
        """Ask as often as may be, when it is our turn; returns the exchange too.

        Who has waited for a turn while the endpoint turned out to be dead gets no
        answer either: it costs all who ask at the same time one timeout together.

        Raises:
            UnreachableError: no answer in time, or none possible.

        """
        timeouts: tuple[float, ...] = (CONFIRMABLE_TIMEOUT,)
        if not self.confirmable and request.method.idempotent:
            timeouts = NON_CONFIRMABLE_TIMEOUTS
        before = self._silence
        with self._translated():
            async with self._lock:
                if self._silence < before + DEAD:
                    for seconds in timeouts:
                        try:
                            answered = await self._exchange(request, seconds)
                        except TimeoutError:
                            silence = DEAD / 2  # it may be slow with this one only
                        except aiocoap.error.TimeoutError:
                            silence = DEAD  # nothing was even acknowledged
                        else:
                            self._silence = 0
                            return answered
                    self._silence += silence
                    if self.confirmable and silence < DEAD:
                        raise UnansweredError(address=self.address, reason="no answer")
                raise UnreachableError(address=self.address, reason="no answer")

    async def _exchange(
        self, request: Request, seconds: float
    ) -> tuple[_Exchange, Response]:
        """Send a request once and wait for its answer.

        Raises:
            TimeoutError: there is none in time.
            Exception: whatever aiocoap raises.

        """
        restarts = RESTARTS if request.method is Method.GET else 0
        async with asyncio.timeout(seconds):
            for _ in range(restarts):
                with suppress(aiocoap.error.ResourceChanged):
                    return await self._send(request)
            return await self._send(request)

    async def _send(self, request: Request) -> tuple[_Exchange, Response]:
        """Send a request and wait for its answer, without end."""
        if self._context is None:
            raise UnreachableError(address=self.address, reason="closed")
        message = request.message(self.address, confirmable=self.confirmable)
        exchange = _Exchange(request, message, self._context.request(message))
        try:
            return exchange, Response.of(await _answer(exchange.running))
        except aiocoap.error.NetworkError:
            raise
        except BaseException:
            if request.observe is not None:
                self._part(exchange)  # perhaps it was registered
            raise

    def _part(self, exchange: _Exchange) -> None:
        """End the interest in notifications, and tell the server so.

        Under the same token (RFC 7641 §3.6): otherwise the server would keep one
        observer more with each registration. Not confirmable: a dead server is not to
        be asked again and again.
        """
        sent = exchange.message
        if not exchange.running.observation.cancelled:
            exchange.running.observation.cancel()
        if self._context is None or not sent.token:
            return  # nothing can be sent, or nothing was
        parting = replace(exchange.request, observe=1)
        message = parting.message(self.address, confirmable=False)
        message.token, message.remote = sent.token, sent.remote
        with suppress(Exception):  # it may get lost as well
            send_alone(message)

    @contextmanager
    def _translated(self) -> Iterator[None]:
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
            _LOGGER.debug("%s: %r", self.address, err)
            raise UnreachableError(address=self.address, reason=_reason(err)) from err


async def _answer(exchange: Any) -> Any:
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
