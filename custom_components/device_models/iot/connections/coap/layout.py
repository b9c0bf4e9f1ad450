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
Of an attribute with a content ``{path, method, content, observe, confirmable}``, where
``content`` is its media type here, if that is not the model's.
``actions`` and ``alerts``: by name, a path, false for none, or ``{path, format,
confirmable}``; an action also ``method``, ``no_response``, ``bare: true`` if its only
argument is not in an object, and ``query`` and ``cancel``: where a call that goes on is
asked for, and ended, if the device does not say so when it is called.

``packs``: by path, ``{format, attributes}``: what answers with several attributes at
once, each of which has a resource of its own, too; ``attributes`` are their pointers in
it, by name. It is asked first; what it does not give is asked for by itself.

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

from collections.abc import Iterator
from typing import Final, override

from ...binding import Binding
from ...codecs import Slot, slots_of
from ...model import DeviceModel
from ...reading import Element, Unusable
from ..asking import PlacesReader
from ..layout import codec_of, pointer_of, readable
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


class _Reader(PlacesReader[Resource, Writing, Target]):
    """Reads the ``coap`` part of one binding."""

    place = "path"

    def __init__(self, model: DeviceModel, binding: Binding) -> None:
        top = Element(dict(binding.layouts), "binding").object("coap")
        super().__init__(model, top)
        self._base = binding.base.strip("/")
        self._delivery = timing_of(top)

    def read(self) -> CoapLayout:
        """Return the layout."""
        checked(Element({}, "base"), self._base)
        self._attributes()
        shared = [*self._state(), *self._packs()]
        return CoapLayout(
            resources=(*shared, *self._resources.values()),
            writes=self._by_name(),
            together=self._together,
            actions=self._targets("actions", self._model.actions, ""),
            alerts=self._targets("alerts", self._model.formats, "alert/"),
            contents=self._contents,
            delivery=self._delivery,
        )

    def _packs(self) -> Iterator[Resource]:
        """Yield the resources with several attributes that have others of their own."""
        listed = self._top.object("packs")
        attributes = {one.name: one for one in self._model.attributes}
        for spelled in listed.content:
            element = listed.object(spelled)
            path = self._below(spelled, element)
            slots: list[Slot] = []
            pointers = element.object("attributes")
            for name in pointers.content:
                if name not in attributes:
                    pointers.refuse("the model has no such element", name)
                pointer = pointer_of(pointers, name)
                slots.extend(slots_of(attributes[name], pointer))
            if path not in self._resources:
                yield Resource(
                    path=path,
                    slots=readable(self._model, slots),
                    codec=codec_of(element),
                    observe=False,
                    shared=True,
                    delivery=self._delivery,
                )

    def _sending(self, element: Element) -> Sending:
        """Return how what is sent to a place is sent."""
        no_response = element.flag("no_response", default=False)
        if_match = element.flag("if_match", default=False)
        if no_response and if_match:
            element.refuse("cannot be together with if_match", "no_response")
        delivery = delivery_of(element, self._delivery)
        return Sending(delivery, if_match=if_match, no_response=no_response)

    @override
    def _resource(
        self,
        element: Element,
        path: str,
        slots: tuple[Slot, ...],
        *,
        observe: bool,
        shared: bool = False,
    ) -> Resource:
        method = method_of(element, "method", READ_METHODS)
        return Resource(
            path=path,
            slots=slots,
            codec=codec_of(element),
            observe=element.flag("observe", default=observe) and method is Method.GET,
            method=method,
            shared=shared,
            delivery=delivery_of(element, self._delivery),
        )

    @override
    def _writing(self, element: Element, path: str, slots: tuple[Slot, ...]) -> Writing:
        method = method_of(element, "write_method", WRITE_METHODS)
        return Writing(
            path=path,
            codec=codec_of(element, "write_format") or codec_of(element),
            slots=slots,
            whole=method is Method.PUT,
            method=method,
            sending=self._sending(element),
        )

    @override
    def _target(self, element: Element, path: str, kind: str) -> Target:
        query, cancel = element.text("query"), element.text("cancel")
        return Target(
            path,
            codec_of(element),
            method_of(element, "method", CALL_METHODS),
            bare=element.flag("bare", default=False),
            query=self._below(query, element) if query else "",
            cancel=self._below(cancel, element) if cancel else "",
            sending=self._sending(element),
        )

    @override
    def _default(self, name: str) -> str:
        return name.replace("%", "%25").replace("?", "%3F")

    @override
    def _below(self, place: str, element: Element) -> str:
        below = not place.startswith("/") and self._base
        whole = f"{self._base}/{place}" if below else place.lstrip("/")
        return checked(element, whole)
