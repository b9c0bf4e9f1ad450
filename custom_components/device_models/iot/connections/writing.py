"""What is written to one device: one message at a time, and the newest value wins."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field

from ..device import Certainty
from ..values import Scalar


@dataclass(slots=True)
class _Waiting:
    """Values that wait for their turn, and how many wait for them to be written."""

    values: dict[str, Scalar]
    callers: int = 0
    task: asyncio.Task[Certainty] = field(init=False)


class WriteQueue:
    """The writes of one device, in order.

    While one is under way, values for the same attributes replace those that wait: a
    slider that is drawn sends where it is, and not where it was. Who waited for the
    replaced ones is told what became of the newest.
    """

    def __init__(
        self, send: Callable[[Mapping[str, Scalar]], Awaitable[Certainty]]
    ) -> None:
        """Take what sends values."""
        self._send = send
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting] = []

    async def write(self, values: Mapping[str, Scalar]) -> Certainty:
        """Send values when it is their turn.

        Raises:
            CommunicationError: as ``send`` does.

        """
        one = self._replaceable(values.keys())
        if one is None:
            one = _Waiting(dict(values))
            self._waiting.append(one)
            one.task = asyncio.create_task(self._run(one), name="write")
            # Perhaps nobody waits for it any more.
            one.task.add_done_callback(lambda it: it.cancelled() or it.exception())
        else:
            one.values.update(values)
        one.callers += 1
        try:
            return await asyncio.shield(one.task)
        finally:
            one.callers -= 1
            if not one.callers:
                one.task.cancel()

    def _replaceable(self, names: AbstractSet[str]) -> _Waiting | None:
        """Return what waits with the same attributes, and nothing of them behind it."""
        for one in reversed(self._waiting):
            if one.values.keys() == names:
                return one
            if one.values.keys() & names:
                break
        return None

    async def _run(self, one: _Waiting) -> Certainty:
        """Wait for the turn of some values, and send them."""
        try:
            await self._turn.acquire()
        finally:
            self._waiting.remove(one)
        try:
            return await self._send(one.values)
        finally:
            self._turn.release()
