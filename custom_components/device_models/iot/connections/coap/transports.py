"""How CoAP can be carried here, and the aiocoap context of each way.

A new one is one row in the table at the end.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
import re
from typing import Any, Final

import aiocoap

from ...errors import TransportMissingError, ValueRefusedError
from ..tls import TlsFileError, TlsFiles
from .context import acquire_context, notice_messages, release_context, shut_down
from .security import OscoreKeys, PreSharedKey, Security
from .streams import TcpInterface, TlsInterface, Trust, add_stream, end_streams
from .uri import DEFAULT_PORTS


class Transport(StrEnum):
    """The ways, by the names that entries keep."""

    UDP = "udp"
    TCP = "tcp"
    WEBSOCKET = "websocket"
    DTLS = "dtls"
    TLS = "tls"
    OSCORE = "oscore"


@dataclass(frozen=True, slots=True)
class TransportKind:
    """What is known of a way."""

    scheme: str
    """Of its URIs."""
    lend: Callable[[Security | None, float], AbstractAsyncContextManager[Any]]
    """Lends a context; is told how many times longer than usual things may take."""
    security: type[Security] | None = None
    """What it needs of an endpoint."""
    requirements: tuple[str, ...] = ()
    """The Python packages that it needs and that may be missing, each with the versions
    that will do; a package and its module have the same name."""
    loads: tuple[str, ...] = ()
    """What is imported before it is used: it reads files."""
    session: bool = False
    """Whether it has a session that may die, with a context of its own."""

    @property
    def port(self) -> int:
        """The port, where none is said."""
        return DEFAULT_PORTS[self.scheme]


@asynccontextmanager
async def _shared(_security: Security | None, _stretch: float) -> AsyncGenerator[Any]:
    """Lend the one that all plain CoAP shares, and is paced together by."""
    shared = await acquire_context()
    try:
        yield shared
    finally:
        await release_context()


@asynccontextmanager
async def _tcp(_security: Security | None, _stretch: float) -> AsyncGenerator[Any]:
    """Lend a context of its own, over TCP."""
    async with _stream(TcpInterface.create_client_transport) as context:
        yield context


@asynccontextmanager
async def _websocket(
    _security: Security | None, _stretch: float
) -> AsyncGenerator[Any]:
    """Lend a context of its own, over WebSockets."""
    create = import_module("aiocoap.transports.ws").WSPool.create_transport
    nothing = aiocoap.Context().client_credentials
    async with _stream(partial(create, client_credentials=nothing)) as context:
        yield context


@asynccontextmanager
async def _tls(security: Security | None, _stretch: float) -> AsyncGenerator[Any]:
    """Lend a context of its own, over TLS."""
    files = security if isinstance(security, TlsFiles) else TlsFiles()
    try:
        trust = Trust(await asyncio.to_thread(files.context))
    except TlsFileError as err:
        raise ValueRefusedError(name=err.part, problem=str(err)) from err
    create = partial(TlsInterface.create_client_transport, credentials=trust)
    async with _stream(create) as context:
        yield context


@asynccontextmanager
async def _stream(create: Callable[..., Awaitable[Any]]) -> AsyncGenerator[Any]:
    """Lend a context over streams that aiocoap creates in some way."""
    context = aiocoap.Context()
    await add_stream(context, lambda it: create(it, context.log, context.loop))
    notice_messages(context)
    try:
        yield context
    finally:
        await end_streams(context)


@asynccontextmanager
async def _dtls(security: Security | None, stretch: float) -> AsyncGenerator[Any]:
    """Lend a context of its own, with a session that lasts as long as it does."""
    if not isinstance(security, PreSharedKey):
        raise TypeError("no key is known for it")
    dtls = import_module(f"{__package__}.dtls")
    context = aiocoap.Context(client_credentials=dtls.DtlsCredentials(security))

    async def interface(messages: Any) -> Any:
        made = dtls.DtlsInterface(messages, context.log, context.loop)
        made.stretch = stretch
        return made

    await context._append_tokenmanaged_messagemanaged_transport(interface)  # noqa: SLF001
    notice_messages(context)
    try:
        yield context
    finally:
        await shut_down(context)


@asynccontextmanager
async def _oscore(security: Security | None, stretch: float) -> AsyncGenerator[Any]:
    """Lend a context that protects what goes through the shared one."""
    oscore = import_module(f"{__package__}.oscore")
    async with _shared(None, stretch) as wire:
        context = aiocoap.Context()
        context.request_interfaces.append(oscore.OscoreTransport(wire, security))
        try:
            yield context
        finally:
            await shut_down(context)


TRANSPORTS: Final[Mapping[Transport, TransportKind]] = {
    Transport.UDP: TransportKind("coap", _shared),
    Transport.TCP: TransportKind("coap+tcp", _tcp, session=True),
    Transport.WEBSOCKET: TransportKind(
        "coap+ws",
        _websocket,
        session=True,
        requirements=("websockets>=13,<16",),
        loads=("aiocoap.transports.ws",),
    ),
    Transport.DTLS: TransportKind(
        "coaps",
        _dtls,
        session=True,
        security=PreSharedKey,
        requirements=("DTLSSocket>=0.1.12,<0.3",),
        loads=(f"{__package__}.dtls", "DTLSSocket.dtls"),
    ),
    Transport.TLS: TransportKind("coaps+tcp", _tls, session=True, security=TlsFiles),
    Transport.OSCORE: TransportKind(
        "coap",
        _oscore,
        security=OscoreKeys,
        requirements=("cbor2", "cryptography", "filelock"),
        loads=(f"{__package__}.oscore",),
    ),
}


def transport_for(scheme: str) -> Transport:
    """Return the way that the URIs of a scheme go, where nothing else is known."""
    return next(name for name, kind in TRANSPORTS.items() if kind.scheme == scheme)


async def prepare(name: Transport) -> None:
    """See whether a way can be gone; imports what it needs.

    Raises:
        TransportMissingError: something that it needs is not installed.

    """
    if missing := await missing_for(name):
        scheme = TRANSPORTS[name].scheme
        raise TransportMissingError(scheme=scheme, missing=", ".join(missing))


async def missing_for(name: Transport) -> tuple[str, ...]:
    """Return the packages that a way needs and that are not here."""
    return await asyncio.to_thread(_load, TRANSPORTS[name])  # it reads files


async def missing_packages() -> Mapping[Transport, tuple[str, ...]]:
    """Return what is missing for each way that cannot be gone here."""
    found = await asyncio.to_thread(
        lambda: {name: _load(kind) for name, kind in TRANSPORTS.items()}
    )
    return {name: missing for name, missing in found.items() if missing}


def _load(kind: TransportKind) -> tuple[str, ...]:
    """Import what a way needs; returns what is missing."""
    invalidate_caches()  # it may have been installed just now
    names = tuple(re.split("[<>=]", one)[0] for one in kind.requirements)
    if missing := tuple(one for one in names if find_spec(one) is None):
        return missing
    try:
        for name in kind.loads:
            import_module(name)
    except ImportError:  # it is there, but broken
        return names
    return ()
