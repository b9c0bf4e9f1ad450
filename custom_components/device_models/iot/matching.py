"""How well a model at hand fits what a device says of itself.

A device that was asked shows names, places and types; a model of the library has in
addition what the device does not tell: units, ranges, actions, words. This finds the
model that is most likely the device's own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple

from .binding import Binding
from .connections.coap.layout import coap_layout
from .connections.coap_listener.layout import listener_layout
from .connections.mqtt.layout import mqtt_layout
from .connections.mqtt.meanings import Values
from .errors import ModelError
from .formats import Loaded
from .model import Attribute, DeviceModel
from .values import DataType, JsonValue

SAME: Final = 100
"""The score of the same model; a likeness never has it."""

EXTRA: Final = 0.5
"""How much something counts that the device has and the model lacks. What the model
has and the device does not show counts 1."""

MAX_NAMED: Final = 3
"""Attributes that a reason names."""

MAX_NAME: Final = 40
"""Characters of each."""

NOWHERE: Final = "device"
"""A base where none is given: places are compared, nothing is sent."""

COMPATIBLE: Final[Mapping[DataType, frozenset[DataType]]] = {
    DataType.BOOLEAN: frozenset({DataType.BOOLEAN}),
    DataType.INTEGER: frozenset(
        {DataType.INTEGER, DataType.NUMBER, DataType.BOOLEAN, DataType.DATETIME}
    ),
    DataType.NUMBER: frozenset({DataType.NUMBER, DataType.INTEGER, DataType.DATETIME}),
    DataType.STRING: frozenset(
        {DataType.STRING, DataType.URI, DataType.DATETIME, DataType.BOOLEAN}
    ),
    DataType.URI: frozenset({DataType.URI, DataType.STRING}),
    DataType.DATETIME: frozenset({DataType.DATETIME, DataType.STRING}),
}
"""By the type that the device's values have, the types that the model may say: 21 can
be a number, "on" can be true, milliseconds can be a time."""


class Place(NamedTuple):
    """Where a value is."""

    connection: str
    path: str
    """The path or the topic."""
    pointer: tuple[str, ...]
    """The way into the document."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well a model fits."""

    score: int
    """0 to 100."""
    reason: str
    """In words, for people."""


@dataclass(frozen=True, slots=True)
class _Side:
    """The readable attributes of a model, and how they are found."""

    model: DeviceModel
    connections: AbstractSet[str]
    leaves: Mapping[str, Attribute]
    keys: Mapping[str, frozenset[str | Place]]
    """By the names of the attributes: spellings of the name, and places."""
    by_key: Mapping[str | Place, set[str]]
    """The same the other way round."""
    taken: frozenset[tuple[str, str]]
    """Connections and paths of what is not read: alerts, actions, availability."""


def match(candidate: Loaded, described: Loaded, base: str = "") -> Match:
    """Return how well a model fits what a device gave.

    Args:
        candidate: the model at hand.
        described: what ``Connection.describe`` returned.
        base: the path or topic below which the device lives.

    """
    theirs = _side(described, base, _PLACES.keys() & described.layouts.keys())
    return _match(candidate, theirs, base)


def best_matches[Key](
    candidates: Mapping[Key, Loaded], described: Loaded, base: str = ""
) -> list[tuple[Key, Match]]:
    """Return the models of which anything fits, the best one first."""
    theirs = _side(described, base, _PLACES.keys() & described.layouts.keys())
    matches = [
        (key, _match(candidate, theirs, base)) for key, candidate in candidates.items()
    ]
    return sorted(
        (pair for pair in matches if pair[1].score), key=lambda pair: -pair[1].score
    )


