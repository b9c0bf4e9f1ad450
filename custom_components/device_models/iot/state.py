"""What is known of a device: values, how sure they are, whether it can be reached."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from .values import Scalar


class Certainty(StrEnum):
    """How sure a value is."""

    LIVE = "live"
    """The device said so."""
    RESTORED = "restored"
    """The device said so before the last restart."""
    ASSUMED = "assumed"
    """It was sent, and the device has no way to confirm it."""


class Availability(StrEnum):
    """Whether the device can be reached, and how that is known."""

    UNKNOWN = "unknown"
    """Nothing was heard of it yet."""
    ONLINE = "online"
    UNREACHABLE = "unreachable"
    """It does not answer, or the way to it is broken."""
    SILENT = "silent"
    """It said nothing for longer than its limit."""
    OFFLINE = "offline"
    """It was reported offline, by itself or by its broker."""


AWAY: Final = frozenset(
    {Availability.UNREACHABLE, Availability.SILENT, Availability.OFFLINE}
)
"""A device that is known not to be there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value, the time it is of, and how sure it is."""

    value: Scalar
    at: datetime
    certainty: Certainty = Certainty.LIVE
