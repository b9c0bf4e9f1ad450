"""The rules that make entities out of a model, and the overlay that corrects them."""

from dataclasses import replace
from typing import Any

from homeassistant.const import EntityCategory, Platform
import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load
from custom_components.device_models.iot.model import (
    Action,
    Attribute,
    DeviceModel,
    Format,
)
from custom_components.device_models.iot.transforms import Transform
from custom_components.device_models.iot.values import DataType, Range
from custom_components.device_models.library import BUNDLED
from custom_components.device_models.mapping import count, decide, humanised
from custom_components.device_models.mapping.decisions import objection

from .modelled import decided, loaded


@pytest.mark.parametrize(
    ("attribute", "platform"),
    [
        ({"type": "BOOLEAN"}, Platform.BINARY_SENSOR),
        ({"type": "BOOLEAN", "writable": True}, Platform.SWITCH),
        ({"type": "INTEGER"}, Platform.SENSOR),
        ({"type": "INTEGER", "writable": True}, Platform.NUMBER),
        ({"type": "NUMBER"}, Platform.SENSOR),
        ({"type": "NUMBER", "writable": True}, Platform.NUMBER),
        ({"type": "STRING", "enum": ["x", "y"]}, Platform.SENSOR),
        ({"type": "STRING", "enum": ["x", "y"], "writable": True}, Platform.SELECT),
        ({"type": "INTEGER", "enum": [1, 2], "writable": True}, Platform.SELECT),
        ({"type": "STRING"}, Platform.SENSOR),
        ({"type": "STRING", "writable": True}, Platform.TEXT),
        ({"type": "DATETIME"}, Platform.SENSOR),
        ({"type": "DATETIME", "writable": True}, Platform.DATETIME),
        ({"type": "URI"}, Platform.SENSOR),
        ({"type": "URI", "writable": True}, Platform.TEXT),
    ],
)
def test_platform_of_an_attribute(
    attribute: dict[str, Any], platform: Platform
) -> None:
    assert decided(**attribute).platform is platform


def test_reasons_say_where_each_field_comes_from() -> None:
    decision = decided(type="NUMBER", unit="/100", title="Air humidity")
    assert decision.reasons == {
        "platform": "read-only NUMBER",
        "name": "title in the model",
        "unit": "unit in the model, SenML /100",
        "device_class": "the title says “humidity”",
        "state_class": "humidity is a measurement",
    }


def test_device_classes_of_other_attributes() -> None:
    assert decided(type="DATETIME").device_class == "timestamp"
    assert decided(type="STRING", enum=["x"]).device_class == "enum"
    assert decided(type="BOOLEAN", semanticType="window").device_class == "window"
    assert decided(type="BOOLEAN", semanticType="tea").device_class is None
    assert decided(type="STRING", semanticType="window").device_class is None
    assert decided(type="INTEGER", enum=[1, 2]).device_class == "enum"
    assert decided(type="INTEGER", enum=[1, 2], writable=True).device_class is None
    switch = decided(type="BOOLEAN", writable=True, semanticType="outlet")
    assert switch.device_class == "outlet"


def test_actions_and_formats() -> None:
    decisions = decide(
        loaded(
            actions=[
                {"name": "reset"},
                {"name": "power", "argType": "BOOLEAN"},
                {
                    "name": "move",
                    "arguments": [{"name": "x", "type": "NUMBER", "defaultValue": 1}],
                },
            ],
            formats=[
                {"name": "too_hot", "type": "ALERT"},
                {"name": "report", "type": "DATA", "title": "Daily report"},
            ],
        )
    )
    assert [
        (decision.platform, decision.element_id, decision.name, decision.enabled)
        for decision in decisions
    ] == [
        (Platform.BUTTON, "action-reset", "Reset", True),
        (Platform.BUTTON, "action-move", "Move", True),
        (Platform.EVENT, "format-too_hot", "Too hot", True),
        (Platform.EVENT, "format-report", "Daily report", False),
    ]
    assert count(decisions) == {Platform.BUTTON: 2, Platform.EVENT: 2}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("waterLevel", "Water level"),
        ("WATER_LEVEL", "Water level"),
        ("water-level", "Water level"),
        ("motor.speed", "Motor speed"),
        ("ora_latitude", "Ora latitude"),
        ("pm25", "Pm25"),
        ("rawADCValue", "Raw ADC value"),
        ("CO2", "Co2"),
        ("a", "A"),
        ("_", "_"),
    ],
)
def test_names_for_people(name: str, text: str) -> None:
    assert humanised(name) == text


def test_overlay_decides_over_everything() -> None:
    decision = decided(
        {
            "name": "Meter",
            "device_class": "energy",
            "state_class": "total_increasing",
            "unit": "kWh",
            "category": "diagnostic",
            "enabled": False,
        },
        type="NUMBER",
        unit="W",
    )
    assert decision.name == "Meter"
    assert decision.device_class == "energy"
    assert decision.state_class == "total_increasing"
    assert decision.unit == "kWh"
    assert decision.category is EntityCategory.DIAGNOSTIC
    assert not decision.enabled
    assert decision.reasons["unit"] == "overlay"
    assert decision.reasons["platform"] == "read-only NUMBER"


