"""A clock for bounds that are to hold on a busy machine, too."""

from contextlib import suppress
from pathlib import Path
import time
from typing import Final

SCHEDULED: Final = Path("/proc/thread-self/schedstat")
"""Nanoseconds on a processor, and of waiting for one (Linux, sched-stats)."""


def own_time() -> float:
    """Return seconds of a clock that stands still while others have the processor.

    It goes on while this thread computes, and while it waits for anything else: what
    takes long by this clock takes long because of us. For upper bounds only: a timer
    goes off by the real one. Where the system does not tell, it is the real one.
    """
    waited = 0
    with suppress(OSError):
        waited = int(SCHEDULED.read_text().split()[1])
    return time.monotonic() - waited / 1e9
