"""What an asset of AllThingsTalk may hold: a profile, a subset of JSON Schema.

Protocol sheet "AllThingsTalk" §7.
"""

from collections.abc import Mapping
from dataclasses import replace
import math
from typing import Final

from ...errors import DeviceModelsError
from ...model import Attribute
from ...reading import Element, Remarks, Unusable
from ...values import DataType, JsonValue, Range, Scalar
from ..typed import MAX_MEMBER_DEPTH

TYPES: Final[Mapping[str, DataType]] = {
    "boolean": DataType.BOOLEAN,
    "integer": DataType.INTEGER,
    "number": DataType.NUMBER,
    "string": DataType.STRING,
    "object": DataType.OBJECT,
    "location": DataType.OBJECT,
}
"""Sheet §7. Arrays have no place in a model."""

LOCATION: Final[Mapping[str, JsonValue]] = {
    "latitude": {"type": "number", "minimum": -90, "maximum": 90, "unit": "°"},
    "longitude": {"type": "number", "minimum": -180, "maximum": 180, "unit": "°"},
}
"""The properties of a profile of the type ``location``."""

GEO: Final[Mapping[str, str]] = {
    "latitude": "geo:lat",
    "longitude": "geo:long",
    "altitude": "geo:alt",
}
"""The members of places (sheet §7), as the vocabulary WGS84 Geo Positioning calls
them; they are places only where the first two come together."""

MAX_ENUM: Final = 500

MAX_NAME_BYTES: Final = 512


def profiled(profile: Element, name: str, remarks: Remarks, depth: int) -> Attribute:
    """Return what a profile (sheet §7) makes of an asset, or of a member of it.

    Raises:
        Unusable: its name or type is none, or it has no usable member.

    """
    size = len(name.encode())
    if not (name.strip() and name.isprintable()) or size >= MAX_NAME_BYTES:
        profile.refuse(f"expected a printable name below {MAX_NAME_BYTES} bytes")
    spelled = profile.required_text("type")
    if spelled not in TYPES:
        expected = f"expected one of {', '.join(TYPES)}"
        profile.refuse(f"{expected}, got {spelled[:40]!r}", "type")
    attribute = Attribute(name=name, type=TYPES[spelled], source=profile.content)
    if attribute.type is DataType.OBJECT:
        if spelled == "location":
            profile = Element({"properties": LOCATION}, profile.where)
        return replace(attribute, members=_members(profile, remarks, depth))
    for keyword in (_with_texts, _with_range, _with_enum):
        try:
            attribute = keyword(profile, attribute)
        except Unusable as err:  # the rest of the profile holds without it
            remarks.add(err.where, err.problem)
    return attribute


def _members(profile: Element, remarks: Remarks, depth: int) -> tuple[Attribute, ...]:
    """Return the usable members of an object; the others become remarks."""
    if not depth:
        profile.refuse(f"objects may be nested {MAX_MEMBER_DEPTH} deep", "properties")
    members: list[Attribute] = []
    properties = profile.object("properties")
    for name, value in properties.content.items():
        try:
            inner = Element.of(value, properties.at(name[:40]))
            member = profiled(inner, name, remarks, depth - 1)
            # Only what has a title is shown by that of the whole object.
            title = member.title or name[0].upper() + name[1:].replace("_", " ")
            members.append(replace(member, title=title))
        except Unusable as err:
            remarks.add(err.where, err.problem)
    if not members:
        profile.refuse("an object needs at least one usable property", "properties")
    numeric = {member.name for member in members if member.type.is_numeric}
    if {"latitude", "longitude"} <= numeric:
        return tuple(
            replace(member, semantic_types=(GEO[member.name],))
            if member.name in numeric & GEO.keys()
            else member
            for member in members
        )
    return tuple(members)


def _with_texts(profile: Element, attribute: Attribute) -> Attribute:
    """Note what people read."""
    return replace(
        attribute,
        title=profile.text("title"),
        description=profile.text("description"),
        unit=profile.text("unit") or None,
    )


def _with_range(profile: Element, attribute: Attribute) -> Attribute:
    """Note minimum and maximum of a number; one of them may be missing."""
    ends = [profile.content.get(key) for key in ("minimum", "maximum")]
    if not attribute.type.is_numeric or ends == [None, None]:
        return attribute
    for key, end in zip(("minimum", "maximum"), ends, strict=True):
        if isinstance(end, bool) or not isinstance(end, int | float | None):
            profile.refuse("expected a number", key)
    low, high = ends
    bounds = Range(
        low if isinstance(low, int | float) else -math.inf,
        high if isinstance(high, int | float) else math.inf,
    )
    if bounds.low > bounds.high:
        profile.refuse("expected no less than the minimum", "maximum")
    return replace(attribute, range=bounds)


def _with_enum(profile: Element, attribute: Attribute) -> Attribute:
    """Note the values that there are."""
    listed = profile.array("enum")
    if len(listed) > MAX_ENUM:
        profile.refuse(f"expected at most {MAX_ENUM} values", "enum")
    choices: dict[Scalar, None] = {}
    for value in listed:
        try:
            choices[attribute.validate(value)] = None
        except DeviceModelsError as err:
            profile.refuse(err.details["problem"], "enum")
    return replace(attribute, enum=tuple(choices))
