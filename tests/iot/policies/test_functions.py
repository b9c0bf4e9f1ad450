"""The functions of policies, row by row: protocol sheet "Oracle IoT" §1.8."""

import asyncio
import base64
import hashlib
import hmac
from typing import Any

import pytest

from custom_components.device_models.iot.errors import UnreachableError
from custom_components.device_models.iot.formats.oracle.policies import FUNCTIONS
from custom_components.device_models.iot.model import Severity
from custom_components.device_models.iot.policies import Raised
from custom_components.device_models.iot.values import Scalar

from .acting import ALERT, Workbench, function, pipeline

ROWS: list[tuple[dict[str, Any], str, list[Scalar], list[Scalar]]] = [
    # true: the value is dropped
    (function("filterCondition", condition="$(temp) < 0"), "temp", [-1, 0, 1], [0, 1]),
    (
        function("filterCondition", condition='$(word) LIKE "x%"'),
        "word",
        ["x1", "y", "x"],
        ["y"],
    ),
    (function("filterCondition", condition="$(temp) = $$(temp)"), "temp", [1, 1], [1]),
    # 0 = all; n = every n-th
    (function("sampleQuality", rate=0), "temp", [1, 2, 3], [1, 2, 3]),
    (function("sampleQuality", rate=1), "temp", [1, 2, 3], [1, 2, 3]),
    (function("sampleQuality", rate=3), "temp", [1, 2, 3, 4, 5, 6, 7], [3, 6]),
    # equal to the previous one within the window: values come every second here
    (
        function("eliminateDuplicates", window=2500),
        "temp",
        [1, 1, 1, 1, 2, 1, 1],
        [1, 1, 2, 1],
    ),
    (function("eliminateDuplicates", window=1000), "temp", [1, 1, 1], [1, 1, 1]),
    (function("eliminateDuplicates", window=9000), "word", ["a", "a", "b"], ["a", "b"]),
    # never drops
    (
        function("detectDuplicates", window=9000, alert=ALERT),
        "temp",
        [1, 1, 1, 2],
        [1, 1, 1, 2],
    ),
    # never pass a value on
    (function("min", window=90_000), "temp", [1, 2, 3], []),
    (function("max", window=90_000), "temp", [1, 2, 3], []),
    (function("mean", window=90_000), "temp", [1, 2, 3], []),
    (function("standardDeviation", window=90_000), "temp", [1, 2, 3], []),
    # filter: true also drops the value, and is the default
    (
        function("alertCondition", condition="$(temp) > 2", alert=ALERT),
        "temp",
        [1, 3],
        [1],
    ),
    (
        function("alertCondition", condition="$(temp) > 2", alert=ALERT, filter=False),
        "temp",
        [1, 3],
        [1, 3],
    ),
    (
        function("actionCondition", condition="$(temp) > 2", action={"name": "reset"}),
        "temp",
        [1, 3],
        [1],
    ),
    (
        function(
            "actionCondition",
            condition="$(temp) > 2",
            action={"name": "reset"},
            filter=False,
        ),
        "temp",
        [1, 3],
        [1, 3],
    ),
    (function("computedMetric", formula="$(count) * 2"), "temp", [1, 2], [1, 2]),
    (function("privacyPolicy", level="none"), "word", ["a"], ["a"]),
    (
        function("privacyPolicy", level="one-way"),
        "word",
        ["abc"],
        ["ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"],
    ),
]


@pytest.mark.parametrize(("spelled", "name", "given", "passed"), ROWS)
async def test_what_goes_on(
    spelled: dict[str, Any], name: str, given: list[Scalar], passed: list[Scalar]
) -> None:
    work = Workbench(pipeline(spelled, of=name))
    assert work.all(name, *given, every=1) == passed


def test_each_function_for_values_is_tried_above() -> None:
    tried = {row[0]["id"] for row in ROWS}
    assert tried == {name for name, one in FUNCTIONS.items() if one.device is not True}


