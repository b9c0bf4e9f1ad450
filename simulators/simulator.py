"""A simulated device on a wire: what the CoAP and the MQTT side have in common."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
import logging
from types import TracebackType
from typing import Final, Self

from .behaviour import TICK, Alert, SimulatedDevice
from .faults import Faults

_LOGGER = logging.getLogger(__name__)

REBOOT_TAKES: Final = 5.0
"""Seconds that a reboot lasts, unless said otherwise."""


class Simulator(ABC):
    """A simulated device that can be reached.

    Used as a context manager, or with ``start`` and ``stop``; may be started again.
    """

    def __init__(
        self, device: SimulatedDevice, *, speed: float, faults: Faults | None
    ) -> None:
        """Note the device; with ``speed`` 0 its time passes only when told so."""
        self.device = device
        self.faults = faults or Faults()
        self._speed = speed
        self._life: asyncio.Task[None] | None = None
        self._deaf: list[Callable[[], None]] = []

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the device is found."""

    @abstractmethod
    async def _open(self) -> None:
        """Become reachable; returns when that is so."""

    @abstractmethod
    async def _close(self, *, politely: bool) -> None:
        """Stop being reachable, with or without saying so."""

    @abstractmethod
    async def _forget(self) -> None:
        """Lose every session without a word, while the faults say ``down``."""

    @abstractmethod
    async def _return(self) -> None:
        """Be there again after a reboot."""

    @abstractmethod
    def _send_change(self, names: frozenset[str]) -> None:
        """Tell the other side which attributes changed."""

    @abstractmethod
    def _send_alert(self, alert: Alert) -> None:
        """Tell the other side what the device reports."""

    async def start(self) -> None:
        """Become reachable and let time pass; returns when that is so.

        Raises:
            RuntimeError: it was started already.

        """
        if self._life is not None:
            raise RuntimeError(f"{self.url} was started already")
        await self._open()
        self._deaf = [
            self.device.on_change(self._send_change),
            self.device.on_alert(self._send_alert),
        ]
        self._life = asyncio.create_task(self._live(), name=f"life of {self.url}")

    async def stop(self) -> None:
        """Say good-bye as the protocol has it, and stop."""
        await self._end(politely=True)

    async def kill(self) -> None:
        """Be gone without a word, as when the plug is pulled."""
        await self._end(politely=False)

    async def reboot(self, seconds: float = REBOOT_TAKES) -> None:
        """Lose all state and sessions without a word; returns when back again.

        Raises:
            RuntimeError: it was not started.

        """
        if self._life is None:
            raise RuntimeError(f"{self.url} was not started")
        _LOGGER.info("%s reboots", self.url)
        self.faults.down = True
        try:
            await self._forget()
            self.device.reset()
            await asyncio.sleep(seconds)
        finally:
            self.faults.down = False
        await self._return()
        _LOGGER.info("%s is back", self.url)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    async def _end(self, *, politely: bool) -> None:
        """End what runs."""
        for stop_listening in self._deaf:
            stop_listening()
        self._deaf = []
        if (life := self._life) is not None:
            self._life = None
            await cancel(life)
        await self._close(politely=politely)

    async def _live(self) -> None:
        """Let the device's time pass, and the faults that come by themselves."""
        since_boot = 0.0
        while True:
            await asyncio.sleep(TICK)
            if self._speed > 0:
                self.device.tick(TICK * self._speed)
            since_boot += TICK
            if 0 < self.faults.rebooting <= since_boot:
                await self.reboot(REBOOT_TAKES)
                since_boot = 0.0
            await self._refresh()

    @abstractmethod
    async def _refresh(self) -> None:
        """Do what the wire needs once a second."""


async def cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    await asyncio.wait([task])
