"""Data schemas of Thing Descriptions: what elements they become."""

from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.model import Action, Attribute, Format
from custom_components.device_models.iot.values import DataType, Range

from .test_wot_thing import TD, changed, fixture, places

FORMS: list[dict[str, str]] = [{"href": "x"}]


def read(kind: str, element: dict[str, Any]) -> Loaded:
    """Return TD with one more element called x."""
    return load_document(changed(f"{kind}/x", {"forms": FORMS, **element}), "well.json")


def attribute(schema: dict[str, Any]) -> Attribute:
    (found,) = (
        one for one in read("properties", schema).model.attributes if one.name == "x"
    )
    return found


def action(**terms: Any) -> Action:
    return read("actions", terms).model.action("x")


def event(data: Any) -> Format:
    return read("events", {"data": data}).model.format("x")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "boolean"}, DataType.BOOLEAN),
        ({"type": "integer"}, DataType.INTEGER),
        ({"type": "number"}, DataType.NUMBER),
        ({"type": "string"}, DataType.STRING),
        ({"type": "string", "format": "email"}, DataType.STRING),
        ({"type": "string", "format": "date-time"}, DataType.DATETIME),
        ({"type": "string", "format": "uri"}, DataType.URI),
        ({"properties": {"a": {"type": "string"}}}, DataType.OBJECT),
        ({"enum": ["a", "b"]}, DataType.STRING),
        ({"enum": ["a", None]}, DataType.STRING),
        ({"enum": [1, 2]}, DataType.INTEGER),
        ({"enum": [1, 2.5]}, DataType.NUMBER),
        ({"enum": [True, False]}, DataType.BOOLEAN),
        ({"const": "a"}, DataType.STRING),
        ({"oneOf": [{"const": 1}, {"const": 2}]}, DataType.INTEGER),
        ({"oneOf": [{"type": "boolean"}, {"type": "null"}]}, DataType.BOOLEAN),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, DataType.NUMBER),
        ({"minimum": 0}, DataType.NUMBER),
        (
            {"type": "string", "oneOf": [{"pattern": "a"}, {"pattern": "b"}]},
            DataType.STRING,
        ),
    ],
)
def test_types(schema: dict[str, Any], kind: DataType) -> None:
    assert attribute(schema).type is kind


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "array"}, ".type"),
        ({"type": "null"}, ".type"),
        ({}, ".type"),
        ({"enum": ["a", 1]}, ".type"),
        ({"enum": [{"a": 1}]}, ".enum"),
        ({"oneOf": [{"type": "string"}, {"type": "number"}]}, ".oneOf"),
        ({"oneOf": [{"type": "null"}]}, ".oneOf"),
        ({"oneOf": [{"properties": {"a": {"type": "string"}}}]}, ".oneOf"),
        ({"type": "object"}, ".properties"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, ".properties.a"),
        ({"type": "number", "uriVariables": {}, "forms": [{"href": "{a}"}]}, ""),
        ({"type": "number", "forms": [{"href": "x", "contentCoding": "gzip"}]}, ""),
        ({"type": "number", "readOnly": True, "forms": [{"href": "", "op": "z"}]}, ""),
    ],
)
def test_what_is_of_no_use_is_left_out_with_a_remark(
    schema: dict[str, Any], where: str
) -> None:
    found = read("properties", {**schema} if "forms" in schema else schema)
    assert [one.name for one in found.model.attributes] == ["depth"]
    assert any(place.startswith(f"properties.x{where}") for place in places(found))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 2048])
@pytest.mark.parametrize("kind", ["properties", "actions", "events"])
def test_name_that_no_element_can_have(kind: str, name: str) -> None:
    element = {"type": "number", "forms": FORMS}
    thing: dict[str, Any] = {**TD, kind: {**TD[kind], name: element}}
    found = load_document(thing, "well.json")
    assert places(found) == [f"{kind}.{name}"]


def test_two_values_of_one_name() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    more: dict[str, Any] = {
        "a": {**inner, "forms": FORMS},
        "a.b": {"type": "string", "forms": FORMS},
    }
    found = load_document(changed("properties", more), "well.json")
    assert list(found.model.leaves) == ["a.b"]
    assert places(found) == ["properties.a.b"]


