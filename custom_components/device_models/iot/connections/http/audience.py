"""Who listens to one stream: the attributes and alerts that come by it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, override

from ...codecs import Slot, decode, slots_of
from ...device import VirtualDevice
from ...errors import CommunicationError, PayloadError, TooManyError
from ..messages import read_alert, read_values
from ..resources import JSON
from .following import Listener, Message
from .resource import Resource, Target


class CatchesUp(Protocol):
    """Asks for what changed while nobody told."""

    async def catch_up(self, resource: Resource) -> None:
        """Have the device receive what a resource has now.

        Raises:
            CommunicationError: the server does not answer.

        """

    def lost(self, error: CommunicationError) -> None:
        """Take it that a stream has ended, or cannot be begun."""


@dataclass(eq=False)
class Audience(Listener):
    """What of one device comes by one stream."""

    device: VirtualDevice
    asker: CatchesUp
    resources: list[Resource] = field(default_factory=list)
    alerts: dict[str, Target] = field(default_factory=dict)
    contents: dict[str, Resource] = field(default_factory=dict)
    """Of what comes about them it counts only that it does: then they are fetched."""

    @property
    def given(self) -> frozenset[str]:
        """The attributes whose values came, or were had when it began."""
        values = frozenset().union(*(one.given for one in self.resources))
        return values | self.contents.keys()

    @property
    @override
    def events(self) -> tuple[str, ...]:
        return tuple(self.alerts)

    @override
    async def begin(self) -> None:
        for resource in self.resources:
            await self.asker.catch_up(resource)
        for name in self.contents:
            self.device.note_content(name)

    @override
    def lost(self, error: CommunicationError) -> None:
        self.asker.lost(error)

    @override
    def flooded(self, error: TooManyError) -> None:
        names = [
            *self.alerts,
            *(name for one in self.resources for name in one.names),
            *self.contents,
        ]
        self.device.drop(names[0], error)

    @override
    def take(self, message: Message) -> None:
        """Take what came: by its name, or because nothing else can be meant."""
        self.device.hear()
        name = message.name
        parts = {one.name: slots_of(one) for one in self.device.model.attributes}
        if name in self.alerts:
            self._alert(name, message)
            return
        if name in self.contents:
            self.device.note_content(name)
            return
        for resource in self.resources:
            own = [
                slot
                for slot in parts.get(name, ())
                if slot.element.name in resource.names
            ]
            if own:
                # What is named is the value; elsewhere it may be a part of a document.
                named = message.exact or resource.shared
                self._values(resource, own if named else resource.slots, message)
                return
        others = {*parts, *(one.name for one in self.device.model.formats)}
        if message.exact or name in others:
            return  # it is about something that is told elsewhere
        if self.resources and (self.resources[0].shared or len(self.resources) == 1):
            resource = self.resources[0]
            self._values(resource, resource.slots, message)
        elif len(self.alerts) == 1 and not self.resources:
            self._alert(next(iter(self.alerts)), message)
        elif not (self.alerts or self.resources):
            for one in self.contents:
                self.device.note_content(one)

    # Inside

    def _alert(self, name: str, message: Message) -> None:
        """Pass on an alert; one without data may have no content at all."""
        codec = message.codec or self.alerts[name].codec or JSON
        read_alert(self.device, name, codec, message.payload or b"{}")

    def _values(
        self, resource: Resource, slots: Sequence[Slot], message: Message
    ) -> None:
        """Take values: those of a resource, or of one attribute out of all."""
        codec = message.codec or resource.codec or JSON
        try:
            decoded = decode(codec, message.payload)
        except PayloadError as err:
            self.device.drop(slots[0].element.name, err)
            return
        received, _changed = read_values(self.device, slots, decoded)
        resource.given |= received
        resource.etag = None  # it is no longer what it was when it was asked for
