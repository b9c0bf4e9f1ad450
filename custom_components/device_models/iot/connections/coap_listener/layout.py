"""Where a device posts what to a listening server.

The default layout needs no binding. Below the device's base path are ``state`` (all
attributes, or some), ``<attribute>`` (one value), ``alert/<format>`` and ``commands``.
The ``coap_listener`` part of a device file's binding overrides any of it:

``state``: a path, false for none, or ``{path, format}``.
``attributes``: by name, a path, false for none, or ``{path, pointer, format, read,
write, times}``. ``read: false`` is for what the device does not post, ``write: false``
for what it cannot be told; ``times: iso`` for a device that is given times as ISO 8601.
``alerts``: by name, a path, false for none, or ``{path, format}``.
``actions``: by name, false for one that the device does not do.
``commands``: a path.

``format`` counts where a message has no Content-Format. A path is below the device's
base path unless it begins with a slash. ``address`` is not used here.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from ...binding import Binding
from ...codecs import Codec, Slot, slots_of
from ...errors import ValueRefusedError
from ...model import Attribute, DeviceModel
from ...reading import Element, Unusable
from ..coap.request import split_path
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
from .exchange import JSON, TEXT
from .settings import networks

LAYOUT: Final = "coap_listener"
"""The part of a binding that is read here."""

type Path = tuple[str, ...]
"""The segments of a path, decoded."""


@dataclass(frozen=True, slots=True)
class Values:
    """What a message at a path holds."""

    slots: tuple[Slot, ...]
    codec: Codec
    """Where the message does not say."""
    shared: bool = False
    """Whether it is the one with all attributes."""

    @property
    def names(self) -> frozenset[str]:
        """The attributes."""
        return frozenset(slot.element.name for slot in self.slots)


@dataclass(slots=True)
class ListenerLayout:
    """All paths of one device."""

    values: dict[Path, Values] = field(default_factory=dict)
    alerts: dict[Path, tuple[str, Codec]] = field(default_factory=dict)
    """The format whose messages are posted there, and how they are written."""
    commands: Path = ()
    settable: dict[str, Slot] = field(default_factory=dict)
    """By the names of the attributes that a command may set, where the value is."""
    actions: frozenset[str] = frozenset()


def listener_layout(model: DeviceModel, binding: Binding) -> ListenerLayout:
    """Return the layout of a device.

    Raises:
        ModelError: the binding names elements the model does not have, or is malformed.

    """
    try:
        return _Reader(model, binding).read()
    except Unusable as err:
        raise err.within(model.name) from err


def place_of(base: str) -> Path:
    """Return the place of a device: a path, which can be spelled in several ways."""
    try:
        return tuple(split_path(base)[0])
    except ValueError:
        return (base,)  # none at all, as ``listener_layout`` says


class _Reader:
    """Reads the ``coap_listener`` part of one binding."""

    def __init__(self, model: DeviceModel, binding: Binding) -> None:
        self._model = model
        self._binding = binding
        self._base = binding.base.strip("/")
        self._top = Element(dict(binding.layouts), "binding").object(LAYOUT)
        self._layout = ListenerLayout()

    def read(self) -> ListenerLayout:
        """Return the layout."""
        if not self._base:
            Element({}, "base").refuse("expected a path of its own for the device")
        self._path(self._base, Element({}, "base"))
        try:
            networks(self._binding.reception.senders, "senders")
        except ValueRefusedError as err:
            Element({}, "senders").refuse(err.details["problem"])
        self._commands()
        self._state()
        self._attributes()
        self._alerts()
        self._actions()
        return self._layout

    def _commands(self) -> None:
        path = self._top.text("commands") or "commands"
        self._layout.commands = self._below(path, self._top)

    def _state(self) -> None:
        spelled = self._top.content.get("state", "state")
        if spelled is False:
            return
        element = override_of(self._top, "state", spelled, "path")
        every = every_slot(self._model)
        codec = codec_of(element) or JSON
        path = self._below(element.text("path") or "state", element)
        self._is_free(path, element, chosen=True)
        values = Values(readable(self._model, every), codec, shared=True)
        self._layout.values[path] = values

    def _attributes(self) -> None:
        names = [attribute.name for attribute in self._model.attributes]
        overrides = overrides_of(self._top, "attributes", names, "path")
        for attribute in self._model.attributes:
            if attribute.name in overrides.absent:
                continue
            where = f"attribute {attribute.name!r}"
            override = overrides.elements.get(attribute.name)
            element = override or Element({}, where)
            self._settable(attribute, element)
            if element.content.get("read") is not False:
                self._attribute(attribute, element, chosen=override is not None)

    def _attribute(
        self, attribute: Attribute, element: Element, *, chosen: bool
    ) -> None:
        """Note where one attribute is posted; those of one path are one message."""
        path = self._place(element, attribute.name)
        pointer = pointer_of(element)
        if not self._is_free(path, element, chosen=chosen):
            return
        slots = readable(self._model, slots_of(attribute, pointer))
        alone = len(slots) == 1 and not slots[0].path
        values = Values(slots, codec_of(element) or (TEXT if alone else JSON))
        other = self._layout.values.get(path)
        if other is None:
            self._layout.values[path] = values
        elif chosen:
            both = other.slots + slots
            self._layout.values[path] = replace(other, slots=both)
        # Otherwise the default path of an attribute called "state" has a meaning.

    def _settable(self, attribute: Attribute, element: Element) -> None:
        """Note what of an attribute a command may set."""
        if element.content.get("write") is False:
            return
        slots = timed(slots_of(attribute, (attribute.name,)), element)
        for slot in writable(self._model, slots):
            self._layout.settable[slot.element.name] = slot

    def _actions(self) -> None:
        names = [action.name for action in self._model.actions]
        overrides = overrides_of(self._top, "actions", names, "name")
        for element in overrides.elements.values():
            element.refuse("expected false: a command has the action's own name")
        self._layout.actions = frozenset(names) - overrides.absent

    def _alerts(self) -> None:
        names = [shape.name for shape in self._model.formats]
        overrides = overrides_of(self._top, "alerts", names, "path")
        for name in names:
            if name in overrides.absent:
                continue
            element = overrides.elements.get(name, Element({}, f"format {name!r}"))
            path = self._place(element, name, "alert/")
            self._is_free(path, element, chosen=True)
            self._layout.alerts[path] = (name, codec_of(element) or JSON)

    def _place(self, element: Element, name: str, prefix: str = "") -> Path:
        """Return the path of an element: as the binding says, or by its name."""
        default = name.replace("%", "%25").replace("?", "%3F")
        return self._below(element.text("path") or prefix + default, element)

    def _below(self, path: str, element: Element) -> Path:
        """Return the whole path of something."""
        below = not path.startswith("/")
        whole = f"{self._base}/{path}" if below else path
        return self._path(whole, element)

    def _is_free(self, path: Path, element: Element, *, chosen: bool) -> bool:
        """Whether a path is not the one of the commands; one that is must not be."""
        if path != self._layout.commands:
            return True
        if chosen:
            element.refuse("this is the path of the commands", "path")
        return False

    @staticmethod
    def _path(path: str, element: Element) -> Path:
        """Return the segments of a path."""
        try:
            segments, query = split_path(path)
        except ValueError as err:
            element.refuse(f"expected a path: {err}")
        if query or not segments:
            element.refuse("expected a path without a query")
        return tuple(segments)
