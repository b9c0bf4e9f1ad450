"""Where a device's elements are found on a CoAP endpoint.

The default layout needs no binding: ``/<attribute>`` (GET, PUT, observe), ``/<action>``
(POST), ``/alert/<format>`` (observe), and ``/state`` with all attributes at once, where
the device has it. The ``coap`` part of a device file's binding overrides any of it:

``state``: a path, false for none, or ``{path, method, format, observe, writable, write,
write_method}``.
``attributes``: by name, a path, false for none, or ``{path, pointer, method, format,
observe, read, write, write_method, write_format, times}``. ``read: false`` is for what
cannot be read there, ``write: false`` for what cannot be written, ``times: iso`` for a
device that takes times as ISO 8601 and not as milliseconds since 1970.
``actions`` and ``alerts``: by name, a path, false for none, or ``{path, format}``; an
action also ``method``, and ``bare: true`` if its only argument is not in an object.

``write`` is another path to write to. ``method`` is GET, FETCH or POST for what is
read (only GET can be observed), POST, PUT, PATCH or IPATCH for an action;
``write_method`` is PUT, POST, PATCH or IPATCH. ``address`` is not used here.

A path is spelled as in a URI, with percent-encoding where that is needed. It is below
the device's base path unless it begins with a slash.
"""

from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from ...binding import Binding
from ...codecs import Slot, slots_of, split_pointer
from ...model import Action, Attribute, DeviceModel, Format
from ...reading import Element, Unusable
from ..layout import codec_of, offered, override_of, overrides_of, timed
from .request import Method, split_path
from .resource import Resource, Target, Writing

READ_METHODS: Final = (Method.GET, Method.FETCH, Method.POST)
WRITE_METHODS: Final = (Method.PUT, Method.POST, Method.PATCH, Method.IPATCH)
CALL_METHODS: Final = (Method.POST, Method.PUT, Method.PATCH, Method.IPATCH)
"""Each of them with the default first."""


@dataclass(frozen=True, slots=True)
class CoapLayout:
    """All resources of one device."""

    resources: tuple[Resource, ...]
    """What can be read: the shared one first, if there is one."""
    writes: dict[str, Writing]
    """By the names of the attributes that hold a value."""
    together: Writing | None
    """Takes several attributes in one message."""
    actions: dict[str, Target]
    alerts: Mapping[str, Target]

    @property
    def shared(self) -> Resource | None:
        """The resource with all attributes, unless the device has none."""
        first = self.resources[0] if self.resources else None
        return first if first and first.shared and not first.absent else None

    def forget(self) -> None:
        """Forget what the device does not have: it may have got new firmware."""
        for resource in self.resources:
            resource.absent_until = 0.0

    def asked_for(self, names: AbstractSet[str]) -> list[Resource]:
        """Return the resources that may have the attributes, the best one first.

        Those that the device does not have are left out, but for one if there is no
        other: to be asked in vain is a sign of life, too.
        """
        candidates = [one for one in self.resources if names & one.names]
        return [one for one in candidates if not one.absent] or candidates[:1]

    def writings(self, names: AbstractSet[str]) -> list[Writing]:
        """Return where the attributes are written: in one message where that can be.

        Raises:
            NotOfferedError: one of them cannot be written here.

        """
        if self.together is not None and (len(names) > 1 or names - self.writes.keys()):
            return [self.together]
        found = [offered(self.writes, name) for name in sorted(names)]
        return list({writing.path: writing for writing in found}.values())


def coap_layout(model: DeviceModel, binding: Binding) -> CoapLayout:
    """Return the layout of a device.

    Raises:
        ModelError: the binding names elements the model does not have, or is malformed.

    """
    try:
        return _Reader(model, binding).read()
    except Unusable as err:
        raise err.within(model.name) from err


