"""Oracle-style device models: protocol sheet "Oracle IoT" §1.1-1.4, row by row."""

from datetime import UTC, datetime
import json
from typing import Any

import pytest

from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import FormatType
from custom_components.device_models.iot.values import DataType, Range

from ..samples import THERMO, attributes, model_of


def remarks_of(document: dict[str, Any]) -> list[str]:
    """Return what was left out of a model that is usable otherwise."""
    loaded = load_document(document, "test.json")
    return [str(remark) for remark in loaded.remarks]


GOOD: dict[str, Any] = {"name": "good", "type": "BOOLEAN"}


def test_example_of_the_sheet_is_read_as_it_is_meant() -> None:
    model = model_of(THERMO)
    assert (model.urn, model.name) == ("urn:com:acme:thermo", "Thermo")
    assert model.description == "Demo"
    temp, threshold = model.attributes
    assert (temp.name, temp.description) == ("temp", "room")
    assert (temp.type, temp.range) == (DataType.NUMBER, Range(-20, 80))
    assert not temp.writable
    assert temp.default is None
    assert (threshold.type, threshold.range) == (DataType.INTEGER, Range(65, 100))
    assert (threshold.writable, threshold.default) == (True, 70)
    reset, power, move = model.actions
    assert reset.arguments == ()
    (value,) = power.arguments
    assert (value.name, value.type) == ("value", DataType.BOOLEAN)
    x, mode = move.arguments
    assert (x.name, x.type, x.range) == ("x", DataType.NUMBER, Range(0, 5))
    assert (mode.name, mode.default) == ("mode", "slow")
    (alert,) = model.formats
    assert (alert.name, alert.type) == ("too_hot", FormatType.ALERT)
    assert alert.urn == "urn:com:acme:thermo:too_hot"
    assert alert.description == "Too hot"
    assert [(item.name, item.optional) for item in alert.fields] == [
        ("temp", False),
        ("unit", True),
    ]


@pytest.mark.parametrize("missing", ["attributes", "actions", "formats"])
def test_lists_may_be_missing_or_null(missing: str) -> None:
    for spelled in ({}, {missing: None}):
        rest = {key: value for key, value in THERMO.items() if key != missing}
        assert getattr(model_of({**rest, **spelled}), missing) == ()


# §1.2


@pytest.mark.parametrize(
    "kind", ["STRING", "NUMBER", "BOOLEAN", "INTEGER", "DATETIME", "URI"]
)
def test_each_type_is_known(kind: str) -> None:
    model = model_of(attributes({"name": "a", "type": kind}))
    assert model.attribute("a").type == kind


def test_defaults_of_what_is_not_said() -> None:
    attribute = model_of(attributes({"name": "a", "type": "NUMBER"})).attributes[0]
    assert not attribute.writable
    assert attribute.readable
    assert attribute.observable
    assert not attribute.sensitive
    assert attribute.range is None
    assert attribute.step is None
    assert attribute.enum == ()
    assert attribute.unit is None
    assert attribute.default is None
    assert attribute.alias is None
    assert attribute.semantic_types == ()
    assert (attribute.title, attribute.description) == ("", "")


def test_everything_that_can_be_said_is_read() -> None:
    element = {
        "name": "mode",
        "alias": "m",
        "title": "Mode",
        "description": "What it does",
        "type": "INTEGER",
        "range": "0,10",
        "step": 2,
        "enum": [0, 2, 4],
        "unit": "%",
        "defaultValue": 2,
        "writable": True,
        "readable": False,
        "observable": False,
        "sensitive": True,
        "semanticType": "battery",
    }
    attribute = model_of(attributes(element)).attributes[0]
    assert attribute.alias == "m"
    assert (attribute.title, attribute.description) == ("Mode", "What it does")
    assert (attribute.range, attribute.step) == (Range(0, 10), 2.0)
    assert attribute.enum == (0, 2, 4)
    assert (attribute.unit, attribute.default) == ("%", 2)
    assert attribute.writable
    assert not attribute.readable
    assert not attribute.observable
    assert attribute.sensitive
    assert attribute.semantic_types == ("battery",)
    assert attribute.source == element


