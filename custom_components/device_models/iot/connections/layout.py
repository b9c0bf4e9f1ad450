"""What the layouts of all connections have in common: overrides of single elements."""

from collections.abc import Iterable

from ..codecs import CODECS, Codec
from ..reading import Element
from ..values import JsonValue


def override_of(parent: Element, key: str, spelled: JsonValue, place: str) -> Element:
    """Return an override; a text alone is its place: a path, or a topic."""
    if isinstance(spelled, str):
        return Element({place: spelled}, parent.at(key))
    if not isinstance(spelled, dict):
        parent.refuse(f"expected a {place}, or an object with a {place}", key)
    return Element(spelled, parent.at(key))


def overrides_of(
    parent: Element, key: str, names: Iterable[str], place: str
) -> dict[str, Element]:
    """Return what a binding says of elements, by their names."""
    listed = parent.object(key)
    known = set(names)
    for name in listed.content:
        if name not in known:
            listed.refuse("the model has no such element", name)
    return {
        name: override_of(listed, name, spelled, place)
        for name, spelled in listed.content.items()
    }


def codec_of(element: Element, key: str = "format") -> Codec | None:
    """Return the codec that an override names."""
    name = element.text(key)
    if name and name not in CODECS:
        element.refuse(f"expected one of {', '.join(CODECS)}", key)
    return CODECS[name] if name else None
