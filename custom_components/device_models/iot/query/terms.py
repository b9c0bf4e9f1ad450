"""What filters are made of: paths, values, types, regular expressions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import math
import re
from typing import Final, NoReturn, override

from ..errors import QueryError
from ..values import EPOCH, to_milliseconds
from .patterns import FLAGS, Pattern

CREATED: Final = "creationDate"
"""The member that says when a document was made, in milliseconds since 1970."""

KEYWORDS: Final = frozenset(
    {
        "NOT",
        "EXISTS",
        "HAS",
        "MATCHES",
        "AGE",
        "true",
        "false",
        "Date",
        "ObjectId",
        "Email",
    }
)
"""Words that mean something by themselves at the beginning of a name."""

PLAIN_NAME: Final = r"[A-Za-z_@:][A-Za-z0-9_@:-]*"
"""A name that stands without quotes."""


def refuse(name: str, problem: str) -> NoReturn:
    """Say what cannot be a part of a filter.

    Raises:
        QueryError: always.

    """
    raise QueryError(name=name, problem=problem)


def quoted(text: str) -> str:
    """Return a text in quotes.

    Its backslashes are escaped, too: spelled by the platform's own client, a text that
    ends in one is broken.
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@dataclass(frozen=True, slots=True)
class Date:
    """A moment, in milliseconds since 1970."""

    milliseconds: int

    @override
    def __str__(self) -> str:
        return f"Date({self.milliseconds})"


@dataclass(frozen=True, slots=True)
class Special:
    """A text of a type that the platform has: an id, or an address of mail."""

    type: str
    text: str

    def __post_init__(self) -> None:
        """Refuse other types."""
        if self.type not in ("ObjectId", "Email"):
            refuse("filter", f"expected ObjectId or Email, got {self.type!r}")

    @override
    def __str__(self) -> str:
        return f"{self.type}({quoted(self.text)})"


type Value = bool | int | float | str | Date | Special
"""What a member is compared with."""


def value_of(value: object) -> Value:
    """Return a value of Python as one of the language.

    Raises:
        QueryError: the language has no such value: None, a list, infinity.

    """
    match value:
        case bool() | int() | str() | Date() | Special():
            return value
        case float() if math.isfinite(value):
            return value
        case datetime():
            return Date(to_milliseconds(value.astimezone(EPOCH.tzinfo)))
    refuse("filter", f"{type(value).__name__} is no value that can be compared with")


def spelled(value: Value) -> str:
    """Return a value as the language spells it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Path:
    """The way to a member of a document: ``elems.temperature``."""

    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse one that leads nowhere."""
        if not self.parts:
            refuse("filter", "expected the name of a member")

    @override
    def __str__(self) -> str:
        first, *others = self.parts
        text = first if _plain(first) and first not in KEYWORDS else _bracketed(first)
        return text + "".join(
            f".{part}" if _plain(part) else _bracketed(part) for part in others
        )


def _plain(name: str) -> bool:
    return re.fullmatch(PLAIN_NAME, name) is not None


def _bracketed(name: str) -> str:
    return f"[{quoted(name)}]"


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression, which is searched for."""

    source: str
    flags: str = ""
    pattern: Pattern = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        r"""See whether it is one; a slash is the same with a backslash as without.

        Raises:
            FilterError: it is none.
            QueryError: there are no such flags.

        """
        if not set(self.flags) <= set(FLAGS):
            expected = ", ".join(FLAGS)
            refuse("filter", f"expected of the flags {expected}, got {self.flags!r}")
        object.__setattr__(self, "pattern", Pattern(self.source, self.flags))
        plain = re.sub(r"\\(.)", _without_slash, self.source, flags=re.DOTALL)
        object.__setattr__(self, "source", plain)

    @override
    def __str__(self) -> str:
        source = re.sub(
            r"\\.|/", lambda one: one[0] if len(one[0]) > 1 else r"\/", self.source
        )
        return f"/{source}/{self.flags}"


def _without_slash(escaped: re.Match[str]) -> str:
    return "/" if escaped[1] == "/" else escaped[0]


@dataclass(frozen=True, slots=True)
class Reference:
    """The values of a member of the results of another question: ``$name.member``."""

    name: str
    path: Path

    def __post_init__(self) -> None:
        """Refuse a name that would have to stand in quotes."""
        if not _plain(self.name):
            refuse("filter", f"expected a plain name, got {self.name!r}")

    @override
    def __str__(self) -> str:
        path = str(self.path)
        return f"${self.name}{path if path.startswith('[') else f'.{path}'}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and isinstance(value, int),
    "long": lambda value: _is_number(value) and isinstance(value, int),
    "float": lambda value: isinstance(value, float),
    "number": _is_number,
    "string": lambda value: isinstance(value, str),
    "date": lambda value: isinstance(value, datetime),
    "list": lambda value: isinstance(value, list | tuple),
    "map": lambda value: isinstance(value, Mapping),
    "location": lambda value: (
        isinstance(value, Mapping) and {"lat", "lon"} <= set(value)
    ),
}
"""What a value without a declared type is, by the names of types (sheet §9.2)."""

DECLARED: Final = frozenset(
    {
        "sortedMap", "set", "sortedSet", "length", "duration", "text", "media", "bytes",
        "email", "uri", "id", "dropRef",
    }
)  # fmt: skip
"""The types that a value has only where it is declared."""