RANGES: list[tuple[Any, Range | None]] = [
    ("0,100", Range(0, 100)),
    ("-20,80", Range(-20, 80)),
    ("0.0,50.0", Range(0, 50)),
    (" -1.5 , +2 ", Range(-1.5, 2)),
    (".5,1e3", Range(0.5, 1000)),
    ("5,5", Range(5, 5)),
    ("0,18446744073709551615", Range(0, 2**64 - 1)),
    (None, None),
]


@pytest.mark.parametrize(("spelled", "expected"), RANGES)
def test_range_is_one_text_of_two_numbers(
    spelled: object, expected: Range | None
) -> None:
    element = {"name": "a", "type": "NUMBER", "range": spelled}
    assert model_of(attributes(element)).attributes[0].range == expected


@pytest.mark.parametrize(
    ("spelled", "problem"),
    [
        ("", "two numbers"),
        ("5", "two numbers"),
        ("0;100", "two numbers"),
        ("0,1,2", "two numbers"),
        ("0,", "two numbers"),
        ("low,high", "two numbers"),
        ("1_0,2_0", "two numbers"),
        ("0,nan", "two numbers"),
        ("0,inf", "two numbers"),
        ("\u0661,\u0662", "two numbers"),
        ("0,1e999", "two finite numbers"),
        ("0," + "9" * 5000, "two finite numbers"),
        ("100,0", "the lower number first"),
        (["0", "100"], "two numbers"),
        ([0, 100], "two numbers"),
        (5, "two numbers"),
    ],
)
def test_bad_range_leaves_the_element_out(spelled: object, problem: str) -> None:
    element = {"name": "a", "type": "NUMBER", "range": spelled}
    (remark,) = remarks_of(attributes(GOOD, element))
    assert remark.startswith("attributes[1] 'a'.range: expected ")
    assert problem in remark


@pytest.mark.parametrize("kind", ["STRING", "BOOLEAN", "DATETIME", "URI"])
def test_range_means_nothing_to_other_types(kind: str) -> None:
    element = {"name": "a", "type": kind, "range": "whatever"}
    assert model_of(attributes(element)).attributes[0].range is None


DEFAULTS: list[tuple[str, Any, Any]] = [
    ("INTEGER", 7, 7),
    ("INTEGER", 7.0, 7),
    ("NUMBER", 7.5, 7.5),
    ("STRING", "slow", "slow"),
    ("BOOLEAN", False, False),
    ("DATETIME", 0, datetime(1970, 1, 1, tzinfo=UTC)),
    ("URI", "https://example.com", "https://example.com"),
    ("INTEGER", None, None),
]


@pytest.mark.parametrize(("kind", "spelled", "expected"), DEFAULTS)
def test_default_is_a_value_of_the_type(
    kind: str, spelled: object, expected: object
) -> None:
    element = {"name": "a", "type": kind, "defaultValue": spelled}
    assert model_of(attributes(element)).attributes[0].default == expected


def test_default_may_lie_outside_of_the_range() -> None:
    element = {"name": "a", "type": "INTEGER", "range": "1,5", "defaultValue": 0}
    assert model_of(attributes(element)).attributes[0].default == 0


BAD_STEPS: list[Any] = [0, -1, -0.5, True, "1", []]

