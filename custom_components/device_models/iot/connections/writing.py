"""What is written to one device: one message at a time, and the newest value wins."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from ..codecs import compose
from ..device import Certainty, VirtualDevice
from ..errors import CommunicationError, PartlyWrittenError
from ..values import Scalar
from .messages import fellow_members
from .resources import Writing
from .templates import filled

type Read = Callable[[VirtualDevice, AbstractSet[str]], Awaitable[object]]
"""Asks for values of a device, so that it has received them."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to a resource so that it takes some values."""

    path: str
    payload: bytes
    shared: Mapping[str, Scalar]
    """What other attributes are then, which are the same value."""


async def message_of(
    writing: Writing[Any],
    values: Mapping[str, Scalar],
    device: VirtualDevice,
    read: Read,
) -> Message:
    """Return the message with some values; those go with them that have to.

    Raises:
        CommunicationError: as ``read`` does, of values that are needed, too.

    """
    fellows = fellow_members(device.model, values.keys())
    if writing.whole:
        fellows |= writing.names
    sharing = writing.sharing(values.keys())
    fellows = (fellows & writing.names) - values.keys() - sharing.keys()
    leaves = device.model.leaves
    unknown = {name for name in fellows - device.values.keys() if leaves[name].readable}
    if unknown:
        await read(device, unknown)
    sent = {
        name: device.values[name].value for name in fellows & device.values.keys()
    } | {**values}
    path, named = filled(writing.path, sent)
    slots = [slot for slot in writing.slots if slot.element.name not in named]
    payload = writing.spoken.encode(compose(slots, sent)) if slots or not named else b""
    return Message(path, payload, {name: values[as_] for name, as_ in sharing.items()})


type WriteParts = Callable[
    [Mapping[str, Scalar], dict[str, Scalar]], Awaitable[Certainty]
]
"""Sends values, message by message, and notes those that the device has taken."""


async def write_in_parts(
    device: VirtualDevice, values: Mapping[str, Scalar], write: WriteParts
) -> Certainty:
    """Have values written that may take several messages.

    Raises:
        PartlyWrittenError: the device took some of them; those are shown.
        CommunicationError: it took none.

    """
    done: dict[str, Scalar] = {}
    try:
        return await write(values, done)
    except CommunicationError as err:
        if not done:
            raise
        device.receive(done, was_set=True)
        rest = values.keys() - done.keys()
        raise PartlyWrittenError(done=done, rest=rest, reason=str(err)) from err


@dataclass(slots=True)
class _Waiting:
    """Values that wait for their turn, and how many wait for them to be written."""

    values: dict[str, Scalar]
    callers: int = 0
    task: asyncio.Task[Certainty] = field(init=False)


class WriteQueue:
    """The writes of one device, in order.

    While one is under way, values for the same attributes replace those that wait: a
    slider that is drawn sends where it is, and not where it was. Who waited for the
    replaced ones is told what became of the newest.
    """

    def __init__(
        self, send: Callable[[Mapping[str, Scalar]], Awaitable[Certainty]]
    ) -> None:
        """Take what sends values."""
        self._send = send
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting] = []

    async def write(self, values: Mapping[str, Scalar]) -> Certainty:
        """Send values when it is their turn.

        Raises:
            CommunicationError: as ``send`` does.

        """
        one = self._replaceable(values.keys())
        if one is None:
            one = _Waiting(dict(values))
            self._waiting.append(one)
            one.task = asyncio.create_task(self._run(one), name="write")
            # Perhaps nobody waits for it any more.
            one.task.add_done_callback(lambda it: it.cancelled() or it.exception())
        else:
            one.values.update(values)
        one.callers += 1
        try:
            return await asyncio.shield(one.task)
        finally:
            one.callers -= 1
            if not one.callers:
                one.task.cancel()

    def _replaceable(self, names: AbstractSet[str]) -> _Waiting | None:
        """Return what waits with the same attributes, and nothing of them behind it."""
        for one in reversed(self._waiting):
            if one.values.keys() == names:
                return one
            if one.values.keys() & names:
                break
        return None

    async def _run(self, one: _Waiting) -> Certainty:
        """Wait for the turn of some values, and send them."""
        try:
            await self._turn.acquire()
        finally:
            self._waiting.remove(one)
        try:
            return await self._send(one.values)
        finally:
            self._turn.release()
