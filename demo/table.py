"""The table of the devices and their entities, for people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .picture import Device, Entity

NARROW: Final = 60
"""Characters that a device needs; devices stand side by side where there is room."""

WIDE: Final = 72
"""Characters from which on there is room for everything."""

TIMES: Final = frozenset({"button", "datetime"})
"""Kinds of entities whose state is a time."""

HEADING_LINES: Final = 4
"""Lines of a device besides its entities."""


def table(
    devices: Sequence[Device],
    *,
    width: int,
    height: int | None = None,
    now: datetime | None = None,
) -> RenderableType:
    """Return all devices, cut to so many lines."""
    now = now or datetime.now(UTC)
    side_by_side = max(1, min(len(devices), width // NARROW))
    rows = -(-len(devices) // side_by_side)
    most = None
    if height is not None and rows:
        most = max(1, height // rows - HEADING_LINES)
    grid = Table.grid(padding=(0, 2), expand=True)
    for _ in range(side_by_side):
        grid.add_column(ratio=1)
    for first in range(0, len(devices), side_by_side):
        grid.add_row(
            *(
                _device(device, most, now, kinds=width // side_by_side >= WIDE)
                for device in devices[first : first + side_by_side]
            )
        )
    return grid


def _device(device: Device, most: int | None, now: datetime, *, kinds: bool) -> Table:
    """Return a device with its entities, with at most so many lines of them."""
    waiting = len(device.not_live())
    if not device.available:
        mark = Text("○ unavailable", style="bold red")
    elif waiting:
        mark = Text(f"◐ {waiting} without a value", style="yellow")
    else:
        mark = Text("● live", style="green")
    title = Text.assemble((device.name, "bold"), f"  {device.model}  ", mark)
    shown = Table(
        title=title, title_justify="left", title_style="", box=None, expand=True
    )
    shown.add_column("Entity", no_wrap=True, ratio=1)
    if kinds:
        shown.add_column("Kind", no_wrap=True, style="dim")
    shown.add_column("State", no_wrap=True, ratio=1)
    shown.add_column("Changed", no_wrap=True, justify="right", style="dim")
    entities = device.entities
    if most is not None and len(entities) > most:
        entities = entities[: most - 1]
    for entity in entities:
        cells: list[RenderableType] = [Text(entity.name)]
        if kinds:
            cells.append(entity.domain.replace("_", " "))
        cells.append(Text(state_text(entity), style="" if entity.live else "red"))
        shown.add_row(*cells, age(entity, now))
    if left_out := len(device.entities) - len(entities):
        shown.add_row(f"… {left_out} more", style="dim")
    elif device.disabled:
        shown.add_row(f"({device.disabled} disabled)", style="dim")
    return shown


def state_text(entity: Entity) -> str:
    """Return a state as people read it."""
    state, attributes = entity.state, entity.attributes
    if state is None:
        return "not there yet"
    if state in {"unknown", "unavailable"}:
        return "–" if entity.live else state
    if entity.domain == "event":
        return f"{attributes.get('event_type')} at {_time(state)}"
    if entity.domain in TIMES or attributes.get("device_class") == "timestamp":
        return _time(state)
    unit = attributes.get("unit_of_measurement")
    return f"{state} {unit}" if unit else state


def change_text(device: Device, entity: Entity) -> str:
    """Return a line that tells of a change."""
    changed = entity.changed or datetime.now(UTC)
    clock = f"{changed.astimezone():%H:%M:%S}"
    return f"{clock}  {device.name} · {entity.name}: {state_text(entity)}"


def age(entity: Entity, now: datetime) -> str:
    """Return how long ago an entity has changed."""
    if entity.changed is None:
        return ""
    seconds = max(0, round((now - entity.changed).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


def _time(state: str) -> str:
    """Return a time in the zone of who reads it: the clock alone, if it is today's."""
    try:
        then = datetime.fromisoformat(state).astimezone()
    except ValueError:
        return state
    if then.date() == datetime.now().astimezone().date():
        return f"{then:%H:%M:%S}"
    return f"{then:%Y-%m-%d %H:%M}"
