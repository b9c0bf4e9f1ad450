"""Device policies: protocol sheet "Oracle IoT" §1.8, row by row."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.formats.oracle.policies import FUNCTIONS
from custom_components.device_models.iot.formats.oracle.writing import write_model
from custom_components.device_models.iot.model import Pipeline, Policy, PolicyFunction

from ..samples import THERMO
from .test_oracle_beyond import fixture

LABEL: Final = {"name": "label", "type": "STRING"}
HOT = "urn:com:acme:thermo:too_hot"


def function(name: str, **parameters: Any) -> dict[str, Any]:
    """Return a function as a file has it."""
    return {"id": name, "parameters": parameters}


def policy(*pipelines: Any, **more: Any) -> dict[str, Any]:
    """Return a policy as a file has it."""
    return {"id": "POL-1", "lastModified": 0, "pipelines": list(pipelines), **more}


def of(*functions: Any, name: str | None = "temp") -> dict[str, Any]:
    """Return a policy with one pipeline."""
    pipeline: dict[str, Any] = {"pipeline": list(functions)}
    return policy(pipeline if name is None else {"attributeName": name, **pipeline})


def document(**more: Any) -> dict[str, Any]:
    """Return the example of the sheet, with a text, and more."""
    return {**THERMO, "attributes": [*THERMO["attributes"], LABEL], **more}


def loaded(*policies: Any, key: str = "devicePolicies") -> Loaded:
    """Return the example of the sheet with policies."""
    return load_document(document(**{key: list(policies)}), "thermo.json")


def test_example_of_a_vendor_is_read_as_it_is_meant() -> None:
    (found,) = fixture("cold_chain_box").model.policies
    assert (found.id, found.enabled) == ("POL-7F21", True)
    assert found.description.startswith("Sparse")
    assert found.last_modified == datetime(2019, 1, 1, tzinfo=UTC)
    assert [pipeline.attribute for pipeline in found.pipelines] == [
        "coreTemperature",
        "humidity",
        "coreTemperatureF",
        "recipient",
        None,
    ]
    assert [one.id for one in found.pipelines[0].functions] == [
        "filterCondition",
        "alertCondition",
        "actionCondition",
        "mean",
    ]
    assert found.pipelines[0].functions[-1].parameters == {
        "window": 600000,
        "slide": 60000,
    }


ALERT = {"urn": HOT, "severity": "CRITICAL", "fields": {"temp": "$(temp)", "unit": 1}}
USABLE: list[tuple[dict[str, Any], str | None]] = [
    (function("filterCondition", condition="$(temp) < 0"), "temp"),
    (function("sampleQuality", rate=-1), "temp"),
    (function("eliminateDuplicates", window=1), "temp"),
    (function("detectDuplicates", window=5, alert=ALERT), "temp"),
    *((function(name, window=60, slide=0), "temp") for name in ("min", "max", "mean")),
    (function("standardDeviation", window=60), "temp"),
    (function("batchBySize", batchSize=3, alertSeverity="LOW"), None),
    (function("batchByTime", delayLimit=3), "*"),
    (function("batchByCost", networkCost="Satellite (slow)"), None),
    (function("batchByCost"), None),
    (function("alertCondition", condition="1", alert={"urn": HOT}), "temp"),
    (function("alertCondition", condition="1", alert=ALERT, filter=False), None),
    (
        function(
            "actionCondition",
            condition="$$(maxThreshold) > 1",
            action={"name": "move", "arguments": ["$(temp)", True]},
        ),
        "temp",
    ),
    (function("computedMetric", formula="$(maxThreshold) * 2"), "temp"),
    (function("privacyPolicy", level="two-way", hashingKey="k"), "label"),
    (function("computedMetric", formula="$(maxThreshold)", trigger="any"), "temp"),
    (
        function("actionCondition", condition="1", clear="0", action={"name": "reset"}),
        "temp",
    ),
    (function("batchByCost", networkCost=None), None),
]


@pytest.mark.parametrize(
    ("spelled", "name"), USABLE, ids=[row[0]["id"] for row in USABLE]
)
def test_function_with_what_it_needs(spelled: dict[str, Any], name: str | None) -> None:
    found = loaded(of(spelled, name=name))
    assert found.remarks == ()
    (pipeline,) = found.model.policies[0].pipelines
    assert pipeline.attribute == (None if name == "*" else name)
    (one,) = pipeline.functions
    assert one.id == spelled["id"]
    given = {key: value for key, value in spelled["parameters"].items() if value}
    assert {key: one.parameters[key] for key in given} == given


def test_every_function_of_the_sheet_is_tried_above() -> None:
    assert {row[0]["id"] for row in USABLE} == set(FUNCTIONS)


WHERE = "devicePolicies[0].pipelines[0]"
FUNCTION = f"{WHERE}.pipeline[0]"
UNUSABLE: list[tuple[dict[str, Any], str, str]] = [
    (of(function("median", window=1)), f"{FUNCTION}.id", "expected one of filterCo"),
    (of(function("mean")), f"{FUNCTION}.parameters.window", "is missing"),
    (of(function("mean", window=0)), f"{FUNCTION}.parameters.window", "from 1"),
    (of(function("mean", window="9")), f"{FUNCTION}.parameters.window", "whole"),
    (of(function("mean", window=True)), f"{FUNCTION}.parameters.window", "whole"),
    (of(function("sampleQuality", rate=-2)), f"{FUNCTION}.parameters.rate", "from -1"),
    (
        of(function("filterCondition", condition="$(Temp) < 0")),
        f"{FUNCTION}.parameters.condition",
        "no attribute 'Temp'",
    ),
    (
        of(function("filterCondition", condition="1" * 2001)),
        f"{FUNCTION}.parameters.condition",
        "at most 2000 characters",
    ),
    (
        of(function("filterCondition", condition="$(temp) <")),
        f"{FUNCTION}.parameters.condition",
        "wrong at character 10: expected $(name)",
    ),
    (
        of(function("computedMetric", formula="$(temp) + (2 * 3")),
        f"{FUNCTION}.parameters.formula",
        "wrong at character 17: expected ')'",
    ),
    (
        of(function("filterCondition", condition=5)),
        f"{FUNCTION}.parameters.condition",
        "expected a text",
    ),
    (
        of(function("privacyPolicy", level="two-way"), name="label"),
        f"{FUNCTION}.parameters.hashingKey",
        "expected a text",
    ),
    (of(function("privacyPolicy", level="none")), f"{FUNCTION}.id", "is for STRING"),
    (
        of(function("mean", window=9), name="label"),
        f"{FUNCTION}.id",
        "is for INTEGER or NUMBER",
    ),
    (
        of(function("computedMetric", formula="1", trigger="some")),
        f"{FUNCTION}.parameters.trigger",
        "expected one of all, any",
    ),
    (of(function("batchBySize", batchSize=1)), f"{FUNCTION}.id", "all messages"),
    (of(function("mean", window=1), name=None), f"{FUNCTION}.id", "one attribute"),
    (
        of(function("batchByCost", networkCost="5G"), name=None),
        f"{FUNCTION}.parameters.networkCost",
        "expected one of ETHERNET",
    ),
    (
        of(function("batchBySize", batchSize=1, alertSeverity="BAD"), name=None),
        f"{FUNCTION}.parameters.alertSeverity",
        "expected one of LOW",
    ),
    (
        of(function("privacyPolicy", level="some"), name="label"),
        f"{FUNCTION}.parameters.level",
        "expected one of none",
    ),
    (
        of(function("privacyPolicy", level="none", hashingKey=7), name="label"),
        f"{FUNCTION}.parameters.hashingKey",
        "expected a text",
    ),
    (
        of(function("alertCondition", condition="1", alert=ALERT, filter="no")),
        f"{FUNCTION}.parameters.filter",
        "expected true or false",
    ),
    (
        of(function("alertCondition", condition="1", alert={"urn": "urn:none"})),
        f"{FUNCTION}.parameters.alert.urn",
        "no format 'urn:none'",
    ),
    (
        of(function("alertCondition", condition="1", alert={**ALERT, "severity": "X"})),
        f"{FUNCTION}.parameters.alert.severity",
        "expected one of LOW",
    ),
    (
        of(
            function(
                "alertCondition", condition="1", alert={"urn": HOT, "fields": {"x": ""}}
            )
        ),
        f"{FUNCTION}.parameters.alert.fields.x",
        "no such field",
    ),
    (
        of(function("actionCondition", condition="1", action={"name": "jump"})),
        f"{FUNCTION}.parameters.action.name",
        "no action 'jump'",
    ),
    (
        of(
            function(
                "actionCondition",
                condition="1",
                action={"name": "reset", "arguments": [1]},
            )
        ),
        f"{FUNCTION}.parameters.action.arguments",
        "expected at most 0",
    ),
    (
        of(
            function(
                "actionCondition",
                condition="1",
                action={"name": "power", "arguments": ["$(x)"]},
            )
        ),
        f"{FUNCTION}.parameters.action.arguments[0]",
        "no attribute 'x'",
    ),
    (of(name="nope"), f"{WHERE}.attributeName", "no attribute 'nope'"),
    (of(), f"{WHERE}.pipeline", "expected at least one function"),
    (of("mean"), f"{WHERE}.pipeline[0]", "expected an object"),
    (policy("x"), WHERE, "expected an object"),
]


@pytest.mark.parametrize(("spelled", "where", "problem"), UNUSABLE)
def test_pipeline_that_cannot_be_followed_is_left_out(
    spelled: dict[str, Any], where: str, problem: str
) -> None:
    good = {"attributeName": "temp", "pipeline": [function("mean", window=5)]}
    found = loaded({**spelled, "pipelines": [*spelled["pipelines"], good]})
    (remark,) = found.remarks
    assert remark.where == where
    assert problem in remark.message
    assert remark.message.endswith("; the pipeline is left out")
    (pipeline,) = found.model.policies[0].pipelines
    assert pipeline.functions[0].id == "mean"


@pytest.mark.parametrize(
    ("spelled", "where", "problem"),
    [
        (policy(), "devicePolicies[0].pipelines", "at least one usable pipeline"),
        (
            {**of(function("mean", window=5)), "id": ""},
            "devicePolicies[0].id",
            "expected a text",
        ),
        (
            {**of(function("mean", window=5)), "lastModified": "now"},
            "devicePolicies[0].lastModified",
            "expected a time",
        ),
        ("POL", "devicePolicies[0]", "expected an object"),
    ],
)
def test_policy_that_is_none_is_left_out(
    spelled: Any, where: str, problem: str
) -> None:
    found = loaded(spelled)
    assert found.model.policies == ()
    assert found.remarks[-1].where == where
    assert problem in found.remarks[-1].message


def test_more_functions_than_are_used_for_a_whole_device() -> None:
    batch = function("batchBySize", batchSize=2)
    found = loaded(of(batch, batch, name=None))
    (remark,) = found.remarks
    assert str(remark) == (
        f"{WHERE}.pipeline: without an attribute, only the first function is used"
    )


def test_parameter_that_the_function_does_not_have_is_left_out_alone() -> None:
    found = loaded(of(function("mean", window=5, slid=1)))
    (remark,) = found.remarks
    assert remark.where == f"{FUNCTION}.parameters.slid"
    (one,) = found.model.policies[0].pipelines[0].functions
    assert one == PolicyFunction(id="mean", parameters={"window": 5})


def test_policies_may_be_under_either_key_or_as_the_server_answers() -> None:
    spelled = of(function("mean", window=5))
    wanted = loaded(spelled).model
    assert loaded(spelled, key="policies").model == wanted
    answer = document(devicePolicies={"items": [spelled]})
    assert load_document(answer, "x").model == wanted
    del spelled["lastModified"]
    assert loaded(spelled).model.policies[0].last_modified is None


@pytest.mark.parametrize("listed", ["POL-1", [{}] * 51, 5])
def test_what_is_no_list_of_policies_makes_the_file_unusable(listed: Any) -> None:
    with pytest.raises(ModelError, match="devicePolicies"):
        load_document({**THERMO, "devicePolicies": listed}, "x")


def test_keys_for_hashing_are_not_shown() -> None:
    found = loaded(
        of(function("privacyPolicy", level="two-way", hashingKey="hush"), name="label")
    )
    assert "hush" not in repr(found.model.policies)


def test_changed_policies_are_written_and_read_again() -> None:
    before = loaded(of(function("mean", window=5))).model
    fresh = Policy(
        id="POL-2",
        enabled=False,
        last_modified=datetime(2025, 1, 1, tzinfo=UTC),
        pipelines=(
            Pipeline(
                attribute="temp",
                functions=(PolicyFunction(id="max", parameters={"window": 9}),),
            ),
            Pipeline(functions=(PolicyFunction(id="batchByCost"),)),
        ),
    )
    after = replace(before, policies=(*before.policies, fresh))
    written = write_model(after)
    assert load_document(written, "x").model == after
    assert "devicePolicies" not in write_model(replace(before, policies=()))
    spoilt = replace(before, source={**before.source, "devicePolicies": 5})
    assert load_document(write_model(spoilt), "x").model == before


def test_changed_element_leaves_the_policies_as_they_were() -> None:
    before = fixture("cold_chain_box").model
    written = write_model(replace(before, description="changed"))
    assert written["devicePolicies"] == before.source["devicePolicies"]


KEYS: Final = (
    "id", "pipelines", "pipeline", "attributeName", "parameters", "window", "alert",
    "action", "urn", "name", "condition", "items",
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)


@settings(deadline=None, max_examples=150)
@given(VALUES, st.sampled_from(sorted(FUNCTIONS)), VALUES)
def test_odd_policies_give_remarks_or_a_model_error(
    listed: Any, name: str, parameters: Any
) -> None:
    spelled = of({"id": name, "parameters": parameters})
    odd: Any
    for odd in (listed, [listed], [spelled]):
        try:
            load_document({**THERMO, "policies": odd}, "odd.json")
        except ModelError as err:
            str(err).encode()
