"""What is known of the alerts of a device: told once, folded, held, over."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
import random
from typing import Any, Final

import pytest

from custom_components.device_models.iot.alert import Alert, Source
from custom_components.device_models.iot.alert_memory import restore, written
from custom_components.device_models.iot.alert_rules import AlertRule, AlertRules
from custom_components.device_models.iot.alerts import (
    MAX_REMEMBERED,
    MAX_TEXT,
    MAX_TEXTS,
    Alerts,
)
from custom_components.device_models.iot.errors import UnknownElementError
from custom_components.device_models.iot.model import FormatType, Severity

from .samples import model_of

NOON: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def shape(name: str, **more: Any) -> dict[str, Any]:
    """Return a format with one number and one optional text."""
    fields = [
        {"name": "temp", "type": "NUMBER"},
        {"name": "note", "type": "STRING", "optional": True},
        {"name": "seen", "type": "DATETIME", "optional": True},
    ]
    return {"name": name, "type": "ALERT", "value": {"fields": fields}, **more}


MODEL: Final = model_of(
    {
        "urn": "urn:test",
        "name": "Test",
        "attributes": [
            {"name": "temp", "alias": "t", "type": "NUMBER"},
            {"name": "limit", "type": "NUMBER"},
            {"name": "code", "type": "STRING", "sensitive": True},
        ],
        "formats": [
            shape("plain", urn="urn:test:plain"),
            shape("hot", clear={"format": "cool"}),
            shape("cool", severity="LOW"),
            shape("brief", clear={"after": 60}),
            shape("over", clear={"condition": "$(t) < $$(limit)"}),
            shape("report", type="DATA"),
            {
                "name": "wordy",
                "value": {
                    "fields": [
                        {"name": name, "type": "STRING", "optional": True}
                        for name in (
                            "code", "password", *(f"t{number}" for number in range(30)),
                        )
                    ]
                },
            },
        ],
    }
)  # fmt: skip


class Bench:
    """The alerts of a device whose clock goes as it is told."""

    def __init__(self, rules: Mapping[str, AlertRule] | None = None) -> None:
        self.now = NOON
        self.told: list[str] = []
        self.heard: list[Alert] = []
        self.changed: list[str] = []
        self.dropped: list[str] = []
        self.alerts = Alerts(
            MODEL,
            AlertRules(by_name=rules or {}),
            lambda _name, err: self.dropped.append(str(err)),
            lambda: self.now,
        )
        self.alerts.on_alert("*", lambda alert: self.told.append(alert.format.name))
        self.alerts.on_alert("*", self.heard.append)
        self.alerts.on_state(self.changed.append)

    def take(self, name: str, temp: float = 1, **more: Any) -> bool:
        fields = {"temp": temp} | more.pop("fields", {})
        return self.alerts.receive(name, fields, **more)

    def active(self, name: str = "hot") -> bool | None:
        return self.alerts.states[name].active


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Who is told


def test_listeners_of_the_format_are_told_before_those_of_all(bench: Bench) -> None:
    order: list[str] = []

    def fail(_alert: Alert) -> None:
        order.append("failing")
        raise RuntimeError("no luck")

    bench.alerts.on_alert("*", lambda _alert: order.append("all"))
    bench.alerts.on_alert("plain", fail)
    bench.alerts.on_alert("urn:test:plain", lambda _alert: order.append("own"))
    bench.alerts.on_alert("cool", lambda _alert: order.append("other"))
    bench.take("plain")
    assert order == ["failing", "own", "all"]


def test_who_is_told_finds_what_holds_already(bench: Bench) -> None:
    held: list[bool | None] = []
    bench.alerts.on_alert("hot", lambda _alert: held.append(bench.active()))
    bench.take("hot")
    assert held == [True]


@pytest.mark.parametrize(
    ("name", "said", "severity"),
    [
        ("plain", None, Severity.SIGNIFICANT),  # sheet §2.4: the default on the wire
        ("cool", None, Severity.LOW),  # the format's own
        ("cool", Severity.CRITICAL, Severity.CRITICAL),
        ("report", Severity.CRITICAL, None),  # DATA has none
    ],
)
def test_severity(
    bench: Bench, name: str, said: Severity | None, severity: Severity | None
) -> None:
    bench.take(name, severity=said)
    assert [alert.severity for alert in bench.heard] == [severity]


def test_severities_have_an_order() -> None:
    ranks = [Severity.LOW, Severity.NORMAL, Severity.SIGNIFICANT, Severity.CRITICAL]
    assert sorted(Severity, key=lambda one: one.rank) == ranks


# The same message twice


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"at": NOON}, {"at": NOON}, 1),
        ({"at": NOON}, {"at": NOON + seconds(1)}, 2),
        ({"at": NOON}, {"at": NOON, "temp": 2}, 2),
        ({"at": NOON + seconds(9e9)}, {"at": NOON + seconds(9e9)}, 1),  # a wrong clock
        ({"fields": {"seen": NOON}}, {"fields": {"seen": NOON}}, 1),
        ({"fields": {"seen": NOON}}, {"fields": {"seen": NOON + seconds(1)}}, 2),
        ({}, {}, 2),  # nothing says that it is the same
        ({"kept": True}, {"kept": True}, 0),
        ({"kept": True}, {}, 1),
        ({}, {"kept": True}, 1),
    ],
)
@pytest.mark.parametrize("name", ["plain", "report"])
def test_message_is_told_of_once(
    bench: Bench, name: str, first: Any, second: Any, told: int
) -> None:
    bench.take(name, **first)
    bench.now += seconds(3600)
    bench.take(name, **second)
    assert len(bench.told) == told


def test_what_is_remembered_is_bounded(bench: Bench) -> None:
    for number in range(3 * MAX_REMEMBERED):
        bench.take("plain", number, at=NOON)
    assert len(bench.told) == 3 * MAX_REMEMBERED
    bench.take("plain", 3 * MAX_REMEMBERED - 1, at=NOON)
    assert len(bench.told) == 3 * MAX_REMEMBERED
    bench.take("plain", 0, at=NOON)  # forgotten
    assert len(bench.told) == 3 * MAX_REMEMBERED + 1


# Folding


@pytest.mark.parametrize(
    ("rule", "after", "again", "count"),
    [
        (AlertRule(), 4.9, {}, 2),
        (AlertRule(), 5, {}, 1),
        (AlertRule(), -1, {}, 1),  # the clock was set back
        (AlertRule(), 1, {"temp": 2}, 1),
        (AlertRule(), 1, {"severity": Severity.CRITICAL}, 1),  # that is news
        (AlertRule(window=0), 0, {}, 1),
        (AlertRule(window=60), 59, {}, 2),
        (AlertRule(ignore=("note",)), 1, {"fields": {"note": "2"}}, 2),
        (AlertRule(), 1, {"fields": {"note": "2"}}, 1),
    ],
)
def test_same_alert_within_the_window_is_counted(
    rule: AlertRule, after: float, again: dict[str, Any], count: int
) -> None:
    bench = Bench({"plain": rule})
    bench.take("plain")
    bench.now += seconds(after)
    bench.take("plain", **again)
    assert bench.alerts.states["plain"].count == count
    assert len(bench.told) == 3 - count


def test_window_of_all_holds_for_formats_that_have_none() -> None:
    bench = Bench({"*": AlertRule(window=100), "cool": AlertRule(window=1)})
    for name in ("plain", "cool"):
        bench.take(name)
        bench.now += seconds(50)
        bench.take(name)
    assert bench.told == ["plain", "cool", "cool"]


def test_data_is_not_folded(bench: Bench) -> None:
    bench.take("report")
    bench.take("report")
    assert bench.told == ["report", "report"]


@pytest.mark.parametrize("seed", range(20))
def test_folding_is_as_a_plain_reference_has_it(seed: int) -> None:
    chance = random.Random(seed)
    window = chance.choice([0, 1, 5, 30])
    bench = Bench({"*": AlertRule(window=window)})
    began: dict[tuple[str, int], datetime] = {}
    expected: list[str] = []
    for _ in range(400):
        bench.now += seconds(chance.choice([0, 0.1, 1, 2, 7]))
        name, temp = chance.choice(["plain", "cool"]), chance.randrange(3)
        bench.take(name, temp)
        first = began.get((name, temp))
        if first is None or bench.now - first >= seconds(window):
            began[name, temp] = bench.now
            expected.append(name)
    assert bench.told == expected


# What holds, and until when


def test_own_alert_ends_another_one(bench: Bench) -> None:
    assert bench.active() is None
    bench.take("cool")
    assert bench.active() is False  # the device says so
    bench.now += seconds(10)
    bench.take("hot", 90, severity=Severity.CRITICAL)
    state = bench.alerts.states["hot"]
    assert (state.active, state.since, state.count) == (True, bench.now, 1)
    assert (state.severity, state.fields) == (Severity.CRITICAL, {"temp": 90})
    bench.now += seconds(10)
    bench.take("hot", 95)
    state = bench.alerts.states["hot"]
    assert (state.count, state.since, state.last) == (
        2, NOON + seconds(10), bench.now,
    )  # fmt: skip
    bench.take("cool", 2)
    state = bench.alerts.states["hot"]
    assert (state.active, state.since, state.last) == (False, bench.now, bench.now)
    assert bench.told == ["cool", "hot", "hot", "cool"]


def test_same_alert_after_the_end_of_one_is_another_one(bench: Bench) -> None:
    for _ in range(3):
        bench.take("hot")
        bench.take("cool")
    assert bench.told.count("hot") == 3


def test_format_without_an_end_is_never_known_to_be_over(bench: Bench) -> None:
    bench.take("plain")
    assert bench.alerts.states["plain"].active is None


def test_time_ends_an_alert(bench: Bench) -> None:
    assert bench.alerts.expires is None
    bench.take("brief")
    bench.now += seconds(50)
    bench.take("brief")
    assert bench.alerts.expires == NOON + seconds(110)
    bench.now += seconds(59)
    bench.alerts.expire()
    assert bench.active("brief") is True
    bench.now += seconds(1)
    bench.alerts.expire()
    assert bench.active("brief") is False
    assert bench.alerts.expires is None


def test_alert_that_would_be_over_is_over_once_listened_for_as_long(
    bench: Bench,
) -> None:
    bench.alerts.listen(online=True)
    bench.now += seconds(59)
    bench.alerts.listen(online=False)  # what it says now is not heard
    bench.now += seconds(59)
    bench.alerts.expire()
    assert bench.active("brief") is None
    bench.alerts.listen(online=True)
    bench.now += seconds(60)
    bench.alerts.expire()
    assert bench.active("brief") is False
    bench.alerts.listen(online=False)
    assert bench.active("brief") is False


@pytest.mark.parametrize(
    ("messages", "active"),
    [
        ([("hot", None)], True),
        ([("cool", None)], False),
        ([("hot", None), ("cool", None)], None),  # which was later is not known
        ([("cool", None), ("hot", None)], None),
        ([("hot", 1), ("cool", 2)], False),
        ([("cool", 2), ("hot", 1)], False),
        ([("hot", 2), ("cool", 1)], True),
        ([("cool", 1), ("hot", 2)], True),
    ],
)
def test_what_was_kept_says_what_holds(
    bench: Bench, messages: list[tuple[str, float | None]], active: bool | None
) -> None:
    for name, ago in messages:
        at = None if ago is None else NOON - seconds(100 - ago)
        bench.take(name, at=at, kept=True)
    assert bench.active() is active
    assert bench.told == []


def test_what_comes_now_counts_more_than_what_was_kept(bench: Bench) -> None:
    bench.take("hot", kept=True)
    bench.take("cool")
    bench.take("hot", 2, kept=True)
    assert bench.active() is True  # it was raised before the end came, or after


def test_what_was_kept_and_is_known_changes_nothing(bench: Bench) -> None:
    bench.take("hot")
    bench.take("cool")
    bench.take("hot", kept=True)
    assert bench.active() is False


def test_time_of_what_was_kept_begins_when_it_was_raised(bench: Bench) -> None:
    bench.take("brief", at=NOON - seconds(50), kept=True)
    assert bench.alerts.expires == NOON + seconds(10)


@pytest.mark.parametrize(
    ("names", "values", "active"),
    [
        ({"temp"}, {"temp": 20, "limit": 30}, False),
        ({"limit"}, {"temp": 20, "limit": 30}, False),
        ({"temp"}, {"temp": 40, "limit": 30}, True),
        ({"code"}, {"temp": 20, "limit": 30}, True),  # nothing was said about it
        ({"temp"}, {"temp": 20}, True),  # not known
        (set(), {"temp": 20, "limit": 30}, True),
    ],
)
def test_condition_ends_an_alert(
    bench: Bench, names: set[str], values: dict[str, Any], active: bool
) -> None:
    bench.alerts.see(names, values.get)
    bench.take("over")
    assert bench.active("over") is True
    bench.alerts.see(names, values.get)
    assert bench.active("over") is active


# Acknowledging


def test_acknowledged_alert_stays_active(bench: Bench) -> None:
    bench.take("hot")
    assert bench.alerts.states["hot"].pending
    assert bench.alerts.acknowledge("hot") == {"hot"}
    state = bench.alerts.states["hot"]
    assert (state.active, state.acknowledged, state.pending) == (True, NOON, False)
    bench.now += seconds(10)
    bench.take("hot")
    assert bench.alerts.states["hot"].acknowledged == NOON  # it still is the same
    bench.take("hot", severity=Severity.CRITICAL)
    assert bench.alerts.states["hot"].pending  # it has become worse


def test_all_are_acknowledged_that_are_not_over(bench: Bench) -> None:
    bench.take("hot")
    bench.take("plain")
    bench.take("brief")
    bench.now += seconds(60)
    bench.alerts.expire()
    assert bench.alerts.acknowledge() == {"hot", "plain"}
    assert bench.alerts.acknowledge() == set()
    bench.take("plain")
    assert bench.alerts.states["plain"].pending


@pytest.mark.parametrize("name", ["nothing", "report"])
def test_what_is_no_alert_cannot_be_acknowledged(bench: Bench, name: str) -> None:
    with pytest.raises(UnknownElementError):
        bench.alerts.acknowledge(name)


def test_format_is_found_for_its_kind_only(bench: Bench) -> None:
    assert bench.alerts.alert("report", FormatType.DATA).name == "report"
    with pytest.raises(UnknownElementError, match="no ALERT format 'report'"):
        bench.alerts.alert("report")


# What may be shown


def test_shown_fields_have_no_secrets_and_are_bounded(bench: Bench) -> None:
    texts: dict[str, object] = {f"t{number}": "x" * 60_000 for number in range(30)}
    secrets = {"code": "1234", "password": "hunter2"}
    assert bench.alerts.receive("wordy", texts | secrets, source=Source.CONDITION)
    assert bench.heard[0].fields == texts | secrets  # for who may have it all
    state = bench.alerts.states["wordy"]
    assert state.source is Source.CONDITION
    assert secrets.keys().isdisjoint(state.fields)
    lengths = [len(str(text)) for text in state.fields.values()]
    assert max(lengths) == MAX_TEXT + 1
    assert sum(lengths) <= MAX_TEXTS + len(lengths)


@pytest.mark.parametrize("name", ["code", "password"])
def test_secret_that_does_not_fit_is_not_told(bench: Bench, name: str) -> None:
    assert bench.alerts.receive("wordy", {name: 1234, "t1": 5678})
    assert bench.dropped[0] == f"{name}: the value does not fit"
    assert "5678" in bench.dropped[1]


# Over a restart


def again(bench: Bench) -> Bench:
    """Return a bench that knows what was stored of another one."""
    other = Bench()
    other.now = bench.now
    restore(other.alerts, json.loads(json.dumps(written(bench.alerts))))
    return other


def test_what_holds_survives_a_restart(bench: Bench) -> None:
    bench.take("hot", 90, fields={"seen": NOON, "note": "x"})
    bench.take("brief")
    bench.take("over")
    bench.alerts.acknowledge("over")
    bench.alerts.receive("wordy", {"code": "1234", "t1": "x"})
    other = again(bench)
    assert other.alerts.states == bench.alerts.states
    assert other.alerts.states["hot"].fields["seen"] == NOON
    assert "1234" not in json.dumps(written(bench.alerts))
    other.now += seconds(60)
    other.alerts.expire()
    assert other.active("brief") is False


@pytest.mark.parametrize(
    "message", [{"at": NOON}, {"fields": {"seen": NOON}}, {"kept": True}]
)
def test_what_was_told_of_is_not_told_of_after_a_restart(
    bench: Bench, message: dict[str, Any]
) -> None:
    bench.take("hot", **message | {"kept": False})
    bench.take("cool")
    other = again(bench)
    other.take("hot", **message)
    assert other.told == []
    assert other.active() is False


STORED: Final[dict[str, Any]] = {
    "active": True, "count": 1, "severity": None, "source": "device", "fields": {},
}  # fmt: skip


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"states": [], "remembered": {}},
        {"states": {"hot": 1, "gone": {}, "cool": {}}, "remembered": [1, "x"]},
        *(
            {"states": {"hot": STORED | wrong}}
            for wrong in (
                {"active": 1},
                {"count": "1"},
                {"severity": "BAD"},
                {"source": 1},
                {"fields": 1},
                {"since": "2024-01-01"},
                {"since": "noon"},
            )
        ),
    ],
)
def test_what_cannot_be_read_is_not_known(bench: Bench, stored: Any) -> None:
    before = dict(bench.alerts.states)
    restore(bench.alerts, stored)
    assert bench.alerts.states == before


def test_fields_that_are_others_by_now_are_not_known(bench: Bench) -> None:
    bench.take("hot", 90)
    stored: Any = written(bench.alerts)
    stored["states"]["hot"]["fields"] = {"temp": "warm", "gone": 1, "note": "x"}
    restore(bench.alerts, stored)
    assert bench.alerts.states["hot"].fields == {"note": "x"}
    stored["states"]["plain"] = {**stored["states"]["hot"], "active": True}
    restore(bench.alerts, stored)
    assert bench.active("plain") is None  # nothing would show that it is over
