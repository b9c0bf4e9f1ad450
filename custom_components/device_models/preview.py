"""What a device would become, before anything is created."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import uuid4

from homeassistant.util import dt as dt_util

from .iot.binding import Binding
from .iot.connections.base import Capability, Connection
from .iot.device import VirtualDevice
from .iot.errors import CommunicationError
from .iot.formats import Loaded
from .iot.values import Scalar
from .mapping import count
from .mapping.composing import PART, ROLE, names_of
from .mapping.decisions import Decision, Kind

LISTEN_SECONDS: Final = 1.5
"""How long a device that only pushes is listened to: enough for retained messages."""

MAX_SHOWN: Final = 40
"""Characters of a value."""

MAX_ROWS: Final = 250
"""Nobody reads more, and a browser takes long to show them."""

HIDDEN: Final = "•••"

EXPLAINED: Final = (
    "platform",
    "unit",
    "transform",
    "device_class",
    "category",
    "enabled",
    "composed",
    "overlay",
)
"""The fields whose reasons are shown: those that one can see the outcome of."""


async def async_probe(
    connection: Connection, loaded: Loaded, binding: Binding
) -> VirtualDevice:
    """Return a virtual device with the values that the real one has now, if any."""
    device = VirtualDevice(
        key=uuid4().hex,
        name=loaded.model.name,
        model=loaded.model,
        binding=binding,
        port=connection,
        quiet=True,
    )
    try:
        if Capability.READ in connection.capabilities:
            await connection.read(device, loaded.model.readable)
        else:
            await connection.attach(device)
            await asyncio.sleep(LISTEN_SECONDS)
    except CommunicationError:
        pass  # then there are no values to show, and the form says so
    finally:
        await connection.detach(device)
    return device


def table(decisions: tuple[Decision, ...], device: VirtualDevice | None) -> str:
    """Return the rows of the table: element, value now, what it becomes, why."""
    rows = [_row(decision, device) for decision in decisions[:MAX_ROWS]]
    if len(decisions) > MAX_ROWS:
        rows.append(f"| … and {len(decisions) - MAX_ROWS} more | | | |")
    return "\n".join(rows)


def summary(decisions: tuple[Decision, ...]) -> str:
    """Return how many entities of which kind there will be."""
    counted = sorted(count(decisions).items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number} × {_words(platform)}" for platform, number in counted)


def becomes(decision: Decision) -> str:
    """Return what an element becomes, for people."""
    if decision.part_of:
        return decision.reasons[PART]
    words = [_words(decision.platform)]
    if decision.device_class:
        words.append(_words(decision.device_class))
    words += [part for part in (decision.unit, decision.category) if part]
    if not decision.enabled:
        words.append("disabled")
    if not decision.composed:
        words.append("not composed")
    return ", ".join(words)


def reasons(decision: Decision) -> str:
    """Return all reasons for what an element becomes, a line for each field."""
    return "\n".join(
        f"- {_words(name)}: {escaped(reason)}"
        for name, reason in decision.reasons.items()
    )


def _row(decision: Decision, device: VirtualDevice | None) -> str:
    """Return one row."""
    why = dict.fromkeys(
        reason for name, reason in decision.reasons.items() if name in EXPLAINED
    )
    why |= dict.fromkeys(
        f"{_words(name.removeprefix(ROLE))} ← {reason}"
        for name, reason in decision.reasons.items()
        if name.startswith(ROLE)
    )
    cells = (
        decision.title,
        value_now(decision, device),
        becomes(decision),
        "; ".join(why),
    )
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def value_now(decision: Decision, device: VirtualDevice | None) -> str:
    """Return the value now, for people."""
    if device is not None and decision.kind is Kind.COMPOSITION:
        return _values_now(decision, device)
    if device is None or decision.kind is not Kind.ATTRIBUTE:
        return ""
    if device.model.attribute(decision.element).media_type:
        return ""  # it is fetched when somebody looks at it
    reading = device.values.get(decision.element)
    if reading is None:
        return "–"
    if device.model.attribute(decision.element).sensitive:
        return HIDDEN
    return _shortened(spelled(decision.transform.shown(reading.value)))


def _values_now(decision: Decision, device: VirtualDevice) -> str:
    """Return the values now of what is composed, as the device has them."""
    leaves = device.model.leaves
    names = [
        name for name in names_of(decision.uses).values()
        if name in leaves and not leaves[name].sensitive
    ]  # fmt: skip
    values = device.values
    known = [spelled(values[name].value) for name in names if name in values]
    return _shortened(", ".join(known)) or "–"


def spelled(value: Scalar) -> str:
    """Return a value for people."""
    match value:
        case bool():
            return "on" if value else "off"
        case datetime():
            return f"{dt_util.as_local(value):%Y-%m-%d %H:%M}"
    return str(value)


def _shortened(text: str) -> str:
    """Return a text that does not widen its column."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _words(name: str) -> str:
    """Return one of Home Assistant's names as people read it."""
    return name.replace("_", " ")


def quoted(texts: Iterable[str]) -> str:
    """Return texts as they are spelled; what is from a device formats nothing."""
    plain = (" ".join(text.replace("`", "'").split()) for text in texts)
    return "; ".join(f"`{text}`" for text in plain) or "–"


def escaped(text: str) -> str:
    """Return a text that cannot break out of its cell, nor format anything."""
    for char in "\\`*_[]<>|#":
        text = text.replace(char, f"\\{char}")
    # A break is allowed after each slash: a long address would push the last column out
    # of sight, and Home Assistant would make a link of it.
    return " ".join(text.split()).replace("/", "/\u200b")
