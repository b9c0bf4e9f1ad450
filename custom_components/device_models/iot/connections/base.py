"""The contract of a connection: how devices of one system are reached.

Tried on paper against six systems: CoAP (request and response, observe), MQTT (push
only), AllThingsTalk (HTTP and MQTT), Oracle IoT (batch reads, long poll), flowthings
(stream and query) and the Bluesky queue server (one built-in device). What a system
does not have is absent from its ``capabilities`` and raises NotOfferedError.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Flag, StrEnum, auto
import time
from typing import ClassVar

from ..alert import Alert
from ..binding import Binding
from ..device import Certainty, VirtualDevice
from ..errors import NotOfferedError
from ..files import Receiver, Source
from ..formats import Loaded
from ..model import Action, DeviceModel
from ..storage import Transferred
from ..values import JsonValue, Scalar
from .content import Content


class Capability(Flag):
    """What a connection can do beyond writing and calling."""

    READ = auto()
    """Values can be asked for; without it they only come by themselves."""
    PUSH = auto()
    DISCOVER = auto()
    WATCH = auto()
    """It tells of devices as they appear and go."""
    DESCRIBE = auto()
    HISTORY = auto()
    BATCH_WRITE = auto()
    RESULTS = auto()
    """Actions may answer with a result."""
    HEALTH = auto()
    """It notices how the exchange with each device goes."""
    OUTBOX = auto()
    """Devices fetch what is written or called."""
    STORAGE = auto()
    """It keeps contents: files can be sent there, and received."""


class Feed(StrEnum):
    """How the values of a device come."""

    PUSH = auto()
    POLL = auto()
    BOTH = auto()
    """Some of them by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the exchange with a device goes; None is for what is not known.

    Devices behind one address may share what is counted.
    """

    round_trip: float | None = None
    """Seconds from a question to its answer, of late."""
    retransmissions: int | None = None
    """How many messages had to be sent again."""
    unanswered: int | None = None
    """How many requests were given up."""
    last_heard: datetime | None = None
    push_age: float | None = None
    """Seconds since something came by itself, or was begun: where it is longest ago."""
    feed: Feed | None = None


class LastHeard:
    """When a device was heard; the same time for as long as it is silent."""

    def __init__(self, device: VirtualDevice) -> None:
        """Take the device, which knows it on a clock without a date only."""
        self._device = device
        self._known: tuple[float, datetime] | None = None

    @property
    def at(self) -> datetime | None:
        """The time, in whole seconds; None if it was never heard."""
        heard = self._device.last_heard
        if heard is None:
            return None
        if self._known is None or self._known[0] != heard:
            ago = timedelta(seconds=time.monotonic() - heard)
            self._known = heard, (datetime.now(UTC) - ago).replace(microsecond=0)
        return self._known[1]


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that an attribute had."""

    name: str
    value: Scalar
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Something that discovery found behind a connection."""

    reference: str
    name: str
    root: str = ""
    """The device that it is a part of, by its reference."""
    parent: str = ""
    """The part that it belongs to directly; the same, where there are two levels."""
    base: str | None = None
    """The place below which its elements are, if that is not the reference."""
    address: str = ""
    """Where it is, if that is elsewhere: it takes a connection of its own."""


def _ignore(_found: Found) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Whom a connection tells of the devices behind it."""

    on_found: Callable[[Found], None] = _ignore
    """Called with each device that is there, now and later."""
    on_described: Callable[[Found], None] = _ignore
    """Called when one of them may describe itself differently than it did."""
    on_gone: Callable[[Found], None] = _ignore
    """Called when one was removed; not when it is merely away."""


