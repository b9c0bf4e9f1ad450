"""Writing Oracle-style device-model JSON.

What still says what its file said is written as the file had it, element by element.
In an element that was changed, the keys that we do not know are kept.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ..errors import ModelError
from ..model import Action, Argument, Attribute, DeviceModel, Field, Format
from ..reading import Element, Remarks, Unusable
from ..values import JsonValue, Range, Scalar, to_milliseconds
from .oracle import (
    LEGACY_ARGUMENT,
    read_action,
    read_argument,
    read_attribute,
    read_field,
    read_format,
    read_model,
)

type _Document = dict[str, JsonValue]
type _Item = Attribute | Action | Argument | Format | Field

_READERS: Final[Mapping[type, Callable[[Element, Remarks], _Item]]] = {
    Attribute: read_attribute,
    Action: read_action,
    Argument: read_argument,
    Format: read_format,
    Field: read_field,
}


def write_model(model: DeviceModel) -> _Document:
    """Return the document of a model."""
    source = model.source
    if source and _unchanged(model):
        return dict(source)
    return _document(
        source,
        {
            "urn": model.urn,
            "name": model.name,
            "description": model.description,
            "attributes": _listed(source, "attributes", Attribute, model.attributes),
            "actions": _listed(source, "actions", Action, model.actions),
            "formats": _listed(source, "formats", Format, model.formats),
        },
    )


def _unchanged(model: DeviceModel) -> bool:
    """Whether the model is what its source reads as."""
    try:
        return read_model(model.source, source="", remarks=Remarks()) == model
    except ModelError:
        return False


def _read_again(value: JsonValue, kind: type) -> _Item | None:
    """Return what an element of a file reads as; None if it is not usable."""
    try:
        return _READERS[kind](Element.of(value, ""), Remarks())
    except Unusable:
        return None


def _listed(
    source: Mapping[str, JsonValue], key: str, kind: type, items: Iterable[_Item]
) -> list[JsonValue]:
    """Return a list of elements, with those of the file that could not be read."""
    spelled = source.get(key)
    unread = [
        value
        for value in (spelled if isinstance(spelled, list) else [])
        if _read_again(value, kind) is None
    ]
    return [*map(_element, items), *unread]


def _element(item: _Item) -> _Document:
    """Return the document of one element."""
    if item.source and _read_again(item.source, type(item)) == item:
        return dict(item.source)
    match item:
        case Action():
            return _action(item)
        case Format():
            return _format(item)
        case _:
            return _typed(item)


def _typed(item: Attribute | Argument | Field) -> _Document:
    """Return the document of an attribute, an argument or a field."""
    known: _Document = {
        "name": item.name,
        "type": item.type.value,
        "description": item.description,
        "title": item.title,
        "range": _range(item.range),
        "step": item.step,
        "unit": item.unit,
        "enum": [_scalar(choice) for choice in item.enum],
        "defaultValue": None if item.default is None else _scalar(item.default),
    }
    if isinstance(item, Field):
        known["optional"] = item.optional
    if isinstance(item, Attribute):
        known |= {
            "writable": item.writable,
            "readable": None if item.readable else False,
            "observable": None if item.observable else False,
            "sensitive": item.sensitive or None,
            "semanticType": item.semantic_types[0] if item.semantic_types else None,
            "alias": item.alias,
            "members": _listed(item.source, "members", Attribute, item.members),
        }
    return _document(item.source, known)


def _action(action: Action) -> _Document:
    """Return the document of an action; changed arguments in the newer generation."""
    known: _Document = {
        "name": action.name,
        "description": action.description,
        "title": action.title,
        "alias": action.alias,
    }
    before = _read_again(action.source, Action)
    if not isinstance(before, Action) or before.arguments != action.arguments:
        known |= dict.fromkeys(LEGACY_ARGUMENT)
        known["arguments"] = [_element(argument) for argument in action.arguments]
    return _document(action.source, known)


def _format(shape: Format) -> _Document:
    """Return the document of a format."""
    before = shape.source.get("value")
    value = before if isinstance(before, Mapping) else {}
    return _document(
        shape.source,
        {
            "urn": shape.urn,
            "name": shape.name,
            "description": shape.description,
            "title": shape.title,
            "type": shape.type.value,
            "value": {**value, "fields": _listed(value, "fields", Field, shape.fields)},
        },
    )


def _range(bounds: Range | None) -> str | None:
    """Return the bounds as one text."""
    return None if bounds is None else f"{bounds.low},{bounds.high}"


def _scalar(value: Scalar) -> JsonValue:
    """Return a value as a model file spells it: times as milliseconds."""
    if isinstance(value, bool | int | float | str):
        return value
    return to_milliseconds(value)


def _document(source: Mapping[str, JsonValue], known: _Document) -> _Document:
    """Return the known keys that say something, and the unknown ones of the file."""
    said = {key: value for key, value in known.items() if value not in (None, "", [])}
    return said | {key: value for key, value in source.items() if key not in known}
