"""The layouts of connections that ask: what CoAP and HTTP read of them alike.

``state`` is the resource with all attributes, ``attributes``, ``actions`` and
``alerts`` are those of single elements; each connection says what a place is called
and what else it has.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from ..codecs import Slot, slots_of
from ..media_types import image_type
from ..model import Action, Attribute, DeviceModel, Format
from ..reading import Element
from .layout import (
    every_slot,
    override_of,
    overrides_of,
    pointer_of,
    readable,
    timed,
    writable,
)
from .resources import Known, Writing


class PlacesReader[R: Known, W: Writing[Any], T](ABC):
    """Reads one connection's part of one binding."""

    place: ClassVar[str]
    """What the layout calls the place of an element."""

    def __init__(self, model: DeviceModel, top: Element) -> None:
        """Take the model, and the part of the binding."""
        self._model = model
        self._top = top
        self._resources: dict[str, R] = {}
        self._contents: dict[str, R] = {}
        self._writes: dict[str, W] = {}
        self._together: W | None = None

    @abstractmethod
    def _below(self, place: str, element: Element) -> str:
        """Return the whole place of what is spelled below the device's base."""

    @abstractmethod
    def _default(self, name: str) -> str:
        """Return how an element's name is spelled as a place."""

    @abstractmethod
    def _resource(
        self,
        element: Element,
        path: str,
        slots: tuple[Slot, ...],
        *,
        observe: bool,
        shared: bool = False,
    ) -> R:
        """Return what is read at a place."""

    @abstractmethod
    def _writing(self, element: Element, path: str, slots: tuple[Slot, ...]) -> W:
        """Return what is written at a place; ``whole`` if it replaces all there."""

    @abstractmethod
    def _target(self, element: Element, path: str, kind: str) -> T:
        """Return the place of an action, or of an alert."""

    def _state(self) -> Iterator[R]:
        """Yield the resource with all attributes, unless there is to be none."""
        spelled = self._top.content.get("state", "state")
        if spelled is False:
            return
        element = override_of(self._top, "state", spelled, self.place)
        path = self._below(element.text(self.place) or "state", element)
        if path in self._resources:
            if "state" not in self._top.content:
                return  # the default place is that of an attribute of this name
            del self._resources[path]
        every = timed(every_slot(self._model), element)
        shared = None
        if slots := readable(self._model, every):
            shared = self._resource(element, path, slots, observe=True, shared=True)
            yield shared
        write = element.text("write")
        if write or element.flag("writable", default=False):
            place = self._below(write, element) if write else path
            slots = writable(self._model, every)
            writing = self._writing(element, place, slots)
            self._together = replace(writing, whole=False, source=shared)

    def _attributes(self) -> None:
        """Note a resource for each attribute; those of one place are one."""
        names = [attribute.name for attribute in self._model.attributes]
        overrides = overrides_of(self._top, "attributes", names, self.place)
        for attribute in self._model.attributes:
            if attribute.name not in overrides.absent:
                where = f"attribute {attribute.name!r}"
                default = Element({}, where)
                element = overrides.elements.get(attribute.name, default)
                self._attribute(attribute, element)

    def _attribute(self, attribute: Attribute, element: Element) -> None:
        """Note where one attribute is read and written, or its content is fetched."""
        path = self._place_of(element, attribute.name)
        if attribute.media_type:
            content = self._resource(element, path, (), observe=attribute.observable)
            content.content = _media_type_of(element, attribute)
            self._contents[attribute.name] = content
            return
        reads = element.content.get("read") is not False
        writes = element.content.get("write") is not False
        write = element.text("write") if writes else ""
        write_path = self._below(write, element) if write else path
        every = timed(slots_of(attribute, pointer_of(element)), element)
        if reads and (slots := readable(self._model, every)):
            observe = attribute.observable
            resource = self._resource(element, path, slots, observe=observe)
            if (other := self._resources.get(path)) is not None:
                resource = other.merged(resource)
            self._resources[path] = resource
        if writes and (slots := writable(self._model, every)):
            writing = self._writing(element, write_path, slots)
            writing = replace(writing, whole=writing.whole and write_path == path)
            if (known := self._writes.get(write_path)) is not None:
                writing = known.merged(writing)
            self._writes[write_path] = writing

    def _by_name(self) -> dict[str, W]:
        """Return where each attribute is written."""
        owners = {
            name: resource
            for resource in self._resources.values()
            for name in resource.names
        }
        return {
            name: replace(writing, source=owners.get(name))
            for writing in self._writes.values()
            for name in writing.names
        }

    def _targets(
        self, key: str, elements: Iterable[Action | Format], prefix: str
    ) -> dict[str, T]:
        """Return the resources of actions or alerts."""
        names = [element.name for element in elements]
        overrides = overrides_of(self._top, key, names, self.place)
        targets: dict[str, T] = {}
        for name in names:
            if name in overrides.absent:
                continue
            element = overrides.elements.get(name, Element({}, f"{key} {name!r}"))
            path = self._place_of(element, name, prefix)
            targets[name] = self._target(element, path, key)
        return targets

    def _place_of(self, element: Element, name: str, prefix: str = "") -> str:
        """Return the place of an element: as the binding says, or by its name."""
        spelled = element.text(self.place) or prefix + self._default(name)
        return self._below(spelled, element)


def _media_type_of(element: Element, attribute: Attribute) -> str:
    """Return what a content is here: as the binding says, or as the model does."""
    spelled = element.text("content") or attribute.media_type
    known = image_type(spelled)
    return known or element.refuse("expected the media type of an image", "content")
