"""What policies work on, and what they work with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import math
import random
from typing import Protocol

from ..errors import DeviceModelsError
from ..formula import Formula
from ..model import DeviceModel, Severity, Typed
from ..values import DataType, JsonValue, Scalar


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert, or data, as it came, or as a condition has raised it."""

    name: str
    fields: Mapping[str, object]
    severity: Severity | None = None
    by_condition: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Values of one moment, or an alert."""

    values: Mapping[str, Scalar]
    at: datetime
    alert: Raised | None = None

    @property
    def content(self) -> object:
        """What makes two messages the same, whenever they come."""
        return self.alert or dict(self.values)


class Timer(Protocol):
    """Something that will happen, unless it is called off."""

    def cancel(self) -> None:
        """Call it off."""


class Clock(Protocol):
    """Time as an event loop has it; one is a clock."""

    def time(self) -> float:
        """Return the time, in seconds since any moment."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Have something called after a number of seconds."""


class Host(Protocol):
    """The device that the policies are of."""

    @property
    def model(self) -> DeviceModel:
        """What it has."""

    def get(self, name: str) -> Scalar | None:
        """Return a current value."""

    def is_alerted(self, name: str) -> bool:
        """Whether an alert of a format was raised, and is not over."""

    def drop(self, name: str, error: DeviceModelsError) -> None:
        """Count, and tell, what could not be used."""

    async def call(
        self, name: str, arguments: Mapping[str, object] | None = None
    ) -> JsonValue:
        """Have the device do something."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the functions of a policy work with."""

    host: Host
    clock: Clock
    raise_alert: Callable[[Raised], None]
    act: Callable[[str, Mapping[str, object]], None]
    """Have the device do something; what comes of it is not waited for."""
    chance: Callable[[], float] = random.random
    """Gives a number from 0 to below 1."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    needs: set[str] = field(default_factory=set)
    """The attributes that formulas take values of."""

    def formula(self, text: str) -> Formula:
        """Return a formula that is going to be evaluated here."""
        formula = Formula.parse(text)
        self.needs.update(self.host.model.attribute(one).name for one in formula.names)
        return formula

    def evaluate(self, formula: Formula, message: Message) -> Scalar | None:
        """Return what a formula gives in the light of a message."""
        return formula.evaluate(lambda name: self._lookup(name, message), self.host.get)

    def holds(self, formula: Formula, message: Message) -> bool:
        """Whether a condition holds in the light of a message."""
        return formula.holds(lambda name: self._lookup(name, message), self.host.get)

    def _lookup(self, name: str, message: Message) -> Scalar | None:
        """Return the value in process, else the current one."""
        value = message.values.get(self.host.model.attribute(name).name)
        return self.host.get(name) if value is None else value

    def names(self, formula: Formula, *, current: bool = False) -> frozenset[str]:
        """Return the attributes whose values in process a formula takes.

        Args:
            formula: the formula.
            current: whether those count, too, whose current values it takes; they do
                where it takes no others.

        """
        all_of_them = current or not formula.processed
        names = formula.names if all_of_them else formula.processed
        return frozenset(self.host.model.attribute(one).name for one in names)

    def knows(self, formula: Formula, message: Message) -> bool:
        """Whether there is a value of all that a formula names."""
        return all(
            self._lookup(one, message) is not None for one in formula.processed
        ) and all(self.host.get(one) is not None for one in formula.current)


def fitted(element: Typed, value: Scalar | None) -> Scalar | None:
    """Return what a formula or a window has given as the type of an element has it.

    Whole numbers are rounded, half of one away from the lower (sheet §1.8).
    """
    match element.type, value:
        case DataType.INTEGER, float() if math.isfinite(value):
            return math.floor(value + 0.5)
        case DataType.BOOLEAN, float():
            return value != 0
        case ((DataType.STRING | DataType.URI), float()):
            return f"{value:.15g}"
        case _:
            return value
