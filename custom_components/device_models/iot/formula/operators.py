"""The values, operators and functions of formulas (protocol sheet §1.8)."""

from collections.abc import Callable
from datetime import datetime
import math
import operator
from typing import Final

from ..values import MAX_STRING_BYTES, Scalar, to_milliseconds

MAX_LENGTH: Final = 2_000
"""Characters of a formula, and of what ``LIKE`` compares with; real ones have 100."""

type Value = float | str
"""What is computed with: NaN is "no value", true is 1.0 and false 0.0."""

type Operator = Callable[[Value, Value], Value]
type Function = Callable[[Value], Value]


def _missing(value: Value) -> bool:
    return isinstance(value, float) and math.isnan(value)


def true(value: Value) -> bool:
    """Whether a value counts as true: neither 0 nor empty, nor missing."""
    return value not in ("", 0.0) and not _missing(value)


def value_of(value: Scalar | None) -> Value:
    """Return a value of an attribute as formulas have it."""
    match value:
        case None:
            return math.nan
        case datetime():
            return float(to_milliseconds(value))
        case str():
            return value
        case _:
            return float(value)


def _spelled(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def _add(one: Value, other: Value) -> Value:
    """Add numbers, or join texts; what has no value makes the whole have none."""
    if isinstance(one, float) and isinstance(other, float):
        return one + other
    if _missing(one) or _missing(other):
        return math.nan
    joined = _spelled(one) + _spelled(other)
    return joined if len(joined) < MAX_STRING_BYTES else math.nan


def _numeric(operation: Callable[[float, float], float]) -> Operator:
    """Return the operator on numbers; on texts, and by 0, it has no value."""

    def run(one: Value, other: Value) -> Value:
        if isinstance(one, str) or isinstance(other, str):
            return math.nan
        try:
            return operation(one, other)
        except ArithmeticError, ValueError:  # by 0; the remainder of infinity
            return math.nan

    return run


def _comparing(operation: Callable[[Value, Value], bool]) -> Operator:
    """Return the comparison, which is false for what has no value."""

    def run(one: Value, other: Value) -> Value:
        if _missing(one) or _missing(other):
            return 0.0
        if type(one) is not type(other):  # a text is no number, nor more or less
            return float(operation is operator.ne)
        return float(operation(one, other))

    return run


def _like(one: Value, other: Value) -> Value:
    """Compare with a pattern of SQL: % stands for any text, _ for one character.

    All ways to match are followed at once, one bit of a number for each place of the
    pattern: the time grows with the text's length, whatever the pattern.
    """
    if isinstance(one, float) or isinstance(other, float) or len(other) > MAX_LENGTH:
        return 0.0
    stays = wild = 0  # bit n: after n characters of the pattern
    takes: dict[str, int] = {}
    count = 0
    for character in other:
        if character == "%":
            stays |= 1 << count
            continue
        if character == "_":
            wild |= 1 << count
        else:
            takes[character] = takes.get(character, 0) | 1 << count
        count += 1
    at = 1
    for character in one:
        at = at & stays | (at & (takes.get(character, 0) | wild)) << 1
        if not at:
            return 0.0
    return float(bool(at >> count & 1))


OPERATORS: Final[dict[str, Operator]] = {
    "&&": lambda one, other: float(true(one) and true(other)),
    "||": lambda one, other: float(true(one) or true(other)),
    "=": _comparing(operator.eq),
    "!=": _comparing(operator.ne),
    "<": _comparing(operator.lt),
    "<=": _comparing(operator.le),
    ">": _comparing(operator.gt),
    ">=": _comparing(operator.ge),
    "LIKE": _like,
    "+": _add,
    "-": _numeric(operator.sub),
    "*": _numeric(operator.mul),
    "/": _numeric(operator.truediv),
    "%": _numeric(math.fmod),
}
OPERATORS["AND"], OPERATORS["OR"] = OPERATORS["&&"], OPERATORS["||"]

FUNCTIONS: Final[dict[str, Function]] = {
    "LOWER": lambda value: value.lower() if isinstance(value, str) else math.nan,
    "UPPER": lambda value: value.upper() if isinstance(value, str) else math.nan,
    "!": lambda value: float(not true(value)),
    "-": lambda value: math.nan if isinstance(value, str) else -value,
    "+": lambda value: math.nan if isinstance(value, str) else value,
}
FUNCTIONS["NOT"] = FUNCTIONS["!"]
