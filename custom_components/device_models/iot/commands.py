"""The commands of one device: given, kept until the device is there, and delivered.

What can go at once goes at once, and who gave it is told what became of it. What has to
wait is stored first, and then goes in its order, one at a time, when the device is
there. Commands that a device fetches itself only wait here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Set as AbstractSet
from dataclasses import replace
import logging
import time
from typing import Final, Unpack
from uuid import uuid4

from .command import (
    Command,
    CommandOptions,
    CommandState,
    Reliability,
    back_off,
    state_after,
)
from .delivery import DAY
from .errors import (
    BusyError,
    DeviceModelsError,
    NotConfirmedError,
    NotSentError,
    NotStoredError,
    PartlyWrittenError,
    UnknownIdError,
    UnreachableError,
)
from .ledger import Ledger, not_in_time
from .outbox import Outbox
from .sending import Commanded, WayOut, send
from .state import AWAY, Certainty
from .values import JsonValue, Scalar

_LOGGER = logging.getLogger(__name__)

ENDED: Final = "who gave it did not wait: it is not known if it was done"
GONE: Final = "it is not looked after any more"
FAULT: Final = "a fault on this side, which the log tells"

RETRIED: Final = (BusyError, NotConfirmedError, UnreachableError)
"""What may go better another time; everything else is a no for good."""


class Commands:
    """The commands of one device, and what becomes of them."""

    def __init__(self, device: Commanded, way: WayOut) -> None:
        """Begin without any."""
        self._device = device
        self._way = way
        self._delivery = device.binding.delivery
        self._ledger = Ledger(device, fetched=way.fetched)
        self._outcomes: dict[str, asyncio.Future[Command]] = {}
        """Of commands for whose delivery somebody waits."""
        self._task: asyncio.Task[None] | None = None
        self._pause: tuple[int, asyncio.Event] | None = None
        """How urgent that is which waits between two tries, and what ends the wait."""
        self._ended = False
        self._sending: set[str] = set()
        """Commands whose givers wait while they are sent."""
        self._deaf = [
            device.on_availability(self.wake),
            *(() if way.fetched else (device.on_change(self._changed),)),
            self._ledger.told.add(self._told),
        ]

    # What is known

    @property
    def pending(self) -> tuple[Command, ...]:
        """The commands that are not over, in order."""
        return self._ledger.outbox.pending

    @property
    def outbox(self) -> Outbox:
        """The commands as plain data, to be stored."""
        return self._ledger.outbox

    @property
    def problems(self) -> Mapping[str, str]:
        """Why the last commands for attributes, or actions, came to nothing."""
        return self._ledger.problems

    @property
    def away(self) -> bool:
        """Whether the device does not listen now, as far as is known."""
        if self._way.fetched or self._device.availability in AWAY:
            return True
        heard, awake = self._device.last_heard, self._delivery.awake
        if awake is None:
            return False
        return heard is None or time.monotonic() - heard > awake

    @property
    def keep(self) -> float:
        """For how many seconds a command waits that says nothing of it."""
        if self._way.fetched:
            return self._delivery.keep or DAY
        return self._delivery.keep or 0.0

    def waiting_for(self, names: AbstractSet[str]) -> Iterator[tuple[str, Command]]:
        """Yield the attributes among some for which a new value waits, and where.

        What is on its way does not wait: it is over in a moment.
        """
        for command in self.pending:
            sent = command.state is CommandState.SENT and not self._way.fetched
            for name in names & command.left.keys() if not sent else ():
                yield name, command

    def on_command(self, callback: Callable[[Command], None]) -> Callable[[], None]:
        """Call back with each command whose state has changed."""
        return self._ledger.told.add(callback)

    # From this side

    async def give(
        self,
        *,
        values: Mapping[str, Scalar] | None = None,
        action: str = "",
        arguments: Mapping[str, Scalar] | None = None,
        **options: Unpack[CommandOptions],
    ) -> Command:
        """Tell the device something that was validated.

        Args:
            values: to be set together.
            action: to be done.
            arguments: of the action.
            options: whether it may wait, how often it is tried …

        Returns:
            The command as it is then: over, or waiting for the device.

        Raises:
            CommunicationError: the device did not take it, or too much waits.

        """
        outbox = self._ledger.outbox
        if not values and not action:
            return Command(token="", id=0, at=0, until=0).ended(CommandState.CONFIRMED)
        key, keep = options.get("key"), options.get("keep")
        reliability = options.get("reliability")
        if self._ended:
            raise NotSentError(address=self._device.name, reason=GONE)
        if self._way.fetched:
            await self._check(values or {}, action, arguments or {})
        if key is not None and (known := outbox.get(key)) is not None:
            known.check()
            return known
        if keep is None or self._way.fetched:
            sure = reliability is Reliability.GUARANTEED_DELIVERY
            keep = keep or self.keep or (DAY if sure else 0.0)
        now = time.time()
        command = Command(
            token=key or uuid4().hex,
            id=outbox.new_id(),
            at=now,
            until=now + keep,
            values=values or {},
            action=action,
            arguments=arguments or {},
            reliability=reliability,
            keyed=key is not None,
        )
        if command.waits and (self.away or outbox.waiting):
            return await self._let_wait(command)
        return await self._send_now(command)

    def cancel(self, token: str) -> Command:
        """Take a command back that is not over, and not on its way.

        Raises:
            UnknownIdError: there is no such command.

        """
        waiting = self._ledger.outbox.waiting
        command = next((one for one in waiting if one.token == token), None)
        if command is None:
            raise UnknownIdError(id=token)
        self._ledger.end(over := command.ended(CommandState.CANCELLED))
        return over

    async def over(self, token: str) -> Command:
        """Wait until a command is over; who waits sees to it that it is not for ever.

        Raises:
            UnknownIdError: there is no such command, or it is forgotten.

        """
        command = self._ledger.outbox.get(token)
        if command is None:
            raise UnknownIdError(id=token)
        if command.over:
            return command
        done: asyncio.Future[Command] = asyncio.get_running_loop().create_future()

        def follow(changed: Command) -> None:
            if changed.token == token and changed.over and not done.done():
                done.set_result(changed)

        deaf = self.on_command(follow)
        try:
            return await done
        finally:
            deaf()

    # From the device

    def hand_out(self) -> tuple[Command, ...]:
        """Return what waits, to a device that has fetched it."""
        for command in self._ledger.outbox.waiting:
            if command.state is CommandState.QUEUED:
                sent = replace(command, state=CommandState.SENT, tries=1)
                self._ledger.note(sent)
        return self._ledger.outbox.waiting

    def see(self, values: Mapping[str, Scalar]) -> int:
        """Take what the device shows; returns how many commands are over by it."""
        return self._ledger.see(values)

    def settle(
        self,
        command: Command,
        state: CommandState,
        *,
        error: DeviceModelsError | None = None,
        result: JsonValue = None,
    ) -> None:
        """Take the last word on a command, from who knows it."""
        over = command.ended(state, str(error or ""), result)
        self._ledger.end(over, error or "")

    def wake(self, *, after: DeviceModelsError | None = None) -> None:
        """Deliver what waits, as the device may be there now.

        Args:
            after: what a try has just failed with; the next one is made later.

        """
        if self._ended or self._task is not None or self.away:
            return
        if self._ledger.outbox.waiting:
            deliver = self._deliver(after)
            self._task = asyncio.create_task(deliver, name="deliver commands")

    # Keeping

    def keep_in(self, stored: Outbox, save: Callable[[], Awaitable[None]]) -> None:
        """Go on with what was stored, and have stored what waits from now on."""
        self._ledger.keep_in(stored, save)
        self.wake()

    async def end(self) -> None:
        """Stop delivering; what waits is stored, if it is to outlive this."""
        self._ended = True
        for stop_listening in self._deaf:
            stop_listening()
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait((task,))
        self._release()  # the task may not even have begun
        await self._ledger.close()

    # Delivering

    async def _check(
        self,
        values: Mapping[str, Scalar],
        action: str,
        arguments: Mapping[str, Scalar],
    ) -> None:
        """See whether a device that fetches its commands can be told one.

        Raises:
            InvalidInputError: it cannot.

        """
        if action:
            await self._way.call(self._device.model.action(action), arguments)
        else:
            await self._way.write(values)

    async def _let_wait(self, command: Command) -> Command:
        """Store a command that waits; if the device is there, wait for its turn.

        Raises:
            CommunicationError: it cannot be stored, or the device did not take it.

        """
        self._ledger.put(command)
        try:
            await self._ledger.saved(command)
        except NotStoredError as err:
            self._ledger.end(command.ended(CommandState.FAILED, str(err)))
            raise
        known = self._ledger.outbox.get(command.token)
        if self.away or self._ended or known is None or known.over:
            return known or command
        if self._pause is not None:
            rank, urgent = self._pause
            if _urgency(command) <= rank:
                return known
            urgent.set()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Command] = loop.create_future()
        self._outcomes[command.token] = outcome
        self.wake()
        try:
            return await outcome
        finally:
            del self._outcomes[command.token]

    async def _send_now(self, command: Command) -> Command:
        """Send a command while its giver waits.

        Raises:
            CommunicationError: the device did not take it.

        """
        command = replace(command, state=CommandState.SENT)
        self._ledger.put(command)
        self._sending.add(command.token)
        try:
            while True:
                try:
                    return await self._try(command)
                except DeviceModelsError as err:
                    again = self._again(command, err)
                    if again is None:
                        raise
                    if again.over:
                        return again
                    if again.waits:
                        await self._ledger.saved(again)
                        self.wake(after=err)
                        return self._ledger.outbox.get(again.token) or again
                    await asyncio.sleep(_pause(again, err))
                    command = self._up_to_date(again)
                    if command.over:
                        return command
        except asyncio.CancelledError:
            self._leave(command.token)
            raise
        except Exception:
            self._fail(command.token, FAULT)
            raise
        finally:
            self._sending.discard(command.token)

    def _leave(self, token: str) -> None:
        """Go on without who gave a command, if it may wait, and be done twice."""
        known = self._ledger.outbox.get(token)
        if known is None or not (known.waits and self._ledger.is_idempotent(known)):
            self._fail(token, ENDED)
        elif not known.over:
            self._up_to_date(replace(known, state=CommandState.QUEUED))
            self.wake()

    def _fail(self, token: str, reason: str) -> None:
        """Note that a command has failed, if there was no last word on it yet."""
        known = self._ledger.outbox.get(token)
        if known is not None and not known.over:
            self._ledger.end(known.ended(CommandState.FAILED, reason))

    async def _deliver(self, after: DeviceModelsError | None) -> None:
        """Send what waits, one by one, for as long as the device is there."""
        try:
            while not self.away and (waiting := self._ledger.outbox.waiting):
                command = waiting[0]
                if after is not None:
                    await self._between(command, after)
                    after = None
                    continue
                try:
                    await self._try(command)
                except DeviceModelsError as err:
                    if self._again(command, err) is not None:
                        after = err
                except Exception:  # of whatever kind: the next one still has its turn
                    _LOGGER.exception("%s: a command failed", self._device.name)
                    self._ledger.end(command.ended(CommandState.FAILED, FAULT), FAULT)
        finally:
            self._task = None
            self._release()

    async def _between(self, command: Command, error: DeviceModelsError) -> None:
        """Wait until the next try, or until something more urgent comes."""
        self._release()
        urgent = asyncio.Event()
        self._pause = _urgency(command), urgent
        try:
            async with asyncio.timeout(_pause(command, error)):
                await urgent.wait()
        except TimeoutError:
            pass
        finally:
            self._pause = None

    def _release(self) -> None:
        """Have nobody wait any more for what waits itself."""
        for token, outcome in self._outcomes.items():
            command = self._ledger.outbox.get(token)
            if command is not None and not outcome.done():
                outcome.set_result(command)

    async def _try(self, command: Command) -> Command:
        """Send a command once.

        Raises:
            DeviceModelsError: it was not delivered, or not confirmed.

        """
        sent = replace(
            command, state=CommandState.SENT, tries=command.tries + 1, reason=""
        )
        self._ledger.note(sent)
        if not self._ledger.is_idempotent(sent):
            await self._ledger.saved(sent)
        over = await send(sent, self._device, self._way, self._ledger.note)
        self._ledger.end(over)
        if over.keyed:
            await self._ledger.saved(over)
        return over

    def _again(self, command: Command, error: DeviceModelsError) -> Command | None:
        """Return a command that is to be tried again; None if that was the last word.

        A try that has found the device away is none.
        """
        known = self._ledger.outbox.get(command.token) or command
        if known.over:
            return None
        tries = known.tries - 1 if self.away and known.waits else known.tries
        cause = error.__cause__ if isinstance(error, PartlyWrittenError) else error
        harmless = isinstance(error, NotSentError) or self._ledger.is_idempotent(known)
        if isinstance(cause, RETRIED) and harmless and tries < self._most_tries(known):
            queued = CommandState.QUEUED
            reason = str(error)
            again = replace(known, state=queued, tries=tries, reason=reason)
            return self._up_to_date(again)
        over = known.ended(state_after(error), str(error))
        outcome = self._outcomes.get(command.token)
        if outcome is not None and not outcome.done():
            outcome.set_exception(error)
        told = outcome is not None or command.token in self._sending
        self._ledger.end(over, "" if told else error)
        return None

    def _up_to_date(self, command: Command) -> Command:
        """Note, and return, what is left to be sent again: nothing older than newer."""
        left = self._ledger.outbox.without_outdated(command)
        if left.over:
            self._ledger.end(left)
        else:
            self._ledger.note(left)
        return left

    def _most_tries(self, command: Command) -> float:
        """Return how often a command is tried; nobody waits for ever meanwhile."""
        if command.reliability is not None:
            most = command.reliability.tries
            return most if command.waits else min(most, Reliability.BEST_EFFORT.tries)
        usual = Reliability.BEST_EFFORT.tries if command.waits else 1
        return self._delivery.tries or usual

    def _told(self, command: Command) -> None:
        """Follow a command for which somebody waits."""
        outcome = self._outcomes.get(command.token)
        if outcome is None or outcome.done() or not command.over:
            return
        if command.state is CommandState.EXPIRED:
            outcome.set_exception(not_in_time(command))
        else:
            outcome.set_result(command)

    def _changed(self, names: AbstractSet[str]) -> None:
        """Look whether the device shows what was sent before."""
        values = self._device.values
        self.see(
            {
                name: values[name].value
                for name in names & values.keys()
                if values[name].certainty is Certainty.LIVE
            }
        )


def _urgency(command: Command) -> int:
    """Return how urgent a command is."""
    return (command.reliability or Reliability.BEST_EFFORT).rank


def _pause(command: Command, error: DeviceModelsError) -> float:
    """Return the seconds until a command is tried again (sheet §6.2)."""
    return back_off(command.tries, busy=not isinstance(error, UnreachableError))
