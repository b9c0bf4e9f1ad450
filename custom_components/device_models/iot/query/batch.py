"""Several questions at once, which may wait for each other (protocol sheet §10).

``gather`` asks all of them and gives all answers, or the first error; ``settle`` gives
an answer or an error each. In a ``Batch``, a question begins at once, and what depends
on its answer waits for it where it needs it: ``await flows``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, cast

from ..errors import DeviceModelsError

MAX_PARALLEL: Final = 8
"""Questions under way at a time."""


@dataclass(frozen=True, slots=True)
class Outcome[T]:
    """What became of a question: a result, or an error."""

    result: T | None = None
    error: DeviceModelsError | None = None

    def get(self) -> T:
        """Return the result.

        Raises:
            DeviceModelsError: there is none.

        """
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


class Asked[T]:
    """A question that is under way; ``await`` gives its result, or raises its error."""

    def __init__(self, task: asyncio.Task[Outcome[T]]) -> None:
        """Take the task, which its batch owns."""
        self._task = task

    def __await__(self) -> Generator[Any, Any, T]:
        """Wait for the result; who gives up waiting does not end the question."""
        return self._get().__await__()

    async def _get(self) -> T:
        return (await asyncio.shield(self._task)).get()

    @property
    def outcome(self) -> Outcome[T]:
        """What became of it, after its batch."""
        return self._task.result()


class Batch:
    """Questions that are under way together; leaving it waits for all of them.

    They begin in the order in which they are asked, so that one may wait for those
    before it, however few run at a time. An error of ``iot`` ends its own question;
    any other ends all.
    """

    def __init__(self, parallel: int = MAX_PARALLEL) -> None:
        """Say how many may run at a time."""
        self._slots = asyncio.Semaphore(parallel)
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for all results; end all questions if there was an error here."""
        await self._tasks.__aexit__(kind, error, trace)

    def ask[T](self, call: Callable[[], Awaitable[T]]) -> Asked[T]:
        """Begin with a question."""
        return Asked(self._tasks.create_task(self._run(call)))

    async def _run[T](self, call: Callable[[], Awaitable[T]]) -> Outcome[T]:
        async with self._slots:
            try:
                return Outcome(await call())
            except DeviceModelsError as err:
                return Outcome(error=err)


async def settle[T](
    *calls: Callable[[], Awaitable[T]], parallel: int = MAX_PARALLEL
) -> list[Outcome[T]]:
    """Ask all at once; returns a result or an error each, in the order of the calls."""
    async with Batch(parallel) as batch:
        asked = [batch.ask(call) for call in calls]
    return [one.outcome for one in asked]


async def gather[T](
    *calls: Callable[[], Awaitable[T]], parallel: int = MAX_PARALLEL
) -> list[T]:
    """Ask all at once; returns all results, in the order of the calls.

    Raises:
        DeviceModelsError: the first error, by that order; all calls are over then.

    """
    return [one.get() for one in await settle(*calls, parallel=parallel)]