BAD_ELEMENTS: list[tuple[str, Any, str]] = [
    ("no name", {"type": "NUMBER"}, "attributes[1].name: expected a text"),
    (
        "empty name",
        {"name": "", "type": "NUMBER"},
        "attributes[1] ''.name: expected a text",
    ),
    (
        "name of line breaks",
        {"name": "a\nb", "type": "NUMBER"},
        "attributes[1] 'a\\nb'.name: expected a printable name below 2048 bytes",
    ),
    (
        "endless name",
        {"name": "a" * 2048, "type": "NUMBER"},
        (
            "attributes[1] 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.name: "
            "expected a printable name below 2048 bytes"
        ),
    ),
    (
        "name is there",
        {"name": "good", "type": "NUMBER"},
        "attributes[1] 'good'.name: the name 'good' is there already",
    ),
    ("a text", "temp", "attributes[1]: expected an object"),
    ("null", None, "attributes[1]: expected an object"),
    ("no type", {"name": "a"}, "attributes[1] 'a'.type: expected a text"),
    (
        "unknown type",
        {"name": "a", "type": "COLOR"},
        (
            "attributes[1] 'a'.type: expected one of INTEGER, NUMBER, STRING, BOOLEAN, "
            "DATETIME, URI, OBJECT, got 'COLOR'"
        ),
    ),
    (
        "type in small letters",
        {"name": "a", "type": "number"},
        (
            "attributes[1] 'a'.type: expected one of INTEGER, NUMBER, STRING, BOOLEAN, "
            "DATETIME, URI, OBJECT, got 'number'"
        ),
    ),
    (
        "default of another type",
        {"name": "a", "type": "INTEGER", "defaultValue": "7"},
        (
            "attributes[1] 'a'.defaultValue: "
            "expected a whole number of at most 64 bits, got '7'"
        ),
    ),
    (
        "default of DATETIME as text",
        {"name": "a", "type": "DATETIME", "defaultValue": "2024-01-01"},
        (
            "attributes[1] 'a'.defaultValue: "
            "expected a time, or milliseconds since 1970, got '2024-01-01'"
        ),
    ),
    (
        "choice of another type",
        {"name": "a", "type": "STRING", "enum": ["x", 5]},
        "attributes[1] 'a'.enum: expected a text below 64 KiB in UTF-8, got 5",
    ),
    (
        "choice out of range",
        {"name": "a", "type": "INTEGER", "range": "0,1", "enum": [0, 2]},
        "attributes[1] 'a'.enum: 2 > 1",
    ),
    (
        "choice given twice",
        {"name": "a", "type": "STRING", "enum": ["x", "x"]},
        "attributes[1] 'a'.enum: expected different values",
    ),
    (
        "choices as a text",
        {"name": "a", "type": "STRING", "enum": "x,y"},
        "attributes[1] 'a'.enum: expected an array",
    ),
    (
        "writable as a text",
        {"name": "a", "type": "STRING", "writable": "yes"},
        "attributes[1] 'a'.writable: expected true or false",
    ),
    (
        "neither readable nor writable",
        {"name": "a", "type": "STRING", "readable": False},
        "attributes[1] 'a'.readable: neither readable nor writable",
    ),
    *(
        (
            f"step {json.dumps(step)}",
            {"name": "a", "type": "NUMBER", "step": step},
            "attributes[1] 'a'.step: expected a number above 0",
        )
        for step in BAD_STEPS
    ),
    (
        "object without members",
        {"name": "a", "type": "OBJECT"},
        "attributes[1] 'a'.members: an OBJECT needs at least one usable member",
    ),
]


@pytest.mark.parametrize(
    ("element", "remark"),
    [row[1:] for row in BAD_ELEMENTS],
    ids=[row[0] for row in BAD_ELEMENTS],
)
def test_unusable_element_is_left_out_with_a_remark(element: Any, remark: str) -> None:
    last = {"name": "last", "type": "NUMBER"}
    document = attributes(GOOD, element, last)
    loaded = load_document(document, "test.json")
    assert [str(note) for note in loaded.remarks] == [remark]
    assert [item.name for item in loaded.model.attributes] == ["good", "last"]


@pytest.mark.parametrize("key", ["writable", "readable", "observable", "sensitive"])
def test_flag_that_is_null_is_not_said(key: str) -> None:
    element = {"name": "a", "type": "NUMBER", key: None}
    assert remarks_of(attributes(element)) == []


