"""Filters written in Python: ``mem.elems.temperature > 20`` (protocol sheet §5.1).

The names are those of the platform's own client. Every member can be reached here,
also one called ``name`` or ``re``: ``mem['re']``, ``mem.elems.name``.
"""

from typing import Final, Never, override

from .expression import (
    Age,
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
    Sign,
    Within,
)
from .terms import CREATED, Path, Regex, Value, refuse, value_of


class Remainder:
    """What is left of a member, divided by a number: ``mem.a % 5 == 0``."""

    __slots__ = ("_divisor", "_path")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, path: Path, divisor: float) -> None:
        """Take both."""
        self._path = path
        self._divisor = divisor

    @override
    def __eq__(self, rest: float) -> Modulo:  # type: ignore[override]
        """Return the expression."""
        return Modulo(self._path, self._divisor, Sign.EQUAL, rest)

    @override
    def __ne__(self, rest: float) -> Modulo:  # type: ignore[override]
        """Return the expression."""
        return Modulo(self._path, self._divisor, Sign.UNEQUAL, rest)


class Member:
    """A member of documents; what it is compared with makes an expression."""

    __slots__ = ("_parts",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *parts: str) -> None:
        """Take the names on the way to it."""
        self._parts = parts

    def __getattr__(self, name: str) -> Member:
        """Return a member of this one; one with underscores is none, but Python's."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Member(*self._parts, name)

    def __getitem__(self, name: str) -> Member:
        """Return a member of this one, whatever it is called."""
        return Member(*self._parts, name)

    @override
    def __eq__(self, other: object) -> Compare:  # type: ignore[override]
        """Return the expression."""
        return self._compare(Sign.EQUAL, other)

    @override
    def __ne__(self, other: object) -> Compare:  # type: ignore[override]
        """Return the expression."""
        return self._compare(Sign.UNEQUAL, other)

    def __lt__(self, other: object) -> Compare:
        """Return the expression."""
        return self._compare(Sign.LESS, other)

    def __le__(self, other: object) -> Compare:
        """Return the expression."""
        return self._compare(Sign.AT_MOST, other)

    def __gt__(self, other: object) -> Compare:
        """Return the expression."""
        return self._compare(Sign.MORE, other)

    def __ge__(self, other: object) -> Compare:
        """Return the expression."""
        return self._compare(Sign.AT_LEAST, other)

    def __mod__(self, divisor: float) -> Remainder:
        """Return what is left of it."""
        return Remainder(path_of(self), divisor)

    def __iter__(self) -> Never:
        """Be no list, though it has members.

        Raises:
            TypeError: always.

        """
        raise TypeError("a member of documents cannot be gone through")

    def re(self, source: str, flags: str = "") -> Like:
        """Return where a regular expression is found in it.

        Raises:
            FilterError: it is none.

        """
        return Like(path_of(self), Regex(source, flags))

    def IN(self, *values: object) -> In:  # noqa: N802  (the language's word)
        """Return where it is one of some values."""
        return In(path_of(self), tuple(map(value_of, values)))

    def CONTAINS(self, *values: object) -> Contains:  # noqa: N802  (the language's word)
        """Return where it is a list of all these values, and perhaps others."""
        return Contains(path_of(self), tuple(map(value_of, values)))

    def WITHIN(  # noqa: N802  (the language's word)
        self,
        distance: float,
        unit: str = "MILES",
        *,
        coords: tuple[float, float] | None = None,
        zip: int | str | None = None,  # noqa: A002  (the platform's name)
    ) -> Within:
        """Return where it is a place near another one.

        Args:
            distance: how near.
            unit: of the distance.
            coords: latitude and longitude of the other place.
            zip: its ZIP code, instead.

        Raises:
            QueryError: there is no other place; the platform's client would ask for
                the ZIP code "None".

        """
        center = coords if zip is None else str(zip)
        if center is None:
            refuse("filter", "expected the coordinates, or the ZIP code, of a place")
        return Within(path_of(self), distance, unit, center)

    def _compare(self, sign: Sign, other: object) -> Compare:
        value: Value | Path
        value = path_of(other) if isinstance(other, Member) else value_of(other)
        return Compare(path_of(self), sign, value)


class _Age:
    """How long ago a document was made, or a named moment was."""

    __slots__ = ("_name",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str = CREATED) -> None:
        """Take the name of the moment."""
        self._name = name

    def __call__(self, name: str) -> _Age:
        """Return the age of a named moment."""
        return _Age(name)

    @override
    def __eq__(self, other: float) -> Age:  # type: ignore[override]
        """Return the expression."""
        return Age(Sign.EQUAL, other, self._name)

    @override
    def __ne__(self, other: float) -> Age:  # type: ignore[override]
        """Return the expression."""
        return Age(Sign.UNEQUAL, other, self._name)

    def __lt__(self, other: float) -> Age:
        """Return the expression."""
        return Age(Sign.LESS, other, self._name)

    def __le__(self, other: float) -> Age:
        """Return the expression."""
        return Age(Sign.AT_MOST, other, self._name)

    def __gt__(self, other: float) -> Age:
        """Return the expression."""
        return Age(Sign.MORE, other, self._name)

    def __ge__(self, other: float) -> Age:
        """Return the expression."""
        return Age(Sign.AT_LEAST, other, self._name)


mem: Final = Member()
"""The document itself: ``mem.elems.temperature``."""

AGE: Final = _Age()
"""Milliseconds: ``AGE > 60_000``, ``AGE('lastEditDate') > 60_000``."""


def path_of(member: Member | str) -> Path:
    """Return the way to a member, given itself, or its names with dots."""
    if isinstance(member, str):
        return Path(tuple(member.split(".")))
    return Path(member._parts)  # noqa: SLF001  (of this module)


def EXISTS(member: Member | str) -> Exists:  # noqa: N802  (the language's word)
    """Return where a member is there."""
    return Exists(path_of(member))


def HAS(kind: str) -> Has:  # noqa: N802  (the language's word)
    """Return where some element is of a type."""
    return Has(kind)


def MATCHES(source: str, flags: str = "") -> Matches:  # noqa: N802  (the language's word)
    """Return where a regular expression is found in some element."""
    return Matches(Regex(source, flags))


def NOT(expression: Expression) -> Not:  # noqa: N802  (the language's word)
    """Return where an expression does not hold."""
    return Not(expression)


def together(*filters: Expression) -> Expression:
    """Return where all filters hold, nested as the platform's ``find`` does it.

    Raises:
        QueryError: there are none, or too many.

    """
    if not filters:
        refuse("filter", "expected a filter")
    first, *others = filters
    for other in others:
        first = first.AND(other)
    return first
