"""What the page about policies shows works."""

from datetime import UTC, datetime
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.formats.oracle.policies import FUNCTIONS
from custom_components.device_models.iot.formula import Formula
from custom_components.device_models.policy_kinds import KINDS

from .iot.samples import attributes, device_of

PAGE: Final = (Path(__file__).parent.parent / "docs" / "policies.md").read_text()
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    policy["id"]: policy
    for policy in map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
}
NAMES: Final = ("temperature", "voltage", "current", "power")


def device(name: str) -> VirtualDevice:
    """Return a device with a policy of the page."""
    model = attributes(*({"name": one, "type": "NUMBER"} for one in NAMES))
    return device_of(model | {"policies": [EXAMPLES[name]]})


def test_dead_band() -> None:
    sensor = device("calm")
    shown = []
    for value in (20, 20.4, 20.6, 20.2, 20.0):
        sensor.receive({"temperature": value}, datetime.now(UTC))
        shown.append(sensor.get("temperature"))
    assert shown == [20, 20, 20.6, 20.6, 20.0]


def test_computed_value() -> None:
    meter = device("power")
    meter.receive({"voltage": 230})
    assert meter.get("power") is None
    meter.receive({"current": 2})
    assert meter.get("power") == 460


def test_every_kind_and_every_function_is_there() -> None:
    rows = re.findall(r"^\| ([^|]+?) \|", PAGE, re.MULTILINE)
    assert [row for row in rows if row in {one.title for one in KINDS.values()}] == [
        one.title for one in KINDS.values()
    ]
    assert [name for name in FUNCTIONS if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("text", re.findall(r"`([^`\n]*\$\([^`\n]*)`", PAGE))
def test_formulas(text: str) -> None:
    Formula.parse(text.removeprefix("level = "))
