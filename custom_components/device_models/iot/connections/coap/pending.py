"""The raw requests that are not finished yet: a bounded number, each with an id."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
import secrets
from typing import Final

from ...errors import (
    DeviceModelsError,
    TooManyError,
    UnknownIdError,
    UnreachableError,
)
from ...values import JsonValue
from .raw import RawRequest, RawResponse, TimedOutError, send

MAX_PENDING: Final = 32
"""More than a script asks for at a time; fewer than would trouble a small network."""


class Outcome(StrEnum):
    """How a request ended."""

    COMPLETE = "complete"
    """With an answer, whatever its code."""
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a request."""

    outcome: Outcome
    response: RawResponse | None = None
    error: DeviceModelsError | None = None


@dataclass(slots=True)
class Pending:
    """A request under way."""

    id: str
    owner: str
    request: RawRequest
    started: float
    """On the clock of the event loop."""
    task: asyncio.Task[Finished] = field(init=False)

    def as_dict(self) -> dict[str, JsonValue]:
        """Return what is known of it."""
        age = asyncio.get_running_loop().time() - self.started
        return {
            "request_id": self.id,
            "method": self.request.method_name,
            "uri": self.request.target.uri,
            "remote": self.request.target.address,
            "age": round(age, 3),
        }


class PendingRequests:
    """All requests that are under way, of all owners."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: dict[str, Pending] = {}

    def start(
        self,
        owner: str,
        request: RawRequest,
        on_finished: Callable[[Pending, Finished], None] | None = None,
    ) -> Pending:
        """Send a request.

        Args:
            owner: with whom it ends at the latest.
            request: what is asked.
            on_finished: called at the end, if given.

        Raises:
            TooManyError: as many are under way as may be.

        """
        if len(self._running) >= MAX_PENDING:
            raise TooManyError(limit=str(MAX_PENDING))
        started = asyncio.get_running_loop().time()
        pending = Pending(secrets.token_hex(8), owner, request, started)
        self._running[pending.id] = pending
        pending.task = asyncio.create_task(
            self._run(request), name=f"coap {request.method_name} {pending.id}"
        )

        def ended(task: asyncio.Task[Finished]) -> None:
            del self._running[pending.id]
            if on_finished is not None:
                on_finished(pending, outcome_of(task, request))

        pending.task.add_done_callback(ended)
        return pending

    async def ask(self, owner: str, request: RawRequest) -> RawResponse:
        """Send a request and wait for its answer.

        Raises:
            TooManyError: as many are under way as may be.
            DeviceModelsError: there is no answer.

        """
        pending = self.start(owner, request)
        try:
            await asyncio.wait((pending.task,))
        finally:
            pending.task.cancel()  # the one who waits may have been cancelled
        finished = outcome_of(pending.task, request)
        if finished.error is not None:
            raise finished.error
        assert finished.response is not None  # noqa: S101  (it is one or the other)
        return finished.response

    def cancel(self, request_id: str) -> None:
        """End a request; its end is told as any other.

        Raises:
            UnknownIdError: there is no such request, or it has ended.

        """
        pending = self._running.get(request_id)
        if pending is None:
            raise UnknownIdError(id=request_id[:40])
        pending.task.cancel()

    async def end(self, owner: str | None = None) -> None:
        """End all requests of an owner, or of all owners, and wait until they have."""
        tasks = [
            pending.task
            for pending in self._running.values()
            if owner in {None, pending.owner}
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def listed(self, owner: str | None = None) -> list[dict[str, JsonValue]]:
        """Return the requests of an owner, or of all, the oldest first."""
        return [
            pending.as_dict()
            for pending in self._running.values()
            if owner in {None, pending.owner}
        ]

    @staticmethod
    async def _run(request: RawRequest) -> Finished:
        """Return what became of a request."""
        try:
            return Finished(Outcome.COMPLETE, response=await send(request))
        except TimedOutError as err:
            return Finished(Outcome.TIMEOUT, error=err)
        except DeviceModelsError as err:
            return Finished(Outcome.FAILED, error=err)


def outcome_of(task: asyncio.Task[Finished], request: RawRequest) -> Finished:
    """Return what became of a request whose task has ended, perhaps by force."""
    if not task.cancelled():
        return task.result()
    error = UnreachableError(address=request.target.address, reason="cancelled")
    return Finished(Outcome.CANCELLED, error=error)
