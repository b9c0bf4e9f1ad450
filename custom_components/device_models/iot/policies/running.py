"""The policies of one device at work on what comes in, or goes out."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Set as AbstractSet
from datetime import UTC, datetime
import logging
import random
from typing import Final, NamedTuple

from ..errors import DeviceModelsError, TooManyError
from ..formula import Formula
from ..model import Pipeline, Policy, PolicyFunction
from ..reading import Element
from ..values import Scalar
from .batches import Cost
from .functions import GATES, Change, Making, privacy_policy
from .message import Clock, Host, Message, Raised, Setting, Timer, fitted
from .whole import WholeMessages
from .windows import FIGURES, Window

_LOGGER = logging.getLogger(__name__)

MAX_CALLS: Final = 10
"""Actions that the conditions of one device may have under way at a time."""


class LoopClock:
    """The clock of the event loop that runs when it is asked."""

    def time(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Have something called after a number of seconds."""
        return asyncio.get_running_loop().call_later(delay, callback)


class _Computed(NamedTuple):
    """An attribute whose value is computed from others."""

    attribute: str
    formula: Formula
    any_of: bool
    """Whether it is computed whenever one of them comes, not only when all do."""
    about: AbstractSet[str]
    """The attributes that it waits for."""
    place: int
    """Of the function behind it, in the attribute's pipeline."""

    def is_due(self, names: AbstractSet[str]) -> bool:
        """Whether it is computed now that values of some attributes have come."""
        if self.any_of:
            return not self.about.isdisjoint(names)
        return bool(self.about) and self.about <= names