def test_one_in_thirty_at_random() -> None:
    chances = iter([0.0, 0.033, 0.034, 0.5, 0.01])
    work = Workbench(
        pipeline(function("sampleQuality", rate=-1)), chance=lambda: next(chances)
    )
    assert work.all("temp", 1, 2, 3, 4, 5) == [1, 2, 5]


def test_functions_are_gone_through_in_order_until_one_drops_the_value() -> None:
    work = Workbench(
        pipeline(
            function("filterCondition", condition="$(temp) < 0"),
            function("sampleQuality", rate=2),
            function("alertCondition", condition="1", alert=ALERT, filter=False),
        )
    )
    assert work.all("temp", -1, 1, -2, 2, 3) == [2]
    assert len(work.alerts()) == 1


def test_other_attributes_are_as_they_came() -> None:
    work = Workbench(pipeline(function("filterCondition", condition="1")))
    assert work.say(temp=1, count=2) == {"count": 2}


def test_pipelines_of_several_policies_follow_each_other() -> None:
    first = pipeline(function("filterCondition", condition="$(temp) < 0"))
    second = pipeline(function("filterCondition", condition="$(temp) > 9"))
    assert Workbench(first, second).all("temp", -1, 1, 10) == [1]


def test_condition_sees_all_values_of_the_message_as_they_came() -> None:
    keep = "$(count) > 5 OR $(temp) > 5"
    work = Workbench(
        pipeline(function("filterCondition", condition=keep)),
        pipeline(function("filterCondition", condition=keep), of="count"),
    )
    assert work.say(temp=1, count=6) == {}
    assert work.say(temp=1, count=2) == {"temp": 1, "count": 2}
    assert work.say(temp=1) == {"temp": 1}


def test_repeats_raise_one_alert_per_window() -> None:
    work = Workbench(pipeline(function("detectDuplicates", window=3000, alert=ALERT)))
    work.all("temp", 5, 5, 5, every=1)  # one, at the first repeat
    assert work.alerts() == [
        Raised("hot", {"temp": 5}, Severity.NORMAL, by_condition=True)
    ]
    work.all("temp", 5, 5, every=1)  # the next window: one more
    assert len(work.alerts()) == 2
    work.all("temp", 6, 5)
    assert len(work.alerts()) == 2


def test_alert_of_a_condition_has_the_fields_that_formulas_give() -> None:
    alert = {
        "urn": "hot",
        "severity": "CRITICAL",
        "fields": {
            "temp": "$(temp) * 2",
            "level": "$(temp) + 0.5",
            "text": '"it is " + $(temp)',
            "is": "$(temp) > 1",
        },
    }
    spelled = function("alertCondition", condition="$(temp) > 2", alert=alert)
    work = Workbench(pipeline(spelled))
    work.all("temp", 2, 3)
    (raised,) = work.alerts()
    assert raised.severity is Severity.CRITICAL
    assert raised.fields == {"temp": 6, "level": 4, "text": "it is 3", "is": True}
    assert type(raised.fields["level"]) is int


def test_fields_may_be_plain_values_and_texts_of_numbers() -> None:
    alert = {"urn": "hot", "fields": {"level": 7, "is": False, "text": "1 / 4"}}
    work = Workbench(pipeline(function("alertCondition", condition="1", alert=alert)))
    work.say(temp=1)
    (raised,) = work.alerts()
    assert raised.fields == {"level": 7, "is": False, "text": "0.25"}


def test_oracle_raises_an_alert_each_time_its_condition_holds() -> None:
    spelled = function("alertCondition", condition="$(temp) > 2", alert=ALERT)
    work = Workbench(pipeline(spelled))
    work.all("temp", 3, 4, 1, 3)
    assert [alert.fields["temp"] for alert in work.alerts()] == [3, 4, 3]


