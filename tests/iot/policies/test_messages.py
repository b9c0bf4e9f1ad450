"""Functions for whole messages of a device: protocol sheet "Oracle IoT" §1.8."""

from typing import Any, Final

import pytest

from custom_components.device_models.iot.formats.oracle.policies import FUNCTIONS
from custom_components.device_models.iot.model import Severity
from custom_components.device_models.iot.policies import Cost, Raised
from custom_components.device_models.iot.policies.batches import MAX_HELD

from ..samples import device_of
from .acting import ALERT, Workbench, document, function, pipeline

BATCHES: Final = [
    function("batchBySize", batchSize=3),
    function("batchByTime", delayLimit=60_000),
    function("batchByCost", networkCost="ETHERNET"),
]


def whole(*functions: dict[str, Any]) -> Workbench:
    """Return a workbench with functions for whole messages, a pipeline for each."""
    return Workbench(*(pipeline(one, of=None) for one in functions))


def alert(work: Workbench, severity: Severity | None, name: str = "hot") -> bool:
    """Have an alert come; returns whether it goes on at once."""
    return work.policies.take_alert(Raised(name, {}, severity), work.clock.now())


def delivered(work: Workbench) -> list[object]:
    """Return what came by itself: values, and the names of alerts."""
    return [one.alert.name if one.alert else dict(one.values) for one in work.later]


def test_batch_by_size_holds_messages_until_there_are_enough() -> None:
    work = whole(BATCHES[0])
    assert work.say(temp=1, count=1) == {}
    assert not alert(work, Severity.LOW)
    assert delivered(work) == []
    assert work.say(temp=3) == {"temp": 3}  # goes on at once, behind the others
    assert delivered(work) == [{"temp": 1, "count": 1}, "hot"]
    assert work.say(temp=4) == {}


def test_held_messages_keep_their_times() -> None:
    work = whole(BATCHES[1])
    work.all("temp", 1, 2, 3, every=20)
    work.clock.advance(10)
    assert work.emitted() == [(0, {"temp": 1}), (20, {"temp": 2}), (40, {"temp": 3})]


def test_batch_by_time_waits_from_its_first_message_on() -> None:
    work = whole(BATCHES[1])
    work.clock.advance(100)
    assert work.clock.waiting == 0
    assert work.say(temp=1) == {}
    work.clock.advance(59)
    assert work.later == []
    work.clock.advance(1)
    assert len(work.later) == 1
    work.clock.advance(50)
    assert work.say(temp=2) == {}
    work.clock.advance(60)
    assert len(work.later) == 2


@pytest.mark.parametrize(
    ("spelled", "holds"),
    [
        ("ETHERNET", [Cost.CELLULAR, Cost.SATELLITE]),
        ("Cellular (4G)", [Cost.SATELLITE]),
        ("SATELLITE", []),
        (None, []),  # SATELLITE is the default
    ],
)
def test_batch_by_cost_holds_while_the_network_costs_more(
    spelled: str | None, holds: list[Cost]
) -> None:
    work = whole(function("batchByCost", networkCost=spelled))
    for cost in Cost:
        work.policies.network_costs(cost)
        assert (work.say(temp=cost) == {}) is (cost in holds)
    work.policies.network_costs(Cost.ETHERNET)
    assert delivered(work) == [{"temp": cost} for cost in holds]


@pytest.mark.parametrize("batch", BATCHES, ids=lambda one: one["id"])
@pytest.mark.parametrize(
    ("limit", "severity", "flushes"),
    [
        (None, Severity.SIGNIFICANT, False),  # CRITICAL is the default
        (None, Severity.CRITICAL, True),
        ("LOW", Severity.LOW, True),
        ("NORMAL", Severity.LOW, False),
        ("SIGNIFICANT", None, True),  # an alert that does not say it (sheet §2.4)
        ("CRITICAL", None, False),
    ],
)
def test_alert_that_is_bad_enough_flushes_and_leads(
    batch: dict[str, Any], limit: str | None, severity: Severity | None, flushes: bool
) -> None:
    parameters = batch["parameters"] | {"alertSeverity": limit}
    work = whole({**batch, "parameters": parameters})
    work.policies.network_costs(Cost.CELLULAR)
    work.say(temp=1)
    alert(work, severity)
    assert delivered(work) == (["hot", {"temp": 1}] if flushes else [])
    assert work.clock.waiting == (batch["id"] == "batchByTime" and not flushes)


def test_data_is_no_alert() -> None:
    work = whole(function("batchBySize", batchSize=3, alertSeverity="LOW"))
    assert not alert(work, None, "log")
    assert not alert(work, None, "unknown")  # what it is, is said when it goes on
    assert delivered(work) == []


