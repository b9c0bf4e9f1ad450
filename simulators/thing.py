"""A Thing as a simulated device serves it over one protocol.

Where the Thing Description has forms for the protocol, the elements are there; the
others are where the Thing Description that is served says. Thing Description 1.1 §5.3.4
(forms) and §5.4 (defaults), RFC 3986 §5 (references), the binding templates for what is
particular to a protocol.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

from custom_components.device_models.iot.model import DeviceModel
from custom_components.device_models.iot.values import JsonValue

from .behaviour import Alert
from .payloads import Media

CONTEXT: Final = "https://www.w3.org/2022/wot/td/v1.1"

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "properties": ("readproperty", "writeproperty"),
    "actions": ("invokeaction",),
    "events": ("subscribeevent", "unsubscribeevent"),
}
"""What a form is for that does not say (§5.4)."""

REPLACED: Final = {
    "base", "security", "securityDefinitions", "forms", "links", *OPERATIONS,
}  # fmt: skip
"""What of a Thing Description is about where the Thing really is."""

METHODS: Final[Mapping[str, str]] = {
    "writeproperty": "PUT",
    "writemultipleproperties": "PUT",
    "writeallproperties": "PUT",
    "invokeaction": "POST",
}
"""By operation, in CoAP and HTTP; GET for the others."""

MEDIA_TYPES: Final[Mapping[str, Media]] = {
    "application/json": Media.JSON,
    "application/cbor": Media.CBOR,
    "application/senml+json": Media.SENML_JSON,
    "text/plain": Media.TEXT,
    "image/png": Media.PNG,
    "text/event-stream": Media.JSON,
}
"""What each event of a stream has in it is JSON."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """What forms say that is particular to one protocol."""

    names: frozenset[str]
    method_terms: tuple[str, ...] = ()
    methods: Mapping[str, str] = field(default_factory=dict)
    """By what a form may call them instead of their names."""
    place_terms: tuple[str, ...] = ()
    """Where a form says its place, if that is not in its reference."""
    pushes: Mapping[str, str] = field(default_factory=dict)
    """What a form says, too, by which the Thing tells by itself."""
    writes_to: str = ""
    """What the place of a property ends with where it is written."""


COAP: Final = Scheme(
    frozenset({"coap", "coaps", "coap+tcp", "coaps+tcp", "coap+ws", "coaps+ws"}),
    ("cov:method", "cov:methodName", "coap:method", "coap:methodCode"),
    {
        code: name
        for number, name in enumerate(
            ("GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "IPATCH"), 1
        )
        for code in (f"{number}", f"0.0{number}")
    },
    pushes={"subprotocol": "cov:observe"},
)
MQTT: Final = Scheme(
    frozenset({"mqtt", "mqtts"}),
    place_terms=("mqv:topic", "mqv:filter", "mqtt:topic", "mqtt:filter"),
    writes_to="/set",
)
HTTP: Final = Scheme(
    frozenset({"http", "https"}),
    ("htv:methodName", "http:methodName"),
    pushes={"subprotocol": "sse"},
)


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is served."""

    content: Mapping[str, Any]
    path: str
    """With a leading slash, without a query; over MQTT, the topic after a slash."""
    reference: str
    """The same with the query, and a template of it, as in a reference."""
    media: Media

    def operations(self, kind: str) -> tuple[str, ...]:
        """Return what it is for, by the kind of affordance."""
        spelled = self.content.get("op", OPERATIONS.get(kind, ()))
        return (spelled,) if isinstance(spelled, str) else tuple(spelled)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an element, and where it is."""

    kind: str
    """``properties``, ``actions``, ``events``; empty for the Thing itself."""
    name: str
    op: str
    path: str
    method: str
    media: Media
    content: Mapping[str, Any] = field(default_factory=dict)
    """The form."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A Thing Description, and the model that the device has of it."""

    document: Mapping[str, Any]
    model: DeviceModel
    scheme: Scheme
    base: str = ""
    """Below which the elements are that have no form for the protocol."""

    def operations(self) -> Iterator[Operation]:
        """Yield every operation that is served."""
        for kind, name, form in self._forms():
            for op in form.operations(kind):
                method = self._method(form, op)
                yield Operation(
                    kind, name, op, form.path, method, form.media, form.content
                )

    def description(self, address: str) -> dict[str, Any]:
        """Return the Thing Description whose forms are at an address.

        Nothing has to be known to be let in: a simulated device keeps no secret.
        """
        described: dict[str, Any] = {"@context": CONTEXT}
        described |= {
            key: value
            for key, value in self.document.items()
            if key not in REPLACED and not key.startswith("tm:")
        }
        described["title"] = self.document.get("title") or self.model.name
        if "tm:ThingModel" in str(described.get("@type")):
            described["@type"] = "Thing"
        described["securityDefinitions"] = {"none": {"scheme": "nosec"}}
        described["security"] = "none"
        for kind, name, form in self._forms():
            content = {**form.content, "href": f"{address}{form.reference}"}
            content.pop("security", None)
            if kind:
                elements = described.setdefault(kind, {})
                own = {**self._affordance(kind, name), "forms": []}
                elements.setdefault(name, own)["forms"].append(content)
            else:
                described.setdefault("forms", []).append(content)
        return described

    def _affordance(self, kind: str, name: str) -> Mapping[str, Any]:
        """Return what the Thing Description says of an element."""
        found: Mapping[str, Any] = self.document.get(kind, {}).get(name, {})
        return found

    def _forms(self) -> Iterator[tuple[str, str, Form]]:
        """Yield the forms that are served, of the Thing itself and of its elements."""
        for content in self.document.get("forms", []):
            if form := self._form(content):
                yield "", "", form
        elements = {
            "properties": [one.name for one in self.model.attributes],
            "actions": [one.name for one in self.model.actions],
            "events": [one.name for one in self.model.formats],
        }
        for kind, names in elements.items():
            for name in names:
                affordance = self._affordance(kind, name)
                forms = [*filter(None, map(self._form, affordance.get("forms", [])))]
                for form in forms or self._default(kind, name, affordance):
                    yield kind, name, form

    def _default(
        self, kind: str, name: str, affordance: Mapping[str, Any]
    ) -> Iterator[Form]:
        """Yield the forms of an element that has none for this protocol."""
        place = f"{self.base}/{kind}/{quote(name, safe='')}"

        def form(*ops: str, at: str = place, **more: str) -> Form:
            return Form({"op": list(ops), **more}, at, at, Media.JSON)

        if kind != "properties":
            pushes = self.scheme.pushes if kind == "events" else {}
            yield form(*OPERATIONS[kind], **pushes)
            return
        if not affordance.get("writeOnly"):
            yield form("readproperty")
            yield form("observeproperty", "unobserveproperty", **self.scheme.pushes)
        if not affordance.get("readOnly"):
            yield form("writeproperty", at=f"{place}{self.scheme.writes_to}")

    def _form(self, content: Mapping[str, Any]) -> Form | None:
        """Return a form with its place; None if it is not served over this protocol."""
        scheme, rest = _apart(str(content.get("href") or ""))
        if not scheme and (base := self.document.get("base")):
            scheme, below = _apart(str(base))
            rest = urljoin(f"http:{below}", rest).removeprefix("http:")
        written = str(content.get("contentType") or "application/json")
        media = MEDIA_TYPES.get(written.partition(";")[0].strip().lower())
        # Variables of the query stand there for what no value depends on here.
        way, brace, template = rest.partition("{")
        placed = not brace or template[:1] in {"?", "&"}
        if media is None or not placed or (scheme and scheme not in self.scheme.names):
            return None
        parts = urlsplit(f"http:{way}")
        path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
        query = f"?{parts.query}" if parts.query else ""
        reference = f"{path}{query}{brace}{template}"
        for term in self.scheme.place_terms:
            if isinstance(topic := content.get(term), str):
                path = f"/{topic}"
        if self.scheme.place_terms and not _is_topic(path[1:]):
            return None
        return Form(content, path, reference, media)

    def _method(self, form: Form, op: str) -> str:
        """Return the method of an operation.

        One that a form names is for what it does; a form that reads and writes names
        the one it reads with.
        """
        usual = METHODS.get(op, "GET")
        for term in self.scheme.method_terms:
            if term in form.content:
                spelled = str(form.content[term]).upper()
                named = self.scheme.methods.get(spelled, spelled)
                return usual if op in METHODS and named in {"GET", "FETCH"} else named
        return usual


def _is_topic(topic: str) -> bool:
    """Whether something can be published to a topic (MQTT 5 §4.7)."""
    return bool(topic) and not set(topic) & set("+#")


def _apart(reference: str) -> tuple[str, str]:
    """Return the scheme of a reference, and the rest."""
    scheme, colon, rest = reference.partition(":")
    return (scheme.lower(), rest) if colon and "/" not in scheme else ("", reference)


def data_of(alert: Alert) -> JsonValue:
    """Return what an event has: an object, or the only value."""
    if alert.fields.keys() == {"value"}:
        return alert.fields["value"]
    return dict(alert.fields)
