"""Where a device's elements are found on a CoAP endpoint.

The default layout needs no binding: ``/<attribute>`` (GET, PUT, observe), ``/<action>``
(POST), ``/alert/<format>`` (observe), and ``/state`` with all attributes at once, where
the device has it. The ``coap`` part of a device file's binding overrides any of it:

``confirmable``: whether each message is acknowledged; by default as the endpoint has
it. ``patience``: seconds until one is given up, from which all timing follows.
``block_size``: bytes in a block of what takes more than one.
``state``: a path, false for none, or ``{path, method, format, observe, writable, write,
write_method, confirmable, if_match, no_response}``.
``attributes``: by name, a path, false for none, or ``{path, pointer, method, format,
observe, read, write, write_method, write_format, times, confirmable, if_match,
no_response}``. ``read: false`` is for what
cannot be read there, ``write: false`` for what cannot be written, ``times: iso`` for a
device that takes times as ISO 8601 and not as milliseconds since 1970.
``actions`` and ``alerts``: by name, a path, false for none, or ``{path, format,
confirmable}``; an action also ``method``, ``no_response``, and ``bare: true`` if its
only argument is not in an object.

``if_match: true``: a write is for the representation that was read, and is tried again
if that has changed meanwhile. ``no_response: true``: the device is asked not to answer
a write, or a call (RFC 7967). In a path that is written to, or of an action, ``{name}``
is replaced by a value.

``write`` is another path to write to. ``method`` is GET, FETCH or POST for what is
read (only GET can be observed), POST, PUT, PATCH or IPATCH for an action;
``write_method`` is PUT, POST, PATCH or IPATCH. ``address`` is not used here.

A path is spelled as in a URI, with percent-encoding where that is needed. It is below
the device's base path unless it begins with a slash.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from ...binding import Binding
from ...codecs import Slot, slots_of
from ...model import Action, Attribute, DeviceModel, Format
from ...reading import Element, Unusable
from ..layout import (
    codec_of,
    every_slot,
    override_of,
    overrides_of,
    pointer_of,
    readable,
    timed,
    writable,
)
from .delivery import delivery_of, timing_of
from .places import CoapLayout, checked, method_of
from .request import Method
from .resource import Resource, Sending, Target, Writing

READ_METHODS: Final = (Method.GET, Method.FETCH, Method.POST)
WRITE_METHODS: Final = (Method.PUT, Method.POST, Method.PATCH, Method.IPATCH)
CALL_METHODS: Final = (Method.POST, Method.PUT, Method.PATCH, Method.IPATCH)
"""Each of them with the default first."""


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
        self._delivery = timing_of(self._top)
        self._resources: dict[str, Resource] = {}
        self._writes: dict[str, Writing] = {}
        self._together: Writing | None = None

    def read(self) -> CoapLayout:
        """Return the layout."""
        checked(Element({}, "base"), self._base)
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
        every = every_slot(self._model)
        codec = codec_of(element)
        shared = None
        if slots := readable(self._model, every):
            shared = self._resource(element, path, slots, observe=True, shared=True)
            yield shared
        write = element.text("write")
        if write or element.flag("writable", default=False):
            self._together = Writing(
                self._below(write, element) if write else path,
                codec,
                writable(self._model, every),
                method=method_of(element, "write_method", WRITE_METHODS),
                source=shared,
                sending=self._sending(element),
            )

    def _sending(self, element: Element) -> Sending:
        """Return how what is sent to a place is sent."""
        no_response = element.flag("no_response", default=False)
        if_match = element.flag("if_match", default=False)
        if no_response and if_match:
            element.refuse("cannot be together with if_match", "no_response")
        delivery = delivery_of(element, self._delivery)
        return Sending(delivery, if_match=if_match, no_response=no_response)

    def _resource(
        self,
        element: Element,
        path: str,
        slots: tuple[Slot, ...],
        *,
        observe: bool,
        shared: bool = False,
    ) -> Resource:
        """Return what is read at a path."""
        method = method_of(element, "method", READ_METHODS)
        wanted = element.flag("observe", default=observe) and method is Method.GET
        codec = codec_of(element)
        return Resource(
            path,
            slots,
            codec,
            observe=wanted,
            method=method,
            shared=shared,
            delivery=delivery_of(element, self._delivery),
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
        reads = element.content.get("read") is not False
        writes = element.content.get("write") is not False
        write = element.text("write") if writes else ""
        write_path = self._below(write, element) if write else path
        pointer = pointer_of(element)
        every = timed(slots_of(attribute, pointer), element)
        if reads and (slots := readable(self._model, every)):
            observe = attribute.observable
            resource = self._resource(element, path, slots, observe=observe)
            if (other := self._resources.get(path)) is not None:
                resource = other.merged(resource)
            self._resources[path] = resource
        if writes and (slots := writable(self._model, every)):
            method = method_of(element, "write_method", WRITE_METHODS)
            writing = Writing(
                write_path,
                codec_of(element, "write_format") or codec_of(element),
                slots,
                whole=write_path == path and method is Method.PUT,
                method=method,
                sending=self._sending(element),
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
                method_of(element, "method", CALL_METHODS),
                bare=element.flag("bare", default=False),
                sending=self._sending(element),
            )
        return targets

    def _place(self, element: Element, name: str, prefix: str = "") -> str:
        """Return the path of an element: as the binding says, or by its name."""
        default = name.replace("%", "%25").replace("?", "%3F")
        return self._below(element.text("path") or prefix + default, element)

    def _below(self, path: str, element: Element) -> str:
        """Return the whole path."""
        below = not path.startswith("/") and self._base
        whole = f"{self._base}/{path}" if below else path.lstrip("/")
        return checked(element, whole)
