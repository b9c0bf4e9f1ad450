"""What a file, or the user, says of alerts: read, refused, laid over each other."""

from typing import Any, Final

import pytest

from custom_components.device_models.iot.alert_rules import (
    AlertRule,
    AlertRules,
    Repair,
    apply_rules,
)
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.formats.device_file_writing import (
    write_device_file,
)
from custom_components.device_models.iot.model import Clear, Severity
from custom_components.device_models.iot.reading import Element

from .samples import model_of

FIELDS: Final = {"fields": [{"name": "temp", "type": "NUMBER"}]}
MODEL: Final[dict[str, Any]] = {
    "urn": "urn:test",
    "name": "Test",
    "attributes": [{"name": "temp", "type": "NUMBER"}],
    "formats": [
        {"name": "hot", "value": FIELDS},
        {"name": "cool", "urn": "urn:test:cool"},
        {"name": "report", "type": "DATA"},
    ],
}


def with_format(**said: Any) -> dict[str, Any]:
    """Return the model with something said in its first format."""
    hot, *others = MODEL["formats"]
    return {**MODEL, "formats": [{**hot, **said}, *others]}


@pytest.mark.parametrize(
    ("said", "where", "problem"),
    [
        ({"severity": "DIRE"}, "severity", "expected one of LOW, NORMAL"),
        ({"clear": "cool"}, "clear", "expected an object"),
        ({"clear": {"shape": "cool"}}, "clear.shape", "expected format, condition"),
        ({"clear": {"format": 5}}, "clear.format", "expected a text"),
        ({"clear": {"format": ""}}, "clear", "expected a format, a condition"),
        ({"clear": {"format": "cold"}}, "clear.format", "no format 'cold'"),
        ({"clear": {"format": "hot"}}, "clear.format", "another ALERT format"),
        ({"clear": {"format": "report"}}, "clear.format", "another ALERT format"),
        ({"clear": {"condition": "$(temp) <"}}, "clear.condition", "character 10"),
        ({"clear": {"condition": "$(x) < 1"}}, "clear.condition", "no attribute 'x'"),
        ({"clear": {"condition": "1"}}, "clear.condition", "about attributes"),
        ({"clear": {"after": 0}}, "clear.after", "expected seconds"),
        ({"clear": {"after": True}}, "clear.after", "expected seconds"),
        ({"clear": {"after": "1 h"}}, "clear.after", "expected seconds"),
        ({"type": "DATA", "clear": {"after": 1}}, "clear", "only alerts end"),
    ],
)
def test_what_cannot_be_is_remarked_in_a_model(
    said: dict[str, Any], where: str, problem: str
) -> None:
    (remark,) = load_document(with_format(**said), "x").remarks
    assert remark.where == f"formats[0] 'hot'.{where}"
    assert problem in remark.message


def test_alert_whose_end_cannot_be_is_an_alert_all_the_same() -> None:
    loaded = load_document(with_format(clear={"format": "cold"}), "x")
    assert loaded.model.format("hot").clear is None


@pytest.mark.parametrize(
    ("alerts", "where", "problem"),
    [
        ([], "alerts", "expected an object"),
        ({"warm": {}}, "alerts.warm", "the model has no such format"),
        ({"hot": True}, "alerts.hot", "expected an object"),
        ({"hot": {"wide": 1}}, "alerts.hot.wide", "cannot be said"),
        ({"*": {"severity": "LOW"}}, "alerts.*.severity", "cannot be said"),
        ({"hot": {"severity": "low"}}, "alerts.hot.severity", "expected one of"),
        ({"hot": {"clear": {"format": "x"}}}, "alerts.hot.clear.format", "no format"),
        ({"report": {"clear": {"after": 1}}}, "alerts.report.clear", "only alerts"),
        ({"hot": {"window": -1}}, "alerts.hot.window", "at most 604800"),
        ({"hot": {"window": 1e9}}, "alerts.hot.window", "at most 604800"),
        ({"hot": {"ignore": "temp"}}, "alerts.hot.ignore", "expected an array"),
        ({"hot": {"ignore": ["x"]}}, "alerts.hot.ignore", "names of fields"),
        ({"hot": {"ignore": [1]}}, "alerts.hot.ignore", "names of fields"),
        ({"hot": {"repair": "often"}}, "alerts.hot.repair", "never, critical, always"),
    ],
)
def test_what_cannot_be_is_refused_beside_a_model(
    alerts: Any, where: str, problem: str
) -> None:
    with pytest.raises(ModelError) as caught:
        load_document({"model": MODEL, "alerts": alerts}, "file.json")
    assert caught.value.details["source"] == "file.json"
    assert caught.value.details["where"] == where
    assert problem in caught.value.details["problem"]


def test_what_is_said_beside_a_model_lies_over_it() -> None:
    model = with_format(severity="LOW", clear={"after": 60})
    alerts: dict[str, Any] = {
        "*": {"window": 60, "repair": "critical"},
        "hot": {
            "severity": "CRITICAL",
            "clear": {"format": "urn:test:cool", "condition": " $(temp) < 30 "},
            "ignore": ["temp"],
        },
        "cool": {"window": 0, "repair": True},
        "report": {},
    }
    loaded = load_document({"model": model, "alerts": alerts}, "x")
    hot = loaded.model.format("hot")
    assert hot.severity is Severity.CRITICAL
    assert hot.clear == Clear(format="urn:test:cool", condition="$(temp) < 30")
    assert loaded.alerts.of("hot") == AlertRule(
        window=60, ignore=("temp",), repair=Repair.CRITICAL
    )
    assert loaded.alerts.of("cool") == AlertRule(window=0, repair=Repair.ALWAYS)
    again = load_document(write_device_file(loaded), "y")
    assert again.model == loaded.model
    for name in ("hot", "cool", "report"):
        assert again.alerts.of(name) == loaded.alerts.of(name)


def test_null_takes_an_end_away() -> None:
    file = {
        "model": with_format(clear={"after": 60}),
        "alerts": {"hot": {"clear": None}},
    }
    assert load_document(file, "x").model.format("hot").clear is None


def test_format_is_written_with_what_it_says() -> None:
    loaded = load_document(with_format(), "x")
    ended = with_format(severity="NORMAL", clear={"format": "cool", "after": 1.5})
    said = load_document({"model": ended, "alerts": {"hot": {"window": 1}}}, "x")
    assert load_document(write_device_file(said), "y").model == said.model
    plain: Any = write_device_file(loaded)["model"]
    assert plain["formats"][0].keys() == {"name", "value"}


def test_own_choices_are_passed_over_where_what_they_are_about_is_gone() -> None:
    said: dict[str, Any] = {
        "gone": {"window": 1},
        "cool": {"ignore": ["gone"]},
        "hot": {"window": 2, "repair": False},
    }
    model, rules = apply_rules(
        Element({"alerts": said}, ""), model_of(MODEL), strict=False
    )
    assert model == model_of(MODEL)
    assert rules.by_name == {"hot": AlertRule(window=2, repair=Repair.NEVER)}
    below = AlertRules(by_name={"*": AlertRule(window=9), "cool": AlertRule(window=8)})
    both = rules.over(below)
    assert [both.of(name).window for name in ("hot", "cool", "x")] == [2, 8, 9]