@pytest.mark.parametrize(
    ("elements", "remark"),
    [
        (
            [
                {"name": "a", "type": "OBJECT", "members": [GOOD]},
                {"name": "a.good", "type": "NUMBER"},
            ],
            "attributes[1] 'a.good'.name: the name 'a.good' is there already",
        ),
        (
            [
                {"name": "a.good", "type": "NUMBER"},
                {"name": "a", "type": "OBJECT", "members": [GOOD]},
            ],
            "attributes[1] 'a'.name: the name 'a.good' is there already",
        ),
        (
            [
                {"name": "a", "type": "OBJECT", "members": [GOOD]},
                {"name": "a", "type": "NUMBER"},
            ],
            "attributes[1] 'a'.name: the name 'a' is there already",
        ),
    ],
)
def test_attribute_cannot_be_called_like_the_member_of_another(
    elements: list[dict[str, Any]], remark: str
) -> None:
    loaded = load_document(attributes(*elements), "test.json")
    assert [str(note) for note in loaded.remarks] == [remark]
    assert loaded.model.attributes[0].name == elements[0]["name"]
    assert len(loaded.model.leaves) == 1


def test_members_cannot_share_a_name_either() -> None:
    members = [
        {"name": "b.c", "type": "NUMBER"},
        {"name": "b", "type": "OBJECT", "members": [{"name": "c", "type": "STRING"}]},
    ]
    document = attributes({"name": "a", "type": "OBJECT", "members": members})
    loaded = load_document(document, "test.json")
    assert [str(note) for note in loaded.remarks] == [
        "attributes[0] 'a'.members[1] 'b'.name: the name 'b.c' is there already"
    ]
    assert list(loaded.model.leaves) == ["a.b.c"]


def test_object_loses_the_unusable_members_only() -> None:
    members = [{"name": "x", "type": "COLOR"}, {"name": "y", "type": "NUMBER"}]
    document = attributes({"name": "a", "type": "OBJECT", "members": members})
    loaded = load_document(document, "test.json")
    assert [remark.where for remark in loaded.remarks] == [
        "attributes[0] 'a'.members[0] 'x'.type"
    ]
    assert list(loaded.model.leaves) == ["a.y"]


@pytest.mark.parametrize(("levels", "usable"), [(4, True), (5, False)])
def test_objects_are_nested_four_deep_at_most(levels: int, usable: bool) -> None:
    element: dict[str, Any] = {"name": "x", "type": "NUMBER"}
    for _ in range(levels):
        element = {"name": "x", "type": "OBJECT", "members": [element]}
    remarks = remarks_of(attributes(GOOD, element))
    assert (remarks == []) is usable
    if not usable:
        assert "objects may be nested 4 deep" in remarks[0]


def test_alias_that_is_a_name_is_not_used() -> None:
    document = attributes(
        {"name": "a", "type": "NUMBER", "alias": "b"},
        {"name": "b", "type": "NUMBER", "alias": "c"},
        {"name": "d", "type": "NUMBER", "alias": "c"},
    )
    loaded = load_document(document, "test.json")
    assert [str(note) for note in loaded.remarks] == [
        "attributes[0] 'a'.alias: the name 'b' is there already",
        "attributes[2] 'd'.alias: the name 'c' is there already",
    ]
    assert loaded.model.attribute("b").name == "b"
    assert loaded.model.attribute("c").name == "b"


# §1.3


