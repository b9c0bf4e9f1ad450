"""The assets of an AllThingsTalk device, as its HTTP interface gives them.

Protocol sheet "AllThingsTalk" §4.2, §4.3, §6 and §7: an array of assets, the same as
``items`` of an object, a device with its ``assets``, or one asset. Where on the wire an
asset is follows from its name; there is no layout.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ...model import Attribute, DeviceModel
from ...reading import Element, Remarks, Unusable
from ...values import JsonValue
from ..format import ModelFormat, Source
from ..loaded import Loaded
from ..typed import MAX_ELEMENTS, MAX_MEMBER_DEPTH
from ..urns import fingerprint, slug
from .profiles import profiled

LISTS: Final = ("assets", "items")
"""The keys below which an object has the assets: a device, and a list."""

KINDS: Final[Mapping[str, bool]] = {
    "sensor": False,
    "virtual": False,
    "actuator": True,
    "config": True,
}
"""Sheet §6.1: what an asset is, and whether it takes commands."""

STYLES: Final[Mapping[str, str]] = {"battery": "diagnostic", "config": "diagnostic"}
"""Sheet §10: styles of assets, as categories of what is only shown."""

CONFIG: Final = "config"
"""The kind and the style of settings; those that can be set are of this category."""


def recognises(document: JsonValue) -> bool:
    """Whether a document lists assets: objects with a name, and a profile or a kind."""
    return any(
        isinstance(asset, Mapping)
        and {"name"} < (keys := {key.lower() for key in asset})
        and not keys.isdisjoint({"profile", "is"})
        for _where, asset in _assets(document)
    )


def load(document: JsonValue, source: Source) -> Loaded:
    """Read the assets of a device.

    Raises:
        ModelError: none of them is usable.

    """
    remarks = Remarks()
    try:
        assets = _usable(document, remarks)
    except Unusable as err:
        raise err.within(source.name) from err
    device: Mapping[str, JsonValue] = {}
    if isinstance(document, Mapping) and not _is_asset(document):
        device = document
    model = DeviceModel(
        urn=f"urn:allthingstalk:device:{_identity(device, assets)}",
        name=_first(device, "title", "name") or "AllThingsTalk device",
        description=_first(device, "description"),
        attributes=tuple(attribute for attribute, _category in assets),
        source={key: value for key, value in device.items() if key not in LISTS},
    )
    categories: dict[str, JsonValue] = {
        name: {"category": category}
        for attribute, category in assets
        if category
        for name in (leaf.name for _path, leaf in attribute.leaves())
    }
    return Loaded(
        model=model,
        overlay={"attributes": categories} if categories else {},
        remarks=tuple(remarks.all),
        document=document,
    )


def _assets(document: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Yield what may be assets, each with its place."""
    listed: JsonValue = document
    where = ""
    if isinstance(document, Mapping):
        where = next((key for key in LISTS if key in document), "")
        listed = document.get(where)
        if not where and _is_asset(document):
            yield "", document
            return
    if isinstance(listed, list):
        yield from ((f"{where}[{index}]", item) for index, item in enumerate(listed))


def _is_asset(document: Mapping[str, JsonValue]) -> bool:
    """Whether an object by itself is an asset: it says its name, kind and profile."""
    lowered = {key.lower(): value for key, value in document.items()}
    kind = lowered.get("is")
    known = isinstance(kind, str) and kind.lower() in KINDS
    return known and "name" in lowered and isinstance(lowered.get("profile"), Mapping)


def _usable(document: JsonValue, remarks: Remarks) -> list[tuple[Attribute, str]]:
    """Return the assets that can be used, and the category of each.

    Raises:
        Unusable: there are too many, or none.

    """
    names: set[str] = set()
    usable: list[tuple[Attribute, str]] = []
    for number, (where, value) in enumerate(_assets(document)):
        if number == MAX_ELEMENTS:
            raise Unusable("", f"expected at most {MAX_ELEMENTS} assets")
        try:
            element = _lowered(value, where)
            attribute = _asset(element, remarks)
            own = {attribute.name, *(leaf.name for _path, leaf in attribute.leaves())}
            if taken := sorted(own & names):
                element.refuse(f"the name {taken[0]!r} is there already", "name")
            usable.append((attribute, _category(element, attribute)))
        except Unusable as err:
            remarks.add(err.where, err.problem)
            continue
        names |= own
    if not usable:
        about = f" ({remarks.all[0]})" if remarks.all else ""
        raise Unusable("", f"expected at least one usable asset{about}")
    return usable


def _lowered(value: JsonValue, where: str) -> Element:
    """Return an asset with its keys in small letters: some clients send capitals."""
    content = Element.of(value, where).content
    lowered = {key.lower(): item for key, item in content.items()}
    name = lowered.get("name")
    return Element(
        lowered, f"{where} {name[:40]!r}" if isinstance(name, str) else where
    )


def _asset(element: Element, remarks: Remarks) -> Attribute:
    """Return the attribute that an asset is."""
    name = element.required_text("name")
    kind = (element.text("is") or "sensor").lower()
    if kind not in KINDS:
        remarks.add(
            element.at("is"),
            f"expected one of {', '.join(KINDS)}, got {kind[:40]!r}: taken as a sensor",
        )
    profile = element.object("profile")
    attribute = profiled(profile, name, remarks, MAX_MEMBER_DEPTH)
    semantic_types = attribute.semantic_types
    if attribute.type.is_numeric and element.content.get("style") == "Battery":
        semantic_types = ("battery",)
    return replace(
        attribute,
        title=element.text("title") or attribute.title,
        description=element.text("description") or attribute.description,
        writable=KINDS.get(kind, False),
        semantic_types=semantic_types,
        source=element.content,
    )


def _category(element: Element, attribute: Attribute) -> str:
    """Return the category of what an asset becomes, or an empty text."""
    style = element.content.get("style")
    style = style.lower() if isinstance(style, str) else ""
    if attribute.writable:
        return CONFIG if CONFIG in (style, element.text("is").lower()) else ""
    return STYLES.get(style, "")


def _identity(
    device: Mapping[str, JsonValue], assets: list[tuple[Attribute, str]]
) -> str:
    """Return what tells the device from others: its id, or what assets it has."""
    sources = [device, *(attribute.source for attribute, _category in assets)]
    keys = ("id", *["deviceid"] * len(assets))
    for source, key in zip(sources, keys, strict=True):
        if found := slug(_first(source, key)):
            return found
    return fingerprint(attribute.name for attribute, _category in assets)


def _first(content: Mapping[str, JsonValue], *keys: str) -> str:
    """Return the first of some texts that is there and not empty."""
    found = (content.get(key) for key in keys)
    return next((text.strip() for text in found if isinstance(text, str) and text), "")


FORMAT: Final = ModelFormat(
    "AllThingsTalk assets",
    'a list of objects with "name", "is" and "profile"',
    recognises,
    load,
)
