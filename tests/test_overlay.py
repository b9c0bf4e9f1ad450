"""What a person decided about how an element shows, read and applied."""

from dataclasses import replace
import math
from typing import Any

from homeassistant.const import EntityCategory, Platform
import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.transforms import Transform
from custom_components.device_models.iot.values import JsonValue, Range
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.decisions import Decision, platforms_of
from custom_components.device_models.mapping.overlay import Overlay

MODEL: dict[str, Any] = {
    "urn": "urn:x",
    "name": "X",
    "attributes": [
        {"name": "temp", "type": "NUMBER", "unit": "Cel"},
        {
            "name": "level",
            "type": "INTEGER",
            "range": "0,255",
            "step": 5,
            "writable": True,
        },
        {"name": "tenths", "type": "INTEGER", "unit": "0.1 Cel", "writable": True},
        {"name": "open", "type": "BOOLEAN"},
        {"name": "on", "type": "BOOLEAN", "writable": True},
        {"name": "mode", "type": "STRING", "enum": ["A", "B"], "writable": True},
        {"name": "status", "type": "STRING"},
        {"name": "at", "type": "DATETIME"},
    ],
    "actions": [{"name": "reset"}],
    "formats": [{"name": "hot", "urn": "u", "value": {"fields": []}}],
}


def loaded(overlay: dict[str, Any]) -> Loaded:
    """Return the model with an overlay."""
    return load_document({"model": MODEL, "overlay": overlay}, "file")


def decided(element: str, kind: str = "attributes", /, **said: object) -> Decision:
    """Return what an element becomes with an overlay."""
    for decision in decide(loaded({kind: {element: said}})):
        if (decision.kind, decision.element) == (kind, element):
            return decision
    raise AssertionError(element)


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("temp", {"name": "Room"}, {"name": "Room"}),
        ("temp", {"unit": "°F"}, {"unit": "°F", "device_class": "temperature"}),
        ("temp", {"device_class": None}, {"device_class": None, "unit": "°C"}),
        ("temp", {"state_class": None}, {"state_class": None}),
        ("temp", {"enabled": False}, {"enabled": False}),
        (
            "temp",
            {"category": "diagnostic"},
            {"category": EntityCategory.DIAGNOSTIC},
        ),
        ("temp", {"scale": 0.1}, {"transform": Transform(scale=0.1)}),
        (
            "temp",
            {"map": [0, 100, 32, 212], "unit": "°F"},
            {"transform": Transform(scale=1.8, offset=32.0)},
        ),
        (
            "temp",
            {"platform": "binary_sensor"},
            {
                "platform": Platform.BINARY_SENSOR,
                "device_class": None,
                "unit": None,
                "state_class": None,
            },
        ),
        ("level", {"min": 10}, {"range": Range(10, 255)}),
        ("level", {"max": 20, "step": 1}, {"range": Range(0, 20), "step": 1}),
        ("level", {"min": None}, {"range": Range(-math.inf, 255)}),
        ("level", {"min": None, "max": None}, {"range": None}),
        ("level", {"labels": {}}, {"platform": Platform.NUMBER, "options": ()}),
        ("tenths", {"unit": "°F", "scale": 0.1}, {"transform": Transform(scale=0.1)}),
        ("tenths", {"platform": "switch"}, {"transform": Transform(), "unit": None}),
        ("mode", {"scale": 3}, {"transform": Transform(), "options": ("A", "B")}),
        ("level", {"scale": -0.1}, {"range": Range(-25.5, 0), "step": 0.5}),
        ("level", {"offset": None}, {"transform": Transform()}),
        (
            "level",
            {"platform": "sensor", "device_class": "illuminance", "unit": "lx"},
            {"platform": Platform.SENSOR, "device_class": "illuminance"},
        ),
        (
            "level",
            {"labels": {"0": "Off", "255": "Full"}},
            {
                "platform": Platform.SELECT,
                "options": ("Off", "Full"),
                "unit": None,
                "range": None,
            },
        ),
        (
            "level",
            {"labels": {"0": "Off", "1": "On"}, "platform": "sensor"},
            {"platform": Platform.SENSOR, "options": ("Off", "On")},
        ),
        ("level", {"mask": "0x0F"}, {"transform": Transform(mask=15)}),
        (
            "level",
            {"platform": "switch", "mask": 1},
            {"platform": Platform.SWITCH, "transform": Transform(mask=1)},
        ),
        ("level", {"mask": None}, {"transform": Transform()}),
        (
            "open",
            {"invert": True, "device_class": "door"},
            {"transform": Transform(invert=True), "device_class": "door"},
        ),
        ("on", {"platform": "binary_sensor"}, {"platform": Platform.BINARY_SENSOR}),
        ("mode", {"labels": {"A": "Auto"}}, {"options": ("Auto", "B")}),
        (
            "status",
            {"labels": {"0": "Fine", "1": "Broken"}},
            {"device_class": "enum", "options": ("Fine", "Broken")},
        ),
        (
            "status",
            {"platform": "binary_sensor", "labels": {"OPEN": "on", "SHUT": "off"}},
            {"platform": Platform.BINARY_SENSOR, "device_class": None},
        ),
    ],
)
def test_overlay_decides(
    name: str, said: dict[str, Any], expected: dict[str, Any]
) -> None:
    decision = decided(name, **said)
    assert {key: getattr(decision, key) for key in expected} == expected
    assert {decision.reasons[key] for key in said} == {"overlay"}


