"""Policies of a virtual device: what comes, what is offered, what is set."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from custom_components.device_models.iot.alert import Alert, Source
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    NotOfferedError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import Severity
from custom_components.device_models.iot.policies import Cost, directions

from ..connections.things import until
from ..samples import RecordingPort, device_of, model_of
from .acting import HandClock, document, function, pipeline

COLD = function("filterCondition", condition="$(temp) < 0")
STEP = function("filterCondition", condition="$(temp) - $$(temp) < 1")
MEAN = function("mean", window=10_000)


class Rig:
    """A device with policies."""

    def __init__(self, *pipelines: dict[str, Any], quiet: bool = False) -> None:
        self.clock = HandClock()
        self.port = RecordingPort()
        self.device = VirtualDevice(
            key="key",
            name="Device",
            model=model_of(document(*pipelines)),
            binding=Binding(),
            port=self.port,
            quiet=quiet,
            clock=self.clock,
        )
        self.alerts: list[Alert] = []
        self.device.on_alert("*", self.alerts.append)
        self.told: list[Any] = []
        for name in ("temp", "count", "double"):
            self.device.on_value(name, partial(self._tell, name))

    def _tell(self, name: str) -> None:
        self.told.append((name, self.device.get(name)))


def test_what_is_dropped_is_not_shown_but_a_sign_of_life() -> None:
    rig = Rig(pipeline(COLD))
    assert rig.device.receive({"temp": -1}) == frozenset()
    assert rig.device.availability is Availability.ONLINE
    assert rig.told == []
    assert rig.device.get("temp") is None
    assert rig.device.said("temp") == -1
    assert rig.device.receive({"temp": 1, "count": 2}) == {"temp", "count"}
    assert rig.device.said("temp") == 1
    assert rig.told == [("temp", 1), ("count", 2)]


def test_figure_is_shown_with_its_time_when_it_comes() -> None:
    rig = Rig(pipeline(MEAN))
    rig.device.receive({"temp": 1})
    rig.device.receive({"temp": 2})
    assert rig.told == []
    before = datetime.now(UTC)
    rig.clock.advance(10)
    assert rig.told == [("temp", 1.5)]
    assert rig.device.values["temp"].at >= before
    assert rig.device.values["temp"].certainty is Certainty.LIVE


def test_late_value_is_in_no_window() -> None:
    rig = Rig(pipeline(MEAN))
    rig.device.receive({"temp": 1})
    rig.clock.advance(10)
    old = datetime.now(UTC) - timedelta(hours=1)
    rig.device.receive({"temp": 100}, old)
    rig.clock.advance(10)
    assert rig.told == [("temp", 1)]


def test_held_value_does_not_replace_a_newer_one() -> None:
    batch = function("batchByTime", delayLimit=1000)
    rig = Rig(pipeline(batch, of=None))
    rig.device.receive({"temp": 1}, datetime.now(UTC) - timedelta(minutes=1))
    rig.device.receive({"temp": 2}, was_set=True)
    rig.clock.advance(1)
    assert rig.told == [("temp", 2)]


def test_value_that_is_not_live_is_no_business_of_policies() -> None:
    rig = Rig(pipeline(COLD))
    rig.device.receive({"temp": -1}, certainty=Certainty.RESTORED, heard=False)
    assert rig.told == [("temp", -1)]


def test_device_that_is_looked_at_only_shows_all() -> None:
    rig = Rig(pipeline(COLD), quiet=True)
    rig.device.receive({"temp": -1})
    assert rig.told == [("temp", -1)]
    assert rig.device.needed == frozenset()


def test_policies_need_what_their_formulas_name() -> None:
    rig = Rig(pipeline(COLD), pipeline(function("computedMetric", formula="$(count)")))
    assert rig.device.needed == {"temp", "count"}


# Setting and offering


async def test_what_is_set_skips_the_policies() -> None:
    rig = Rig(
        pipeline(COLD),
        pipeline(function("batchBySize", batchSize=9), of=None),
        pipeline(function("computedMetric", formula="$(temp) * 2"), of="double"),
    )
    await rig.device.set("temp", -5)
    assert rig.port.written == [{"temp": -5}]
    assert rig.told == [("temp", -5), ("double", -10)]


async def test_what_is_offered_goes_through_the_pipeline() -> None:
    rig = Rig(pipeline(COLD))
    await rig.device.offer("temp", -5)
    assert rig.port.written == []
    await rig.device.offer("temp", 5)
    assert rig.port.written == [{"temp": 5}]
    assert rig.told == [("temp", 5)]


async def test_bad_offer_is_refused() -> None:
    rig = Rig(pipeline(COLD))
    with pytest.raises(ValueRefusedError):
        await rig.device.offer("temp", "x")
    with pytest.raises(NotOfferedError):
        await rig.device.offer("on", True)


async def test_offers_of_a_transaction_are_one_message_with_what_is_set() -> None:
    rig = Rig(pipeline(COLD))
    device = rig.device.update()
    await device.set("count", 1)
    await device.offer("temp", -5)
    await device.offer("word", "a")
    await device.finish()
    assert rig.port.written == [{"count": 1, "word": "a"}]
    await device.update().offer("temp", -5)
    await device.finish()
    assert len(rig.port.written) == 1


async def settled() -> None:
    """Let tasks run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_figure_of_what_is_offered_is_written_when_it_comes() -> None:
    rig = Rig(pipeline(MEAN))
    await rig.device.offer("temp", 1)
    await rig.device.offer("temp", 2)
    rig.clock.advance(10)
    await settled()
    assert rig.port.written == [{"temp": 1.5}]
    assert rig.told == [("temp", 1.5)]


