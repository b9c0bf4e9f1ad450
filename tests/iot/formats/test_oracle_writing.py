"""Writing Oracle-style device models."""

from collections.abc import Callable
from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.iot.formats.oracle.writing import write_model
from custom_components.device_models.iot.model import (
    Action,
    Argument,
    Attribute,
    DeviceModel,
    Field,
    Format,
    FormatType,
)
from custom_components.device_models.iot.values import DataType, Range
from simulators.models import BUNDLED

from ..samples import THERMO, attributes

ODD: dict[str, Any] = {
    "zebra": {"first": [1, 2.0, None]},
    "urn": "urn:odd",
    "attributes": [
        {
            "x-vendor": 7,
            "type": "NUMBER",
            "name": "temp",
            "range": "0.0,50.00",
            "defaultValue": 5.0,
            "writable": None,
        },
        {"name": "broken", "type": "COLOR", "x-vendor": 8},
        {
            "name": "night",
            "type": "OBJECT",
            "x-vendor": 9,
            "members": [
                {"name": "from", "type": "DATETIME", "defaultValue": 0, "x-vendor": 1},
                {"name": "broken", "type": "COLOR"},
                {"name": "to", "type": "STRING", "x-vendor": 2},
            ],
        },
    ],
    "actions": [
        {"name": "power", "argType": "BOOLEAN", "defaultValue": True, "x-vendor": 1},
        {"name": "move", "arguments": [{"type": "NUMBER", "x-vendor": 2}]},
    ],
    "formats": [
        {
            "name": "hot",
            "urn": "urn:odd:hot",
            "sourceId": "here",
            "value": {"x-vendor": 1, "fields": [{"name": "a", "type": "URI"}]},
        }
    ],
    "links": [{"rel": "self", "href": "x"}],
    "name": "Odd",
}


def model(document: dict[str, Any]) -> DeviceModel:
    """Return the model of a document, whatever was left out."""
    return load_document(document, "test.json").model


@pytest.mark.parametrize("document", [THERMO, ODD], ids=["example", "odd"])
def test_model_that_was_only_read_is_written_unchanged(
    document: dict[str, Any],
) -> None:
    written = write_model(model(document))
    assert json.dumps(written) == json.dumps(document)


def test_bundled_models_are_written_unchanged() -> None:
    for path in sorted(BUNDLED.glob("*.json")):
        loaded = load(path.read_bytes(), path.name)
        assert isinstance(loaded.document, dict)
        assert write_model(loaded.model) == loaded.document["model"]


def test_changed_attribute_leaves_everything_else_as_it_was() -> None:
    before = model(ODD)
    temp, night = before.attributes
    after = replace(before, attributes=(replace(temp, unit="°C"), night))
    written = write_model(after)
    attributes_written: Any = written["attributes"]
    changed, *others = attributes_written
    assert changed == {
        "x-vendor": 7,
        "type": "NUMBER",
        "name": "temp",
        "range": "0.0,50.0",
        "unit": "°C",
        "defaultValue": 5,
        "writable": False,
    }
    broken, object_as_it_was = ODD["attributes"][1:]
    assert others == [object_as_it_was, broken]
    for key in ("zebra", "links", "actions", "formats", "urn", "name"):
        assert written[key] == ODD[key]


def test_changed_member_leaves_the_others_as_they_were() -> None:
    before = model(ODD)
    temp, night = before.attributes
    start, end = night.members
    changed = replace(night, members=(replace(start, writable=True), end))
    attributes_written: Any = write_model(replace(before, attributes=(temp, changed)))[
        "attributes"
    ]
    assert attributes_written[1] == {
        "name": "night",
        "type": "OBJECT",
        "writable": False,
        "x-vendor": 9,
        "members": [
            {
                "name": "from",
                "type": "DATETIME",
                "defaultValue": 0,
                "writable": True,
                "x-vendor": 1,
            },
            {"name": "to", "type": "STRING", "x-vendor": 2},
            {"name": "broken", "type": "COLOR"},
        ],
    }


