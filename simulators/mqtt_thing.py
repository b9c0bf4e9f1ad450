"""The topics of a simulated Thing, and its Thing Description.

What is where is said by the forms of the Thing Description, which is retained at ``td``
below the base topic. What is read is retained; events are not.
"""

from collections.abc import Iterator
import json
from typing import Final, override

from custom_components.device_models.iot.values import DataType

from .behaviour import Alert, SimulatedDevice
from .mqtt_topics import Command, Published, Topics
from .payloads import decode, encode
from .thing import MQTT, Operation, Thing, data_of

READS: Final = frozenset({"readproperty", "observeproperty"})


class ThingTopics(Topics):
    """The topics of a Thing."""

    def __init__(self, device: SimulatedDevice, base: str, address: str) -> None:
        """Read the Thing Description, which is the source of the model."""
        super().__init__(device, base, address)
        self._thing = Thing(device.model.source, device.model, MQTT, f"/{base}")
        self._operations = list(self._thing.operations())
        availability = self.topic("availability")
        self.will = self.goodbye = Published(availability, b"offline")
        self.commands = {
            one.path[1:]: command
            for one in self._operations
            if (command := self._command(one))
        }

    @override
    def hello(self) -> Iterator[Published]:
        yield Published(self.will.topic, b"online")
        described = json.dumps(self._thing.description(self.address))
        yield Published(self.topic("td"), described.encode())

    @override
    def state(self) -> Iterator[Published]:
        for one in self._operations:
            if one.op in READS:
                value = self.device.read(one.name)
                yield Published(one.path[1:], encode(value, one.media))

    @override
    def alert(self, alert: Alert) -> Published | None:
        for one in self._operations:
            if (one.op, one.name) == ("subscribeevent", alert.format):
                payload = encode(data_of(alert), one.media)
                return Published(one.path[1:], payload, retain=False)
        return None

    def _command(self, one: Operation) -> Command | None:
        """Return what a message does on the topic of an operation."""
        shown = [
            other.path[1:]
            for other in self._operations
            if other.op in READS and other.name == one.name
        ]

        def write(payload: bytes) -> str | None:
            attribute = self.device.model.attribute(one.name)
            value = decode(payload, one.media, attribute.type)
            self.device.write({one.name: value})
            return next(iter(shown), None)

        def call(payload: bytes) -> None:
            value = decode(payload, one.media, DataType.STRING) if payload else {}
            arguments = value if isinstance(value, dict) else {"value": value}
            self.device.call(one.name, arguments)

        return {"writeproperty": write, "invokeaction": call}.get(one.op)
