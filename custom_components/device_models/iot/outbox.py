"""What waits for a device that is not always there: values to set, actions to do.

Each is a command with an id of its own. It is handed out whenever the device asks,
until the device reports the value, says that it is done, or its time is over: a device
that loses an answer, or its memory, loses nothing by it.

Plain data, without a clock or a timer of its own: who keeps an outbox says what time it
is, and could store what waits and begin with it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import secrets
from typing import Final

from .errors import OutboxFullError
from .model import Action
from .values import Scalar, same

MAX_WAITING: Final = 64
"""Commands; a device that is told more at a time has not been there for long."""

MAX_CHARACTERS: Final = 16 * 1024
"""Of all texts that wait, so that a small device can be given them."""

FIRST_ID: Final = 2**31
"""Ids stay below: they fit into a signed integer of 32 bits."""

LAST_BEGIN: Final = 2**30
"""Ids begin below, so that they grow for as long as anybody will see."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that waits for the device: a value to set, or an action to do."""

    id: int
    at: float
    """Seconds since 1970: when it was given."""
    until: float
    """Seconds since 1970: when it is of no use any more."""
    name: str
    """Of the attribute, or of the action."""
    value: Scalar | None = None
    """To set; None for an action."""
    arguments: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        """How long the texts in it are."""
        texts = (self.value, *self.arguments.values())
        return sum(len(text) for text in texts if isinstance(text, str))

    def age(self, now: float) -> int:
        """Return for how many whole seconds it has waited; a clock may be set back."""
        return max(0, int(now - self.at))


class Outbox:
    """The commands of one device, in the order in which they were given."""

    def __init__(
        self,
        name: str,
        keep: float,
        waiting: Iterable[Command] = (),
        next_id: int | None = None,
    ) -> None:
        """Begin with what waits already.

        Args:
            name: the device, for errors.
            keep: for how many seconds a command is of use.
            waiting: what was stored, in its order.
            next_id: where ids go on, that of an earlier outbox. Without one they begin
                anywhere: a device which is late to confirm what it was given before a
                restart confirms nothing else, and takes nothing new for done.

        """
        self._name = name
        self._keep = keep
        self._waiting = {command.id: command for command in waiting}
        self._next = secrets.randbelow(LAST_BEGIN) if next_id is None else next_id

    def __len__(self) -> int:
        """Return how many commands wait."""
        return len(self._waiting)

    @property
    def waiting(self) -> tuple[Command, ...]:
        """What waits, in order."""
        return tuple(self._waiting.values())

    @property
    def next_id(self) -> int:
        """The id of the next command."""
        return self._next

    @property
    def expires(self) -> float | None:
        """When the next command is of no use any more; None if nothing waits."""
        return min((one.until for one in self._waiting.values()), default=None)

    def put(self, values: Mapping[str, Scalar], now: float) -> None:
        """Have values wait, each in place of one that waits for the same attribute.

        Raises:
            OutboxFullError: too much would wait.

        """
        commands = [
            Command(self._new_id(), now, now + self._keep, name, value)
            for name, value in values.items()
        ]
        replaced = {
            one.id
            for one in self._waiting.values()
            if one.value is not None and one.name in values
        }
        self._add(commands, replaced)

    def call(self, action: Action, arguments: Mapping[str, Scalar], now: float) -> None:
        """Have an action wait.

        Raises:
            OutboxFullError: too much would wait.

        """
        until = now + self._keep
        command = Command(
            self._new_id(), now, until, action.name, arguments=dict(arguments)
        )
        self._add([command], set())

    def see(self, values: Mapping[str, Scalar]) -> bool:
        """Take away what waits to be set and is reported by the device.

        Returns whether there was any.
        """
        shown = [
            one.id
            for one in self._waiting.values()
            if one.value is not None
            and one.name in values
            and same(values[one.name], one.value)
        ]
        for number in shown:
            del self._waiting[number]
        return bool(shown)

    def take(self, number: int) -> Command | None:
        """Take a command away by its id; None if there is no such, or no longer."""
        return self._waiting.pop(number, None)

    def expire(self, now: float) -> list[Command]:
        """Take away, and return, what is of no use any more."""
        over = [one for one in self._waiting.values() if one.until <= now]
        for one in over:
            del self._waiting[one.id]
        return over

    def _new_id(self) -> int:
        """Return an id that no command had."""
        number = self._next
        while number in self._waiting:
            number = (number + 1) % FIRST_ID
        self._next = (number + 1) % FIRST_ID
        return number

    def _add(self, commands: list[Command], replaced: set[int]) -> None:
        """Add commands in place of others."""
        kept = [one for one in self._waiting.values() if one.id not in replaced]
        kept += commands
        characters = sum(one.characters for one in kept)
        if len(kept) > MAX_WAITING or characters > MAX_CHARACTERS:
            raise OutboxFullError(name=self._name, number=str(len(self._waiting)))
        self._waiting = {one.id: one for one in kept}
