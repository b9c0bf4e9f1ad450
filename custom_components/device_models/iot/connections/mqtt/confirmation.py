"""A write that waits for its device to show it, or to say that it goes for it.

Homie 5, "Target attribute": a device that takes its time repeats at once, byte by byte,
what it was told; that it gets there is not certain, since somebody else may tell it
something else before.
"""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from ...device import VirtualDevice
from ...values import Scalar, same


@dataclass(eq=False, slots=True)
class Confirmation:
    """A write that waits for the device to show it."""

    wanted: dict[str, Scalar]
    """What was not shown yet."""
    done: asyncio.Future[bool]
    """True when all was shown; False when nothing can come any more."""
    sent: dict[str, bytes] = field(default_factory=dict)
    """The message that each was sent in."""
    moving: bool = False
    """Whether the device has accepted something that it does not show yet."""

    def see(self, device: VirtualDevice, names: AbstractSet[str]) -> None:
        """Look whether a message with these attributes shows what was written."""
        for name in names & self.wanted.keys():
            said = device.said(name)
            if said is not None and same(said, self.wanted[name]):
                del self.wanted[name]
        if not self.wanted:
            self.settle(shown=True)

    def accept(self, names: AbstractSet[str], payload: bytes) -> None:
        """Take the device's word that it goes for what was sent in a message."""
        for name in names & self.wanted.keys():
            if self.sent.get(name) == payload:
                del self.wanted[name]
                self.moving = True
        if not self.wanted:
            self.settle(shown=True)

    def settle(self, *, shown: bool) -> None:
        """End the wait."""
        if not self.done.done():
            self.done.set_result(shown)
