"""Forms to layouts: where the elements are on the wire, by connection.

Each is as its connection reads it. What has no form for a protocol is false there:
nothing is guessed. ``address`` is where the file says that the device is, and
``addresses`` where else all of it is in the same way.

Of the forms for an operation the first one is used that the protocol has words for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...model import Action, Attribute
from ...reading import Element
from ...values import DataType, JsonValue
from .forms import Form, Forms
from .interactions import Affordance, Interactions
from .protocols import PROTOCOLS, SOCKETS, TOLD, Protocol
from .reading import Reading, Unsupported
from .security import unmet


def layouts_of(
    thing: Interactions, definitions: Mapping[str, Element], reading: Reading
) -> dict[str, JsonValue]:
    """Return the layouts of a Thing for all protocols that it has forms for.

    Args:
        thing: what has forms.
        definitions: of its security, by their names.
        reading: where remarks go.

    """
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
            layout = _Layout(protocol, address, definitions, reading)
            layouts[protocol.name] = layout.of(thing)
    return layouts


def _address(forms: Iterable[Form], protocol: Protocol, reading: Reading) -> str | None:
    """Return where most of the forms of a protocol are; None if it has no form.

    Of several addresses that are as frequent, the first.
    """
    own = [form for form in forms if form.place.scheme in protocol.schemes]
    if not own:
        return None
    counted = Counter(
        form.place.address
        for form in own
        if form.place.address and form.place.scheme not in SOCKETS
    )
    if not counted:
        return ""
    (address, _number), *others = counted.most_common()
    for other, _number in others if not protocol.elsewhere else ():
        where = next(one.element.where for one in own if one.place.address == other)
        message = f"forms at {other[:80]} are not used; most are at {address[:80]}"
        reading.remarks.add(where, message)
    return address


@dataclass(frozen=True, slots=True)
class _Layout:
    """The making of the layout of one protocol."""

    protocol: Protocol
    address: str
    definitions: Mapping[str, Element]
    reading: Reading

    def of(self, thing: Interactions) -> dict[str, JsonValue]:
        """Return the layout."""
        address: dict[str, JsonValue] = {}
        if self.address:
            address["address"] = self.address
        if self.protocol.elsewhere and (addresses := self._addresses(thing)):
            address["addresses"] = addresses
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
                one.element.name: self._alert(one.forms, thing.together)
                for one in thing.formats
            },
        }

    def _addresses(self, thing: Interactions) -> list[JsonValue]:
        """Return all addresses at which there is the same; none if there is only one.

        A server that does not know which of its networks it is asked on lists them all.
        """
        places: dict[str, set[tuple[str, frozenset[str]]]] = defaultdict(set)
        for form in thing.forms:
            if form.place.scheme in self.protocol.schemes:
                places[form.place.address].add((form.place.path, form.operations))
        here = places.get(self.address)
        same = [address for address, there in places.items() if there == here]
        return [*same] if len(same) > 1 else []

    def _find(self, forms: Forms | None, operations: Sequence[str]) -> _Found | None:
        """Return the first usable form for the first of some operations."""
        for operation in operations:
            for form in forms.usable if forms else ():
                here = form.place.scheme in self.protocol.schemes
                if not here or operation not in form.operations:
                    continue
                here = self.protocol.elsewhere or form.place.address == self.address
                if form.place.address and not here:
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
        protocol = self.protocol
        if form.content and not protocol.contents:
            message = f"images are not fetched over {protocol.name}"
            raise Unsupported(form.element.where, message)
        place = protocol.locate(form, operation)
        method = protocol.method(form, operation)
        writing = operation.startswith(("write", "invoke"))
        known = next(
            (
                methods
                for beginning, methods in protocol.known.items()
                if operation.startswith(beginning)
            ),
            protocol.known["read"],
        )
        if method and method not in known:
            message = f"the method {method[:20]!r} is not used for {operation}"
            raise Unsupported(form.element.where, message)
        if protocol.securities is not None:
            scheme = unmet(form.security, self.definitions, protocol.securities)
            if scheme:
                message = f"its security {scheme[:40]!r} cannot be met"
                raise Unsupported(form.element.where, message)
        codec = form.format if writing else form.answer
        return _Found(form, place, method, codec, operation)

    def _attribute(self, attribute: Attribute, forms: Forms | None) -> JsonValue:
        """Return the place of a property."""
        if attribute.media_type:
            return self._image(attribute, forms)
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
        if read and read.operation in TOLD and self._way(read.form):
            layout["poll"] = False  # it comes by itself only
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

    def _image(self, attribute: Attribute, forms: Forms | None) -> JsonValue:
        """Return the place of a property that is an image."""
        usable = forms.usable if forms else ()
        images = Forms(tuple(form for form in usable if form.content))
        found = self._find(images, ("readproperty",))
        if found is None:
            return False
        layout = self._entry(found)
        del layout["format"]
        layout["content"] = found.form.content
        self._pushed(layout, found, forms, attribute)
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
        if self.protocol.way is not None:
            layout |= self._told(forms, "observeproperty", "unobserveproperty", read)
            return
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

    def _way(self, form: Form) -> str:
        """Return how something is told by itself at a form, or an empty text."""
        return self.protocol.way(form) if self.protocol.way else ""

    def _told(
        self, forms: Forms | None, operation: str, end: str, read: _Found | None = None
    ) -> dict[str, JsonValue]:
        """Return how, and where, an HTTP server tells of something by itself.

        Args:
            forms: of what is told.
            operation: that has it told.
            end: the operation that ends that.
            read: where the layout is.

        """
        usable = forms.usable if forms else ()
        telling = tuple(form for form in usable if self._way(form))
        found = self._find(Forms(telling), (operation,))
        if found is None:
            if other := self._find(forms, (operation,)):
                subprotocol = other.form.subprotocol[:40]
                message = f"expected longpoll or sse, got {subprotocol!r}"
                where = other.form.element.at("subprotocol")
                self.reading.remarks.add(where, message)
            return {"observe": False}
        layout: dict[str, JsonValue] = {"observe": self._way(found.form)}
        if read is not None and found.place != read.place:
            layout["observe_url"] = found.place
        ended = self._find(forms, (end,))
        if ended and ended.form.place.scheme not in SOCKETS and ended.method:
            layout["end"] = {"url": ended.place, "method": ended.method}
        return layout

    def _action(self, one: Affordance[Action]) -> JsonValue:
        """Return the place of an action."""
        found = self._find(one.forms, ("invokeaction",))
        if found is None:
            return False
        layout = self._entry(found) | ({"bare": True} if one.bare else {})
        for operation, key in (("queryaction", "query"), ("cancelaction", "cancel")):
            if further := self._find(one.forms, (operation,)):
                layout[key] = further.place
        return layout

    def _alert(self, forms: Forms | None, together: Forms) -> JsonValue:
        """Return the place of an event: its own, or that of all events."""
        if self.protocol.way is None:
            found = self._find(forms, ("subscribeevent",))
            return False if found is None else self._entry(found.plain)
        for those, operation, end in (
            (forms, "subscribeevent", "unsubscribeevent"),
            (together, "subscribeallevents", "unsubscribeallevents"),
        ):
            if found := self._find(those, (operation,)):
                layout = self._entry(found.plain)
                told = self._told(those, operation, end, found)
                if told["observe"]:
                    return layout | told
        return False

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
        elif self.protocol.way is not None:
            end = "unobserveallproperties"
            layout |= self._told(forms, "observeallproperties", end, read)
            if read.operation in TOLD:
                layout["poll"] = False
        return layout | (self._written(write, read) if write else {})


class _Found(NamedTuple):
    """What a layout says of a form."""

    form: Form
    place: str
    method: str
    """Empty where it is the default one."""
    codec: str
    operation: str

    @property
    def plain(self) -> _Found:
        """It without its method, which is of another operation than the place's."""
        return self._replace(method="")
