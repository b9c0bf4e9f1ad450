"""Messages of MQTT topics as samples: ``{"topics": {topic: payload}, "base": topic}``.

A payload is the text of the message; JSON in it, or in its place, is taken apart.
Without ``base``, topics are below what they have in common.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Final

from ...errors import ModelError
from ...model import Attribute
from ...reading import Element, Remarks, Unusable
from ...values import JsonValue
from ..merging import merged
from ..parsing import parse
from ..typed import MAX_ELEMENTS
from .inference import inferred, unique

KEYS: Final = frozenset({"topics", "base", "name"})

MAX_TOPIC_BYTES: Final = 1024

AVAILABILITY: Final[Mapping[str, tuple[str, str]]] = {
    word: (online, offline)
    for online, offline in (("online", "offline"), ("Online", "Offline"))
    for word in (online, offline)
}
"""What devices say, by themselves or as their last will, of being there."""

AVAILABILITY_TOPICS: Final = frozenset(
    {"availability", "available", "lwt", "status", "state", "connection"}
)
"""The last level of the topics where they say it, in small letters."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One value in the messages of a topic."""

    topic: str
    """Relative to the base, or absolute with a slash before it."""
    pointer: str
    attribute: Attribute
    """By the name that is enough within the message."""

    @property
    def layout(self) -> JsonValue:
        """Return the override of the layout."""
        if self.pointer:
            return {"topic": self.topic, "pointer": self.pointer, "format": "json"}
        return {"topic": self.topic, "format": "text"}


def recognises(document: Mapping[str, JsonValue]) -> bool:
    """Whether an object is one of topics."""
    return isinstance(document.get("topics"), Mapping) and document.keys() <= KEYS


def together(
    before: Mapping[str, JsonValue], now: Mapping[str, JsonValue]
) -> JsonValue:
    """Return the messages of two samples as one; of what is in both, the first ones."""
    first, second = (
        {
            topic: _document(payload)
            for topic, payload in Element(one, "").object("topics").content.items()
        }
        for one in (before, now)
    )
    return {**now, **before, "topics": merged(second, first)}


def read(
    top: Element, remarks: Remarks
) -> tuple[str, list[Attribute], Mapping[str, JsonValue]]:
    """Return a name, what the messages show, and where each value is.

    Raises:
        Unusable: the object is malformed, or there are too many topics.

    """
    topics = top.object("topics")
    if len(topics.content) > MAX_ELEMENTS:
        topics.refuse(f"expected at most {MAX_ELEMENTS} topics")
    base = top.text("base").strip().strip("/") or _common(list(topics.content))
    availability: JsonValue = False
    places: list[_Place] = []
    for topic, payload in topics.content.items():
        where = topics.at(topic[:80])
        try:
            relative = _relative(topic, base, where)
            words = _words(topic, payload)
            if words and not availability:
                availability = {"topic": relative} | dict(
                    zip(("online", "offline"), words, strict=True)
                )
                continue
            places.extend(_places(relative, payload, where, remarks))
        except Unusable as err:
            remarks.add(err.where, err.problem)
    named = _named(places)
    attributes = unique((place.attribute for place in named), remarks)
    kept = {id(attribute) for attribute in attributes}
    layout: dict[str, JsonValue] = {
        "state": False,
        "availability": availability,
        "attributes": {
            place.attribute.name: place.layout
            for place in named
            if id(place.attribute) in kept
        },
    }
    name = top.text("name").strip() or base.rpartition("/")[2]
    return name, attributes, {"mqtt": layout}


def _common(topics: Sequence[str]) -> str:
    """Return the levels that all topics begin with, but for the last level of each."""
    levels = zip(*(topic.split("/")[:-1] for topic in topics), strict=False)
    common = takewhile(lambda level: len(set(level)) == 1, levels)
    return "/".join(level[0] for level in common).strip("/")


def _relative(topic: str, base: str, where: str) -> str:
    """Return a topic as the layout has it.

    Raises:
        Unusable: nothing can be published to it.

    """
    plain = topic.strip()
    wild = any(char in plain for char in "+#\0")
    if not plain.strip("/") or wild or len(plain.encode()) > MAX_TOPIC_BYTES:
        raise Unusable(where, "expected a topic without wildcards")
    below = f"{base}/"
    if base and plain.startswith(below) and len(plain) > len(below):
        return plain.removeprefix(below)
    return f"/{plain}"


def _words(topic: str, payload: JsonValue) -> tuple[str, str] | None:
    """Return what a topic says of the device being there and not, if it is of that."""
    if topic.rpartition("/")[2].lower() not in AVAILABILITY_TOPICS:
        return None
    return AVAILABILITY.get(payload.strip()) if isinstance(payload, str) else None


def _places(
    topic: str, payload: JsonValue, where: str, remarks: Remarks
) -> Iterator[_Place]:
    """Yield the values in the messages of a topic.

    Raises:
        Unusable: there is none.

    """
    document = _document(payload)
    if not isinstance(document, Mapping):
        name = topic.strip("/")
        attribute = inferred(name, document, where, remarks, untyped=True)
        yield _Place(topic, "", attribute)
        return
    for key, value in document.items():
        try:
            attribute = inferred(key, value, f"{where}/{key[:40]}", remarks)
        except Unusable as err:
            remarks.add(err.where, err.problem)
            continue
        pointer = key.replace("~", "~0").replace("/", "~1")
        yield _Place(topic, f"/{pointer}", attribute)


def _document(payload: JsonValue) -> JsonValue:
    """Return what a payload holds: JSON, or the plain text that it is."""
    if not isinstance(payload, str) or payload.lstrip()[:1] not in ("{", "["):
        return payload
    try:
        return parse(payload.encode(), "")
    except ModelError:
        return payload


def _named(places: Sequence[_Place]) -> list[_Place]:
    """Return places with names that tell them apart: with the topic where needed."""
    owners = Counter(place.attribute.name for place in places)
    return [
        replace(place, attribute=replace(place.attribute, name=_full_name(place)))
        if place.pointer and owners[place.attribute.name] > 1
        else place
        for place in places
    ]


def _full_name(place: _Place) -> str:
    """Return the name of a value in a message, after its topic."""
    return f"{place.topic.strip('/')}/{place.attribute.name}"
