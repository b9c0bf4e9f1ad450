"""CoAP over TLS: aiocoap's transport, which notices when our certificate is refused."""

import ssl
from typing import Any, override

from aiocoap.transports.tls import TLSClient

from .security import RefusedError


class TlsInterface(TLSClient):  # type: ignore[misc]  # aiocoap is untyped
    """Connections over TLS."""

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
