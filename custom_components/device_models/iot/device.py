"""The virtual device: the current, validated picture of one device.

It knows no wire format and no direction. Values come in through ``receive``; what is
to be changed goes out through the ``Port`` it was given.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
import logging
import time
from typing import Final, Protocol, Unpack

from .alert import Alert, Source
from .alert_rules import AlertRules
from .alerts import Alerts
from .binding import Binding
from .command import Command, CommandOptions, CommandState
from .commands import Commands
from .errors import (
    CommunicationError,
    DeviceModelsError,
    InvalidInputError,
    NotOfferedError,
)
from .listeners import Listeners
from .model import Action, DeviceModel, FormatType, Policy, Severity
from .policies import Clock, Cost, Directions, Message, Raised
from .raising import OnError, OutgoingAlert, OutgoingData
from .sending import WayOut
from .state import Availability, Certainty, Reading
from .values import JsonValue, Scalar

__all__ = [
    "Availability",
    "Certainty",
    "Port",
    "Reading",
    "VirtualDevice",
]

_LOGGER = logging.getLogger(__name__)

MAX_PROBLEM: Final = 200
"""Characters."""


class Port(Protocol):
    """The way out of a virtual device; a connection is one."""

    @property
    def fetched(self) -> bool:
        """Whether devices fetch what they are told.

        Then ``write`` and ``call`` only see whether a device can be told something.
        """
        return False

    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        """Send validated values; LIVE says that the device confirmed them.

        None says that nothing is known of them yet: the device goes for them.
        """

    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        """Have the device do something; returns what it answered, if anything."""

    async def read(
        self, device: VirtualDevice, names: AbstractSet[str]
    ) -> float | None:
        """Have the device's present values received."""
        raise NotOfferedError(operation="reading")

    async def publish_alert(self, device: VirtualDevice, alert: Alert) -> None:
        """Tell others of an alert, or of data, as if the device had raised it.

        Raises:
            NotOfferedError: there is no place for it.

        """
        raise NotOfferedError(operation=f"raising {alert.format.name}")


