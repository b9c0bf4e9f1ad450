"""What waits for a device, as documents that the device reads.

An array of commands, the oldest first: ``{"id": 7, "age": 12, "set": {"power": true}}``
or ``{"id": 8, "age": 3, "call": "reset", "arguments": {}}``. SenML has no arrays of
objects: there it is one pack, with names such as ``7.set.power``.
"""

from collections.abc import Mapping, Sequence
import time
from types import MappingProxyType
from typing import Final

from ...codecs import CODECS, Codec, Document, compose, from_scalar
from ...command import Command
from ...device import VirtualDevice
from ...model import DeviceModel
from ...values import Scalar
from ..messages import fellow_members
from .layout import ListenerLayout

NOTHING: Final[Mapping[str, Scalar]] = MappingProxyType({})

SENML: Final = frozenset({CODECS["senml+json"], CODECS["senml+cbor"]})


def document_of(
    commands: Sequence[Command],
    device: VirtualDevice,
    layout: ListenerLayout,
    codec: Codec,
    done: Mapping[str, Scalar] = NOTHING,
) -> Document:
    """Return what waits, to be written by a codec.

    Args:
        commands: what waits.
        device: whose it is.
        layout: how the device is told.
        codec: what it is written in.
        done: what the device has confirmed, but not reported yet.

    """
    now = time.time()
    # An object goes as a whole: none of two commands takes back what the other sets.
    wanted = {
        **{name: reading.value for name, reading in device.values.items()},
        **done,
        **{name: it for one in commands for name, it in one.left.items()},
    }
    listed = {
        one.id: {"age": one.age(now), **_told(one, device.model, wanted, layout)}
        for one in commands
    }
    if codec in SENML:
        return {str(number): told for number, told in listed.items()}
    return [{"id": number, **told} for number, told in listed.items()]


def fits(command: Command, layout: ListenerLayout) -> bool:
    """Whether a device can be told a command here."""
    if command.action:
        return command.action in layout.actions
    return command.values.keys() <= layout.settable.keys()


def _told(
    command: Command,
    model: DeviceModel,
    wanted: Mapping[str, Scalar],
    layout: ListenerLayout,
) -> Mapping[str, Document]:
    """Return what is to be done; the other members of an object go with one."""
    if command.action:
        arguments: Mapping[str, Scalar] = command.arguments
        return {
            "call": command.action,
            "arguments": {name: from_scalar(it) for name, it in arguments.items()},
        }
    names = fellow_members(model, command.left.keys()) | command.left.keys()
    values = {name: wanted[name] for name in names & wanted.keys()}
    return {"set": compose(layout.settable.values(), values)}
