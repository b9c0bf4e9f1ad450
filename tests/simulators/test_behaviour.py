"""What a simulated device does without any wire."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import math
from typing import Any

import pytest

from custom_components.device_models.iot.errors import (
    UnknownElementError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import (
    Attribute,
    DeviceModel,
    FormatType,
    Severity,
)
from custom_components.device_models.iot.values import DataType, Range, Scalar
from simulators import Alert, ReadOnlyError, SimulatedDevice, behaviour, load_model
from simulators.models import BUNDLED

from .conftest import NOON, model_of

BOTH = pytest.mark.parametrize("name", ["room_climate", "water_pump"])


def history(device: SimulatedDevice, ticks: int) -> list[dict[str, Scalar]]:
    seen = []
    for _ in range(ticks):
        device.tick(1)
        seen.append(dict(device.values))
    return seen


@BOTH
def test_bundled_models_have_every_kind_of_element(name: str) -> None:
    model = load_model(name)
    assert model.urn == f"urn:device-models:{name.replace('_', '-')}"
    kinds = {attribute.type for attribute in model.attributes}
    assert kinds == set(DataType)
    assert {leaf.writable for leaf in model.leaves.values()} == {True, False}
    enums = [leaf for leaf in model.leaves.values() if leaf.enum]
    assert {leaf.writable for leaf in enums} == {True, False}
    assert all(attribute.title for attribute in model.attributes)
    counts = {len(action.arguments) for action in model.actions}
    assert counts >= {0, 1, 2}
    assert any("argType" in action.source for action in model.actions)
    assert {shape.type for shape in model.formats} == set(FormatType)


def test_a_model_is_found_by_name_and_by_path() -> None:
    assert load_model(BUNDLED / "water_pump.json") == load_model("water_pump")
    with pytest.raises(FileNotFoundError, match="room_climate, water_pump"):
        load_model("no_such_model")


@BOTH
def test_the_same_seed_gives_the_same_life(name: str) -> None:
    first, second, other = (
        SimulatedDevice(load_model(name), seed=seed, clock=lambda: NOON)
        for seed in (7, 7, 8)
    )
    lives = [history(device, 100) for device in (first, second, other)]
    assert lives[0] == lives[1]
    assert lives[0] != lives[2]


@BOTH
@pytest.mark.parametrize("seconds", [0.1, 1, 3600])
def test_values_are_always_ones_that_the_model_allows(
    name: str, seconds: float
) -> None:
    device = SimulatedDevice(load_model(name), seed=3)
    for _ in range(300):
        device.tick(seconds)
        for leaf in device.model.leaves.values():
            assert leaf.validate(device.values[leaf.name]) == device.values[leaf.name]


@BOTH
def test_what_is_measured_moves_and_what_is_set_stays(name: str) -> None:
    device = SimulatedDevice(load_model(name), seed=1, clock=lambda: NOON)
    life = history(device, 600)
    for leaf in device.model.leaves.values():
        seen = {values[leaf.name] for values in life}
        if leaf.writable:
            assert len(seen) == 1, leaf.name
        elif leaf.type.is_numeric or leaf.enum or leaf.type is DataType.BOOLEAN:
            assert len(seen) > 1, leaf.name


def test_numbers_move_smoothly(room_device: SimulatedDevice) -> None:
    temperatures = [
        float(str(values["temperature"])) for values in history(room_device, 300)
    ]
    steps = [abs(after - before) for before, after in pairwise(temperatures)]
    assert max(steps) < 1
    assert all(17 < temperature < 25 for temperature in temperatures)
    assert len(set(temperatures)) > 5


def test_booleans_and_choices_change_sometimes(room_device: SimulatedDevice) -> None:
    life = history(room_device, 1500)
    assert {values["windowOpen"] for values in life} == {True, False}
    assert {values["airQuality"] for values in life} == {"good", "fair", "poor"}
    flips = sum(
        before["windowOpen"] != after["windowOpen"] for before, after in pairwise(life)
    )
    assert 3 < flips < 60


def test_totals_only_rise(pump: SimulatedDevice) -> None:
    energy = [float(str(values["energyTotal"])) for values in history(pump, 200)]
    assert energy == sorted(energy)
    assert energy[-1] > 412.5


def test_a_total_begins_again_at_the_end_of_its_range() -> None:
    total = {"name": "pulseCount", "type": "INTEGER", "range": "0,9"}
    device = SimulatedDevice(model_of(attributes=[total]), alerts_every=0)
    life = [values["pulseCount"] for values in history(device, 600)]
    assert set(life) == set(range(10))


def test_times_are_sent_as_milliseconds(room_device: SimulatedDevice) -> None:
    state = room_device.state()
    assert state["vacationUntil"] == round(
        datetime.timestamp(_time(room_device, "vacationUntil")) * 1000
    )
    assert NOON < _time(room_device, "vacationUntil") < NOON + timedelta(days=31)
    assert NOON - timedelta(hours=1) <= _time(room_device, "lastMotion") < NOON


def test_a_clock_shows_the_time_and_an_event_when_it_was() -> None:
    now = NOON
    attributes = [
        {"name": "deviceTime", "type": "DATETIME"},
        {"name": "lastSeen", "type": "DATETIME"},
    ]
    device = SimulatedDevice(model_of(attributes=attributes), clock=lambda: now)
    seen = set()
    for _ in range(600):
        now += timedelta(seconds=1)
        device.tick(1)
        assert now - _time(device, "deviceTime") < timedelta(seconds=10)
        seen.add(device.values["lastSeen"])
    assert 2 < len(seen) < 30


def _time(device: SimulatedDevice, name: str) -> datetime:
    value = device.values[name]
    assert isinstance(value, datetime)
    assert value.tzinfo is UTC
    return value


# Writing


def test_a_write_stays_and_tells_who_listens(room_device: SimulatedDevice) -> None:
    heard: list[frozenset[str]] = []
    stop = room_device.on_change(heard.append)
    room_device.write({"targetTemperature": 24.5, "nightSetback": {"startHour": 20}})
    assert heard == [{"targetTemperature", "nightSetback.startHour"}]
    room_device.write({"targetTemperature": 24.5})
    assert len(heard) == 1
    assert room_device.read("nightSetback") == {
        "enabled": True,
        "temperature": 17.5,
        "startHour": 20,
    }
    stop()
    history(room_device, 50)
    assert len(heard) == 1
    assert room_device.read("targetTemperature") == 24.5


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"targetTemperature": 31}, ValueRefusedError),
        ({"targetTemperature": True}, ValueRefusedError),
        ({"targetTemperature": float("nan")}, ValueRefusedError),
        ({"operatingMode": "dry"}, ValueRefusedError),
        ({"displayText": None}, ValueRefusedError),
        ({"fanSpeed": 2.5}, ValueRefusedError),
        ({"nightSetback": 7}, ValueRefusedError),
        ({"nightSetback": {"enabled": 1}}, ValueRefusedError),
        ({"nightSetback": {"noSuch": 1}}, UnknownElementError),
        ({"noSuch": 1}, UnknownElementError),
        ({"temperature": 20}, ReadOnlyError),
    ],
)
def test_a_bad_write_changes_nothing(
    room_device: SimulatedDevice, values: dict[str, Any], error: type[Exception]
) -> None:
    before = room_device.state()
    with pytest.raises(error):
        room_device.write({"childLock": True, **values})
    assert room_device.state() == before


def test_a_measured_number_follows_its_setpoint(room_device: SimulatedDevice) -> None:
    room_device.write({"targetTemperature": 28})
    history(room_device, 300)
    assert abs(float(str(room_device.values["temperature"])) - 28) < 1.5


def test_a_pump_that_is_off_does_nothing(pump: SimulatedDevice) -> None:
    pump.write({"running": False})
    history(pump, 30)
    water = pump.values["waterTotal"]
    assert pump.values["flowRate"] == 0
    assert pump.values["motor.speed"] == 0
    history(pump, 100)
    assert pump.values["waterTotal"] == water
    pump.write({"running": True})
    history(pump, 200)
    assert float(str(pump.values["flowRate"])) > 20


def test_an_attribute_that_can_only_be_written_is_not_in_the_state() -> None:
    secret = {"name": "pin", "type": "STRING", "writable": True, "readable": False}
    device = SimulatedDevice(model_of(attributes=[secret]))
    device.write({"pin": "1234"})
    assert device.state() == {}
    assert device.values["pin"] == "1234"


def test_reset_forgets_and_tells_nobody(room_device: SimulatedDevice) -> None:
    first = room_device.state()
    room_device.call("ventilate", {})
    room_device.fire("staleAir")
    heard: list[frozenset[str]] = []
    room_device.on_change(heard.append)
    room_device.reset()
    assert room_device.state() == first
    assert not room_device.alerts
    assert not heard
    assert len(room_device.calls) == 1


# Actions


@pytest.mark.parametrize(
    ("name", "arguments", "effect"),
    [
        ("start", {}, {"running": True, "lastAction": "Start"}),
        ("stop", {}, {"running": False, "lastAction": "Stop"}),
        (
            "resetTotals",
            {},
            {"energyTotal": 0, "waterTotal": 0, "controlMode": "manual"},
        ),
        ("prime", {"value": 20}, {"lastAction": "Prime"}),
        ("irrigate", {"litres": 50.5}, {"lastAction": "Irrigate"}),
    ],
)
def test_what_the_actions_of_the_pump_do(
    pump: SimulatedDevice,
    name: str,
    arguments: dict[str, Any],
    effect: dict[str, Scalar],
) -> None:
    pump.write({"running": name == "stop", "controlMode": "manual"})
    pump.call(name, arguments)
    assert effect.items() <= pump.values.items()
    assert pump.calls[-1].action == name
    assert pump.calls[-1].at == NOON


def test_starting_notes_the_time(pump: SimulatedDevice) -> None:
    assert pump.values["lastStarted"] != NOON
    pump.call("start", {})
    assert pump.values["lastStarted"] == NOON


def test_what_the_actions_of_the_room_do(room_device: SimulatedDevice) -> None:
    room_device.call("ventilate", {"minutes": 3})
    assert room_device.calls[-1].arguments == {"fanSpeed": 5, "minutes": 3}
    assert room_device.values["fanSpeed"] == 5
    room_device.call("holdTemperature", {"temperature": 25})
    assert room_device.values["targetTemperature"] == 25
    until = room_device.values["vacationUntil"]
    room_device.call("restoreDefaults", {})
    assert room_device.values["targetTemperature"] == 21
    assert room_device.values["fanSpeed"] == 2
    assert room_device.values["vacationUntil"] == until
    assert room_device.values["lastAction"] == "Restore defaults"


def test_actions_find_attributes_by_their_names() -> None:
    attributes = [
        {"name": "power", "type": "BOOLEAN", "writable": True, "defaultValue": False},
        {"name": "door", "type": "BOOLEAN", "defaultValue": False},
        {"name": "mode", "type": "STRING", "enum": ["a", "b"], "defaultValue": "a"},
        {"name": "targetSpeed", "type": "INTEGER", "range": "0,9", "writable": True},
        {"name": "speed", "type": "INTEGER", "range": "0,9"},
        {"name": "syncAt", "type": "DATETIME", "writable": True},
        {"name": "lastCommand", "type": "DATETIME"},
    ]
    actions = [
        {"name": "power", "argType": "BOOLEAN"},
        {"name": "toggle"},
        {"name": "openDoor"},
        {"name": "close_door"},
        {"name": "nextMode"},
        {"name": "setSpeed", "argType": "INTEGER"},
        {"name": "syncAtOnce"},
    ]
    device = SimulatedDevice(
        model_of(attributes=attributes, actions=actions),
        alerts_every=0,
        clock=lambda: NOON,
    )

    def after(name: str, attribute: str, **arguments: Any) -> Scalar:
        device.call(name, arguments)
        assert device.values["lastCommand"] == NOON
        return device.values[attribute]

    assert after("power", "power", value=True) is True
    assert after("toggle", "power") is False
    assert after("openDoor", "door") is True
    assert after("close_door", "door") is False
    assert after("nextMode", "mode") == "b"
    assert after("nextMode", "mode") == "a"
    assert after("setSpeed", "targetSpeed", value=4) == 4
    assert after("setSpeed", "targetSpeed", value=400) == 4
    assert after("syncAtOnce", "syncAt") == NOON


def test_a_bad_call_is_not_made(pump: SimulatedDevice) -> None:
    for name, arguments in (
        ("prime", {}),
        ("prime", {"value": 1000}),
        ("irrigate", {"litres": 5, "zone": "roof"}),
    ):
        with pytest.raises(ValueRefusedError):
            pump.call(name, arguments)
    with pytest.raises(UnknownElementError):
        pump.call("start", {"value": 1})
    with pytest.raises(UnknownElementError):
        pump.call("explode", {})
    assert not pump.calls


def test_an_action_answers_what_it_was_given_to_answer(pump: SimulatedDevice) -> None:
    assert pump.call("start", {}) is None
    pump.results["start"] = {"ok": True}
    assert pump.call("start", {}) == {"ok": True}


# Alerts


def test_an_alert_carries_what_the_device_knows(pump: SimulatedDevice) -> None:
    heard: list[Alert] = []
    stop = pump.on_alert(heard.append)
    alert = pump.fire("dryRun", severity=Severity.CRITICAL)
    assert alert.content == {
        "flowRate": pump.values["flowRate"],
        "power": pump.values["power"],
        "severity": "CRITICAL",
    }
    given = pump.fire("leak", fields={"place": "roof"})
    assert given.content["place"] == "roof"
    assert given.severity in Severity
    report = pump.fire("runReport")
    assert set(report.content) == {"litres", "seconds", "endedAt"}
    assert heard == [alert, given, report]
    assert pump.alerts == {"dryRun": alert, "leak": given, "runReport": report}
    stop()
    pump.fire("leak")
    assert len(heard) == 3
    with pytest.raises(UnknownElementError):
        pump.fire("noSuch")


@BOTH
def test_alerts_come_by_themselves_and_fit_their_format(name: str) -> None:
    heard: list[Alert] = []
    device = SimulatedDevice(load_model(name), seed=2, alerts_every=10)
    device.on_alert(heard.append)
    history(device, 300)
    formats = {shape.name: shape for shape in device.model.formats}
    assert {alert.format for alert in heard} == set(formats)
    assert 40 < len(heard) < 160
    left_out = False
    for alert in heard:
        for field in formats[alert.format].fields:
            if field.name in alert.content:
                field.validate(alert.content[field.name])
            else:
                assert field.optional
                left_out = True
    assert left_out


def test_no_alerts_unless_wanted(pump: SimulatedDevice) -> None:
    history(pump, 500)
    assert not pump.alerts


# Any model


UNITS = [None, "°C", "%", "W", "unheard-of"]
RANGES = [None, "0,100", "-5,-1", "3,3", "0.001,0.002", "-1e6,1e6"]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("bounds", RANGES)
@pytest.mark.parametrize("kind", ["INTEGER", "NUMBER"])
def test_numbers_of_any_range_and_unit(
    kind: str, bounds: str | None, unit: str | None
) -> None:
    if kind == "INTEGER" and bounds == "0.001,0.002":
        bounds = "0.5,1.5"
    number = {"name": "x", "type": kind, "range": bounds, "unit": unit}
    stepped = {**number, "name": "y", "step": 0.5 if kind == "NUMBER" else 1}
    total = {**number, "name": "total"}
    setting = {**number, "name": "z", "writable": True}
    model = model_of(attributes=[number, stepped, total, setting])
    device = SimulatedDevice(model)
    for values in history(device, 50):
        for leaf in device.model.leaves.values():
            leaf.validate(values[leaf.name])


@pytest.mark.parametrize(
    "name", ["x", "firmwareVersion", "Wi-Fi_SSID", "größe", "状態"]
)
@pytest.mark.parametrize("kind", ["STRING", "BOOLEAN", "DATETIME", "URI"])
def test_other_types_of_any_name(kind: str, name: str) -> None:
    device = SimulatedDevice(model_of(attributes=[{"name": name, "type": kind}]))
    for values in history(device, 50):
        device.model.leaves[name].validate(values[name])


async def test_time_passes_by_itself(
    room_device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[float] = []
    monkeypatch.setattr(behaviour, "TICK", 0.01)
    monkeypatch.setattr(room_device, "tick", ticks.append)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await room_device.run(speed=20)
    assert len(ticks) > 2
    assert set(ticks) == {0.2}


@pytest.mark.parametrize(
    "bounds", [Range(0, math.inf), Range(-math.inf, 0), Range(-math.inf, math.inf)]
)
@pytest.mark.parametrize("kind", [DataType.INTEGER, DataType.NUMBER])
@pytest.mark.parametrize("name", ["power", "total"])
def test_values_stay_in_a_range_that_is_open_at_an_end(
    name: str, kind: DataType, bounds: Range
) -> None:
    attribute = Attribute(name=name, type=kind, range=bounds)
    model = DeviceModel(urn="urn:x", name="X", attributes=(attribute,))
    device = SimulatedDevice(model, seed=3)
    for _ in range(50):
        device.tick(60)
        value = device.values[name]
        assert isinstance(value, int | float)
        assert value in bounds