class _Reader:
    """Reads the ``coap`` part of one binding."""

    def __init__(self, model: DeviceModel, binding: Binding) -> None:
        self._model = model
        self._base = binding.base.strip("/")
        self._top = Element(dict(binding.layouts), "binding").object("coap")
        self._resources: dict[str, Resource] = {}
        self._writes: dict[str, Writing] = {}
        self._together: Writing | None = None

    def read(self) -> CoapLayout:
        """Return the layout."""
        _checked(Element({}, "base"), self._base)
        self._attributes()
        shared = list(self._state())
        return CoapLayout(
            resources=(*shared, *self._resources.values()),
            writes=self._by_name(),
            together=self._together,
            actions=self._targets("actions", self._model.actions, ""),
            alerts=self._targets("alerts", self._model.formats, "alert/"),
        )

    def _state(self) -> Iterator[Resource]:
        """Yield the resource with all attributes, unless there is to be none."""
        spelled = self._top.content.get("state", "state")
        if spelled is False:
            return
        element = override_of(self._top, "state", spelled, "path")
        path = self._below(element.text("path") or "state", element)
        if path in self._resources:
            if "state" not in self._top.content:
                return  # the default place is that of an attribute of this name
            del self._resources[path]
        every = [
            slot
            for attribute in self._model.attributes
            for slot in slots_of(attribute, (attribute.name,))
        ]
        codec = codec_of(element)
        shared = None
        if slots := self._readable(every):
            shared = self._resource(element, path, slots, observe=True, shared=True)
            yield shared
        write = element.text("write")
        if write or element.flag("writable", default=False):
            self._together = Writing(
                self._below(write, element) if write else path,
                codec,
                self._writable(every),
                method=_method(element, "write_method", WRITE_METHODS),
                source=shared,
            )

    @staticmethod
    def _resource(
        element: Element,
        path: str,
        slots: tuple[Slot, ...],
        *,
        observe: bool,
        shared: bool = False,
    ) -> Resource:
        """Return what is read at a path."""
        method = _method(element, "method", READ_METHODS)
        wanted = element.flag("observe", default=observe) and method is Method.GET
        codec = codec_of(element)
        return Resource(
            path, slots, codec, observe=wanted, method=method, shared=shared
        )

    def _attributes(self) -> None:
        """Note a resource for each attribute; those of one path are one."""
        names = [attribute.name for attribute in self._model.attributes]
        overrides = overrides_of(self._top, "attributes", names, "path")
        for attribute in self._model.attributes:
            if attribute.name not in overrides.absent:
                where = f"attribute {attribute.name!r}"
                default = Element({}, where)
                element = overrides.elements.get(attribute.name, default)
                self._attribute(attribute, element)

    def _attribute(self, attribute: Attribute, element: Element) -> None:
        """Note where one attribute is read and written."""
        path = self._place(element, attribute.name)
        readable = element.content.get("read") is not False
        writable = element.content.get("write") is not False
        write = element.text("write") if writable else ""
        write_path = self._below(write, element) if write else path
        try:
            pointer = split_pointer(element.text("pointer"))
        except ValueError as err:
            element.refuse(str(err), "pointer")
        every = timed(slots_of(attribute, pointer), element)
        if readable and (slots := self._readable(every)):
            observe = attribute.observable
            resource = self._resource(element, path, slots, observe=observe)
            if (other := self._resources.get(path)) is not None:
                resource = other.merged(resource)
            self._resources[path] = resource
        if writable and (slots := self._writable(every)):
            method = _method(element, "write_method", WRITE_METHODS)
            writing = Writing(
                write_path,
                codec_of(element, "write_format") or codec_of(element),
                slots,
                whole=write_path == path and method is Method.PUT,
                method=method,
            )
            if (known := self._writes.get(write_path)) is not None:
                writing = known.merged(writing)
            self._writes[write_path] = writing

    def _by_name(self) -> dict[str, Writing]:
        """Return where each attribute is written."""
        owners = {
            name: resource
            for resource in self._resources.values()
            for name in resource.names
        }
        return {
            slot.element.name: replace(writing, source=owners.get(slot.element.name))
            for writing in self._writes.values()
            for slot in writing.slots
        }

    def _targets(
        self, key: str, elements: Iterable[Action | Format], prefix: str
    ) -> dict[str, Target]:
        """Return the resources of actions or alerts."""
        names = [element.name for element in elements]
        overrides = overrides_of(self._top, key, names, "path")
        targets: dict[str, Target] = {}
        for name in names:
            if name in overrides.absent:
                continue
            element = overrides.elements.get(name, Element({}, f"{key} {name!r}"))
            targets[name] = Target(
                self._place(element, name, prefix),
                codec_of(element),
                _method(element, "method", CALL_METHODS),
                bare=element.flag("bare", default=False),
            )
        return targets

    def _readable(self, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        leaves = self._model.leaves
        return tuple(slot for slot in slots if leaves[slot.element.name].readable)

    def _writable(self, slots: Iterable[Slot]) -> tuple[Slot, ...]:
        leaves = self._model.leaves
        return tuple(slot for slot in slots if leaves[slot.element.name].writable)

    def _place(self, element: Element, name: str, prefix: str = "") -> str:
        """Return the path of an element: as the binding says, or by its name."""
        default = name.replace("%", "%25").replace("?", "%3F")
        return self._below(element.text("path") or prefix + default, element)

    def _below(self, path: str, element: Element) -> str:
        """Return the whole path."""
        below = not path.startswith("/") and self._base
        whole = f"{self._base}/{path}" if below else path.lstrip("/")
        return _checked(element, whole)


def _method(element: Element, key: str, known: tuple[Method, ...]) -> Method:
    """Return a method that an override names, or the first of those there are."""
    name = element.text(key).upper()
    if not name:
        return known[0]
    for method in known:
        if method.name == name:
            return method
    element.refuse(f"expected one of {', '.join(one.name for one in known)}", key)


def _checked(element: Element, path: str) -> str:
    """Return the path if it can be sent."""
    try:
        split_path(path)
    except ValueError as err:
        element.refuse(f"expected a path: {err}")
    return path
