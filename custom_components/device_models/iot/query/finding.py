"""The documents that a filter holds for: some of them, in order (sheet §4.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from ..errors import QueryError
from .documents import Document, getter, milliseconds, trail
from .evaluating import Moment, holding
from .expression import Expression
from .language import parse
from .terms import CREATED, Path

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 1_000
MAX_FIELDS: Final = 100

ORDERS: Final = ("asc", "desc")

CHECKED_EVERY: Final = 256
"""Documents between two looks at the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which documents are wanted, and what of them."""

    filter: Expression | None = None
    limit: int = DEFAULT_LIMIT
    start: int = 0
    """How many are left out at the beginning."""
    sort: Path | None = None
    """What they are in order of; without it, the newest come first, as far as they say
    when they were made."""
    descending: bool = False
    only: tuple[Path, ...] = ()
    """The members that are wanted; all where there are none."""

    def __post_init__(self) -> None:
        """Refuse what is out of bounds.

        Raises:
            QueryError: it is.

        """
        if not 0 <= self.limit <= MAX_LIMIT:
            raise QueryError(name="limit", problem=f"expected 0 to {MAX_LIMIT}")
        if self.start < 0:
            raise QueryError(name="start", problem="expected 0 or more")
        if len(self.only) > MAX_FIELDS:
            raise QueryError(name="only", problem=f"expected at most {MAX_FIELDS}")

    @classmethod
    def of(
        cls,
        *,
        filter: str | Expression = "",  # noqa: A002  (the platform's name)
        limit: int = DEFAULT_LIMIT,
        start: int | None = None,
        skip: int | None = None,
        sort: str = "",
        order: str = "asc",
        only: str | Iterable[str] = (),
    ) -> Search:
        """Return what the parameters of a request ask for, by the platform's names.

        Raises:
            FilterError: the filter is none.
            QueryError: another parameter is not usable.

        """
        if start is not None and skip is not None and start != skip:
            raise QueryError(name="skip", problem="expected start or skip, not both")
        if order not in ORDERS:
            raise QueryError(name="order", problem=f"expected one of {ORDERS}")
        listed = only.split(",") if isinstance(only, str) else only
        return cls(
            filter=parsed(filter),
            limit=limit,
            start=start if start is not None else skip or 0,
            sort=path_of("sort", sort) if sort else None,
            descending=order == "desc",
            only=tuple(path_of("only", one) for one in listed if one.strip()),
        )


def parsed(text: str | Expression) -> Expression | None:
    """Return the expression of a parameter; None where nothing is filtered.

    Raises:
        FilterError: it is none.

    """
    if isinstance(text, Expression):
        return text
    return parse(text) if text.strip() else None


def path_of(name: str, text: str) -> Path:
    """Return the path that a parameter names.

    Raises:
        QueryError: a part of it has no name.

    """
    parts = tuple(part.strip() for part in text.split("."))
    if not all(parts):
        raise QueryError(name=name, problem=f"expected a name, got {text[:40]!r}")
    return Path(parts)


def find(
    documents: Iterable[Document], search: Search, moment: Moment
) -> list[Document]:
    """Return what is wanted of the documents that are wanted.

    Raises:
        NotOfferedError: the filter asks for what is not known here.
        QueryError: it takes too long.

    """
    found = select(documents, search, moment)
    if search.only:
        return [picked(document, search.only) for document in found]
    return found


def select(
    documents: Iterable[Document], search: Search, moment: Moment
) -> list[Document]:
    """Return the documents that are wanted, as they are.

    Raises:
        NotOfferedError: the filter asks for what is not known here.
        QueryError: it takes too long.

    """
    found = held(documents, search.filter, moment)
    if search.sort is not None:
        get = getter(search.sort)
        # What has no such member comes last, whichever the order is.
        there = [document for document in found if get(document) is not None]
        there.sort(key=lambda one: rank(get(one)), reverse=search.descending)
        found = there + [document for document in found if get(document) is None]
    elif found and CREATED in found[0]:
        found.sort(key=lambda one: -(milliseconds(one.get(CREATED)) or 0))
    return found[search.start : search.start + search.limit]


def held(
    documents: Iterable[Document], expression: Expression | None, moment: Moment
) -> list[Document]:
    """Return the documents that an expression holds for.

    Raises:
        NotOfferedError: it asks for what is not known here.
        QueryError: it takes too long.

    """
    if expression is None:
        return list(documents)
    holds = holding(expression, moment)
    found = []
    for number, document in enumerate(documents):
        if number % CHECKED_EVERY == 0:
            moment.check()
        if holds(document):
            found.append(document)
    return found


def rank(value: object) -> tuple[int, float, str]:
    """Return where a value stands: truths, numbers and moments, texts, all others."""
    match value:
        case bool():
            return 0, float(value), ""
        case int() | float() | datetime():
            return 1, milliseconds(value) or 0.0, ""
        case str():
            return 2, 0.0, value
        case _:
            return 3, 0.0, str(value)


def picked(document: Document, only: Sequence[Path]) -> dict[str, object]:
    """Return a document with some of its members only, each where it is."""
    result: dict[str, object] = {}
    for path in only:
        keys = trail(document, path)
        if keys is None:
            continue
        place, value = result, document
        for key in keys[:-1]:
            value = cast("Document", value[key])
            inner = place.setdefault(key, {})
            place = cast("dict[str, object]", inner)
        place[keys[-1]] = value[keys[-1]]
    return result
