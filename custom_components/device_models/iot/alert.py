"""One alert, and what holds of the alerts of one format."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .model import Format, Severity
from .values import Scalar


class Source(StrEnum):
    """Who raised an alert."""

    DEVICE = "device"
    CONDITION = "condition"
    """A condition about values of the device, which this side looks after."""
    THIS_SIDE = "this_side"
    """A user, or an automation."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message of one of the model's formats."""

    format: Format
    fields: Mapping[str, Scalar]
    at: datetime
    severity: Severity | None = None
    """None only of DATA."""
    source: Source = Source.DEVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What holds of the alerts of one format."""

    active: bool | None = None
    """Whether what the last one told of still is; None if that is not known."""
    since: datetime | None = None
    """When it became so."""
    last: datetime | None = None
    """The time of the last one; None if there was none."""
    count: int = 0
    """How often it came since it became active, or, where nothing shows that it is
    over, how often the last one did."""
    severity: Severity | None = None
    source: Source = Source.DEVICE
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    """Of the last one; those that may be shown."""
    acknowledged: datetime | None = None
    until: datetime | None = None
    """When time is over for it."""

    @property
    def pending(self) -> bool:
        """Whether somebody should know: it is not over, and not acknowledged."""
        raised = self.last is not None and self.active is not False
        return raised and self.acknowledged is None