@pytest.mark.parametrize(
    ("schema", "bounds", "remarks"),
    [
        ({"type": "number"}, None, 0),
        ({"type": "string", "minimum": 1}, None, 0),
        ({"type": "number", "minimum": 1}, Range(1, inf), 0),
        ({"type": "number", "maximum": 1.5}, Range(-inf, 1.5), 0),
        ({"type": "number", "exclusiveMinimum": 1, "maximum": 2}, Range(1, 2), 1),
        ({"type": "integer", "exclusiveMinimum": 1}, Range(2, inf), 0),
        ({"type": "integer", "exclusiveMaximum": 9}, Range(-inf, 8), 0),
        (
            {"type": "number", "exclusiveMaximum": 9, "multipleOf": 0.5},
            Range(-inf, 8.5),
            0,
        ),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": 1}, Range(5, inf), 0),
        ({"type": "number", "minimum": 5, "maximum": 1}, None, 1),
    ],
)
def test_bounds(schema: dict[str, Any], bounds: Range | None, remarks: int) -> None:
    found = read("properties", schema)
    assert found.model.attribute("x").range == bounds
    assert len(found.remarks) == remarks


def test_everything_that_is_said_of_a_property() -> None:
    schema = {
        "@type": ["saref:Level", "LevelProperty"],
        "title": "Level",
        "titles": {"de": "Stand"},
        "description": "of the water",
        "type": "number",
        "unit": "om:metre",
        "multipleOf": 0.1,
        "default": 2,
        "observable": True,
        "forms": FORMS,
    }
    assert attribute(schema) == Attribute(
        name="x",
        type=DataType.NUMBER,
        description="of the water",
        title="Level",
        titles={"de": "Stand"},
        step=0.1,
        unit="om:metre",
        default=2,
        writable=True,
        semantic_types=("saref:Level", "LevelProperty"),
    )
    assert attribute(schema).source == schema


@pytest.mark.parametrize(
    ("schema", "enum", "labels"),
    [
        ({"type": "integer", "enum": [1, 2]}, (1, 2), {}),
        ({"type": "string", "enum": ["a", "b", "a"]}, ("a", "b"), {}),
        ({"type": "boolean", "enum": [True, False]}, (), {}),
        ({"type": "boolean", "const": True}, (), {}),
        ({"type": "string", "const": "a"}, ("a",), {}),
        (
            {
                "oneOf": [
                    {"const": 1, "title": "One"},
                    {"const": 2, "titles": {"fr": "deux", "en": "Two"}},
                    {"const": 3},
                ]
            },
            (1, 2, 3),
            {"1": "One", "2": "Two"},
        ),
    ],
)
def test_choices(
    schema: dict[str, Any], enum: tuple[Any, ...], labels: dict[str, str]
) -> None:
    found = attribute(schema)
    assert (found.enum, found.labels) == (enum, labels)


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "integer", "enum": ["a"]}, "enum"),
        ({"type": "integer", "enum": [[]]}, "enum"),
        ({"type": "integer", "default": "a"}, "default"),
        ({"type": "string", "format": "date-time", "default": "noon"}, "default"),
        ({"type": "string", "contentEncoding": "base64"}, "contentEncoding"),
    ],
)
def test_term_that_does_not_fit_is_left_out_with_a_remark(
    schema: dict[str, Any], where: str
) -> None:
    found = read("properties", schema)
    x = found.model.attribute("x")
    assert (x.enum, x.default) == ((), None)
    assert places(found) == [f"properties.x.{where}"]


def test_default_time() -> None:
    schema = {"type": "string", "format": "date-time", "default": "2026-01-02T03:04Z"}
    assert attribute(schema).default == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schema", "writable", "readable"),
    [
        ({}, True, True),
        ({"readOnly": True}, False, True),
        ({"writeOnly": True}, True, False),
        ({"forms": [{"href": "", "op": "readproperty"}]}, False, True),
        ({"forms": [{"href": "", "op": ["observeproperty"]}]}, False, True),
        ({"forms": [{"href": "", "op": ["writeproperty"]}]}, True, False),
        ({"forms": [{"href": "wss://x/y"}]}, True, True),
    ],
)
def test_what_can_be_done_with_a_property(
    schema: dict[str, Any],
    writable: bool,
    readable: bool,
) -> None:
    found = attribute({"type": "string", **schema})
    assert (found.writable, found.readable) == (writable, readable)


