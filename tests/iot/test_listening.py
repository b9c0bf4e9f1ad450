"""Listening: protocol sheet "Oracle IoT" §2.2, §2.3 and §2.5, row by row.

There a device is told by a server, and its callbacks decide; here the device decides,
and listeners are told what has become of it. What is different for that is said where
it is tried: DEVIATION.
"""

from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any, Final, override

import pytest

from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    DeviceModelsError,
    OutboxFullError,
    RejectedError,
    UnknownElementError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import Action
from custom_components.device_models.iot.outbox import MAX_WAITING
from custom_components.device_models.iot.values import JsonValue, Scalar

from .connections.things import until
from .samples import RecordingPort, attributes, device_of

MODEL: Final = attributes(
    {"name": "a", "type": "INTEGER", "range": "0,9", "writable": True},
    {"name": "b", "type": "STRING", "writable": True},
    {"name": "c", "type": "BOOLEAN", "writable": True},
    actions=[
        {"name": "reset"},
        {
            "name": "move",
            "arguments": [
                {"name": "x", "type": "INTEGER", "range": "0,5"},
                {"name": "mode", "type": "STRING", "defaultValue": "slow"},
            ],
        },
    ],
    formats=[{"name": "hot", "urn": "urn:test:hot"}],
)
BEFORE: Final = {"a": 1, "b": "x", "c": False}
NO: Final = RejectedError(address="Device", answer="4.03")
GONE: Final = UnreachableError(address="Device", reason="gone")


class Told(RecordingPort):
    """A device, and who is told what of it, in the order in which that happens."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.device = device_of(MODEL, self)
        self.device.receive(BEFORE)
        for name in ("c", "b", "a"):  # not the order in which they are told
            self.device.on_value(name, partial(self._changed, name))
        self.device.on_change(lambda names: self.log.append(f"all: {sorted(names)}"))
        self.device.on_problem(lambda name, text: self.log.append(f"{name}? {text}"))
        self.device.on_call(self._called)

    def _changed(self, name: str) -> None:
        self.log.append(f"{name}={self.device.get(name)}")

    def _called(self, action: Action, arguments: Mapping[str, Scalar]) -> None:
        self.log.append(f"done: {action.name} {dict(arguments)}")

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        self.log.append(f"sent: {dict(values)}")
        return await super().write(device, values)

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        self.log.append(f"sent: {action.name}")
        return await super().call(device, action, arguments)


@pytest.fixture
async def told() -> AsyncGenerator[Told]:
    told = Told()
    yield told
    await told.device.commands.end()


# §2.2: attributes that are set


@pytest.mark.parametrize(
    ("values", "log"),
    [
        pytest.param({"a": 2}, ["sent: {'a': 2}", "a=2", "all: ['a']"], id="one"),
        # DEVIATION: an equal value is sent; what is shown here may be old (§2.1, Java).
        pytest.param({"a": 1}, ["sent: {'a': 1}"], id="equal"),
        pytest.param(
            {"b": "y", "a": 2},
            ["sent: {'b': 'y', 'a': 2}", "a=2", "b=y", "all: ['a', 'b']"],
            id="several: one by one in the order of the model, then once all",
        ),
        pytest.param(
            {"a": 1, "b": "y", "c": False},
            ["sent: {'a': 1, 'b': 'y', 'c': False}", "b=y", "all: ['b']"],
            id="unchanged ones are skipped",
        ),
        pytest.param(BEFORE, [f"sent: {BEFORE}"], id="nothing changed"),
    ],
)
async def test_change_is_sent_then_told(
    told: Told, values: Mapping[str, Scalar], log: list[str]
) -> None:
    """DEVIATION: it is told after it was sent, and ``get`` has the new value then.

    Who listens here shows values, and cannot refuse them; the device could.
    """
    await told.device.change(values)
    assert told.log == log


@pytest.mark.parametrize(
    ("values", "error"),
    [
        pytest.param({"a": "two"}, ValueRefusedError, id="type"),
        # As the sheet advises: nobody is told before the range was looked at.
        pytest.param({"a": 10}, ValueRefusedError, id="range"),
        pytest.param({"z": 1}, UnknownElementError, id="unknown"),
        pytest.param({"b": "y", "a": 10}, ValueRefusedError, id="one of several"),
    ],
)
async def test_what_does_not_fit_is_neither_sent_nor_told(
    told: Told, values: Mapping[str, object], error: type[DeviceModelsError]
) -> None:
    with pytest.raises(error):
        await told.device.change(values)
    assert told.log == []
    assert {name: it.value for name, it in told.device.values.items()} == BEFORE


async def test_value_is_taken_though_nobody_listens() -> None:
    """DEVIATION: there that is a 404; here it is of no matter to the device."""
    device = device_of(MODEL)
    await device.set("a", 2)
    assert device.get("a") == 2


@pytest.mark.parametrize("phase", ["attribute", "device"])
async def test_fault_of_a_listener_stops_neither_others_nor_the_value(
    told: Told, phase: str
) -> None:
    """DEVIATION: there the value would not be set; here the device has it already."""

    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    listen: Any = told.device.on_change
    if phase == "attribute":
        told.device.on_value("a", fail)
    else:
        listen(fail)
    listen(lambda _names: told.log.append("last"))
    await told.device.change({"a": 2, "b": "y"})
    assert told.log[1:] == ["a=2", "b=y", "all: ['a', 'b']", "last"]
    assert told.device.get("a") == 2


async def test_values_of_one_message_are_told_together(told: Told) -> None:
    told.device.on_value("a", lambda: told.log.append(f"b is {told.device.get('b')}"))
    told.device.receive({"b": "y", "a": 2, "c": "no"})
    assert told.log[-4:] == ["a=2", "b is y", "b=y", "all: ['a', 'b']"]


# §2.3: what could not be delivered


async def test_who_waits_is_told_by_an_error_alone(told: Told) -> None:
    """DEVIATION: there nobody waits, and all is told to ``onError``."""
    told.failure = NO
    with pytest.raises(RejectedError):
        await told.device.change({"a": 2, "b": "y"})
    assert told.log == ["sent: {'a': 2, 'b': 'y'}"]


async def test_undelivered_message_is_told_attribute_by_attribute(told: Told) -> None:
    """DEVIATION: there is no word on the whole of it but the command's own state."""
    states: list[str] = []
    told.device.commands.on_command(lambda command: states.append(command.state))
    told.device.report(Availability.UNREACHABLE)
    await told.device.change({"b": "y", "a": 2}, keep=60)
    told.failure = NO
    told.device.report(Availability.ONLINE)
    await until(lambda: not told.device.commands.pending)
    problem = "Device answered 4.03"
    assert told.log == [
        "sent: {'b': 'y', 'a': 2}",
        f"b? {problem}",
        "b=x",  # what is shown of it is the same; that it has a problem is new
        f"a? {problem}",
        "a=1",
    ]
    assert states == ["queued", "sent", "rejected"]


