"""What connections that ask and are answered know of a device's resources."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
import time
from typing import Any, Final, Self

from ..codecs import CODECS, Codec, Slot
from .content import Content
from .layout import offered

JSON: Final = CODECS["json"]
TEXT: Final = CODECS["text"]

ABSENT_RETRY: Final = 600.0
"""Seconds for which a resource is not asked for that the device says it does not have:
it may have got new firmware, or not been ready yet."""

LONGEST_WAIT: Final = 3600.0
"""Seconds; a device that is busy for longer is asked all the same."""


@dataclass(eq=False, slots=True, kw_only=True)
class Expected:
    """What a device should have, and may say that it has not."""

    absent_until: float = 0.0
    """On the clock ``time.monotonic``: when the device's word no longer counts."""

    @property
    def absent(self) -> bool:
        """Whether the device said not long ago that it has no such resource."""
        return time.monotonic() < self.absent_until

    def miss(self) -> None:
        """Note that the device has no such resource."""
        self.absent_until = time.monotonic() + ABSENT_RETRY


@dataclass(eq=False, slots=True, kw_only=True)
class Resource[Tag: bytes | str](Expected):
    """A resource with the values of one attribute, or of several."""

    path: str
    """Where it is: a path, or a URL."""
    slots: tuple[Slot, ...]
    codec: Codec | None = None
    """What the binding says; otherwise what the device says of its answer decides."""
    shared: bool = False
    """Whether it is the one with all attributes, which a device need not have."""
    etag: Tag | None = None
    """Of the representation that was received last."""
    spoken: Codec | None = None
    """What the device last answered in."""
    content: str = ""
    """The media type of what it has, if that is no values."""
    kept: Content | None = None
    """What it had when it was last fetched, if that is no values."""
    given: frozenset[str] = frozenset()
    """The attributes that it had when it was last received."""
    busy_until: float = 0.0
    """On the clock ``time.monotonic``: when it may be asked for again."""
    max_age: float | None = None
    """Seconds for which the last answer is fresh, where it said so."""
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note the names of the attributes."""
        self.names = frozenset(slot.element.name for slot in self.slots)

    def merged(self, other: Self) -> Self:
        """Return a resource with the values of both; they have the same place."""
        return replace(
            self, slots=self.slots + other.slots, codec=self.codec or other.codec
        )

    @property
    def wait(self) -> float:
        """For how many seconds the device does not want it to be asked for."""
        return max(0.0, self.busy_until - time.monotonic())

    @property
    def unsaid(self) -> Codec:
        """What an answer is written in that does not say so."""
        alone = len(self.slots) == 1 and not self.slots[0].path
        return self.codec or (TEXT if alone else JSON)

    def hold(self, seconds: float) -> None:
        """Note how long the device does not want it to be asked for."""
        self.busy_until = time.monotonic() + min(seconds, LONGEST_WAIT)

    def forget(self) -> None:
        """Forget what the device said of it before it was away.

        After a restart an ETag may come to stand for something else.
        """
        self.absent_until = self.busy_until = 0.0
        self.etag = None


type Known = Resource[Any]
"""Of any connection."""


@dataclass(eq=False, slots=True, kw_only=True)
class Writing[R: Known](Expected):
    """A resource that is written to, and what such a message holds."""

    path: str
    codec: Codec | None
    slots: tuple[Slot, ...]
    whole: bool = False
    """Whether the message replaces what is read there, so that all of it is sent."""
    source: R | None = None
    """Where the same values are read."""

    @property
    def spoken(self) -> Codec:
        """What the message is written in: as the binding or the device has it."""
        return self.codec or (self.source and self.source.spoken) or JSON

    @property
    def names(self) -> frozenset[str]:
        """The attributes that a message may hold."""
        return frozenset(slot.element.name for slot in self.slots)

    def sharing(self, names: AbstractSet[str]) -> dict[str, str]:
        """Return the other attributes that are the same value as some, and as which.

        Each shows a part of it.
        """
        taken = {
            slot.path: slot.element.name
            for slot in self.slots
            if slot.element.name in names
        }
        return {
            slot.element.name: taken[slot.path]
            for slot in self.slots
            if slot.path in taken and slot.element.name not in names
        }

    def merged(self, other: Self) -> Self:
        """Return a message for the values of both; they have the same place."""
        return replace(
            self,
            codec=self.codec or other.codec,
            slots=self.slots + other.slots,
            whole=self.whole or other.whole,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Places[R: Known, W: Writing[Any], T]:
    """All resources of one device."""

    resources: tuple[R, ...]
    """What can be read: what is shared by several attributes comes first."""
    writes: dict[str, W]
    """By the names of the attributes that hold a value."""
    together: W | None
    """Takes several attributes in one message."""
    actions: dict[str, T]
    alerts: Mapping[str, T]
    contents: Mapping[str, R]
    """What is no value, by the names of its attributes."""

    @property
    def shared(self) -> R | None:
        """The resource with all attributes, unless the device has none."""
        first = self.resources[0] if self.resources else None
        return first if first and first.shared and not first.absent else None

    def forget(self) -> None:
        """Forget what the device does not have, or is too busy for: it was away."""
        for resource in (*self.resources, *self.contents.values()):
            resource.forget()
        if self.together is not None:
            self.together.absent_until = 0.0

    def changed(self, names: AbstractSet[str]) -> None:
        """Note that what we have of some attributes is not what we were given."""
        for resource in self.resources:
            if resource.names & names:
                resource.etag = None

    def asked_for(self, names: AbstractSet[str]) -> list[R]:
        """Return the resources that may have the attributes, the best one first.

        Those that the device does not have are left out, but for one if there is no
        other: to be asked in vain is a sign of life, too.
        """
        candidates = [one for one in self.resources if names & one.names]
        return [one for one in candidates if not one.absent] or candidates[:1]

    def writings(self, names: AbstractSet[str]) -> list[W]:
        """Return where the attributes are written: in one message where that can be.

        Raises:
            NotOfferedError: one of them cannot be written here.

        """
        together = self.together
        if together is not None and (
            names - self.writes.keys() or (len(names) > 1 and not together.absent)
        ):
            return [together]
        found = [offered(self.writes, name) for name in sorted(names)]
        return list({writing.path: writing for writing in found}.values())

    def missed(self, writing: W, names: AbstractSet[str]) -> bool:
        """Note that the device does not have where it was to be written to.

        A file may promise that several are written at once, and the device not do it.

        Returns:
            Whether ``writings`` has other places for the attributes now.

        """
        if writing is not self.together:
            return False
        writing.miss()
        return names <= self.writes.keys()

    def instead(self, writing: W) -> W | None:
        """Return what takes several attributes, where there is none for one alone."""
        together = self.together
        if together is None or together is writing or together.absent:
            return None
        return together
