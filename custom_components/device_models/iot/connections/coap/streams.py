"""CoAP over streams (RFC 8323): what aiocoap's transports lack."""

from collections.abc import Awaitable, Callable
import ssl
from typing import Any, override

import aiocoap
from aiocoap.tokenmanager import TokenManager
from aiocoap.transports.tls import TLSClient

from .security import RefusedError


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
    await context.shutdown()
    for connection in connections:
        # aiocoap leaves it to the other side to close what is released.
        if (stream := getattr(connection, "_transport", None)) is not None:
            stream.abort()


class TlsInterface(TLSClient):  # type: ignore[misc]  # aiocoap is untyped
    """Connections over TLS, which notice when our certificate is refused."""

    @override
    def _dispatch_error(self, connection: Any, exc: Exception | None) -> None:
        """Take the end of a connection.

        A server looks at our certificate when the handshake is over for us (RFC 8446
        §2). If it does not like it, its alert may be overtaken by the end: it has
        then not said the first word, which it owes us (RFC 8323 §5.3).
        """
        if connection._remote_settings is None:  # noqa: SLF001
            exc = RefusedError(certain=False)
        super()._dispatch_error(connection, exc)


class Trust:
    """What aiocoap asks for what TLS needs; made by itself, it would read files."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take it."""
        self._context = context

    def ssl_client_context(self, _scheme: str, _hostinfo: str) -> ssl.SSLContext:
        """Return it."""
        return self._context
