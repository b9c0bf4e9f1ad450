"""The way to one endpoint, shared by all who ask it: a context, perhaps a session."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

from ...errors import UnreachableError
from .security import Security
from .transports import TRANSPORTS, Transport, prepare

DEAD: Final = 1.0
"""How much silence says that an endpoint is dead."""


@dataclass(frozen=True, slots=True)
class Address:
    """Which endpoint, and how it is reached."""

    host: str
    port: int
    transport: Transport = Transport.UDP
    security: Security | None = None

    @property
    def uri(self) -> str:
        """The address as a URI, without secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{TRANSPORTS[self.transport].scheme}://{host}:{self.port}"


class Access:
    """What all who ask one endpoint have in common; see ``acquire``."""

    def __init__(self, address: Address, stretch: float) -> None:
        """Take where it leads, and how many times longer than usual things may take."""
        self.address = address
        self.silence = 0.0
        """How much speaks for a dead endpoint since its last answer; see ``DEAD``."""
        self.proven = False
        """Whether there was an answer in the present context."""
        self.users = 0
        self.stretch = stretch
        """For how long everything may take, as a multiple of the usual."""
        self._kind = TRANSPORTS[address.transport]
        self._making = asyncio.Lock()
        self._context: Any = None
        self._lent: AbstractAsyncContextManager[Any] | None = None

    @property
    def renewable(self) -> bool:
        """Whether it has a session, which may die and be replaced."""
        return self._kind.session

    @property
    def made(self) -> Any:
        """The present context, to tell it from later ones; None if there is none."""
        return self._context

    async def context(self) -> Any:
        """Return the context, made if need be.

        Raises:
            OSError: this machine has no network that could be used.
            TransportMissingError: something that it needs is not installed.
            ValueError: a certificate or a key is not usable.
            UnreachableError: all who used it have left it.

        """
        async with self._making:
            if not self.users:
                raise UnreachableError(address=self.address.uri, reason="closed")
            if self._context is None:
                await prepare(self.address.transport)
                lent = self._kind.lend(self.address.security, self.stretch)
                self._context = await lent.__aenter__()
                self._lent = lent
            return self._context

    async def renew(self, context: Any) -> None:
        """Have the next one who asks begin with a new session in place of this one.

        A session that died is not met again (protocol sheet "CoAP" §7). Perhaps
        somebody else has replaced it already.
        """
        if self.renewable and context is self._context:
            await self.end()

    async def end(self) -> None:
        """Give the context back."""
        async with self._making:
            lent, self._lent, self._context = self._lent, None, None
            self.proven = False
            if lent is not None:
                await lent.__aexit__(None, None, None)


_BY_LOOP: Final[dict[tuple[asyncio.AbstractEventLoop, Address], Access]] = {}


async def acquire(address: Address, stretch: float = 1.0) -> Access:
    """Return the access to an endpoint; the first user makes it.

    Raises:
        OSError: this machine has no network that could be used.
        TransportMissingError: something that it needs is not installed.
        ValueError: a certificate or a key is not usable.

    """
    key = asyncio.get_running_loop(), address
    access = _BY_LOOP.setdefault(key, Access(address, stretch))
    access.users += 1
    access.stretch = max(access.stretch, stretch)
    try:
        await access.context()
    except BaseException:
        await release(access)
        raise
    return access


async def release(access: Access) -> None:
    """Have one user less; the last one ends the access."""
    access.users -= 1
    if not access.users:
        # Whoever comes now gets another one.
        del _BY_LOOP[asyncio.get_running_loop(), access.address]
        await access.end()
