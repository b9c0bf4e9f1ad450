"""A simulated device of any model: what it measures, takes, does and reports."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
import math
from random import Random
from typing import Final

from custom_components.device_models.iot.errors import (
    UnknownElementError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import (
    Action,
    Attribute,
    DeviceModel,
    Field,
    FormatType,
    Severity,
    Typed,
)
from custom_components.device_models.iot.values import DataType, JsonValue, Scalar

from .effects import effects
from .motion import Motion, Pull, motion_of
from .plausible import is_total, plausible
from .ties import ACTIVITY, main_switch, targets

ALERTS_EVERY: Final = 180.0
"""Mean seconds between two messages of one format."""

TICK: Final = 1.0
"""Seconds between two moves of a device that lives by itself."""

USED: Final = 0.7
"""How often a message carries one of its optional fields."""

_SEVERITIES: Final = {
    Severity.LOW: 2,
    Severity.NORMAL: 4,
    Severity.SIGNIFICANT: 3,
    Severity.CRITICAL: 1,
}
"""How often each comes, in proportion."""


class ReadOnlyError(Exception):
    """Somebody tried to write an attribute that cannot be written."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an action, as the device took it."""

    action: str
    arguments: Mapping[str, Scalar]
    at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """One message that the device sends by itself; ``severity`` is None for DATA."""

    format: str
    severity: Severity | None
    fields: Mapping[str, JsonValue]
    at: datetime

    @property
    def content(self) -> dict[str, JsonValue]:
        """The message as one flat object."""
        if self.severity is None:
            return dict(self.fields)
        return {**self.fields, "severity": self.severity.value}


