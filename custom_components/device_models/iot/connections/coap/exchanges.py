"""The layers of aiocoap between a socket and its context, with limits.

aiocoap's own keep what peers make them keep, and repeat messages whose answer has come
or is not wanted any more (protocol sheet "CoAP" §5, §8).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
import secrets
from typing import Any, Final, override
import weakref

import aiocoap
from aiocoap.messagemanager import MessageManager
from aiocoap.numbers.types import ACK, CON, NON, RST
from aiocoap.pipe import Pipe
from aiocoap.tokenmanager import TokenManager

from .delivery import Tuning
from .recent import RecentMessages

TOKEN: Final = 4
"""Bytes; RFC 7252 §5.3.1 wants 32 random bits."""

MAX_AT_ONCE: Final = 512
"""Requests that are being answered, or observe, of all peers together."""

MAX_OF_PEER: Final = 64
"""The same, of one host."""

BUSY: Final = 10
"""Seconds for which a peer that has to wait is to wait, at least."""

OUTSTANDING: Final = 2.0
"""Seconds for which others wait for the answer to a request that is not confirmable:
so long, too, the first try of ours waits. It may have got lost."""

SAFE: Final = frozenset({aiocoap.Code.GET, aiocoap.Code.FETCH})
"""Methods that change nothing (RFC 7252 §5.1, RFC 8132 §2)."""


def _awaited(message: Any) -> bool:
    """Whether a message is a request whose answer somebody waits for."""
    return getattr(message, "awaited", False)


def _says_done(message: Any) -> bool:
    """Whether a message is the answer to a request that has changed something."""
    return (
        message.request is not None
        and message.code.is_successful()
        and message.request.code not in SAFE
    )


def _add_error(pipe: Callable[[], Any], error: Any) -> None:
    """Have a request fail, as aiocoap's ``Pipe`` does it.

    It may have been given up in this very turn of the loop, as when its time and its
    last repetition end together.
    """
    if (request := pipe()) is not None:
        with suppress(asyncio.InvalidStateError):
            Pipe.add_exception(request, error() if isinstance(error, type) else error)


class Tokens(TokenManager):  # type: ignore[misc]  # aiocoap is untyped
    """Pairs responses with requests."""

    @override
    def next_token(self) -> bytes:
        """Return a token that nobody can guess; aiocoap counts."""
        return secrets.token_bytes(TOKEN)

    @override
    def request(self, request: Any) -> None:
        """Send a request; errors are made one where aiocoap gives their class."""
        request.request.awaited = True
        request.add_exception = partial(_add_error, weakref.ref(request))
        super().request(request)

    @override
    def process_response(self, response: Any) -> bool:
        """Pass on a response; who has asked is told the number of a notification."""
        request = self.outgoing_requests.get((response.token, response.remote))
        if request is not None and response.opt.observe is not None:
            tuning = request.request.transport_tuning
            if isinstance(tuning, Tuning) and tuning.on_number is not None:
                tuning.on_number(response.opt.observe)
        matched: bool = super().process_response(response)
        return matched

    def full(self, remote: Any) -> bool:
        """Whether no request of a peer can be taken."""
        pending = self.incoming_requests
        if len(pending) < MAX_OF_PEER:
            return False
        host = remote.sockaddr[0]
        of_peer = sum(other.sockaddr[0] == host for _, other in pending)
        return len(pending) >= MAX_AT_ONCE or of_peer >= MAX_OF_PEER


class Exchanges(MessageManager):  # type: ignore[misc]  # aiocoap is untyped
    """Pairs messages with acknowledgements, and finds those that come twice."""

    def __init__(self, tokens: Tokens, *, serving: bool) -> None:
        """Take what is above, and whether requests are answered at all."""
        super().__init__(tokens)
        self._serving = serving
        self._recent = RecentMessages()

    @override
    async def shutdown(self) -> None:
        """End; aiocoap would still acknowledge what it has not answered."""
        for _, timer in self._piggyback_opportunities.values():
            timer.cancel()
        self._piggyback_opportunities.clear()
        await super().shutdown()

    @override
    def dispatch_message(self, message: Any) -> None:
        """Take a message; where no requests are answered, they are rejected.

        That takes no memory of them (RFC 7252 §4.2, §4.3).
        """
        if message.code.is_request() and not self._serving:
            if message.mtype is CON:
                self._process_ping(message)  # which is answered with a reset, too
        elif not (message.code.is_response() and self._repeated(message)):
            super().dispatch_message(message)

    @override
    def dispatch_error(self, error: Exception, remote: Any) -> None:
        """Fail what is under way to a peer; what waits behind it is not sent."""
        if self._active_exchanges is None:
            return  # all has failed
        for key in [one for one in self._active_exchanges if one[0] == remote]:
            self._active_exchanges.pop(key)[1].cancel()
        self._backlogs.pop(remote, None)
        super().dispatch_error(error, remote)

    # Messages that come twice

    @override
    def _deduplicate_message(self, message: Any) -> bool:
        """Whether a message was received before; otherwise it is noted."""
        if self._repeated(message):
            return True
        self._keep(message)
        return False

    def _repeated(self, message: Any) -> bool:
        """Whether a message was received before; if so, it is answered as before."""
        found = self._recent.find(message.remote, message.mid)
        if found is None or found.fingerprint != message.fingerprint:
            return False
        if message.mtype is CON and found.answer is not None:
            self.message_interface.repeat(found.answer, message.remote)
        return True

    def _keep(self, message: Any) -> None:
        """Note a message that is received."""
        self._recent.keep(
            message.remote, message.mid, message.fingerprint, message.token
        )

    @override
    def _process_response(self, response: Any) -> bool:
        """Pass on a response; one that was expected is acknowledged each time it comes.

        aiocoap resets what comes again because its acknowledgement got lost.
        """
        expected: bool = super()._process_response(response)
        if expected and response.mtype is CON:
            self._keep(response)
        return expected

    @override
    def _store_response_for_duplicates(self, message: Any) -> None:
        """Note what a message is answered with."""
        if message.mtype not in (ACK, RST):
            return  # its ID is one of ours
        found = self._recent.find(message.remote, message.mid)
        if found is not None and message.token in {found.token, b""}:
            found.answer = message.encode()

    # Requests that come in

    @override
    def _process_request(self, request: Any) -> None:
        """Have a request answered, unless too many are already."""
        if not self.token_manager.full(request.remote):
            super()._process_request(request)
            return
        response = aiocoap.Message(code=aiocoap.Code.SERVICE_UNAVAILABLE)
        response.opt.max_age = BUSY
        response.token = request.token
        response.remote = request.remote.as_response_address()
        reliable = request.mtype is CON
        response.mtype = ACK if reliable else NON
        response.mid = request.mid if reliable else self._next_message_id()
        self._send_initially(response)

    # What goes out

    @override
    def send_message(
        self, message: Any, messageerror_monitor: Callable[[], None]
    ) -> Callable[[], None] | None:
        """Send a message; returns what ends its repetitions, if it may be repeated.

        aiocoap calls that when there is an answer, under whatever message ID, and when
        none is wanted any more. A notification takes the place of one that waits for
        its turn (RFC 7641 §4.5.2): who does not acknowledge gets no endless queue.
        """
        backlog = self._backlogs.get(message.remote)
        if backlog and message.code.is_response():
            backlog[:] = [
                one
                for one in backlog
                if not one[0].code.is_response() or one[0].token != message.token
            ]
        if _says_done(message):
            self._recent.done(message.request.remote, message.request.mid)
        super().send_message(message, messageerror_monitor)
        if message.mtype is not CON and not _awaited(message):
            return None
        return partial(self._call_off, message)

    @override
    def _send_initially(
        self, message: Any, messageerror_monitor: Callable[[], None] | None = None
    ) -> None:
        """Send a message, when it is its turn.

        A request that is not confirmable has its turn until it is answered, too
        (RFC 7252 §4.7); with aiocoap it would go at once, whatever is under way.
        """
        if (
            message.mtype is NON
            and _awaited(message)
            and self._active_exchanges is not None
        ):
            remote = message.remote
            if remote in self._backlogs and any(
                other == remote for other, _ in self._active_exchanges
            ):
                self._backlogs[remote].append((message, messageerror_monitor))
                return
            self._backlogs.setdefault(remote, [])
            self._active_exchanges[remote, message.mid] = (
                messageerror_monitor,
                self.loop.call_later(OUTSTANDING, self._call_off, message),
            )
        super()._send_initially(message, messageerror_monitor)

    def _call_off(self, message: Any) -> None:
        """Send a message no more."""
        remote = message.remote
        if self._active_exchanges is None or remote not in self._backlogs:
            return
        under_way = self._active_exchanges.pop((remote, message.mid), None)
        if under_way is None:
            backlog = self._backlogs[remote]
            backlog[:] = [one for one in backlog if one[0] is not message]
        else:
            under_way[1].cancel()
            self._continue_backlog(remote)
