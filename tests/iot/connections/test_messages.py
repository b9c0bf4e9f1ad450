"""What messages of alerts say beside their fields; nothing of it loses the message."""

from datetime import UTC, datetime
import json
from typing import Any

import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.codecs import CODECS
from custom_components.device_models.iot.connections.messages import read_alert
from custom_components.device_models.iot.model import Severity

from ..samples import device_of

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MILLISECONDS = 1_714_564_800_000
NUMBER = {"name": "temp", "type": "NUMBER"}


@pytest.mark.parametrize(
    ("said", "at", "severity", "dropped"),
    [
        ({}, None, Severity.SIGNIFICANT, 0),
        ({"time": MILLISECONDS}, NOON, Severity.SIGNIFICANT, 0),
        ({"time": "2024-05-01T14:00:00+02:00"}, NOON, Severity.SIGNIFICANT, 0),
        ({"time": "noon"}, None, Severity.SIGNIFICANT, 1),
        ({"time": []}, None, Severity.SIGNIFICANT, 1),
        ({"time": True}, None, Severity.SIGNIFICANT, 1),
        ({"time": 1e300}, None, Severity.SIGNIFICANT, 1),
        ({"severity": "CRITICAL"}, None, Severity.CRITICAL, 0),
        ({"severity": " low "}, None, Severity.LOW, 0),
        ({"severity": "dire"}, None, Severity.SIGNIFICANT, 1),
        ({"severity": 4}, None, Severity.SIGNIFICANT, 1),
        ({"severity": None}, None, Severity.SIGNIFICANT, 0),
    ],
)
def test_beside_the_fields(
    said: dict[str, Any], at: datetime | None, severity: Severity, dropped: int
) -> None:
    shape = {"name": "hot", "value": {"fields": [NUMBER]}}
    device = device_of({"urn": "u", "name": "U", "formats": [shape]})
    heard: list[Alert] = []
    device.on_alert("hot", heard.append)
    payload = json.dumps({"temp": 90, **said}).encode()
    assert read_alert(device, "hot", CODECS["json"], payload)
    (alert,) = heard
    assert (alert.fields, alert.severity) == ({"temp": 90}, severity)
    assert alert.at == at if at else alert.at > NOON
    assert device.dropped.total() == dropped


def test_fields_of_those_names_are_fields() -> None:
    fields = [
        {"name": "severity", "type": "INTEGER"},
        {"name": "time", "type": "NUMBER"},
    ]
    shape = {"name": "hot", "value": {"fields": fields}}
    device = device_of({"urn": "u", "name": "U", "formats": [shape]})
    heard: list[Alert] = []
    device.on_alert("hot", heard.append)
    assert read_alert(device, "hot", CODECS["json"], b'{"severity": 4, "time": 7}')
    assert heard[0].fields == {"severity": 4, "time": 7}
    assert heard[0].at > NOON


def test_times_of_a_pack_are_those_of_its_fields() -> None:
    shape = {"name": "hot", "value": {"fields": [NUMBER]}}
    device = device_of({"urn": "u", "name": "U", "formats": [shape]})
    heard: list[Alert] = []
    device.on_alert("hot", heard.append)
    pack = json.dumps([{"n": "temp", "v": 90, "t": MILLISECONDS / 1000}]).encode()
    for _ in range(2):
        assert read_alert(device, "hot", CODECS["senml+json"], pack)
    assert [one.at for one in heard] == [NOON]  # the same time is the same message
