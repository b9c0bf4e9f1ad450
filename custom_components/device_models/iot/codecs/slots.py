"""Where the values of attributes sit in documents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
import re
from typing import Final, NoReturn

from ..errors import ValueRefusedError
from ..model import Attribute, Typed
from ..values import Scalar
from .codec import Decoded, Document
from .scalars import from_scalar, to_scalar

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
"""An array index, RFC 6901 §4; an array of more has been refused long before."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one value sits in a document: a JSON pointer (RFC 6901), split up."""

    element: Typed
    path: tuple[str, ...] = ()
    iso: bool = False
    """Whether a time is sent as ISO 8601 text, and not as milliseconds since 1970."""

    def sent(self, value: Scalar) -> Document:
        """Return a value in the form in which it is sent here."""
        if self.iso and isinstance(value, datetime):
            return value.isoformat()
        return from_scalar(value)


def slots_of(attribute: Attribute, prefix: tuple[str, ...] = ()) -> tuple[Slot, ...]:
    """Return the slots of an attribute whose value sits at a place: one, or members."""
    return tuple(Slot(leaf, (*prefix, *path[1:])) for path, leaf in attribute.leaves())


def split_pointer(pointer: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer.

    Raises:
        ValueError: it does not begin with a slash, or has a bare tilde in it.

    """
    if not pointer:
        return ()
    if not pointer.startswith("/") or re.search("~(?![01])", pointer):
        raise ValueError(f"expected a JSON pointer such as /value, got {pointer!r}")
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")
    )


def at_path(document: Document, path: Iterable[str]) -> Document:
    """Return what a document holds at a place; None if it has no such place."""
    for part in path:
        match document:
            case Mapping():
                document = document.get(part)
            case list() if _INDEX.fullmatch(part) and int(part) < len(document):
                document = document[int(part)]
            case _:
                return None
    return document


def extract(
    slots: Iterable[Slot], decoded: Decoded
) -> dict[datetime | None, dict[str, object]]:
    """Take values out of a document; what is null there says nothing.

    Returns:
        What the document has, by the time it is of (None where it does not say).

    """
    found: dict[datetime | None, dict[str, object]] = {}
    for slot in slots:
        at: datetime | None = None
        path = slot.path
        if decoded.flat:
            name = _flat_name(slot, decoded)
            path, at = (name,), decoded.times.get(name)
        raw = at_path(decoded.document, path)
        if raw is not None:
            value = to_scalar(slot.element, raw, untyped=decoded.untyped)
            found.setdefault(at, {})[slot.element.name] = value
    return found


def compose(slots: Iterable[Slot], values: Mapping[str, Scalar]) -> Document:
    """Build the document that holds the values at their places.

    Raises:
        ValueRefusedError: two of them do not go into one document.

    """
    given = [slot for slot in slots if slot.element.name in values]
    if len(given) == 1 and not given[0].path:
        return given[0].sent(values[given[0].element.name])
    root: dict[str, Document] = {}
    for slot in given:
        node = root
        for part in slot.path[:-1]:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                _no_room(slot)
            node = inner
        if not slot.path or slot.path[-1] in node:
            _no_room(slot)
        node[slot.path[-1]] = slot.sent(values[slot.element.name])
    return root


def _no_room(slot: Slot) -> NoReturn:
    """Say that a value has no place in the document.

    Raises:
        ValueRefusedError: always.

    """
    problem = f"no room at /{'/'.join(slot.path)}"
    raise ValueRefusedError(name=slot.element.name, problem=problem)


def _flat_name(slot: Slot, decoded: Decoded) -> str:
    """Return the name under which a flat document has the value of a slot."""
    name = slot.element.name
    dotted = ".".join(slot.path)
    names = [dotted, "/".join(slot.path)] if slot.path else []
    if not slot.path or name.endswith(f".{dotted}"):
        names.append(name)
    if not slot.path and decoded.sole is not None:
        names.append(decoded.sole)
    return next(
        (name for name in names if at_path(decoded.document, (name,)) is not None),
        dotted,
    )