@pytest.mark.parametrize(
    ("overlay", "attribute", "where", "problem"),
    [
        ({"colour": "red"}, {}, "a.colour", "expected one of name"),
        ({"device_class": "tea"}, {}, "a.device_class", "no sensor is a tea"),
        ({"device_class": "energy"}, {"unit": "V"}, "a.unit", "no energy is in V"),
        ({"state_class": "often"}, {}, "a.state_class", "expected one of measurement"),
        (
            {"device_class": "energy", "state_class": "measurement"},
            {"unit": "kWh"},
            "a.state_class",
            "no energy is a measurement",
        ),
        (
            {"state_class": "total"},
            {"writable": True},
            "a.state_class",
            "no number has one",
        ),
        ({"category": "x"}, {}, "a.category", "expected one of config, diagnostic"),
        ({"enabled": "no"}, {}, "a.enabled", "expected true or false"),
        ({"name": 3}, {}, "a.name", "expected a text"),
    ],
)
def test_overlay_that_asks_for_the_impossible(
    overlay: dict[str, Any], attribute: dict[str, Any], where: str, problem: str
) -> None:
    with pytest.raises(ModelError) as caught:
        decided(overlay, type="NUMBER", **attribute)
    assert caught.value.details["where"] == f"overlay.attributes.{where}"
    assert caught.value.details["problem"].startswith(problem)


