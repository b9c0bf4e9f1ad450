"""Requests to one CoAP endpoint, each with an end.

aiocoap keeps retransmitting what nobody waits for any more, and holds everything else
for that peer behind it (protocol sheet "CoAP" §5). Therefore the retransmissions are
tuned to end before our own timeout, and one request at a time goes to an endpoint.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
import logging
from typing import Any, ClassVar, Final

import aiocoap
from aiocoap.numbers import ContentFormat, TransportTuning

from ...errors import UnreachableError

_LOGGER = logging.getLogger(__name__)

TRANSPORTS: Final = ["udp6"]
"""Named, because aiocoap's own choice depends on what else is installed (§3)."""

DEFAULT_MAX_AGE: Final = 60
"""Seconds; RFC 7252 §5.10.5: how fresh a response is that does not say."""


class Method(IntEnum):
    """The methods in use (RFC 7252 §12.1.1)."""

    GET = 1
    POST = 2
    PUT = 3


class ConfirmableTuning(TransportTuning):  # type: ignore[misc]  # aiocoap is untyped
    """Confirmable messages that give up after seconds instead of 93.

    Three datagrams within 10.5 s: ACK_TIMEOUT stays at the least that RFC 7252
    §4.8.1 allows without measuring the round trip.
    """

    ACK_TIMEOUT = 1.0
    ACK_RANDOM_FACTOR = 1.5
    MAX_RETRANSMIT = 2
    reliability = True


class NonConfirmableTuning(ConfirmableTuning):
    """Non-confirmable messages: one datagram."""

    reliability = False


CONFIRMABLE_TIMEOUT: Final = 11.0
"""Seconds; just above the 10.5 s after which the tuning above has given up."""

NON_CONFIRMABLE_TIMEOUTS: Final = (2.0, 3.0, 5.0)
"""Seconds for each try of a request that may be repeated; as patient as the above."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an endpoint answered."""

    code: str
    success: bool
    payload: bytes
    content_format: int | None
    etag: bytes | None
    max_age: int | None
    """Seconds; None where the answer does not say."""
    observed: bool
    """Whether notifications will follow."""
    diagnostic: str = ""

    @property
    def valid(self) -> bool:
        """Whether the answer is 2.03: what we have is what there is."""
        return self.code == "2.03"

    @property
    def absent(self) -> bool:
        """Whether there is no such resource, or it does not know the method."""
        return self.code in ("4.04", "4.05")

    @property
    def answer(self) -> str:
        """The answer for people: code, and the device's own words."""
        return f"{self.code} {self.diagnostic}".strip()


class _SharedContext:
    """The one aiocoap client context of an event loop, there while someone uses it."""

    _by_loop: ClassVar[dict[asyncio.AbstractEventLoop, _SharedContext]] = {}

    def __init__(self) -> None:
        self._users = 0
        self._lock = asyncio.Lock()
        self._context: Any = None

    @classmethod
    async def acquire(cls) -> Any:  # noqa: ANN401  (aiocoap is untyped)
        loop = asyncio.get_running_loop()
        shared = cls._by_loop.setdefault(loop, cls())
        shared._users += 1
        try:
            async with shared._lock:
                if shared._context is None:
                    shared._context = await aiocoap.Context.create_client_context(
                        transports=TRANSPORTS
                    )
        except BaseException:
            await cls.release()
            raise
        return shared._context

    @classmethod
    async def release(cls) -> None:
        loop = asyncio.get_running_loop()
        shared = cls._by_loop[loop]
        shared._users -= 1
        if not shared._users:
            del cls._by_loop[loop]
            async with shared._lock:
                if shared._context is not None:
                    # Requests that were given up are forgotten by timers before this one
                    await asyncio.sleep(0.001)
                    await shared._context.shutdown()


