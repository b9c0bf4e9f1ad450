"""Forms to layouts: where the elements are on the wire, by connection.

``coap`` and ``mqtt`` are as their connections read them. ``http`` is like them:

``attributes``: by name, false for none, or ``{url, method, format, observe,
observe_url, read, write, write_method, write_format, times}``; ``observe`` is how the
device tells by itself (``longpoll``, ``sse``), ``observe_url`` where, if elsewhere.
``actions`` and ``alerts``: by name, false for none, or ``{url, method, format}``; an
action also ``bare``, an alert ``observe``.
``state``: false for none, or ``{url, method, format, write, write_method, observe}``.

What has no form for a protocol is false there: nothing is guessed. ``address`` is where
the file says that the device is.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ...model import Action, Attribute, Format
from ...values import DataType, JsonValue
from .forms import Form, Forms
from .protocols import PROTOCOLS, Protocol
from .reading import Reading, Unsupported

HTTP_PUSH: Final = ("longpoll", "sse")
"""The subprotocols of HTTP that a layout has words for."""

CALL_METHODS: Final = ("POST", "PUT", "PATCH", "IPATCH")
WRITE_METHODS: Final = ("PUT", "POST", "PATCH", "IPATCH")
READ_METHODS: Final = ("GET", "FETCH", "POST")
"""What a layout may name."""


class Affordance[T: (Attribute, Action, Format)](NamedTuple):
    """An element, and its forms; None where the file has none."""

    element: T
    forms: Forms | None
    bare: bool = False
    """Whether the only argument of an action is sent as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Everything of a Thing that has forms."""

    attributes: tuple[Affordance[Attribute], ...]
    actions: tuple[Affordance[Action], ...]
    formats: tuple[Affordance[Format], ...]
    together: Forms = field(default_factory=Forms)
    """Those of the Thing itself."""

    @property
    def forms(self) -> list[Form]:
        """The usable forms, in the order of the file."""
        each = [
            *(one.forms for one in self.attributes),
            *(one.forms for one in self.actions),
            *(one.forms for one in self.formats),
        ]
        listed = [forms.usable for forms in each if forms]
        return [form for forms in (self.together.usable, *listed) for form in forms]


def layouts_of(thing: Interactions, reading: Reading) -> dict[str, JsonValue]:
    """Return the layouts of a Thing for all protocols that it has forms for."""
    layouts: dict[str, JsonValue] = {}
    known = frozenset().union(*(protocol.schemes for protocol in PROTOCOLS))
    others = {
        form.place.scheme: form.element
        for form in reversed(thing.forms)
        if form.place.scheme not in known
    }
    for scheme, element in others.items():
        where, message = element.at("href"), f"{scheme} is not spoken here"
        reading.remarks.add(where, message)
    for protocol in PROTOCOLS:
        address = _address(thing.forms, protocol, reading)
        if address is not None:
            layouts[protocol.name] = _Layout(protocol, address, reading).of(thing)
    return layouts


def _address(forms: Iterable[Form], protocol: Protocol, reading: Reading) -> str | None:
    """Return where most of the forms of a protocol are; None if it has no form.

    Of several addresses that are as frequent, the first.
    """
    own = [form for form in forms if form.place.scheme in protocol.schemes]
    if not own:
        return None
    counted = Counter(form.place.address for form in own if form.place.address)
    if not counted:
        return ""
    (address, _number), *others = counted.most_common()
    for other, _number in others:
        where = next(one.element.where for one in own if one.place.address == other)
        message = f"forms at {other[:80]} are not used; most are at {address[:80]}"
        reading.remarks.add(where, message)
    return address


@dataclass(frozen=True, slots=True)
class _Layout:
    """The making of the layout of one protocol."""

    protocol: Protocol
    address: str
    reading: Reading

    def of(self, thing: Interactions) -> dict[str, JsonValue]:
        """Return the layout."""
        address = {"address": self.address} if self.address else {}
        return {
            **address,
            **self.protocol.also,
            "state": self._state(thing.together),
            "attributes": {
                one.element.name: self._attribute(one.element, one.forms)
                for one in thing.attributes
            },
            "actions": {one.element.name: self._action(one) for one in thing.actions},
            "alerts": {
                one.element.name: self._alert(one.forms) for one in thing.formats
            },
        }

    def _find(self, forms: Forms | None, operations: Sequence[str]) -> _Found | None:
        """Return the first usable form for the first of some operations."""
        for operation in operations:
            for form in forms.usable if forms else ():
                here = form.place.scheme in self.protocol.schemes
                if not here or operation not in form.operations:
                    continue
                if form.place.address not in {self.address, ""}:
                    continue
                try:
                    return self._found(form, operation)
                except Unsupported as err:
                    message = f"the form is not used: {err.problem}"
                    self.reading.remarks.add(err.where, message)
        return None

    def _found(self, form: Form, operation: str) -> _Found:
        """Return what a layout says of a form.

        Raises:
            Unsupported: it has no words for it.

        """
        place = self.protocol.locate(form, operation)
        method = self.protocol.method(form, operation)
        writing = operation.startswith("write")
        known = WRITE_METHODS if writing else READ_METHODS
        if operation == "invokeaction":
            known = CALL_METHODS
        if method and method not in known:
            message = f"the method {method[:20]!r} is not used for {operation}"
            raise Unsupported(form.element.where, message)
        codec = form.format if writing or operation == "invokeaction" else form.answer
        return _Found(form, place, method, codec)

    def _attribute(self, attribute: Attribute, forms: Forms | None) -> JsonValue:
        """Return the place of a property."""
        leaves = [leaf for _path, leaf in attribute.leaves()]
        read = write = None
        if any(leaf.readable for leaf in leaves):
            read = self._find(forms, self.protocol.reading)
        if any(leaf.writable for leaf in leaves):
            write = self._find(forms, ("writeproperty",))
        best = read or write
        if best is None:
            return False
        layout = self._entry(best if read else best.plain)
        if any(leaf.type is DataType.DATETIME for leaf in leaves) and write:
            layout["times"] = "iso"  # JSON Schema, "date-time"
        if read:
            self._pushed(layout, read, forms, attribute)
        else:
            layout["read"] = False
        if write:
            layout |= self._written(write, best)
        elif any(leaf.writable for leaf in leaves):
            layout["write"] = False
        return layout

    def _entry(self, found: _Found) -> dict[str, JsonValue]:
        """Return what is said of every place."""
        layout: dict[str, JsonValue] = {
            self.protocol.place: found.place,
            "format": found.codec,
        }
        if found.method:
            layout["method"] = found.method
        return layout

    @staticmethod
    def _written(write: _Found, best: _Found) -> dict[str, JsonValue]:
        """Return what is said of writing."""
        layout: dict[str, JsonValue] = {"write": write.place}
        if write.method:
            layout["write_method"] = write.method
        if write.codec != best.codec:
            layout["write_format"] = write.codec
        return layout

    def _pushed(
        self,
        layout: dict[str, JsonValue],
        read: _Found,
        forms: Forms | None,
        attribute: Attribute,
    ) -> None:
        """Add whether, and how, the device tells of a property by itself."""
        observed = self._find(forms, ("observeproperty",))
        match self.protocol.name:
            case "coap" if observed and observed.place != read.place:
                message = "a property is observed where it is read, or not at all"
                self.reading.remarks.add(observed.form.element.where, message)
                layout["observe"] = False
            case "coap":
                elsewhere = forms is not None and "observeproperty" in forms.operations
                layout["observe"] = bool(observed) or (
                    attribute.observable and not elsewhere
                )
            case "http" if observed:
                layout |= self._http_push(observed)
                if "observe" in layout and observed.place != read.place:
                    layout["observe_url"] = observed.place

    def _http_push(self, found: _Found) -> dict[str, JsonValue]:
        """Return how an HTTP server tells of something by itself."""
        if (subprotocol := found.form.subprotocol) in HTTP_PUSH:
            return {"observe": subprotocol}
        message = f"expected one of {', '.join(HTTP_PUSH)}, got {subprotocol[:40]!r}"
        self.reading.remarks.add(found.form.element.at("subprotocol"), message)
        return {}

    def _action(self, one: Affordance[Action]) -> JsonValue:
        """Return the place of an action."""
        found = self._find(one.forms, ("invokeaction",))
        if found is None:
            return False
        return self._entry(found) | ({"bare": True} if one.bare else {})

    def _alert(self, forms: Forms | None) -> JsonValue:
        """Return the place of an event."""
        found = self._find(forms, ("subscribeevent",))
        if found is None:
            return False
        layout = self._entry(found.plain)
        return layout | (self._http_push(found) if self.protocol.name == "http" else {})

    def _state(self, forms: Forms) -> JsonValue:
        """Return the place of all properties at once."""
        read = self._find(forms, self.protocol.reading_all)
        write = self._find(forms, ("writemultipleproperties",))
        if read is None or (write and write.codec != read.codec):
            if write:
                message = "several properties are not written where none are read"
                self.reading.remarks.add(write.form.element.where, message)
                write = None
            if read is None:
                return False
        layout = self._entry(read)
        observed = self._find(forms, ("observeallproperties",))
        if self.protocol.name == "coap":
            layout["observe"] = observed is not None and observed.place == read.place
        elif self.protocol.name == "http" and observed:
            layout |= self._http_push(observed)
        return layout | (self._written(write, read) if write else {})


class _Found(NamedTuple):
    """What a layout says of a form."""

    form: Form
    place: str
    method: str
    """Empty where it is the default one."""
    codec: str

    @property
    def plain(self) -> _Found:
        """It without its method, which is of another operation than the place's."""
        return self._replace(method="")
