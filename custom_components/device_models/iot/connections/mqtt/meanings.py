"""What the topics of a device mean, and where what it takes is published."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from ...codecs import Codec, Slot
from ..layout import offered
from .problems import ProblemLayout, ProblemMessage


class Values(NamedTuple):
    """Messages of a topic hold values."""

    slots: tuple[Slot, ...]
    codec: Codec

    @property
    def names(self) -> frozenset[str]:
        """The attributes that a message may hold."""
        return frozenset(slot.element.name for slot in self.slots)


class AlertMessage(NamedTuple):
    """Messages of a topic are alerts of one format."""

    name: str
    codec: Codec


class AvailabilityMessage(NamedTuple):
    """Messages of a topic say whether the device is there."""

    online: frozenset[bytes]
    offline: frozenset[bytes]
    pending: frozenset[bytes] = frozenset()
    """What says that it is about to be one of the others."""


class Acceptance(NamedTuple):
    """Messages of a topic repeat what the device was told, and has accepted."""

    names: frozenset[str]


type Meaning = Values | AlertMessage | AvailabilityMessage | Acceptance | ProblemMessage


class Target(NamedTuple):
    """Where something is published."""

    topic: str
    codec: Codec
    slots: tuple[Slot, ...] = ()
    bare: bool = False
    """Whether the only argument is sent as it is, not in an object."""

    @property
    def names(self) -> frozenset[str]:
        """The attributes that a message may hold."""
        return frozenset(slot.element.name for slot in self.slots)


@dataclass(slots=True)
class MqttLayout:
    """All topics of one device."""

    filters: tuple[str, ...] = ()
    """What to subscribe to: one filter, and one for each topic outside of it."""
    meanings: dict[str, list[Meaning]] = field(default_factory=dict)
    """What a message means, by its topic."""
    writes: dict[str, Target] = field(default_factory=dict)
    """By the names of the attributes that hold a value."""
    together: Target | None = None
    """Takes several attributes in one message."""
    actions: dict[str, Target] = field(default_factory=dict)
    alerts: dict[str, Target] = field(default_factory=dict)
    """By the names of formats, where their alerts are published."""
    assumed: set[str] = field(default_factory=set)
    """Attributes that the device does not echo when they are written."""
    problems: ProblemLayout | None = None
    cleared: bool = False
    """Whether an empty message takes a value away."""

    def targets(self, names: AbstractSet[str]) -> list[Target]:
        """Return where attributes are written: in one message where that can be.

        Raises:
            NotOfferedError: one of them cannot be written here.

        """
        if self.together is not None and (len(names) > 1 or names - self.writes.keys()):
            return [self.together]
        found = [offered(self.writes, name) for name in sorted(names)]
        return list({id(target): target for target in found}.values())

    @property
    def published(self) -> frozenset[str]:
        """The attributes that the device publishes."""
        return frozenset(
            name
            for meanings in self.meanings.values()
            for meaning in meanings
            if isinstance(meaning, Values)
            for name in meaning.names
        )
