"""The policies of a device, for what comes from it and for what goes to it."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Set as AbstractSet
from datetime import UTC, datetime
import logging
from typing import Final, Protocol

from ..errors import DeviceModelsError, TooManyError
from ..model import Policy
from ..values import Scalar
from .batches import MAX_HELD, Cost
from .message import Clock, Host, Message, Raised
from .running import Policies

_LOGGER = logging.getLogger(__name__)

MAX_WRITES: Final = MAX_HELD
"""Messages of windows and batches that may wait to be sent: as many as a batch has."""


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
        self._writes: deque[Mapping[str, Scalar]] = deque()
        """What windows and batches have let go, to be sent one after the other."""
        self._task: asyncio.Task[None] | None = None
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

    async def offer(self, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return what is left of values that are offered, to be sent now.

        What was held before, and goes on with them, is sent first.
        """
        left = self._out.take(values, self._now())
        if left and self._task is not None:
            await asyncio.wait((self._task,))
        return left

    def network_costs(self, cost: Cost) -> None:
        """Take what the network costs from now on."""
        self._in.network_costs(cost)
        self._out.network_costs(cost)

    def flush(self) -> None:
        """Let come out what windows and batches hold."""
        self._in.flush()
        self._out.flush()

    def close(self) -> None:
        """End everything that was begun, but for values that are on their way.

        What becomes of those is a matter of the commands of the device.
        """
        self._in.close()
        self._out.close()

    def _write_later(self, message: Message) -> None:
        """Send what comes out of a window or a batch of offered values."""
        if message.alert is not None:
            self._device.deliver(message)
        elif len(self._writes) >= MAX_WRITES:
            for name in message.values:
                self._device.drop(name, TooManyError(limit=str(MAX_WRITES)))
        else:
            self._writes.append(message.values)
            if self._task is None:
                loop = asyncio.get_running_loop()
                self._task = loop.create_task(self._write(), name="send what was held")

    async def _write(self) -> None:
        """Send what is to be sent, in order.

        That the device did not take something is told as what it is.
        """
        try:
            while self._writes:
                values = self._writes.popleft()
                try:
                    await self._device.write_offered(values)
                except DeviceModelsError as err:
                    for name in values:
                        self._device.drop(name, err)
                except Exception:  # whatever a connection does, the rest still goes
                    _LOGGER.exception("What was held of %s was not sent", [*values])
        finally:
            self._task = None
