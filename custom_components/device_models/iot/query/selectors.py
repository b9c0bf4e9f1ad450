"""What can be wanted of groups of documents: ``$avg:temp``, ``$hour`` (sheet §6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
import math
import statistics
from typing import Final

from ..errors import QueryError
from .finding import path_of
from .terms import CREATED, Path

type Number = int | float
type _Fold = Callable[[Sequence[Number]], Number | None]


def _sum(numbers: Sequence[Number]) -> Number:
    whole = all(isinstance(number, int) for number in numbers)
    return sum(numbers) if whole else math.fsum(numbers)


def _mean(numbers: Sequence[Number]) -> float | None:
    return math.fsum(numbers) / len(numbers) if numbers else None


def _deviation(numbers: Sequence[Number]) -> float | None:
    """Return the standard deviation of the numbers themselves, not of a sample."""
    return statistics.pstdev(map(float, numbers)) if numbers else None


FOLDS: Final[Mapping[str, _Fold]] = {
    "$avg": _mean,
    "$min": lambda numbers: min(numbers, default=None),
    "$max": lambda numbers: max(numbers, default=None),
    "$sum": _sum,
    "$stddev": _deviation,
}
"""What is made of the numbers of a field; a truth counts as 1 or 0."""

COUNT: Final = "$count"
LISTS: Final = ("$all", "$unique")

PERIODS: Final[Mapping[str, Callable[[datetime], int]]] = {
    "$year": lambda at: at.year,
    "$month": lambda at: at.month,
    "$day": lambda at: at.day,
    "$hour": lambda at: at.hour,
    "$minute": lambda at: at.minute,
    "$second": lambda at: at.second,
}
"""Parts of a date that documents can be grouped by: the hour of the day, 0 to 23."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One thing that is wanted of a group: ``$avg:temp``, ``$count``, a field."""

    text: str
    name: str
    """What is done with the field; empty for the field itself."""
    path: Path


def output_of(text: str) -> Selector:
    """Return what is wanted of each group.

    Raises:
        QueryError: it is nothing that is known.

    """
    name, _colon, path = text.strip().partition(":")
    if text.strip() == COUNT:
        return Selector(text.strip(), COUNT, Path((CREATED,)))
    if name not in FOLDS and name not in LISTS:
        known = ", ".join(f"{one}:field" for one in (*FOLDS, *LISTS))
        raise QueryError(
            name="output", problem=f"expected {COUNT} or {known}, got {text[:40]!r}"
        )
    return Selector(text.strip(), name, path_of("output", path))


def group_of(text: str) -> Selector:
    """Return what documents are grouped by.

    Raises:
        QueryError: it is nothing that is known.

    """
    name, colon, path = text.strip().partition(":")
    if name in PERIODS:
        return Selector(text.strip(), name, path_of("groupBy", path or CREATED))
    if colon or name.startswith("$"):
        known = ", ".join(PERIODS)
        raise QueryError(
            name="groupBy",
            problem=f"expected a field, or one of {known} with or without :field, "
            f"got {text[:40]!r}",
        )
    return Selector(text.strip(), "", path_of("groupBy", name))


@dataclass(frozen=True, slots=True)
class Sorting:
    """What rows are in order of."""

    selector: Selector
    descending: bool = False


def sorting_of(text: str, groups: Sequence[Selector]) -> Sorting:
    """Return what rows are in order of: what they are grouped by, or any output.

    Raises:
        QueryError: it is neither.

    """
    text = text.strip()
    plain = text.removesuffix(":asc").removesuffix(":desc")
    grouped = next((group for group in groups if group.text == plain), None)
    try:
        selector = grouped or output_of(plain)
    except QueryError:
        raise QueryError(
            name="sorts",
            problem="expected what is grouped by, or an output, with :asc or :desc, "
            f"got {text[:40]!r}",
        ) from None
    return Sorting(selector, text.endswith(":desc"))
