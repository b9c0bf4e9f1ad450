"""Reading Oracle-style device-model JSON, both generations of actions.

Protocol sheet "Oracle IoT" §1.1-1.5. Beside Oracle's own keys, elements may say what
Oracle's format has no word for: ``title``, ``unit``, ``enum``, ``step``, ``readable``,
``observable``, ``sensitive``, ``semanticType``, and ``members`` of the type OBJECT.
"""

from collections.abc import Callable, Mapping
import math
import re
from typing import Final, TypedDict

from ..errors import DeviceModelsError, ModelError
from ..model import Action, Argument, Attribute, DeviceModel, Field, Format, FormatType
from ..reading import Element, Remarks, Unusable
from ..values import DataType, JsonValue, Range, Scalar
from .format import ModelFormat, Source
from .loaded import Loaded

MAX_ELEMENTS: Final = 2_000
"""Of one kind in one model; the largest catalogues known stay below 300."""

MAX_MEMBER_DEPTH: Final = 4

MAX_NAME_BYTES: Final = 2048
"""Sheet §1.5: a data key stays below this."""

LEGACY_ARGUMENT: Final = ("argType", "range", "unit", "enum", "step", "defaultValue")
"""The keys of a first-generation action that are about its only argument."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def recognises(document: JsonValue) -> bool:
    """Whether a document is an Oracle-style device model."""
    return isinstance(document, Mapping) and any(
        key in document for key in ("attributes", "actions", "formats")
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
    document: Mapping[str, JsonValue], *, source: str, remarks: Remarks, where: str = ""
) -> DeviceModel:
    """Return the model; elements that cannot be used are left out with a remark.

    Raises:
        ModelError: the model itself is not usable.

    """
    top = Element(document, where)
    try:
        model = DeviceModel(
            urn=top.required_text("urn"),
            name=top.required_text("name"),
            description=top.text("description"),
            attributes=_elements(top, "attributes", read_attribute, remarks),
            actions=_elements(top, "actions", read_action, remarks),
            formats=_elements(top, "formats", read_format, remarks),
            source=document,
        )
    except Unusable as err:
        raise err.within(source) from err
    if not (model.attributes or model.actions or model.formats):
        problem = "expected at least one usable attribute, action or format"
        if remarks.all:
            problem += f" ({remarks.all[0]})"
        raise ModelError(source=source, where=where, problem=problem)
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
    attribute = Attribute(
        **_common(element),
        writable=element.flag("writable", default=False),
        readable=element.flag("readable", default=True),
        observable=element.flag("observable", default=True),
        sensitive=element.flag("sensitive", default=False),
        semantic_types=tuple(filter(None, [element.text("semanticType")])),
        alias=element.text("alias") or None,
        members=members,
    )
    if not (attribute.writable or attribute.readable):
        element.refuse("neither readable nor writable", "readable")
    return attribute


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
        name=_name(element),
        description=element.text("description"),
        title=element.text("title"),
        alias=element.text("alias") or None,
        arguments=arguments,
        source=element.content,
    )


def read_argument(element: Element, _remarks: Remarks) -> Argument:
    """Return an argument; one without a name is called ``value``."""
    if element.content.get("name") is None:
        element = Element({**element.content, "name": "value"}, element.where)
    return Argument(**_common(element, scalar=True))


def _legacy_argument(action: Element) -> Argument:
    """Return the only argument of a first-generation action."""
    content = {
        key: action.content[key] for key in LEGACY_ARGUMENT if key in action.content
    }
    content |= {"name": "value", "type": content.pop("argType")}
    return Argument(**_common(Element(content, action.where), scalar=True))


def read_format(element: Element, remarks: Remarks) -> Format:
    """Return a format (§1.4)."""
    kind = element.text("type") or FormatType.ALERT
    if kind not in FormatType:
        element.refuse("expected ALERT or DATA", "type")
    return Format(
        name=_name(element),
        urn=element.text("urn"),
        description=element.text("description"),
        title=element.text("title"),
        type=FormatType(kind),
        fields=_elements(element.object("value"), "fields", read_field, remarks),
        source=element.content,
    )


def read_field(element: Element, _remarks: Remarks) -> Field:
    """Return a field of a format."""
    return Field(
        **_common(element, scalar=True),
        optional=element.flag("optional", default=False),
    )


def _name(element: Element) -> str:
    """Return the name of an element."""
    name = element.required_text("name")
    if not name.isprintable() or len(name.encode()) >= MAX_NAME_BYTES:
        element.refuse("expected a printable name below 2048 bytes", "name")
    return name


class _Common(TypedDict):
    """The arguments that attributes, arguments and fields are all made of."""

    name: str
    type: DataType
    description: str
    title: str
    range: Range | None
    step: float | None
    unit: str | None
    enum: tuple[Scalar, ...]
    default: Scalar | None
    source: Mapping[str, JsonValue]


def _common(element: Element, *, scalar: bool = False) -> _Common:
    """Return what attributes, arguments and fields have in common."""
    name = _name(element)
    kinds = [kind for kind in DataType if kind is not DataType.OBJECT or not scalar]
    spelled = element.required_text("type")
    if spelled not in kinds:
        element.refuse(f"expected one of {', '.join(kinds)}, got {spelled!r}", "type")
    kind = DataType(spelled)
    bounds = _range(element, kind)
    enum: tuple[Scalar, ...] = ()
    default: Scalar | None = None
    if kind is not DataType.OBJECT:
        held = Argument(name=name, type=kind, range=bounds)
        enum = tuple(
            _checked(element, held, choice, "enum") for choice in element.array("enum")
        )
        if len(set(enum)) < len(enum):
            element.refuse("expected different values", "enum")
        # The default is not held to the range: vendors' files begin outside of it.
        free = Argument(name=name, type=kind)
        if (spelled_default := element.content.get("defaultValue")) is not None:
            default = _checked(element, free, spelled_default, "defaultValue")
    return _Common(
        name=name,
        type=kind,
        description=element.text("description"),
        title=element.text("title"),
        range=bounds,
        step=_step(element),
        unit=element.text("unit") or None,
        enum=enum,
        default=default,
        source=element.content,
    )


def _checked(element: Element, shape: Argument, value: JsonValue, key: str) -> Scalar:
    """Return a value of the file, validated."""
    try:
        return shape.validate(value)
    except DeviceModelsError as err:
        element.refuse(err.details.get("problem", str(err)), key)


def _range(element: Element, kind: DataType) -> Range | None:
    """Return the bounds: one text "low,high" (§1.2), of numbers only."""
    spelled = element.content.get("range")
    if spelled is None or not kind.is_numeric:
        return None
    parts = spelled.split(",") if isinstance(spelled, str) else []
    if len(parts) != 2 or not all(_NUMBER.fullmatch(part.strip()) for part in parts):
        element.refuse('expected two numbers such as "0,100"', "range")
    if not all(math.isfinite(float(part)) for part in parts):
        element.refuse("expected two finite numbers", "range")
    low, high = (_bound(part.strip()) for part in parts)
    if low > high:
        element.refuse("expected the lower number first", "range")
    return Range(low, high)


def _bound(spelled: str) -> float:
    """Return a bound; a whole number stays one, to be exact beyond 53 bits."""
    try:
        return int(spelled)
    except ValueError:
        return float(spelled)


def _step(element: Element) -> float | None:
    """Return the step between two values."""
    step = element.content.get("step")
    if step is None:
        return None
    if isinstance(step, bool) or not isinstance(step, int | float) or not step > 0:
        element.refuse("expected a number above 0", "step")
    return float(step)


FORMAT: Final = ModelFormat(
    "Oracle device model",
    'an object with "attributes", "actions" or "formats"',
    recognises,
    load,
)