def test_alert_that_says_when_it_is_over_is_raised_once_until_then() -> None:
    """Our own: the format "damp" is over when the temperature is below 20."""
    spelled = function(
        "alertCondition",
        condition="$(temp) > 25",
        alert={"urn": "urn:test:damp"},
        filter=False,
    )
    work = Workbench(pipeline(spelled))
    work.all("temp", 26, 24, 26, 21, 27)
    assert len(work.alerts()) == 1
    work.all("temp", 19, 24, 26)
    assert len(work.alerts()) == 2


def test_alert_that_was_raised_before_is_not_raised_again() -> None:
    spelled = function(
        "alertCondition", condition="$(temp) > 25", alert={"urn": "damp"}
    )
    work = Workbench(pipeline(spelled))
    work.device.receive_alert("damp", {})  # as after a restart
    work.all("temp", 26, 27)
    assert work.alerts() == []
    work.all("temp", 19)
    work.device.receive({"temp": 19})
    work.all("temp", 26)
    assert len(work.alerts()) == 1


async def called(work: Workbench) -> list[tuple[str, dict[str, Scalar]]]:
    """Return what the device was told to do by now."""
    for _ in range(5):
        await asyncio.sleep(0)
    return work.port.called


async def test_action_of_a_condition_is_called_with_what_formulas_give() -> None:
    action = {"name": "move", "arguments": ["$(temp) + 0.6", '"to " + $(temp)']}
    work = Workbench(
        pipeline(function("actionCondition", condition="$(temp) > 2", action=action))
    )
    work.all("temp", 1, 3)
    assert await called(work) == [("move", {"x": 4, "mode": "to 3"})]


async def test_argument_without_a_value_has_its_default() -> None:
    action = {"name": "move", "arguments": [5, "$(word)"]}
    work = Workbench(
        pipeline(function("actionCondition", condition="1", action=action))
    )
    work.say(temp=1)
    assert await called(work) == [("move", {"x": 5, "mode": "slow"})]


async def test_action_with_a_clear_condition_is_called_once_until_then() -> None:
    spelled = function(
        "actionCondition",
        condition="$(temp) > 25",
        clear="$(temp) < 20",
        action={"name": "reset"},
    )
    work = Workbench(pipeline(spelled))
    work.all("temp", 26, 27, 21, 26)
    assert len(await called(work)) == 1
    work.all("temp", 19, 26)
    assert len(await called(work)) == 2


async def test_action_that_fails_is_told_and_harms_nothing() -> None:
    work = Workbench(
        pipeline(function("actionCondition", condition="1", action={"name": "reset"}))
    )
    for failure in (UnreachableError(address="a", reason="b"), RuntimeError("bug")):
        work.port.failure = failure
        work.say(temp=1)
        await called(work)
    assert work.problems == [("reset", "a cannot be reached: b")]


async def test_actions_do_not_pile_up() -> None:
    work = Workbench(
        pipeline(function("actionCondition", condition="1", action={"name": "reset"}))
    )
    work.all("temp", *range(15))
    assert len(work.problems) == 5
    assert "10 run already" in work.problems[0][1]
    work.policies.close()
    assert await called(work) == []


@pytest.mark.parametrize("key", ["k", "schlüssel"])
def test_two_way_privacy_is_keyed(key: str) -> None:
    work = Workbench(
        pipeline(function("privacyPolicy", level="two-way", hashingKey=key), of="word")
    )
    (told,) = work.all("word", "abc")
    digest = hmac.new(key.encode(), b"abc", hashlib.sha256).digest()
    assert told == base64.urlsafe_b64encode(digest).decode().rstrip("=")


# computedMetric


def computed(formula: str, of: str = "double", **more: Any) -> dict[str, Any]:
    """Return a pipeline that computes an attribute."""
    return pipeline(function("computedMetric", formula=formula, **more), of=of)


