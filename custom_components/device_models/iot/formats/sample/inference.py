"""From values to attributes that could hold them."""

from collections.abc import Iterable
from datetime import datetime
import re
from typing import Final

from ...model import Attribute
from ...reading import Element, Remarks, Unusable
from ...redaction import is_secret
from ...values import DataType, JsonValue
from ..typed import MAX_MEMBER_DEPTH

MAX_NAME_BYTES: Final = 512

MAX_TIME: Final = 40
"""Characters of a time as text."""

_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.ASCII)
"""A date alone is a text: it is no moment."""

_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)

_NUMBERS: Final = {
    re.compile(r"[+-]?\d{1,19}", re.ASCII): DataType.INTEGER,
    re.compile(
        r"[+-]?(\d{1,30}\.\d{0,30}|\.\d{1,30}|\d{1,30}(?=[eE]))([eE][+-]?\d{1,3})?",
        re.ASCII,
    ): DataType.NUMBER,
}

_TRUTHS: Final = frozenset({"true", "false", "on", "off", "yes", "no"})
"""What plain text says for true and false, but for the digits."""


def attributes_of(top: Element, remarks: Remarks) -> list[Attribute]:
    """Return what an object of values shows; what is no value becomes a remark."""
    return unique(_members(top, remarks, MAX_MEMBER_DEPTH), remarks)


def unique(attributes: Iterable[Attribute], remarks: Remarks) -> list[Attribute]:
    """Return attributes whose names, and those of their members, differ."""
    names: set[str] = set()
    kept: list[Attribute] = []
    for attribute in attributes:
        own = {attribute.name, *(leaf.name for _path, leaf in attribute.leaves())}
        if taken := sorted(own & names):
            remarks.add(attribute.name, f"the name {taken[0]!r} is there already")
            continue
        names |= own
        kept.append(attribute)
    return kept


def inferred(
    name: str, value: JsonValue, where: str, remarks: Remarks, *, untyped: bool = False
) -> Attribute:
    """Return the attribute that holds a value.

    Args:
        name: of the attribute.
        value: of it, as JSON or as plain text.
        where: the place of the value, for remarks.
        remarks: takes what is left out of an object.
        untyped: whether a text may spell a number, or true and false.

    Raises:
        Unusable: its name cannot be one, or its type cannot be seen.

    """
    return _inferred(name, value, where, remarks, MAX_MEMBER_DEPTH, untyped=untyped)


def _members(element: Element, remarks: Remarks, depth: int) -> list[Attribute]:
    """Return what the values of an object show."""
    members: list[Attribute] = []
    for name, value in element.content.items():
        try:
            where = element.at(name[:40] or "(empty)")
            members.append(_inferred(name, value, where, remarks, depth))
        except Unusable as err:
            remarks.add(err.where, err.problem)
    return members


def _inferred(
    name: str,
    value: JsonValue,
    where: str,
    remarks: Remarks,
    depth: int,
    *,
    untyped: bool = False,
) -> Attribute:
    if (
        not name.strip()
        or not name.isprintable()
        or len(name.encode()) > MAX_NAME_BYTES
    ):
        raise Unusable(where, f"no name for an attribute: {name[:40]!r}")
    match value:
        case bool():
            kind = DataType.BOOLEAN
        case int():
            kind = DataType.INTEGER
        case float():
            kind = DataType.NUMBER
        case str():
            kind = text_type(value, untyped=untyped)
        case list():
            raise Unusable(where, "an array, which no attribute can hold")
        case None:
            raise Unusable(where, "null does not show its type")
        case _:
            return _object(name, Element(value, where), remarks, depth)
    return Attribute(name=name, type=kind, sensitive=is_secret(name), inferred=True)


def _object(name: str, element: Element, remarks: Remarks, depth: int) -> Attribute:
    """Return an attribute with members."""
    if not depth:
        element.refuse(f"objects may be nested {MAX_MEMBER_DEPTH} deep")
    members = unique(_members(element, remarks, depth - 1), remarks)
    if not members:
        element.refuse("an object without a value that an attribute can hold")
    return Attribute(name=name, type=DataType.OBJECT, members=tuple(members))


def text_type(text: str, *, untyped: bool = False) -> DataType:
    """Return the type of what a text spells."""
    stripped = text.strip()
    if untyped:
        if stripped.lower() in _TRUTHS:
            return DataType.BOOLEAN
        for form, kind in _NUMBERS.items():
            if form.fullmatch(stripped):
                return kind
    if _is_time(stripped):
        return DataType.DATETIME
    return DataType.URI if _LINK.fullmatch(stripped) else DataType.STRING


def _is_time(text: str) -> bool:
    """Whether a text is a moment as ISO 8601 has it."""
    if len(text) > MAX_TIME or not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
