"""How late each attribute of each device was asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .coap_devices import POLL, REPEATED

SHARE: Final = 0.99
"""Of the gaps, as the usual worst."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Of all gaps between two questions for one attribute, beyond the interval."""

    worst: float
    """Seconds."""
    usual: float
    """Seconds that ``SHARE`` of them do not exceed."""
    earliest: float
    """Seconds; below zero if it was asked for earlier than it should have been."""
    gaps: int
    repeated: int
    """How many messages came more than once."""


def read(path: Path) -> list[tuple[float, int, int]]:
    """Return what the devices have noted: when, which device, which attribute."""
    data = path.read_bytes()
    # The last one may be half written.
    return list(POLL.iter_unpack(data[: len(data) // POLL.size * POLL.size]))


def lateness(
    polls: Iterable[tuple[float, int, int]],
    wanted: Iterable[tuple[int, int]],
    interval: float,
    begin: float,
    end: float,
) -> Lateness:
    """Return how late the wanted attributes were.

    Args:
        polls: what the devices have noted, in this order.
        wanted: the attributes, as pairs of device and attribute.
        interval: seconds that should be between two questions.
        begin: gaps that end before do not count. What was never asked for before is
            taken as asked for then.
        end: until when; what is still open then counts, unless it is early.

    """
    last: dict[tuple[int, int], float] = {}
    every = set(wanted)
    devices = {device for device, _ in every}
    late: list[float] = []
    repeated = 0
    for at, device, attribute in polls:
        if at > end:
            break
        if attribute == REPEATED:
            repeated += at >= begin and device in devices
            continue
        key = (device, attribute)
        if at >= begin and key in every:
            late.append(at - last.get(key, begin) - interval)
        last[key] = at
    late += [
        open_gap
        for key in every
        if (open_gap := end - last.get(key, begin) - interval) > 0
    ]
    late.sort()
    if not late:
        late = [0.0]
    usual = late[min(len(late) - 1, int(SHARE * len(late)))]
    return Lateness(late[-1], usual, late[0], len(late), repeated)
