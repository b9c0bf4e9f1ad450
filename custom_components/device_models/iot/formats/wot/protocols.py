"""What forms say that is particular to CoAP, MQTT and HTTP, as tables.

The binding templates (https://www.w3.org/TR/wot-binding-templates/) and their documents
for CoAP (``cov:``), MQTT (``mqv:``) and HTTP (``htv:``); older spellings are known too.
"""

from collections.abc import Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from ...media_types import bare_media_type
from ...values import JsonValue
from .forms import STREAM, Form, term_of
from .reading import unsupported

MAX_SEGMENT_BYTES: Final = 255
"""RFC 7252 §5.10: of a part of a path or a query."""

MAX_TOPIC_BYTES: Final = 65_535
"""MQTT 5 §1.5.4."""

HTTP_PUSH: Final = ("longpoll", "sse")
"""The subprotocols by which an HTTP server tells by itself."""

WEB_THING: Final = "webthing"
"""The subprotocol of a WebSocket that speaks the Web Thing API."""

SOCKETS: Final = frozenset({"ws", "wss"})

TOLD: Final = frozenset({"observeproperty", "observeallproperties", "subscribeevent"})
"""The operations that have something told."""

ASKED: Final = frozenset({"readproperty", "readallproperties", "queryaction"})
"""Those that ask for something."""

FILTER_TERMS: Final = ("mqv:filter", "mqtt:filter")
TOPIC_TERMS: Final = ("mqv:topic", "mqtt:topic")


def coap_path(form: Form, _operation: str) -> str:
    """Return the path of a CoAP form.

    Raises:
        Unsupported: CoAP cannot send it.

    """
    way, _, query = form.place.path.partition("?")
    try:
        segments = [unquote(part, errors="strict") for part in way.split("/")]
        parts = [
            *segments,
            *(unquote(one, errors="strict") for one in query.split("&")),
        ]
    except UnicodeDecodeError:
        unsupported(form.element, "the path is not UTF-8", "href")
    if {".", ".."} & {*segments}:
        unsupported(form.element, "'.' and '..' are no names of resources", "href")
    if any(len(part.encode()) > MAX_SEGMENT_BYTES for part in parts):
        problem = f"a part of the path is longer than {MAX_SEGMENT_BYTES} bytes"
        unsupported(form.element, problem, "href")
    return form.place.path


def mqtt_topic(form: Form, operation: str) -> str:
    """Return the topic of an MQTT form, after a slash: it is not below a base topic.

    It is a term of its own; older files have it as the path of the reference.

    Raises:
        Unsupported: there is none, it stands for many topics, or has arguments in it.

    """
    if form.place.open:
        unsupported(form.element, "a topic has no arguments", "href")
    terms = FILTER_TERMS, TOPIC_TERMS
    if operation in {"writeproperty", "invokeaction", "writemultipleproperties"}:
        terms = TOPIC_TERMS, FILTER_TERMS
    spelled = [form.element.content.get(term) for pair in terms for term in pair]
    spelled.append(unquote(form.place.path.partition("?")[0][1:]))
    topics = next(
        listed
        for one in spelled
        if (listed := one if isinstance(one, list) else [one]) and listed[0] is not None
    )
    for topic in topics:
        if isinstance(topic, str) and is_topic(topic):
            return f"/{topic}"
    unsupported(form.element, "expected one topic without wildcards")


def is_topic(topic: str) -> bool:
    """Whether messages can be published to a topic (MQTT 5 §4.7)."""
    wild = any(sign in topic for sign in "+#\0")
    return bool(topic) and not wild and len(topic.encode()) <= MAX_TOPIC_BYTES


def http_url(form: Form, operation: str) -> str:
    """Return the URL of an HTTP form, or its path where it is relative to the file.

    Raises:
        Unsupported: a WebSocket is no place for the operation.

    """
    socket = form.place.scheme in SOCKETS
    if socket and operation in ASKED:
        unsupported(form.element, "nothing is asked for on a WebSocket", "href")
    if socket and operation not in TOLD and form.subprotocol != WEB_THING:
        problem = f"{operation} is not done on a WebSocket without {WEB_THING!r}"
        unsupported(form.element, problem, "subprotocol")
    return f"{form.place.address}{form.place.path}"


