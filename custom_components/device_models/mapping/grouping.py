"""Where the elements of a model are, and what the groups are called."""

from collections.abc import Iterator, Sequence
import re
from typing import NamedTuple

from ..iot.model import Action, Attribute, DeviceModel, Group
from ..iot.units.words import words_of
from .decisions import Kind


class Element(NamedTuple):
    """An attribute or an action, and where it is."""

    key: str
    """That of the decision about it."""
    place: str
    """What its name begins with, before the last slash or dot."""
    words: tuple[str, ...]
    """Of the rest of its name."""
    titled: tuple[str, ...]
    """Of its title."""
    terms: tuple[str, ...]
    held: Attribute | Action


class Match(NamedTuple):
    """An element that may play a role."""

    role: str
    element: Element
    strength: int
    subject: tuple[str, ...]
    """The words beside those of the role: *left* of *left brightness*."""
    reason: str
    tells: bool = False
    """Whether it says by itself what the whole is."""


def elements_of(model: DeviceModel) -> Iterator[Element]:
    """Yield what can play a role."""
    for leaf in model.leaves.values():
        yield _element(Kind.ATTRIBUTE, leaf, leaf.semantic_types)
    for action in model.actions:
        yield _element(Kind.ACTION, action, ())


def _element(kind: Kind, held: Attribute | Action, terms: tuple[str, ...]) -> Element:
    cut = max(held.name.rfind("/"), held.name.rfind("."))
    return Element(
        key=f"{kind.word}-{held.name}",
        place=held.name[: max(cut, 0)],
        words=words_of(held.name[cut + 1 :]),
        titled=words_of(held.title),
        terms=terms,
        held=held,
    )


def group_of(place: str, model: DeviceModel) -> Group:
    """Return what the model says of a group; an object is one, too."""
    if known := model.groups.get(place):
        return known
    for attribute in model.attributes:
        if attribute.name == place:
            return Group(title=attribute.title, semantic_types=attribute.semantic_types)
    return Group()


def title_of(
    place: str, matches: Sequence[Match], model: DeviceModel, *, of_device: bool
) -> tuple[str, str]:
    """Return the name of an entity that stands for a group, and where it is from.

    It is empty for what the device is as a whole: then the device's name is enough.
    """
    subject = max((match.subject for match in matches), key=len)
    words = " ".join(subject)
    if of_device and len(subject) < 2:  # no word but that for the thing itself
        name = ""
    elif place:
        name = group_of(place, model).title
        name = name or re.sub(r"[\W_]+", " ", place).strip()
        name = f"{name} {words}".strip()
    else:
        name = words
    if not name or name.casefold() == model.name.casefold():
        return "", "name of the device"
    return name[0].upper() + name[1:], "name of the group"
