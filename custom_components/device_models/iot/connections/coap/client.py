"""Requests to one CoAP endpoint, each with an end, and one at a time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
import secrets
from typing import Final

from ...errors import UnauthorizedError, UnreachableError
from .access import DEAD, Access, Address, acquire, release
from .answer import translated
from .attempt import Attempt, Exchange
from .context import send_alone
from .delivery import ANY, Delivery, TooLongError, Tuning
from .request import Method, Request, Response
from .security import Security
from .statistics import Statistics
from .transports import Transport

MAX_ALONE: Final = 1024
"""Bytes of a payload that is sent in one message, whatever becomes of it."""


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
        return await self.ask(request, delivery)

    async def ask(self, request: Request, delivery: Delivery = ANY) -> Response:
        """Ask; as ``request``.

        Raises:
            UnreachableError: no answer in time, or none possible.
            UnauthorizedError: the endpoint refuses our credentials.

        """
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
                exchange.part()

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

    async def _notifications(self, exchange: Exchange) -> AsyncGenerator[Response]:
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
    ) -> tuple[Exchange, Response]:
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
                    self._opened()  # it may have been closed meanwhile
                    attempt = Attempt(request, access, delivery, self.statistics)
                    return await attempt.make()
        except UnauthorizedError:
            if self.on_unauthorized is not None:
                self.on_unauthorized()
            raise
