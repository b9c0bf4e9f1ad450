"""What the connections have in common: from a payload into the virtual device."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from datetime import datetime
from typing import Final

from ..alert import Alert
from ..codecs import (
    Codec,
    Decoded,
    Document,
    Slot,
    compose,
    decode,
    extract,
    from_scalar,
    to_scalar,
)
from ..device import VirtualDevice
from ..errors import PayloadError, ValueRefusedError
from ..model import Action, DeviceModel, Field, Severity
from ..values import DataType, Scalar

TIME: Final = Field(name="time", type=DataType.DATETIME)
"""When an alert was raised, beside its fields."""


def read_values(
    device: VirtualDevice,
    slots: Iterable[Slot],
    decoded: Decoded,
    *,
    heard: bool = True,
    at: datetime | None = None,
) -> tuple[frozenset[str], frozenset[str]]:
    """Have the device receive what a document says of some attributes.

    Args:
        device: the device.
        slots: where the attributes are in the document.
        decoded: the document.
        heard: whether this is a sign of life.
        at: the time of values of which the document does not say any; None for now.

    Returns:
        The attributes that the document has, and those whose value changed.

    """
    found = extract(slots, decoded)
    changed: frozenset[str] = frozenset()
    for own, values in found.items():
        changed |= device.receive(values, own or at, heard=heard)
    return frozenset(name for values in found.values() for name in values), changed


def read_alert(
    device: VirtualDevice,
    name: str,
    codec: Codec,
    payload: bytes,
    *,
    kept: bool = False,
) -> bool:
    """Have the device receive an alert: an object of fields.

    Beside them there may be ``severity`` and ``time``, unless the format has fields of
    those names. Where the format has one field only, a message may be its value.

    Args:
        device: the device.
        name: of the format.
        codec: what the payload is written in.
        payload: the message.
        kept: whether it was kept from before.

    Returns:
        Whether it could be used.

    """
    shape = device.model.format(name)
    try:
        decoded = decode(codec, payload)
        content = decoded.document
        if len(shape.fields) == 1 and not isinstance(content, Mapping | list):
            content = {shape.fields[0].name: content}
        if not isinstance(content, Mapping):
            codec.refuse("expected an object of fields")
    except PayloadError as err:
        device.drop(name, err)
        return False
    fields = {
        item.name: to_scalar(item, content[item.name], untyped=decoded.untyped)
        for item in shape.fields
        if item.name in content
    }
    return device.receive_alert(
        name,
        fields,
        at=_time(device, name, fields, decoded),
        severity=_severity(device, name, fields, content),
        kept=kept,
    )


def _severity(
    device: VirtualDevice,
    name: str,
    fields: Mapping[str, object],
    content: Mapping[str, Document],
) -> Severity | None:
    """Return what a message says of how bad it is; no message is lost by that."""
    spelled = content.get("severity")
    if spelled is None or "severity" in fields:
        return None
    word = spelled.strip().upper() if isinstance(spelled, str) else ""
    if word in Severity:
        return Severity(word)
    problem = f"expected one of {', '.join(Severity)}"
    device.drop(name, ValueRefusedError(name="severity", problem=problem))
    return None


def _time(
    device: VirtualDevice, name: str, fields: Mapping[str, object], decoded: Decoded
) -> datetime | None:
    """Return what a message says of its time; no message is lost by that."""
    if decoded.flat:
        times = [decoded.times[one] for one in fields if one in decoded.times]
        if times:
            return max(times)
    content = decoded.document
    if "time" in fields or not isinstance(content, Mapping) or "time" not in content:
        return None
    try:
        raw = to_scalar(TIME, content["time"], untyped=decoded.untyped)
        at = TIME.validate(raw)
    except ValueRefusedError as err:
        device.drop(name, err)
        return None
    return at if isinstance(at, datetime) else None


def write_alert(codec: Codec, alert: Alert, fields: Mapping[str, Scalar]) -> Document:
    """Return the document of an alert, as ``read_alert`` reads it.

    A format without structure holds the only field as it is.

    Args:
        codec: what it is to be written in.
        alert: the alert.
        fields: those of its fields that are told.

    """
    shape = alert.format
    if not codec.structured and len(shape.fields) == 1:
        return compose((Slot(item) for item in shape.fields), fields)
    slots = (Slot(item, (item.name,)) for item in shape.fields)
    beside: dict[str, Scalar] = {"time": alert.at}
    if alert.severity is not None:
        beside["severity"] = alert.severity.value
    own = {item.name for item in shape.fields}
    said = {key: from_scalar(it) for key, it in beside.items() if key not in own}
    document = compose(slots, fields) if fields else {}
    return {**document, **said} if isinstance(document, Mapping) else document


def fellow_members(model: DeviceModel, names: AbstractSet[str]) -> frozenset[str]:
    """Return all writable members of the objects that the attributes are members of.

    An object is written as a whole: a device need not take a part of it.
    """
    fellows: frozenset[str] = frozenset()
    for attribute in model.attributes:
        members = frozenset(
            leaf.name for _, leaf in attribute.leaves() if leaf.writable
        )
        if len(members) > 1 and members & names:
            fellows |= members
    return fellows


def write_arguments(
    codec: Codec,
    action: Action,
    arguments: Mapping[str, Scalar],
    *,
    bare: bool = False,
    elsewhere: AbstractSet[str] = frozenset(),
) -> bytes:
    """Return the payload of a call: an object of arguments, or nothing without any.

    Protocol sheet "Oracle IoT" §2.5; the one argument of a first-generation action is
    called ``value``. A format without structure holds the one argument as it is, and
    so does any other where the layout says ``bare``. What is ``elsewhere``, in a path,
    is no part of it.
    """
    if not arguments.keys() - elsewhere:
        return b""
    here = [one for one in action.arguments if one.name not in elsewhere]
    alone = len(here) == 1 and (bare or not codec.structured)
    slots = (Slot(argument, () if alone else (argument.name,)) for argument in here)
    return codec.encode(compose(slots, arguments))
