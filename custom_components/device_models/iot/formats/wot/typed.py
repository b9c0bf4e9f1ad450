"""What a data schema says of one value (Thing Description 1.1 §5.3.2)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ...errors import ValueRefusedError
from ...model import Argument
from ...reading import Element
from ...spelling import as_text
from ...values import DataType, JsonValue, Range, Scalar
from ..typed import MAX_ELEMENTS, MAX_NAME_BYTES, Common, read_texts
from .reading import Reading, unsupported

SCALAR_TYPES: Final = {
    "boolean": DataType.BOOLEAN,
    "integer": DataType.INTEGER,
    "number": DataType.NUMBER,
    "string": DataType.STRING,
}

TYPES: Final = {*SCALAR_TYPES, "object", "array", "null"}
"""§5.3.2.1, "type"."""

STRING_FORMATS: Final = {
    "date-time": DataType.DATETIME,
    "uri": DataType.URI,
    "iri": DataType.URI,
}

NUMBER_TERMS: Final = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
)  # fmt: skip


def is_object(schema: Element) -> bool:
    """Whether the values of a schema are objects."""
    spelled = type_of(schema)
    return spelled == "object" or (not spelled and "properties" in schema.content)


def type_of(schema: Element) -> str:
    """Return the type that a schema says, or an empty text.

    Raises:
        Unusable: it is none of those that there are.

    """
    spelled = schema.text("type")
    if spelled and spelled not in TYPES:
        schema.refuse(f"expected one of {', '.join(sorted(TYPES))}", "type")
    return spelled


def read_typed(name: str, schema: Element, reading: Reading) -> Common:
    """Return what attributes, arguments and fields have in common.

    Raises:
        Unusable: the schema is not valid.
        Unsupported: we have no such values.

    """
    check_name(name, schema)
    source = schema.content
    schema = _alternatives(schema, reading)
    numbers = {key: _number(schema, key) for key in NUMBER_TERMS}
    choices = _choices(schema, reading)
    kind = _kind(schema, list(choices), numbers)
    if "contentEncoding" in schema.content:
        where = schema.at("contentEncoding")
        reading.remarks.add(where, "values stay encoded as they are")
    bounds = _range(schema, kind, numbers, reading)
    common = Common(
        name=name,
        type=kind,
        description=reading.words(schema, "description", "descriptions"),
        title=reading.words(schema, "title", "titles"),
        titles=read_texts(schema, "titles"),
        range=bounds,
        step=_step(schema, kind, numbers),
        unit=schema.text("unit") or None,
        enum=(),
        labels={},
        default=None,
        source=source,
    )
    held = Argument(name=name, type=kind)
    values = [_value(held, choice) for choice in choices]
    if None in values:
        reading.remarks.add(schema.at("enum"), f"not all of the values are {kind}s")
    elif kind is not DataType.OBJECT:
        common["enum"] = tuple(
            value
            for value in dict.fromkeys(values)
            if value is not None and kind is not DataType.BOOLEAN
        )
        common["labels"] = {
            as_text(value): label
            for value, label in zip(values, choices.values(), strict=True)
            if label and value is not None
        }
    if (default := schema.content.get("default")) is not None:
        common["default"] = _value(held, default)
        if common["default"] is None:
            reading.remarks.add(schema.at("default"), f"the value is no {kind}")
    return common


def _alternatives(schema: Element, reading: Reading) -> Element:
    """Return a schema without a ``oneOf`` of shapes: one of them may be null.

    Raises:
        Unsupported: the shapes differ.

    """
    if not schema.array("oneOf") or _constants(schema):
        return schema
    shapes = [
        Element.of(value, where)
        for where, value in schema.items("oneOf", limit=MAX_ELEMENTS)
    ]
    shapes = [shape for shape in shapes if type_of(shape) != "null"]
    rest = {key: value for key, value in schema.content.items() if key != "oneOf"}
    if len(shapes) == 1 and not is_object(shapes[0]):
        return Element({**shapes[0].content, **rest}, schema.where)
    kinds = {type_of(shape) for shape in shapes}
    if not (is_object(schema) or rest.get("type")):
        if not kinds or kinds - {"integer", "number"}:
            unsupported(schema, "values of several shapes are not read", "oneOf")
        rest["type"] = "number"
    reading.remarks.add(schema.at("oneOf"), "the alternatives are not told apart")
    return Element(rest, schema.where)


def _constants(schema: Element) -> list[Element]:
    """Return the alternatives that stand for one value each; none unless all do."""
    shapes = [
        Element.of(value, where)
        for where, value in schema.items("oneOf", limit=MAX_ELEMENTS)
    ]
    return shapes if all("const" in shape.content for shape in shapes) else []


def _choices(schema: Element, reading: Reading) -> dict[Scalar, str]:
    """Return the values that there are, and what they are called; null is none."""
    spelled: list[tuple[JsonValue, str]] = [
        (value, "") for _where, value in schema.items("enum", limit=MAX_ELEMENTS)
    ]
    if "const" in schema.content:
        spelled = [(schema.content["const"], "")]
    if constants := _constants(schema):
        spelled = [
            (one.content["const"], reading.words(one, "title", "titles"))
            for one in constants
        ]
    choices: dict[Scalar, str] = {}
    for value, label in spelled:
        if isinstance(value, bool | int | float | str):
            choices.setdefault(value, label)
        elif value is not None:
            reading.remarks.add(schema.at("enum"), "lists and objects are no choices")
            return {}
    return choices


def _kind(
    schema: Element, choices: list[Scalar], numbers: Mapping[str, float | None]
) -> DataType:
    """Return the type; where none is said, that of the values that there are.

    Raises:
        Unsupported: we have no such type, or there is no telling.

    """
    spelled = type_of(schema)
    if is_object(schema):
        return DataType.OBJECT
    if spelled == "string":
        return STRING_FORMATS.get(schema.text("format"), DataType.STRING)
    if spelled in SCALAR_TYPES:
        return SCALAR_TYPES[spelled]
    if spelled:
        unsupported(schema, f"values of the type {spelled} are not read", "type")
    kinds = {type(choice) for choice in choices}
    for classes, kind in (
        ({bool}, DataType.BOOLEAN),
        ({int}, DataType.INTEGER),
        ({int, float}, DataType.NUMBER),
        ({str}, DataType.STRING),
    ):
        if kinds and kinds <= classes:
            return kind
    if any(number is not None for number in numbers.values()):
        return DataType.NUMBER
    unsupported(schema, "there is no type, and no value that shows it", "type")


def _number(schema: Element, key: str) -> float | None:
    """Return a number of a schema."""
    value = schema.content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        schema.refuse("expected a number", key)
    return value


def _step(
    schema: Element, kind: DataType, numbers: Mapping[str, float | None]
) -> float | None:
    """Return the step between two values."""
    step = numbers["multipleOf"]
    if step is not None and not step > 0:
        schema.refuse("expected a number above 0", "multipleOf")
    return float(step) if step and kind.is_numeric else None


def _range(
    schema: Element,
    kind: DataType,
    numbers: Mapping[str, float | None],
    reading: Reading,
) -> Range | None:
    """Return the bounds of numbers, those that are excluded made inclusive.

    Where there is no next number, the excluded one is kept as the bound.
    """
    if not kind.is_numeric:
        return None
    step = numbers["multipleOf"] or (1 if kind is DataType.INTEGER else 0)
    lows = [numbers["minimum"], _moved(numbers["exclusiveMinimum"], step)]
    highs = [numbers["maximum"], _moved(numbers["exclusiveMaximum"], -step)]
    if not step and (lows[1], highs[1]) != (None, None):
        reading.remarks.add(schema.where, "an excluded bound is taken as included")
    low = max((bound for bound in lows if bound is not None), default=None)
    high = min((bound for bound in highs if bound is not None), default=None)
    if low is None and high is None:
        return None
    bounds = Range(
        float("-inf") if low is None else low, float("inf") if high is None else high
    )
    if bounds.low > bounds.high:
        reading.remarks.add(schema.where, "no number lies within the bounds")
        return None
    return bounds


def _moved(bound: float | None, step: float) -> float | None:
    """Return the bound that a step away from an excluded one is included."""
    return None if bound is None else bound + step


def _value(held: Argument, value: object) -> Scalar | None:
    """Return a value of the file, or None if it does not fit."""
    typed: object = value
    try:
        if held.type is DataType.DATETIME and isinstance(value, str):
            typed = datetime.fromisoformat(value)
        return held.validate(typed)
    except ValueError, ValueRefusedError:
        return None


def check_name(name: str, element: Element) -> None:
    """See whether an element can have a name.

    Raises:
        Unsupported: it is not printable, or too long.

    """
    printable = name.strip() and name.isprintable()
    if not printable or len(name.encode()) >= MAX_NAME_BYTES:
        unsupported(element, "expected a printable name below 2048 bytes")
