"""The objects that a device lists: which instances it has, and what is in them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
import re
from typing import Final, NamedTuple

from ...model import Group
from ...reading import Unusable
from ...values import JsonValue
from .definition import SENSOR_UNIT, Object, plain, shown
from .elements import Elements
from .links import Link
from .objects import OBJECTS, resource_of, semantic_types
from .places import place_of
from .resources import RESOURCES

ROOT: Final = "oma.lwm2m"
"""The type of the path below which the objects are (LwM2M Transport 1.2 §6.4.1)."""

SECURITY: Final = 0
"""The object that holds keys (LwM2M Core 1.2 appendix E.1)."""

FIRST_OF_IPSO: Final = 3200
"""Objects below are core ones, whose paths (``/3``) may be something else."""

SENSOR_UNITS: Final = 5701
APPLICATION_TYPE: Final = 5750
MAX_UNIT: Final = 32

OF_ALL: Final = frozenset({"", "value", "sensor value", "set point value", "on/off"})
"""Titles, in small letters, that the registry has for what objects are about."""

_NUMBER: Final = "/(0|[1-9][0-9]{0,4})"
_NUMBERS: Final = re.compile(f"{_NUMBER}(?:{_NUMBER})?(?:{_NUMBER})?")


@dataclass(slots=True)
class Instance:
    """One instance of an object, as far as it is listed."""

    path: str
    object_id: int
    known: Object
    link: Link | None = None
    """To the instance itself, or to its object."""
    resources: dict[int, Link] = field(default_factory=dict)
    title: str = ""
    number: int = 1
    """Tells it from another one with the same title."""


class Answers(NamedTuple):
    """What resources answered, by path."""

    values: Mapping[str, JsonValue]
    units: Mapping[str, JsonValue]


class Instances:
    """The instances of one list of links."""

    def __init__(
        self,
        elements: Elements,
        links: Mapping[str, Link],
        answers: Answers,
    ) -> None:
        """Sort the links: to objects, instances and resources, and all others.

        Args:
            elements: takes the elements, and what is left out.
            links: by the path that they lead to.
            answers: what resources answered.

        """
        self._values, self._units = answers
        self._elements = elements
        self._remarks = elements.remarks
        typed = [path for path, link in links.items() if ROOT in link.terms("rt")]
        roots = [path for path in typed if not _NUMBERS.fullmatch(path)]
        self._is_lwm2m = bool(typed) or any(map(_is_typical, links))
        self._by_path: dict[str, Instance] = {}
        self._objects: dict[str, Instance] = {}
        self.others: dict[str, Link] = {
            path: link
            for path, link in links.items()
            if not (path in roots or self._take(path, link, roots))
        }
        for path, instance in self._objects.items():
            if not any(one.startswith(f"{path}/") for one in self._by_path):
                self._by_path[instance.path] = instance
        self._name()

    @property
    def titles(self) -> tuple[str, ...]:
        """What the objects are called, each once."""
        titles = (instance.known.title for instance in self._by_path.values())
        return tuple(dict.fromkeys(filter(None, titles)))

    def _take(self, path: str, link: Link, roots: Iterable[str]) -> bool:
        """Note a link that is about an object; return whether it is."""
        root = next((one for one in roots if path.startswith(f"{one}/")), "")
        found = _NUMBERS.fullmatch(path.removeprefix(root))
        if found is None:
            return False
        object_id = int(found[1])
        known = OBJECTS.get(object_id)
        if object_id == SECURITY and self._is_lwm2m:
            self._remarks.add(path, "it is of the object that holds keys; left out")
            return True
        if found[3] is not None:
            if resource_of(object_id, int(found[3])) is None:
                return False
            known = known or Object(f"Object {object_id}")
        elif not self._is_lwm2m:
            return False
        elif known is None:
            message = "the object is not known, nor what is in it; left out"
            self._remarks.add(path, message)
            return True
        below = f"{root}/{object_id}/{found[2] or 0}"
        if found[2] is None:
            self._objects[path] = Instance(below, object_id, known, link)
            return True
        instance = self._by_path.setdefault(below, Instance(below, object_id, known))
        if found[3] is None:
            instance.link = link
        else:
            instance.resources[int(found[3])] = link
        return True

    def _name(self) -> None:
        """Give the instances titles that tell them apart."""
        taken: set[tuple[str, int]] = set()
        met: Counter[int] = Counter()
        objects: dict[str, set[int]] = {}
        for instance in self._by_path.values():
            instance.title = self._own_title(instance)
            objects.setdefault(instance.title, set()).add(instance.object_id)
        for instance in sorted(self._by_path.values(), key=_in_order):
            met[instance.object_id] += 1
            if instance.title and len(objects[instance.title]) > 1:
                # It is what they are part of, or where: "Kitchen".
                instance.title = shown(instance.title, instance.known.title)
            if not instance.title:
                instance.title = instance.known.title
                instance.number = met[instance.object_id]
            about = instance.title or f"/{instance.object_id}"
            while (about, instance.number) in taken:
                instance.number += 1
            taken.add((about, instance.number))

    def _own_title(self, instance: Instance) -> str:
        """Return what the device calls an instance; empty if it does not."""
        main = instance.known.main or -1
        links = (instance.resources.get(main), instance.link)
        titles = [link.parameters.get("title", "") for link in links if link]
        titles.append(self._answered(instance, APPLICATION_TYPE))
        named = (title for title in map(plain, titles) if _names_more(title, main))
        return next(named, "")

    def _answered(self, instance: Instance, resource_id: int) -> str:
        """Return the text that a resource answered; empty if it did not."""
        value = self._values.get(f"{instance.path}/{resource_id}")
        return value if isinstance(value, str) else ""

    def add(self) -> None:
        """Add the elements."""
        for instance in self._by_path.values():
            unit = self._unit(instance)
            self._elements.groups[instance.path.lstrip("/")] = Group(
                title=shown(instance.title, "", instance.number),
                semantic_types=(f"ipso:{instance.object_id}",),
            )
            for resource_id, link in self._resources(instance).items():
                path = f"{instance.path}/{resource_id}"
                try:
                    self._add(instance, resource_id, link, path, unit)
                except Unusable as err:
                    self._remarks.add(path, err.problem)

    def _resources(self, instance: Instance) -> Mapping[int, Link]:
        """Return what is listed of an instance, or what it must have."""
        if instance.resources:
            return instance.resources
        # The title is that of the instance; its formats are those of all its values.
        given = instance.link.parameters if instance.link else {}
        assumed = Link("", {key: given[key] for key in ("obs",) if key in given})
        answered = self._in_answer(instance)
        if answered:
            return dict.fromkeys(answered, assumed)
        message = "its resources are not listed; those it must have are taken"
        self._remarks.add(instance.path, message)
        return dict.fromkeys(instance.known.mandatory, assumed)

    def _in_pack(self, instance: Instance, path: str) -> bool:
        """Whether an instance answers with the value of a resource, among others."""
        pack = self._elements.packs.get(instance.path)
        return pack is not None and path in pack.names

    def _in_answer(self, instance: Instance) -> list[int]:
        """Return the resources that an instance has answered with."""
        pack = self._elements.packs.get(instance.path)
        numbers = [
            int(path.rpartition("/")[2])
            for path in (pack.names if pack else ())
            if path.startswith(f"{instance.path}/")
        ]
        known = [one for one in numbers if resource_of(instance.object_id, one)]
        for number in sorted({*numbers} - {*known}):
            path = f"{instance.path}/{number}"
            self._remarks.add(path, "it is not known what it is; left out")
        return known

    def _add(
        self, instance: Instance, resource_id: int, link: Link, path: str, unit: str
    ) -> None:
        """Add one resource.

        Raises:
            Unusable: nothing can be made of it.

        """
        resource = resource_of(instance.object_id, resource_id)
        if resource is None:  # pragma: no cover  (only those that are known get here)
            return
        is_main = resource_id == instance.known.main
        own = "" if is_main else plain(link.parameters.get("title", ""))
        phrase = "" if is_main else resource.title
        types = semantic_types(instance.object_id, resource_id)
        place = place_of(path, link, self._remarks)
        place = replace(
            place,
            # Asked for by itself, a value is text, if anything (LwM2M Core §7.4.1).
            format=place.format or "text" * self._in_pack(instance, path),
            digits=not isinstance(self._values.get(path), bool),
        )
        self._elements.add_resource(
            place,
            resource,
            title=own or shown(instance.title, phrase, instance.number),
            unit=unit if resource.unit == SENSOR_UNIT else resource.unit,
            semantic_types=(*types, *_further(link)),
        )

    def _unit(self, instance: Instance) -> str:
        """Return the unit of a sensor: its own word, or what is common."""
        said = self._units.get(f"{instance.path}/{instance.known.main}")
        spelled = self._answered(instance, SENSOR_UNITS) or said
        if isinstance(spelled, str) and (unit := plain(spelled, MAX_UNIT)):
            return unit
        unit = instance.known.unit
        if unit and SENSOR_UNITS in instance.resources:
            path = f"{instance.path}/{SENSOR_UNITS}"
            self._remarks.add(path, f"its value is not known; {unit} is assumed")
        return unit


def _is_typical(path: str) -> bool:
    """Whether a path is hardly anything else than one of an object."""
    found = _NUMBERS.fullmatch(path)
    if found is None:
        return False
    if found[3] is not None:
        return resource_of(int(found[1]), int(found[3])) is not None
    return int(found[1]) in OBJECTS and int(found[1]) >= FIRST_OF_IPSO


def _further(link: Link) -> tuple[str, ...]:
    """Return what a link says of the meaning, but that it is of LwM2M."""
    return tuple(plain(term) for term in link.terms("rt") if term != ROOT)


def _names_more(title: str, main: int) -> bool:
    """Whether a title says more than what every object of the kind has, or is."""
    known = RESOURCES.get(main)
    words = {*OF_ALL, known.title.casefold() if known else ""}
    return title.casefold() not in words


def _in_order(instance: Instance) -> list[tuple[int, str]]:
    """Return a key that sorts /3303/2 before /3303/10."""
    parts = instance.path.split("/")
    return [(int(part) if part.isdecimal() else -1, part) for part in parts]
