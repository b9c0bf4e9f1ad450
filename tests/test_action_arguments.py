"""The arguments of actions: the fields they are given in, and what is meant."""

from datetime import UTC, datetime, timedelta, timezone
import math
from typing import Any

from homeassistant.helpers.selector import selector
from homeassistant.util import dt as dt_util
import pytest

from custom_components.device_models.action_arguments import meant
from custom_components.device_models.action_fields import fields_of
from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.model import Action, Argument
from custom_components.device_models.iot.values import DataType, Range

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
EAST = timezone(timedelta(hours=2))


@pytest.fixture(autouse=True)
def home_in_the_east() -> Any:
    """Have the home two hours before UTC."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(EAST)
    yield
    dt_util.set_default_time_zone(before)


def action_with(**argument: Any) -> Action:
    """Return an action with one argument."""
    argument = {"type": DataType.STRING} | argument
    return Action(name="do", arguments=(Argument(name="a", **argument),))


@pytest.mark.parametrize(
    ("argument", "given", "accepted"),
    [
        ({"type": DataType.INTEGER}, "40", 40),
        ({"type": DataType.INTEGER}, " 40 ", 40),
        ({"type": DataType.INTEGER}, "40.0", 40),
        ({"type": DataType.INTEGER}, str(2**63 + 1), 2**63 + 1),
        ({"type": DataType.NUMBER}, "1e3", 1000),
        ({"type": DataType.NUMBER}, "-0.5", -0.5),
        ({"type": DataType.BOOLEAN}, "on", True),
        ({"type": DataType.BOOLEAN}, "False", False),
        ({"type": DataType.BOOLEAN}, 0, False),
        ({"type": DataType.BOOLEAN}, True, True),
        ({"type": DataType.STRING}, 7, "7"),
        ({"type": DataType.STRING}, 7.5, "7.5"),
        ({"type": DataType.STRING}, "7", "7"),
        ({"type": DataType.URI}, "coap://[::1]/a", "coap://[::1]/a"),
        ({"type": DataType.DATETIME}, "2026-11-28 14:00:00", NOON),
        ({"type": DataType.DATETIME}, "2026-11-28T12:00:00Z", NOON),
        ({"type": DataType.DATETIME}, datetime(2026, 11, 28, 14), NOON),  # noqa: DTZ001
        ({"type": DataType.DATETIME}, NOON, NOON),
        ({"type": DataType.DATETIME}, 1795867200000, NOON),
        ({"type": DataType.INTEGER, "enum": (1, 2)}, "2", 2),
        ({"type": DataType.STRING, "enum": ("1", "2")}, 2, "2"),
    ],
)
def test_what_people_and_templates_give(
    argument: dict[str, Any], given: object, accepted: object
) -> None:
    action = action_with(**argument)
    complete = action.validate(meant(action, {"a": given}))
    assert complete == {"a": accepted}
    assert type(complete["a"]) is type(accepted)


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        ({"type": DataType.INTEGER}, "4_0"),
        ({"type": DataType.INTEGER}, "1.5"),
        ({"type": DataType.INTEGER}, "9" * 41),
        ({"type": DataType.NUMBER}, ""),
        ({"type": DataType.NUMBER}, "inf"),
        ({"type": DataType.NUMBER}, [1]),
        ({"type": DataType.BOOLEAN}, "perhaps"),
        ({"type": DataType.BOOLEAN}, 2),
        ({"type": DataType.STRING}, {"x": 1}),
        ({"type": DataType.DATETIME}, "soon"),
        ({"type": DataType.DATETIME}, "2026-13-41 25:00:00"),
        ({"type": DataType.INTEGER, "enum": (1, 2)}, "3"),
        ({"type": DataType.INTEGER, "range": Range(0, 10)}, "11"),
        ({}, None),
    ],
)
def test_what_cannot_be_meant(argument: dict[str, Any], given: object) -> None:
    action = action_with(**argument)
    with pytest.raises(ValueRefusedError):
        action.validate(meant(action, {"a": given}))


def test_nothing_given_is_left_out() -> None:
    assert (
        action_with(optional=True).validate(
            meant(action_with(optional=True), {"a": None})
        )
        == {}
    )
    default = action_with(default="x")
    assert default.validate(meant(default, {"a": None})) == {"a": "x"}


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        (
            {"type": DataType.INTEGER, "range": Range(0, 255)},
            {"number": {"min": 0, "max": 255, "step": 1, "mode": "slider"}},
        ),
        (
            {"type": DataType.INTEGER, "range": Range(0, 65535), "step": 5},
            {"number": {"min": 0, "max": 65535, "step": 5, "mode": "box"}},
        ),
        (
            {"type": DataType.NUMBER, "range": Range(-math.inf, 5), "unit": "Cel"},
            {
                "number": {
                    "max": 5,
                    "step": "any",
                    "mode": "box",
                    "unit_of_measurement": "°C",
                }
            },
        ),
        (
            {"type": DataType.NUMBER, "step": 0.0001},
            {"number": {"step": 0.001, "mode": "box"}},
        ),
        ({"type": DataType.BOOLEAN}, {"boolean": {}}),
        ({"type": DataType.STRING}, {"text": {}}),
        ({"type": DataType.URI}, {"text": {"type": "url"}}),
        ({"type": DataType.DATETIME}, {"datetime": {}}),
        (
            {"type": DataType.INTEGER, "enum": (0, 1), "labels": {"0": "Off"}},
            {
                "select": {
                    "options": [
                        {"value": "0", "label": "Off"},
                        {"value": "1", "label": "1"},
                    ],
                    "mode": "dropdown",
                }
            },
        ),
    ],
)
def test_selector_follows_the_type(
    argument: dict[str, Any], shown: dict[str, Any]
) -> None:
    field = fields_of(action_with(**argument), None)["a"]
    assert field["selector"] == shown
    selector(field["selector"])  # Home Assistant knows it


@pytest.mark.parametrize(
    ("argument", "default"),
    [
        ({"type": DataType.INTEGER, "default": 3}, 3),
        ({"type": DataType.BOOLEAN, "default": False}, False),
        ({"type": DataType.INTEGER, "enum": (0, 1), "default": 1}, "1"),
        ({"type": DataType.DATETIME, "default": NOON}, "2026-11-28 14:00:00"),
    ],
)
def test_default_is_what_the_field_holds(
    argument: dict[str, Any], default: object
) -> None:
    action = action_with(**argument)
    field = fields_of(action, None)["a"]
    assert field["default"] == default
    assert type(field["default"]) is type(default)
    assert not field["required"]
    back = action.validate(meant(action, {"a": default}))
    assert back == {"a": argument["default"]}


def test_texts_in_the_language_of_the_home() -> None:
    argument = {"title": "Speed", "titles": {"de": "Tempo"}, "description": "How fast."}
    assert fields_of(action_with(**argument), "de-CH")["a"]["name"] == "Tempo"
    assert fields_of(action_with(**argument), "fr")["a"] == {
        "name": "Speed",
        "required": True,
        "selector": {"text": {}},
        "description": "How fast.",
    }