def test_batch_does_not_grow_without_bound() -> None:
    work = whole(function("batchBySize", batchSize=1_000_000))
    for number in range(MAX_HELD):
        work.say(count=number)
    assert len(work.later) == MAX_HELD - 1
    assert work.device.get("count") == MAX_HELD - 1


@pytest.mark.parametrize("batch", BATCHES, ids=lambda one: one["id"])
def test_flush_and_close(batch: dict[str, Any]) -> None:
    work = whole(batch)
    work.policies.network_costs(Cost.CELLULAR)
    work.say(temp=1)
    work.policies.flush()
    assert delivered(work) == [{"temp": 1}]
    work.say(temp=2)
    work.policies.close()
    work.clock.advance(1000)
    assert len(work.later) == 1
    assert work.clock.waiting == 0


def test_only_the_first_function_counts_and_of_batches_the_first() -> None:
    last = function("batchBySize", batchSize=2)
    work = Workbench(pipeline(BATCHES[0], last, of="*"), pipeline(last, of=None))
    work.say(temp=1)
    work.say(temp=2)
    assert work.say(temp=3) == {"temp": 3}


@pytest.mark.parametrize(
    ("spelled", "goes_on"),
    [
        (function("filterCondition", condition="$(temp) > 1"), [True, False, False]),
        (function("sampleQuality", rate=2), [False, True, False]),
        (function("eliminateDuplicates", window=1000), [True, True, False]),
        (function("detectDuplicates", window=1000, alert=ALERT), [True] * 3),
        (
            function("alertCondition", condition="$(temp) > 1", alert=ALERT),
            [True, False, False],
        ),
        (
            function("actionCondition", condition="0", action={"name": "reset"}),
            [True] * 3,
        ),
    ],
    ids=lambda one: one["id"] if isinstance(one, dict) else "",
)
def test_gates_for_whole_messages(spelled: dict[str, Any], goes_on: list[bool]) -> None:
    work = whole(spelled)
    said = [work.say(temp=value, count=1) for value in (1, 2, 2)]
    assert [bool(one) for one in said] == goes_on


def test_every_function_for_messages_is_tried_here() -> None:
    gates = {
        "filterCondition", "sampleQuality", "eliminateDuplicates",
        "detectDuplicates", "alertCondition", "actionCondition",
    }  # fmt: skip
    for_messages = {name for name, one in FUNCTIONS.items() if one.device is not False}
    assert for_messages == gates | {one["id"] for one in BATCHES}


def test_gates_see_alerts_too() -> None:
    work = whole(function("eliminateDuplicates", window=1000))
    assert alert(work, None)
    assert not alert(work, None)
    assert alert(work, Severity.LOW)


def test_gates_come_before_the_batch() -> None:
    alarm = function("alertCondition", condition="$(temp) > 5", alert=ALERT)
    alarm["parameters"]["filter"] = False
    work = whole(BATCHES[0], alarm)
    work.say(temp=6)
    assert delivered(work) == []  # NORMAL: it is held, as the value is
    alarm["parameters"]["alert"] = {**ALERT, "severity": "CRITICAL"}
    work = whole(BATCHES[0], alarm)
    assert work.say(temp=1) == {}
    assert work.say(temp=6) == {}
    assert delivered(work) == ["hot", {"temp": 1}]


def test_condition_about_messages_looks_at_what_it_names() -> None:
    alarm = function("alertCondition", condition="$(temp) > 5", alert=ALERT)
    alarm["parameters"]["filter"] = False
    work = whole(alarm)
    work.say(temp=6)
    work.say(count=1)
    assert alert(work, None)
    assert len(work.later) == 1
    work.say(temp=6, count=1)
    assert len(work.later) == 2


def test_repeated_message_raises_one_alert_and_no_more_for_that() -> None:
    work = whole(function("detectDuplicates", window=60_000, alert={"urn": "hot"}))
    for _ in range(6):
        assert work.say(temp=1)
    assert delivered(work) == ["hot"]


def test_figures_of_windows_are_messages_as_others() -> None:
    work = Workbench(
        pipeline(function("mean", window=1000)),
        pipeline(function("batchBySize", batchSize=2), of=None),
    )
    work.all("temp", 1, 3, every=0.4)
    work.clock.advance(1)
    assert work.later == []
    assert work.say(count=1) == {"count": 1}
    assert work.emitted() == [(1, {"temp": 2})]


def test_policy_that_is_not_enabled_does_nothing() -> None:
    spelled = document(pipeline(BATCHES[0], of=None), enabled=False)
    device = device_of(spelled)
    assert device.model.policies
    device.receive({"temp": 1})
    assert device.get("temp") == 1