ACTIONS: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    ("none", {}, []),
    ("first generation", {"argType": "STRING"}, [("value", "STRING", None, None)]),
    (
        "first generation in full",
        {"argType": "INTEGER", "range": "0,9", "defaultValue": 3},
        [("value", "INTEGER", Range(0, 9), 3)],
    ),
    ("null type", {"argType": None}, []),
    ("null arguments", {"argType": "URI", "arguments": None}, [("value", "URI")]),
    ("no arguments", {"argType": "URI", "arguments": []}, [("value", "URI")]),
    (
        "both generations",
        {"argType": "URI", "arguments": [{"name": "x", "type": "NUMBER"}]},
        [("x", "NUMBER", None, None)],
    ),
    (
        "argument without name",
        {"arguments": [{"type": "NUMBER", "range": "0,1"}]},
        [("value", "NUMBER", Range(0, 1), None)],
    ),
    (
        "argument with null as name",
        {"arguments": [{"name": None, "type": "NUMBER"}]},
        [("value", "NUMBER", None, None)],
    ),
]
"""By their name, type, range and default; what is not given there is None."""


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in ACTIONS], ids=[r[0] for r in ACTIONS]
)
def test_arguments_of_both_generations(
    content: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    document = attributes(actions=[{"name": "do", **content}])
    (action,) = model_of(document).actions
    assert [
        (item.name, item.type, item.range, item.default) for item in action.arguments
    ] == [(*row, None, None)[:4] for row in expected]


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        ({"argType": "COLOR"}, "actions[0] 'do'.type: expected one of"),
        ({"argType": "OBJECT"}, "actions[0] 'do'.type: expected one of"),
        ({"argType": 5}, "actions[0] 'do'.argType: expected a text"),
        (
            {"argType": "INTEGER", "range": "x"},
            "actions[0] 'do'.range: expected two numbers",
        ),
        (
            {"arguments": [{"name": "x"}]},
            "actions[0] 'do'.arguments[0] 'x'.type: expected a text",
        ),
        ({"arguments": ["x"]}, "actions[0] 'do'.arguments[0]: expected an object"),
        ({"arguments": "x"}, "actions[0] 'do'.arguments: expected an array"),
        (
            {"arguments": [{"type": "URI"}, {"type": "URI"}]},
            "actions[0] 'do'.arguments: expected arguments of different names",
        ),
    ],
)
def test_action_with_an_unusable_argument_is_left_out(
    content: dict[str, Any], remark: str
) -> None:
    document = attributes(GOOD, actions=[{"name": "do", **content}, {"name": "rest"}])
    loaded = load_document(document, "test.json")
    (note,) = loaded.remarks
    assert str(note).startswith(remark)
    assert [action.name for action in loaded.model.actions] == ["rest"]


def test_names_of_actions_and_attributes_do_not_meet() -> None:
    document = attributes(GOOD, actions=[{"name": "good"}], formats=[{"name": "good"}])
    assert remarks_of(document) == []


def test_action_that_is_there_twice_is_left_out_once() -> None:
    document = attributes(actions=[{"name": "a"}, {"name": "a", "argType": "URI"}])
    assert remarks_of(document) == [
        "actions[1] 'a'.name: the name 'a' is there already"
    ]


# §1.4


def test_format_without_type_is_an_alert_and_without_value_has_no_fields() -> None:
    for spelled in ({}, {"type": None, "value": None}, {"value": {"fields": None}}):
        (shape,) = model_of(attributes(formats=[{"name": "x", **spelled}])).formats
        assert shape.type is FormatType.ALERT
        assert shape.fields == ()


def test_data_format_is_read() -> None:
    (shape,) = model_of(attributes(formats=[{"name": "x", "type": "DATA"}])).formats
    assert shape.type is FormatType.DATA


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        ({"type": "EVENT"}, "formats[0] 'x'.type: expected ALERT or DATA"),
        ({"value": []}, "formats[0] 'x'.value: expected an object"),
        ({"value": {"fields": {}}}, "formats[0] 'x'.value.fields: expected an array"),
    ],
)
def test_unusable_format_is_left_out(content: dict[str, Any], remark: str) -> None:
    document = attributes(GOOD, formats=[{"name": "x", **content}, {"name": "y"}])
    loaded = load_document(document, "test.json")
    assert [str(note) for note in loaded.remarks] == [remark]
    assert [shape.name for shape in loaded.model.formats] == ["y"]


def test_format_loses_its_unusable_fields_only() -> None:
    fields = [
        {"name": "a", "type": "NUMBER"},
        {"name": "b", "type": "OBJECT"},
        {"name": "c", "type": "NUMBER", "optional": "no"},
        {"name": "a", "type": "STRING"},
    ]
    document = attributes(formats=[{"name": "x", "value": {"fields": fields}}])
    loaded = load_document(document, "test.json")
    assert [remark.where for remark in loaded.remarks] == [
        "formats[0] 'x'.value.fields[1] 'b'.type",
        "formats[0] 'x'.value.fields[2] 'c'.optional",
        "formats[0] 'x'.value.fields[3] 'a'.name",
    ]
    assert [field.name for field in loaded.model.formats[0].fields] == ["a"]
