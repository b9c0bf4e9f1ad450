"""A request to a CoAP endpoint, tried as often and as long as may be.

Retransmissions are tuned to end before our own timeout: aiocoap would go on with them
when nobody waits any more, and hold up all else for that peer (protocol sheet "CoAP"
§5).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
import time
from typing import Any, Final

import aiocoap.error

from ...errors import UnreachableError
from .access import DEAD, Access
from .answer import UnansweredError, answer_to
from .context import send_alone
from .delivery import Delivery, Tuning
from .request import UNAUTHORIZED, Method, Request, Response
from .security import RefusedError
from .statistics import Statistics

CONFIRMABLE_TIMEOUT: Final = 11.0
"""Seconds; just above the 10.5 s after which the retransmissions have ended."""

NON_CONFIRMABLE_TIMEOUTS: Final = (2.0, 3.0, 5.0)
"""For each try of a request that may be repeated; as patient as the above."""

SENT_WITHIN: Final = 8
"""Turns of the loop after which aiocoap has sent what it was given, or never will."""

RENEWED_TIMEOUT: Final = 5.0
"""Seconds for an answer in a new session, after the old one seems to have died."""

DOUBTED: Final = "perhaps the credentials are not taken"

RESTARTS: Final = 2
"""How often a document that changes while it is sent in blocks is begun again."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was sent: ours, as aiocoap's message, and aiocoap's handle."""

    request: Request
    message: Any
    running: Any
    tuning: Tuning
    access: Access
    context: Any

    def part(self, turns: int = SENT_WITHIN) -> None:
        """End the interest in notifications, and tell the server so.

        Under the same token (RFC 7641 §3.6): otherwise the server would keep one
        observer more with each registration. Not confirmable: a dead server is not to
        be asked again and again.
        """
        if not self.running.observation.cancelled:
            self.running.observation.cancel()
        if self.access.made is not self.context:
            return  # nothing can be sent there any more
        if not self.message.token:
            if turns:  # it may still be: aiocoap notices later that it is not to
                asyncio.get_running_loop().call_later(0, self.part, turns - 1)
            return
        parting = replace(self.request, observe=1)
        tuning = Tuning(Delivery(confirmable=False))
        message = parting.message(self.access.address.uri, tuning)
        message.token, message.remote = self.message.token, self.message.remote
        with suppress(Exception):  # it may get lost as well
            send_alone(self.context, message)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that is asked of one endpoint."""

    request: Request
    access: Access
    delivery: Delivery
    """Every part of it is decided."""
    statistics: Statistics

    async def make(self) -> tuple[Exchange, Response]:
        """Ask; what had a session that may have died is asked in a new one, too.

        Raises:
            UnreachableError: no answer in time.
            RefusedError: the endpoint refuses our credentials; twice in a row, if
                that is not certain.
            Exception: whatever aiocoap raises.

        """
        timeouts: tuple[float, ...] = (CONFIRMABLE_TIMEOUT,)
        if not self.delivery.confirmable and self.request.method.idempotent:
            timeouts = NON_CONFIRMABLE_TIMEOUTS
        again = self.request.method.idempotent
        access = self.access
        proven, context = access.proven, access.made
        try:
            return await self._repeat(timeouts)
        except RefusedError as err:
            if err.certain:
                raise
            if not again:
                raise UnreachableError(
                    address=access.address.uri, reason=DOUBTED
                ) from err
        except UnreachableError:
            if access.silence < DEAD:
                raise
            await access.renew(context)
            if not (again and proven and access.renewable):
                raise
            timeouts = (RENEWED_TIMEOUT,)
        except aiocoap.error.NetworkError, aiocoap.error.LibraryShutdown:
            # The session has ended, or somebody else has ended it.
            if not (again and access.renewable):
                raise
        await access.renew(context)
        return await self._repeat(timeouts)

    async def _repeat(self, timeouts: tuple[float, ...]) -> tuple[Exchange, Response]:
        """Ask once for each timeout, in seconds, until there is an answer.

        Raises:
            UnreachableError: there is none.
            Exception: whatever aiocoap raises.

        """
        silence = 0.0
        for number, seconds in enumerate(timeouts):
            self.statistics.retransmissions += number > 0
            try:
                answered = await self._once(seconds)
            except TimeoutError:
                silence = DEAD / 2  # it may be slow with this one only
            except aiocoap.error.TimeoutError:
                silence = DEAD  # nothing was even acknowledged
            except aiocoap.error.NetworkError as err:
                if isinstance(err.__cause__, RefusedError):
                    raise err.__cause__ from err
                raise
            else:
                self.access.silence = 0.0
                self.access.proven = True
                return answered
        self.access.silence += silence
        address = self.access.address.uri
        if self.delivery.confirmable and silence < DEAD:
            raise UnansweredError(address=address, reason="no answer")
        raise UnreachableError(address=address, reason="no answer")

    async def _once(self, seconds: float) -> tuple[Exchange, Response]:
        """Ask once; each of the messages has so much time to be answered.

        Raises:
            TimeoutError: there is none in time.
            Exception: whatever aiocoap raises.

        """
        request = self.request
        restarts = RESTARTS if request.method is Method.GET else 0
        tuning = Tuning(self.delivery)
        tuning.on_number = request.on_number
        began = time.monotonic()
        try:
            async with tuning.limited(seconds):
                for _ in range(restarts):
                    with suppress(aiocoap.error.ResourceChanged):
                        answered = await self._send(request, tuning)
                        break
                else:
                    answered = await self._send(request, tuning)
        except Exception as err:
            self.statistics.failed(request, err, tuning, began)
            raise
        self.statistics.answered(request, answered[1], tuning, began)
        return answered

    async def _send(
        self, request: Request, tuning: Tuning
    ) -> tuple[Exchange, Response]:
        """Send a request and wait for its answer, without end."""
        access = self.access
        context = await access.context()
        block = self.delivery.block_exponent
        message = request.message(access.address.uri, tuning, block)
        running = context.request(message, handle_blockwise=request.whole)
        exchange = Exchange(request, message, running, tuning, access, context)
        try:
            response = Response.of(await answer_to(running))
        except aiocoap.error.NetworkError:
            raise
        except BaseException:
            if request.observe is not None:
                exchange.part()  # perhaps it was registered
            raise
        if response.code == UNAUTHORIZED and response.echo and not request.echo:
            # It was not carried out: this is no repetition, whatever the method.
            return await self._send(replace(request, echo=response.echo), tuning)
        return exchange, response
