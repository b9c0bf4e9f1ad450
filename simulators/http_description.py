"""The Thing Description of a simulated device (W3C Thing Description 1.1).

All references are relative to where it is found: a client works out the rest.
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Final
from urllib.parse import quote

from custom_components.device_models.iot.model import (
    Action,
    Argument,
    Attribute,
    DeviceModel,
    Field,
    Format,
    Typed,
)
from custom_components.device_models.iot.values import DataType, JsonValue

CONTEXT: Final = "https://www.w3.org/2022/wot/td/v1.1"

STREAM: Final = "text/event-stream"

TYPES: Final[Mapping[DataType, dict[str, JsonValue]]] = {
    DataType.INTEGER: {"type": "integer"},
    DataType.NUMBER: {"type": "number"},
    DataType.STRING: {"type": "string"},
    DataType.BOOLEAN: {"type": "boolean"},
    DataType.DATETIME: {"type": "string", "format": "date-time"},
    DataType.URI: {"type": "string", "format": "uri"},
}

NOSEC: Final[Mapping[str, JsonValue]] = {"nosec_sc": {"scheme": "nosec"}}


def thing_description(
    model: DeviceModel,
    *,
    security: Mapping[str, JsonValue] = NOSEC,
    asynchronous: bool = False,
) -> dict[str, JsonValue]:
    """Return what describes a device that is served below where this is found.

    Args:
        model: of the device.
        security: the security definitions; all of them are needed.
        asynchronous: whether actions go on after they were called.

    """
    names: list[JsonValue] = [*security]
    readable = any(one.readable for one in model.attributes)
    together: list[JsonValue] = []
    if readable:
        together = [
            {"href": "state", "op": ["readallproperties", "writemultipleproperties"]},
            {
                "href": "state",
                "op": ["observeallproperties", "unobserveallproperties"],
                "subprotocol": "sse",
                "contentType": STREAM,
            },
        ]
    document: dict[str, JsonValue] = {
        "@context": CONTEXT,
        "id": model.urn,
        "title": model.name,
        "securityDefinitions": dict(security),
        "security": names,
        "properties": {one.name: _property(one) for one in model.attributes},
        "actions": {
            one.name: _action(one, asynchronous=asynchronous) for one in model.actions
        },
        "events": {one.name: _event(one) for one in model.formats},
    }
    if model.description:
        document["description"] = model.description
    return document | ({"forms": together} if together else {})


def path_of(*names: str) -> str:
    """Return the path of a resource, percent-encoded."""
    return "/".join(quote(name, safe="") for name in names)


def _property(attribute: Attribute) -> dict[str, JsonValue]:
    """Return a property with its forms."""
    path = path_of(attribute.name)
    if attribute.media_type:
        return _picture(attribute, path)
    writable = any(leaf.writable for _path, leaf in attribute.leaves())
    operations: list[JsonValue] = []
    if attribute.readable:
        operations.append("readproperty")
    if writable:
        operations.append("writeproperty")
    forms: list[JsonValue] = [{"href": path, "op": operations}]
    watched = attribute.readable and attribute.observable
    if watched:
        forms += _pushed(path, "observeproperty", "unobserveproperty")
    schema = _attribute(attribute)
    if not attribute.readable:
        schema["writeOnly"] = True
    return {**schema, "observable": watched, "forms": forms}


def _picture(attribute: Attribute, path: str) -> dict[str, JsonValue]:
    """Return a property that is a picture, with its forms."""
    forms: list[JsonValue] = [
        {"href": path, "op": "readproperty", "contentType": "image/png"}
    ]
    if attribute.observable:
        forms += _pushed(path, "observeproperty", "unobserveproperty")
    words = _words(attribute.title, attribute.description)
    watched = attribute.observable
    return {**words, "readOnly": True, "observable": watched, "forms": forms}


def _pushed(path: str, *operations: JsonValue) -> list[JsonValue]:
    """Return the forms by which something is told as it happens."""
    return [
        {
            "href": path,
            "op": [*operations],
            "subprotocol": "sse",
            "contentType": STREAM,
        },
        {"href": f"longpoll/{path}", "op": [*operations], "subprotocol": "longpoll"},
    ]


def _attribute(attribute: Attribute, *, writable: bool = False) -> dict[str, JsonValue]:
    """Return the schema of an attribute, or of a member of what may be writable."""
    writable = writable or attribute.writable
    schema = _typed(attribute)
    if attribute.semantic_types:
        schema["@type"] = [*attribute.semantic_types]
    if attribute.sensitive and attribute.type is DataType.STRING:
        schema["format"] = "password"
    if attribute.type is DataType.OBJECT:
        schema["properties"] = {
            one.name: _attribute(one, writable=writable) for one in attribute.members
        }
    if not (writable or any(leaf.writable for _path, leaf in attribute.leaves())):
        schema["readOnly"] = True
    return schema


def _action(action: Action, *, asynchronous: bool) -> dict[str, JsonValue]:
    """Return an action with its form."""
    spelled: dict[str, JsonValue] = {
        **_words(action.title, action.description),
        "idempotent": action.idempotent,
        "synchronous": not asynchronous,
        "forms": [{"href": path_of(action.name), "op": "invokeaction"}],
    }
    if action.arguments:
        needed = [
            one.name
            for one in action.arguments
            if not one.optional and one.default is None
        ]
        spelled["input"] = _object(action.arguments, needed)
    if action.results:
        single = len(action.results) == 1 and action.results[0].name == "value"
        named = [one.name for one in action.results if not one.optional]
        spelled["output"] = (
            _typed(action.results[0]) if single else _object(action.results, named)
        )
    return spelled


def _event(shape: Format) -> dict[str, JsonValue]:
    """Return an event with its forms."""
    path = path_of("alert", shape.name)
    needed = [one.name for one in shape.fields if not one.optional]
    spelled: dict[str, JsonValue] = {
        **_words(shape.title, shape.description),
        "forms": _pushed(path, "subscribeevent", "unsubscribeevent"),
    }
    return spelled | ({"data": _object(shape.fields, needed)} if shape.fields else {})


def _object(
    elements: Iterable[Argument | Field], needed: list[str]
) -> dict[str, JsonValue]:
    """Return the schema of an object."""
    properties: dict[str, JsonValue] = {one.name: _typed(one) for one in elements}
    return {"type": "object", "properties": properties, "required": [*needed]}


def _words(title: str, description: str) -> dict[str, JsonValue]:
    """Return the texts for people, those that there are."""
    texts = {"title": title, "description": description}
    return {key: text for key, text in texts.items() if text}


def _typed(element: Typed) -> dict[str, JsonValue]:
    """Return what a schema says of one value."""
    schema: dict[str, JsonValue] = {
        **TYPES.get(element.type, {"type": "object"}),
        **_words(element.title, element.description),
    }
    if element.unit:
        schema["unit"] = element.unit
    if element.range:
        low, high = element.range.ends
        ends = {"minimum": low, "maximum": high}
        schema |= {key: end for key, end in ends.items() if isfinite(end)}
    if element.step:
        schema["multipleOf"] = element.step
    if element.enum and element.type is not DataType.DATETIME:
        schema["enum"] = [one for one in element.enum if isinstance(one, str | int)]
    default = element.default
    if isinstance(default, bool | int | float | str):
        schema["default"] = default
    return schema
