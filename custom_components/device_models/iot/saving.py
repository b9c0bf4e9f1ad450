"""Saves that are asked for at the same time are one (a group commit)."""

import asyncio
from collections.abc import Awaitable, Callable
import logging

_LOGGER = logging.getLogger(__name__)


class Saving:
    """Saves one document: what is asked for during a save is in the next one."""

    def __init__(self, save: Callable[[], Awaitable[None]]) -> None:
        """Take what saves the document as it is when it is called."""
        self._save = save
        self._task: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None

    def soon(self) -> asyncio.Future[None]:
        """Have the document saved; the future tells when it was."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            # Perhaps nobody waits for it.
            self._next.add_done_callback(lambda it: it.cancelled() or it.exception())
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="save commands")
        return self._next

    async def now(self) -> None:
        """Have the document saved, as it is now or later.

        Raises:
            OSError: it cannot be.

        """
        await asyncio.shield(self.soon())

    async def settled(self) -> None:
        """Wait until everything is saved that was to be, or cannot be."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        """Save until nobody asks any more."""
        try:
            while (waiting := self._next) is not None:
                self._next = None
                try:
                    await self._save()
                except asyncio.CancelledError:
                    waiting.cancel()
                    raise
                except Exception as err:  # noqa: BLE001  (whoever waits is told it)
                    _LOGGER.error("Commands cannot be saved: %s", err)  # noqa: TRY400
                    waiting.set_exception(err)
                else:
                    waiting.set_result(None)
        finally:
            self._task = None