async def test_figure_that_cannot_be_written_is_told() -> None:
    rig = Rig(pipeline(MEAN))
    rig.port.failure = UnreachableError(address="a", reason="b")
    await rig.device.offer("temp", 1)
    rig.clock.advance(10)
    await settled()
    assert rig.device.problems == {"temp": "a cannot be reached: b"}


async def test_batch_of_offers_is_sent_in_order() -> None:
    rig = Rig(pipeline(function("batchBySize", batchSize=15), of=None))
    for number in range(14):
        await rig.device.offer("count", number)
    assert rig.port.written == []
    await rig.device.offer("count", 14)
    assert rig.port.written == [{"count": number} for number in range(15)]


async def test_writes_that_come_out_of_a_batch_do_not_pile_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(directions, "MAX_WRITES", 3)
    rig = Rig(pipeline(function("batchBySize", batchSize=9), of=None))
    for number in range(5):
        await rig.device.offer("count", number)
    rig.device.end_policies()
    assert rig.device.dropped == {"count: too_many": 2}
    await rig.device.commands.end()
    await settled()
    assert rig.port.written == []  # nobody sends them any more


async def test_fault_of_ours_stops_nothing_that_was_held(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(pipeline(MEAN))
    rig.port.failure = ZeroDivisionError()
    for expected in ([], [{"temp": 2}]):
        await rig.device.offer("temp", 2)
        rig.clock.advance(10)
        await settled()
        rig.port.failure = None
        assert rig.port.written == expected
    assert "['temp'] was not sent" in caplog.text


async def test_computed_value_that_cannot_be_written_is_not() -> None:
    rig = Rig(pipeline(function("computedMetric", formula="$(temp)*2"), of="double"))
    await rig.device.offer("temp", 1)
    assert rig.port.written == [{"temp": 1}]


# Alerts


async def test_alert_of_a_condition_is_one_as_others_but_no_sign_of_life() -> None:
    alert = {"urn": "hot", "fields": {"temp": "$(temp)"}}
    rig = Rig(pipeline(function("alertCondition", condition="$(temp)>5", alert=alert)))
    rig.device.receive({"temp": 6}, heard=False)
    (raised,) = rig.alerts
    assert raised.fields == {"temp": 6}
    assert raised.source is Source.CONDITION
    assert rig.device.availability is Availability.UNKNOWN


async def test_condition_about_what_is_offered_raises_it_here() -> None:
    alert = {"urn": "hot"}
    rig = Rig(
        pipeline(function("alertCondition", condition="$(temp)>5", alert=alert)),
        pipeline(function("batchBySize", batchSize=2, alertSeverity="LOW"), of=None),
    )
    await rig.device.offer("temp", 6)
    assert len(rig.alerts) == 1
    assert rig.port.written == []


def test_alert_flushes_a_batch_and_leads() -> None:
    rig = Rig(pipeline(function("batchBySize", batchSize=3), of=None))
    rig.device.on_alert("*", lambda _: rig.told.append("alert"))
    rig.device.receive({"temp": 1})
    assert rig.told == []
    assert rig.device.receive_alert("damp", {}, severity=None)
    assert rig.told == []
    assert rig.device.receive_alert("hot", {}, severity=Severity.CRITICAL)
    assert rig.told == ["alert", ("temp", 1), "alert"]
    assert [alert.format.name for alert in rig.alerts] == ["hot", "damp"]
    assert rig.alerts[0].source is Source.DEVICE


# Other policies


def test_other_policies_take_over_and_what_was_held_comes_out() -> None:
    rig = Rig(pipeline(MEAN), pipeline(function("batchBySize", batchSize=9), of=None))
    rig.device.receive({"temp": 1})
    rig.device.receive({"count": 1})
    others = model_of(document(pipeline(COLD))).policies
    rig.device.use_policies(others)
    assert rig.told == [("count", 1), ("temp", 1)]
    assert rig.device.model.policies == others
    assert rig.clock.waiting == 0
    rig.device.receive({"temp": -1})
    assert rig.device.get("temp") == 1
    rig.device.use_policies(())
    rig.device.receive({"temp": -1})
    assert rig.device.get("temp") == -1
    rig.device.end_policies()


async def test_what_was_held_of_offers_is_sent_when_others_take_over() -> None:
    rig = Rig(pipeline(MEAN))
    await rig.device.offer("temp", 1)
    await rig.device.offer("temp", 2)
    rig.device.use_policies(())
    await until(lambda: rig.port.written)
    assert rig.port.written == [{"temp": 1.5}]


async def test_last_word_in_a_transaction_counts() -> None:
    rig = Rig(pipeline(COLD))
    rig.device.update()
    await rig.device.offer("temp", 1)
    await rig.device.set("temp", 2)
    await rig.device.set("count", 3)
    await rig.device.offer("count", 4)
    await rig.device.finish()
    assert rig.port.written == [{"temp": 2, "count": 4}]


async def test_offer_in_a_transaction_is_not_lost_with_its_policies() -> None:
    rig = Rig(pipeline(COLD))
    rig.device.update()
    await rig.device.offer("temp", 1)
    rig.device.use_policies(())
    await rig.device.finish()
    assert rig.port.written == [{"temp": 1}]


def test_messages_wait_for_a_cheaper_network() -> None:
    batch = function("batchByCost", networkCost="ETHERNET")
    rig = Rig(pipeline(batch, of=None))
    rig.device.network_costs(Cost.SATELLITE)
    rig.device.receive({"temp": 1})
    assert rig.told == []
    rig.device.network_costs(Cost.ETHERNET)
    assert rig.told == [("temp", 1)]
    Rig().device.network_costs(Cost.SATELLITE)


async def test_event_loop_keeps_the_time() -> None:
    batch = function("batchByTime", delayLimit=1)
    device = device_of(document(pipeline(batch, of=None)))
    device.receive({"temp": 1})
    async with asyncio.timeout(5):
        while device.get("temp") is None:  # noqa: ASYNC110  (of its timer, no event)
            await asyncio.sleep(0.001)
    repeated = function("eliminateDuplicates", window=60_000)
    device.use_policies(model_of(document(pipeline(repeated))).policies)
    device.receive({"temp": 2})
    before = device.values["temp"]
    device.receive({"temp": 2})
    assert device.values["temp"] is before
    device.end_policies()
