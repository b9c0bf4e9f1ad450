"""The resources of a device, and what is known of them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
import time
from typing import Final

from ...codecs import BY_CONTENT_FORMAT, CODECS, Codec, Slot
from .delivery import ANY, Delivery
from .request import Method, Response

JSON: Final = CODECS["json"]
TEXT: Final = CODECS["text"]

ABSENT_RETRY: Final = 600.0
"""Seconds for which a resource is not asked for that the device says it does not have:
it may have got new firmware, or not been ready yet."""

LONGEST_WAIT: Final = 3600.0
"""Seconds; a device that is busy for longer is asked all the same."""


@dataclass(eq=False, slots=True)
class Resource:
    """A CoAP resource with the values of one attribute, or of several."""

    path: str
    slots: tuple[Slot, ...]
    codec: Codec | None = None
    """What the binding says; otherwise the device's Content-Format decides."""
    observe: bool = True
    method: Method = Method.GET
    """What it is read with."""
    shared: bool = False
    """Whether it is the one with all attributes, which a device need not have."""
    etag: bytes | None = None
    """Of the representation that was received last (RFC 7252 §5.10.6)."""
    spoken: Codec | None = None
    """What the device last answered in."""
    given: frozenset[str] = frozenset()
    """The attributes that it had when it was last received."""
    absent_until: float = 0.0
    """On the clock ``time.monotonic``: when the device's word no longer counts."""
    busy_until: float = 0.0
    """On the same clock: when it may be asked for again."""
    max_age: int | None = None
    """Seconds for which the last answer is fresh, where it said so."""
    delivery: Delivery = ANY
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note the names of the attributes."""
        self.names = frozenset(slot.element.name for slot in self.slots)

    @property
    def absent(self) -> bool:
        """Whether the device said not long ago that it has no such resource."""
        return time.monotonic() < self.absent_until

    @property
    def accept(self) -> int | None:
        """The content format that is asked for, if the binding names one."""
        return self.codec.content_format if self.codec else None

    def merged(self, other: Resource) -> Resource:
        """Return a resource with the values of both; they have the same path."""
        return Resource(
            self.path,
            self.slots + other.slots,
            self.codec or other.codec,
            observe=self.observe and other.observe,
            method=self.method,
            delivery=self.delivery,
        )

    @property
    def wait(self) -> float:
        """For how many seconds the device does not want it to be asked for."""
        return max(0.0, self.busy_until - time.monotonic())

    def hold(self, seconds: float) -> None:
        """Note how long the device does not want it to be asked for."""
        self.busy_until = time.monotonic() + min(seconds, LONGEST_WAIT)

    def miss(self) -> None:
        """Note that the device has no such resource."""
        self.absent_until = time.monotonic() + ABSENT_RETRY

    def codec_for(self, response: Response) -> Codec:
        """Return what an answer is written in.

        RFC 7252 §5.5.1: without a Content-Format the payload has no determined format.
        """
        alone = len(self.slots) == 1 and not self.slots[0].path
        return codec_of(response, self.codec or (TEXT if alone else JSON))


@dataclass(frozen=True, slots=True)
class Sending:
    """How what is written, or called, is sent."""

    delivery: Delivery = ANY
    if_match: bool = False
    """Whether it is for the representation that was read only (RFC 7252 §5.10.8.1)."""
    no_response: bool = False
    """Whether the device is asked not to answer (RFC 7967)."""


AS_USUAL: Final = Sending()


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that is posted to, or whose notifications are alerts."""

    path: str
    codec: Codec | None = None
    method: Method = Method.POST
    bare: bool = False
    """Whether the only argument is sent as it is, not in an object."""
    sending: Sending = AS_USUAL


@dataclass(frozen=True, slots=True)
class Writing:
    """A resource that is written to, and what such a message holds."""

    path: str
    codec: Codec | None
    slots: tuple[Slot, ...]
    whole: bool = False
    """Whether the message replaces what is read there, so that all of it is sent."""
    method: Method = Method.PUT
    source: Resource | None = None
    """Where the same values are read."""
    sending: Sending = AS_USUAL

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

    def merged(self, other: Writing) -> Writing:
        """Return a message for the values of both; they have the same path."""
        return Writing(
            self.path,
            self.codec or other.codec,
            self.slots + other.slots,
            whole=self.whole or other.whole,
            method=self.method,
            sending=self.sending,
        )


def codec_of(response: Response, otherwise: Codec) -> Codec:
    """Return what an answer says it is written in, if it does."""
    if response.content_format is None:
        return otherwise
    return BY_CONTENT_FORMAT.get(response.content_format, otherwise)