@pytest.mark.parametrize(
    "overlay",
    [
        {"attributes": {"b": {}}},
        {"attributes": {"a": 3}},
        {"attributes": []},
        {"actions": {"a": {}}},
    ],
)
def test_overlay_about_what_is_not_there(overlay: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        decide(loaded({"name": "a", "type": "NUMBER"}, overlay=overlay))


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.json")), ids=lambda p: p.stem)
def test_bundled_models(path: Any) -> None:
    model = load(path.read_bytes(), path.name)
    assert model.remarks == ()
    decisions = decide(model)
    assert len({decision.element_id for decision in decisions}) == len(decisions)
    assert [decision for decision in decisions if objection(decision)] == []
    platforms = set(count(decisions))
    assert platforms - {Platform.CLIMATE, Platform.SELECT} == {
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.DATETIME,
        Platform.EVENT,
        Platform.NUMBER,
        Platform.SENSOR,
        Platform.SWITCH,
        Platform.TEXT,
    }
    # What is chosen on the wall unit is a part of the thermostat.
    assert len(platforms & {Platform.CLIMATE, Platform.SELECT}) == 1


@pytest.mark.parametrize(
    ("overlay", "attribute", "fields"),
    [
        (
            {"unit": "V"},
            {"unit": "°C"},
            {"unit": "V", "device_class": "voltage", "state_class": "measurement"},
        ),
        (
            {"device_class": "energy_storage"},
            {"name": "energyTotal", "unit": "kWh"},
            {"device_class": "energy_storage", "state_class": "measurement"},
        ),
        (
            {"device_class": None},
            {"unit": "°C"},
            {"unit": "°C", "device_class": None, "state_class": "measurement"},
        ),
        (
            {"state_class": None},
            {"unit": "°C"},
            {"device_class": "temperature", "state_class": None},
        ),
        (
            {"state_class": "total"},
            {"unit": "°C"},
            {"device_class": None, "state_class": "total"},
        ),
        (
            {"category": None},
            {"name": "rssi", "unit": "dBm"},
            {"device_class": "signal_strength", "category": None},
        ),
        ({"enabled": True}, {"name": "rawValue"}, {"enabled": True}),
        ({"unit": None}, {"unit": "°C"}, {"unit": None, "device_class": None}),
        ({"unit": "%"}, {"unit": "/"}, {"transform": Transform(scale=100)}),
        (
            {"unit": "hL"},
            {"unit": "hL", "writable": True, "range": "0,5"},
            {"unit": "hL", "transform": Transform(), "range": Range(0, 5)},
        ),
        (
            {"unit": "hL", "max": 3},
            {"unit": "hL", "writable": True, "range": "0,5"},
            {"unit": "hL", "transform": Transform(), "range": Range(0, 3)},
        ),
        (
            {"unit": "hL", "scale": 2},
            {"unit": "hL"},
            {"unit": "hL", "transform": Transform(scale=2)},
        ),
    ],
)
def test_what_follows_fits_the_overlay(
    overlay: dict[str, Any], attribute: dict[str, Any], fields: dict[str, Any]
) -> None:
    decision = decided(overlay, type="NUMBER", **attribute)
    assert {name: getattr(decision, name) for name in fields} == fields
    assert objection(decision) is None
    for name in overlay:
        assert decision.reasons[name] == "overlay"


def test_choices_are_shown_by_their_labels() -> None:
    model = DeviceModel(
        urn="urn:x",
        name="X",
        attributes=(
            Attribute(
                name="mode",
                type=DataType.INTEGER,
                enum=(0, 1, 2),
                labels={"0": "Off", "1": "On", "2": "2"},
            ),
            Attribute(
                name="doubtful",
                type=DataType.STRING,
                enum=("a", "b", "c"),
                labels={"a": "Same", "b": "Same", "c": "C"},
                writable=True,
            ),
            Attribute(
                name="crossed",
                type=DataType.STRING,
                enum=("a", "b", "c"),
                labels={"a": "Same", "b": "Same", "c": "a"},
            ),
            Attribute(name="plain", type=DataType.NUMBER, enum=(1.5, 2)),
            Attribute(
                name="flag",
                type=DataType.BOOLEAN,
                enum=(True, False),
                labels={"true": "Yes", "false": "No"},
            ),
        ),
    )
    mode, doubtful, crossed, plain, flag = decide(Loaded(model=model))
    assert mode.options == ("Off", "On", "2")
    assert mode.transform.labels == {"0": "Off", "1": "On"}
    assert mode.reasons["transform"] == "labels in the model"
    assert doubtful.options == ("a", "b", "C")
    assert doubtful.transform.labels == {"c": "C"}
    assert crossed.options == ("a", "b", "c")
    assert crossed.transform == Transform()
    assert plain.options == ("1.5", "2")
    assert flag.platform is Platform.BINARY_SENSOR
    assert (flag.options, flag.transform) == ((), Transform())


@pytest.mark.parametrize(
    ("attribute", "unit", "bounds", "step"),
    [
        ({"unit": "/", "range": "0,1", "step": 0.01}, "%", Range(0, 100), 1),
        ({"unit": "MPa", "range": "0.1,0.6"}, "kPa", Range(100, 600), None),
        ({"unit": "W", "range": "5,100", "step": 5}, "W", Range(5, 100), 5),
        ({"unit": "hL", "type": "INTEGER"}, "L", None, 100),
        ({"unit": "W", "range": "5,5"}, "W", None, None),
        ({}, None, None, None),
    ],
)
def test_range_and_step_of_what_is_shown(
    attribute: dict[str, Any],
    unit: str | None,
    bounds: Range | None,
    step: float | None,
) -> None:
    decision = decided(writable=True, **{"type": "NUMBER"} | attribute)
    assert decision.unit == unit
    assert decision.range == bounds
    assert decision.step == step


def test_range_that_is_open_on_both_sides_is_none() -> None:
    attribute = Attribute(
        name="a",
        type=DataType.NUMBER,
        writable=True,
        range=Range(float("-inf"), float("inf")),
    )
    model = DeviceModel(urn="urn:x", name="X", attributes=(attribute,))
    assert decide(Loaded(model=model))[0].range is None
    half = replace(attribute, range=Range(float("-inf"), 5))
    model = replace(model, attributes=(half,))
    assert decide(Loaded(model=model))[0].range == Range(float("-inf"), 5)


TITLES = {"de": "Luft", "fr-CA": "Air", "nl": " "}

TRANSLATED = DeviceModel(
    urn="urn:x",
    name="X",
    attributes=(
        Attribute(name="air", title="The air", titles=TITLES, type=DataType.NUMBER),
        Attribute(
            name="motor",
            title="Motor",
            titles={"de": "Motor"},
            type=DataType.OBJECT,
            members=(
                Attribute(
                    name="heat",
                    title="Heat",
                    titles={"de": "Temperatur"},
                    type=DataType.NUMBER,
                ),
                Attribute(name="load", title="Load", type=DataType.NUMBER),
            ),
        ),
        Attribute(name="noTitle", type=DataType.NUMBER),
    ),
    actions=(Action(name="go", titles={"de": "Los"}),),
    formats=(Format(name="hot", title="Hot", titles={"de": "Heiß"}),),
)


@pytest.mark.parametrize(
    ("language", "names"),
    [
        (None, ["The air", "Motor heat", "Motor load", "No title", "Go", "Hot"]),
        ("en", ["The air", "Motor heat", "Motor load", "No title", "Go", "Hot"]),
        ("nl", ["The air", "Motor heat", "Motor load", "No title", "Go", "Hot"]),
        ("de", ["Luft", "Motor temperatur", "Motor load", "No title", "Los", "Heiß"]),
        (
            "de_CH",
            ["Luft", "Motor temperatur", "Motor load", "No title", "Los", "Heiß"],
        ),
        ("FR", ["Air", "Motor heat", "Motor load", "No title", "Go", "Hot"]),
    ],
)
def test_names_in_the_language_of_the_user(
    language: str | None, names: list[str]
) -> None:
    decisions = decide(Loaded(model=TRANSLATED), language)
    assert [decision.name for decision in decisions] == names


def test_reason_of_a_name_says_its_language() -> None:
    air, heat, load, nothing, go, hot = (
        decision.reasons["name"]
        for decision in decide(Loaded(model=TRANSLATED), "de-AT")
    )
    assert air == heat == go == hot == "title in the model (de)"
    assert load == "title in the model"
    assert nothing == "name in the model"


def test_of_two_elements_with_one_name_the_first_counts() -> None:
    formats = (Format(name="hot", title="One"), Format(name="hot", title="Other"))
    model = DeviceModel(urn="urn:x", name="X", formats=formats)
    assert [one.name for one in decide(Loaded(model=model))] == ["One"]
