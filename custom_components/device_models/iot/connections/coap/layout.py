"""Where a device's elements are found on a CoAP endpoint.

The default layout needs no binding: ``/<attribute>`` (GET, PUT, observe), ``/<action>``
(POST), ``/alert/<format>`` (observe), and ``/state`` with all attributes at once, where
the device has it. The ``coap`` part of a device file's binding overrides any of it:

``state``: a path, false for none, or ``{path, writable, observe, format}``.
``attributes``: by name, a path or ``{path, pointer, format, observe, write}``; ``write``
is another path to PUT to.
``actions`` and ``alerts``: by name, a path or ``{path, format}``.

A path is below the device's base path unless it begins with a slash.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ...binding import Binding
from ...codecs import CODECS, Codec, Slot, slots_of, split_pointer
from ...errors import ModelError
from ...model import Action, Attribute, DeviceModel, Format
from ...reading import Element, Unusable
from ..layout import codec_of, override_of, overrides_of

JSON: Final = CODECS["json"]


@dataclass(slots=True)
class Resource:
    """A CoAP resource with the values of one attribute, or of several."""

    path: str
    slots: tuple[Slot, ...]
    codec: Codec | None = None
    """What the binding says; otherwise the device's Content-Format decides."""
    observe: bool = True
    write_path: str | None = None
    shared: bool = False
    """Whether it is the one with all attributes, which a device need not have."""
    absent: bool = False
    """Whether the device said that it has no such resource."""
    etag: bytes | None = None
    """Of the representation that was received last (RFC 7252 §5.10.6)."""
    spoken: Codec | None = None
    """What the device last answered in."""
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note the names of the attributes."""
        self.names = frozenset(slot.element.name for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that is posted to, or whose notifications are alerts."""

    path: str
    codec: Codec | None = None


@dataclass(frozen=True, slots=True)
class CoapLayout:
    """All resources of one device."""

    resources: tuple[Resource, ...]
    """The shared one first, if there is one."""
    actions: Mapping[str, Target]
    alerts: Mapping[str, Target]

    @property
    def shared(self) -> Resource | None:
        """The resource with all attributes, unless the device has said it has none."""
        first = self.resources[0] if self.resources else None
        return first if first and first.shared and not first.absent else None


def coap_layout(model: DeviceModel, binding: Binding) -> CoapLayout:
    """Return the layout of a device.

    Raises:
        ModelError: the binding names elements the model does not have, or is malformed.

    """
    try:
        return _Reader(model, binding).read()
    except Unusable as err:
        raise ModelError(
            source=model.name, where=err.where, problem=err.problem
        ) from err


class _Reader:
    """Reads the ``coap`` part of one binding."""

    def __init__(self, model: DeviceModel, binding: Binding) -> None:
        self._model = model
        self._base = binding.base.strip("/")
        self._top = Element(dict(binding.layouts), "binding").object("coap")

    def read(self) -> CoapLayout:
        """Return the layout."""
        return CoapLayout(
            resources=(*self._state(), *self._attributes()),
            actions=self._targets("actions", self._model.actions, ""),
            alerts=self._targets("alerts", self._model.formats, "alert/"),
        )

    def _state(self) -> Iterator[Resource]:
        """Yield the resource with all attributes, unless there is to be none."""
        spelled = self._top.content.get("state", "state")
        if spelled is False:
            return
        taken = any(attribute.name == "state" for attribute in self._model.attributes)
        if taken and "state" not in self._top.content:
            return  # the default place is the attribute's own
        element = override_of(self._top, "state", spelled, "path")
        path = self._below(element.text("path") or "state")
        slots = tuple(
            slot
            for attribute in self._model.attributes
            for slot in slots_of(attribute, (attribute.name,))
            if slot.element.name in self._readable
        )
        if slots:
            yield Resource(
                path=path,
                slots=slots,
                codec=codec_of(element),
                observe=element.flag("observe", default=True),
                write_path=path if element.flag("writable", default=False) else None,
                shared=True,
            )

    def _attributes(self) -> Iterator[Resource]:
        """Yield a resource for each attribute; those of one path are one."""
        names = [attribute.name for attribute in self._model.attributes]
        overrides = overrides_of(self._top, "attributes", names, "path")
        by_path: dict[str, Resource] = {}
        for attribute in self._model.attributes:
            resource = self._attribute(attribute, overrides.get(attribute.name))
            other = by_path.get(resource.path)
            if other is not None:
                resource = Resource(
                    path=other.path,
                    slots=other.slots + resource.slots,
                    codec=other.codec,
                    observe=other.observe and resource.observe,
                    write_path=other.write_path,
                )
            by_path[resource.path] = resource
        yield from by_path.values()

    def _attribute(self, attribute: Attribute, override: Element | None) -> Resource:
        """Return the resource of one attribute."""
        element = override or Element({}, "")
        path = self._below(element.text("path") or attribute.name)
        try:
            pointer = split_pointer(element.text("pointer"))
        except ValueError as err:
            element.refuse(str(err), "pointer")
        write = element.text("write")
        return Resource(
            path=path,
            slots=slots_of(attribute, pointer),
            codec=codec_of(element),
            observe=element.flag("observe", default=attribute.observable),
            write_path=self._below(write) if write else path,
        )

    def _targets(
        self, key: str, elements: Iterable[Action | Format], prefix: str
    ) -> dict[str, Target]:
        """Return the resources of actions or alerts."""
        names = [element.name for element in elements]
        overrides = overrides_of(self._top, key, names, "path")
        targets: dict[str, Target] = {}
        for name in names:
            element = overrides.get(name, Element({}, ""))
            path = self._below(element.text("path") or f"{prefix}{name}")
            targets[name] = Target(path, codec_of(element))
        return targets

    @property
    def _readable(self) -> frozenset[str]:
        return frozenset(
            name for name, leaf in self._model.leaves.items() if leaf.readable
        )

    def _below(self, path: str) -> str:
        """Return the whole path."""
        return path.lstrip("/") if path.startswith("/") else f"{self._base}/{path}".lstrip("/")
