"""A model made of what a device lists: its links (RFC 6690), and values if known.

Either the text as ``/.well-known/core`` has it, or an object: ``links`` is that text,
``values`` what resources answered, by path. Optional are ``name``, ``urn``, ``base``;
``units`` by path, of an object by its members; and ``packs``, by path: what answers
with several values, its ``format``, and the ``names`` of resources in it, by path.
With a base, names and places are those below it, so that the device can be elsewhere.
"""

from collections.abc import Mapping
import re
from typing import Final
from urllib.parse import urlsplit

from ... import metadata
from ...reading import Element, Remarks, Unusable
from ...values import JsonValue
from ..format import ModelFormat, Source
from ..loaded import Loaded
from .definition import plain
from .elements import Elements
from .instances import SENSOR_UNITS, Answers, Instances
from .links import Link, looks_like_links, parse_links
from .places import Pack
from .raw import add_raw
from .titles import without_empty_words

WELL_KNOWN: Final = "/.well-known/"

DIRECTORIES: Final = ("/rd", "/rd-lookup", "/bs")
"""Where devices register themselves (RFC 9176, LwM2M): nothing to see there."""

MAX_TARGET: Final = 1000
"""Characters of an address: what a constrained device can take in one datagram."""

MANUFACTURER: Final = "/3/0/0"
MODEL_NUMBER: Final = "/3/0/1"
"""Resources of the object "device" that name it."""

METADATA: Final[Mapping[str, str]] = {
    MODEL_NUMBER: metadata.MODEL_NUMBER,
    "/3/0/2": metadata.SERIAL_NUMBER,
    "/3/0/3": metadata.SOFTWARE_VERSION,
    "/3/0/18": metadata.HARDWARE_VERSION,
}
"""What the object Device says of the one device (OMA LwM2M 1.2 §E.4)."""

UNIT_PATH: Final = f"/{SENSOR_UNITS}"
"""The end of the path of a sensor's unit."""

_NUMBERED: Final = re.compile(r"/\d+/+$")

MAX_IN_NAME: Final = 3
"""Objects in the name of a model whose device has no name."""


def recognises(document: JsonValue) -> bool:
    """Whether a document is a list of links, by itself or with values."""
    if isinstance(document, Mapping):
        document = document.get("links")
    return isinstance(document, str) and looks_like_links(document)


def load(document: JsonValue, source: Source) -> Loaded:
    """Return the model of a list of links.

    Raises:
        ModelError: it is no list of links, or nothing in it can be used.

    """
    content = {"links": document} if isinstance(document, str) else document
    try:
        return _read(Element.of(content, ""), document)
    except Unusable as err:
        raise err.within(source.name) from err


def again(before: JsonValue, now: JsonValue) -> JsonValue:
    """Return what a device lists now, with the values that were known before.

    A type that was seen stays; a unit, and the firmware, are those that the device has
    now.
    """
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return now
    was, is_now = Element(before, ""), Element(now, "")
    said: dict[str, dict[str, JsonValue]] = {
        key: {**was.object(key).content, **is_now.object(key).content}
        for key in ("values", "units", "packs")
    }
    for path, value in was.object("values").content.items():
        if not path.endswith((UNIT_PATH, *METADATA)):
            said["values"][path] = value
    return {**now, **{key: content for key, content in said.items() if content}}


def _read(top: Element, document: JsonValue) -> Loaded:
    """Return the model.

    Raises:
        Unusable: nothing in it can be used.

    """
    base = f"/{stripped}" if (stripped := top.text("base").strip("/")) else ""
    values = _by_path(top.object("values").content, base)
    units = _by_path(top.object("units").content, base)
    packs = _packs(top.object("packs"), base)
    elements = Elements(based=bool(base), packs=packs)
    links: dict[str, Link] = {}
    for number, link in enumerate(parse_links(top.text("links")), 1):
        path = _path_of(link, f"link {number}", elements.remarks)
        if base and path and not path.startswith(f"{base}/"):
            elements.remarks.add(path, "it is not below the base; left out")
        elif path:
            links.setdefault(path.removeprefix(base), link)
    links = without_empty_words(links)
    instances = Instances(elements, links, Answers(values, units))
    instances.add()
    for path, link in instances.others.items():
        try:
            add_raw(elements, path, link, values.get(path), units.get(path))
        except Unusable as err:
            elements.remarks.add(path, err.problem)
    listed = ", ".join(instances.titles[:MAX_IN_NAME])
    names = (top.text("name"), values.get(MODEL_NUMBER), listed, "CoAP device")
    return elements.loaded(
        document,
        name=next(filter(None, map(_plain, names))),
        urn=plain(top.text("urn"), 2000),
        manufacturer=_plain(values.get(MANUFACTURER)),
        metadata={
            key: text
            for path, key in METADATA.items()
            if (text := _spelling(values.get(path)))
        },
    )


def _spelled(path: str) -> str:
    """Return a path as it is asked for.

    A slash at its end makes it another resource (RFC 7252 §6.4), but none of an object.
    """
    path = f"/{path.lstrip('/')}"
    return path.rstrip("/") if _NUMBERED.search(path) else path


def _by_path(said: Mapping[str, JsonValue], base: str) -> dict[str, JsonValue]:
    """Return what is said by path, by the paths below the base."""
    return {_spelled(path).removeprefix(base): value for path, value in said.items()}


def _packs(listed: Element, base: str) -> dict[str, Pack]:
    """Return what answers with several values, by its path below the base.

    Raises:
        Unusable: one of them is malformed.

    """
    packs: dict[str, Pack] = {}
    for path in listed.content:
        pack = listed.object(path)
        names = pack.object("names")
        known = {name: names.required_text(name) for name in names.content}
        by_path = _by_path(known, base)
        (own,) = _by_path({path: None}, base)
        packs[own] = Pack(
            pack.required_text("format"),
            {resource: str(name) for resource, name in by_path.items()},
        )
    return packs


def _path_of(link: Link, where: str, remarks: Remarks) -> str:
    """Return the path of a link; empty if it leads to no resource of the device."""
    relations = link.terms("rel")
    try:
        target = urlsplit(link.target[:MAX_TARGET])
    except ValueError:
        remarks.add(where, "expected the address of a resource; left out")
        return ""
    path = _spelled(target.path)
    problem = ""
    if len(link.target) > MAX_TARGET:
        problem = f"expected at most {MAX_TARGET} characters; left out"
    elif target.scheme or target.netloc:
        problem = "it leads to another host; left out"
    elif "anchor" in link.parameters or (relations and "hosts" not in relations):
        problem = "it is about something else; left out"
    elif f"{path}/".startswith(tuple(f"{one}/" for one in DIRECTORIES)):
        problem = "it is for registration; left out"
    if problem:
        remarks.add(where, problem)
    if problem or path.startswith(WELL_KNOWN):
        return ""
    return f"{path}?{target.query}" if target.query else path


def _spelling(value: JsonValue) -> str:
    """Return what a device says of itself; of 1.10, read as a number, 1.1 is left."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole else _plain(value)


def _plain(value: JsonValue) -> str:
    """Return a text as it can be shown; empty if it is none."""
    return plain(value) if isinstance(value, str) else ""


FORMAT: Final = ModelFormat(
    "CoRE link listing",
    "links such as </temp>;obs",
    recognises,
    load,
    again,
)
