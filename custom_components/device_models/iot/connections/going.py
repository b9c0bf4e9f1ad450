"""Calls that go on after they were answered (W3C WoT Profile, "ActionStatus").

The answer is a status, or says where one is; that is asked for until it is over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
import time
from typing import Final

from ..codecs import Document, to_json
from ..errors import NotConfirmedError, NotOfferedError, RejectedError
from ..values import JsonValue

LONGEST: Final = 60.0
"""Seconds for which the outcome of a call is waited for."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0
"""Seconds between two questions; doubled from the first to the longest."""

MAX_TOLD: Final = 100
"""Characters of a device's own words that are passed on."""


class State(StrEnum):
    """How far a call is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a device says of a call."""

    state: State
    output: JsonValue = None
    problem: str = ""
    href: str = ""
    """Where it says more later."""


def progress_of(document: Document, name: str) -> Progress | None:
    """Return what a document says of a call of an action, if it does.

    The Web Thing API has it in an object with the name of the action.
    """
    if not isinstance(document, Mapping):
        return None
    inner = document.get(name)
    if len(document) == 1 and isinstance(inner, Mapping):
        document = inner
    state, href = document.get("status"), document.get("href")
    if not isinstance(state, str) or state not in State:
        return None
    error = document.get("error")
    words = (
        error.get("detail", error.get("title")) if isinstance(error, Mapping) else ""
    )
    return Progress(
        State(state),
        to_json(document.get("output")),
        words[:MAX_TOLD] if isinstance(words, str) else "",
        href if isinstance(href, str) else "",
    )


def progress_or_end(document: Document, name: str) -> Progress:
    """Return what an answer says of a call; what is no status is what came of it."""
    done = Progress(State.COMPLETED, to_json(document))
    return progress_of(document, name) or done


class Going:
    """Where the last calls of a device's actions are asked for, by their names."""

    def __init__(self) -> None:
        """Know of none."""
        self._places: dict[str, str] = {}

    def note(self, name: str, place: str) -> None:
        """Note where a call is asked for; with an empty text, nowhere."""
        self._places[name] = place

    def place(self, name: str, known: str, operation: str) -> str:
        """Return where the last call is asked for, or ended.

        Args:
            name: of the action.
            known: where that is, as far as it is known beforehand.
            operation: what is wanted, for the error.

        Raises:
            NotOfferedError: that is not known.

        """
        place = self._places.get(name) or known
        if not place:
            raise NotOfferedError(operation=f"{name}: {operation}")
        return place


async def outcome(
    name: str,
    place: str,
    first: Progress | None,
    ask: Callable[[], Awaitable[Progress]],
) -> JsonValue:
    """Return what comes of a call in the end.

    Args:
        name: of the action, for the error.
        place: where it is asked for, for the error.
        first: what was answered when it was called, if that said something.
        ask: asks how far it is.

    Raises:
        RejectedError: it has failed.
        NotConfirmedError: it takes too long.
        CommunicationError: as ``ask`` does.

    """
    ends, pause = time.monotonic() + LONGEST, FIRST_PAUSE
    progress = first or await ask()
    while progress.state not in {State.COMPLETED, State.FAILED}:
        if time.monotonic() + pause > ends:
            raise NotConfirmedError(name=name, seconds=f"{LONGEST:g}")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
        progress = await ask()
    if progress.state is State.FAILED:
        words = f": {progress.problem}" if progress.problem else ""
        raise RejectedError(address=place, answer=f"that it has failed{words}")
    return progress.output
