"""What the layouts of all connections have in common: overrides of single elements.

``false`` instead of an override: the element is not there on this connection. A
layout may also have an ``address``, which says where the device was when its model was
written; the connection has its own.
"""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass, replace

from ..codecs import CODECS, Codec, Slot, slots_of, split_pointer
from ..errors import NotOfferedError
from ..model import DeviceModel
from ..reading import Element
from ..values import JsonValue


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a binding says of the elements of one kind, by their names."""

    elements: dict[str, Element]
    absent: AbstractSet[str] = frozenset()
    """The elements that are not there on this connection."""


def override_of(parent: Element, key: str, spelled: JsonValue, place: str) -> Element:
    """Return an override; a text alone is its place: a path, or a topic."""
    if isinstance(spelled, str):
        return Element({place: spelled}, parent.at(key))
    if not isinstance(spelled, dict):
        parent.refuse(f"expected a {place}, or an object with a {place}", key)
    return Element(spelled, parent.at(key))


def overrides_of(
    parent: Element, key: str, names: Iterable[str], place: str
) -> Overrides:
    """Return what a binding says of elements."""
    listed = parent.object(key)
    known = set(names)
    for name in listed.content:
        if name not in known:
            listed.refuse("the model has no such element", name)
    return Overrides(
        {
            name: override_of(listed, name, spelled, place)
            for name, spelled in listed.content.items()
            if spelled is not False
        },
        {name for name, spelled in listed.content.items() if spelled is False},
    )


def every_slot(model: DeviceModel) -> tuple[Slot, ...]:
    """Return where values are in a message that has all attributes by their names."""
    return tuple(
        slot
        for attribute in model.attributes
        for slot in slots_of(attribute, (attribute.name,))
    )


def readable(model: DeviceModel, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """Return the slots of what can be read."""
    leaves = model.leaves
    return tuple(slot for slot in slots if leaves[slot.element.name].readable)


def writable(model: DeviceModel, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """Return the slots of what can be written."""
    leaves = model.leaves
    return tuple(slot for slot in slots if leaves[slot.element.name].writable)


def pointer_of(element: Element, key: str = "pointer") -> tuple[str, ...]:
    """Return where an override says that a value is in its message."""
    try:
        return split_pointer(element.text(key))
    except ValueError as err:
        element.refuse(str(err), key)


def timed(slots: Iterable[Slot], element: Element) -> tuple[Slot, ...]:
    """Return slots that send times as an override says."""
    times = element.text("times") or "milliseconds"
    if times not in {"milliseconds", "iso"}:
        element.refuse("expected milliseconds or iso", "times")
    return tuple(replace(slot, iso=times == "iso") for slot in slots)


def offered[T](targets: Mapping[str, T], name: str) -> T:
    """Return where something is sent to.

    Raises:
        NotOfferedError: this connection has no place for it.

    """
    if name not in targets:
        raise NotOfferedError(operation=name)
    return targets[name]


def codec_of(element: Element, key: str = "format") -> Codec | None:
    """Return the codec that an override names."""
    name = element.text(key)
    if name and name not in CODECS:
        element.refuse(f"expected one of {', '.join(CODECS)}", key)
    return CODECS[name] if name else None