async def test_full_queue_is_told_to_the_caller(told: Told) -> None:
    told.device.report(Availability.UNREACHABLE)
    for _ in range(MAX_WAITING):
        await told.device.perform("reset", keep=60)
    with pytest.raises(OutboxFullError):
        await told.device.change({"a": 2}, keep=60)
    assert told.log == []


@pytest.mark.parametrize(
    ("own", "log"), [(False, ["hot? Device cannot be reached: gone"]), (True, ["own"])]
)
async def test_failed_alert_is_told_to_its_own_handler_or_the_device(
    told: Told, *, own: bool, log: list[str]
) -> None:
    told.failure = GONE
    handler = (lambda _alert, _error: told.log.append("own")) if own else None
    with pytest.raises(UnreachableError):
        await told.device.alert("hot", handler).raise_()
    assert told.log == log


# §2.5: actions


@pytest.mark.parametrize(
    ("name", "arguments", "done"),
    [
        pytest.param("reset", {}, "reset {}", id="no argument"),
        pytest.param("move", {"x": 1}, "move {'x': 1, 'mode': 'slow'}", id="default"),
        pytest.param(
            "move",
            {"mode": "fast", "x": 1},
            "move {'x': 1, 'mode': 'fast'}",
            id="arguments in the order of the model",
        ),
    ],
)
async def test_action_is_told_once_it_was_done(
    told: Told, name: str, arguments: Mapping[str, object], done: str
) -> None:
    """DEVIATION: there are no callbacks for single actions: it is told which it was."""
    await told.device.call(name, arguments)
    assert told.log == [f"sent: {name}", f"done: {done}"]


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("jump", {}, UnknownElementError),
        ("move", {}, ValueRefusedError),
        ("move", {"x": 6}, ValueRefusedError),
        ("move", {"x": "far"}, ValueRefusedError),
        ("reset", {"x": 1}, UnknownElementError),
    ],
)
async def test_action_that_does_not_fit_is_neither_sent_nor_told(
    told: Told,
    name: str,
    arguments: Mapping[str, object],
    error: type[DeviceModelsError],
) -> None:
    with pytest.raises(error):
        await told.device.call(name, arguments)
    assert told.log == []


async def test_refused_action_is_not_told_as_done(told: Told) -> None:
    told.failure = NO
    with pytest.raises(RejectedError):
        await told.device.call("reset")
    assert told.log == ["sent: reset"]


async def test_fault_of_a_listener_to_actions_stops_nobody(told: Told) -> None:
    """DEVIATION: there that is a 400; here the device has done it already."""

    def fail(*_: object) -> None:
        raise RuntimeError("no luck")

    told.device.on_call(fail)
    told.device.on_call(lambda *_: told.log.append("last"))
    told.result = 5
    assert await told.device.call("reset") == 5
    assert told.log == ["sent: reset", "done: reset {}", "last"]
