"""Requests to one CoAP endpoint, each with an end.

Retransmissions are tuned to end before our own timeout: aiocoap would go on with them
when nobody waits any more, and hold up all else for that peer (protocol sheet "CoAP"
§5). One request at a time goes to an endpoint.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
import secrets
import time
from typing import Any, Final

import aiocoap.error

from ...errors import UnauthorizedError, UnreachableError
from .access import DEAD, Access, Address, acquire, release
from .answer import UnansweredError, answer_to, translated
from .context import send_alone
from .delivery import ANY, Delivery, TooLongError, Tuning
from .request import UNAUTHORIZED, Method, Request, Response
from .security import RefusedError, Security
from .statistics import Statistics
from .transports import Transport

CONFIRMABLE_TIMEOUT: Final = 11.0
"""Seconds; just above the 10.5 s after which the retransmissions have ended."""

NON_CONFIRMABLE_TIMEOUTS: Final = (2.0, 3.0, 5.0)
"""For each try of a request that may be repeated; as patient as the above."""

MAX_ALONE: Final = 1024
"""Bytes of a payload that is sent in one message, whatever becomes of it."""

SENT_WITHIN: Final = 8
"""Turns of the loop after which aiocoap has sent what it was given, or never will."""

RENEWED_TIMEOUT: Final = 5.0
"""Seconds for an answer in a new session, after the old one seems to have died."""

DOUBTED: Final = "perhaps the credentials are not taken"

RESTARTS: Final = 2
"""How often a document that changes while it is sent in blocks is begun again."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request that was sent: ours, as aiocoap's message, and aiocoap's handle."""

    request: Request
    message: Any
    running: Any
    tuning: Tuning
    context: Any