class Connection(ABC):
    """The way to the devices of one endpoint, broker, server or account.

    Every wait inside has a timeout. Availability is reported to each attached device.
    """

    capabilities: ClassVar[Capability]

    on_unauthorized: Callable[[], None] | None = None
    """Called when the system refuses the credentials that it took before."""

    on_description_changed: Callable[[VirtualDevice], None] | None = None
    """Called when a device may describe itself differently than it did: it said so, or
    it has begun anew. What it says now, ``describe`` returns."""

    @property
    def fetched(self) -> bool:
        """Whether devices fetch what they are told.

        Then ``write`` and ``call`` only see whether a device can be told something.
        """
        return Capability.OUTBOX in self.capabilities

    @property
    @abstractmethod
    def address(self) -> str:
        """The address for people, without secrets."""

    @abstractmethod
    async def open(self) -> None:
        """Get in touch.

        Raises:
            UnreachableError: nobody answers.
            UnauthorizedError: the credentials are refused.

        """

    @abstractmethod
    async def close(self) -> None:
        """End everything that ``open`` and ``attach`` have started."""

    @abstractmethod
    def check(self, model: DeviceModel, binding: Binding) -> None:
        """See whether a device could be attached.

        Raises:
            ModelError: the binding does not fit this connection or the model.

        """

    @abstractmethod
    async def attach(self, device: VirtualDevice) -> None:
        """Start pushing into the device, as far as the system pushes.

        Raises:
            ModelError: the binding does not fit this connection or the model.

        """

    @abstractmethod
    async def detach(self, device: VirtualDevice) -> None:
        """Stop pushing into the device, and forget it."""

    def pushed(self, device: VirtualDevice) -> AbstractSet[str]:
        """Return the attributes whose changes come by themselves at present."""
        return frozenset()

    def health(self, device: VirtualDevice) -> Health:
        """Return how the exchange with a device goes."""
        return Health()

    def trace(self, device: VirtualDevice) -> Sequence[Mapping[str, JsonValue]]:
        """Return what was exchanged last, for people; without any secret."""
        return ()

    async def read(
        self, device: VirtualDevice, names: AbstractSet[str]
    ) -> float | None:
        """Have the device's present values received.

        Returns:
            The number of seconds before which asking again would be pointless, where
            the system says so.

        Raises:
            CommunicationError: the device does not answer.

        """
        raise NotOfferedError(operation="reading")

    async def fetch(self, device: VirtualDevice, name: str) -> Content:
        """Return the content of an attribute that has one instead of a value.

        What has not changed is not transferred again, where the system can tell.

        Raises:
            CommunicationError: the device does not give it.
            NotOfferedError: it has no such content here.

        """
        raise NotOfferedError(operation=f"{name}: fetching its content")

    async def upload(
        self, device: VirtualDevice, place: str, source: Source
    ) -> Transferred:
        """Send a content to where a device has it kept, as a stream.

        Raises:
            InvalidInputError: it cannot be read, or is not to go there.
            CommunicationError: it is not taken.

        """
        raise NotOfferedError(operation="sending a file")

    async def download(
        self, device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        """Receive a content from where a device has it kept, as a stream.

        Raises:
            InvalidInputError: it cannot be written, or is not to be had from there.
            CommunicationError: it is not given.

        """
        raise NotOfferedError(operation="receiving a file")

    @abstractmethod
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        """Send validated values, in one message where the system can.

        Returns:
            How sure they are then; None if nothing is known yet.

        Raises:
            CommunicationError: the device did not take them.

        """

    @abstractmethod
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        """Have the device do something; returns its result, if there is one.

        Raises:
            CommunicationError: the device did not take it.

        """

    async def publish_alert(self, device: VirtualDevice, alert: Alert) -> None:
        """Tell others of an alert, or of data, as if the device had raised it.

        Raises:
            CommunicationError: nobody can be told now.
            NotOfferedError: there is no place for it.

        """
        raise NotOfferedError(operation=f"{alert.format.name}: raising it")

    async def query(self, device: VirtualDevice, action: Action) -> JsonValue:
        """Return what the device says of the last call of an action, if it goes on.

        Raises:
            CommunicationError: it does not say it.
            NotOfferedError: there is no such call, or it is not known where.

        """
        raise NotOfferedError(operation=f"{action.name}: asking how it goes")

    async def cancel(self, device: VirtualDevice, action: Action) -> None:
        """Have the device end the last call of an action.

        Raises:
            CommunicationError: it does not.
            NotOfferedError: there is no such call, or it is not known where.

        """
        raise NotOfferedError(operation=f"{action.name}: ending it")

    async def history(
        self,
        device: VirtualDevice,
        names: AbstractSet[str],
        start: datetime,
        end: datetime,
    ) -> Sequence[Sample]:
        """Return the values that attributes had in a time, the oldest first.

        Raises:
            CommunicationError: the system does not give them.
            NotOfferedError: it keeps none.

        """
        raise NotOfferedError(operation="history")

    async def discover(self) -> list[Found]:
        """Return the devices that can be found behind the connection."""
        raise NotOfferedError(operation="discovery")

    async def watch(self, watcher: Watcher) -> None:
        """Tell somebody of the devices behind the connection until it is closed.

        Raises:
            UnreachableError: the connection is gone.

        """
        raise NotOfferedError(operation="discovery")

    async def describe(self, reference: str) -> Loaded:
        """Return what a device behind the connection says of itself."""
        raise NotOfferedError(operation="description")
