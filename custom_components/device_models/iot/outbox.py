"""The commands of one device: those that are not over, and what became of some others.

Each has an id of its own. A device that fetches them is given one again and again until
it reports the value, says that it is done, or its time is over: a device that loses an
answer, or its memory, loses nothing by it.

Plain data, without a clock or a timer of its own: who keeps an outbox says what time it
is, and could store what waits and begin with it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
import secrets
from typing import Final

from .command import Command, CommandState
from .errors import OutboxFullError
from .values import Scalar, same

MAX_WAITING: Final = 64
"""Commands; a device that is told more at a time has not been there for long."""

MAX_CHARACTERS: Final = 16 * 1024
"""Of all texts that wait, so that a small device can be given them."""

MAX_REMEMBERED: Final = 256
"""Commands that are over, and were given with a key."""

REMEMBERED: Final = 86_400.0
"""Seconds, from when they were given; longer, if they might have waited longer."""

FIRST_ID: Final = 2**31
"""Ids stay below: they fit into a signed integer of 32 bits."""

LAST_BEGIN: Final = 2**30
"""Ids begin below, so that they grow for as long as anybody will see."""


class Outbox:
    """The commands of one device, in the order in which they were given."""

    def __init__(
        self,
        name: str,
        commands: Iterable[Command] = (),
        next_id: int | None = None,
        *,
        fetched: bool = False,
    ) -> None:
        """Begin with what was stored.

        Args:
            name: the device, for errors.
            commands: in their order, those that are over too.
            next_id: where ids go on, that of an earlier outbox. Without one they begin
                anywhere: a device which is late to confirm what it was given before a
                restart confirms nothing else, and takes nothing new for done.
            fetched: whether the device fetches them: what it was given still waits.

        """
        self.fetched = fetched
        self._name = name
        self._pending: dict[str, Command] = {}
        self._over: dict[str, Command] = {}
        self._newest: dict[str, str] = {}
        """By attribute, the token of the command that was given last for it."""
        for command in commands:
            (self._over if command.over else self._pending)[command.token] = command
        self._next = secrets.randbelow(LAST_BEGIN) if next_id is None else next_id

    def __len__(self) -> int:
        """Return how many commands are not over."""
        return len(self._pending)

    @property
    def pending(self) -> tuple[Command, ...]:
        """What is not over, in order."""
        return tuple(self._pending.values())

    @property
    def remembered(self) -> tuple[Command, ...]:
        """What is over, and remembered."""
        return tuple(self._over.values())

    @property
    def waiting(self) -> tuple[Command, ...]:
        """What waits for its turn, in order."""
        return tuple(one for one in self._pending.values() if self._waits(one))

    @property
    def next_id(self) -> int:
        """The id of the next command."""
        return self._next

    @property
    def expires(self) -> float | None:
        """When the next command is of no use any more; None if nothing waits."""
        return min((one.until for one in self.waiting), default=None)

    def get(self, token: str) -> Command | None:
        """Return a command, if it is not over or is remembered."""
        return self._pending.get(token) or self._over.get(token)

    def new_id(self) -> int:
        """Return an id that no command had."""
        taken = {one.id for one in self._pending.values()}
        number = self._next
        while number in taken:
            number = (number + 1) % FIRST_ID
        self._next = (number + 1) % FIRST_ID
        return number

    def put(self, command: Command) -> list[Command]:
        """Take a command; its values take the place of those that wait.

        Returns the commands that are other ones by it.

        Raises:
            OutboxFullError: too much would wait.

        """
        changed = {
            one.token: one.without(command.values)
            for one in self.waiting
            if one.values.keys() & command.values.keys()
        }
        pending = {**self._pending, **changed, command.token: command}
        if self._waits(command):
            waiting = [it for it in pending.values() if self._waits(it) and not it.over]
            characters = sum(one.characters for one in waiting)
            if len(waiting) > MAX_WAITING or characters > MAX_CHARACTERS:
                number = str(len(self.waiting))
                raise OutboxFullError(name=self._name, number=number)
        for one in changed.values():
            self.note(one)
        self._pending[command.token] = command
        self._newest |= dict.fromkeys(command.values, command.token)
        return list(changed.values())

    def without_outdated(self, command: Command) -> Command:
        """Return a command that is to be sent again, without what was set since."""
        outdated = {
            name: value
            for name, value in command.values.items()
            if self._newest.get(name, command.token) != command.token
        }
        return command.without(outdated) if outdated else command

    def note(self, command: Command) -> None:
        """Take what has become of a command; one that is over waits no longer."""
        if not command.over:
            self._pending[command.token] = command
            return
        self._pending.pop(command.token, None)
        if command.keyed:
            # Of a result only as much as of a command is kept.
            kept = command if len(str(command.result)) <= MAX_CHARACTERS else None
            self._over[command.token] = kept or replace(command, result=None)
            if len(self._over) > MAX_REMEMBERED:
                del self._over[next(iter(self._over))]

    def see(self, values: Mapping[str, Scalar]) -> list[Command]:
        """Take what the device shows; returns the commands that are others by it.

        What is on its way is answered to who sends it; what was never sent, only a
        device that fetches may have done.
        """
        changed: list[Command] = []
        for one in self._pending.values():
            again = one.tries and one.state is CommandState.QUEUED
            if not (self.fetched or again):
                continue
            shown = {
                name
                for name, value in one.left.items()
                if name in values and same(values[name], value)
            }
            if shown:
                seen = replace(one, shown=one.shown | shown)
                changed.append(
                    seen if seen.left else seen.ended(CommandState.CONFIRMED)
                )
        for one in changed:
            self.note(one)
        return changed

    def expire(self, now: float) -> list[Command]:
        """Take away, and return, what is of no use any more; forget what is old."""
        over = [
            one.ended(CommandState.EXPIRED) for one in self.waiting if one.until <= now
        ]
        for one in over:
            self.note(one)
        for token, one in list(self._over.items()):
            if max(one.until, one.at + REMEMBERED) <= now:
                del self._over[token]
        return over

    def _waits(self, command: Command) -> bool:
        """Whether a command waits for its turn, or the device."""
        state = command.state
        return command.waits and (
            state is CommandState.QUEUED
            or (self.fetched and state is CommandState.SENT)
        )