@dataclass(slots=True)
class CoapEndpoint:
    """One CoAP server: host, port, and how it is talked to."""

    host: str
    port: int = 5683
    confirmable: bool = True
    _context: Any = field(default=None, init=False, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    """RFC 7252 §4.7, NSTART = 1: one outstanding interaction with an endpoint."""

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
                self._context = await _SharedContext.acquire()

    async def close(self) -> None:
        """Leave the shared context."""
        if self._context is not None:
            self._context = None
            await _SharedContext.release()

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

        A POST is never repeated above the message layer: it is not idempotent.

        Raises:
            UnreachableError: no answer in time, or none possible.

        """
        timeouts: Iterable[float] = (CONFIRMABLE_TIMEOUT,)
        if not self.confirmable and method is not Method.POST:
            timeouts = NON_CONFIRMABLE_TIMEOUTS
        async with self._turn:
            for seconds in timeouts:
                message = self._message(
                    method, path, payload, content_format, accept, etag
                )
                try:
                    return await self._exchange(message, seconds)
                except TimeoutError:
                    _LOGGER.debug("%s: no answer within %s s", self.address, seconds)
        raise UnreachableError(address=self.address, reason="no answer")

    @asynccontextmanager
    async def observe(
        self, path: str, *, accept: int | None = None
    ) -> AsyncIterator[tuple[Response, AsyncIterator[Response]]]:
        """Register for notifications (RFC 7641); gives the first answer and the rest.

        Leaving the context ends the interest: the server learns of it by a reset in
        answer to its next notification.

        Raises:
            UnreachableError: no answer in time, or none possible; also from the
                iterator when the registration ends that way.

        """
        message = self._message(Method.GET, path, b"", None, accept, None)
        message.opt.observe = 0
        with self._translated():
            async with self._turn:
                request = self._checked_context().request(message)
                try:
                    first = await _answer(request, CONFIRMABLE_TIMEOUT)
                except TimeoutError as err:
                    reason = "no answer"
                    raise UnreachableError(
                        address=self.address, reason=reason
                    ) from err
        try:
            yield _response(first), self._notifications(request)
        finally:
            if not request.observation.cancelled:
                request.observation.cancel()

    async def _notifications(
        self,
        request: Any,  # noqa: ANN401  (aiocoap is untyped)
    ) -> AsyncIterator[Response]:
        """Yield the notifications of an observation."""
        with self._translated():
            async for message in request.observation:
                yield _response(message)

    async def _exchange(
        self,
        message: Any,  # noqa: ANN401  (aiocoap is untyped)
        seconds: float,
    ) -> Response:
        """Send one request and wait for its answer."""
        with self._translated():
            request = self._checked_context().request(message)
            return _response(await _answer(request, seconds))

    def _checked_context(self) -> Any:  # noqa: ANN401  (aiocoap is untyped)
        if self._context is None:
            raise UnreachableError(address=self.address, reason="closed")
        return self._context

    def _message(
        self,
        method: Method,
        path: str,
        payload: bytes,
        content_format: int | None,
        accept: int | None,
        etag: bytes | None,
    ) -> Any:  # noqa: ANN401  (aiocoap is untyped)
        """Build a request; aiocoap wants a new message each time (§3)."""
        with self._translated():
            message = aiocoap.Message(
                code=aiocoap.Code(method),
                uri=self.address,
                payload=payload,
                transport_tuning=(
                    ConfirmableTuning() if self.confirmable else NonConfirmableTuning()
                ),
            )
        way, _, query = path.partition("?")
        message.opt.uri_path = [part for part in way.split("/") if part]
        message.opt.uri_query = [part for part in query.split("&") if part]
        if content_format is not None:
            message.opt.content_format = ContentFormat(content_format)
        if accept is not None:
            message.opt.accept = ContentFormat(accept)
        if etag is not None:
            message.opt.etags = [etag]
        return message

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what aiocoap and the network raise into the one error there is for it.

        The list is that of the sheet, §3 "Exceptions to catch"; a time limit of ours
        passes.
        """
        try:
            yield
        except UnreachableError, TimeoutError:
            raise
        except (aiocoap.error.Error, OSError, ValueError) as err:
            reason = str(err) or type(err).__name__
            raise UnreachableError(address=self.address, reason=reason) from err


async def _answer(request: Any, seconds: float) -> Any:  # (aiocoap is untyped)
    """Return the first answer to a request.

    Giving up is left to a timer: aiocoap learns that a request was cancelled one turn
    of the loop later, and fails (InvalidStateError) if the network reports an error in
    between. Timers run last in a turn, so nothing comes in between.

    Raises:
        TimeoutError: there is none within the time.

    """
    response = request.response
    try:
        await asyncio.wait((response,), timeout=seconds)
    finally:
        if not response.done():
            # Whatever becomes of it, nobody will look any more.
            response.add_done_callback(lambda it: it.cancelled() or it.exception())
            asyncio.get_running_loop().call_later(0, response.cancel)
    if not response.done():
        raise TimeoutError
    return response.result()


def _response(message: Any) -> Response:  # noqa: ANN401  (aiocoap is untyped)
    """Return an aiocoap message as what matters of it."""
    options = message.opt
    success = message.code.is_successful()
    content_format = options.content_format
    diagnostic = "" if success else message.payload[:100].decode(errors="replace")
    return Response(
        code=message.code.dotted,
        success=success,
        payload=message.payload,
        content_format=None if content_format is None else int(content_format),
        etag=options.etag,
        max_age=options.max_age,
        observed=options.observe is not None,
        diagnostic=diagnostic if diagnostic.isprintable() else "",
    )