def test_overlay_of_actions_and_formats() -> None:
    assert decided("reset", "actions", name="Restart").name == "Restart"
    assert decided("hot", "formats", enabled=False).enabled is False


@pytest.mark.parametrize(
    ("name", "said", "where", "problem"),
    [
        ("temp", {"colour": "red"}, "colour", "expected one of name, platform"),
        ("temp", {"name": 5}, "name", "expected a text"),
        ("temp", {"enabled": "no"}, "enabled", "expected true or false"),
        ("temp", {"state_class": "x"}, "state_class", "expected one of measurement"),
        ("temp", {"category": "config"}, "category", "no sensor is a setting"),
        (
            "temp",
            {"device_class": "temperature", "unit": "kg"},
            "unit",
            "no temperature is in kg",
        ),
        (
            "temp",
            {"device_class": "temperature", "unit": None},
            "unit",
            "no temperature is in no unit",
        ),
        ("temp", {"device_class": "door"}, "device_class", "no sensor is a door"),
        ("temp", {"device_class": "timestamp"}, "device_class", "values are no"),
        ("temp", {"device_class": "enum"}, "device_class", "values are no enum"),
        ("temp", {"platform": "switch"}, "platform", "expected one of sensor, binary"),
        ("temp", {"platform": "tea"}, "platform", "expected one of"),
        ("temp", {"scale": 0}, "scale", "expected a number other than 0"),
        ("temp", {"offset": "x"}, "offset", "expected a number"),
        ("temp", {"map": [0, 1, 2]}, "map", "expected four numbers"),
        ("temp", {"map": [1, 1, 0, 1]}, "map", "expected different numbers"),
        ("level", {"mask": 0}, "mask", "expected a whole number above 0"),
        ("level", {"mask": "x"}, "mask", "expected a whole number above 0"),
        ("level", {"mask": True}, "mask", "expected a whole number above 0"),
        ("level", {"step": -1}, "step", "expected a number above 0"),
        ("level", {"min": 300}, "max", "expected more than the minimum"),
        (
            "level",
            {"platform": "number", "labels": {"1": "Low"}},
            "labels",
            "no number has labels",
        ),
        ("mode", {"labels": {"A": "B"}}, "labels", "expected different labels"),
        ("level", {"state_class": "total"}, "state_class", "no number has one"),
        ("status", {"labels": {"0": "a", "1": "a"}}, "labels", "different labels"),
        ("status", {"labels": {"0": ""}}, "labels.0", "expected a text"),
        ("status", {"unit": "°C"}, "unit", "only numbers have one"),
        ("status", {"device_class": "date"}, "device_class", "values are no date"),
        ("at", {"device_class": "aqi"}, "device_class", "values are no aqi"),
        ("open", {"unit": "°C"}, "unit", "no binary_sensor has a unit"),
        ("open", {"category": "config"}, "category", "no binary_sensor is a setting"),
    ],
)
def test_overlay_that_cannot_be(
    name: str, said: dict[str, Any], where: str, problem: str
) -> None:
    with pytest.raises(ModelError) as caught:
        decided(name, **said)
    assert caught.value.details["where"] == f"overlay.attributes.{name}.{where}"
    assert problem in caught.value.details["problem"]


def test_values_are_only_of_attributes() -> None:
    with pytest.raises(ModelError, match=r"actions\.reset\.scale: expected one of"):
        decided("reset", "actions", scale=2)


def test_overlay_about_nothing() -> None:
    with pytest.raises(ModelError, match=r"overlay\.attributes\.tea: the model has no"):
        decide(loaded({"attributes": {"tea": {}}}))


def test_choice_that_does_not_fit_is_passed_over_with_the_reason() -> None:
    choices = replace(loaded({}), overlay={"attributes": {"temp": {"unit": "kg"}}})
    before = decided("temp")
    after = Overlay(choices, "your choice").fitting(before)
    assert replace(after, reasons=before.reasons) == before
    assert after.reasons["overlay"] == "no temperature is in kg"


def test_of_choices_that_do_not_fit_the_others_hold() -> None:
    said: JsonValue = {
        "unit": "kg",
        "name": "Air",
        "enabled": False,
        "category": "diagnostic",
    }
    choices = replace(loaded({}), overlay={"attributes": {"temp": said}})
    after = Overlay(choices, "your choice").fitting(decided("temp"))
    assert (after.name, after.unit, after.enabled) == ("Air", "°C", False)
    assert after.category is EntityCategory.DIAGNOSTIC
    assert after.reasons["overlay"] == "no temperature is in kg"


def test_of_choices_of_which_something_else_follows_the_independent_hold() -> None:
    said: JsonValue = {"platform": "number", "labels": {"1": "Low"}, "name": "Air"}
    choices = replace(loaded({}), overlay={"attributes": {"level": said}})
    after = Overlay(choices, "your choice").fitting(decided("level"))
    assert after.name == "Air"
    assert after.platform is Platform.NUMBER
    assert after.options == ()


def test_platforms_begin_with_the_one_that_it_is() -> None:
    model = loaded({}).model
    assert platforms_of(decided("level"), model)[0] is Platform.NUMBER
    assert Platform.SELECT in platforms_of(decided("mode"), model)
    assert platforms_of(decided("reset", "actions"), model) == (Platform.BUTTON,)
