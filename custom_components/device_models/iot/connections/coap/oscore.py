"""OSCORE (RFC 8613) for a client, over the shared context for plain CoAP.

It is imported only where its modules are installed. aiocoap's own transport needs more
of them, among them one that is not built for every machine, writes its files in the
event loop, and does not end observations.
"""

import asyncio
from collections.abc import Callable
import logging
from typing import Any, Final, override

from aiocoap import Message, interfaces
from aiocoap.error import ObservationCancelled
from aiocoap.oscore import (
    MAX_SEQNO,
    CanProtect,
    CanUnprotect,
    ContextUnavailable,
    NotAProtectedMessage,
    ProtectionInvalid,
    ReplayWindow,
    SecurityContextUtils,
    algorithms,
    hashfunctions,
)

from .answer import answer_to
from .security import OscoreKeys, RefusedError

_LOGGER = logging.getLogger(__name__)

# At level debug it writes down salts, and all that is said.
logging.getLogger("aiocoap.cryptography").setLevel(logging.INFO)

REFUSALS: Final = frozenset({"4.00", "4.01"})
"""RFC 8613 §8.2: what a server answers, unprotected, that cannot make sense of us."""


class SecurityContext(CanProtect, CanUnprotect, SecurityContextUtils):  # type: ignore[misc]  # aiocoap is untyped
    """What is derived from the keys, in memory only."""

    echo_recovery = None  # a server's business

    def __init__(self, keys: OscoreKeys) -> None:
        """Derive the keys of both directions (RFC 8613 §3.2.1)."""
        self.alg_aead = algorithms[keys.algorithm]
        self.hashfun = hashfunctions[keys.hash]
        self.sender_id = keys.sender_id
        self.recipient_id = keys.recipient_id
        self.id_context = keys.id_context
        self.derive_keys(keys.master_salt, keys.master_secret)
        self.recipient_replay_window = ReplayWindow(32, lambda: None)
        self.recipient_replay_window.initialize_empty()
        self.numbers = keys.numbers

    @override
    def new_sequence_number(self) -> int:
        """Return a number that was never used with these keys.

        Raises:
            ContextUnavailable: there is none any more.

        """
        number = self.numbers.take()
        if number > MAX_SEQNO:
            raise ContextUnavailable("the sequence numbers are used up")
        return number

    @override
    def post_seqnoincrease(self) -> None:
        """Do nothing: a number is reserved before it is taken."""


class OscoreRemote(interfaces.EndpointAddress):  # type: ignore[misc]  # aiocoap is untyped
    """An endpoint, as it is reached through OSCORE."""

    is_multicast = False
    is_multicast_locally = False
    maximum_payload_size = 1024
    maximum_block_size_exp = 6
    scheme = "coap"
    hostinfo = uri_base = ""
    hostinfo_local = uri_base_local = ""

    def __init__(self, wire: Any) -> None:
        """Take the endpoint as it is reached without."""
        self.wire = wire
        self.hostinfo = wire.hostinfo
        self.uri_base = wire.uri_base

    @property
    def blockwise_key(self) -> Any:
        """What all blocks of one document have in common."""
        return self.wire.blockwise_key


class OscoreTransport(interfaces.RequestProvider):  # type: ignore[misc]  # aiocoap is untyped
    """Protects requests and sends them through another context.

    It stands in for the three layers that aiocoap has below a context.
    """

    def __init__(self, wire: Any, keys: OscoreKeys) -> None:
        """Take the context that reaches the endpoint unprotected."""
        self._wire = wire
        self._security = SecurityContext(keys)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def token_interface(self) -> OscoreTransport:
        """What sends a message that has a token, and whose answer nobody waits for."""
        return self

    async def fill_or_recognize_remote(self, message: Any) -> bool:
        """Find out where a message goes, and have a number for it."""
        await self._security.numbers.ready()
        if not isinstance(message.remote, OscoreRemote):
            block_size = message.remote.maximum_block_size_exp
            probe = Message(code=message.code)
            probe.remote = message.remote
            await self._wire.find_remote_and_interface(probe)
            message.remote = OscoreRemote(probe.remote)
            message.remote.maximum_block_size_exp = block_size
        return True

    def request(self, pipe: Any) -> None:
        """Send a request; what comes of it goes into its pipe."""
        task = asyncio.create_task(self._run(pipe), name="OSCORE request")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        pipe.on_interest_end(task.cancel)

    def send_message(self, message: Any, _on_error: Callable[[], None]) -> None:
        """Send a message that has a token, and wait for nothing."""
        protected, _ = self._security.protect(message)
        protected.remote, protected.token = message.remote.wire, message.token
        wire = self._wire.request_interfaces[0].token_interface
        wire.send_message(protected, lambda: None)

    async def shutdown(self) -> None:
        """End all requests."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Inside

    async def _run(self, pipe: Any) -> None:
        """Put into a pipe what becomes of its request."""
        try:
            await self._exchange(pipe)
        except ProtectionInvalid as err:
            # It answers our request, and cannot be read: by another key.
            _LOGGER.debug("an answer cannot be read: %s", err)
            pipe.add_exception(RefusedError(certain=False))
        except Exception as err:  # noqa: BLE001  (whoever waits is told)
            pipe.add_exception(err)

    async def _exchange(self, pipe: Any) -> None:
        """Ask, and pass on the answer and what follows it."""
        message = pipe.request
        observing = message.opt.observe == 0
        protected, identifiers = self._security.protect(message)
        protected.remote = message.remote.wire
        # An observation has to keep its token, to be ended by it. What is protected is
        # in blocks already.
        exchange = self._wire.request(protected, handle_blockwise=not observing)
        try:
            answer = await answer_to(exchange)
            message.token = protected.token
            response = self._opened(answer, identifiers, message.remote)
            follows = observing and answer.opt.observe is not None
            follows = follows and response.code.is_successful()
            newest = response.opt.observe  # that of the protection (§4.1.3.5.2)
            if follows:
                response.opt.observe = answer.opt.observe
            pipe.add_response(response, is_last=not follows)
            if not follows:
                return
            async for answer in exchange.observation:
                response = self._opened(answer, identifiers, message.remote)
                if answer.opt.observe is None:
                    pipe.add_response(response, is_last=True)
                    return
                number = response.opt.observe
                if number > newest:  # not one of before, said again by somebody
                    newest = number
                    response.opt.observe = answer.opt.observe
                    pipe.add_response(response)
            raise ObservationCancelled
        finally:
            if observing and not exchange.observation.cancelled:
                exchange.observation.cancel()

    def _opened(self, answer: Any, identifiers: Any, remote: OscoreRemote) -> Any:
        """Return what an answer says.

        Raises:
            RefusedError: it says that we are not understood.
            NotAProtectedMessage: it is not protected, and says something else.
            ProtectionInvalid: it is protected with other keys.

        """
        try:
            response, _ = self._security.unprotect(answer, identifiers)
        except NotAProtectedMessage as err:
            if answer.code.dotted in REFUSALS:
                # It may be about a repetition of what was answered already.
                raise RefusedError(certain=False) from err
            raise
        response.remote = remote
        return response