def test_computed_when_all_that_it_names_came_together() -> None:
    work = Workbench(computed("$(temp) + $(count)"))
    assert work.say(temp=1) == {"temp": 1}
    assert work.say(count=2) == {"count": 2}
    assert work.say(temp=1, count=2) == {"temp": 1, "count": 2, "double": 3}


def test_current_values_need_not_come_for_it() -> None:
    work = Workbench(computed("$(temp) - $$(temp)"))
    assert work.say(temp=1) == {"temp": 1}  # there was none before: no value
    assert work.say(temp=3) == {"temp": 3, "double": 2}


def test_formula_of_current_values_is_computed_when_they_came() -> None:
    work = Workbench(computed("$$(temp) * 2"))
    work.say(temp=1)
    assert work.say(count=1) == {"count": 1}
    assert work.say(temp=5) == {"temp": 5, "double": 2}


def test_what_was_dropped_has_not_come() -> None:
    work = Workbench(
        pipeline(function("filterCondition", condition="$(temp) < 0")),
        computed("$(temp) * 2"),
    )
    assert work.say(temp=-1) == {}
    assert work.say(temp=1) == {"temp": 1, "double": 2}


def test_value_that_the_device_says_itself_is_not_computed() -> None:
    work = Workbench(computed("$(temp) * 2"))
    assert work.say(temp=1, double=7) == {"temp": 1, "double": 7}


@pytest.mark.parametrize("formula", ["$(temp) / 0", "$(temp) * 1e308", "$(missing1)"])
def test_no_number_is_no_value(formula: str) -> None:
    work = Workbench(computed(formula.replace("$(missing1)", "$$(count) + $(temp)")))
    assert work.say(temp=100) == {"temp": 100}
    assert work.problems == []


@pytest.mark.parametrize(
    ("formula", "of", "value"),
    [
        ("$(temp) * 2.5", "whole", 3),  # 2.5 is rounded up
        ("0 - $(temp) * 2.5", "whole", -2),
        ("$(temp) = 1", "on", True),
        ("$(temp)", "word", "1"),
        ('"t" + $(temp)', "word", "t1"),
        ("$(temp) / 4", "double", 0.25),
    ],
)
def test_result_has_the_type_of_its_attribute(
    formula: str, of: str, value: Scalar
) -> None:
    found = Workbench(computed(formula, of)).say(temp=1)[of]
    assert (found, type(found)) == (value, type(value))


def test_result_that_does_not_fit_is_told() -> None:
    work = Workbench(computed("$(temp) * 100", "whole"), computed('"a"+$(temp)'))
    assert work.say(temp=1) == {"temp": 1}
    assert [name for name, _ in work.problems] == ["whole", "double"]
    assert "100 > 10" in work.problems[0][1]


def test_one_is_computed_from_another_and_the_rest_of_its_pipeline_follows() -> None:
    work = Workbench(
        pipeline(
            function("computedMetric", formula="$(temp) * 2"),
            function("filterCondition", condition="$(twice) > 100"),
            of="double",
        ),
        computed("$(double) + 1", "whole"),
    )
    work.say(temp=4)
    assert work.say(temp=2) == {"temp": 2, "double": 4, "whole": 5}
    assert work.device.get("whole") == 5


def test_computed_whenever_one_of_them_comes() -> None:
    """Our own: what users compute is there as soon as all values are known."""
    work = Workbench(computed("$(temp) > 0 ? $(count) : 5", trigger="any"))
    assert work.say(temp=1) == {"temp": 1}
    assert work.say(count=2) == {"count": 2, "double": 2}
    assert work.say(temp=0) == {"temp": 0, "double": 5}
    assert work.say(on=True) == {"on": True}


def test_change_since_the_value_before() -> None:
    work = Workbench(computed("$(temp) > $$(temp) ? 1 : 0", trigger="any"))
    assert work.say(temp=1) == {"temp": 1}  # there was none before
    assert work.say(temp=3) == {"temp": 3, "double": 1}
    assert work.say(temp=2) == {"temp": 2, "double": 0}
