"""What is not on the first screen."""

from typing import Any

import pytest

from custom_components.device_models.const import MAX_ENABLED_ENTITIES
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.decisions import Decision

from .modelled import decided, loaded


@pytest.mark.parametrize(
    ("attribute", "category"),
    [
        ({"name": "rssi", "unit": "dBm"}, "diagnostic"),
        ({"name": "x", "unit": "dBm"}, "diagnostic"),
        ({"name": "x", "unit": "%EL"}, "diagnostic"),
        ({"name": "uptime", "unit": "s"}, "diagnostic"),
        ({"name": "batteryVoltage", "unit": "V"}, "diagnostic"),
        ({"name": "firmwareVersion", "type": "STRING"}, "diagnostic"),
        ({"name": "x", "title": "MAC address", "type": "STRING"}, "diagnostic"),
        ({"name": "lastErrorCode"}, "diagnostic"),
        ({"name": "lowBattery", "type": "BOOLEAN"}, "diagnostic"),
        ({"name": "x", "semanticType": "ipso:3/11"}, "diagnostic"),
        ({"name": "temperature", "unit": "Cel"}, None),
        ({"name": "threshold"}, None),  # nobody can set it
        ({"name": "interval", "writable": True}, "config"),
        ({"name": "tempOffset", "unit": "K", "writable": True}, "config"),
        ({"name": "childLock", "type": "BOOLEAN", "writable": True}, "config"),
        ({"name": "language", "enum": ["en"], "type": "STRING"}, None),
        (
            {"name": "language", "enum": ["en"], "type": "STRING", "writable": True},
            "config",
        ),
        ({"name": "targetTemperature", "unit": "Cel", "writable": True}, None),
        ({"name": "power", "type": "BOOLEAN", "writable": True}, None),
    ],
)
def test_category_of_an_attribute(
    attribute: dict[str, Any], category: str | None
) -> None:
    decision = decided(**{"type": "NUMBER"} | attribute)
    assert decision.category == category
    assert ("category" in decision.reasons) is (category is not None)


def elements(decisions: tuple[Decision, ...]) -> dict[str, Decision]:
    """Return decisions by the names of the elements."""
    return {decision.element: decision for decision in decisions}


def test_category_of_an_action() -> None:
    names = ("restart", "identify", "factoryReset", "open")
    actions = elements(decide(loaded(actions=[{"name": name} for name in names])))
    assert {name: actions[name].category for name in names} == {
        "restart": "config",
        "identify": "diagnostic",
        "factoryReset": "config",
        "open": None,
    }
    assert actions["restart"].reasons["category"] == "“restart”"
    assert {name for name in names if not actions[name].enabled} == {"factoryReset"}


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ({"name": "minMeasuredValue"}, "“min measured value”"),
        ({"name": "rawADC"}, "“raw”"),
        ({"name": "x", "semanticType": "ipso:3303/5602"}, "resource 5602 of IPSO"),
        ({"name": "x", "sensitive": True}, "sensitive"),
    ],
)
def test_what_few_people_want_to_see_is_disabled(
    attribute: dict[str, Any], reason: str
) -> None:
    decision = decided(type="NUMBER", **attribute)
    assert not decision.enabled
    assert decision.reasons["enabled"] == reason


def test_secret_that_can_be_entered_is_enabled() -> None:
    assert decided(type="STRING", writable=True, sensitive=True).enabled


def test_nobody_is_flooded() -> None:
    names = [f"value{number}" for number in range(MAX_ENABLED_ENTITIES + 5)]
    attributes = [{"name": name, "type": "NUMBER"} for name in names]
    decisions = decide(loaded(*attributes))
    enabled = [decision.element for decision in decisions if decision.enabled]
    assert enabled == names[:MAX_ENABLED_ENTITIES]
    assert decisions[-1].reasons["enabled"] == "more than 25 entities"


def test_overlay_says_what_stays_enabled() -> None:
    names = [f"value{number}" for number in range(MAX_ENABLED_ENTITIES + 5)]
    attributes = [{"name": name, "type": "NUMBER"} for name in names]
    shown = {"attributes": {names[-1]: {"enabled": True}}}
    decisions = decide(loaded(*attributes, overlay=shown))
    enabled = [decision.element for decision in decisions if decision.enabled]
    assert enabled == [*names[: MAX_ENABLED_ENTITIES - 1], names[-1]]
    everything = {"attributes": {name: {"enabled": True} for name in names}}
    assert all(one.enabled for one in decide(loaded(*attributes, overlay=everything)))


def test_what_matters_most_stays_enabled() -> None:
    many = [{"name": f"text{n}", "type": "STRING"} for n in range(MAX_ENABLED_ENTITIES)]
    decisions = elements(
        decide(
            loaded(
                {"name": "rssi", "type": "NUMBER", "unit": "dBm"},
                *many,
                {"name": "plain", "type": "NUMBER"},
                {"name": "temperature", "type": "NUMBER", "unit": "Cel"},
                {"name": "pump", "type": "BOOLEAN", "writable": True},
                {"name": "interval", "type": "NUMBER", "writable": True},
                actions=[{"name": "start"}],
                formats=[{"name": "dry", "type": "ALERT"}],
            )
        )
    )
    enabled = [name for name, decision in decisions.items() if decision.enabled]
    texts = [one["name"] for one in many[: MAX_ENABLED_ENTITIES - 5]]
    assert enabled == [*texts, "plain", "temperature", "pump", "start", "dry"]
