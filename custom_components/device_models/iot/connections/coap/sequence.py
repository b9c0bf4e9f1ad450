"""Sequence numbers of OSCORE: none is ever used twice with the same keys."""

import asyncio
from collections.abc import Awaitable, Callable
import time
from typing import Final

STEP: Final = 1024
"""How many numbers are reserved at a time: what is lost with each restart."""

LOW: Final = 256
"""With fewer left, more are reserved before one is taken."""

PER_SECOND: Final = 64
"""How many numbers there are for each second since ``BEGINNING``: more than a device is
ever asked on average, and few enough to last for centuries (2^40, RFC 8613 §7.2.1)."""

BEGINNING: Final = 1_767_225_600
"""2026-01-01 UTC, in seconds since 1970."""

RELEASED: Final = 1_795_824_000
"""2026-11-28 UTC, in the same way: a clock that is behind is not set."""


class SequenceNumbers:
    """The numbers of one set of keys.

    They are reserved in a file before they are used (RFC 8613 appendix B.1.1). A file
    that is lost, or comes back out of a backup, would have them used again. So no
    number is taken that is older than the clock says, either.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[int | None]],
        save: Callable[[int], Awaitable[None]],
    ) -> None:
        """Take what reads and writes the number up to which all may have been used.

        None stands for a number that is not known: nothing was written yet, or is lost.
        """
        self._load = load
        self._save = save
        self._next: int | None = None
        self._reserved = 0
        self._reserving = asyncio.Lock()

    async def ready(self) -> None:
        """Reserve numbers if few are left.

        Raises:
            OSError: it cannot be written down, or none is known that can be used.

        """
        async with self._reserving:
            if self._next is None:
                now, known = time.time(), await self._load()
                if known is None and now < RELEASED:
                    raise OSError("the clock is not set, and it has to tell the number")
                floor = int(now - BEGINNING) * PER_SECOND
                self._next = self._reserved = max(known or 0, floor)
            if self._reserved - self._next < LOW:
                reserved = self._next + STEP
                await self._save(reserved)
                self._reserved = reserved

    def take(self) -> int:
        """Return a number that was never used.

        Raises:
            RuntimeError: none is reserved: ``ready`` was not waited for.

        """
        if self._next is None or self._next >= self._reserved:
            raise RuntimeError("no sequence number is reserved")
        self._next += 1
        return self._next - 1
