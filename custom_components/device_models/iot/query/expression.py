"""The filter language as data, and how it is spelled (protocol sheet §5.1).

An expression is a tree of frozen nodes; ``str()`` spells it exactly as the platform's
own client does, but where that is wrong: backslashes in texts are escaped, what NOT is
about stands in brackets, and unusual names in ``['…']``. What is spelled here is read
as the same expression again by ``language``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
import math
import re
from typing import ClassVar, Final, NoReturn, override

from .places import UNITS
from .terms import (
    CREATED,
    DECLARED,
    TYPES,
    Path,
    Reference,
    Regex,
    Value,
    quoted,
    refuse,
    spelled,
)

MAX_DEPTH: Final = 50
"""Expressions within each other."""


class Sign(StrEnum):
    """How two values are compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Expression:
    """What holds for a document, or does not."""

    __slots__ = ()

    depth = 1
    """How many expressions are within each other."""

    def AND(self, other: Expression) -> Expression:  # noqa: N802  (the language's word)
        """Return what holds where both do."""
        return And((self, other))

    def OR(self, other: Expression) -> Expression:  # noqa: N802  (the language's word)
        """Return what holds where one of them does."""
        return Or((self, other))

    __and__ = AND
    __or__ = OR

    def __invert__(self) -> Expression:
        """Return what holds where this does not."""
        return Not(self)

    def __bool__(self) -> NoReturn:
        """Be no truth by itself: ``and``, ``or`` and ``1 < x < 2`` would lose a part.

        Raises:
            TypeError: always.

        """
        raise TypeError("a filter is no truth by itself: use & | ~, or AND, OR, NOT")


@dataclass(frozen=True, slots=True)
class Compare(Expression):
    """A member compared with a value, or with another member."""

    path: Path
    sign: Sign
    value: Value | Path

    @override
    def __str__(self) -> str:
        value = self.value
        other = str(value) if isinstance(value, Path) else spelled(value)
        return f"{self.path} {self.sign} {other}"


@dataclass(frozen=True, slots=True)
class Modulo(Expression):
    """What is left of a number, divided by another one, and what it is, or is not."""

    path: Path
    divisor: float
    sign: Sign
    rest: float

    def __post_init__(self) -> None:
        """Refuse to divide by 0, and any other comparison."""
        if not self.divisor:
            refuse("filter", "expected a number to divide by that is not 0")
        if self.sign not in (Sign.EQUAL, Sign.UNEQUAL):
            refuse("filter", "expected == or != after what is divided by")

    @override
    def __str__(self) -> str:
        return f"{self.path} % {self.divisor} {self.sign} {self.rest}"


@dataclass(frozen=True, slots=True)
class Like(Expression):
    """A text in which a regular expression is found."""

    path: Path
    regex: Regex

    @override
    def __str__(self) -> str:
        return f"{self.path} =~ {self.regex}"


@dataclass(frozen=True, slots=True)
class In(Expression):
    """A value that is one of several."""

    path: Path
    values: tuple[Value, ...] | Reference

    @override
    def __str__(self) -> str:
        values = self.values
        listed = str(values) if isinstance(values, Reference) else _listed(values)
        return f"{self.path} IN {listed}"


@dataclass(frozen=True, slots=True)
class Contains(Expression):
    """A list that has all of several values."""

    path: Path
    values: tuple[Value, ...]

    @override
    def __str__(self) -> str:
        return f"{self.path} CONTAINS {_listed(self.values)}"


def _listed(values: tuple[Value, ...]) -> str:
    return f"[{','.join(map(spelled, values))}]"


