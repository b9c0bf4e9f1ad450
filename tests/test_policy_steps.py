"""Saying what is done with the values of a device."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
import yaml

from custom_components.device_models.const import (
    CONF_ADDED,
    CONF_DECISIONS,
    CONF_POLICIES,
    CONF_POLICIES_OFF,
)
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.mapping.decided import loaded_of
from custom_components.device_models.policy_kinds import KINDS

from .acting import attributes_of, set_up, state_of, until
from .boiler import MODEL, Boiler, options
from .flows import answered, suggested

pytestmark = pytest.mark.usefixtures("integration")

WARM = "$(temperature) > 30"
ROWS: list[tuple[str, dict[str, Any], str | None, list[tuple[str, dict[str, Any]]]]] = [
    (
        "dead_band",
        {"attribute": "temperature", "amount": 0.5},
        "temperature",
        [
            (
                "filterCondition",
                {
                    "condition": "$(temperature) - $$(temperature) < 0.5"
                    " && $$(temperature) - $(temperature) < 0.5"
                },
            )
        ],
    ),
    (
        "window",
        {"attribute": "pressure", "figure": "standard_deviation", "window": 60},
        "pressure",
        [("standardDeviation", {"window": 60_000})],
    ),
    (
        "window",
        {"attribute": "pressure", "figure": "mean", "window": 60, "slide": 1.5},
        "pressure",
        [("mean", {"window": 60_000, "slide": 1500})],
    ),
    (
        "duplicates",
        {"attribute": "label", "window": 3600},
        "label",
        [("eliminateDuplicates", {"window": 3_600_000})],
    ),
    (
        "sample",
        {"attribute": "pressure", "every": 3},
        "pressure",
        [("sampleQuality", {"rate": 3})],
    ),
    (
        "filter",
        {"attribute": "temperature", "condition": WARM},
        "temperature",
        [("filterCondition", {"condition": WARM})],
    ),
    (
        "computed",
        {
            "name": "In Fahrenheit",
            "type": "number",
            "unit": "°F",
            "formula": "$(temperature) * 1.8 + 32",
        },
        "in_fahrenheit",
        [
            (
                "computedMetric",
                {"formula": "$(temperature) * 1.8 + 32", "trigger": "any"},
            )
        ],
    ),
    (
        "alert",
        {
            "name": "Too hot",
            "condition": WARM,
            "severity": "critical",
            "fields": ["level = $(temperature)", 'text = "hot"', "half=$(pressure)/2"],
        },
        None,
        [
            (
                "alertCondition",
                {
                    "condition": WARM,
                    "alert": {
                        "urn": "too_hot",
                        "severity": "CRITICAL",
                        "fields": {
                            "level": "$(temperature)",
                            "text": '"hot"',
                            "half": "$(pressure)/2",
                        },
                    },
                    "filter": False,
                },
            )
        ],
    ),
    (
        "action",
        {"action": "say", "arguments": ['"hot"'], "condition": WARM, "clear": "0"},
        None,
        [
            (
                "actionCondition",
                {
                    "condition": WARM,
                    "clear": "0",
                    "action": {"name": "say", "arguments": ['"hot"']},
                    "filter": False,
                },
            )
        ],
    ),
    (
        "action",
        {"action": "vent", "condition": WARM},
        None,
        [
            (
                "actionCondition",
                {
                    "condition": WARM,
                    "clear": f"!({WARM})",
                    "action": {"name": "vent", "arguments": []},
                    "filter": False,
                },
            )
        ],
    ),
    (
        "privacy",
        {"attribute": "label", "level": "two-way", "hashing_key": "hush"},
        "label",
        [("privacyPolicy", {"level": "two-way", "hashingKey": "hush"})],
    ),
    (
        "batch",
        {"window": 300, "severity": "significant"},
        None,
        [("batchByTime", {"delayLimit": 300_000, "alertSeverity": "SIGNIFICANT"})],
    ),
]


@pytest.mark.parametrize(("kind", "entered", "attribute", "functions"), ROWS)
async def test_what_each_form_makes(
    hass: HomeAssistant,
    broker_port: int,
    kind: str,
    entered: dict[str, Any],
    attribute: str | None,
    functions: list[tuple[str, dict[str, Any]]],
) -> None:
    boiler = Boiler(hass, broker_port)
    await boiler.add(kind, **entered)
    loaded = loaded_of(boiler.data)
    assert loaded.remarks == ()
    (policy,) = loaded.model.policies
    (pipeline,) = policy.pipelines
    assert policy.description == KINDS[kind].title
    assert pipeline.attribute == attribute
    assert [(one.id, one.parameters) for one in pipeline.functions] == functions


def test_every_kind_is_tried_above() -> None:
    assert {row[0] for row in ROWS} == set(KINDS)


async def test_computed_value_and_alert_are_added_to_the_model_and_enabled(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port)
    for _ in range(2):
        await boiler.add("computed", name="Dew", type="integer", formula="$(pressure)")
    await boiler.add("alert", name="Too hot", condition=WARM, severity="low")
    listed = (await boiler.policies())["description_placeholders"]["rows"]
    assert "alert too_hot LOW, filter False)" in listed.replace("\\", "")
    loaded = loaded_of(boiler.data)
    assert [one.name for one in loaded.model.attributes[-2:]] == ["dew", "dew_2"]
    shape = loaded.model.format("too_hot")
    assert shape.clear is not None
    assert shape.clear.condition == f"!({WARM})"
    assert [(one.name, one.type) for one in shape.fields] == [("temperature", "NUMBER")]
    kept = boiler.data[CONF_DECISIONS]
    assert kept["attribute-dew"]["platform"] == "sensor"
    assert kept["format-too_hot"]["platform"] == "event"
    assert "enabled" not in kept["attribute-dew"]  # it is by default
    for layout in loaded.layouts.values():
        assert layout["attributes"]["dew"] is False  # type: ignore[index,call-overload]
        assert layout["alerts"] == {"too_hot": False}  # type: ignore[index,call-overload]


WRONG = [
    ("computed", {"formula": "$(pressure) +"}, "formula", "14", "expected $(name)"),
    (
        "computed",
        {"formula": "1 + $(pressur)"},
        "formula",
        "5",
        "no attribute 'pressur'",
    ),
    ("filter", {"condition": "$$( x )"}, "condition", "1", "no attribute 'x'"),
    ("alert", {"clear": "("}, "clear", "2", "expected"),
    ("alert", {"fields": ["a = )"]}, "fields", "1", "expected"),
    ("action", {"arguments": ["1 +"]}, "arguments", "4", "expected"),
]
FILLED = {
    "computed": {"name": "X", "type": "number"},
    "filter": {"attribute": "pressure"},
    "alert": {"name": "X", "condition": "1", "severity": "low"},
    "action": {"action": "say", "condition": "1"},
}


@pytest.mark.parametrize(("kind", "entered", "field", "column", "problem"), WRONG)
async def test_formula_that_is_none_is_told_at_its_field_with_the_place(
    hass: HomeAssistant,
    broker_port: int,
    kind: str,
    entered: dict[str, Any],
    field: str,
    column: str,
    problem: str,
) -> None:
    boiler = Boiler(hass, broker_port)
    form = await boiler.form(kind)
    entered = FILLED[kind] | entered
    result = await answered(hass, form["flow_id"], **entered)
    assert result["errors"] == {field: "formula_invalid"}
    told = result["description_placeholders"]
    assert told["column"] == column
    assert problem in told["problem"]
    assert suggested(result) == entered  # nothing has to be typed again


async def test_other_mistakes(hass: HomeAssistant, broker_port: int) -> None:
    boiler = Boiler(hass, broker_port)
    form = await boiler.form("alert")
    for line in ("level", "= 5", "no name = 5"):
        entered = FILLED["alert"] | {"fields": [line]}
        result = await answered(hass, form["flow_id"], **entered)
        assert result["errors"] == {"fields": "line_invalid"}
        assert result["description_placeholders"]["line"] == line
    form = await boiler.form("privacy")
    result = await answered(hass, form["flow_id"], attribute="label", level="two-way")
    assert result["errors"] == {"base": "policy_invalid"}
    form = await boiler.form("action")
    entered = FILLED["action"] | {"arguments": ["1", "2"]}
    result = await answered(hass, form["flow_id"], **entered)
    assert result["errors"] == {"base": "policy_invalid"}
    assert result["description_placeholders"]["problem"].startswith(
        "expected at most 1"
    )


async def test_what_formulas_give_now_is_shown_before(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port)
    form = await boiler.form("computed")
    entered = {"name": "Sum", "type": "number", "formula": "$(temperature) + 1"}
    result = await answered(hass, form["flow_id"], **entered)
    assert result["description_placeholders"]["formulas"].endswith(
        "→ `–`"
    )  # not running
    await set_up(hass, boiler.entry)
    await boiler.heard()
    await boiler.say(("temperature", "41.5"), ("pin", "1234"))
    await until(lambda: boiler.device.get("pin"))
    for formula, shown in (
        ("$(temperature) + 1", "42.5"),
        ("$(pressure) + 1", "no value"),
        ("$(pin) + 1", "•••"),
    ):
        form = await boiler.form("computed")
        entered = {"name": "Sum", "type": "number", "formula": formula}
        result = await answered(hass, form["flow_id"], **entered)
        assert result["step_id"] == "policy_check"
        told = result["description_placeholders"]["formulas"]
        assert told == f"- formula: `{formula}` → `{shown}`"
    result = await answered(hass, form["flow_id"], again=True)
    assert result["step_id"] == "policy"
    assert suggested(result) == entered
    form = await boiler.form("alert")
    cool = "$(temperature) < 20"
    entered = {"name": "X", "condition": WARM, "clear": cool, "severity": "low"}
    result = await answered(hass, form["flow_id"], **entered)
    told = result["description_placeholders"]["formulas"]
    assert told == f"- condition: `{WARM}` → `true`\n- clear: `{cool}` → `false`"


POLICY = {
    "id": "POL-1",
    "lastModified": 0,
    "pipelines": [
        {
            "attributeName": "pressure",
            "pipeline": [
                {"id": "sampleQuality", "parameters": {"rate": 2}},
                {"id": "mean", "parameters": {"window": 5000}},
            ],
        },
        {
            "attributeName": "label",
            "pipeline": [
                {
                    "id": "privacyPolicy",
                    "parameters": {"level": "two-way", "hashingKey": "hush"},
                }
            ],
        },
    ],
}


async def test_policies_of_the_file_are_shown_and_can_be_switched_off(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port, policies=[POLICY])
    result = await boiler.policies()
    rows = result["description_placeholders"]["rows"]
    assert "sampleQuality (rate 2), then mean (window 5000)" in rows
    assert "the model (POL-1)" in rows.replace("\\", "")
    assert "hush" not in rows
    assert "remove" not in result["data_schema"].schema
    keys = ["POL-1/pressure", "POL-1/label"]
    assert [one["value"] for one in options(result, "followed")] == keys
    assert suggested(result) == {"followed": keys}
    result = await answered(hass, result["flow_id"], followed=keys[1:])
    assert result["reason"] == "reconfigure_successful"
    assert boiler.data[CONF_POLICIES_OFF] == keys[:1]
    (policy,) = loaded_of(boiler.data).model.policies
    assert [one.attribute for one in policy.pipelines] == ["label"]
    result = await boiler.policies()
    assert suggested(result) == {"followed": keys[1:]}
    await answered(hass, result["flow_id"], followed=[])
    assert loaded_of(boiler.data).model.policies == ()
    result = await boiler.policies()
    await answered(hass, result["flow_id"], followed=keys)
    assert len(loaded_of(boiler.data).model.policies[0].pipelines) == 2


async def test_own_policies_are_removed_with_what_they_added(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port)
    await set_up(hass, boiler.entry)
    await boiler.add("computed", name="Sum", type="number", formula="$(pressure)")
    await boiler.add("sample", attribute="pressure", every=2)
    assert state_of(hass, "sensor.boiler_sum")
    result = await boiler.policies()
    (computed, sample) = (one["value"] for one in options(result, "remove"))
    result = await answered(
        hass, result["flow_id"], followed=[computed], remove=[computed]
    )
    await hass.async_block_till_done()
    assert [policy["id"] for policy in boiler.data[CONF_POLICIES]] == [
        sample.partition("/")[0]
    ]
    assert boiler.data[CONF_POLICIES_OFF] == [sample]
    assert boiler.data[CONF_ADDED] == {"attributes": [], "formats": []}
    assert hass.states.get("sensor.boiler_sum") is None


async def test_what_is_added_under_a_name_that_is_free_again_is_decided_anew(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port)
    await set_up(hass, boiler.entry)
    await boiler.add(
        "computed", name="Sum", type="number", unit="bar", formula="$(pressure)"
    )
    result = await boiler.policies()
    (computed,) = (one["value"] for one in options(result, "remove"))
    await answered(hass, result["flow_id"], followed=[], remove=[computed])
    await hass.async_block_till_done()
    await boiler.add(
        "computed", name="Sum", type="number", unit="W", formula="$(pressure)"
    )
    shown = attributes_of(hass, "sensor.boiler_sum")
    assert shown["unit_of_measurement"] == "W"
    assert shown["device_class"] == "power"


async def test_kinds_that_make_no_sense_for_a_model_are_not_offered(
    hass: HomeAssistant, broker_port: int
) -> None:
    model = MODEL | {"attributes": MODEL["attributes"][2:3], "actions": []}
    result = await Boiler(hass, broker_port, model=model).policies()
    assert set(KINDS) - set(options(result, "add")) == {"dead_band", "window", "action"}


async def test_what_does_not_fit_a_newer_model_is_shown(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port)
    await boiler.add("computed", name="Sum", type="number", formula="$(pressure)")
    await boiler.add("sample", attribute="temperature", every=2)
    newer = {"name": "sum", "type": "NUMBER"}
    model = MODEL | {"attributes": [*MODEL["attributes"][1:], newer]}
    data = dict(boiler.data) | {"document": {"model": model}}
    subentry = next(iter(boiler.entry.subentries.values()))
    hass.config_entries.async_update_subentry(boiler.entry, subentry, data=data)
    result = await boiler.policies()
    problems = result["description_placeholders"]["problems"]
    assert "the model has it by itself now" in problems
    assert "no attribute 'temperature'" in problems


def test_additions_that_cannot_be_read_harm_nothing() -> None:
    data = {"document": MODEL, "added": {"attributes": 5}}
    (remark,) = loaded_of(data).remarks
    assert str(remark) == "added.attributes: expected an array"


async def test_exported_file_does_what_the_device_does_but_holds_no_key(
    hass: HomeAssistant, broker_port: int
) -> None:
    boiler = Boiler(hass, broker_port, policies=[POLICY])
    await boiler.add("computed", name="Sum", type="number", formula="$(pressure)")
    await boiler.add("alert", name="Too hot", condition=WARM, severity="critical")
    (subentry_id,) = boiler.entry.subentries
    result: Any = await boiler.entry.start_subentry_reconfigure_flow(hass, subentry_id)
    result = await answered(hass, result["flow_id"], next_step_id="export")
    text = suggested(result)["document"]
    assert "hush" not in text
    exported = load_document(yaml.safe_load(text), "exported")
    assert exported.model.leaves["sum"].title == "Sum"
    assert exported.model.format("too_hot").clear is not None
    assert exported.layouts["mqtt"]["attributes"]["sum"] is False  # type: ignore[index,call-overload]
    functions = [
        function.id
        for policy in exported.model.policies
        for pipeline in policy.pipelines
        for function in pipeline.functions
    ]
    assert functions == ["sampleQuality", "mean", "computedMetric", "alertCondition"]
    (left_out,) = exported.remarks
    assert "hashingKey" in left_out.where