CHANGES: list[
    tuple[str, Callable[[Action], Action], Callable[[Action], Action], list[Any]]
] = [
    (
        "title: arguments stay in their generation",
        lambda power: replace(power, title="Power"),
        lambda move: replace(move, title="Move"),
        [
            {
                "name": "power",
                "title": "Power",
                "argType": "BOOLEAN",
                "defaultValue": True,
                "x-vendor": 1,
            },
            {
                "name": "move",
                "title": "Move",
                "arguments": [{"type": "NUMBER", "x-vendor": 2}],
            },
        ],
    ),
    (
        "arguments: written in the newer generation",
        lambda power: replace(
            power, arguments=(replace(power.arguments[0], unit="%"),)
        ),
        lambda move: replace(move, arguments=()),
        [
            {
                "name": "power",
                "arguments": [
                    {
                        "name": "value",
                        "type": "BOOLEAN",
                        "unit": "%",
                        "defaultValue": True,
                    }
                ],
                "x-vendor": 1,
            },
            {"name": "move"},
        ],
    ),
]


@pytest.mark.parametrize(
    ("power", "move", "expected"),
    [row[1:] for row in CHANGES],
    ids=[row[0] for row in CHANGES],
)
def test_changed_action(
    power: Callable[[Action], Action],
    move: Callable[[Action], Action],
    expected: list[Any],
) -> None:
    before = model(ODD)
    first, second = before.actions
    after = replace(before, actions=(power(first), move(second)))
    written = write_model(after)
    assert written["actions"] == expected
    assert model(written).actions == after.actions
    assert written["attributes"] == [
        ODD["attributes"][0],
        ODD["attributes"][2],
        ODD["attributes"][1],
    ]


def test_changed_format_keeps_what_is_unknown_in_it_and_around_its_fields() -> None:
    before = model(ODD)
    (hot,) = before.formats
    after = replace(before, formats=(replace(hot, type=FormatType.DATA),))
    assert write_model(after)["formats"] == [
        {
            "urn": "urn:odd:hot",
            "name": "hot",
            "type": "DATA",
            "sourceId": "here",
            "value": {"x-vendor": 1, "fields": [{"name": "a", "type": "URI"}]},
        }
    ]


def test_removed_and_added_elements() -> None:
    before = model(THERMO)
    fresh = Attribute(
        name="fresh", type=DataType.BOOLEAN, readable=False, writable=True
    )
    after = replace(before, attributes=(before.attributes[1], fresh), formats=())
    written = write_model(after)
    assert written["attributes"] == [
        THERMO["attributes"][1],
        {"name": "fresh", "type": "BOOLEAN", "writable": True, "readable": False},
    ]
    assert "formats" not in written
    assert written["created"] == THERMO["created"]


def test_model_without_a_file_is_written_and_read_again() -> None:
    made = DeviceModel(
        urn="urn:made",
        name="Made",
        description="By hand",
        attributes=(
            Attribute(
                name="level",
                title="Level",
                type=DataType.NUMBER,
                range=Range(0.1, 1e300),
                step=0.5,
                unit="m",
                observable=False,
                sensitive=True,
                semantic_types=("distance",),
                alias="l",
            ),
            Attribute(
                name="mode",
                type=DataType.STRING,
                enum=("a", "b"),
                default="a",
                writable=True,
            ),
            Attribute(
                name="window",
                type=DataType.OBJECT,
                members=(Attribute(name="open", type=DataType.BOOLEAN),),
            ),
        ),
        actions=(
            Action(
                name="go",
                arguments=(
                    Argument(
                        name="big", type=DataType.INTEGER, range=Range(0, 2**64 - 1)
                    ),
                ),
            ),
            Action(name="stop", alias="halt", description="At once"),
        ),
        formats=(
            Format(
                name="leak",
                urn="urn:made:leak",
                fields=(Field(name="litres", type=DataType.NUMBER, optional=True),),
            ),
            Format(name="log", type=FormatType.DATA, title="Log"),
        ),
    )
    written = write_model(made)
    assert model(json.loads(json.dumps(written))) == made


def test_model_that_has_become_unusable_is_still_written() -> None:
    made = DeviceModel(urn="urn:x", name="X", source={"urn": 5, "note": "kept"})
    assert write_model(made) == {"urn": "urn:x", "name": "X", "note": "kept"}


def test_list_of_the_file_that_was_no_list_is_replaced() -> None:
    attribute = Attribute(name="a", type=DataType.URI)
    made = DeviceModel(
        urn="urn:x", name="X", attributes=(attribute,), source={"attributes": "none"}
    )
    assert write_model(made)["attributes"] == [
        {"name": "a", "type": "URI", "writable": False}
    ]


def test_attributes_alone_are_enough() -> None:
    document = attributes({"name": "a", "type": "URI"})
    assert write_model(model(document)) == document
