"""From what a Homie device publishes to one description, in the form of version 5."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import Final, NoReturn

from ...errors import ModelError
from ...metadata import MAX_TEXT, SOFTWARE_VERSION, Metadata
from ...reading import Element, Unusable
from ...values import JsonValue
from ..parsing import parse
from ..typed import MAX_ELEMENTS

SIGNS: Final = ("$description", "$homie")
"""The attributes that begin a device, in the order in which they count."""

VERSION: Final = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}", re.ASCII)

VERSIONS: Final = ("3", "4", "5")
"""The major versions that are read. Those before 3 name their properties otherwise."""

PREFIX: Final = "homie/5/"
"""The root topic of the convention, for devices that do not say where they are."""

NODE_TEXTS: Final = ("name", "type")
PROPERTY_TEXTS: Final = ("name", "datatype", "format", "unit")
PROPERTY_FLAGS: Final = ("settable", "retained")
"""The attributes of version 3 and 4 that have the same names in version 5."""

METADATA: Final = {
    "$fw/version": SOFTWARE_VERSION,
    "$mac": "mac",
    "$fw/name": "firmware",
}
"""Attributes of version 3, and of the extension "legacy firmware" of version 4."""

WORDS: Final = {"true": True, "false": False}
"""Version 4, "Payload": the case counts."""


@dataclass(frozen=True, slots=True)
class Described:
    """The description of one device."""

    element: Element
    """As in ``$description`` of version 5."""
    id: str = ""
    prefix: str = PREFIX
    """What all topics of this device and its relatives begin with."""
    metadata: Metadata = field(default_factory=dict)
    """What versions 3 and 4 say of the one device."""
    problems: tuple[tuple[str, str], ...] = ()
    """What was not understood on the way: the place, and why."""

    @property
    def is_version_5(self) -> bool:
        """Whether the device keeps to version 5 of the convention."""
        return str(self.element.content.get("homie", "")).partition(".")[0] == "5"


def recognises(document: JsonValue) -> bool:
    """Whether a document is what a Homie device says of itself."""
    if not isinstance(document, Mapping):
        return False
    version = document.get("homie")
    if isinstance(version, str | float | int) and VERSION.fullmatch(str(version)):
        return True
    return any(key.rpartition("/")[2] in SIGNS for key in document)


def description_of(document: JsonValue) -> Described:
    """Return the description of a device.

    Raises:
        Unusable: there is none, or there are several, or it is of another version.

    """
    top = Element.of(document, "")
    if "homie" in top.content:
        described = Described(top)
    else:
        base = _base(top)
        published = {
            key.removeprefix(base): _as_text(value)
            for key, value in top.content.items()
            if key.startswith(base)
        }
        prefix, _, device = base.rstrip("/").rpartition("/")
        element, problems = _published(published)
        prefix = f"{prefix}/" if prefix else ""
        metadata = {
            key: text[:MAX_TEXT]
            for topic, key in METADATA.items()
            if (text := published.get(topic, "").strip())
        }
        described = Described(element, device, prefix, metadata, problems)
    version = str(described.element.content.get("homie", ""))
    if version.partition(".")[0] not in VERSIONS:
        expected = f"expected a version from {VERSIONS[0]} to {VERSIONS[-1]}"
        described.element.refuse(f"{expected}, got {version[:20]!r}", "homie")
    return described


def _base(top: Element) -> str:
    """Return what the topics of the only device begin with; perhaps nothing."""
    bases = {
        key.removesuffix(sign)
        for key in top.content
        for sign in SIGNS
        if key.rpartition("/")[2] == sign
    }
    if len(bases) > 1:
        devices = ", ".join(sorted(base.rstrip("/") for base in bases))
        top.refuse(f"expected the topics of one device, got those of {devices}"[:200])
    return bases.pop()


def _published(
    topics: Mapping[str, str],
) -> tuple[Element, tuple[tuple[str, str], ...]]:
    """Return the description among the topics of a device, and what is amiss."""
    if (text := topics.get("$description")) is not None:
        return _parsed(text), ()
    problems: list[tuple[str, str]] = []
    nodes: dict[str, JsonValue] = {}
    for node in _ids(topics.get("$nodes", "")):
        if node.endswith("[]"):
            problems.append((node, "arrays of nodes are not read"))
            continue
        properties: dict[str, JsonValue] = {
            name: _property(topics, f"{node}/{name}/")
            for name in _ids(topics.get(f"{node}/$properties", ""))
        }
        nodes[node] = {
            **_texts(topics, f"{node}/", NODE_TEXTS),
            "properties": properties,
        }
    content: dict[str, JsonValue] = {"homie": topics["$homie"], "nodes": nodes}
    content |= _texts(topics, "", ("name",))
    return Element(content, ""), tuple(problems)


def _parsed(text: str) -> Element:
    """Return the description that a message holds."""
    try:
        document = parse(text.encode(), "")
    except ModelError as err:
        _refuse(err.details["problem"])
    if not isinstance(document, Mapping):
        _refuse("expected an object")
    return Element(document, "")


def _refuse(problem: str) -> NoReturn:
    raise Unusable("$description", problem)


def _property(topics: Mapping[str, str], below: str) -> JsonValue:
    """Return a property as version 5 describes it; without datatype it is a text."""
    flags: dict[str, JsonValue] = {
        name: WORDS.get(spelled, spelled)
        for name in PROPERTY_FLAGS
        if (spelled := topics.get(f"{below}${name}"))
    }
    return {"datatype": "string", **_texts(topics, below, PROPERTY_TEXTS), **flags}


def _texts(
    topics: Mapping[str, str], below: str, names: tuple[str, ...]
) -> dict[str, JsonValue]:
    """Return the attributes of an element that are there and not empty."""
    return {name: text for name in names if (text := topics.get(f"{below}${name}", ""))}


def _ids(listed: str) -> Iterator[str]:
    """Yield what a list such as ``wheels,engine`` names, once each."""
    names = dict.fromkeys(name.strip() for name in listed.split(",", MAX_ELEMENTS))
    yield from filter(None, names)


def _as_text(payload: JsonValue) -> str:
    """Return a payload; a YAML file may spell it as something else than a text."""
    match payload:
        case bool():
            return "true" if payload else "false"
        case str() | int() | float():
            return str(payload)
        case _:
            return ""
