"""A command: what a device is to be told, and what has become of it.

queued → sent → acknowledged → confirmed, or → rejected, failed, expired, superseded,
cancelled. A try that failed, and is made again, goes back to queued.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypedDict

from .errors import (
    BusyError,
    InvalidInputError,
    NotTakenError,
    PartlyWrittenError,
    RejectedError,
    UnauthorizedError,
)
from .values import JsonValue, Scalar


class CommandState(StrEnum):
    """How far a command has come."""

    QUEUED = "queued"
    """It waits for its turn, or for the device."""
    SENT = "sent"
    """It is on its way, or the device has fetched it."""
    ACKNOWLEDGED = "acknowledged"
    """It was taken. The last word on an action, and on a value that is never shown."""
    CONFIRMED = "confirmed"
    """The device has shown, or said, that it has the value."""
    REJECTED = "rejected"
    """The answer was no, for good."""
    FAILED = "failed"
    """It could not be delivered, or it is not known whether it was."""
    EXPIRED = "expired"
    """It has waited for as long as it was of use."""
    SUPERSEDED = "superseded"
    """Newer values have taken the place of all that it was to set."""
    CANCELLED = "cancelled"
    """It was taken back before it was done."""


class Reliability(StrEnum):
    """How much is done for a command to arrive (sheet §6.2), in rising order."""

    NO_GUARANTEE = "no_guarantee"
    BEST_EFFORT = "best_effort"
    GUARANTEED_DELIVERY = "guaranteed_delivery"

    @property
    def tries(self) -> float:
        """How often it is tried at most."""
        return TRIES[self]

    @property
    def rank(self) -> int:
        """How urgent it is, from 0."""
        return list(Reliability).index(self)


TRIES: Final[Mapping[Reliability, float]] = {
    Reliability.NO_GUARANTEE: 3,
    Reliability.BEST_EFFORT: 6,
    Reliability.GUARANTEED_DELIVERY: float("inf"),
}
"""Sheet §6.2. What is guaranteed is tried for as long as it is of use."""

BACK_OFF: Final = 1.0
"""Seconds, the step of waiting between tries (sheet §6.1)."""

FIBONACCI: Final = (1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


def back_off(tries: int, *, busy: bool) -> float:
    """Return the seconds to wait after as many tries (sheet §6.2).

    They grow when a device is too busy; a way that is broken is tried evenly.
    """
    step = FIBONACCI[min(tries, len(FIBONACCI)) - 1] if busy and tries > 0 else 1
    return BACK_OFF * step


TAKEN: Final = frozenset({CommandState.ACKNOWLEDGED, CommandState.CONFIRMED})
"""How a command ends that the device has carried out."""


def state_after(error: BaseException | None) -> CommandState:
    """Return what becomes of a command whose last try has failed with an error.

    A no is one for good; a device that is too busy has not said so.
    """
    if isinstance(error, PartlyWrittenError):
        return state_after(error.__cause__)
    if isinstance(error, NotTakenError):  # of an earlier one with the same key
        return CommandState(error.state)
    no = isinstance(error, RejectedError | UnauthorizedError | InvalidInputError)
    busy = isinstance(error, BusyError)
    return CommandState.REJECTED if no and not busy else CommandState.FAILED


class CommandOptions(TypedDict, total=False):
    """What can be said of a command when it is given."""

    key: str | None
    """What makes a second one with the same key none."""
    keep: float | None
    """For how many seconds it may wait for the device; None for what is usual."""
    reliability: Reliability | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something that a device is told: values to set together, or an action to do."""

    token: str
    """What it is known by, made here or by who gives it: a second one with the same is
    none."""
    id: int
    """The same for devices that fetch their commands: below 2^31."""
    at: float
    """Seconds since 1970: when it was given."""
    until: float
    """Seconds since 1970: when it is of no use any more; ``at``, if it cannot wait."""
    values: Mapping[str, Scalar] = field(default_factory=dict)
    action: str = ""
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    reliability: Reliability | None = None
    """None if nobody has said."""
    keyed: bool = False
    """Whether the token is of who gave it: what became of it is remembered then."""
    state: CommandState = CommandState.QUEUED
    over: bool = False
    """Whether this is the last word on it."""
    tries: int = 0
    reason: str = ""
    """Why it was tried again, or what became of it, in words."""
    shown: frozenset[str] = frozenset()
    """The attributes that the device has shown as they were to be set."""
    result: JsonValue = None
    """What an action has answered."""

    def check(self) -> None:
        """See whether it may still come to something, or has.

        Raises:
            NotTakenError: it is over, and the device has not carried it out.

        """
        if self.over and self.state not in TAKEN:
            raise NotTakenError(name=self.name, state=self.state, reason=self.reason)

    @property
    def name(self) -> str:
        """What it is about, for people: attributes or an action."""
        return self.action or ", ".join(self.values)

    @property
    def waits(self) -> bool:
        """Whether it may wait for the device."""
        return self.until > self.at

    @property
    def stored(self) -> bool:
        """Whether it is to outlive a restart.

        What goes at once is not, but for what nobody may do twice.
        """
        return self.waits or self.keyed

    @property
    def left(self) -> Mapping[str, Scalar]:
        """The values that the device has not shown yet."""
        return {
            name: value for name, value in self.values.items() if name not in self.shown
        }

    @property
    def characters(self) -> int:
        """How long the texts in it are."""
        texts = (*self.values.values(), *self.arguments.values())
        return sum(len(text) for text in texts if isinstance(text, str))

    def age(self, now: float) -> int:
        """Return for how many whole seconds it has waited; a clock may be set back."""
        return max(0, int(now - self.at))

    def ended(
        self, state: CommandState, reason: str = "", result: JsonValue = None
    ) -> Command:
        """Return it with the last word on it."""
        return replace(self, state=state, over=True, reason=reason, result=result)

    def without(self, names: Mapping[str, Scalar]) -> Command:
        """Return it without values that are to be set by a newer one."""
        values = {name: it for name, it in self.values.items() if name not in names}
        if not values:
            return self.ended(CommandState.SUPERSEDED)
        rest = replace(self, values=values, shown=self.shown & values.keys())
        return rest if rest.left else rest.ended(CommandState.CONFIRMED)
