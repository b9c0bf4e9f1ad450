"""Alerts and data of this side: protocol sheet "Oracle IoT" §2.4 and §2.3, row by row.

The sheet's exceptions are ``ValueError``; ours are of the one tree of errors.
"""

from datetime import datetime
from typing import Any, Final

import pytest

from custom_components.device_models.iot.alert import Alert, Source
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import (
    CommunicationError,
    NotOfferedError,
    UnknownElementError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import Severity

from .samples import RecordingPort, device_of

HOT: Final = "urn:test:hot"
REPORT: Final = "urn:test:report"
FIELDS: Final = [
    {"name": "temp", "type": "NUMBER", "optional": False},
    {"name": "note", "type": "STRING", "optional": True},
]
MODEL: Final[dict[str, Any]] = {
    "urn": "urn:test",
    "name": "Test",
    "formats": [
        {"name": "hot", "urn": HOT, "value": {"fields": FIELDS}},
        {"name": "dire", "severity": "CRITICAL"},
        {"name": "report", "urn": REPORT, "type": "DATA", "value": {"fields": FIELDS}},
        {"name": "vast", "value": {"fields": [{"name": "x", "type": "STRING"}]}},
    ],
}


@pytest.fixture
def port() -> RecordingPort:
    return RecordingPort()


@pytest.fixture
def device(port: RecordingPort) -> VirtualDevice:
    return device_of(MODEL, port)


# createAlert, createData: an unknown URN, or one of the wrong type


@pytest.mark.parametrize("name", ["urn:test:cold", "", REPORT, "report"])
def test_alert_of_what_is_none(device: VirtualDevice, name: str) -> None:
    with pytest.raises(UnknownElementError):
        device.alert(name)


@pytest.mark.parametrize("name", ["urn:test:cold", "", HOT, "hot"])
def test_data_of_what_is_none(device: VirtualDevice, name: str) -> None:
    with pytest.raises(UnknownElementError):
        device.data(name)


# set: checked; returns itself


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("temp", "hot", ValueRefusedError),
        ("temp", True, ValueRefusedError),
        ("temp", None, ValueRefusedError),
        ("temp", float("nan"), ValueRefusedError),
        ("note", 5, ValueRefusedError),
        ("note", "x" * 64 * 1024, ValueRefusedError),
        ("more", 1, UnknownElementError),
        (None, 1, UnknownElementError),
    ],
)
def test_bad_field(
    device: VirtualDevice, name: Any, value: object, error: type[Exception]
) -> None:
    alert = device.alert(HOT)
    with pytest.raises(error):
        alert.set(name, value)


def test_no_range_exists_for_setting_a_field_of_the_sheet(
    device: VirtualDevice,
) -> None:
    alert = device.alert(HOT)
    assert alert.set("temp", -1e9).set("note", "x") is alert


# raise_: required fields, defaults, time


@pytest.mark.parametrize(
    ("name", "severity", "expected"),
    [
        ("hot", None, Severity.SIGNIFICANT),
        ("hot", Severity.LOW, Severity.LOW),
        ("dire", None, Severity.CRITICAL),
    ],
)
async def test_raised_alert(
    device: VirtualDevice,
    port: RecordingPort,
    name: str,
    severity: Severity | None,
    expected: Severity,
) -> None:
    heard: list[Alert] = []
    device.on_alert(name, heard.append)
    alert = device.alert(name)
    if name == "hot":
        alert.set("temp", 90)
    await alert.raise_(severity)
    (sent,) = port.published
    assert heard == [sent]
    assert (sent.severity, sent.source) == (expected, Source.THIS_SIDE)
    assert abs((datetime.now(sent.at.tzinfo) - sent.at).total_seconds()) < 5
    assert not device.online  # it is no sign of life
    assert device.alerts.states[name].source is Source.THIS_SIDE


async def test_required_fields_must_be_set(
    device: VirtualDevice, port: RecordingPort
) -> None:
    for message in (device.alert(HOT), device.data(REPORT)):
        message.set("note", "x")
        with pytest.raises(ValueRefusedError, match="temp: is missing"):
            await (message.raise_() if hasattr(message, "raise_") else message.submit())
    assert port.published == []


async def test_fields_are_cleared_by_raising(
    device: VirtualDevice, port: RecordingPort
) -> None:
    alert = device.alert(HOT).set("temp", 90).set("note", "x")
    await alert.raise_()
    with pytest.raises(ValueRefusedError, match="temp: is missing"):
        await alert.raise_()
    await alert.set("temp", 91).raise_()
    assert [one.fields for one in port.published] == [
        {"temp": 90, "note": "x"},
        {"temp": 91},
    ]


async def test_submitted_data(device: VirtualDevice, port: RecordingPort) -> None:
    heard: list[Alert] = []
    device.on_alert("*", heard.append)
    data = device.data(REPORT).set("temp", 20)
    await data.submit()
    (sent,) = port.published
    assert heard == [sent]
    assert (sent.severity, sent.fields) == (None, {"temp": 20})
    with pytest.raises(ValueRefusedError, match="is missing"):
        await data.submit()


async def test_keys_are_bounded() -> None:
    name = "x" * 2047
    shape = {"name": "f", "value": {"fields": [{"name": name, "type": "NUMBER"}]}}
    device = device_of({**MODEL, "formats": [shape]})
    await device.alert("f").set(name, 1).raise_()
    (field,) = device.model.format("f").fields
    object.__setattr__(field, "name", "x" * 2048)  # no reader lets it in
    with pytest.raises(ValueRefusedError, match="below 2048 bytes"):
        await device.alert("f").set("x" * 2048, 1).raise_()


# What cannot be delivered (§2.3)


async def test_nothing_is_pretended(device: VirtualDevice, port: RecordingPort) -> None:
    heard: list[Alert] = []
    problems: list[str] = []
    device.on_alert("*", heard.append)
    device.on_problem(lambda name, _text: problems.append(name))
    port.failure = NotOfferedError(operation="raising")
    alert = device.alert(HOT).set("temp", 90)
    with pytest.raises(NotOfferedError):
        await alert.raise_()
    assert (heard, problems) == ([], [])
    port.failure = UnreachableError(address="x", reason="gone")
    with pytest.raises(UnreachableError):
        await alert.raise_()
    assert (heard, problems) == ([], ["hot"])
    port.failure = None
    await alert.raise_()  # what was set is still there
    assert heard[0].fields == {"temp": 90}


async def test_own_handler_is_told_in_place_of_the_device(
    device: VirtualDevice, port: RecordingPort
) -> None:
    told: list[CommunicationError] = []
    problems: list[str] = []
    device.on_problem(lambda name, _text: problems.append(name))
    port.failure = UnreachableError(address="x", reason="gone")
    alert = device.alert(HOT, on_error=lambda _alert, err: told.append(err))
    with pytest.raises(UnreachableError):
        await alert.set("temp", 90).raise_()
    assert (told, problems) == ([port.failure], [])


async def test_connection_without_a_place_says_so() -> None:
    class Bare(RecordingPort):
        publish_alert = RecordingPort.__mro__[1].publish_alert  # type: ignore[attr-defined]

    device = device_of(MODEL, Bare())
    with pytest.raises(NotOfferedError, match="hot"):
        await device.alert(HOT).set("temp", 1).raise_()
