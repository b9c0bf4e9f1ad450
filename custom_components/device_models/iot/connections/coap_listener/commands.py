"""What waits for a device, as documents that the device reads.

An array of commands, the oldest first: ``{"id": 7, "age": 12, "set": {"power": true}}``
or ``{"id": 8, "age": 3, "call": "reset", "arguments": {}}``. SenML has no arrays of
objects: there it is one pack, with names such as ``7.set.power``.
"""

from collections.abc import Iterable, Mapping
import time
from typing import Final

from ...codecs import CODECS, Codec, Document, compose, from_scalar
from ...device import VirtualDevice
from ...outbox import Command
from ...values import Scalar
from ..messages import fellow_members
from .layout import ListenerLayout

SENML: Final = frozenset({CODECS["senml+json"], CODECS["senml+cbor"]})


def document_of(
    commands: Iterable[Command],
    device: VirtualDevice,
    layout: ListenerLayout,
    codec: Codec,
) -> Document:
    """Return what waits, to be written by a codec."""
    now = time.time()
    listed = {
        command.id: {"age": command.age(now), **_told(command, device, layout)}
        for command in commands
    }
    if codec in SENML:
        return {str(number): told for number, told in listed.items()}
    return [{"id": number, **told} for number, told in listed.items()]


def _told(
    command: Command, device: VirtualDevice, layout: ListenerLayout
) -> Mapping[str, Document]:
    """Return what is to be done; the other members of an object go with one."""
    if command.value is None:
        arguments: Mapping[str, Scalar] = command.arguments
        return {
            "call": command.name,
            "arguments": {name: from_scalar(it) for name, it in arguments.items()},
        }
    fellows = fellow_members(device.model, {command.name}) & device.values.keys()
    values = {name: device.values[name].value for name in fellows}
    slots = layout.settable.values()
    return {"set": compose(slots, values | {command.name: command.value})}
