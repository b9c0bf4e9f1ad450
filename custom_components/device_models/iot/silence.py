"""A watch on how long a device has been silent: one timer, whatever arrives."""

import asyncio
from collections.abc import Callable
import time

from .device import VirtualDevice


class SilenceWatch:
    """Calls back when a device has said nothing for longer than its limit.

    What arrives does not touch the timer: when it fires, it looks when the device was
    last heard, and sleeps on for the rest. While the device stays silent it calls back
    once per limit.
    """

    def __init__(
        self, device: VirtualDevice, seconds: float, on_silent: Callable[[], None]
    ) -> None:
        """Begin to watch; a device that was never heard has its limit from now on."""
        self._device = device
        self._seconds = seconds
        self._on_silent = on_silent
        self._loop = asyncio.get_running_loop()
        self._since = time.monotonic()  # the clock of ``last_heard``
        self._timer = self._loop.call_later(seconds, self._look)

    def stop(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def _look(self) -> None:
        """See whether the limit has passed."""
        heard = self._device.last_heard
        since = self._since if heard is None else max(self._since, heard)
        silent_for = time.monotonic() - since
        if silent_for >= self._seconds:
            self._on_silent()
            silent_for = 0.0
        self._timer = self._loop.call_later(self._seconds - silent_for, self._look)
