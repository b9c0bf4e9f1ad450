"""What can go wrong with a simulated device, switched on and off at any time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from .garbage import Garbage

PRESETS: Final = {
    "silent": 1.0,
    "slow": 5.0,
    "rebooting": 60.0,
    "lossy": 20.0,
    "busy": 10.0,
    "garbage": 1.0,
}
"""The faults, and what each means when nothing else is said (see ``Faults``)."""


@dataclass
class Faults:
    """The faults of one simulator; all are off at first.

    ``silent``: takes nothing and says nothing, but stays connected.
    ``slow``: seconds that every answer takes.
    ``rebooting``: reboots by itself every so many seconds.
    ``lossy``: percentage of datagrams or messages that are lost, each way.
    ``busy``: seconds for which a client is told to leave it alone (over HTTP).
    ``garbage``: sends payloads that nobody should believe.
    """

    silent: bool = False
    slow: float = 0.0
    rebooting: float = 0.0
    lossy: float = 0.0
    busy: float = 0.0
    garbage: bool = False
    seed: int = 0
    down: bool = field(default=False, init=False)
    """Whether the device is rebooting at this moment."""

    def __post_init__(self) -> None:
        """Make what is random repeatable."""
        self._rng = Random(self.seed)
        self._garbage = Garbage()

    def switch(self, spelled: str) -> None:
        """Switch a fault on, spelled as on the command line: "silent" or "slow=2".

        Raises:
            ValueError: no such fault, or no such number.

        """
        name, _, number = spelled.partition("=")
        if name not in PRESETS:
            known = ", ".join(PRESETS)
            raise ValueError(f"expected one of {known}, got {name!r}")
        try:
            amount = float(number) if number else PRESETS[name]
        except ValueError:
            raise ValueError(f"{name}: expected a number, got {number!r}") from None
        if not 0 <= amount < float("inf"):
            raise ValueError(f"{name}: expected a number of at least 0")
        setattr(self, name, bool(amount) if name in {"silent", "garbage"} else amount)

    @classmethod
    def parse(cls, spelled: Iterable[str], *, seed: int = 0) -> Faults:
        """Return the faults that the command line asks for."""
        faults = cls(seed=seed)
        for one in spelled:
            faults.switch(one)
        return faults

    def clear(self) -> None:
        """Switch all of them off."""
        self.silent = self.garbage = False
        self.slow = self.rebooting = self.lossy = self.busy = 0.0

    @property
    def mute(self) -> bool:
        """Whether nothing at all comes out of the device."""
        return self.silent or self.down

    def loses(self) -> bool:
        """Whether the datagram or message at hand does not get through."""
        return self.mute or (self.lossy > 0 and self._rng.uniform(0, 100) < self.lossy)

    def spoil(self, payload: bytes) -> bytes:
        """Return what is sent in place of a payload."""
        return self._garbage.spoil(payload) if self.garbage else payload
