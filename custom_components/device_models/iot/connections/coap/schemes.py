"""Which CoAP schemes can be spoken here, and the aiocoap context of each."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
import ssl
from typing import Any, Final

import aiocoap
from aiocoap import defaults

from ...errors import TransportMissingError
from .context import acquire_context, release_context


def _nothing() -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Scheme:
    """What a scheme needs."""

    transport: str | None = None
    """Of aiocoap; None for the one of the shared context."""
    module: str = ""
    """In which aiocoap has it."""
    missing: Callable[[], list[str]] = _nothing
    """Names the Python modules that it needs and that are not here."""


SCHEMES: Final[Mapping[str, Scheme]] = {
    "coap": Scheme(),
    "coap+tcp": Scheme("tcpclient", "tcp"),
    "coap+ws": Scheme("ws", "ws", defaults.ws_missing_modules),
    "coaps": Scheme("tinydtls", "tinydtls", defaults.dtls_missing_modules),
    "coaps+tcp": Scheme("tlsclient", "tls"),
}


class _SystemTrust:
    """Credentials for TLS: the certificate authorities that this machine trusts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def ssl_client_context(self, _scheme: str, _hostinfo: str) -> ssl.SSLContext:
        """Return what aiocoap asks for; made by itself, it would read files."""
        return self._context


async def prepare(name: str) -> None:
    """See whether a scheme can be spoken; imports what it needs.

    Raises:
        TransportMissingError: something that it needs is not installed.

    """
    scheme = SCHEMES[name]
    if scheme.transport is None:
        return
    if missing := await asyncio.to_thread(_load, scheme):  # it reads files
        raise TransportMissingError(scheme=name, missing=", ".join(missing))


def _load(scheme: Scheme) -> list[str]:
    """Import what a scheme needs; returns what is missing."""
    missing = scheme.missing()
    if not missing:
        import_module(f"aiocoap.transports.{scheme.module}")
    return missing


@asynccontextmanager
async def context_for(name: str) -> AsyncGenerator[Any]:
    """Lend the context for a scheme.

    Plain CoAP has the shared one, so that what all ask of one endpoint is paced
    together. Others have one for each use: a session that died is not met again
    (protocol sheet "CoAP" §7).

    Raises:
        OSError: this machine has no network that could be used.

    """
    transport = SCHEMES[name].transport
    if transport is None:
        shared = await acquire_context()
        try:
            yield shared
        finally:
            await release_context()
        return
    own = await aiocoap.Context.create_client_context(transports=[transport])
    try:
        if transport == "tlsclient":
            trust = await asyncio.to_thread(ssl.create_default_context)
            # The transport has asked the context for its credentials already.
            own.request_interfaces[0].token_interface.credentials = _SystemTrust(trust)
        yield own
    finally:
        await own.shutdown()
