"""Writing Oracle-style device-model JSON.

What still says what its file said is written as the file had it, element by element.
In an element that was changed, the keys that we do not know are kept.
"""

from collections.abc import Callable, Iterable, Mapping
import math
from typing import Final

from ...errors import ModelError
from ...model import (
    Action,
    Argument,
    Attribute,
    Clear,
    DeviceModel,
    Field,
    Format,
    Pipeline,
    Policy,
    Severity,
)
from ...reading import Element, Remarks, Unusable
from ...values import JsonValue, Range, Scalar, to_milliseconds
from .policies import POLICY_KEYS, read_policies
from .reading import (
    LEGACY_ARGUMENT,
    read_action,
    read_argument,
    read_attribute,
    read_field,
    read_format,
    read_model,
    read_result,
)

type _Document = dict[str, JsonValue]
type _Item = Attribute | Action | Argument | Format | Field

type _Read = Callable[[Element, Remarks], _Item]

_READERS: Final[Mapping[type, _Read]] = {
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
            "version": model.version,
            "manufacturer": model.manufacturer,
            "draft": model.draft or None,
            "semanticType": _one_or_list(model.semantic_types),
            "groups": {
                name: _document(
                    {},
                    {
                        "title": group.title,
                        "semanticType": _one_or_list(group.semantic_types),
                    },
                )
                for name, group in model.groups.items()
            },
            "attributes": _listed(
                source, "attributes", read_attribute, model.attributes
            ),
            "actions": _listed(source, "actions", read_action, model.actions),
            "formats": _listed(source, "formats", read_format, model.formats),
            **_policies(model),
        },
    )


def _policies(model: DeviceModel) -> _Document:
    """Return the policies: as the file has them, unless they were changed."""
    known: _Document = dict.fromkeys(POLICY_KEYS)
    try:
        before = read_policies(Element(model.source, ""), model, Remarks())
    except Unusable:
        before = ()
    if before == model.policies:
        return known | {key: model.source.get(key) for key in POLICY_KEYS}
    known[POLICY_KEYS[0]] = [_policy(policy) for policy in model.policies]
    return known


def _policy(policy: Policy) -> _Document:
    """Return the document of a device policy."""
    modified = policy.last_modified
    known: _Document = {
        "id": policy.id,
        "description": policy.description,
        "enabled": policy.enabled,
        "lastModified": None if modified is None else to_milliseconds(modified),
        "pipelines": [_pipeline(pipeline) for pipeline in policy.pipelines],
    }
    return _document({}, known)


def _pipeline(pipeline: Pipeline) -> _Document:
    """Return the document of a pipeline."""
    functions: list[JsonValue] = [
        {"id": function.id, "parameters": dict(function.parameters)}
        for function in pipeline.functions
    ]
    known: _Document = {"attributeName": pipeline.attribute, "pipeline": functions}
    return _document({}, known)


def _unchanged(model: DeviceModel) -> bool:
    """Whether the model is what its source reads as."""
    try:
        return read_model(model.source, source="", remarks=Remarks()) == model
    except ModelError:
        return False


def _read_again(value: JsonValue, read: _Read) -> _Item | None:
    """Return what an element of a file reads as; None if it is not usable."""
    try:
        return read(Element.of(value, ""), Remarks())
    except Unusable:
        return None


def _listed(
    source: Mapping[str, JsonValue], key: str, read: _Read, items: Iterable[_Item]
) -> list[JsonValue]:
    """Return a list of elements, with those of the file that could not be read."""
    spelled = source.get(key)
    unread = [
        value
        for value in (spelled if isinstance(spelled, list) else [])
        if _read_again(value, read) is None
    ]
    return [*map(_element, items), *unread]


def _element(item: _Item) -> _Document:
    """Return the document of one element."""
    if item.source and _read_again(item.source, _READERS[type(item)]) == item:
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
        "titles": dict(item.titles),
        **_range(item.range),
        "step": item.step,
        "unit": item.unit,
        "enum": [_scalar(choice) for choice in item.enum],
        "labels": dict(item.labels),
        "defaultValue": None if item.default is None else _scalar(item.default),
    }
    if isinstance(item, Field):
        known["optional"] = item.optional
    if isinstance(item, Argument):
        known["optional"] = item.optional or None
    if isinstance(item, Attribute):
        known |= {
            "writable": item.writable,
            "readable": None if item.readable or item.media_type else False,
            "mediaType": item.media_type,
            "observable": None if item.observable else False,
            "sensitive": item.sensitive or None,
            "semanticType": _one_or_list(item.semantic_types),
            "alias": item.alias,
            "members": _listed(item.source, "members", read_attribute, item.members),
        }
    return _document(item.source, known)


def _action(action: Action) -> _Document:
    """Return the document of an action; changed arguments in the newer generation."""
    known: _Document = {
        "name": action.name,
        "description": action.description,
        "title": action.title,
        "titles": dict(action.titles),
        "alias": action.alias,
        "results": _listed(action.source, "results", read_result, action.results),
        "idempotent": action.idempotent or None,
    }
    before = _read_again(action.source, read_action)
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
            "titles": dict(shape.titles),
            "type": shape.type.value,
            "value": {
                **value,
                "fields": _listed(value, "fields", read_field, shape.fields),
            },
            "severity": (
                None if shape.severity is Severity.SIGNIFICANT else shape.severity
            ),
            "clear": _clear(shape.clear),
        },
    )


def _clear(clear: Clear | None) -> JsonValue:
    """Return how the alerts of a format end."""
    if clear is None:
        return None
    known: _Document = {
        "format": clear.format,
        "condition": clear.condition,
        "after": clear.after,
    }
    return _document({}, known)


def _range(bounds: Range | None) -> _Document:
    """Return the bounds: one text, or the one of them that there is."""
    known: _Document = dict.fromkeys(("range", "minimum", "maximum"))
    if bounds is None:
        return known
    if math.isfinite(bounds.low) and math.isfinite(bounds.high):
        known["range"] = f"{bounds.low},{bounds.high}"
        return known
    for key, bound in (("minimum", bounds.low), ("maximum", bounds.high)):
        known[key] = bound if math.isfinite(bound) else None
    return known


def _one_or_list(texts: tuple[str, ...]) -> JsonValue:
    """Return a text alone, or several in a list."""
    return texts[0] if len(texts) == 1 else list(texts)


def _scalar(value: Scalar) -> JsonValue:
    """Return a value as a model file spells it: times as milliseconds."""
    if isinstance(value, bool | int | float | str):
        return value
    return to_milliseconds(value)


def _document(source: Mapping[str, JsonValue], known: _Document) -> _Document:
    """Return the known keys that say something, and the unknown ones of the file."""
    said = {
        key: value for key, value in known.items() if value not in (None, "", [], {})
    }
    return said | {key: value for key, value in source.items() if key not in known}
