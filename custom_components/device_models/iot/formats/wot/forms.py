"""Forms: how an interaction is carried out (Thing Description 1.1 §5.3.4.2)."""

from collections.abc import Collection, Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from ...media_types import bare_media_type, codec_name, image_type
from ...reading import Element
from ..typed import MAX_ELEMENTS
from .places import Place, place_of
from .reading import Reading, Unsupported, texts_of, unsupported

OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "properties": (
        "readproperty", "writeproperty", "observeproperty", "unobserveproperty",
    ),
    "actions": ("invokeaction", "queryaction", "cancelaction"),
    "events": ("subscribeevent", "unsubscribeevent"),
    "": (
        "readallproperties", "writeallproperties", "readmultipleproperties",
        "writemultipleproperties", "observeallproperties", "unobserveallproperties",
        "subscribeallevents", "unsubscribeallevents", "queryallactions",
    ),
}  # fmt: skip
"""By the kind of affordance, what a form may be for; last those of the Thing itself."""

DEFAULT_OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "properties": ("readproperty", "writeproperty"),
    "actions": ("invokeaction",),
    "events": ("subscribeevent", "unsubscribeevent"),
}
"""§5.4, of a form that does not say."""

PUSHED: Final[Mapping[str, str]] = {
    "properties": "observeproperty",
    "": "observeallproperties",
}
"""What a form is for, too, that does not say, and has a subprotocol for it."""

CONTROL_PACKETS: Final[Mapping[str, AbstractSet[str]]] = {
    "publish": {"writeproperty", "invokeaction"},
    "subscribe": {"readproperty", "subscribeevent"},
}
"""What an MQTT form is for that says what is sent, and not what for."""

ALL_OPERATIONS: Final = frozenset(op for ops in OPERATIONS.values() for op in ops)

PACKET_TERMS: Final = ("mqv:controlPacket", "mqtt:controlPacket")

JSON_TYPE: Final = "application/json"
"""§5.4, of a form that does not say."""

READING: Final = frozenset({"readproperty", "observeproperty"})
"""The operations that give a property."""

STREAM: Final = "text/event-stream"
"""What each event of a stream (subprotocol "sse") has in it is JSON."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to carry out some operations."""

    element: Element
    place: Place
    operations: frozenset[str]
    format: str
    """The name of the codec of what is sent."""
    answer: str
    """The name of the codec of what comes back, which is mostly the same."""
    content: str = ""
    """The media type of what comes back, if that is an image; nothing else counts then
    but what is asked for."""
    security: tuple[str, ...] = ()
    """The names of its own security definitions, if it has any."""

    @property
    def subprotocol(self) -> str:
        """How the Thing tells by itself, such as ``longpoll`` or ``cov:observe``."""
        return self.element.text("subprotocol")


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of one affordance."""

    usable: tuple[Form, ...] = ()
    operations: frozenset[str] = frozenset()
    """Those of all forms, usable or not."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a Thing says for all of its forms."""

    base: str
    schemes: Mapping[str, Element]
    """The security definitions by their names."""
    variables: Mapping[str, Element]


def read_forms(
    element: Element, kind: str, frame: Frame, reading: Reading
) -> Forms | None:
    """Return the forms of an affordance, or of the Thing itself; None without any.

    Args:
        element: the affordance.
        kind: ``properties``, ``actions``, ``events``, or an empty text for the Thing.
        frame: what holds for all forms.
        reading: where remarks go.

    Raises:
        Unusable: they are not valid.
        Unsupported: none of them can be used: contents that are not read, variables
            without a value.

    """
    listed = [
        Element.of(value, where)
        for where, value in element.items("forms", limit=MAX_ELEMENTS)
    ]
    if reading.model:
        listed = [form for form in listed if _is_complete(form, kind, reading)]
    if not listed:
        if kind and not reading.model:
            element.refuse("expected at least one form", "forms")
        return None
    variables = {**frame.variables, **variables_of(element)}
    usable: list[Form] = []
    operations: set[str] = set()
    hindrances: list[Unsupported] = []
    for form in listed:
        security = check_security(form, frame.schemes)
        found = _operations(form, kind, reading)
        operations |= found
        try:
            called = "invokeaction" in found
            place = place_of(form, frame.base, variables, may_be_open=called)
            content = _content(form, found)
            codec, answer = ("", "") if content else _formats(form)
        except Unsupported as err:
            hindrances.append(err)
        else:
            usable.append(Form(form, place, found, codec, answer, content, security))
    if hindrances and not (usable or reading.model) and kind:
        problem = f"no form can be used: {hindrances[0].problem}"
        raise Unsupported(element.where, problem)
    for one in hindrances:
        reading.remarks.add(one.where, f"the form is not used: {one.problem}")
    return Forms(tuple(usable), frozenset(operations))


