"""Holding the messages of a device until there are enough (protocol sheet §1.8)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import IntEnum
from typing import Final, override

from ..model import Severity
from .message import Clock, Message, Timer

MAX_HELD: Final = 1_000
"""Messages; a batch that would be larger goes on early, nothing of it is lost."""

SEVERITIES: Final = tuple(Severity)
"""In rising order."""


class Cost(IntEnum):
    """What a kind of network costs, in rising order."""

    ETHERNET = 0
    CELLULAR = 1
    SATELLITE = 2

    @classmethod
    def of(cls, spelled: object) -> Cost:
        """Return the cost of a kind of network; what is in brackets is for people."""
        return cls[str(spelled).partition("(")[0].strip().upper()]


class Batch(ABC):
    """Messages that are held; an alert that is bad enough lets all of them go on."""

    def __init__(self, severity: Severity, deliver: Callable[[Message], None]) -> None:
        """Start with nothing.

        Args:
            severity: from which on an alert is not held.
            deliver: takes what goes on later.

        """
        self._severity = severity
        self._deliver = deliver
        self._held: list[Message] = []

    def take(self, message: Message, severity: Severity | None) -> bool:
        """Return whether a message goes on; otherwise it is held, or was delivered.

        Args:
            message: the message.
            severity: its own, of an alert.

        """
        if severity is not None and self._is_urgent(severity):
            self._deliver(message)  # it leads: of all, it has the highest priority
            self.flush()
            return False
        self._held.append(message)
        if self._is_due() or len(self._held) >= MAX_HELD:
            self._held.pop()
            self.flush()
            return True
        return False

    def flush(self) -> None:
        """Let go on what is held, in the order in which it came."""
        held, self._held = self._held, []
        for message in held:
            self._deliver(message)

    def stop(self) -> None:  # noqa: B027  (most have nothing that runs)
        """Let nothing go on by itself any more."""

    def _is_urgent(self, severity: Severity) -> bool:
        return SEVERITIES.index(severity) >= SEVERITIES.index(self._severity)

    @abstractmethod
    def _is_due(self) -> bool:
        """Whether there is enough, now that a message has come."""


class BatchBySize(Batch):
    """Holds a number of messages."""

    def __init__(
        self, severity: Severity, deliver: Callable[[Message], None], size: int
    ) -> None:
        """Take how many go on together."""
        super().__init__(severity, deliver)
        self._size = size

    @override
    def _is_due(self) -> bool:
        return len(self._held) >= self._size


class BatchByTime(Batch):
    """Holds messages for a while after the first of them."""

    def __init__(
        self,
        severity: Severity,
        deliver: Callable[[Message], None],
        delay: int,
        clock: Clock,
    ) -> None:
        """Take for how many milliseconds they wait."""
        super().__init__(severity, deliver)
        self._delay = delay / 1000
        self._clock = clock
        self._timer: Timer | None = None

    @override
    def _is_due(self) -> bool:
        if self._timer is None:
            self._timer = self._clock.call_later(self._delay, self.flush)
        return False

    @override
    def flush(self) -> None:
        self.stop()
        super().flush()

    @override
    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BatchByCost(Batch):
    """Holds messages while the network costs more than they are worth."""

    def __init__(
        self,
        severity: Severity,
        deliver: Callable[[Message], None],
        most: Cost,
        cost: Callable[[], Cost],
    ) -> None:
        """Take what the network may cost, and what tells what it does."""
        super().__init__(severity, deliver)
        self._most = most
        self._cost = cost

    @override
    def _is_due(self) -> bool:
        return self._cost() <= self._most

    def see_cost(self) -> None:
        """Let go on what is held, if the network is cheap enough by now."""
        if self._is_due():
            self.flush()