class Policies:
    """What the policies of a device make of values and alerts.

    Attribute by attribute the functions of a pipeline are gone through in order: one
    that keeps or drops the value ends it. Then other attributes are computed, and last
    the functions for whole messages see what is left. What comes later, of windows and
    batches, is delivered.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        host: Host,
        deliver: Callable[[Message], None],
        *,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the policies that are enabled.

        Args:
            policies: read and checked by ``formats.oracle.policies``.
            host: the device that they are of.
            deliver: takes what comes later.
            clock: keeps the time; the event loop if left out.
            chance: gives a number from 0 to below 1.
            now: tells the time of day.

        """
        self._host = host
        self._deliver = deliver
        self._now = now
        self._setting = Setting(
            host, clock or LoopClock(), self._raise, self._act, chance, now
        )
        self._stages: dict[str, list[Change]] = {}
        self._computed: list[_Computed] = []
        self._windows: list[Window] = []
        self._whole = WholeMessages(self._setting, deliver)
        self._calls: set[asyncio.Task[None]] = set()
        for pipeline in _pipelines(policies):
            if pipeline.attribute is None:
                self._whole.add(pipeline.functions[0])
                continue
            stages = self._stages.setdefault(pipeline.attribute, [])
            for function in pipeline.functions:
                stages.append(self._stage(pipeline.attribute, function, len(stages)))

    @property
    def needs(self) -> AbstractSet[str]:
        """The attributes that formulas take values of."""
        return self._setting.needs

    def take(
        self, values: Mapping[str, Scalar], at: datetime, *, whole: bool = True
    ) -> dict[str, Scalar]:
        """Return what is left of values that come, with what is computed from them.

        Args:
            values: validated, by the names of attributes.
            at: the time that they are of.
            whole: false for values that were set: they skip the policies, and only
                what is computed from them is added (sheet §1.8).

        """
        passed = dict(values)
        if whole:
            message = Message(values, at)
            for name in values:
                if name not in self._stages:
                    continue
                value = self._run(name, values[name], message, 0)
                if value is None:
                    del passed[name]
                else:
                    passed[name] = value
        self._compute(values, passed, at)
        if whole and passed and not self._whole.take(Message(passed, at)):
            return {}
        return passed

    def take_alert(self, alert: Raised, at: datetime) -> bool:
        """Return whether an alert goes on now; otherwise it is held, or dropped."""
        return self._whole.take(Message({}, at, alert))

    def network_costs(self, cost: Cost) -> None:
        """Take what the network costs from now on; at first it costs nothing."""
        self._whole.network_costs(cost)

    def flush(self) -> None:
        """Let come out what windows and batches hold."""
        for window in self._windows:
            window.flush()
        self._whole.flush()

    def close(self) -> None:
        """End everything that was begun; what was not flushed is lost."""
        for window in self._windows:
            window.stop()
        self._whole.stop()
        for call in self._calls:
            call.cancel()

    # Attributes

    def _stage(self, attribute: str, function: PolicyFunction, place: int) -> Change:
        """Return a function of a pipeline, which will be at a place in it."""
        made = Making(Element(function.parameters, ""), self._setting, whole=False)
        if function.id in FIGURES:
            window = Window(
                made.number("window"),
                made.number("slide"),
                FIGURES[function.id],
                lambda figure: self._emit(attribute, figure, place + 1),
                self._setting.clock,
            )
            self._windows.append(window)
            return lambda value, _message: _kept(window, value)
        if function.id == "computedMetric":
            any_of = made.parameters.text("trigger") == "any"
            formula = made.formula("formula")
            about = self._setting.names(formula, current=any_of)
            one = _Computed(attribute, formula, any_of, about, place + 1)
            self._computed.append(one)
            return lambda value, _message: value
        if function.id == "privacyPolicy":
            return privacy_policy(made)
        gate = GATES[function.id](made)
        return lambda value, message: value if gate(value, message) else None

    def _run(
        self, attribute: str, value: Scalar, message: Message, place: int
    ) -> Scalar | None:
        """Return what a pipeline makes of a value from a place on; None for nothing."""
        result: Scalar | None = value
        for stage in self._stages[attribute][place:]:
            if result is None:
                break
            result = stage(result, message)
        return result

    def _emit(self, attribute: str, figure: float, place: int) -> None:
        """Deliver what has come out of a window, a value of now."""
        at = self._now()
        value = self._fitting(attribute, figure)
        if value is None:
            return
        message = Message({attribute: value}, at)
        value = self._run(attribute, value, message, place)
        if value is not None:
            passed = {attribute: value}
            self._compute(passed, passed, at)
            self._send(Message(passed, at))

    def _compute(
        self, values: Mapping[str, Scalar], passed: dict[str, Scalar], at: datetime
    ) -> None:
        """Add what is computed from values that have come."""
        for one in self._computed:
            attribute = one.attribute
            if attribute in values or not one.is_due(passed.keys()):
                continue
            message = Message({**values, **passed}, at)
            if one.any_of and not self._setting.knows(one.formula, message):
                continue
            value = self._setting.evaluate(one.formula, message)
            value = self._fitting(attribute, value)
            if value is not None:
                value = self._run(attribute, value, message, one.place)
            if value is not None:
                passed[attribute] = value

    def _fitting(self, name: str, value: Scalar | None) -> Scalar | None:
        """Return what an attribute holds of a value; None for one that it cannot."""
        attribute = self._host.model.leaves[name]
        fit = fitted(attribute, value)
        if fit is None:
            return None
        try:
            return attribute.validate(fit)
        except DeviceModelsError as err:
            self._host.drop(name, err)
            return None

    def _send(self, message: Message) -> None:
        """Deliver a message that comes by itself, if it goes on now."""
        if self._whole.take(message):
            self._deliver(message)

    def _raise(self, alert: Raised) -> None:
        """Raise an alert of a condition."""
        self._send(Message({}, self._now(), alert))

    # Actions

    def _act(self, name: str, arguments: Mapping[str, object]) -> None:
        """Have the device do something, without waiting for it."""
        if len(self._calls) >= MAX_CALLS:
            self._host.drop(name, TooManyError(limit=str(MAX_CALLS)))
            return
        call = asyncio.get_running_loop().create_task(self._call(name, arguments))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, name: str, arguments: Mapping[str, object]) -> None:
        """Have the device do something; that it could not is told as what it is."""
        try:
            await self._host.call(name, arguments)
        except DeviceModelsError as err:
            self._host.drop(name, err)
        except Exception:  # whatever a connection does, the policies go on
            _LOGGER.exception("Action %s of a policy failed", name)


def _pipelines(policies: Iterable[Policy]) -> Iterator[Pipeline]:
    """Yield the pipelines of the policies that are enabled."""
    for policy in policies:
        if policy.enabled:
            yield from policy.pipelines


def _kept(window: Window, value: Scalar) -> None:
    """Have a window keep a number."""
    if isinstance(value, int | float):
        window.take(value)