def _is_complete(form: Element, kind: str, reading: Reading) -> bool:
    """Whether a form of a Thing Model has what it needs (§10.3: it need not)."""
    needed = ("href",) if kind else ("href", "op")
    missing = [key for key in needed if key not in form.content]
    for key in missing:
        reading.remarks.add(form.at(key), "the form is not used: it is left open")
    return not missing


def variables_of(element: Element) -> dict[str, Element]:
    """Return the URI variables of an affordance, or of the Thing."""
    listed = element.object("uriVariables")
    return {name: listed.object(name) for name in listed.content}


def check_security(element: Element, schemes: Collection[str]) -> tuple[str, ...]:
    """Return the names of the security definitions that an element refers to.

    Raises:
        Unusable: there is no such definition.

    """
    names = texts_of(element, "security")
    for name in names:
        if name not in schemes:
            element.refuse(f"there is no definition {name[:40]!r}", "security")
    return names


def _operations(form: Element, kind: str, reading: Reading) -> frozenset[str]:
    """Return what a form is for.

    Raises:
        Unusable: it is for what its affordance has not got.

    """
    spelled = texts_of(form, "op")
    if not spelled:
        spelled = DEFAULT_OPERATIONS.get(kind, ())
        packet = term_of(form, PACKET_TERMS).removeprefix("mqv:").lower()
        wanted = CONTROL_PACKETS.get(packet, frozenset())
        spelled = tuple(op for op in spelled if op in wanted) or spelled
        if kind in PUSHED and form.text("subprotocol"):
            spelled = (*spelled, PUSHED[kind])
    if not spelled:
        form.refuse("expected what the form is for", "op")
    for op in spelled:
        if op in OPERATIONS[kind]:
            continue
        if op in ALL_OPERATIONS:
            about = f"one of the {kind}" if kind else "the Thing"
            form.refuse(f"{op} is no operation of {about}", "op")
        reading.remarks.add(form.at("op"), f"the operation {op[:40]!r} is not known")
    return frozenset(spelled)


def term_of(form: Element, terms: Iterable[str]) -> str:
    """Return the text of the first of several terms that a form has."""
    for term in terms:
        value = form.content.get(term)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value).strip()
    return ""


def _content(form: Element, operations: frozenset[str]) -> str:
    """Return the media type of the image that a form is answered with, if it is."""
    answer = form.object("response")
    spelled = answer.text("contentType") or form.text("contentType")
    coded = form.text("contentCoding") or answer.text("contentCoding")
    if coded or not READING & operations:
        return ""
    return image_type(spelled) or ""


def _formats(form: Element) -> tuple[str, str]:
    """Return the codecs of what is sent, and of what comes back.

    Raises:
        Unsupported: there is none for it.

    """
    answer = form.object("response")
    for one in (form, answer):
        if one.text("contentCoding"):
            unsupported(one, "compressed contents are not read", "contentCoding")
    sent = form.text("contentType") or JSON_TYPE
    return _codec(form, sent), _codec(answer, answer.text("contentType") or sent)


def _codec(element: Element, media_type: str) -> str:
    """Return the codec of a media type; its parameters make no difference to it."""
    bare = bare_media_type(media_type)
    codec = "json" if bare == STREAM else codec_name(bare)
    return codec or unsupported(
        element, f"contents of {bare[:60]!r} are not read", "contentType"
    )
