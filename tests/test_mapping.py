"""The rules that make entities out of a model, and the overlay that corrects them."""

import json
from typing import Any

from homeassistant.const import EntityCategory, Platform
import pytest

from custom_components.device_models.const import MAX_ENABLED_ENTITIES
from custom_components.device_models.decisions import Decision, objection
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load
from custom_components.device_models.library import BUNDLED
from custom_components.device_models.mapping import count, decide, humanised


def loaded(
    *attributes: dict[str, Any], overlay: dict[str, Any] | None = None, **more: Any
) -> Loaded:
    """Return a model with these attributes."""
    model = {"urn": "urn:x", "name": "X", "attributes": list(attributes)} | more
    return load(json.dumps({"model": model, "overlay": overlay or {}}).encode(), "x")


def decided(overlay: dict[str, Any] | None = None, **attribute: Any) -> Decision:
    """Return what becomes of one attribute."""
    shown = {"attributes": {"a": overlay}} if overlay else None
    (decision,) = decide(loaded({"name": "a"} | attribute, overlay=shown))
    return decision


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


@pytest.mark.parametrize(
    ("attribute", "unit", "device_class", "state_class"),
    [
        ({"unit": "Cel"}, "°C", "temperature", "measurement"),
        ({"unit": "°C"}, "°C", "temperature", "measurement"),
        ({"unit": "W"}, "W", "power", "measurement"),
        ({"unit": "%"}, "%", None, None),
        ({"unit": "%", "semanticType": "humidity"}, "%", "humidity", "measurement"),
        ({"unit": "kWh"}, "kWh", None, None),
        ({"unit": "kWh", "semanticType": "energy"}, "kWh", "energy", None),
        ({"unit": "W", "semanticType": "humidity"}, "W", "power", "measurement"),
        ({"unit": "furlong"}, "furlong", None, None),
        ({"semanticType": "temperature"}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_measured_values(
    attribute: dict[str, Any],
    unit: str | None,
    device_class: str | None,
    state_class: str | None,
) -> None:
    decision = decided(type="NUMBER", **attribute)
    assert decision.unit == unit
    assert decision.device_class == device_class
    assert decision.state_class == state_class
    assert objection(decision) is None


def test_reasons_say_where_each_field_comes_from() -> None:
    decision = decided(type="NUMBER", unit="Cel", title="Air")
    assert decision.reasons == {
        "platform": "read-only NUMBER",
        "name": "title in the model",
        "unit": "unit in the model",
        "device_class": "unit °C",
        "state_class": "temperature is a measurement",
    }


def test_device_classes_of_other_attributes() -> None:
    assert decided(type="DATETIME").device_class == "timestamp"
    assert decided(type="STRING", enum=["x"]).device_class == "enum"
    assert decided(type="BOOLEAN", semanticType="window").device_class == "window"
    assert decided(type="BOOLEAN", semanticType="tea").device_class is None
    assert decided(type="STRING", semanticType="window").device_class is None
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


def test_nobody_is_flooded() -> None:
    names = [f"a{number}" for number in range(MAX_ENABLED_ENTITIES + 5)]
    attributes = [{"name": name, "type": "NUMBER"} for name in names]
    shown = {"attributes": {names[-1]: {"enabled": True}}}
    decisions = decide(loaded(*attributes, overlay=shown))
    enabled = [decision.element for decision in decisions if decision.enabled]
    assert enabled == [*names[:MAX_ENABLED_ENTITIES], names[-1]]
    assert decisions[-2].reasons["enabled"] == "more than 25 entities"


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
        ({"unit": "V"}, {"unit": "°C"}, "a.unit", "no temperature is in V"),
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
    assert platforms == {
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.DATETIME,
        Platform.EVENT,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SENSOR,
        Platform.SWITCH,
        Platform.TEXT,
    }
