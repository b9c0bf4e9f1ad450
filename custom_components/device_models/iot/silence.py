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
        self,
        device: VirtualDevice,
        seconds: float,
        on_silent: Callable[[], None],
        since: float | None = None,
    ) -> None:
        """Begin to watch.

        Args:
            device: whom.
            seconds: for how long it may be silent.
            on_silent: called when it has been.
            since: from when on that counts, on the clock ``time.monotonic``; None for
                from now on, whenever the device was heard before.

        """
        self._device = device
        self._seconds = seconds
        self._on_silent = on_silent
        self._loop = asyncio.get_running_loop()
        now = time.monotonic()  # the clock of ``last_heard``
        self._since = now if since is None else since
        rest = max(0.0, self._since + seconds - now)
        self._timer = self._loop.call_later(rest, self._look)

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
