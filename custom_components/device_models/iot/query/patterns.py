r"""Regular expressions of filters: found in a time that grows with the text alone.

People type them, and devices send the texts. Python's own engine tries the ways to
match one after the other, which takes for ever for ``(a+)+$``, and lets nobody else
run meanwhile, not even in a thread. Here all ways are followed at once; where a
character leads is remembered, so that most of them cost one look-up.

Letters, digits and spaces of classes are those of ASCII, and a dot is no end of a line,
as in Java.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import math
import re
import time
from typing import Final, NamedTuple

from ..errors import QueryError
from .regex import Part, parse, single

FLAGS: Final = "ims"
"""What may stand after a pattern: any case, lines, a dot that is also an end of line.
"""

MAX_REMEMBERED: Final = 5_000
"""Steps; more than that are taken by hostile texts only, and begin anew."""

CHECKED_EVERY: Final = 2_048
"""Characters between two looks at the clock."""

_ENDS_OF_LINES: Final = "\n\r\u0085\u2028\u2029"
"""Characters that a dot does not stand for, in Java."""

type _Fits = Callable[[str], bool]
"""Whether a character is one of those that are meant."""


class _Around(NamedTuple):
    """What stands before and after a place in a text; nothing at its ends."""

    before: str
    after: str
    last: bool = False
    """Whether nothing follows but the end of the last line."""


_WORD: Final = re.compile(r"\w", re.ASCII)
_LINE_END: Final = re.compile(r"(\r\n|[\n\r\u0085\u2028\u2029])?\Z")


def _edge(around: _Around) -> bool:
    """Whether a word begins or ends here."""
    return bool(_WORD.match(around.before)) is not bool(_WORD.match(around.after))


_ASSERTIONS: Final[dict[str, Callable[[_Around], bool]]] = {
    "^": lambda around: not around.before,
    "$": lambda around: not around.after or around.last,
    r"\A": lambda around: not around.before,
    r"\z": lambda around: not around.after,
    r"\b": _edge,
    r"\B": lambda around: not _edge(around),
}
_OF_LINES: Final[dict[str, Callable[[_Around], bool]]] = {
    "^": lambda around: not around.before or around.before == "\n",
    "$": lambda around: not around.after or around.after == "\n",
}
"""The same with the flag ``m``."""


@dataclass(slots=True)
class _State:
    """A place in a pattern: what may come next, and where that leads."""

    fits: _Fits | None = None
    """Of one that a character leads on from."""
    holds: Callable[[_Around], bool] | None = None
    """Of one that is passed only where this holds."""
    after: list[int] = field(default_factory=list)


class Pattern:
    """A regular expression that is searched for in texts."""

    def __init__(self, source: str, flags: str = "") -> None:
        """Read it.

        Args:
            source: the regular expression, without slashes around it.
            flags: ``i`` for any case, ``m`` for lines, ``s`` for a dot that is also
                the end of a line.

        Raises:
            FilterError: it is none, or what is not known alike in Java and Python.

        """
        self._flags = flags
        self._states: list[_State] = []
        first, last = self._add(parse(source))
        self._first, self._last = 1 << first, 1 << last
        self._steps: dict[tuple[int, _Around], tuple[int, bool, str]] = {}

    def search(self, text: str, until: float = math.inf) -> bool:
        """Whether it is found anywhere in a text.

        Args:
            text: the text.
            until: on the clock ``time.monotonic``, when to give up.

        Raises:
            QueryError: the time is over.

        """
        last = len(text) - len(_LINE_END.search(text)[0])  # type: ignore[index]
        at, before = 0, ""
        for index, character in enumerate(text):
            if index % CHECKED_EVERY == 0 and time.monotonic() > until:
                raise QueryError(name="filter", problem="it takes too long")
            key = at, _Around(before, character, index == last)
            step = self._steps.get(key)
            if step is None:
                if len(self._steps) >= MAX_REMEMBERED:
                    self._steps.clear()
                step = self._steps[key] = self._step(*key)
            at, found, before = step
            if found:
                return True
        return bool(self._reached(at, _Around(before, "")) & self._last)

    def _step(self, at: int, around: _Around) -> tuple[int, bool, str]:
        """Return where a character leads, whether all is found, and its kind."""
        character = around.after
        reached = self._reached(at, around)
        led = 0
        for number in _bits(reached):
            state = self._states[number]
            if state.fits is not None and state.fits(character):
                led |= 1 << state.after[0]
        kind = "a" if _WORD.match(character) else "\n" if character == "\n" else " "
        return led, bool(reached & self._last), kind

    def _reached(self, at: int, around: _Around) -> int:
        """Return all states that are reached without one more character."""
        reached = 0
        new = at | self._first  # it may begin anywhere
        while new:
            reached |= new
            led = 0
            for number in _bits(new):
                state = self._states[number]
                if state.fits is None and (state.holds is None or state.holds(around)):
                    for other in state.after:
                        led |= 1 << other
            new = led & ~reached
        return reached

    def _add(self, part: Part) -> tuple[int, int]:
        """Add the states of a part; returns where it begins and where it ends."""
        first = last = self._new()
        match part.kind:
            case "fits":
                self._states[first].fits = _fits(part.token, self._flags)
                last = self._new(first)
            case "holds":
                lines = _OF_LINES if "m" in self._flags else {}
                self._states[first].holds = (_ASSERTIONS | lines)[part.token]
                last = self._new(first)
            case "choice":
                ends = []
                for one in part.parts:
                    begin, end = self._add(one)
                    self._states[first].after.append(begin)
                    ends.append(end)
                last = self._new(*ends)
            case "sequence":
                for one in part.parts:
                    begin, end = self._add(one)
                    self._states[last].after.append(begin)
                    last = end
            case _:
                last = self._repeat(part, first)
        return first, last

    def _repeat(self, part: Part, first: int) -> int:
        """Add a part as often as it may be there; returns where that ends."""
        (inner,) = part.parts
        last = first
        ends = []
        for count in range(part.low if part.high is None else part.high):
            if count >= part.low:
                ends.append(last)
            begin, end = self._add(inner)
            self._states[last].after.append(begin)
            last = end
        if part.high is None:
            loop = self._new(last)
            begin, end = self._add(inner)
            self._states[loop].after.append(begin)
            self._states[end].after.append(loop)
            last = loop
        return self._new(last, *ends)

    def _new(self, *before: int) -> int:
        """Add a state; returns its number."""
        number = len(self._states)
        self._states.append(_State())
        for one in before:
            self._states[one].after.append(number)
        return number


def _bits(number: int) -> Iterator[int]:
    """Yield the places of all bits that are set."""
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def _fits(token: str, flags: str) -> _Fits:
    """Return what tells whether a character is one that a part stands for."""
    if token == ".":  # noqa: S105  (of a pattern)
        excluded = "" if "s" in flags else _ENDS_OF_LINES
        return lambda character: character not in excluded
    one = single(token, re.ASCII | (re.IGNORECASE if "i" in flags else re.NOFLAG))
    return lambda character: one.match(character) is not None
