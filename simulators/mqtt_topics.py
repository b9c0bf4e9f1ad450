"""What a simulated device publishes, and what it takes: one module for each way.

This one is the default: below a base topic ``state`` (all attributes, retained),
``<attribute>/set``, ``<action>/invoke``, ``alert/<name>`` and ``availability``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, override

from custom_components.device_models.iot.model import Action, Attribute

from .behaviour import Alert, SimulatedDevice
from .payloads import Media, UnreadableError, decode, encode, to_text

type Command = Callable[[bytes], str | None]
"""Does what a message asks for; raises what the device refuses it with.

Returns the topic that shows that it was done, changed or not, if there is one."""


class Published(NamedTuple):
    """A message of the device."""

    topic: str
    payload: bytes
    retain: bool = True
    repeated: bool = False
    """Whether it is published though it is what it was before."""


class Topics(ABC):
    """The topics of one device."""

    will: Published
    """What the broker publishes when the device is gone without a word."""
    goodbye: Published
    commands: Mapping[str, Command]
    """By topic."""

    def __init__(self, device: SimulatedDevice, base: str, address: str) -> None:
        """Note the device, the topic below which it is, and where the broker is."""
        self.device = device
        self.base = base
        self.address = address

    @abstractmethod
    def hello(self) -> Iterable[Published]:
        """Return what is said first when there is a connection."""

    def ready(self) -> Iterable[Published]:
        """Return what is said when the first state was published."""
        return ()

    @abstractmethod
    def state(self) -> Iterable[Published]:
        """Return how the device is now."""

    @abstractmethod
    def alert(self, alert: Alert) -> Published | None:
        """Return how the device reports something; None if it has no topic for it."""

    def step(self) -> None:  # noqa: B027  (most devices do nothing)
        """Do what the device does by itself in a second."""

    def topic(self, *names: str) -> str:
        """Return a topic below the base."""
        return "/".join((self.base, *names))


type MakeTopics = Callable[[SimulatedDevice, str, str], Topics]


class DefaultTopics(Topics):
    """Those of devices that have no description of their own."""

    def __init__(
        self,
        device: SimulatedDevice,
        base: str,
        address: str,
        *,
        per_attribute: bool = False,
    ) -> None:
        """Note whether each attribute is published on a topic of its own, too."""
        super().__init__(device, base, address)
        self._each = per_attribute
        availability = self.topic("availability")
        self.will = Published(availability, b"offline")
        self.goodbye = self.will
        self.commands = {
            self.topic(attribute.name, "set"): self._write(attribute)
            for attribute in device.model.attributes
            if any(leaf.writable for _, leaf in attribute.leaves())
        } | {
            self.topic(action.name, "invoke"): self._call(action)
            for action in device.model.actions
        }

    @override
    def hello(self) -> Iterator[Published]:
        yield Published(self.will.topic, b"online")

    @override
    def state(self) -> Iterator[Published]:
        state = self.device.state()
        yield Published(self.topic("state"), encode(state, Media.JSON), repeated=True)
        if self._each:
            for name, value in state.items():
                yield Published(self.topic(name), to_text(value).encode())

    @override
    def alert(self, alert: Alert) -> Published:
        topic = self.topic("alert", alert.format)
        return Published(topic, encode(alert.content, Media.JSON), retain=False)

    def _write(self, attribute: Attribute) -> Command:
        def write(payload: bytes) -> None:
            value = decode(payload, Media.TEXT, attribute.type)
            self.device.write({attribute.name: value})

        return write

    def _call(self, action: Action) -> Command:
        def call(payload: bytes) -> None:
            self.device.call(action.name, arguments_of(payload))

        return call


def arguments_of(payload: bytes) -> dict[str, object]:
    """Return the arguments of a call; an empty message has none.

    Raises:
        UnreadableError: not a JSON object.

    """
    if not payload.strip():
        return {}
    arguments = decode(payload, Media.JSON)
    if not isinstance(arguments, dict):
        raise UnreadableError("expected an object of arguments")
    return arguments
