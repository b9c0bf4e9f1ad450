"""Device models: names, validation, members of objects."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.device_models.iot.errors import (
    UnknownElementError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import (
    Argument,
    Attribute,
    DeviceModel,
    Format,
    Severity,
)
from custom_components.device_models.iot.values import DataType, Range

from .samples import THERMO, attributes, model_of

NIGHT: dict[str, Any] = {
    "name": "night",
    "title": "Night setback",
    "type": "OBJECT",
    "writable": True,
    "members": [
        {"name": "enabled", "title": "Enabled", "type": "BOOLEAN", "alias": "on"},
        {
            "name": "window",
            "type": "OBJECT",
            "members": [{"name": "from", "title": "From", "type": "INTEGER"}],
        },
    ],
}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-20, None),
        (80, None),
        (80.5, "80.5 > 80"),
        (-21, "-21 < -20"),
        ("80", "expected a finite number, got '80'"),
    ],
)
def test_range_is_checked_after_the_type(value: object, problem: str | None) -> None:
    temp = model_of(THERMO).attribute("temp")
    if problem is None:
        assert temp.validate(value) == value
        return
    with pytest.raises(ValueRefusedError) as caught:
        temp.validate(value)
    assert caught.value.details == {"name": "temp", "problem": problem}


def test_bounds_beyond_53_bits_are_exact() -> None:
    big = 2**53
    number = Argument(name="x", type=DataType.INTEGER, range=Range(0, big + 1))
    assert number.validate(big + 1) == big + 1
    with pytest.raises(ValueRefusedError):
        number.validate(big + 2)


def test_enumeration_allows_its_values_only() -> None:
    mode = Argument(name="mode", type=DataType.STRING, enum=("heat", "cool"))
    assert mode.validate("heat") == "heat"
    with pytest.raises(ValueRefusedError) as caught:
        mode.validate("dry")
    assert caught.value.details["problem"] == "expected one of heat, cool"


def test_value_of_a_sensitive_attribute_is_not_told() -> None:
    code = Attribute(name="code", type=DataType.STRING, enum=("1",), sensitive=True)
    assert code.validate("1") == "1"
    for value in ("hunter2", 42):
        with pytest.raises(ValueRefusedError) as caught:
            code.validate(value)
        assert str(caught.value) == "code: the value does not fit"


def test_objects_are_taken_apart_by_dotted_names() -> None:
    model = model_of(attributes(NIGHT, {"name": "temp", "type": "NUMBER"}))
    assert list(model.leaves) == ["night.enabled", "night.window.from", "temp"]
    assert model.attribute("night.window.from").type is DataType.INTEGER
    paths = [path for path, _leaf in model.attributes[0].leaves()]
    assert paths == [("night", "enabled"), ("night", "window", "from")]
    with pytest.raises(UnknownElementError):
        model.attribute("night")


def test_members_take_their_title_from_both() -> None:
    model = model_of(attributes(NIGHT))
    assert model.attribute("night.enabled").title == "Night setback enabled"
    assert model.attribute("night.window.from").title == ""


@pytest.mark.parametrize(
    ("flag", "of_object", "of_member", "expected"),
    [
        ("writable", True, False, True),
        ("writable", False, True, True),
        ("writable", False, False, False),
        ("observable", False, True, False),
        ("observable", True, True, True),
        ("sensitive", True, False, True),
        ("sensitive", False, False, False),
    ],
)
def test_members_take_on_what_their_object_is(
    flag: str, of_object: bool, of_member: bool, expected: bool
) -> None:
    member = {"name": "b", "type": "STRING", flag: of_member}
    outer = {"name": "a", "type": "OBJECT", flag: of_object, "members": [member]}
    leaf = model_of(attributes(outer)).attribute("a.b")
    assert getattr(leaf, flag) is expected


def test_member_of_what_is_write_only_cannot_be_read() -> None:
    member = {"name": "b", "type": "STRING"}
    outer = {
        "name": "a",
        "type": "OBJECT",
        "readable": False,
        "writable": True,
        "members": [member],
    }
    assert not model_of(attributes(outer)).attribute("a.b").readable


def test_alias_is_a_second_name() -> None:
    temp = {"name": "temp", "alias": "t", "type": "NUMBER"}
    actions = [{"name": "reset", "alias": "r"}]
    model = model_of(attributes(temp, NIGHT, actions=actions))
    assert model.attribute("t").name == "temp"
    assert model.attribute("night.on").name == "night.enabled"
    assert model.action("r").name == "reset"


def test_format_is_found_by_name_and_by_urn() -> None:
    model = model_of(THERMO)
    by_name = model.format("too_hot")
    assert model.format("urn:com:acme:thermo:too_hot") is by_name


def test_nameless_format_is_not_found_by_nothing() -> None:
    model = DeviceModel(urn="u", name="M", formats=(Format(name="a"),))
    with pytest.raises(UnknownElementError):
        model.format("")


@pytest.mark.parametrize("kind", ["attribute", "action", "format"])
def test_unknown_name_is_said_with_its_kind(kind: str) -> None:
    with pytest.raises(UnknownElementError) as caught:
        getattr(model_of(THERMO), kind)("nothing")
    assert str(caught.value) == f"the model has no {kind} 'nothing'"


ARGUMENTS: list[tuple[str, dict[str, Any], dict[str, Any] | str]] = [
    ("reset", {}, {}),
    ("reset", {"x": 1}, "the model has no argument 'x'"),
    ("power", {"value": True}, {"value": True}),
    ("power", {}, "value: is missing"),
    ("power", {"value": 1}, "value: expected true or false, got 1"),
    ("move", {"x": 1}, {"x": 1, "mode": "slow"}),
    ("move", {"mode": "fast", "x": 1}, {"x": 1, "mode": "fast"}),
    ("move", {"x": 6}, "x: 6 > 5"),
    ("move", {"mode": "fast"}, "x: is missing"),
]


@pytest.mark.parametrize(("name", "given", "expected"), ARGUMENTS)
def test_arguments_are_completed_in_the_order_of_the_model(
    name: str, given: dict[str, Any], expected: dict[str, Any] | str
) -> None:
    action = model_of(THERMO).action(name)
    if isinstance(expected, dict):
        assert list(action.validate(given).items()) == list(expected.items())
        return
    with pytest.raises((UnknownElementError, ValueRefusedError)) as caught:
        action.validate(given)
    assert str(caught.value) == expected


def test_action_without_open_arguments_can_be_called_without_input() -> None:
    model = model_of(THERMO)
    callable_so = {
        action.name: action.callable_without_input for action in model.actions
    }
    assert callable_so == {"reset": True, "power": False, "move": False}


def test_source_takes_no_part_in_comparisons() -> None:
    model = model_of(THERMO)
    assert model == replace(model, source={})
    assert str(model) == "Thermo"


def test_severities_rise() -> None:
    assert list(Severity) == ["LOW", "NORMAL", "SIGNIFICANT", "CRITICAL"]
