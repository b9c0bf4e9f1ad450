"""How the values of a simulated device move by themselves.

A motion belongs to one value. ``step`` lets time pass and returns the value then;
``jump`` puts the value elsewhere, as a write or an action does.
"""

from datetime import datetime
import math
from random import Random
from typing import Final, NamedTuple, override

from custom_components.device_models.iot.model import Typed
from custom_components.device_models.iot.values import DataType, Scalar

from .plausible import as_shaped, counted, habit, is_total, plausible, whole, within
from .words import EVENT, words

SETTLING: Final = 60.0
"""Seconds in which a number covers two thirds of the way back to its centre."""

EVENT_EVERY: Final = 90.0
"""Mean seconds between two changes of a value that changes by events."""

PICK_EVERY: Final = 150.0

STOPPING: Final = 3.0
"""Seconds in which what a device does dies down once it is switched off."""


class Pull(NamedTuple):
    """Where a number is drawn to: a target, or to rest while the device is off."""

    goal: float
    idle: bool = False


class Motion:
    """A value that stays where it is put."""

    def __init__(self, shape: Typed, rng: Random, value: Scalar) -> None:
        """Begin at a value."""
        self._shape = shape
        self._rng = rng
        self._value = value

    @property
    def value(self) -> Scalar:
        """The value now."""
        return self._value

    def jump(self, value: Scalar) -> None:
        """Put the value elsewhere."""
        self._value = value

    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Let time pass; a number goes where it is pulled."""
        del seconds, now, pull
        return self._value

    def _happens(self, seconds: float, every: float) -> bool:
        """Whether something that happens so often happens now."""
        return self._rng.random() < -math.expm1(-seconds / every)


class Wander(Motion):
    """A number that wanders smoothly around its centre, never out of its range."""

    def __init__(self, shape: Typed, rng: Random, value: Scalar) -> None:
        """Begin near the centre."""
        super().__init__(shape, rng, value)
        centre, spread = habit(shape)
        self._centre, self._spread = centre, spread
        self._exact = centre + rng.gauss(0, spread / 2)
        self._value = as_shaped(shape, self._exact, spread)

    @override
    def jump(self, value: Scalar) -> None:
        """Go on wandering from the new value."""
        super().jump(value)
        if isinstance(value, int | float):
            self._exact = float(value)

    @override
    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Move as an Ornstein-Uhlenbeck process does: exact for any step length."""
        centre, spread, settling = self._centre, self._spread, SETTLING
        if pull is not None:
            centre, spread = pull.goal, spread / 4
            if pull.idle:
                spread, settling = 0.0, STOPPING
        left = math.exp(-seconds / settling)
        noise = self._rng.gauss(0, spread * math.sqrt(1 - left * left))
        self._exact = within(
            self._shape, centre + (self._exact - centre) * left + noise
        )
        self._value = as_shaped(self._shape, self._exact, self._spread)
        return self._value


class Total(Motion):
    """A number that only rises, and begins again at the end of its range."""

    def __init__(self, shape: Typed, rng: Random, value: Scalar) -> None:
        """Begin with something on the counter."""
        super().__init__(shape, rng, value)
        self._exact = float(value) if isinstance(value, int | float) else 0.0

    @override
    def jump(self, value: Scalar) -> None:
        """Go on counting from the new value."""
        super().jump(value)
        if isinstance(value, int | float):
            self._exact = float(value)

    @override
    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Count on, unless the device rests."""
        if pull is None or not pull.idle:
            rate = 0.05 if self._shape.type is DataType.INTEGER else 0.004
            self._exact += seconds * rate * self._rng.uniform(0.6, 1.4)
        shown = self._exact
        if self._shape.type is DataType.INTEGER:
            shown = math.floor(shown)
        if self._shape.range is not None and shown > self._shape.range.high:
            low = self._shape.range.low
            self._exact = low if math.isfinite(low) else 0.0
        self._value = counted(self._shape, self._exact)
        return self._value


class Flip(Motion):
    """A boolean that is turned over now and then."""

    @override
    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Turn over sometimes."""
        if self._happens(seconds, EVENT_EVERY):
            self._value = not self._value
        return self._value


class Pick(Motion):
    """One of several choices, another one seldom."""

    @override
    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Choose another one sometimes."""
        others = [choice for choice in self._shape.enum if choice != self._value]
        if others and self._happens(seconds, PICK_EVERY):
            self._value = self._rng.choice(others)
        return self._value


class Clock(Motion):
    """The device's own clock, shown in steps of ten seconds."""

    @override
    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Show the time."""
        self._value = now.replace(second=now.second // 10 * 10, microsecond=0)
        return self._value


class LastEvent(Motion):
    """The time of the last of some events."""

    @override
    def step(self, seconds: float, now: datetime, pull: Pull | None) -> Scalar:
        """Let an event happen sometimes."""
        if self._happens(seconds, EVENT_EVERY):
            self._value = whole(now)
        return self._value


def motion_of(shape: Typed, rng: Random, now: datetime, *, settable: bool) -> Motion:
    """Return how the value of an element moves; one that is set by others stays."""
    value = plausible(shape, rng, now)
    kind: type[Motion] = Motion
    if settable:
        return Motion(shape, rng, value)
    if shape.enum:
        kind = Pick
    elif shape.type is DataType.BOOLEAN:
        kind = Flip
    elif shape.type is DataType.DATETIME:
        kind = LastEvent if words(shape.name) & EVENT else Clock
    elif shape.type.is_numeric:
        kind = Total if is_total(shape) else Wander
    return kind(shape, rng, value)
