"""One try to deliver a command: sent, answered, and shown by the device."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol

from .binding import Binding
from .command import Command, CommandState, back_off
from .errors import (
    CommunicationError,
    DeviceModelsError,
    NotConfirmedError,
    NotOfferedError,
)
from .model import Action, DeviceModel
from .state import Availability, Certainty, Reading
from .values import JsonValue, Scalar, same

CONFIRM_TIMEOUT: Final = 5.0
"""Seconds that a device has to show what it has taken, if nobody has said."""


class Commanded(Protocol):
    """What the commands of a device know of it."""

    name: str
    model: DeviceModel
    binding: Binding
    availability: Availability
    last_heard: float | None

    @property
    def values(self) -> Mapping[str, Reading]:
        """Everything that is known now, by attribute."""

    def said(self, name: str) -> Scalar | None:
        """Return what was heard last of an attribute, shown or not."""

    def receive(
        self,
        values: Mapping[str, object],
        *,
        certainty: Certainty = Certainty.LIVE,
        heard: bool = True,
        was_set: bool = False,
    ) -> frozenset[str]:
        """Take values."""

    def put_back(self, readings: Mapping[str, Reading | None]) -> None:
        """Have values be what they were."""

    def drop(self, name: str, error: DeviceModelsError) -> None:
        """Tell of something that did not go well."""

    def on_change(
        self, callback: Callable[[frozenset[str]], None]
    ) -> Callable[[], None]:
        """Call back with the names of changed attributes."""

    def on_availability(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the availability has changed."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """How one device is reached."""

    fetched: bool
    """Whether the device fetches what it is told: nothing is sent then."""

    write: Callable[[Mapping[str, Scalar]], Awaitable[Certainty | None]]
    """Sends values; returns how sure they are then, None if nothing is known yet."""
    call: Callable[[Action, Mapping[str, Scalar]], Awaitable[JsonValue]]
    """Has the device do something; returns what it answered."""
    read: Callable[[AbstractSet[str]], Awaitable[object]]
    """Has values received."""


async def send(
    command: Command,
    device: Commanded,
    way: WayOut,
    note: Callable[[Command], None],
) -> Command:
    """Return a command as it is when it was delivered.

    Args:
        command: what is sent.
        device: whose it is.
        way: how it is reached.
        note: told when the device has taken the command, and has yet to show it.

    Raises:
        DeviceModelsError: it was not delivered, or not confirmed.

    """
    if command.action:
        action = device.model.action(command.action)
        result = await way.call(action, command.arguments)
        return command.ended(CommandState.ACKNOWLEDGED, result=result)
    shows = {
        name: shown
        for name in command.values
        if (shown := device.binding.delivery.shown(name))
    }
    certainty = await way.write(command.values)
    told = {name: it for name, it in command.values.items() if name not in shows}
    if told and certainty is not None:
        heard = certainty is Certainty.LIVE
        device.receive(told, certainty=certainty, heard=heard, was_set=True)
    if shows:
        note(replace(command, state=CommandState.ACKNOWLEDGED))
        await _shown(command, shows, device, way.read)
        device.receive({name: command.values[name] for name in shows}, was_set=True)
    if told and certainty is not Certainty.LIVE:
        return command.ended(CommandState.ACKNOWLEDGED)
    return command.ended(CommandState.CONFIRMED)


async def _shown(
    command: Command,
    shows: Mapping[str, str],
    device: Commanded,
    read: Callable[[AbstractSet[str]], Awaitable[object]],
) -> None:
    """Wait until the device shows what it was told.

    It is asked from time to time, where that can be, in case it does not tell.

    Raises:
        NotConfirmedError: it has not in time.

    """
    changed = asyncio.Event()

    def is_shown(name: str) -> bool:
        reading, said = device.values.get(shows[name]), device.said(shows[name])
        if said is None or (reading and reading.certainty is not Certainty.LIVE):
            return False
        return same(said, command.values[name])

    def missing() -> list[str]:
        return [name for name in shows if not is_shown(name)]

    async def ask() -> None:
        tries = 0
        while True:
            tries += 1
            await asyncio.sleep(back_off(tries, busy=True))
            with suppress(CommunicationError, NotOfferedError):
                await read(frozenset(shows.values()))
            changed.set()

    timeout = device.binding.delivery.timeout or CONFIRM_TIMEOUT
    deaf = device.on_change(lambda _names: changed.set())
    asking = asyncio.create_task(ask(), name="ask for what was set")
    try:
        async with asyncio.timeout(timeout):
            while missing():
                changed.clear()
                await changed.wait()
    except TimeoutError as err:
        raise NotConfirmedError(
            name=", ".join(missing()), seconds=f"{timeout:g}"
        ) from err
    finally:
        deaf()
        asking.cancel()
        await asyncio.wait((asking,))
