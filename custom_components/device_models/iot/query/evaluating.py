"""Whether a filter holds for a document (choices of protocol sheet §5.3).

A comparison with a member that is missing is false, whichever it is. Values of
different types are unequal, and none is more or less than the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch
import math
import operator
import time
from typing import Any, Final

from ..errors import NotOfferedError, QueryError
from .documents import (
    Document,
    elements,
    getter,
    is_a,
    milliseconds,
    plain,
)
from .expression import (
    Age,
    And,
    Compare,
    Contains,
    Exists,
    Expression,
    Has,
    In,
    Like,
    Matches,
    Modulo,
    Not,
    Or,
    Sign,
    Within,
)
from .places import UNITS, distance, place_of
from .terms import Date, Path, Reference, Special, Value

type Holds = Callable[[Document], bool]

_COMPARISONS: Final[Mapping[Sign, Callable[[Any, Any], bool]]] = {
    Sign.EQUAL: operator.eq,
    Sign.UNEQUAL: operator.ne,
    Sign.LESS: operator.lt,
    Sign.AT_MOST: operator.le,
    Sign.MORE: operator.gt,
    Sign.AT_LEAST: operator.ge,
}
_ORDERS: Final = frozenset(Sign) - {Sign.EQUAL, Sign.UNEQUAL}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a question is asked, and until when it may be answered."""

    now: float
    """Milliseconds since 1970."""
    until: float = math.inf
    """On the clock ``time.monotonic``."""

    def check(self) -> None:
        """Give up when the time is over.

        Raises:
            QueryError: it is.

        """
        if time.monotonic() > self.until:
            raise QueryError(name="filter", problem="it takes too long")


@singledispatch
def holding(expression: Expression, _moment: Moment) -> Holds:
    """Return what tells whether an expression holds for a document.

    Raises:
        NotOfferedError: it asks for what is not known here: ZIP codes.
        QueryError: it refers to another question that was not asked.

    """
    raise NotOfferedError(operation=type(expression).__name__)


@holding.register
def _(expression: And, moment: Moment) -> Holds:
    parts = [holding(part, moment) for part in expression.parts]
    return lambda document: all(part(document) for part in parts)


@holding.register
def _(expression: Or, moment: Moment) -> Holds:
    parts = [holding(part, moment) for part in expression.parts]
    return lambda document: any(part(document) for part in parts)


@holding.register
def _(expression: Not, moment: Moment) -> Holds:
    inner = holding(expression.part, moment)
    return lambda document: not inner(document)


@holding.register
def _(expression: Like, moment: Moment) -> Holds:
    get, pattern = getter(expression.path), expression.regex.pattern

    def holds(document: Document) -> bool:
        text = get(document)
        return isinstance(text, str) and pattern.search(text, moment.until)

    return holds


@holding.register
def _(expression: Matches, moment: Moment) -> Holds:
    pattern = expression.regex.pattern

    def holds(document: Document) -> bool:
        texts = map(plain, elements(document).values())
        return any(
            pattern.search(text, moment.until)
            for text in texts
            if isinstance(text, str)
        )

    return holds


@holding.register
def _(expression: Exists, _moment: Moment) -> Holds:
    get = getter(expression.path)
    return lambda document: get(document) is not None


@holding.register
def _(expression: Has, _moment: Moment) -> Holds:
    kind = expression.type
    return lambda document: any(
        is_a(value, kind) for value in elements(document).values()
    )


@holding.register
def _(expression: Compare, _moment: Moment) -> Holds:
    get, sign, value = getter(expression.path), expression.sign, expression.value
    if isinstance(value, Path):
        other = getter(value)
        return lambda document: compare(sign, get(document), other(document))
    return lambda document: compare(sign, get(document), value)


def compare(sign: Sign, one: object, other: object) -> bool:
    """Compare two values; None is for what is missing."""
    if one is None or other is None:
        return False
    one, other = _comparable(one, other)
    kinds = _kind(one), _kind(other)
    if kinds[0] is not kinds[1]:
        return sign is Sign.UNEQUAL
    if sign in _ORDERS and kinds[0] not in (float, str):
        return False
    return _COMPARISONS[sign](one, other)


def _comparable(one: object, other: object) -> tuple[object, object]:
    """Return two values as they can be compared: moments in milliseconds."""
    if isinstance(one, Date | datetime) or isinstance(other, Date | datetime):
        return _in_milliseconds(one), _in_milliseconds(other)
    return _bare(one), _bare(other)


def _in_milliseconds(value: object) -> object:
    """Return the milliseconds of a moment, and any other value as it is."""
    if isinstance(value, Date):
        return value.milliseconds
    return milliseconds(value) if isinstance(value, datetime) else _bare(value)


def _bare(value: object) -> object:
    """Return the text of a text that has a type."""
    return value.text if isinstance(value, Special) else value


def _kind(value: object) -> type:
    """Return what can be compared with each other: a truth is no number."""
    match value:
        case bool():
            return bool
        case int() | float():
            return float
        case str():
            return str
        case _:
            return type(value)


@holding.register
def _(expression: Modulo, _moment: Moment) -> Holds:
    """What is left has the sign of the number, as in Java."""
    get = getter(expression.path)

    def holds(document: Document) -> bool:
        value = get(document)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        try:
            rest = math.fmod(value, expression.divisor)
        except (
            OverflowError,
            ValueError,
        ):  # a whole number that no float holds; infinity
            return False
        return _COMPARISONS[expression.sign](rest, expression.rest)

    return holds


def _is_one_of(value: object, values: tuple[Value, ...]) -> bool:
    return any(compare(Sign.EQUAL, value, one) for one in values)


@holding.register
def _(expression: In, _moment: Moment) -> Holds:
    get, values = getter(expression.path), expression.values
    if isinstance(values, Reference):
        raise QueryError(
            name="filter", problem=f"no earlier request is called {values.name!r}"
        )
    return lambda document: _is_one_of(get(document), values)


@holding.register
def _(expression: Contains, _moment: Moment) -> Holds:
    get = getter(expression.path)

    def holds(document: Document) -> bool:
        members = get(document)
        return isinstance(members, list | tuple | set | frozenset) and all(
            any(compare(Sign.EQUAL, plain(member), value) for member in members)
            for value in expression.values
        )

    return holds


@holding.register
def _(expression: Age, moment: Moment) -> Holds:
    get = getter(Path(tuple(expression.name.split("."))))

    def holds(document: Document) -> bool:
        since = milliseconds(get(document))
        return since is not None and _COMPARISONS[expression.sign](
            moment.now - since, expression.milliseconds
        )

    return holds


@holding.register
def _(expression: Within, _moment: Moment) -> Holds:
    get = getter(expression.path)
    if isinstance(expression.center, str):
        raise NotOfferedError(operation="the place of a ZIP code")
    center = expression.center
    metres = expression.distance * UNITS[expression.unit]

    def holds(document: Document) -> bool:
        place = place_of(get(document))
        return place is not None and distance(place, center) <= metres

    return holds
