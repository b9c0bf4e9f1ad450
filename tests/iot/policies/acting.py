"""Policies at work without waiting: time goes on when a test says so."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.policies import Message, Policies, Raised
from custom_components.device_models.iot.values import Scalar

from ..samples import RecordingPort, device_of

START: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOT: Final = "urn:test:hot"
ALERT: Final[dict[str, Any]] = {"urn": HOT, "fields": {"temp": "$(temp)"}}

ATTRIBUTES: Final[list[dict[str, Any]]] = [
    {"name": "temp", "type": "NUMBER", "writable": True},
    {"name": "count", "type": "INTEGER", "writable": True},
    {"name": "on", "type": "BOOLEAN"},
    {"name": "word", "type": "STRING", "writable": True},
    {"name": "double", "alias": "twice", "type": "NUMBER"},
    {"name": "whole", "type": "INTEGER", "range": "-10,10"},
]
FORMATS: Final[list[dict[str, Any]]] = [
    {
        "name": "hot",
        "urn": HOT,
        "value": {
            "fields": [
                {"name": "temp", "type": "NUMBER", "optional": True},
                {"name": "level", "type": "INTEGER", "optional": True},
                {"name": "text", "type": "STRING", "optional": True},
                {"name": "is", "type": "BOOLEAN", "optional": True},
            ]
        },
    },
    {
        "name": "damp",
        "urn": "urn:test:damp",
        "clear": {"condition": "$(temp) < 20"},
        "value": {"fields": []},
    },
    {"name": "log", "urn": "urn:test:log", "type": "DATA", "value": {"fields": []}},
]
ACTIONS: Final[list[dict[str, Any]]] = [
    {"name": "reset"},
    {
        "name": "move",
        "arguments": [
            {"name": "x", "type": "INTEGER"},
            {"name": "mode", "type": "STRING", "defaultValue": "slow"},
        ],
    },
]


class Timer:
    """Something that happens when time has gone on."""

    def __init__(self, at: float, callback: Callable[[], object]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        timer = Timer(self.seconds + delay, callback)
        self._timers.append(timer)
        return timer

    @property
    def waiting(self) -> int:
        """How many timers run."""
        return len([timer for timer in self._timers if not timer.cancelled])

    def advance(self, seconds: float) -> None:
        """Let time go on; what is due happens at its moment."""
        end = self.seconds + seconds
        while due := [
            one for one in self._timers if not one.cancelled and one.at <= end + 1e-9
        ]:
            timer = min(due, key=lambda one: one.at)
            self._timers.remove(timer)
            self.seconds = max(self.seconds, timer.at)
            timer.callback()
        self.seconds = end


def function(name: str, **parameters: Any) -> dict[str, Any]:
    """Return a function as a policy has it."""
    return {"id": name, "parameters": parameters}


def pipeline(*functions: dict[str, Any], of: str | None = "temp") -> dict[str, Any]:
    """Return a pipeline of an attribute; of all messages if that is None."""
    said: dict[str, Any] = {"pipeline": list(functions)}
    return said if of is None else {"attributeName": of, **said}


def document(*pipelines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a model with a policy."""
    policy = {"id": "POL", "lastModified": 0, "pipelines": list(pipelines)} | more
    return {
        "urn": "urn:test",
        "name": "Test",
        "attributes": ATTRIBUTES,
        "formats": FORMATS,
        "actions": ACTIONS,
        "policies": [policy] if pipelines else [],
    }


class Workbench:
    """A device whose policies are at work, and what comes of it."""

    def __init__(
        self, *pipelines: dict[str, Any], chance: Callable[[], float] = lambda: 0.5
    ) -> None:
        self.clock = HandClock()
        self.port = RecordingPort()
        self.device: VirtualDevice = device_of(document(), self.port)
        self.problems: list[tuple[str, str]] = []
        self.device.on_problem(lambda *told: self.problems.append(told))
        self.later: list[Message] = []
        """What was delivered by itself."""
        policies = load_document(document(*pipelines), "test").model.policies
        assert len(policies[0].pipelines) == len(pipelines)
        self.policies = Policies(
            policies,
            self.device,
            self.later.append,
            clock=self.clock,
            chance=chance,
            now=self.clock.now,
        )

    def say(self, **values: Scalar) -> dict[str, Scalar]:
        """Have values come; returns what goes on at once, which is shown."""
        passed = self.policies.take(values, self.clock.now())
        self.device.receive(passed)
        return passed

    def all(self, name: str, *values: Scalar, every: float = 0) -> list[Scalar]:
        """Have values of an attribute come; returns those that go on at once."""
        passed: list[Scalar] = []
        for value in values:
            passed += self.say(**{name: value}).values()
            self.clock.advance(every)
        return passed

    def emitted(self) -> list[tuple[float, Mapping[str, Scalar]]]:
        """Return what came by itself: when, in seconds, and the values."""
        start = START.timestamp()
        return [
            (round(one.at.timestamp() - start, 6), one.values)
            for one in self.later
            if one.alert is None
        ]

    def figures(self, name: str = "temp") -> list[tuple[float, Scalar]]:
        """Return the values of one attribute that came by themselves."""
        return [(at, values[name]) for at, values in self.emitted() if name in values]

    def alerts(self) -> list[Raised]:
        """Return the alerts that were raised."""
        return [one.alert for one in self.later if one.alert is not None]
