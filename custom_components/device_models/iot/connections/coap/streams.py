"""CoAP over streams (RFC 8323): what aiocoap's transports lack."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import ssl
from typing import Any, Final, override

import aiocoap
import aiocoap.error
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.tcp import TCPClient, TcpConnection
from aiocoap.transports.tls import TLSClient
from aiocoap.util import hostportsplit

from .context import shut_down
from .security import RefusedError

FIRST_WORD: Final = 1.0
"""Seconds in which a server says something when it has taken our certificate; one that
waits for us to begin (which it need not) costs so much once."""

REFUSALS: Final = ("ACCESS_DENIED", "CERTIFICATE", "HANDSHAKE_FAILURE", "UNKNOWN_CA")
"""In OpenSSL's names of the alerts that mean our certificate (RFC 8446 §6.2)."""


class StreamTokens(TokenManager):  # type: ignore[misc]  # aiocoap is untyped
    """Pairs responses with requests, where all comes in the order in which it is sent.

    Notifications need no numbers then, and may all have the same one (RFC 8323 §7.1):
    aiocoap would leave them out as old ones. So they get numbers here.
    """

    _number = 0

    @override
    def process_response(self, response: Any) -> bool:
        """Pass on a response."""
        if response.opt.observe is not None:
            self._number = (self._number + 1) % 2**24
            response.opt.observe = self._number
        matched: bool = super().process_response(response)
        return matched


async def add_stream(
    context: Any, create: Callable[[StreamTokens], Awaitable[Any]]
) -> None:
    """Have a context speak over what ``create`` makes."""
    tokens = StreamTokens(context)
    tokens.token_interface = await create(tokens)
    context.request_interfaces.append(tokens)


async def end_streams(context: aiocoap.Context) -> None:
    """End a context with its connections."""
    pool = context.request_interfaces[0].token_interface._pool  # noqa: SLF001
    connections = list(pool.values())
    try:
        await shut_down(context)
    finally:
        for connection in connections:
            # aiocoap leaves it to the other side to close what is released.
            if (stream := getattr(connection, "_transport", None)) is not None:
                stream.abort()


class TcpInterface(TCPClient):  # type: ignore[misc]  # aiocoap is untyped
    """Connections over TCP: one to each endpoint, whoever asks at the same time."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__()
        self._connecting = asyncio.Lock()

    @override
    async def _spawn_protocol(self, message: Any) -> Any:
        """Return the connection for a request; it is made if there is none yet."""
        host, port = hostportsplit(message.unresolved_remote)
        place = host, port or self._default_port
        async with self._connecting:
            if place not in self._pool:
                trust = self._ssl_context_factory(message.unresolved_remote)
                self._pool[place] = await self._connect(*place, trust)
            return self._pool[place]

    async def _connect(self, host: str, port: int, trust: ssl.SSLContext | None) -> Any:
        """Return a new connection.

        Raises:
            NetworkError: there is none to be had.

        """
        connection = self._new()
        try:
            await self.loop.create_connection(lambda: connection, host, port, ssl=trust)
        except OSError as err:
            raise aiocoap.error.NetworkError(str(err)) from err
        return connection

    def _new(self) -> Any:
        """Return what takes and sends messages on a connection."""
        return TcpConnection(self, self.log, self.loop, is_server=False)

    @override
    def _dispatch_incoming(self, connection: Any, msg: Any) -> None:
        """Take a message, unless all is ending."""
        if self._tokenmanager is not None:
            super()._dispatch_incoming(connection, msg)


class TlsConnection(TcpConnection):  # type: ignore[misc]  # aiocoap is untyped
    """A connection on which the server has the first word."""

    def __init__(self, *arguments: Any) -> None:
        """Begin to wait for it."""
        super().__init__(*arguments, is_server=False)
        self.first_word = self.loop.create_future()

    def greet(self) -> None:
        """Say what must be said first (RFC 8323 §5.3)."""
        super()._send_initial_csm()

    @override
    def _send_initial_csm(self) -> None:
        """Say nothing yet."""

    @override
    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        if not self.first_word.done():
            self.first_word.set_result(None)
        super().data_received(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection, and why."""
        if not self.first_word.done():
            self.first_word.set_result(exc or ConnectionResetError())
        super().connection_lost(exc)


class TlsInterface(TcpInterface, TLSClient):  # type: ignore[misc]  # aiocoap is untyped
    """Connections over TLS, which notice when our certificate is refused.

    A server looks at it when the handshake is over for us (RFC 8446 §2). If something
    was sent by then, the end of the connection may overtake the alert that says why.
    So the server has the first word, which it owes us anyway.
    """

    @override
    async def _connect(self, host: str, port: int, trust: ssl.SSLContext | None) -> Any:
        """Return a new connection that the server has taken.

        Raises:
            NetworkError: there is none to be had; caused by RefusedError where the
                server does not like our certificate.

        """
        connection = await super()._connect(host, port, trust)
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WORD):
                if (end := await connection.first_word) is not None:
                    cause = RefusedError() if _is_refusal(end) else end
                    raise aiocoap.error.NetworkError(str(end)) from cause
        connection.greet()
        return connection

    @override
    def _new(self) -> TlsConnection:
        """Return what takes and sends messages on a connection."""
        return TlsConnection(self, self.log, self.loop)


def _is_refusal(end: Exception) -> bool:
    """Whether a connection has ended with an alert that means our certificate."""
    reason = end.reason or "" if isinstance(end, ssl.SSLError) else ""
    return "_ALERT_" in reason and any(one in reason for one in REFUSALS)


class Trust:
    """What aiocoap asks for what TLS needs; made by itself, it would read files."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take it."""
        self._context = context

    def ssl_client_context(self, _scheme: str, _hostinfo: str) -> ssl.SSLContext:
        """Return it."""
        return self._context
