"""CoAP over DTLS with a shared key: aiocoap's transport, and what it lacks.

It is imported only where DTLSSocket is installed. aiocoap says nothing when a handshake
fails (protocol sheet "CoAP" §7), and lets go of a session between two requests.
"""

import asyncio
import time
from typing import Any, Final, override

from aiocoap.transports.tinydtls import (
    CODE_CLOSE_NOTIFY,
    DTLS_CLOCK_OFFSET,
    DTLS_EVENT_CONNECTED,
    DTLS_TICKS_PER_SECOND,
    LEVEL_FATAL,
    LEVEL_NOALERT,
    LEVEL_WARNING,
    CloseNotifyReceived,
    DTLSClientConnection,
    MessageInterfaceTinyDTLS,
)

from .security import PreSharedKey, RefusedError

HANDSHAKE_TIMEOUT: Final = 8.0
"""Seconds from the server's hello to the end of the handshake, if patience is the usual
one. A server with another key cannot read our last word, and waits for it in silence;
three repetitions of it fit (RFC 6347 §4.2.4: after 1, 2 and 4 seconds)."""

MEAN_THE_KEY: Final = frozenset({20, 49, 51, 115})
"""bad_record_mac, access_denied, decrypt_error (RFC 5246 §7.2.2), and
unknown_psk_identity (RFC 4279 §2)."""

SHORTEST_PAUSE: Final = 0.1
"""Seconds between two looks at whether something is to be repeated."""

HANDSHAKE: Final = b"\x16\xfe"
"""RFC 6347 §4.1: how a record with handshake messages begins."""

SERVER_HELLO: Final = 2
"""RFC 6347 §4.3.2: the type of the message that follows the exchange of cookies."""


class DtlsConnection(DTLSClientConnection):  # type: ignore[misc]  # aiocoap is untyped
    """A session that knows whether its handshake is refused."""

    maximum_block_size_exp = 6
    _connection: Any = None
    _retransmission_task: Any = None
    _transport: Any = None
    _limit: asyncio.TimerHandle | None = None

    @property
    def established(self) -> bool:
        """Whether the handshake is over."""
        return self._queue is None

    def heard(self, datagram: bytes) -> None:
        """Note a datagram of the server: what follows its hello must come to an end."""
        if self.established or self._limit is not None or len(datagram) < 14:
            return
        if datagram.startswith(HANDSHAKE) and datagram[13] == SERVER_HELLO:
            loop = asyncio.get_running_loop()
            timeout = HANDSHAKE_TIMEOUT * self.coaptransport.stretch
            self._limit = loop.call_later(timeout, self._refused)

    @override
    def shutdown(self) -> None:
        """End the session; also one that has hardly begun."""
        if self._limit is not None:
            self._limit.cancel()
        if self._retransmission_task is None:  # there was not even a socket
            self._remove_from_pool()
            self._startup.cancel()
            if self._transport is not None:
                self._transport.close()
            return
        super().shutdown()

    @override
    def _read(self, sender: object, data: bytes) -> int:
        """Take what was decrypted; nothing in it raises into the library below."""
        try:
            super()._read(sender, data)
        except Exception as err:  # noqa: BLE001  (a message that no one can read)
            self.log.debug("Ignoring an unreadable message: %r", err)
        return len(data)

    @override
    def _event(self, level: int, code: int) -> None:
        """Take what tinydtls tells (RFC 5246 §7.2), of which aiocoap knows the half.

        The end of a session is told by a warning, too. Before a handshake is over, an
        alert may be anybody's word; only some of them mean the key.
        """
        if (level, code) == (LEVEL_NOALERT, DTLS_EVENT_CONNECTED):
            if self._limit is not None:
                self._limit.cancel()
            if self.established:
                return  # it was shaken hands again, as a server may want
        if level != LEVEL_NOALERT and not self.established:
            if level == LEVEL_FATAL or code == CODE_CLOSE_NOTIFY:
                self._end(RefusedError(certain=code in MEAN_THE_KEY))
        elif level == LEVEL_WARNING and code == CODE_CLOSE_NOTIFY:
            self._end(CloseNotifyReceived())
        else:
            super()._event(level, code)

    def _end(self, error: Exception) -> None:
        """End the session, when the library that tells of it is done."""
        asyncio.get_running_loop().call_soon(self._inject_error, error)

    def _refused(self) -> None:
        """End the session, and all that waits for it: there is no end of the hello."""
        self._inject_error(RefusedError(certain=False))

    @override
    async def _run_retransmissions(self) -> None:
        """Repeat what is not answered.

        tinydtls' clock may be a little behind the one that it is asked by: aiocoap
        would then ask again and again without a pause.
        """
        while when := self._dtls_socket.checkRetransmit() / DTLS_TICKS_PER_SECOND:
            seconds = when - (time.time() - DTLS_CLOCK_OFFSET)
            await asyncio.sleep(max(seconds, SHORTEST_PAUSE))

    class SingleConnection(DTLSClientConnection.SingleConnection):  # type: ignore[misc]  # aiocoap is untyped
        """The socket of a session."""

        def datagram_received(self, data: bytes, addr: object) -> None:
            """Hand a datagram on."""
            if (parent := self.parent()) is not None:
                parent.heard(data)
            super().datagram_received(data, addr)


class DtlsInterface(MessageInterfaceTinyDTLS):  # type: ignore[misc]  # aiocoap is untyped
    """Sessions that are kept until they fail."""

    stretch = 1.0
    """How many times longer than usual a handshake may take."""

    @override
    async def determine_remote(self, request: Any) -> Any:
        """Return the session for a request, in blocks of the size that it has."""
        remote = await super().determine_remote(request)
        if remote is not None:
            remote.maximum_block_size_exp = request.remote.maximum_block_size_exp
        return remote

    @override
    def _connection_for_address(
        self, host: str, port: int, identity: bytes, key: bytes
    ) -> DtlsConnection:
        known: DtlsConnection | None = self._pool.get((host, port, identity))
        if known is None:
            known = DtlsConnection(host, port, identity, key, self)
            self._pool[host, port, identity] = known
            self._kept = known  # the pool holds nothing by itself
        return known


class DtlsCredentials:
    """What aiocoap asks for the key of a request."""

    def __init__(self, security: PreSharedKey) -> None:
        """Take the key, which is that of any request."""
        self._security = security

    def credentials_from_request(self, _message: object) -> DtlsCredentials:
        """Return what has the key."""
        return self

    def as_dtls_psk(self) -> tuple[bytes, bytes]:
        """Return the identity and the key."""
        return self._security.identity, self._security.key
