"""The policies of a device, for what comes from it and for what goes to it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Set as AbstractSet
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from ..errors import DeviceModelsError, TooManyError
from ..model import Policy
from ..values import Scalar
from .batches import Cost
from .message import Clock, Host, Message, Raised
from .running import Policies

MAX_WRITES: Final = 10
"""Messages of windows and batches that may be on their way to a device at a time."""


class Device(Host, Protocol):
    """The device, as far as its policies know it."""

    def deliver(self, message: Message) -> None:
        """Take what has waited: values of the device, or an alert."""

    async def write_offered(self, values: Mapping[str, Scalar]) -> None:
        """Send values that were offered."""


class Directions:
    """Both directions have the same functions, each with a state of its own."""

    def __init__(
        self,
        device: Device,
        policies: tuple[Policy, ...],
        clock: Clock | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the policies of a device."""
        self._device = device
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self._in = Policies(policies, device, device.deliver, clock=clock, now=now)
        self._out = Policies(policies, device, self._write_later, clock=clock, now=now)
        self.said: dict[str, Scalar] = {}
        """What the device said last, whatever became of it: a command is confirmed by
        a value that is not shown."""

    @property
    def needs(self) -> AbstractSet[str]:
        """The attributes that formulas take values of."""
        return self._in.needs

    def receive(
        self, values: Mapping[str, Scalar], at: datetime, *, was_set: bool
    ) -> dict[str, Scalar]:
        """Return what is shown of values that have come, with what follows from them.

        Args:
            values: by the names of attributes.
            at: the time that they are of.
            was_set: whether this side has set them: they skip the policies.

        """
        self.said.update(values)
        return self._in.take(values, at, whole=not was_set)

    def receive_alert(self, alert: Raised, at: datetime) -> bool:
        """Return whether an alert goes on now."""
        return self._in.take_alert(alert, at)

    def offer(self, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return what is left of values that are offered, to be sent now."""
        return self._out.take(values, self._now())

    def network_costs(self, cost: Cost) -> None:
        """Take what the network costs from now on."""
        self._in.network_costs(cost)
        self._out.network_costs(cost)

    def flush(self) -> None:
        """Let come out what windows and batches hold."""
        self._in.flush()
        self._out.flush()

    def close(self) -> None:
        """End everything that was begun."""
        self._in.close()
        self._out.close()
        for task in self._tasks:
            task.cancel()

    def _write_later(self, message: Message) -> None:
        """Send what comes out of a window or a batch of offered values."""
        if message.alert is not None:
            self._device.deliver(message)
        elif len(self._tasks) >= MAX_WRITES:
            for name in message.values:
                self._device.drop(name, TooManyError(limit=str(MAX_WRITES)))
        else:
            self._begin(self._write(message.values))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, values: Mapping[str, Scalar]) -> None:
        """Send values; that the device did not take them is told as what it is."""
        try:
            await self._device.write_offered(values)
        except DeviceModelsError as err:
            for name in values:
                self._device.drop(name, err)
