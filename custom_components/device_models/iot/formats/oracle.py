"""Oracle-style device-model JSON, both generations of actions.

Protocol sheet "Oracle IoT" §1.1-1.5. Beside Oracle's own keys, elements may say what
Oracle's format has no word for: ``title``, ``unit``, ``enum``, ``step``, ``readable``,
``observable``, ``sensitive``, ``semanticType``, and ``members`` of the type OBJECT.
"""

from collections.abc import Callable, Mapping
import math
from typing import Final, TypedDict

from ..errors import DeviceModelsError, ModelError
from ..model import Action, Argument, Attribute, DeviceModel, Field, Format, FormatType
from ..values import DataType, JsonValue, Range, Scalar
from ..reading import Element, Remarks, Unusable

MAX_ELEMENTS: Final = 2_000
"""Of one kind in one model; the largest catalogues known stay below 300."""

MAX_MEMBER_DEPTH: Final = 4

MAX_NAME_BYTES: Final = 2048
"""Sheet §1.5: a data key stays below this."""


def recognises(document: Mapping[str, JsonValue]) -> bool:
    """Whether a document is an Oracle-style device model."""
    return any(key in document for key in ("attributes", "actions", "formats"))


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
        raise ModelError(source=source, where=err.where, problem=err.problem) from err
    if not (model.attributes or model.actions or model.formats):
        problem = "expected at least one usable attribute, action or format"
        if remarks.all:
            problem += f" ({remarks.all[0]})"
        raise ModelError(source=source, where=where, problem=problem)
    return model


def _elements[T: (Attribute, Action, Format, Argument, Field)](
    parent: Element, key: str, read: Callable[[Element, Remarks], T], remarks: Remarks
) -> tuple[T, ...]:
    """Return the usable elements of a list; the others become remarks."""
    usable: dict[str, T] = {}
    for element in parent.elements(key, limit=MAX_ELEMENTS):
        try:
            item = read(element, remarks)
            if item.name in usable:
                element.refuse(f"the name {item.name!r} is there already", "name")
        except Unusable as err:
            remarks.add(err.where, err.problem)
            continue
        usable[item.name] = item
    return tuple(usable.values())


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
        semantic_type=element.text("semanticType") or None,
        alias=element.text("alias") or None,
        members=members,
    )
    if not (attribute.writable or attribute.readable):
        element.refuse("neither readable nor writable", "readable")
    return attribute


def read_action(element: Element, remarks: Remarks) -> Action:
    """Return an action of either generation (§1.3): ``argType`` or ``arguments``."""
    arguments: tuple[Argument, ...]
    if "argType" in element.content and "arguments" not in element.content:
        arguments = (read_argument(element, remarks, legacy=True),)
    else:
        listed = element.elements("arguments", limit=MAX_ELEMENTS)
        # An action that lost one of its arguments would do something else.
        arguments = tuple(read_argument(item, remarks) for item in listed)
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


def read_argument(
    element: Element, _remarks: Remarks, *, legacy: bool = False
) -> Argument:
    """Return an argument; the only one of the first generation is called ``value``."""
    if legacy:
        content = {
            key: element.content[key]
            for key in ("range", "unit", "enum", "step", "defaultValue")
            if key in element.content
        }
        content |= {"name": "value", "type": element.content["argType"]}
        element = Element(content, element.where)
    elif "name" not in element.content:
        element = Element({**element.content, "name": "value"}, element.where)
    return Argument(**_common(element, scalar=True))


def read_format(element: Element, remarks: Remarks) -> Format:
    """Return a format (§1.4)."""
    kind = element.text("type") or FormatType.ALERT
    if kind not in FormatType:
        element.refuse("expected ALERT or DATA", "type")
    value = element.content.get("value", {})
    if not isinstance(value, Mapping):
        element.refuse("expected an object with fields", "value")
    return Format(
        name=_name(element),
        urn=element.text("urn"),
        description=element.text("description"),
        title=element.text("title"),
        type=FormatType(kind),
        fields=_elements(
            Element(value, f"{element.where}.value"), "fields", read_field, remarks
        ),
        source=element.content,
    )


