"""Averages and the like over a window of time that slides on (protocol sheet §1.8)."""

from collections import deque
from collections.abc import Callable, Mapping
import math
from typing import Final

from .message import Clock, Timer

MAX_BUCKETS: Final = 1_000
"""Of a window. One that would have more slides in steps that are so much longer: an
average over a day that moves on by 87 seconds is none that anybody could tell from one
that moves on by a millisecond."""


class Statistics:
    """What is known of some numbers without keeping them."""

    __slots__ = ("count", "high", "low", "mean", "spread")

    def __init__(self) -> None:
        """Start with no numbers."""
        self.count = 0
        self.low = math.inf
        self.high = -math.inf
        self.mean = 0.0
        self.spread = 0.0
        """The sum of the squared distances from the mean."""

    def add(self, number: float) -> None:
        """Take one more number."""
        self.count += 1
        self.low = min(self.low, number)
        self.high = max(self.high, number)
        distance = number - self.mean
        self.mean += distance / self.count
        self.spread += distance * (number - self.mean)

    def take(self, other: Statistics) -> None:
        """Take all numbers of another."""
        count = self.count + other.count
        distance = other.mean - self.mean
        # A power of a huge number would be an error, its product is infinite.
        square = distance * distance
        self.spread += other.spread + square * self.count * other.count / count
        self.mean += distance * other.count / count
        self.count = count
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)


FIGURES: Final[Mapping[str, Callable[[Statistics], float]]] = {
    "min": lambda known: known.low,
    "max": lambda known: known.high,
    "mean": lambda known: known.mean,
    "standardDeviation": lambda known: math.sqrt(known.spread / known.count),
}
"""By the ids of their functions; the deviation is that of the population."""


class Window:
    """Numbers of the last while, of which a figure comes out when that is over.

    The first window begins with the first number; the next ends a slide later. While
    nothing comes, no timer runs, and no figure comes out: later numbers go on in the
    same rhythm.
    """

    def __init__(
        self,
        window: int,
        slide: int,
        figure: Callable[[Statistics], float],
        emit: Callable[[float], None],
        clock: Clock,
    ) -> None:
        """Start without numbers.

        Args:
            window: how far it reaches back, in milliseconds.
            slide: how often a figure comes out, in milliseconds; 0: once per window.
            figure: what comes out.
            emit: takes it.
            clock: tells and keeps the time.

        """
        slide = slide or window
        width = max(math.gcd(window, slide), math.ceil(window / MAX_BUCKETS))
        self._width = width / 1000
        self._buckets_in_window = math.ceil(window / width)
        self._buckets_in_slide = math.ceil(slide / width)
        self._figure = figure
        self._emit = emit
        self._clock = clock
        self._buckets: deque[tuple[int, Statistics]] = deque()
        """With the numbers of their places since the beginning, the oldest first."""
        self._began: float | None = None
        self._end = 0
        """The place before which the window that runs ends."""
        self._timer: Timer | None = None

    def take(self, number: float) -> None:
        """Take a number, which is of now."""
        now = self._clock.time()
        if self._began is None:
            self._began = now
        place = math.floor((now - self._began) / self._width + 1e-9)
        if self._buckets and self._buckets[-1][0] >= place:
            self._buckets[-1][1].add(number)
        else:
            self._buckets.append((place, Statistics()))
            self._buckets[-1][1].add(number)
        if self._timer is None:
            late = place - self._buckets_in_window
            slides = late // self._buckets_in_slide + 1 if late >= 0 else 0
            self._end = self._buckets_in_window + slides * self._buckets_in_slide
            self._wait()

    def flush(self) -> None:
        """Have the figure of what there is come out now, and start anew."""
        self.stop()
        known = self._known()
        self._buckets.clear()
        self._began = None
        if known is not None:
            self._emit(self._figure(known))

    def stop(self) -> None:
        """Have nothing come out any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        """Have the window end when its time is over."""
        assert self._began is not None  # noqa: S101  (a number has come)
        rest = self._began + self._end * self._width - self._clock.time()
        self._timer = self._clock.call_later(max(0.0, rest), self._over)

    def _over(self) -> None:
        """Let the figure come out, and slide on."""
        self._timer = None
        known = self._known()
        self._end += self._buckets_in_slide
        first = self._end - self._buckets_in_window
        while self._buckets and self._buckets[0][0] < first:
            self._buckets.popleft()
        if self._buckets:
            self._wait()
        if known is not None:
            self._emit(self._figure(known))

    def _known(self) -> Statistics | None:
        """Return what is known of the window that runs, if anything came in it."""
        first = self._end - self._buckets_in_window
        known: Statistics | None = None
        for place, bucket in self._buckets:
            if first <= place < self._end:
                known = known or Statistics()
                known.take(bucket)
        return known