def http_way(form: Form) -> str:
    """Return how an HTTP server tells by itself at a form, or an empty text."""
    subprotocol = form.subprotocol
    if form.place.scheme in SOCKETS:
        return WEB_THING if subprotocol == WEB_THING else "ws"
    if not subprotocol and bare_media_type(form.element.text("contentType")) == STREAM:
        return "sse"
    return subprotocol if subprotocol in HTTP_PUSH else ""


METHODS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "read": ("GET", "FETCH", "POST"),
    "write": ("PUT", "POST", "PATCH", "IPATCH"),
    "invoke": ("POST", "PUT", "PATCH", "IPATCH"),
}
"""Those that a CoAP layout may name, by the beginnings of operations."""

HTTP_METHODS_OF: Final = {
    "read": ("GET", "POST"),
    "write": ("PUT", "POST", "PATCH"),
    "invoke": ("POST", "PUT", "PATCH", "GET", "DELETE"),
    "cancel": ("DELETE",),
    "un": ("GET", "POST", "PUT", "DELETE"),
}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol, and how the layout of its connection is made of forms."""

    name: str
    place: str
    """What the layout calls the place of an element."""
    schemes: frozenset[str]
    """An empty one is that of a reference relative to where the file is from."""
    locate: Callable[[Form, str], str]
    """Returns the place for an operation; raises Unsupported."""
    reading: tuple[str, ...] = ("readproperty", "observeproperty")
    """The operations that give a value, the best one first."""
    reading_all: tuple[str, ...] = ("readallproperties", "observeallproperties")
    methods: Mapping[str, str] = field(default_factory=dict)
    """The default ones by operation; GET for all others."""
    known: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: METHODS_OF)
    """What a layout may name, by what an operation does."""
    securities: AbstractSet[str] | None = None
    """The schemes that can be met; None where that is not the layout's business."""
    way: Callable[[Form], str] | None = None
    """Returns how something is told by itself at a form, where a layout says that."""
    contents: bool = False
    """Whether images are fetched over it."""
    elsewhere: bool = False
    """Whether forms at other addresses than most can be used."""
    terms: tuple[str, ...] = ()
    """Under which a form may say another one."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """What methods are called instead of their names."""
    also: Mapping[str, JsonValue] = field(default_factory=dict)
    """What else the layout says, so that nothing is guessed."""

    def method(self, form: Form, operation: str) -> str:
        """Return the method of an operation; empty where it is the default one."""
        spelled = term_of(form.element, self.terms).upper()
        spelled = self.codes.get(spelled, spelled)
        return "" if spelled == self.methods.get(operation, "GET") else spelled


METHODS: Final = {
    "writeproperty": "PUT",
    "writemultipleproperties": "PUT",
    "invokeaction": "POST",
    "cancelaction": "DELETE",
}
"""The same ones for CoAP and HTTP."""

COAP_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "IPATCH")
"""RFC 7252 §12.1.1 and RFC 8132: by their codes, from 0.01 on."""

PROTOCOLS: Final = (
    Protocol(
        name="coap",
        place="path",
        schemes=frozenset({"coap", "coaps", ""}),
        locate=coap_path,
        methods=METHODS,
        contents=True,
        terms=(
            "cov:method", "cov:methodName", "coap:method", "coap:methodName",
            "cov:methodCode", "coap:methodCode",
        ),
        codes={
            code: method
            for number, method in enumerate(COAP_METHODS, start=1)
            for code in (f"{number}", f"0.0{number}")
        },
    ),
    Protocol(
        name="mqtt",
        place="topic",
        schemes=frozenset({"mqtt", "mqtts"}),
        locate=mqtt_topic,
        reading=("observeproperty", "readproperty"),
        reading_all=("observeallproperties", "readallproperties"),
        also={"availability": False},
    ),
    Protocol(
        name="http",
        place="url",
        schemes=SOCKETS | {"http", "https", ""},
        locate=http_url,
        methods=METHODS,
        known=HTTP_METHODS_OF,
        securities=frozenset(
            {"nosec", "auto", "basic", "digest", "bearer", "apikey", "oauth2"}
        ),
        way=http_way,
        contents=True,
        elsewhere=True,
        terms=("htv:methodName", "http:methodName"),
    ),
)  # fmt: skip
