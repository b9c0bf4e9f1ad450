"""Reading Oracle-style device-model JSON, both generations of actions.

Protocol sheet "Oracle IoT" §1.1-1.6. Beside Oracle's own keys, elements may say what
Oracle's format has no word for: ``title``, ``titles``, ``unit``, ``enum``, ``labels``,
``step``, ``minimum``, ``maximum``, ``readable``, ``observable``, ``sensitive``,
``semanticType``, ``mediaType`` of what has a content and no value, ``members`` of the
type OBJECT, ``results`` and ``idempotent`` of an action, ``severity`` and ``clear`` of
a format; the model ``version``, ``manufacturer``, ``semanticType`` and ``groups``.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ...alert_rules import read_clear, read_severity, with_usable_clears
from ...errors import ModelError
from ...media_types import IMAGES, image_type
from ...model import (
    Action,
    Argument,
    Attribute,
    DeviceModel,
    Field,
    Format,
    FormatType,
    Group,
)
from ...reading import Element, Remarks, Unusable
from ...values import DataType, JsonValue
from ..format import ModelFormat, Source
from ..loaded import Loaded
from ..typed import MAX_ELEMENTS, MAX_MEMBER_DEPTH, MAX_TEXTS, read_texts
from .policies import read_policies
from .typed import read_common, read_name

LEGACY_ARGUMENT: Final = (
    "argType", "range", "minimum", "maximum", "unit", "enum", "labels", "step",
    "defaultValue",
)  # fmt: skip
"""The keys of a first-generation action that are about its only argument."""


def recognises(document: JsonValue) -> bool:
    """Whether a document is an Oracle-style device model."""
    return isinstance(document, Mapping) and any(
        key in document for key in ("urn", "attributes", "actions", "formats")
    )


def load(document: JsonValue, source: Source) -> Loaded:
    """Read a bare device model: it comes without binding and overlay.

    Raises:
        ModelError: the model is not usable.

    """
    if not isinstance(document, Mapping):
        raise ModelError(source=source.name, where="", problem="expected an object")
    remarks = Remarks()
    model = read_model(document, source=source.name, remarks=remarks)
    return Loaded(model=model, remarks=tuple(remarks.all), document=document)


def read_model(
    document: Mapping[str, JsonValue], *, source: str, remarks: Remarks
) -> DeviceModel:
    """Return the model; elements that cannot be used are left out with a remark.

    Raises:
        ModelError: the model itself is not usable.

    """
    top = Element(document, "")
    try:
        model = DeviceModel(
            urn=top.required_text("urn"),
            name=top.required_text("name"),
            description=top.text("description"),
            version=top.text("version"),
            manufacturer=top.text("manufacturer"),
            draft=top.flag("draft", default=False),
            attributes=_elements(top, "attributes", read_attribute, remarks),
            actions=_elements(top, "actions", read_action, remarks),
            formats=_elements(top, "formats", read_format, remarks),
            semantic_types=_semantic_types(top),
            groups=_groups(top),
            source=document,
        )
        model = with_usable_clears(model, remarks)
        model = replace(model, policies=read_policies(top, model, remarks))
    except Unusable as err:
        raise err.within(source) from err
    if not (model.attributes or model.actions or model.formats):
        problem = "expected at least one usable attribute, action or format"
        if not model.draft:
            if remarks.all:
                problem += f" ({remarks.all[0]})"
            raise ModelError(source=source, where="", problem=problem)
        remarks.add("draft", f"{problem}; it is a draft, to be completed")
    return model


def _elements[T: (Attribute, Action, Format, Field)](
    parent: Element, key: str, read: Callable[[Element, Remarks], T], remarks: Remarks
) -> tuple[T, ...]:
    """Return the usable elements of a list; the others become remarks."""
    usable: list[T] = []
    names: set[str] = set()
    aliases: list[tuple[str, str]] = []
    for where, value in parent.items(key, limit=MAX_ELEMENTS):
        try:
            element = Element.of(value, where)
            item = read(element, remarks)
            own = _names(item)
            if taken := sorted(own & names):
                element.refuse(f"the name {taken[0]!r} is there already", "name")
        except Unusable as err:
            remarks.add(err.where, err.problem)
            continue
        usable.append(item)
        names |= own
        if isinstance(item, Attribute | Action) and item.alias:
            aliases.append((f"{where}.alias", item.alias))
    for where, alias in aliases:
        if alias in names:
            remarks.add(where, f"the name {alias!r} is there already")
        names.add(alias)
    return tuple(usable)


def _names(item: Attribute | Action | Format | Field) -> set[str]:
    """Return the names that no other element of a list may have."""
    if isinstance(item, Attribute):
        return {item.name, *(leaf.name for _path, leaf in item.leaves())}
    return {item.name}


def read_attribute(
    element: Element, remarks: Remarks, depth: int = MAX_MEMBER_DEPTH
) -> Attribute:
    """Return an attribute (§1.2)."""
    members: tuple[Attribute, ...] = ()
    if element.text("type") == DataType.OBJECT:
        if not depth:
            element.refuse(f"objects may be nested {MAX_MEMBER_DEPTH} deep", "members")
        members = _elements(
            element,
            "members",
            lambda inner, notes: read_attribute(inner, notes, depth - 1),
            remarks,
        )
        if not members:
            element.refuse("an OBJECT needs at least one usable member", "members")
    media_type = _media_type(element)
    attribute = Attribute(
        **read_common(element),
        writable=element.flag("writable", default=False),
        readable=element.flag("readable", default=not media_type),
        media_type=media_type,
        observable=element.flag("observable", default=True),
        sensitive=element.flag("sensitive", default=False),
        semantic_types=_semantic_types(element),
        alias=element.text("alias") or None,
        members=members,
    )
    if media_type:
        if attribute.writable or attribute.readable:
            key = "writable" if attribute.writable else "readable"
            element.refuse("what has a media type has no value", key)
        if attribute.type is not DataType.URI:
            element.refuse("expected URI of what has a media type", "type")
        if depth < MAX_MEMBER_DEPTH:
            element.refuse("no member of an OBJECT has one", "mediaType")
    elif not (attribute.writable or attribute.readable):
        element.refuse("neither readable nor writable", "readable")
    return attribute


def _media_type(element: Element) -> str:
    """Return the media type of an attribute's content; nothing if it has a value."""
    spelled = element.text("mediaType")
    if not spelled:
        return ""
    known = image_type(spelled)
    return known or element.refuse(f"expected one of {', '.join(IMAGES)}", "mediaType")


