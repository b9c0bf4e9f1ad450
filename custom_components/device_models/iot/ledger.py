"""What becomes of the commands of one device: noted, told, stored, and shown."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
import logging
import time
from typing import Final

from .command import TAKEN, Command, CommandState
from .errors import DeviceModelsError, NotFetchedError, NotStoredError
from .listeners import Listeners
from .outbox import Outbox
from .saving import Saving
from .sending import Commanded
from .state import Certainty, Reading
from .values import Scalar

_LOGGER = logging.getLogger(__name__)

UNSURE: Final = "it was being sent when this side ended: it is not known if it was done"

LONGEST_TIMER: Final = 86_400.0
"""Seconds; a clock that is put forward is noticed by then."""


class Ledger:
    """The outbox of a device, and who is told of what changes in it."""

    def __init__(self, device: Commanded, *, fetched: bool) -> None:
        """Begin with nothing.

        Args:
            device: whose commands they are.
            fetched: whether it fetches them itself.

        """
        self.outbox = Outbox(device.name, fetched=fetched)
        self.problems: dict[str, str] = {}
        """Why the last command for an attribute, or an action, came to nothing."""
        self.told = Listeners[[Command]]()
        """Who is told of each command whose state has changed."""
        self._device = device
        self._before: dict[str, Reading | None] = {}
        """What was known of attributes before their new values were assumed."""
        self._saving: Saving | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False

    # Keeping

    def keep_in(self, stored: Outbox, save: Callable[[], Awaitable[None]]) -> None:
        """Go on with what was stored, and have stored what waits from now on.

        What was on its way is tried again where that does no harm, else it has failed.
        What a device has fetched, it knows again.
        """
        self._saving = Saving(save)
        known = stored.fetched and self.outbox.fetched
        stored.fetched = self.outbox.fetched
        self.outbox = stored
        for command in stored.pending:
            if not command.waits:
                self.end(command.ended(CommandState.FAILED, UNSURE), UNSURE)
            elif command.state is CommandState.QUEUED or known:
                self.assume(command)
            elif self.is_idempotent(command):
                self.note(replace(command, state=CommandState.QUEUED))
                self.assume(command)
            else:
                self.end(command.ended(CommandState.FAILED, UNSURE), UNSURE)
        self.expire()

    async def saved(self, command: Command) -> None:
        """Wait until a command is stored, if it is one that has to be.

        Raises:
            NotStoredError: it cannot be.

        """
        if self._saving is None or not command.stored:
            return
        try:
            await self._saving.now()
        except Exception as err:
            raise NotStoredError(name=command.name, reason=str(err)) from err

    async def close(self) -> None:
        """Wait until all is stored; whoever goes on with it does so from there.

        Nothing is assumed, stored or taken away here any more.
        """
        self._closed = True
        saving, self._saving = self._saving, None
        self._watch()
        self._put_back(self._before)
        self._before = {}
        if saving is not None:
            await saving.settled()

    def is_idempotent(self, command: Command) -> bool:
        """Whether a command may be done twice."""
        return not command.action or any(
            one.idempotent
            for one in self._device.model.actions
            if one.name == command.action
        )

    # Noting

    def put(self, command: Command) -> None:
        """Take a new command; it takes the place of others for the same attributes.

        Raises:
            OutboxFullError: too much would wait.

        """
        changed = self.outbox.put(command)
        self.assume(command)
        for name in (*command.values, command.action):
            self.problems.pop(name, None)
        for other in changed:
            self._settled(other)
        self._tell(command)

    def note(self, command: Command) -> None:
        """Take how far a command has come."""
        known = self.outbox.get(command.token)
        self.outbox.note(command)
        if known is None or known.state is not command.state:
            self._tell(command)

    def end(self, command: Command, error: DeviceModelsError | str = "") -> None:
        """Take the last word on a command.

        Args:
            command: as it is then.
            error: to be told to people, as nobody waits for it any more.

        """
        self.outbox.note(command)
        if error:
            for name in command.left or (command.action,):
                self.problems[name] = str(error)
                if isinstance(error, DeviceModelsError):
                    self._device.drop(name, error)
        self._settled(command)

    def see(self, values: Mapping[str, Scalar]) -> int:
        """Take what the device shows; returns how many commands are over by it."""
        shown_by = self._device.binding.delivery.shown_by
        seen = {
            name: values[by]
            for name in self._device.model.leaves
            if (by := shown_by.get(name, name)) in values
        }
        changed = self.outbox.see(seen)
        for command in changed:
            self._settled(command)
        return sum(command.over for command in changed)

    def expire(self) -> None:
        """Take away what is of no use any more, now and when it is time."""
        for command in self.outbox.expire(time.time()):
            error = not_in_time(command)
            self.end(replace(command, reason=str(error)), error)
        self._watch()

    def _watch(self) -> None:
        """Look again when the next command is of no use any more."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if not self._closed and (expires := self.outbox.expires) is not None:
            delay = min(max(0.0, expires - time.time()), LONGEST_TIMER)
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(delay, self.expire)

    def _settled(self, command: Command) -> None:
        """Follow a command of which something, or all, is over."""
        if command.over and command.state is not CommandState.SUPERSEDED:
            self._take_back(command)
        self._tell(command)

    def _tell(self, command: Command) -> None:
        """Tell of a command, and have it stored."""
        if self._saving is not None and command.stored:
            self._saving.soon()
        self._watch()
        self.told.notify(command)

    # Assuming

    def assume(self, command: Command) -> None:
        """Show what a command sets, if that is wanted."""
        if self._device.binding.delivery.assume:
            for name in command.values:
                self._before.setdefault(name, self._device.values.get(name))
            self._device.receive(
                command.values, certainty=Certainty.ASSUMED, heard=False, was_set=True
            )

    def _take_back(self, command: Command) -> None:
        """Show what was known before, unless the device has said something since."""
        over = command.state in TAKEN
        others = (one for one in self.outbox.pending if one.token != command.token)
        wanted = set() if over else {name for one in others for name in one.left}
        before = {
            name: self._before.pop(name)
            for name in command.values
            if name in self._before and name not in wanted
        }
        if not over:
            self._put_back(before)

    def _put_back(self, before: Mapping[str, Reading | None]) -> None:
        """Show what was known before, where what is shown is only assumed."""
        values = self._device.values
        self._device.put_back(
            {
                name: reading
                for name, reading in before.items()
                if (now := values.get(name)) is not None
                and now.certainty is Certainty.ASSUMED
            }
        )


def not_in_time(command: Command) -> NotFetchedError:
    """Return what is to be told of a command that has waited for too long."""
    seconds = f"{round(command.until - command.at, 3):g}"
    return NotFetchedError(name=command.name, seconds=seconds)