def _match(candidate: Loaded, theirs: _Side, base: str) -> Match:
    """Return how well a model fits what is known of a device."""
    urn = candidate.model.urn
    if urn and urn in _named_by(theirs.model):
        return Match(SAME, f"the device names this model: {urn}")
    ours = _side(candidate, base, theirs.connections)
    verdicts: dict[str, list[str]] = {"": [], "missing": [], "of another type": []}
    shown: set[str] = set()
    for name, leaf in ours.leaves.items():
        fellows = {
            other for key in ours.keys[name] for other in theirs.by_key.get(key, ())
        }
        shown |= fellows
        types = {theirs.leaves[other].type for other in fellows}
        fits = any(leaf.type in COMPATIBLE[kind] for kind in types)
        verdict = "" if fits else "of another type" if fellows else "missing"
        verdicts[verdict].append(name)
    found = len(verdicts.pop(""))
    verdicts["not in the model"] = [
        name
        for name in theirs.leaves
        if name not in shown and not _paths(theirs.keys[name]) & ours.taken
    ]
    total = len(ours.leaves)
    weight = total + EXTRA * len(verdicts["not in the model"])
    score = round((SAME - 1) * found / weight) if weight else 0
    said = (f"{word}: {_listed(names)}" for word, names in verdicts.items() if names)
    return Match(score, "; ".join((f"{found} of {total} attributes found", *said)))


def _named_by(model: DeviceModel) -> frozenset[str]:
    """Return the URNs that a device's own model has, or gives as a resource type."""
    types = (
        kind for attribute in model.attributes for kind in attribute.semantic_types
    )
    return frozenset((model.urn, *types))


def _side(loaded: Loaded, base: str, connections: AbstractSet[str]) -> _Side:
    """Return what is readable of a model, and where it is."""
    model = loaded.model
    leaves = {name: leaf for name, leaf in model.leaves.items() if leaf.readable}
    keys: dict[str, set[str | Place]] = {
        name: {_spelling(name), _spelling(leaf.alias or name)}
        for name, leaf in leaves.items()
    }
    taken: set[tuple[str, str]] = set()
    for connection in connections:
        try:
            found = list(_PLACES[connection](model, loaded.layouts, base))
        except ModelError:
            continue  # a binding that is not usable tells no places
        for name, path, pointer in found:
            if name in keys:
                keys[name].add(Place(connection, path, pointer))
            else:
                taken.add((connection, path))
    by_key: dict[str | Place, set[str]] = {}
    for name, some in keys.items():
        for key in some:
            by_key.setdefault(key, set()).add(name)
    frozen = {name: frozenset(some) for name, some in keys.items()}
    return _Side(model, connections, leaves, frozen, by_key, frozenset(taken))


def _paths(keys: Iterable[str | Place]) -> set[tuple[str, str]]:
    """Return the connections and paths of those that are places."""
    return {key[:2] for key in keys if isinstance(key, Place)}


type _Found = Iterator[tuple[str, str, tuple[str, ...]]]
"""The name of an attribute ("" for what is none), and its place."""


def _coap_places(
    model: DeviceModel, layouts: Mapping[str, JsonValue], base: str
) -> _Found:
    """Yield the places of the elements on a CoAP endpoint."""
    layout = coap_layout(model, Binding(base=base, layouts=layouts))
    for resource in layout.resources:
        for slot in resource.slots:
            yield slot.element.name, resource.path, slot.path
    for target in (*layout.actions.values(), *layout.alerts.values()):
        yield "", target.path, ()


def _listener_places(
    model: DeviceModel, layouts: Mapping[str, JsonValue], base: str
) -> _Found:
    """Yield the places to which the elements are posted."""
    layout = listener_layout(model, Binding(base=base or NOWHERE, layouts=layouts))
    for path, values in layout.values.items():
        for slot in values.slots:
            yield slot.element.name, "/".join(path), slot.path
    for path in layout.alerts:
        yield "", "/".join(path), ()


def _mqtt_places(
    model: DeviceModel, layouts: Mapping[str, JsonValue], base: str
) -> _Found:
    """Yield the places of the elements behind a broker."""
    layout = mqtt_layout(model, Binding(base=base or NOWHERE, layouts=layouts))
    for topic, meanings in layout.meanings.items():
        for meaning in meanings:
            if isinstance(meaning, Values):
                for slot in meaning.slots:
                    yield slot.element.name, topic, slot.path
            else:
                yield "", topic, ()


_PLACES: Final = {
    "coap": _coap_places,
    "coap_listener": _listener_places,
    "mqtt": _mqtt_places,
}


def _spelling(name: str) -> str:
    """Return a name without what people spell differently: "Fan_speed", "fanSpeed"."""
    return "".join(filter(str.isalnum, name)).casefold() or name


def _listed(names: Sequence[str]) -> str:
    """Return some names, and that there are more."""
    listed = ", ".join(name[:MAX_NAME] for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{listed} and {more} more" if more > 0 else listed
