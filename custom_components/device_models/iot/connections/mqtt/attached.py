"""A device that is attached: what its messages mean, and what it is sent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ...codecs import compose, decode
from ...device import Availability, VirtualDevice
from ...errors import PayloadError
from ...silence import SilenceWatch
from ...values import Scalar
from ..messages import fellow_members, read_alert, read_values
from .client import Message
from .confirmation import Confirmation
from .meanings import (
    Acceptance,
    AlertMessage,
    AvailabilityMessage,
    MqttLayout,
    Target,
    Values,
)
from .presence import Presence
from .problems import ProblemMessage, Problems

EMPTY_TEXT: Final = b"\0"
"""How Homie 5 spells an empty text."""


@dataclass(slots=True)
class Attached:
    """What belongs to one device."""

    device: VirtualDevice
    layout: MqttLayout
    ends: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    watch: SilenceWatch | None = None
    confirmations: list[Confirmation] = field(default_factory=list)
    presence: Presence = field(init=False)
    problems: Problems | None = field(init=False)

    def __post_init__(self) -> None:
        """Know nothing of the device."""
        self.presence = Presence(self.device)
        layout = self.layout.problems
        self.problems = Problems(self.device, layout) if layout else None

    def forget(self) -> None:
        """Know nothing any more: what still holds is told again by the broker."""
        self.presence.forget()
        if self.problems is not None:
            self.problems.forget()

    def presume(self) -> None:
        """Take a device that never says anything as there: it can only be told."""
        if not self.layout.published:
            self.device.report(Availability.ONLINE)

    def lose(self) -> None:
        """Have nobody wait any more for what cannot come."""
        for confirmation in self.confirmations:
            confirmation.settle(shown=False)

    def payload(self, target: Target, values: Mapping[str, Scalar]) -> bytes:
        """Return the values that go to one topic; members go with their object."""
        known = self.device.values
        written = target.names & values.keys()
        fellows = fellow_members(self.device.model, written) & known.keys()
        whole = {name: known[name].value for name in fellows}
        payload = target.codec.encode(compose(target.slots, whole | {**values}))
        return EMPTY_TEXT if self.layout.cleared and not payload else payload

    def take(self, message: Message) -> None:
        """Take a message: one look at its topic, one parse of its payload."""
        for meaning in self.layout.meanings.get(message.topic, ()):
            match meaning:
                case Values():
                    self._on_values(meaning, message)
                case AvailabilityMessage():
                    self.presence.take(meaning, message)
                case AlertMessage(name, codec):
                    # A retained alert is one that was raised before.
                    kept = message.retain
                    if message.payload or not kept:
                        read_alert(self.device, name, codec, message.payload, kept=kept)
                case Acceptance(names) if not message.retain:
                    for confirmation in self.confirmations:
                        confirmation.accept(names, message.payload)
                case ProblemMessage() if self.problems is not None:
                    self.problems.on_state(meaning, message)
        if self.problems is not None:
            self.problems.on_alert(message)

    def _on_values(self, meaning: Values, message: Message) -> None:
        """Receive values; a retained message is no sign of life."""
        device, payload = self.device, message.payload
        if self.layout.cleared and payload in (b"", EMPTY_TEXT):
            if not payload:
                device.lose(meaning.names)
                return
            payload = b""
        try:
            decoded = decode(meaning.codec, payload)
        except PayloadError as err:
            device.drop(message.topic, err)
            return
        names, _ = read_values(device, meaning.slots, decoded, heard=not message.retain)
        if message.retain:
            if device.availability is Availability.UNKNOWN and names:
                device.report(Availability.ONLINE)
            return
        for confirmation in self.confirmations:
            confirmation.see(device, names)
