"""Documents that questions are asked about, and the members in them.

A document is a mapping; its data may lie one level below, in ``elems``: a path is
looked for at the top first, then there (protocol sheet §5.2). What is None is missing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ..values import to_milliseconds
from .terms import DECLARED, TYPES, Path

ELEMS: Final = "elems"
type Document = Mapping[str, object]
type Getter = Callable[[Document], object]
"""Gives a member of a document, None where there is none."""


def getter(path: Path) -> Getter:
    """Return what finds the member at a path."""
    parts = path.parts

    def get(document: Document) -> object:
        found = _at(document, parts)
        if found is None and isinstance(elems := document.get(ELEMS), Mapping):
            found = _at(elems, parts)
        return found

    return get


def _at(value: object, parts: tuple[str, ...]) -> object:
    """Return the member below a value; a dot may be a part of a name."""
    if not parts:
        return plain(value)
    if not isinstance(value, Mapping):
        return None
    for count in range(1, len(parts) + 1):
        found = _at(value.get(".".join(parts[:count])), parts[count:])
        if found is not None:
            return found
    return None


def trail(document: Document, path: Path) -> tuple[str, ...] | None:
    """Return the keys on the way to a member; None where there is none."""
    keys = _trail(document, path.parts)
    if keys is None and (below := _trail(document.get(ELEMS), path.parts)) is not None:
        return (ELEMS, *below)
    return keys


def _trail(value: object, parts: tuple[str, ...]) -> tuple[str, ...] | None:
    if not parts:
        return None if value is None else ()
    if isinstance(value, Mapping):
        for count in range(1, len(parts) + 1):
            key = ".".join(parts[:count])
            rest = _trail(value.get(key), parts[count:])
            if rest is not None:
                return (key, *rest)
    return None


def plain(value: object) -> object:
    """Return a value without the type that is declared with it (sheet §9.2)."""
    if isinstance(value, Mapping) and _declared(value) is not None:
        return value["value"]
    return value


def is_a(value: object, kind: str) -> bool:
    """Whether a value is of a type: of the declared one, or as it looks."""
    declared = _declared(value)
    if declared is not None:
        return declared == kind
    look = TYPES.get(kind)
    return look is not None and look(value)


def _declared(value: object) -> str | None:
    """Return the type that is declared with a value, if any."""
    if isinstance(value, Mapping) and value.keys() == {"type", "value"}:
        kind = value["type"]
        if isinstance(kind, str) and (kind in TYPES or kind in DECLARED):
            return kind
    return None


def elements(document: Document) -> Mapping[str, object]:
    """Return the data of a document: its ``elems``, or all of it."""
    elems = document.get(ELEMS)
    return elems if isinstance(elems, Mapping) else document


def milliseconds(value: object) -> float | None:
    """Return the milliseconds since 1970 of a moment; None if it is none."""
    match value:
        case bool():
            return None
        case int() | float():
            return value
        case datetime():
            return to_milliseconds(value)
        case _:
            return None
