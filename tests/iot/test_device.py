"""The virtual device: protocol sheet "Oracle IoT" §2.1 and §2.4, and what we add."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import logging
import time
from typing import Any, Final, override

import pytest

from custom_components.device_models.iot import device as device_module
from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    Reading,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    NotOfferedError,
    PayloadError,
    TransactionRefusedError,
    UnknownElementError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import Severity
from custom_components.device_models.iot.values import Scalar

from .samples import RecordingPort, device_of, noting

DOCUMENT: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:thermo",
    "name": "Thermo",
    "attributes": [
        {"name": "temp", "alias": "t", "type": "NUMBER", "range": "-20,80"},
        {
            "name": "threshold",
            "type": "INTEGER",
            "range": "65,100",
            "writable": True,
            "defaultValue": 70,
        },
        {"name": "label", "type": "STRING", "writable": True},
        {
            "name": "night",
            "type": "OBJECT",
            "writable": True,
            "members": [
                {"name": "enabled", "type": "BOOLEAN"},
                {
                    "name": "window",
                    "type": "OBJECT",
                    "members": [{"name": "from", "type": "INTEGER"}],
                },
            ],
        },
        {"name": "code", "type": "INTEGER", "sensitive": True},
    ],
    "actions": [
        {"name": "reset"},
        {"name": "move", "arguments": [{"name": "x", "type": "NUMBER"}]},
    ],
    "formats": [
        {
            "name": "too_hot",
            "urn": "urn:com:acme:thermo:too_hot",
            "value": {
                "fields": [
                    {"name": "temp", "type": "NUMBER", "optional": False},
                    {"name": "unit", "type": "STRING", "optional": True},
                ]
            },
        }
    ],
}

NOON: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)


@pytest.fixture
def port() -> RecordingPort:
    return RecordingPort()


@pytest.fixture
def device(port: RecordingPort) -> VirtualDevice:
    return device_of(DOCUMENT, port)


def values(device: VirtualDevice) -> Mapping[str, Scalar]:
    return {name: reading.value for name, reading in device.values.items()}


# Values


def test_nothing_is_known_in_the_beginning(device: VirtualDevice) -> None:
    assert device.values == {}
    assert device.availability is Availability.UNKNOWN
    assert device.last_heard is None
    assert not device.online


def test_get_answers_the_value_else_the_default(device: VirtualDevice) -> None:
    assert device.get("temp") is None
    assert device.get("threshold") == 70
    device.receive({"threshold": 80})
    assert device.get("threshold") == 80
    with pytest.raises(UnknownElementError):
        device.get("nothing")


def test_values_have_time_and_certainty(device: VirtualDevice) -> None:
    assert device.receive({"temp": 21.5}, NOON) == {"temp"}
    assert device.values == {"temp": Reading(21.5, NOON, Certainty.LIVE)}


def test_value_without_time_is_of_now(device: VirtualDevice) -> None:
    before = datetime.now(UTC)
    device.receive({"temp": 21.5})
    assert before <= device.values["temp"].at <= datetime.now(UTC)


def test_value_may_come_by_its_alias(device: VirtualDevice) -> None:
    assert device.receive({"t": 21}) == {"temp"}


@pytest.mark.parametrize(
    ("at", "taken"), [(NOON - SECOND, False), (NOON, True), (NOON + SECOND, True)]
)
def test_older_value_never_overwrites_a_newer_one(
    device: VirtualDevice, at: datetime, taken: bool
) -> None:
    device.receive({"temp": 1}, NOON)
    assert device.receive({"temp": 2, "label": "x"}, at) == (
        {"temp", "label"} if taken else {"label"}
    )
    assert device.values["temp"] == Reading(2 if taken else 1, max(at, NOON))
    assert device.dropped.total() == 0


def test_restored_value_does_not_overwrite_a_live_one(device: VirtualDevice) -> None:
    device.receive({"temp": 1})
    device.receive({"temp": 2}, NOON, certainty=Certainty.RESTORED, heard=False)
    assert device.values["temp"].value == 1
    assert device.values["temp"].certainty is Certainty.LIVE


def test_time_in_the_future_is_taken_as_now(device: VirtualDevice) -> None:
    device.receive({"temp": 1}, datetime.now(UTC) + timedelta(days=365))
    assert device.values["temp"].at <= datetime.now(UTC)
    assert device.receive({"temp": 2}) == {"temp"}


def test_device_whose_clock_is_a_little_ahead_can_be_corrected_at_once(
    device: VirtualDevice,
) -> None:
    device.receive({"temp": 1}, datetime.now(UTC) + 3 * SECOND)
    assert device.receive({"temp": 2}) == {"temp"}


def test_our_own_clock_may_be_set_back(
    device: VirtualDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.receive({"temp": 1})

    class EarlierClock(datetime):
        @classmethod
        @override
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(hours=1)

    monkeypatch.setattr(device_module, "datetime", EarlierClock)
    assert device.receive({"temp": 2}) == {"temp"}


@pytest.mark.parametrize(
    ("first", "second", "changed"),
    [
        ({"temp": 21}, {"temp": 21}, False),
        ({"temp": 21}, {"temp": 21.0}, False),
        ({"temp": 21}, {"temp": 21.1}, True),
        ({"label": "a"}, {"label": "a"}, False),
        ({"label": "a"}, {"label": "A"}, True),
        ({"night.enabled": True}, {"night.enabled": True}, False),
        ({"night.enabled": True}, {"night.enabled": False}, True),
    ],
)
def test_only_another_value_is_a_change(
    device: VirtualDevice, first: dict[str, Any], second: dict[str, Any], changed: bool
) -> None:
    device.receive(first)
    assert bool(device.receive(second)) is changed


def test_unchanged_value_is_of_the_new_time(device: VirtualDevice) -> None:
    device.receive({"temp": 1}, NOON)
    device.receive({"temp": 1}, NOON + SECOND)
    assert device.values["temp"].at == NOON + SECOND


def test_being_surer_of_a_value_is_a_change(device: VirtualDevice) -> None:
    device.receive({"temp": 1}, certainty=Certainty.ASSUMED)
    assert device.receive({"temp": 1}) == {"temp"}
    assert device.values["temp"].certainty is Certainty.LIVE


def test_objects_may_come_whole_in_part_or_by_dotted_names(
    device: VirtualDevice,
) -> None:
    device.receive({"night": {"enabled": True, "window": {"from": 22}}})
    assert values(device) == {"night.enabled": True, "night.window.from": 22}
    assert device.receive({"night": {"window": {"from": 23}}}) == {"night.window.from"}
    assert device.receive({"night.window": {"from": 21}}) == {"night.window.from"}
    assert device.receive({"night.enabled": False}) == {"night.enabled"}
    assert device.receive({"night": {}}) == set()
    assert device.dropped.total() == 0


def test_lost_values_are_unknown(device: VirtualDevice) -> None:
    heard: list[str] = []
    device.receive({"temp": 1, "label": "x"})
    device.on_value("temp", noting(heard, "temp"))
    device.on_value("threshold", noting(heard, "threshold"))
    device.lose({"temp", "threshold"})
    assert values(device) == {"label": "x"}
    assert heard == ["temp"]


# What cannot be used


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("wrong type", {"temp": "hot"}, "temp: value_refused", "expected a finite number"),
    ("out of range", {"temp": 81}, "temp: value_refused", "81 > 80"),
    ("null", {"temp": None}, "temp: value_refused", "got None"),
    ("not a number", {"temp": float("nan")}, "temp: value_refused", "got nan"),
    ("huge", {"temp": 10**400}, "temp: value_refused", "a huge number"),
    ("a structure", {"temp": {"value": 1}}, "temp: value_refused", "got dict"),
    ("unknown", {"nothing": 1}, "(other): unknown_element", "no attribute 'nothing'"),
    ("an object as number", {"night": 5}, "(other): unknown_element", "'night'"),
    (
        "unknown member",
        {"night": {"x": 1}},
        "(other): unknown_element",
        "'night.x'",
    ),
]


@pytest.mark.parametrize(
    ("content", "cause", "text"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_bad_value_is_dropped_counted_and_logged_and_the_rest_is_taken(
    device: VirtualDevice,
    caplog: pytest.LogCaptureFixture,
    content: dict[str, Any],
    cause: str,
    text: str,
) -> None:
    assert device.receive({**content, "label": "fine"}) == {"label"}
    assert device.dropped == {cause: 1}
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("Device: dropped ")
    assert text in record.getMessage()


def test_drops_are_logged_once_per_element_and_cause(
    device: VirtualDevice, caplog: pytest.LogCaptureFixture
) -> None:
    problems: list[tuple[str, str]] = []
    device.on_problem(lambda name, reason: problems.append((name, reason)))
    for number in range(5):
        device.receive({"temp": 100 + number, "label": number, f"x{number}": 1})
        device.drop("temp", PayloadError(media="JSON", problem="x"))
    assert device.dropped == {
        "temp: value_refused": 5,
        "label: value_refused": 5,
        "(other): unknown_element": 5,  # whatever a device makes up, few are kept
        "temp: payload_invalid": 5,
    }
    assert len(caplog.records) == 4
    assert len(problems) == 20
    assert problems[0] == ("temp", "temp: 100 > 80")


def test_what_is_wrong_is_known_until_something_right_comes(
    device: VirtualDevice,
) -> None:
    heard: list[str] = []
    device.receive({"temp": 20, "label": "x"})
    device.on_value("temp", noting(heard, "temp"))
    device.receive({"temp": 81})
    assert device.problems == {"temp": "temp: 81 > 80"}
    assert values(device) == {"temp": 20, "label": "x"}
    device.receive({"temp": 81})
    assert heard == ["temp"]  # it is the same again
    device.receive({"temp": 20})
    assert device.problems == {}
    assert heard == ["temp", "temp"]


def test_sensitive_value_is_not_logged(
    device: VirtualDevice, caplog: pytest.LogCaptureFixture
) -> None:
    device.receive({"code": "hunter2"})
    assert device.dropped == {"code: value_refused": 1}
    assert "hunter2" not in caplog.text


# Listeners


def test_listeners_hear_of_what_changed_only(device: VirtualDevice) -> None:
    heard: list[Any] = []
    device.on_value("temp", noting(heard, "temp"))
    device.on_value("t", noting(heard, "temp by alias"))
    device.on_value("label", noting(heard, "label"))
    device.on_value("threshold", noting(heard, "threshold"))
    device.on_change(heard.append)
    device.receive({"label": "x", "temp": 1, "threshold": 70})
    assert heard == [
        "temp",
        "temp by alias",
        "threshold",
        "label",
        {"temp", "label", "threshold"},
    ]
    heard.clear()
    device.receive({"label": "y", "temp": 1, "threshold": 70})
    assert heard == ["label", {"label"}]
    heard.clear()
    device.receive({"label": "y", "temp": 1, "threshold": 70})
    assert heard == []


def test_listener_can_leave(device: VirtualDevice) -> None:
    heard: list[Any] = []
    leave = device.on_value("temp", noting(heard, "temp"))
    leave()
    device.receive({"temp": 1})
    assert heard == []


def test_listener_sees_all_values_of_the_message(device: VirtualDevice) -> None:
    seen: list[Mapping[str, Scalar]] = []
    device.on_value("temp", lambda: seen.append(values(device)))
    device.receive({"temp": 1, "label": "x"})
    assert seen == [{"temp": 1, "label": "x"}]


def test_failing_listener_stops_nobody(
    device: VirtualDevice, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []

    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    for listen in (
        device.on_change,
        device.on_availability,
        device.on_problem,
        lambda callback: device.on_value("temp", callback),
        lambda callback: device.on_alert("too_hot", callback),
    ):
        listen(fail)
        listen(lambda *_: heard.append(1))
    device.receive({"temp": 1, "x": 1})
    device.receive_alert("too_hot", {"temp": 1})
    assert len(heard) == 5
    failures = [record for record in caplog.records if record.exc_info]
    assert len(failures) == 5


def test_listener_may_have_values_received_itself(device: VirtualDevice) -> None:
    device.receive({"temp": 999})
    device.report(Availability.UNREACHABLE)

    def answer() -> None:
        device.receive({"temp": 2})

    device.on_availability(answer)
    device.receive({"temp": 1})
    assert device.get("temp") == 2
    assert device.problems == {}


def test_nobody_listens_to_what_is_not_there(device: VirtualDevice) -> None:
    with pytest.raises(UnknownElementError):
        device.on_value("nothing", noting([], 1))
    with pytest.raises(UnknownElementError):
        device.on_alert("nothing", lambda _: None)


# Alerts


@pytest.fixture
def alerts(device: VirtualDevice) -> list[Alert]:
    heard: list[Alert] = []
    device.on_alert("too_hot", heard.append)
    return heard


def test_alert_is_passed_on(device: VirtualDevice, alerts: list[Alert]) -> None:
    fields = {"temp": 90, "unit": "°C", "more": 1}
    assert device.receive_alert("too_hot", fields, at=NOON, severity=Severity.CRITICAL)
    (alert,) = alerts
    assert alert.format.name == "too_hot"
    assert alert.fields == {"temp": 90, "unit": "°C"}
    assert (alert.at, alert.severity) == (NOON, Severity.CRITICAL)
    assert device.dropped.total() == 0


def test_alert_is_known_by_its_urn_and_is_of_now(
    device: VirtualDevice, alerts: list[Alert]
) -> None:
    before = datetime.now(UTC)
    device.receive_alert("urn:com:acme:thermo:too_hot", {"temp": 90})
    late = before + timedelta(days=1)
    device.receive_alert("too_hot", {"temp": 91}, at=late)
    assert [alert.fields for alert in alerts] == [{"temp": 90}, {"temp": 91}]
    assert all(before <= alert.at <= datetime.now(UTC) for alert in alerts)
    assert alerts[0].severity is Severity.SIGNIFICANT


@pytest.mark.parametrize(
    ("fields", "passed"),
    [
        ({"temp": 90, "unit": None}, True),
        ({"temp": 90, "unit": 5}, True),
        ({"temp": None}, False),
        ({"unit": "°C"}, False),
        ({"temp": "hot"}, False),
        ({}, False),
    ],
)
def test_required_fields_must_be_there(
    device: VirtualDevice, alerts: list[Alert], fields: dict[str, Any], passed: bool
) -> None:
    assert device.receive_alert("too_hot", fields) is passed
    assert [alert.fields for alert in alerts] == ([{"temp": 90}] if passed else [])


def test_bad_optional_field_is_counted_and_the_alert_goes_on(
    device: VirtualDevice, alerts: list[Alert]
) -> None:
    device.receive_alert("too_hot", {"temp": 90, "unit": 5})
    assert len(alerts) == 1
    assert device.dropped == {"too_hot: value_refused": 1}


def test_alert_of_an_unknown_format_is_dropped_and_counted(
    device: VirtualDevice, alerts: list[Alert]
) -> None:
    assert not device.receive_alert("too_cold", {"temp": 1})
    assert alerts == []
    assert device.dropped == {"(other): unknown_element": 1}
    assert device.online


def test_alert_is_over_once_a_value_says_so_though_it_has_not_changed() -> None:
    (shape,) = DOCUMENT["formats"]
    ended = {**shape, "clear": {"condition": "$(temp) < 75"}}
    device = device_of({**DOCUMENT, "formats": [ended]})
    device.receive({"temp": 70})
    assert device.alerts.states["too_hot"].active is False
    device.receive_alert("too_hot", {"temp": 90})
    device.receive({"label": "x"})
    device.receive({"temp": 70}, certainty=Certainty.ASSUMED)
    assert device.alerts.states["too_hot"].active is True
    device.receive({"temp": 70})
    assert device.alerts.states["too_hot"].active is False


# Availability


@pytest.fixture
def reports(device: VirtualDevice) -> list[Availability]:
    heard: list[Availability] = []
    device.on_availability(lambda: heard.append(device.availability))
    return heard


def test_first_sign_of_life_puts_it_online(
    device: VirtualDevice, reports: list[Availability]
) -> None:
    before = time.monotonic()
    device.receive({"temp": 1})
    device.receive({"temp": 2})
    assert reports == [Availability.ONLINE]
    assert device.online
    assert device.last_heard is not None
    assert before <= device.last_heard <= time.monotonic()


def test_unusable_message_is_a_sign_of_life_too(device: VirtualDevice) -> None:
    device.receive({"nothing": 1})
    assert device.online


def test_stored_message_is_no_sign_of_life(device: VirtualDevice) -> None:
    device.receive({"temp": 1}, heard=False)
    assert device.availability is Availability.UNKNOWN
    assert device.last_heard is None


@pytest.mark.parametrize("away", [Availability.UNREACHABLE, Availability.SILENT])
def test_sign_of_life_ends_absence(device: VirtualDevice, away: Availability) -> None:
    device.report(away, "no answer")
    assert (device.online, device.reason) == (False, "no answer")
    device.hear()
    assert (device.online, device.reason) == (True, "")


def test_reported_offline_stays_so_until_revoked(
    device: VirtualDevice, reports: list[Availability]
) -> None:
    device.report(Availability.OFFLINE, "last will")
    device.receive({"temp": 1})
    device.receive_alert("too_hot", {"temp": 1})
    assert device.availability is Availability.OFFLINE
    assert device.values["temp"].value == 1
    device.report(Availability.ONLINE)
    assert reports == [Availability.OFFLINE, Availability.ONLINE]


@pytest.mark.parametrize("away", [Availability.UNREACHABLE, Availability.OFFLINE])
def test_silence_is_no_news_of_what_is_away(
    device: VirtualDevice, away: Availability
) -> None:
    device.report(away, "known why")
    device.report(Availability.SILENT, "silent")
    assert (device.availability, device.reason) == (away, "known why")


@pytest.mark.parametrize("before", [Availability.UNKNOWN, Availability.ONLINE])
def test_silence_of_what_was_there_counts(
    device: VirtualDevice, before: Availability
) -> None:
    device.report(before)
    device.report(Availability.SILENT, "silent")
    assert device.availability is Availability.SILENT


def test_same_report_is_told_once(
    device: VirtualDevice, reports: list[Availability]
) -> None:
    for _ in range(3):
        device.report(Availability.UNREACHABLE, "no answer")
    assert reports == [Availability.UNREACHABLE]


# Writing


async def test_set_sends_and_then_shows(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await device.set("threshold", 80.0)
    assert port.written == [{"threshold": 80}]
    assert device.values["threshold"].value == 80
    assert device.values["threshold"].certainty is Certainty.LIVE
    assert device.online


async def test_setting_an_equal_value_sends_again(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await device.set("threshold", 80)
    await device.set("threshold", 80)
    assert port.written == [{"threshold": 80}] * 2


async def test_unconfirmed_write_is_assumed_and_no_sign_of_life(
    device: VirtualDevice, port: RecordingPort
) -> None:
    port.certainty = Certainty.ASSUMED
    await device.set("threshold", 80)
    assert device.values["threshold"].certainty is Certainty.ASSUMED
    assert device.availability is Availability.UNKNOWN
    device.receive({"threshold": 80})
    assert device.values["threshold"].certainty is Certainty.LIVE


async def test_write_that_waits_leaves_the_old_value(
    device: VirtualDevice, port: RecordingPort
) -> None:
    device.receive({"threshold": 70})
    told: list[Any] = []
    device.on_change(told.append)
    port.certainty = None
    await device.set("threshold", 80)
    assert port.written == [{"threshold": 80}]
    reading = device.values["threshold"]
    assert (reading.value, reading.certainty) == (70, Certainty.LIVE)
    assert told == []


async def test_failed_write_leaves_the_old_value(
    device: VirtualDevice, port: RecordingPort
) -> None:
    device.receive({"threshold": 70})
    port.failure = UnreachableError(address="x", reason="no answer")
    with pytest.raises(UnreachableError):
        await device.set("threshold", 80)
    assert device.values["threshold"].value == 70


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("temp", 20, NotOfferedError),
        ("nothing", 20, UnknownElementError),
        ("night", {"enabled": True}, UnknownElementError),
        ("threshold", 64, ValueRefusedError),
        ("threshold", "70", ValueRefusedError),
        ("threshold", None, ValueRefusedError),
        ("threshold", True, ValueRefusedError),
    ],
)
@pytest.mark.parametrize("way", ["set", "offer"])
async def test_what_the_model_does_not_allow_is_not_sent(
    device: VirtualDevice,
    port: RecordingPort,
    way: str,
    name: str,
    value: object,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        await getattr(device, way)(name, value)
    assert port.written == []
    assert device.values == {}


async def test_offer_without_policies_is_set(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await device.offer("night.enabled", True)
    assert port.written == [{"night.enabled": True}]


async def test_transaction_sends_one_message(
    device: VirtualDevice, port: RecordingPort
) -> None:
    changes: list[frozenset[str]] = []
    device.on_change(changes.append)
    assert device.update() is device
    await device.set("threshold", 80)
    await device.offer("label", "x")
    await device.set("threshold", 90)
    assert port.written == []
    assert device.values == {}
    await device.finish()
    assert port.written == [{"threshold": 90, "label": "x"}]
    assert changes == [{"threshold", "label"}]
    await device.set("threshold", 70)
    assert port.written[1:] == [{"threshold": 70}]


async def test_several_values_go_in_one_message_or_none_does(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await device.change({"threshold": 80, "label": "x"})
    assert port.written == [{"threshold": 80, "label": "x"}]
    for wrong in ({"label": 5}, {"temp": 20}, {"unknown": 1}):
        with pytest.raises((ValueRefusedError, NotOfferedError, UnknownElementError)):
            await device.change({"threshold": 90, **wrong})
    with pytest.raises(TransactionRefusedError) as caught:
        await device.change({"threshold": 101, "label": 5, "unknown": 1})
    assert str(caught.value) == (
        "nothing was sent: threshold: 101 > 100; label: expected a text "
        "below 64 KiB in UTF-8, got 5; "
        "the model has no attribute 'unknown'"
    )
    await device.change({})
    assert len(port.written) == 1
    assert values(device)["threshold"] == 80


async def test_calling_update_twice_is_harmless(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await device.update().set("threshold", 80)
    await device.update().set("label", "x")
    await device.finish()
    assert port.written == [{"threshold": 80, "label": "x"}]


async def test_bad_value_leaves_the_transaction_open_and_earlier_ones_in_it(
    device: VirtualDevice, port: RecordingPort
) -> None:
    device.update()
    await device.set("threshold", 80)
    for name, value in (("threshold", 5), ("temp", 1), ("nothing", 1)):
        with pytest.raises((ValueRefusedError, NotOfferedError, UnknownElementError)):
            await device.set(name, value)
    await device.set("label", "x")
    await device.finish()
    assert port.written == [{"threshold": 80, "label": "x"}]


async def test_nothing_collected_sends_nothing(
    device: VirtualDevice, port: RecordingPort
) -> None:
    device.update()
    await device.finish()
    assert port.written == []
    await device.set("threshold", 80)
    assert port.written == [{"threshold": 80}]


async def test_finish_without_update_does_nothing(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await device.finish()
    assert port.written == []


async def test_failed_transaction_is_closed(
    device: VirtualDevice, port: RecordingPort
) -> None:
    device.update()
    await device.set("threshold", 80)
    port.failure = UnreachableError(address="x", reason="no answer")
    with pytest.raises(UnreachableError):
        await device.finish()
    assert device.values == {}
    port.failure = None
    await device.finish()
    assert port.written == []


# Calling


async def test_call_answers_the_result_and_is_told(
    device: VirtualDevice, port: RecordingPort
) -> None:
    calls: list[tuple[str, Mapping[str, Scalar]]] = []
    device.on_call(lambda action, arguments: calls.append((action.name, arguments)))
    port.result = {"done": True}
    assert await device.call("move", {"x": 1.5}) == {"done": True}
    await device.call("reset")
    assert port.called == [("move", {"x": 1.5}), ("reset", {})]
    assert calls == port.called


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("nothing", {}, UnknownElementError),
        ("move", {}, ValueRefusedError),
        ("move", {"x": "far"}, ValueRefusedError),
        ("move", {"x": 1, "y": 2}, UnknownElementError),
        ("reset", {"x": 1}, UnknownElementError),
    ],
)
async def test_call_that_does_not_fit_is_not_made(
    device: VirtualDevice,
    port: RecordingPort,
    name: str,
    arguments: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        await device.call(name, arguments)
    assert port.called == []


async def test_failed_call_is_not_told(
    device: VirtualDevice, port: RecordingPort
) -> None:
    calls: list[object] = []
    device.on_call(lambda *call: calls.append(call))
    port.failure = UnreachableError(address="x", reason="no answer")
    with pytest.raises(UnreachableError):
        await device.call("reset")
    assert calls == []