def read_field(element: Element, _remarks: Remarks) -> Field:
    """Return a field of a format."""
    return Field(
        **_common(element, scalar=True), optional=element.flag("optional", default=False)
    )


def _name(element: Element) -> str:
    """Return the name of an element."""
    name = element.required_text("name")
    if len(name.encode()) >= MAX_NAME_BYTES or not name.isprintable():
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
    """Return the bounds: one text "low,high" (§1.2)."""
    spelled = element.content.get("range")
    if spelled is None:
        return None
    parts = spelled.split(",") if isinstance(spelled, str) else []
    try:
        low, high = (float(part) for part in parts)
    except ValueError:
        element.refuse('expected two numbers such as "0,100"', "range")
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        element.refuse("expected two finite numbers, the lower one first", "range")
    # Sheet §1.2: it means something for numbers only, and is ignored elsewhere.
    return Range(low, high) if kind.is_numeric else None


def _step(element: Element) -> float | None:
    """Return the step between two values."""
    step = element.content.get("step")
    if step is None:
        return None
    if isinstance(step, bool) or not isinstance(step, int | float) or not 0 < step < math.inf:
        element.refuse("expected a number above 0", "step")
    return float(step)


# Writing


def write_model(model: DeviceModel) -> dict[str, JsonValue]:
    """Return the document of a model.

    A model that still says what its file said is written as the file had it. In every
    other case the keys that we do not know are kept.
    """
    if model.source and _unchanged(model):
        return dict(model.source)
    return _document(
        model.source,
        {
            "urn": model.urn,
            "name": model.name,
            "description": model.description,
            "attributes": [_write_typed(item) for item in model.attributes],
            "actions": [_write_action(item) for item in model.actions],
            "formats": [_write_format(item) for item in model.formats],
        },
    )


def _unchanged(model: DeviceModel) -> bool:
    """Whether the model is what its source reads as."""
    try:
        return read_model(model.source, source="", remarks=Remarks()) == model
    except ModelError:
        return False


def _write_typed(item: Attribute | Argument | Field) -> dict[str, JsonValue]:
    """Return the document of an attribute, an argument or a field."""
    bounds = item.range
    document: dict[str, JsonValue] = {
        "name": item.name,
        "type": item.type.value,
        "description": item.description,
        "title": item.title,
        "range": None if bounds is None else f"{bounds.low:.15g},{bounds.high:.15g}",
        "step": item.step,
        "unit": item.unit,
        "enum": [_spelled(choice) for choice in item.enum],
        "defaultValue": None if item.default is None else _spelled(item.default),
    }
    if isinstance(item, Field):
        document["optional"] = item.optional
    if isinstance(item, Attribute):
        document |= {
            "writable": item.writable,
            "readable": None if item.readable else False,
            "observable": None if item.observable else False,
            "sensitive": item.sensitive or None,
            "semanticType": item.semantic_type,
            "alias": item.alias,
            "members": [_write_typed(member) for member in item.members],
        }
    return _document(item.source, document)


def _write_action(action: Action) -> dict[str, JsonValue]:
    """Return the document of an action, in the newer generation."""
    return _document(
        action.source,
        {
            "name": action.name,
            "description": action.description,
            "title": action.title,
            "alias": action.alias,
            "argType": None,
            "range": None,
            "defaultValue": None,
            "arguments": [_write_typed(argument) for argument in action.arguments],
        },
    )


def _write_format(shape: Format) -> dict[str, JsonValue]:
    """Return the document of a format."""
    return _document(
        shape.source,
        {
            "urn": shape.urn,
            "name": shape.name,
            "description": shape.description,
            "title": shape.title,
            "type": shape.type.value,
            "value": {"fields": [_write_typed(item) for item in shape.fields]},
        },
    )


def _spelled(value: Scalar) -> JsonValue:
    """Return a value as a model file spells it: times as milliseconds."""
    if isinstance(value, bool | int | float | str):
        return value
    return round(value.timestamp() * 1000)


def _document(
    source: Mapping[str, JsonValue], known: dict[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return the known keys that say something, and the unknown ones of the file."""
    unknown = {key: value for key, value in source.items() if key not in known}
    said = {key: value for key, value in known.items() if value not in (None, "", [])}
    return said | unknown
