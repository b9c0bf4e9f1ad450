"""The alerts of one device: which it raised, what holds of them, and who is told.

The one way in for alerts, wherever they come from. What the wire says again is known
again here: the same message twice, what a broker or a resource has kept, what a device
repeats until it is heard.

Plain data, without a timer of its own: who keeps it says when time is over, and may
store what is known and begin with it again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
import json
from typing import Final

from .alert import Alert, AlertState, Source
from .alert_rules import ALL, DEFAULT_WINDOW, AlertRules
from .errors import DeviceModelsError, UnknownElementError, ValueRefusedError
from .formula import Formula
from .listeners import Listeners
from .model import DeviceModel, Field, Format, FormatType, Severity
from .redaction import is_secret
from .values import Scalar

MAX_REMEMBERED: Final = 256
"""Alerts of one device that are known again; of more, the oldest are forgotten."""

MAX_TEXT: Final = 500
"""Characters of a field that is shown."""

MAX_TEXTS: Final = 8_000
"""Characters of all fields of an alert that are shown: Home Assistant records no more
than 16 KiB with a state."""


class Alerts:
    """The alerts of one device."""

    def __init__(
        self,
        model: DeviceModel,
        rules: AlertRules,
        drop: Callable[[str, DeviceModelsError], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Know of none.

        Args:
            model: whose formats they are of.
            rules: how they are treated.
            drop: told what cannot be used of them.
            clock: says what time it is, in UTC.

        """
        self._model = model
        self._rules = rules
        self._drop = drop
        self._clock = clock
        self._states = {
            shape.name: AlertState()
            for shape in model.formats
            if shape.type is FormatType.ALERT
        }
        self._ends: dict[str, list[str]] = {}
        """By the names of formats, those whose alerts they end."""
        for shape in model.formats:
            if shape.clear and shape.clear.format:
                ending = model.format(shape.clear.format).name
                self._ends.setdefault(ending, []).append(shape.name)
        self._conditions = {
            shape.name: Formula.parse(shape.clear.condition)
            for shape in model.formats
            if shape.clear and shape.clear.condition
        }
        """By the names of formats, what is true once their alerts are over."""
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._runs: OrderedDict[tuple[str, str], tuple[datetime, int]] = OrderedDict()
        """By format and fields, when the same alert began to come, and how often."""
        self._kept: dict[str, datetime | None] = {}
        """The formats of which something was kept that was not known, with its time."""
        self._secret = {leaf.name for leaf in model.leaves.values() if leaf.sensitive}
        self._by_format = {shape.name: Listeners[[Alert]]() for shape in model.formats}
        self._by_alert = Listeners[[Alert]]()
        self._by_state = Listeners[[str]]()

    @property
    def states(self) -> Mapping[str, AlertState]:
        """What holds of the alerts, by the names of their formats."""
        return self._states

    @property
    def names(self) -> AbstractSet[str]:
        """The names of all formats."""
        return self._by_format.keys()

    @property
    def remembered(self) -> tuple[str, ...]:
        """What messages are known again by, the oldest first; no value is in it."""
        return tuple(self._seen)

    def restore(
        self, states: Mapping[str, AlertState], remembered: Iterable[str]
    ) -> None:
        """Begin with what was known before; what the model no longer has is not.

        Of a format whose end nothing shows any more, it is not known whether it is.
        """
        for name, state in states.items():
            if name in self._states:
                ends = self._model.format(name).clear is not None
                active = state.active if ends else None
                self._states[name] = replace(state, active=active)
        for mark in remembered:
            _put(self._seen, mark, None)

    # Listening

    def on_alert(
        self, name: str, callback: Callable[[Alert], None]
    ) -> Callable[[], None]:
        """Call back for each message of a format; ``*``: of any, after those.

        Raises:
            UnknownElementError: the model has no such format.

        """
        if name == ALL:
            return self._by_alert.add(callback)
        return self._by_format[self._model.format(name).name].add(callback)

    def on_state(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with the name of a format when what holds of it has changed."""
        return self._by_state.add(callback)

    # The way in

    def receive(
        self,
        name: str,
        fields: Mapping[str, object],
        *,
        at: datetime | None = None,
        severity: Severity | None = None,
        source: Source = Source.DEVICE,
        kept: bool = False,
    ) -> bool:
        """Take an alert or data message; see ``VirtualDevice.receive_alert``.

        Returns whether it could be used: a message of an unknown format, or without a
        usable value of a required field (sheet §2.4), is dropped and counted. Of an
        optional field only the value is.
        """
        accepted: dict[str, Scalar] = {}
        try:
            shape = self._model.format(name)
            for item in shape.fields:
                try:
                    accepted |= self._value(item, fields)
                except ValueRefusedError as err:
                    if not item.optional:
                        raise
                    self._drop(name, err)
        except DeviceModelsError as err:
            self._drop(name, err)
            return False
        now = self._clock()
        if shape.type is FormatType.ALERT:
            severity = severity or shape.severity
        else:
            severity = None
        alert = Alert(shape, accepted, min(at or now, now), severity, source)
        self._take(alert, at, kept=kept)
        return True

    def _value(self, item: Field, fields: Mapping[str, object]) -> dict[str, Scalar]:
        """Return the value of a field in a message, or nothing if it may be missing.

        Raises:
            ValueRefusedError: it does not fit, or a required one is missing; that of a
                secret one is not told.

        """
        if (value := fields.get(item.name)) is None:
            if item.optional:
                return {}
            raise ValueRefusedError(name=item.name, problem="is missing")
        try:
            return {item.name: item.validate(value)}
        except ValueRefusedError:
            if not self._is_secret(item.name):
                raise
        raise ValueRefusedError(name=item.name, problem="the value does not fit")

    def _take(self, alert: Alert, moment: datetime | None, *, kept: bool) -> None:
        """Take an alert: tell of it, unless it was told of before.

        Args:
            alert: the alert.
            moment: its time, if the wire says one.
            kept: whether it is from before.

        """
        name, fields = alert.format.name, alert.fields
        before = self._is_known(_mark(fields, name))
        dated = any(isinstance(value, datetime) for value in fields.values())
        if moment is None:
            again = before and dated
        else:
            again = self._is_known(_mark(fields, name, moment.isoformat()))
        if again or (kept and (before or name not in self._states)):
            return  # of DATA, what was kept is no news
        if kept:
            self._keep(alert, moment)
        else:
            self.raised(alert)

    def expect(self, alert: Alert) -> None:
        """Know an alert, which this side is about to send, should it come back."""
        name, fields = alert.format.name, alert.fields
        self._is_known(_mark(fields, name))
        self._is_known(_mark(fields, name, alert.at.isoformat()))

    def raised(self, alert: Alert) -> None:
        """Note an alert that is news, and tell who listens."""
        name = alert.format.name
        if name not in self._states:  # DATA
            self._tell(alert)
            return
        count = self._repeats(alert)
        self._kept.pop(name, None)
        self._raise(alert, count)
        if count == 1:
            self._tell(alert)
        self._by_state.notify(name)
        for other in self._ends.get(name, ()):
            self._kept.pop(other, None)
            self._end(other, alert.at)

    def _tell(self, alert: Alert) -> None:
        """Tell who listens: to its format first (sheet §2.3), then to all."""
        self._by_format[alert.format.name].notify(alert)
        self._by_alert.notify(alert)

    def _is_known(self, mark: str) -> bool:
        """Whether a message was here before; from now on it was."""
        known = mark in self._seen
        _put(self._seen, mark, None)
        return known

    def _repeats(self, alert: Alert) -> int:
        """Return how often the same alert has come within its window, this one too."""
        name, now = alert.format.name, self._clock()
        rule = self._rules.of(name)
        told = {key: it for key, it in alert.fields.items() if key not in rule.ignore}
        mark = name, _mark(told, alert.severity or "")
        window = DEFAULT_WINDOW if rule.window is None else rule.window
        begun, count = self._runs.get(mark, (now, 0))
        # A clock that was set back ends the window, too.
        if not count or not timedelta(0) <= now - begun < timedelta(seconds=window):
            begun, count = now, 0
        _put(self._runs, mark, (begun, count + 1))
        return count + 1

    # What holds

    def _raise(
        self,
        alert: Alert,
        repeats: int = 1,
        *,
        active: bool | None = True,
        begun: datetime | None = None,
    ) -> None:
        """Note an alert; who listens to what holds is told by the caller.

        Args:
            alert: the alert.
            repeats: how often the same has come within its window.
            active: whether it holds, as far as the format says when it does not.
            begun: when its time begins; now, if it is not of before.

        """
        name, clear = alert.format.name, alert.format.clear
        state = self._states[name]
        begins = repeats == 1 if clear is None else state.active is not True
        worse = (
            alert.severity is not None
            and state.severity is not None
            and alert.severity.rank > state.severity.rank
        )
        until = None
        if clear is not None and clear.after is not None:
            until = (begun or self._clock()) + timedelta(seconds=clear.after)
        self._states[name] = AlertState(
            active=active if clear else None,
            since=alert.at if begins else state.since,
            last=alert.at,
            count=repeats if clear is None else 1 if begins else state.count + 1,
            severity=alert.severity,
            source=alert.source,
            fields=self.shown(alert),
            acknowledged=None if begins or worse else state.acknowledged,
            until=until,
        )

    def _keep(self, alert: Alert, moment: datetime | None) -> None:
        """Note an alert that was kept from before, and was not known.

        Of one that ends another one, both of which were kept, the later counts; if no
        times say which that is, nothing is known.
        """
        name, clear = alert.format.name, alert.format.clear
        self._kept[name] = moment
        active: bool | None = True
        if clear is not None and clear.format:
            ending = self._model.format(clear.format).name
            if ending in self._kept:
                active = _is_later(moment, self._kept[ending])
        self._raise(alert, active=active, begun=moment)
        self._by_state.notify(name)
        for other in self._ends.get(name, ()):
            ends: bool | None = True
            if other in self._kept:
                ends = _is_later(moment, self._kept[other])
            if ends is None:
                self._set(other, replace(self._states[other], active=None))
            elif ends:
                self._end(other, alert.at)

    def _end(self, name: str, at: datetime) -> None:
        """Take it that what an alert told of is over; the same again is another one."""
        for key in [key for key in self._runs if key[0] == name]:
            del self._runs[key]
        state = self._states[name]
        if state.active is not False:
            over = replace(state, active=False, since=at, acknowledged=None, until=None)
            self._set(name, over)

    def _set(self, name: str, state: AlertState) -> None:
        """Note what holds now, and tell who listens to that."""
        if state != self._states[name]:
            self._states[name] = state
            self._by_state.notify(name)

    @property
    def expires(self) -> datetime | None:
        """When time is over for the next alert; None if it is for none."""
        return min((it.until for it in self._states.values() if it.until), default=None)

    def expire(self) -> None:
        """Take it that those are over for which time is."""
        now = self._clock()
        for name, state in tuple(self._states.items()):
            if state.until is not None and state.until <= now:
                self._end(name, state.until)

    def see(
        self, names: AbstractSet[str], values: Callable[[str], Scalar | None]
    ) -> None:
        """Look whether alerts are over by what the device says now.

        A condition about a value that is not known says nothing.

        Args:
            names: the attributes of a message, whether they have changed or not.
            values: gives the value of an attribute, None where none is known.

        """
        for name, condition in self._conditions.items():
            about = {self._model.attribute(one).name for one in condition.names}
            if self._states[name].active is False or not about & names:
                continue
            if all(values(one) is not None for one in about) and condition.holds(
                lambda one: values(self._model.attribute(one).name)
            ):
                self._end(name, self._clock())

    def listen(self, *, online: bool) -> None:
        """Note that the device can be reached, or cannot.

        An alert that would be over by itself is over, too, if it was not raised for as
        long as that while the device could be heard.
        """
        for name, state in tuple(self._states.items()):
            clear = self._model.format(name).clear
            if clear is None or clear.after is None or state.active is not None:
                continue
            until = self._clock() + timedelta(seconds=clear.after) if online else None
            self._set(name, replace(state, until=until))

    def acknowledge(self, name: str | None = None) -> frozenset[str]:
        """Note that somebody knows of an alert, or of all; they stay active.

        Returns the formats of those that nobody had acknowledged.

        Raises:
            UnknownElementError: the model has no such alert.

        """
        names = self._states.keys() if name is None else {self.alert(name).name}
        known = frozenset(one for one in names if self._states[one].pending)
        for one in known:
            self._set(one, replace(self._states[one], acknowledged=self._clock()))
        return known

    def alert(self, name: str, kind: FormatType = FormatType.ALERT) -> Format:
        """Return the format of a name or URN that is for alerts, or for data.

        Raises:
            UnknownElementError: the model has none, or it is for the other.

        """
        shape = self._model.format(name)
        if shape.type is not kind:
            raise UnknownElementError(kind=f"{kind} format", name=name)
        return shape

    def public(self, alert: Alert) -> dict[str, Scalar]:
        """Return the fields of an alert that are no secrets."""
        return {
            name: value
            for name, value in alert.fields.items()
            if not self._is_secret(name)
        }

    def _is_secret(self, name: str) -> bool:
        """Whether nobody is to be shown a field."""
        return name in self._secret or is_secret(name)

    def shown(self, alert: Alert) -> dict[str, Scalar]:
        """Return the fields of an alert that may be shown, their texts bounded."""
        shown: dict[str, Scalar] = {}
        left = MAX_TEXTS
        for name, value in self.public(alert).items():
            if isinstance(value, str):
                most = min(MAX_TEXT, left)
                if len(value) > most:
                    value = f"{value[:most]}…"  # noqa: PLW2901
                left -= min(len(value), left)
            shown[name] = value
        return shown


def _is_later(one: datetime | None, other: datetime | None) -> bool | None:
    """Whether one time is the later; None if one of them is not known."""
    return None if one is None or other is None else one >= other


def _put[K, V](remembered: OrderedDict[K, V], key: K, value: V) -> None:
    """Remember something, in place of the oldest if it is too much."""
    remembered[key] = value
    remembered.move_to_end(key)
    if len(remembered) > MAX_REMEMBERED:
        remembered.popitem(last=False)


def _mark(fields: Mapping[str, Scalar], *more: str) -> str:
    """Return what fields are known again by: nothing of them can be read in it."""
    told = [*more, *sorted((name, repr(value)) for name, value in fields.items())]
    return sha256(json.dumps(told).encode()).hexdigest()[:32]