class SimulatedDevice:
    """A device of a model, without any wire.

    Time passes when ``tick`` is called; a simulator does so by itself.
    """

    def __init__(
        self,
        model: DeviceModel,
        *,
        seed: int = 0,
        alerts_every: float = ALERTS_EVERY,
        iso_times: bool = False,
        answers: bool = False,
        first: Mapping[str, object] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Build the device; ``alerts_every`` 0 leaves alerts to ``fire``.

        With ``iso_times`` it says times as ISO 8601 texts (RFC 3339), otherwise as
        milliseconds since 1970; it takes them in the same way. With ``answers`` it
        makes up the results of actions, where the model says that there are some.
        ``first`` are values that it begins with.
        """
        self.model = model
        self.calls: list[Call] = []
        """Every call since the beginning, the newest last."""
        self.results: dict[str, JsonValue] = {}
        """What actions answer, by name; the others answer nothing."""
        self.values: dict[str, Scalar] = {}
        """The value of every attribute, members of objects by their dotted names."""
        self.alerts: dict[str, Alert] = {}
        """The last message of each format."""
        self._seed = seed
        self._alerts_every = alerts_every
        self._iso_times = iso_times
        self._answers = answers
        self._first = dict(first or {})
        self._clock = clock
        self._on_change: list[Callable[[frozenset[str]], None]] = []
        self._on_alert: list[Callable[[Alert], None]] = []
        self._targets = targets(model)
        self._switch = main_switch(model)
        self.reset()

    def reset(self) -> None:
        """Forget every value, as a device does that lost its power; tells nobody."""
        now = self._clock()
        self._rng = Random(self._seed)
        self._motions: dict[str, Motion] = {
            leaf.name: motion_of(leaf, self._rng, now, settable=leaf.writable)
            for leaf in self.model.leaves.values()
        }
        for name, value in self._first.items():
            leaf = self.model.leaves.get(name)
            # What is given may be of another version of the device.
            with suppress(ValueRefusedError):
                if leaf is not None:
                    taken = leaf.validate(self._understood(leaf, value))
                    self._motions[name].jump(taken)
        self.values = {name: motion.value for name, motion in self._motions.items()}
        self.alerts = {}

    # What happens

    def tick(self, seconds: float) -> frozenset[str]:
        """Let time pass; returns the names of the attributes that changed."""
        now = self._clock()
        moved = {
            name: motion.step(seconds, now, self._pull(name))
            for name, motion in self._motions.items()
        }
        changed = self._take(moved)
        if self._alerts_every > 0:
            likely = -math.expm1(-seconds / self._alerts_every)
            for shape in self.model.formats:
                if self._rng.random() < likely:
                    self.fire(shape.name)
        return changed

    async def run(self, *, speed: float = 1.0) -> None:
        """Tick once a second for ever; ``speed`` 10 lets ten seconds pass in one."""
        while True:
            await asyncio.sleep(TICK)
            self.tick(TICK * speed)

    def fire(
        self,
        name: str,
        *,
        severity: Severity | None = None,
        fields: Mapping[str, JsonValue] | None = None,
    ) -> Alert:
        """Send a message of a format; fields that are not given are made up.

        Raises:
            UnknownElementError: the model has no such format.

        """
        shape = self.model.format(name)
        now = self._clock()
        if shape.type is FormatType.DATA:
            severity = None
        elif severity is None:
            choices, weights = list(_SEVERITIES), list(_SEVERITIES.values())
            severity = self._rng.choices(choices, weights)[0]
        made_up = {
            item.name: self._field(item, now)
            for item in shape.fields
            if not item.optional or self._rng.random() < USED
        }
        alert = Alert(
            format=shape.name,
            severity=severity,
            fields=made_up | dict(fields or {}),
            at=now,
        )
        self.alerts[shape.name] = alert
        for listener in list(self._on_alert):
            listener(alert)
        return alert

    # What it is asked

    def state(self) -> dict[str, JsonValue]:
        """Return every readable attribute as JSON; objects are nested."""
        return {
            attribute.name: self.read(attribute.name)
            for attribute in self.model.attributes
            if attribute.readable
        }

    def read(self, name: str) -> JsonValue:
        """Return one attribute as JSON.

        Raises:
            UnknownElementError: the model has no such attribute.

        """
        return self._read(self._attribute(name), name)

    def write(self, values: Mapping[str, object]) -> None:
        """Take values from outside: all of them, or none.

        Raises:
            UnknownElementError: an attribute that the model does not have.
            ReadOnlyError: one that cannot be written.
            ValueRefusedError: a value that does not fit.

        """
        accepted: dict[str, Scalar] = {}
        for name, value in values.items():
            accepted |= self._accept(self._attribute(name), name, value)
        self.put(accepted)

    def call(self, name: str, arguments: Mapping[str, object]) -> JsonValue:
        """Do an action and return its result, None for nothing.

        Raises:
            UnknownElementError: no such action, or no such argument.
            ValueRefusedError: an argument is missing or does not fit.

        """
        action = self.model.action(name)
        times = {argument.name: argument for argument in action.arguments}
        told = {
            key: self._understood(times[key], value) if key in times else value
            for key, value in arguments.items()
        }
        complete = action.validate(told)
        now = self._clock()
        self.calls.append(Call(action.name, complete, now))
        self.put(effects(self.model, self.values, action, complete, now))
        return self._result(action, now)

    def put(self, values: Mapping[str, Scalar]) -> None:
        """Set attributes from inside, read-only ones too, by their dotted names."""
        for name, value in values.items():
            self._motions[name].jump(value)
        self._take(values)

    # Who listens

    def on_change(
        self, listener: Callable[[frozenset[str]], None]
    ) -> Callable[[], None]:
        """Tell a listener the dotted names of what changed; returns how to stop it."""
        self._on_change.append(listener)
        return lambda: self._on_change.remove(listener)

    def on_alert(self, listener: Callable[[Alert], None]) -> Callable[[], None]:
        """Tell a listener of every message sent; returns how to stop it."""
        self._on_alert.append(listener)
        return lambda: self._on_alert.remove(listener)

    # Within

    def _result(self, action: Action, now: datetime) -> JsonValue:
        """Return what an action answers; the only value by itself."""
        if action.name in self.results or not self._answers:
            return self.results.get(action.name)
        made_up = {item.name: self._field(item, now) for item in action.results}
        return made_up.get("value") if made_up.keys() <= {"value"} else dict(made_up)

    def _field(self, item: Field, now: datetime) -> JsonValue:
        """Return the value of a field: that of the attribute of its name, if any."""
        leaf = self.model.leaves.get(item.name)
        if leaf is not None and leaf.type is item.type:
            return self._said(self.values[item.name])
        return self._said(plausible(item, self._rng, now))

    def _attribute(self, name: str) -> Attribute:
        """Return an attribute as the model lists it: objects whole."""
        for attribute in self.model.attributes:
            if attribute.name == name:
                return attribute
        raise UnknownElementError(kind="attribute", name=name)

    def _read(self, attribute: Attribute, path: str) -> JsonValue:
        """Return an attribute or a member as JSON."""
        if attribute.type is not DataType.OBJECT:
            return self._said(self.values[path])
        return {
            member.name: self._read(member, f"{path}.{member.name}")
            for member in attribute.members
            if member.readable
        }

    def _accept(
        self, attribute: Attribute, path: str, value: object
    ) -> dict[str, Scalar]:
        """Return the values of one written attribute; members may be left out."""
        if attribute.type is not DataType.OBJECT:
            leaf = self.model.leaves[path]
            if not leaf.writable:
                raise ReadOnlyError(f"{path} is read-only")
            return {path: leaf.validate(self._understood(leaf, value))}
        if not isinstance(value, Mapping):
            raise ValueRefusedError(name=path, problem="expected an object")
        members = {member.name: member for member in attribute.members}
        accepted: dict[str, Scalar] = {}
        for name, inner in value.items():
            if name not in members:
                raise UnknownElementError(kind="attribute", name=f"{path}.{name}"[:80])
            accepted |= self._accept(members[name], f"{path}.{name}", inner)
        return accepted

    def _said(self, value: Scalar) -> JsonValue:
        """Return a value as the device says it."""
        if not isinstance(value, datetime):
            return value
        if self._iso_times:
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return round(value.timestamp() * 1000)

    def _understood(self, leaf: Typed, value: object) -> object:
        """Return a value that was told, times as what they are."""
        if not (self._iso_times and leaf.type is DataType.DATETIME):
            return value
        try:
            return datetime.fromisoformat(str(value))
        except ValueError as err:
            raise ValueRefusedError(name=leaf.name, problem=str(err)) from err

    def _take(self, values: Mapping[str, Scalar]) -> frozenset[str]:
        """Make values the current ones and tell who listens."""
        changed = frozenset(
            name for name, value in values.items() if self.values[name] != value
        )
        self.values |= values
        if changed:
            for listener in list(self._on_change):
                listener(changed)
        return changed

    def _pull(self, name: str) -> Pull | None:
        """Return where a number is drawn to."""
        idle = self._switch is not None and self.values[self._switch.name] is False
        if idle:
            leaf = self.model.leaves[name]
            if leaf.unit in ACTIVITY or is_total(leaf):
                return Pull(0.0, idle=True)
        target = self.values.get(self._targets.get(name, ""))
        return Pull(float(target)) if isinstance(target, int | float) else None
