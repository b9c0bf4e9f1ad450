"""What the system knows of a process: Linux's ``/proc``."""

from dataclasses import dataclass
import os
from pathlib import Path
import time
from typing import Final

MEBIBYTE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Gauge:
    """A process at one moment."""

    at: float
    """On the clock ``time.monotonic``."""
    cpu: float
    """Seconds that it has used."""
    memory: float
    """MiB that are resident."""
    files: int
    """How many it has open, sockets included."""
    sockets: int
    load: float
    """Of the machine: how many processes want to run."""


def gauge(pid: int) -> Gauge:
    """Return how a process is now.

    Raises:
        OSError: it is not there.

    """
    folder = Path(f"/proc/{pid}")
    # Behind the name, which may have anything in it: proc(5), fields 14 and 15.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int((folder / "statm").read_text().split()[1])
    targets = []
    for file in (folder / "fd").iterdir():
        try:
            targets.append(str(file.readlink()))
        except FileNotFoundError:
            continue  # closed meanwhile
    return Gauge(
        at=time.monotonic(),
        cpu=ticks / os.sysconf("SC_CLK_TCK"),
        memory=pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE,
        files=len(targets),
        sockets=sum(target.startswith("socket:") for target in targets),
        load=os.getloadavg()[0],
    )