class VirtualDevice:
    """One modelled device: values with time and certainty, transactions, listeners."""

    def __init__(
        self,
        *,
        key: str,
        name: str,
        model: DeviceModel,
        binding: Binding,
        port: Port,
        quiet: bool = False,
        alert_rules: AlertRules | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Start without values: nothing is known until the device was heard.

        A quiet one logs nothing: it is there for a look only. The windows and batches
        of policies are timed by the clock, or else by the event loop.
        """
        self._clock = clock
        self.alerts = Alerts(model, alert_rules or AlertRules(), self.drop)
        self.key = key
        self.name = name
        self.model = model
        self.binding = binding
        self.availability = Availability.UNKNOWN
        self.reason = ""
        """Why it is not available, in the connection's words."""
        self.last_heard: float | None = None
        """``time.monotonic()`` of the last sign of life."""
        self.dropped: Counter[str] = Counter()
        """How often something from the wire was dropped, by cause."""
        self.quiet = quiet
        self._publish = partial(port.publish_alert, self)
        self._problems: dict[str, str] = {}
        self._values: dict[str, Reading] = {}
        self._transaction: dict[str, Scalar] | None = None
        self._offered: set[str] = set()
        """What of it was offered, and not set."""
        self._policies = self._at_work(model.policies)
        self._objects = frozenset(
            ".".join(path[:depth])
            for attribute in model.attributes
            for path, _leaf in attribute.leaves()
            for depth in range(1, len(path))
        )
        self._by_attribute = {name: Listeners[[]]() for name in model.leaves}
        self._by_change = Listeners[[frozenset[str]]]()
        self._by_availability = Listeners[[]]()
        self._by_problem = Listeners[[str, str]]()
        way = WayOut(
            port.fetched,
            partial(port.write, self),
            partial(port.call, self),
            partial(port.read, self),
        )
        self.commands = Commands(self, way)

    # Values

    @property
    def values(self) -> Mapping[str, Reading]:
        """Everything that is known now, by attribute."""
        return self._values

    @property
    def online(self) -> bool:
        """Whether the device can be reached, as far as is known."""
        return self.availability is Availability.ONLINE

    def get(self, name: str) -> Scalar | None:
        """Return the current value, else the model's default (sheet §2.1).

        Raises:
            UnknownElementError: the model has no such attribute.

        """
        attribute = self.model.attribute(name)
        reading = self._values.get(attribute.name)
        return reading.value if reading else attribute.default

    # The way in

    def receive(
        self,
        values: Mapping[str, object],
        at: datetime | None = None,
        *,
        certainty: Certainty = Certainty.LIVE,
        heard: bool = True,
        was_set: bool = False,
    ) -> frozenset[str]:
        """Take values from the wire.

        A value that the model refuses, or that is older than the one it would replace,
        is dropped; the others of the same message are taken. Values of an OBJECT may
        come by their dotted names or as a mapping of members. What the policies of the
        device drop or keep is not shown: ``said`` has it.

        Args:
            values: by attribute name or alias.
            at: the time the values are of; now where the wire does not say. A time in
                the future is a wrong clock, and is taken as now: otherwise no later
                value could replace it.
            certainty: how sure they are.
            heard: whether this is a sign of life; a stored message is none.
            was_set: whether this side has set them: they skip the policies.

        Returns:
            The names of the attributes whose value changed.

        """
        now = datetime.now(UTC)
        at = now if at is None else min(at, now)
        taken: dict[str, Scalar] = {}
        mended: set[str] = set()
        for name, value in self.flattened(values):
            try:
                attribute = self.model.attribute(name)
                accepted = attribute.validate(value)
            except DeviceModelsError as err:
                self.drop(name, err)
                continue
            if attribute.name in self._problems:
                mended.add(attribute.name)
            if not self._is_late(attribute.name, at, now):
                taken[attribute.name] = accepted
        if self._policies is not None and certainty is Certainty.LIVE:
            taken = self._policies.receive(taken, at, was_set=was_set)
        changed = self._put(taken, at, now, certainty)
        if heard:
            self.hear()
        for name in mended:
            self._problems.pop(name, None)
        self._announce(changed)
        for name in mended - changed:
            self._by_attribute[name].notify()
        if certainty is Certainty.LIVE:
            self.alerts.see(taken.keys(), self._known)
        return changed

    def said(self, name: str) -> Scalar | None:
        """Return what was heard last of an attribute, shown or not.

        The policies may have dropped it, or made something else of it; what was written
        is confirmed by it all the same.
        """
        if self._policies is not None and name in self._policies.said:
            return self._policies.said[name]
        return self._known(name)

    def is_alerted(self, name: str) -> bool:
        """Whether an alert of this format was raised, and is not over."""
        state = self.alerts.states.get(name)
        return state is not None and state.active is True

    def use_policies(self, policies: tuple[Policy, ...]) -> None:
        """Treat values by other policies from now on; what is held comes out first."""
        self.end_policies()
        self.model = replace(self.model, policies=policies)
        self._policies = self._at_work(policies)

    def network_costs(self, cost: Cost) -> None:
        """Tell the policies what the network costs that messages go over."""
        if self._policies is not None:
            self._policies.network_costs(cost)

    def flush_policies(self) -> None:
        """Let come out what the policies hold: figures of windows, and batches."""
        if self._policies is not None:
            self._policies.flush()

    def end_policies(self) -> None:
        """Let come out what the policies hold, and end them."""
        self.flush_policies()
        if self._policies is not None:
            self._policies.close()
            self._policies = None

    @property
    def needed(self) -> AbstractSet[str]:
        """The attributes that the policies need the values of."""
        return frozenset() if self._policies is None else self._policies.needs

    def deliver(self, message: Message) -> None:
        """Take what the policies have held until now."""
        if message.alert is None:
            now = datetime.now(UTC)
            self._announce(self._put(message.values, message.at, now))
            self.alerts.see(message.values.keys(), self._known)
            return
        alert = message.alert
        self.alerts.receive(
            alert.name,
            alert.fields,
            at=message.at,
            severity=alert.severity,
            source=Source.CONDITION if alert.by_condition else Source.DEVICE,
        )

    def resume(self, former: VirtualDevice) -> None:
        """Take over what is known of the same device from another picture of it.

        What fits the model here is as it was; policies begin anew.
        """
        for name, reading in former.values.items():
            leaf = self.model.leaves.get(name)
            with suppress(InvalidInputError):
                if leaf is not None and leaf.validate(reading.value) == reading.value:
                    self._values[name] = reading
        self.last_heard = former.last_heard
        self.availability, self.reason = former.availability, former.reason
        self.alerts.listen(online=self.online)

    @property
    def problems(self) -> Mapping[str, str]:
        """Why what came last of attributes could not be used, by their names."""
        return self._problems

    def lose(self, names: AbstractSet[str]) -> None:
        """Forget values that the device no longer gives: they are unknown now."""
        lost = {name for name in names if self._values.pop(name, None) is not None}
        self._announce(lost)

    def put_back(self, readings: Mapping[str, Reading | None]) -> None:
        """Have values be what they were; None if they were unknown."""
        for name, reading in readings.items():
            if reading is None:
                self._values.pop(name, None)
            else:
                self._values[name] = reading
        self._announce(readings.keys())

    def note_content(self, name: str) -> None:
        """Have told that an attribute's content may be another one than before."""
        name = self.model.attribute(name).name
        self.hear()
        self._problems.pop(name, None)
        self._announce({name})

    def receive_alert(
        self,
        name: str,
        fields: Mapping[str, object],
        *,
        at: datetime | None = None,
        severity: Severity | None = None,
        source: Source = Source.DEVICE,
        kept: bool = False,
    ) -> bool:
        """Take an alert or data message.

        Args:
            name: of its format, or the URN of that.
            fields: by name; what the format does not have is passed over.
            at: the time that the wire says it is of. The same fields of the same time
                are the same message, however often they come.
            severity: where the message says it.
            source: who raised it.
            kept: whether it was kept by a broker, or is what a resource had before:
                what it told of may still be, but it is no news and no sign of life.

        Returns:
            Whether it could be used (sheet §2.4).

        """
        if not kept and source is Source.DEVICE:
            self.hear()
            if self._policies is not None and not self._policies.receive_alert(
                Raised(name, fields, severity), at or datetime.now(UTC)
            ):
                return True
        return self.alerts.receive(
            name, fields, at=at, severity=severity, source=source, kept=kept
        )

    def drop(self, name: str, error: DeviceModelsError) -> None:
        """Count something from the wire that cannot be used.

        The first one of each element and kind is logged, and told to the listeners.
        """
        known = name in self._by_attribute or name in self.alerts.names
        cause = f"{name if known else '(other)'}: {error.key}"
        self.dropped[cause] += 1
        if self.dropped[cause] == 1 and not self.quiet:
            _LOGGER.warning(
                "%s: dropped %s; more of this kind are only counted", self.name, error
            )
        self._by_problem.notify(name, str(error))
        problem = str(error)[:MAX_PROBLEM]
        if name in self._by_attribute and self._problems.get(name) != problem:
            self._problems[name] = problem
            self._by_attribute[name].notify()

    # Availability

    def hear(self, ago: float = 0.0) -> None:
        """Note a sign of life. One that was reported offline stays so until revoked.

        Args:
            ago: how many seconds ago it was.

        """
        self.last_heard = time.monotonic() - ago
        if self.availability not in (Availability.ONLINE, Availability.OFFLINE):
            self.report(Availability.ONLINE)
        self.commands.wake()

    def report(self, availability: Availability, reason: str = "") -> None:
        """Take the connection's word on whether the device can be reached.

        Silence is no news of a device that is known to be away.
        """
        if availability is Availability.SILENT and self.availability in (
            Availability.UNREACHABLE,
            Availability.OFFLINE,
        ):
            return
        if availability is not self.availability:
            self.availability, self.reason = availability, reason
            self.alerts.listen(online=self.online)
            self._by_availability.notify()

    # The way out

    async def set(self, name: str, value: object) -> None:
        """Change one attribute, or note the change if a transaction is open.

        Raises:
            InvalidInputError: unknown, not writable, or a value that does not fit.
            CommunicationError: the device did not take it.

        """
        accepted = self.model.changes({name: value})
        if self._transaction is not None:
            self._transaction |= accepted
            self._offered -= accepted.keys()
        else:
            await self.commands.give(values=accepted)

    async def change(
        self, values: Mapping[str, object], **options: Unpack[CommandOptions]
    ) -> Command:
        """Change several attributes in one message, where the connection has such.

        Returns:
            The command: over, or waiting for the device.

        Raises:
            InvalidInputError: one is unknown, not writable, or its value does not fit;
                nothing was sent then. All that is wrong is named.
            PartlyWrittenError: the device took some of them.
            CommunicationError: it took none.

        """
        return await self.commands.give(values=self.model.changes(values), **options)

    async def offer(self, name: str, value: object) -> None:
        """Change one attribute as its policies allow; without policies this is set.

        Raises:
            InvalidInputError: unknown, not writable, or a value that does not fit.
            CommunicationError: the device did not take it.

        """
        if self._policies is None:
            await self.set(name, value)
            return
        accepted = self.model.changes({name: value})
        if self._transaction is not None:
            self._transaction |= accepted
            self._offered |= accepted.keys()
        else:
            await self.write_offered(await self._policies.offer(accepted))

    async def write_offered(self, values: Mapping[str, Scalar]) -> None:
        """Send what the policies have left of offered values.

        Raises:
            CommunicationError: the device did not take it.

        """
        if taken := self._allowed(values):
            await self.commands.give(values=taken)

    def update(self) -> VirtualDevice:
        """Open a transaction: what is set from now on is sent by ``finish``, at once.

        Calling it twice is harmless (sheet §2.1).
        """
        if self._transaction is None:
            self._transaction = {}
        return self

    async def finish(self) -> None:
        """Send everything set since ``update`` together, and close the transaction.

        Without an open transaction, or with nothing in it, nothing happens.

        Raises:
            CommunicationError: the device did not take it.

        """
        values, self._transaction = self._transaction or {}, None
        names, self._offered = self._offered, set()
        if self._policies is not None and names:
            offered = {name: values.pop(name) for name in names}
            values |= self._allowed(await self._policies.offer(offered))
        if values:
            await self.commands.give(values=values)

    async def call(
        self,
        name: str,
        arguments: Mapping[str, object] | None = None,
        **options: Unpack[CommandOptions],
    ) -> JsonValue:
        """Have the device do something; returns what it answered, as far as is known.

        Raises:
            InvalidInputError: unknown action, or arguments that do not fit.
            CommunicationError: the device did not take it.

        """
        return (await self.perform(name, arguments, **options)).result

    async def perform(
        self,
        name: str,
        arguments: Mapping[str, object] | None = None,
        **options: Unpack[CommandOptions],
    ) -> Command:
        """Have the device do something; returns the command, as ``change`` does.

        Raises:
            InvalidInputError: unknown action, or arguments that do not fit.
            CommunicationError: the device did not take it.

        """
        action = self.model.action(name)
        complete = action.validate(arguments or {})
        return await self.commands.give(
            action=action.name, arguments=complete, **options
        )

    def alert(self, name: str, on_error: OnError | None = None) -> OutgoingAlert:
        """Return an alert to be raised for the device (sheet §2.4).

        Args:
            name: of its format, or the URN of that.
            on_error: called if it could not be delivered, in place of ``on_problem``.

        Raises:
            UnknownElementError: the model has no such format of alerts.

        """
        shape = self.alerts.alert(name)
        return OutgoingAlert(shape, self._raise, on_error or self._undelivered)

    def data(self, name: str, on_error: OnError | None = None) -> OutgoingData:
        """Return data to be submitted for the device; see ``alert``."""
        shape = self.alerts.alert(name, FormatType.DATA)
        return OutgoingData(shape, self._raise, on_error or self._undelivered)

    # Listening

    def on_value(self, name: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the attribute's value, or how sure it is, has changed.

        Of one that has a content: when that may be another one.
        """
        return self._by_attribute[self.model.attribute(name).name].add(callback)

    def on_change(
        self, callback: Callable[[frozenset[str]], None]
    ) -> Callable[[], None]:
        """Call back once per message with the names of all changed attributes."""
        return self._by_change.add(callback)

    def on_alert(
        self, name: str, callback: Callable[[Alert], None]
    ) -> Callable[[], None]:
        """Call back for each message of a format; ``*``: of any, after those."""
        return self.alerts.on_alert(name, callback)

    def on_availability(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the availability has changed."""
        return self._by_availability.add(callback)

    def on_call(
        self, callback: Callable[[Action, Mapping[str, Scalar]], None]
    ) -> Callable[[], None]:
        """Call back when an action was carried out."""

        def told(command: Command) -> None:
            if command.action and command.state is CommandState.ACKNOWLEDGED:
                callback(self.model.action(command.action), command.arguments)

        return self.commands.on_command(told)

    def on_problem(self, callback: Callable[[str, str], None]) -> Callable[[], None]:
        """Call back with element and reason when something was dropped."""
        return self._by_problem.add(callback)

    # Inside

    def _at_work(self, policies: tuple[Policy, ...]) -> Directions | None:
        """Return policies at work; None if there are none, or nobody looks."""
        at_work = not self.quiet and any(policy.enabled for policy in policies)
        return Directions(self, policies, self._clock) if at_work else None

    def _is_late(self, name: str, at: datetime, now: datetime) -> bool:
        """Whether a value is older than the one that it would replace.

        Not even a clock that was set back makes what comes now the older.
        """
        current = self._values.get(name)
        return current is not None and at < min(current.at, now)

    def _put(
        self,
        values: Mapping[str, Scalar],
        at: datetime,
        now: datetime,
        certainty: Certainty = Certainty.LIVE,
    ) -> frozenset[str]:
        """Note values; returns the names of those that are others, or surer, now."""
        changed: set[str] = set()
        for name, value in values.items():
            if self._is_late(name, at, now):
                continue
            before = self._values.get(name)
            reading = Reading(value, at, certainty)
            if before is None or (before.value, before.certainty) != (value, certainty):
                changed.add(name)
            self._values[name] = reading
        return frozenset(changed)

    def flattened(self, values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
        """Take mappings apart where the model has an object of that name."""
        for name, value in values.items():
            if isinstance(value, Mapping) and name in self._objects:
                yield from self.flattened(
                    {f"{name}.{member}": inner for member, inner in value.items()}
                )
            else:
                yield name, value

    def _known(self, name: str) -> Scalar | None:
        """Return the value of an attribute, if one is known."""
        reading = self._values.get(name)
        return reading.value if reading else None

    def _announce(self, changed: AbstractSet[str]) -> None:
        """Tell the listeners of what changed, attribute by attribute in model order."""
        if not changed:
            return
        for name in self._by_attribute:
            if name in changed:
                self._by_attribute[name].notify()
        self._by_change.notify(frozenset(changed))

    def _allowed(self, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return those of some values that this side may change."""
        leaves = self.model.leaves
        return {name: it for name, it in values.items() if leaves[name].writable}

    async def _raise(self, alert: Alert) -> None:
        """Have others told of an alert, and then those on this side."""
        self.alerts.expect(alert)
        await self._publish(alert)
        self.alerts.raised(alert)

    def _undelivered(self, alert: Alert, error: CommunicationError) -> None:
        """Tell that an alert could not be delivered (sheet §2.3)."""
        self._by_problem.notify(alert.format.name, str(error))