def test_secret_property_is_sensitive() -> None:
    assert attribute({"type": "string", "format": "password"}).sensitive


def test_object_has_members() -> None:
    found = read(
        "properties",
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "@type": "A"},
                "b": {"type": "integer", "readOnly": True},
                "c": {"type": "array"},
                "d": {"properties": {"e": {"type": "number", "writeOnly": True}}},
            },
        },
    )
    leaves = {
        name: (leaf.writable, leaf.readable)
        for name, leaf in found.model.leaves.items()
        if name.startswith("x")
    }
    assert leaves == {
        "x.a": (True, True),
        "x.b": (False, True),
        "x.d.e": (True, False),
    }
    assert places(found) == ["properties.x.properties.c.type"]


def test_object_that_can_be_written_as_a_whole() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert attribute(schema).writable
    found = attribute({**schema, "forms": [{"href": "", "op": "readproperty"}]})
    assert not any(leaf.writable for _path, leaf in found.leaves())


def test_objects_within_objects_have_an_end() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(6):
        schema = {"type": "object", "properties": {"a": schema}}
    found = read("properties", schema)
    assert len(found.model.attributes) == 1
    assert "nested 4 deep" in found.remarks[0].message


def test_too_many_members() -> None:
    members: dict[str, Any] = {str(number): {} for number in range(2001)}
    with pytest.raises(ModelError, match="at most 2000"):
        attribute({"type": "object", "properties": members})


def test_arguments() -> None:
    found = action(
        title="Do",
        idempotent=True,
        input={
            "type": "object",
            "properties": {
                "a": {"type": "integer"},
                "b": {"type": "string", "default": "b"},
                "c": {"type": "string"},
                "d": {"const": 3},
                "e": {"type": "array"},
                "f": {"type": "object", "properties": {"g": {"type": "string"}}},
            },
            "required": ["a"],
        },
        output={"type": "number", "unit": "s"},
    )
    assert [(one.name, one.optional, one.default) for one in found.arguments] == [
        ("a", False, None),
        ("b", False, "b"),
        ("c", True, None),
        ("d", False, 3),
    ]
    assert found.validate({"a": 1}) == {"a": 1, "b": "b", "d": 3}
    assert not found.callable_without_input
    assert [(one.name, one.unit) for one in found.results] == [("value", "s")]
    assert found.idempotent
    assert found.title == "Do"


def test_action_without_required_arguments_needs_no_input() -> None:
    given = {"type": "object", "properties": {"a": {"type": "integer"}}}
    found = action(input=given)
    assert found.callable_without_input
    assert found.validate({}) == {}


def test_single_argument_is_called_value() -> None:
    (argument,) = action(input={"type": "integer", "minimum": 1}).arguments
    assert (argument.name, argument.optional) == ("value", False)
    assert argument.range == Range(1, inf)


@pytest.mark.parametrize(
    "given",
    [
        {"type": "array"},
        {"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"]},
        {"type": "object", "properties": {}, "required": ["a"]},
    ],
)
def test_action_that_needs_what_cannot_be_given_is_left_out(given: Any) -> None:
    found = read("actions", {"input": given})
    assert [one.name for one in found.model.actions] == ["pump"]
    assert places(found)[0].startswith("actions.x.input")


def test_fields_of_an_event() -> None:
    found = event(
        {
            "type": "object",
            "properties": {
                "a": {"type": "integer"},
                "b": {"type": "string"},
                "c": {"type": "array"},
                "d": {"type": "object"},
            },
            "required": ["a"],
        }
    )
    assert [(one.name, one.optional) for one in found.fields] == [
        ("a", False),
        ("b", True),
    ]
    assert [one.name for one in event({"type": "string"}).fields] == ["value"]
    assert event({}).fields == ()


def test_language_of_labels_in_a_fixture() -> None:
    scene = fixture("lamp.td.json").model.attribute("scene")
    assert scene.labels == {"read": "Lesen", "film": "Film", "night": "Nachtlicht"}
