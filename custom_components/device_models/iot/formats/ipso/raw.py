"""Resources that are of no known object: what their links and their values say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ...model import Attribute
from ...reading import Unusable
from ...values import DataType, JsonValue
from .definition import Role, plain
from .elements import Elements
from .links import Link
from .places import place_of

MAX_UNIT: Final = 32
MAX_MEMBERS: Final = 100
MAX_MEMBER_DEPTH: Final = 4
"""Of a resource that answers with an object."""

INTERFACES: Final[Mapping[str, tuple[bool, DataType, Role]]] = {
    "core.s": (False, DataType.STRING, Role.MAIN),
    "core.p": (True, DataType.STRING, Role.DIAGNOSTIC),
    "core.rp": (False, DataType.STRING, Role.DIAGNOSTIC),
    "core.a": (True, DataType.BOOLEAN, Role.MAIN),
}
"""draft-ietf-core-interfaces-14 §4: sensor, parameter, read-only parameter, actuator.

Whether it is written, its type until a value is known, and how much is shown.
"""

COLLECTIONS: Final = ("core.b", "core.lb", "core.ll")
"""The same: batch, linked batch and link list hold other resources, no value."""

LINK_FORMAT: Final = "40"

_UNKNOWN: Final = (False, DataType.STRING, Role.MAIN)


def add_raw(
    elements: Elements,
    path: str,
    link: Link,
    value: JsonValue,
    unit: JsonValue = None,
) -> None:
    """Add the attribute of a resource.

    Args:
        elements: the model that is being read.
        path: where it is.
        link: what the device says of it.
        value: what it answered when it was asked; None if it was not.
        unit: of that, if it said so; of an object, those of its members.

    Raises:
        Unusable: it has no value that could be shown.

    """
    interfaces = link.terms("if")
    if any(term in COLLECTIONS for term in interfaces) or link.terms("ct") == (
        LINK_FORMAT,
    ):
        raise Unusable("", "it is a collection of other resources; left out")
    known = (INTERFACES[term] for term in interfaces if term in INTERFACES)
    writable, kind, role = next(known, _UNKNOWN)
    place = place_of(path, link, elements.remarks)
    spelled = place.format in {"", "text"}
    if place.format == "text" and value in (0, 1) and not isinstance(value, bool):
        place = replace(place, format="digits")  # if it is on or off after all
    members: tuple[Attribute, ...] = ()
    if value is not None:
        found = type_of(value, spelled=spelled)
        if found is None:
            raise Unusable("", "expected a text, a number, true, false or an object")
        kind = found
    if isinstance(value, Mapping):
        members = _members(value, unit, MAX_MEMBER_DEPTH, writable=writable)
    attribute = Attribute(
        name=place.name,
        type=kind,
        unit=_unit(unit),
        title=plain(link.parameters.get("title", "")),
        writable=writable,
        observable=place.observe,
        semantic_types=tuple(plain(term) for term in link.terms("rt")),
        members=members,
        inferred=True,
    )
    elements.add_attribute(place, attribute, role)


def _unit(unit: JsonValue) -> str | None:
    """Return a unit that can be shown."""
    return plain(unit, MAX_UNIT) or None if isinstance(unit, str) else None


def _members(
    value: Mapping[str, JsonValue], units: JsonValue, depth: int, *, writable: bool
) -> tuple[Attribute, ...]:
    """Return the members of an object; what has no type is left out.

    Raises:
        Unusable: there are none, or too many, or they are too deep.

    """
    if not depth or len(value) > MAX_MEMBERS:
        raise Unusable(
            "", f"expected at most {MAX_MEMBERS} members, {MAX_MEMBER_DEPTH} deep"
        )
    members: list[Attribute] = []
    for name, content in value.items():
        kind = type_of(content, spelled=False)
        if kind is None or not name.strip() or not name.isprintable():
            continue
        within: tuple[Attribute, ...] = ()
        unit = units.get(name) if isinstance(units, Mapping) else None
        if isinstance(content, Mapping):
            within = _members(content, unit, depth - 1, writable=writable)
        member = Attribute(
            name=name,
            type=kind,
            unit=_unit(unit),
            writable=writable,
            members=within,
            inferred=True,
        )
        members.append(member)
    if not members:
        raise Unusable("", "expected an object with values")
    return tuple(members)


def type_of(value: JsonValue, *, spelled: bool) -> DataType | None:
    """Return the type of a value that a device answered; None if there is no type.

    Args:
        value: what it answered.
        spelled: whether it came in a format in which everything is text.

    """
    match value:
        case bool():
            return DataType.BOOLEAN
        case int() | float():
            return DataType.NUMBER
        case str() if spelled and value.strip() in {"true", "false"}:
            return DataType.BOOLEAN
        case str() if spelled and _is_number(value.strip()):
            return DataType.NUMBER
        case str():
            return DataType.STRING
        case Mapping():
            return DataType.OBJECT
        case _:
            return None


def _is_number(text: str) -> bool:
    """Whether a text is a number as devices print it; 007 and 1.2.3 are none."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    digits = whole.isascii() and whole.isdigit()
    plain = fraction.isdigit() and fraction.isascii() if "." in text else True
    return digits and plain and len(text) <= 20 and (whole == "0" or whole[0] != "0")