def read_action(element: Element, remarks: Remarks) -> Action:
    """Return an action of either generation (§1.3): ``argType`` or ``arguments``."""
    arguments: tuple[Argument, ...]
    if element.text("argType") and not element.array("arguments"):
        arguments = (_legacy_argument(element),)
    else:
        # An action that lost one of its arguments would do something else.
        arguments = tuple(
            read_argument(Element.of(value, where), remarks)
            for where, value in element.items("arguments", limit=MAX_ELEMENTS)
        )
        if len({argument.name for argument in arguments}) < len(arguments):
            element.refuse("expected arguments of different names", "arguments")
    return Action(
        name=read_name(element),
        description=element.text("description"),
        title=element.text("title"),
        titles=read_texts(element, "titles"),
        alias=element.text("alias") or None,
        arguments=arguments,
        results=_elements(element, "results", read_result, remarks),
        idempotent=element.flag("idempotent", default=False),
        source=element.content,
    )


def read_argument(element: Element, _remarks: Remarks) -> Argument:
    """Return an argument; one without a name is called ``value``."""
    return Argument(
        **read_common(_named(element), scalar=True),
        optional=element.flag("optional", default=False),
    )


def read_result(element: Element, remarks: Remarks) -> Field:
    """Return a part of what an action answers; without a name it is ``value``."""
    return read_field(_named(element), remarks)


def _named(element: Element) -> Element:
    """Return the element; one without a name is called ``value``."""
    if element.content.get("name") is not None:
        return element
    return Element({**element.content, "name": "value"}, element.where)


def _semantic_types(element: Element) -> tuple[str, ...]:
    """Return what the values mean: one text, or a list of them."""
    spelled = element.content.get("semanticType")
    if not isinstance(spelled, list):
        return tuple(filter(None, [element.text("semanticType")]))
    if len(spelled) > MAX_TEXTS:
        element.refuse(f"expected at most {MAX_TEXTS} texts", "semanticType")
    types = [one for one in spelled if isinstance(one, str) and one]
    if len(types) < len(spelled):
        element.refuse("expected texts that are not empty", "semanticType")
    return tuple(types)


def _groups(top: Element) -> Mapping[str, Group]:
    """Return what elements are together, by what their names begin with."""
    listed = top.object("groups")
    if len(listed.content) > MAX_ELEMENTS:
        top.refuse(f"expected at most {MAX_ELEMENTS} groups", "groups")
    groups: dict[str, Group] = {}
    for name in listed.content:
        group = listed.object(name)
        groups[name] = Group(
            title=group.text("title"), semantic_types=_semantic_types(group)
        )
    return groups


def _legacy_argument(action: Element) -> Argument:
    """Return the only argument of a first-generation action."""
    content = {
        key: action.content[key] for key in LEGACY_ARGUMENT if key in action.content
    }
    content |= {"name": "value", "type": content.pop("argType")}
    return Argument(**read_common(Element(content, action.where), scalar=True))


def read_format(element: Element, remarks: Remarks) -> Format:
    """Return a format (§1.4)."""
    kind = element.text("type") or FormatType.ALERT
    if kind not in FormatType:
        element.refuse("expected ALERT or DATA", "type")
    return Format(
        name=read_name(element),
        urn=element.text("urn"),
        description=element.text("description"),
        title=element.text("title"),
        titles=read_texts(element, "titles"),
        type=FormatType(kind),
        fields=_elements(element.object("value"), "fields", read_field, remarks),
        severity=read_severity(element),
        clear=read_clear(element),
        source=element.content,
    )


def read_field(element: Element, _remarks: Remarks) -> Field:
    """Return a field of a format."""
    return Field(
        **read_common(element, scalar=True),
        optional=element.flag("optional", default=False),
    )


FORMAT: Final = ModelFormat(
    "Oracle device model",
    'an object with "urn", "attributes", "actions" or "formats"',
    recognises,
    load,
)