@dataclass(slots=True)
class CoapEndpoint:
    """One CoAP server: host, port, and how it is talked to."""

    host: str
    port: int = 5683
    confirmable: bool = True
    patience: float | None = None
    block_size: int | None = None
    transport: Transport = Transport.UDP
    security: Security | None = None
    on_unauthorized: Callable[[], None] | None = None
    """Called when the endpoint refuses what it should take for our credentials."""
    statistics: Statistics = field(default_factory=Statistics, init=False, repr=False)
    _access: Access | None = field(default=None, init=False, repr=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)
    """One request at a time; all who ask an endpoint take turns by the message."""

    @property
    def address(self) -> str:
        """The address as a URI."""
        return self._address.uri

    async def open(self) -> None:
        """Take part in the access to the endpoint.

        Raises:
            UnreachableError: this machine has no network that could be used.
            TransportMissingError: something that it needs is not installed.

        """
        if self._access is None:
            stretch = Delivery(patience=self.patience).stretch
            with translated(self.address):
                self._access = await acquire(self._address, stretch)

    async def close(self) -> None:
        """Leave it to the others."""
        if self._access is not None:
            access, self._access = self._access, None
            await release(access)

    async def request(
        self,
        method: Method,
        path: str,
        *,
        payload: bytes = b"",
        content_format: int | None = None,
        accept: int | None = None,
        etag: bytes | None = None,
        if_match: bytes | None = None,
        delivery: Delivery = ANY,
    ) -> Response:
        """Ask, and wait for the answer; any code is an answer.

        What is not idempotent (POST, PATCH) is never repeated above the message layer.
        An endpoint that wants to know that we are there first (RFC 9175 §2.3) is told.

        Raises:
            UnreachableError: no answer in time, or none possible.
            UnauthorizedError: the endpoint refuses our credentials.

        """
        request = Request(
            method=method,
            path=path,
            payload=payload,
            content_format=content_format,
            accept=accept,
            etag=etag,
            if_match=if_match,
        )
        _, response = await self._ask(request, delivery)
        return response

    async def tell(self, request: Request) -> None:
        """Send a request that is not to be answered (RFC 7967), and wait for nothing.

        Raises:
            UnreachableError: it cannot even be sent, in one message.

        """
        with translated(self.address), self.statistics.counted():
            if len(request.payload) > MAX_ALONE:
                raise ValueError("too long to be sent without an answer")
            access = self._opened()
            async with self._turn:
                context = await access.context()
                tuning = Tuning(Delivery(confirmable=False))
                asked = replace(request, unanswered=True)
                message = asked.message(self.address, tuning)
                await context.find_remote_and_interface(message)
                message.token = secrets.token_bytes(4)
                send_alone(context, message)
                self.statistics.told(asked)

    @asynccontextmanager
    async def observe(
        self,
        path: str,
        *,
        accept: int | None = None,
        delivery: Delivery = ANY,
        on_number: Callable[[int], None] | None = None,
    ) -> AsyncIterator[tuple[Response, AsyncIterator[Response]]]:
        """Register for notifications (RFC 7641); gives the first answer and the rest.

        ``on_number`` is called with the number of each answer, whether it is newer than
        what was there before, and is given, or not.

        Leaving the context ends the interest, and tells the server so. If that gets
        lost, it learns of it by a reset in answer to a later notification.

        Raises:
            UnreachableError: no answer in time, or none possible; also from the
                iterator when the registration ends that way.

        """
        request = Request(
            method=Method.GET,
            path=path,
            accept=accept,
            observe=0,
            on_number=on_number,
        )
        exchange, first = await self._ask(request, delivery)
        notifications = self._notifications(exchange)
        try:
            yield first, notifications
        finally:
            await notifications.aclose()
            if not exchange.running.observation.cancelled:
                self._part(exchange)

    @property
    def _address(self) -> Address:
        """Where it is, and how it is reached."""
        return Address(self.host, self.port, self.transport, self.security)

    def _opened(self) -> Access:
        """Return the access.

        Raises:
            UnreachableError: it was not opened, or has been closed.

        """
        if self._access is None:
            raise UnreachableError(address=self.address, reason="closed")
        return self._access

    async def _notifications(self, exchange: _Exchange) -> AsyncGenerator[Response]:
        """Yield the notifications of an observation."""
        tuning, observation = exchange.tuning, exchange.running.observation

        def more() -> None:
            if tuning.too_long and not observation.cancelled:
                observation.error(TooLongError())

        tuning.on_message = more
        with translated(self.address):
            async for message in observation:
                tuning.messages = 0  # the limit is that of one document
                response = Response.of(message)
                self.statistics.notified(exchange.request, response)
                yield response

    async def _ask(
        self, request: Request, delivery: Delivery
    ) -> tuple[_Exchange, Response]:
        """Ask as often as may be, when it is our turn; returns the exchange too.

        Raises:
            UnreachableError: no answer in time, or none possible.
            UnauthorizedError: the endpoint refuses our credentials.

        """
        delivery = delivery.over(
            Delivery(
                confirmable=self.confirmable,
                patience=self.patience,
                block_size=self.block_size,
            )
        )
        try:
            with translated(self.address), self.statistics.counted():
                access = self._opened()
                before = access.silence
                async with self._turn:
                    if access.silence >= before + DEAD:
                        # It has turned out to be dead meanwhile: one timeout is enough.
                        raise TimeoutError("no answer")
                    return await self._try(access, request, delivery)
        except UnauthorizedError:
            if self.on_unauthorized is not None:
                self.on_unauthorized()
            raise

    async def _try(
        self, access: Access, request: Request, delivery: Delivery
    ) -> tuple[_Exchange, Response]:
        """Ask now; what had a session that may have died is asked in a new one, too.

        Raises:
            UnreachableError: no answer in time.
            RefusedError: the endpoint refuses our credentials; twice in a row, if
                that is not certain.
            Exception: whatever aiocoap raises.

        """
        timeouts: tuple[float, ...] = (CONFIRMABLE_TIMEOUT,)
        if not delivery.confirmable and request.method.idempotent:
            timeouts = NON_CONFIRMABLE_TIMEOUTS
        again = request.method.idempotent
        proven, context = access.proven, access.made
        try:
            return await self._repeat(access, request, delivery, timeouts)
        except RefusedError as err:
            if err.certain:
                raise
            if not again:
                raise UnreachableError(address=self.address, reason=DOUBTED) from err
        except UnreachableError:
            if access.silence < DEAD:
                raise
            await access.renew(context)
            if not (again and proven and access.renewable):
                raise
            timeouts = (RENEWED_TIMEOUT,)
        except aiocoap.error.NetworkError, aiocoap.error.LibraryShutdown:
            # The session has ended, or somebody else has ended it.
            if not (again and access.renewable and self._access is access):
                raise
        await access.renew(context)
        return await self._repeat(access, request, delivery, timeouts)

    async def _repeat(
        self,
        access: Access,
        request: Request,
        delivery: Delivery,
        timeouts: tuple[float, ...],
    ) -> tuple[_Exchange, Response]:
        """Ask once for each timeout, in seconds, until there is an answer.

        Raises:
            UnreachableError: there is none.
            Exception: whatever aiocoap raises.

        """
        silence = 0.0
        for number, seconds in enumerate(timeouts):
            self.statistics.retransmissions += number > 0
            try:
                answered = await self._exchange(access, request, delivery, seconds)
            except TimeoutError:
                silence = DEAD / 2  # it may be slow with this one only
            except aiocoap.error.TimeoutError:
                silence = DEAD  # nothing was even acknowledged
            except aiocoap.error.NetworkError as err:
                if isinstance(err.__cause__, RefusedError):
                    raise err.__cause__ from err
                raise
            else:
                access.silence = 0.0
                access.proven = True
                return answered
        access.silence += silence
        if delivery.confirmable and silence < DEAD:
            raise UnansweredError(address=self.address, reason="no answer")
        raise UnreachableError(address=self.address, reason="no answer")

    async def _exchange(
        self, access: Access, request: Request, delivery: Delivery, seconds: float
    ) -> tuple[_Exchange, Response]:
        """Send a request once; each of its messages has so much time to be answered.

        Raises:
            TimeoutError: there is none in time.
            Exception: whatever aiocoap raises.

        """
        restarts = RESTARTS if request.method is Method.GET else 0
        tuning = Tuning(delivery)
        tuning.on_number = request.on_number
        began = time.monotonic()
        try:
            async with tuning.limited(seconds):
                for _ in range(restarts):
                    with suppress(aiocoap.error.ResourceChanged):
                        answered = await self._send(access, request, delivery, tuning)
                        break
                else:
                    answered = await self._send(access, request, delivery, tuning)
        except Exception as err:
            self.statistics.failed(request, err, tuning, began)
            raise
        self.statistics.answered(request, answered[1], tuning, began)
        return answered

    async def _send(
        self, access: Access, request: Request, delivery: Delivery, tuning: Tuning
    ) -> tuple[_Exchange, Response]:
        """Send a request and wait for its answer, without end."""
        self._opened()  # it may have been closed meanwhile
        context = await access.context()
        message = request.message(self.address, tuning, delivery.block_exponent)
        exchange = _Exchange(
            request, message, context.request(message), tuning, context
        )
        try:
            response = Response.of(await answer_to(exchange.running))
        except aiocoap.error.NetworkError:
            raise
        except BaseException:
            if request.observe is not None:
                self._part(exchange)  # perhaps it was registered
            raise
        if response.code == UNAUTHORIZED and response.echo and not request.echo:
            # It was not carried out: this is no repetition, whatever the method.
            heard = replace(request, echo=response.echo)
            return await self._send(access, heard, delivery, tuning)
        return exchange, response

    def _part(self, exchange: _Exchange, turns: int = SENT_WITHIN) -> None:
        """End the interest in notifications, and tell the server so.

        Under the same token (RFC 7641 §3.6): otherwise the server would keep one
        observer more with each registration. Not confirmable: a dead server is not to
        be asked again and again.
        """
        sent = exchange.message
        if not exchange.running.observation.cancelled:
            exchange.running.observation.cancel()
        if self._access is None:
            return  # nothing can be sent any more
        if not sent.token:
            if turns:  # it may still be: aiocoap notices later that it is not to
                asyncio.get_running_loop().call_later(
                    0, self._part, exchange, turns - 1
                )
            return
        parting = replace(exchange.request, observe=1)
        tuning = Tuning(Delivery(confirmable=False))
        message = parting.message(self.address, tuning)
        message.token, message.remote = sent.token, sent.remote
        with suppress(Exception):  # it may get lost as well
            send_alone(exchange.context, message)