@dataclass(frozen=True, slots=True)
class Within(Expression):
    """A place that is near another one."""

    path: Path
    distance: float
    unit: str
    center: tuple[float, float] | str
    """Latitude and longitude, or a ZIP code."""

    def __post_init__(self) -> None:
        """Refuse what is no distance, or no place.

        The platform's client spells the place as ``[ZIP=None]`` if none is given.
        """
        if self.unit not in UNITS:
            refuse("filter", f"expected one of {', '.join(UNITS)}, got {self.unit!r}")
        if not 0 <= self.distance < math.inf:
            refuse("filter", "expected a distance, which is not below 0")
        match self.center:
            case str(code):
                if not re.fullmatch(r"[0-9]{1,10}", code):
                    refuse("filter", "expected a ZIP code of digits")
            case latitude, longitude:
                if not (abs(latitude) <= 90 and abs(longitude) <= 180):
                    refuse("filter", "expected a latitude within 90, and a longitude "
                           "within 180 degrees")  # fmt: skip

    @override
    def __str__(self) -> str:
        match self.center:
            case str(code):
                place = f"ZIP={code}"
            case latitude, longitude:
                place = f"{latitude},{longitude}"
        return f"{self.path} WITHIN {self.distance} {self.unit} OF [{place}]"


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    """A member that is there."""

    path: Path

    @override
    def __str__(self) -> str:
        return f"EXISTS {self.path}"


@dataclass(frozen=True, slots=True)
class Has(Expression):
    """Some element is of a type."""

    type: str

    def __post_init__(self) -> None:
        """Refuse types that nothing can have."""
        if self.type not in TYPES and self.type not in DECLARED:
            known = ", ".join([*TYPES, *sorted(DECLARED)])
            refuse("filter", f"expected a type ({known}), got {self.type[:40]!r}")

    @override
    def __str__(self) -> str:
        return f"HAS {self.type}"


@dataclass(frozen=True, slots=True)
class Matches(Expression):
    """A regular expression is found in some element."""

    regex: Regex

    @override
    def __str__(self) -> str:
        return f"MATCHES {self.regex}"


@dataclass(frozen=True, slots=True)
class Age(Expression):
    """How many milliseconds ago it was made, or a named moment was."""

    sign: Sign
    milliseconds: float
    name: str = CREATED
    """The path to the moment, with dots."""

    def __post_init__(self) -> None:
        """Refuse what is no age, as the platform's client does."""
        if not 0 < self.milliseconds < math.inf:
            refuse("filter", "expected an age in milliseconds, which is above 0")

    @override
    def __str__(self) -> str:
        named = "" if self.name == CREATED else f"({quoted(self.name)})"
        return f"AGE{named} {self.sign} {self.milliseconds}"


class _Nesting(Expression):
    """What is made of other expressions."""

    __slots__ = ()

    def _check(self, *parts: Expression) -> None:
        """Note how deep it is.

        Raises:
            QueryError: too deep.

        """
        depth = 1 + max(part.depth for part in parts)
        if depth > MAX_DEPTH:
            refuse("filter", f"expected at most {MAX_DEPTH} levels within each other")
        object.__setattr__(self, "depth", depth)


@dataclass(frozen=True, slots=True)
class _Joined(_Nesting):
    """Several expressions with a sign between them."""

    parts: tuple[Expression, ...]
    depth: int = field(init=False, repr=False, compare=False)

    sign: ClassVar[str]

    def __post_init__(self) -> None:
        """Note how deep it is."""
        self._check(*self.parts)

    @override
    def __str__(self) -> str:
        return f" {self.sign} ".join(f"({part})" for part in self.parts)


class And(_Joined):
    """What holds where all its parts do."""

    __slots__ = ()
    sign = "&&"


class Or(_Joined):
    """What holds where one of its parts does."""

    __slots__ = ()
    sign = "||"


@dataclass(frozen=True, slots=True)
class Not(_Nesting):
    """What holds where another expression does not."""

    part: Expression
    depth: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note how deep it is."""
        self._check(self.part)

    @override
    def __str__(self) -> str:
        # The platform's client leaves the brackets out: NOT (f) && (g) would be
        # (NOT f) && g.
        several = isinstance(self.part, And | Or)
        return f"NOT ({self.part})" if several else f"NOT {self.part}"
