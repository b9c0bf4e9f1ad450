"""The demo for people: what to open, what to try, and how everything is doing."""

import asyncio
from typing import Final

from rich.console import Console
from rich.live import Live

from .api import PASSWORD, USER
from .stage import Stage
from .table import change_text, table

LIVE_EVERY: Final = 0.5
"""Seconds between two pictures."""

LEAST_LINES: Final = 16
"""The table is not made smaller to leave what stands above it in view."""


async def show(stage: Stage, console: Console) -> None:
    """Show the entities until somebody wants no more."""
    taken = introduce(stage, console)
    if console.is_terminal:
        await _table(stage, console, taken)
    await _lines(stage, console)


def introduce(stage: Stage, console: Console) -> int:
    """Say where everything is, and how a device can be made to fail.

    Returns:
        How many lines that takes.

    """
    lines = [f"Home Assistant  {stage.url}  (user {USER}, password {PASSWORD})"]
    for device in stage.devices:
        lines += [
            f"{device.name}  {device.url}",
            f"  to see it fail:     kill -9 {device.process.pid}",
            f"  and come back:      {device.command}",
        ]
    lines += ["Ctrl-C ends all of it.", ""]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return len(lines)


async def _table(stage: Stage, console: Console, taken: int) -> None:
    """Keep a table up to date, below so many other lines."""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            height = max(console.height - taken, LEAST_LINES)
            live.update(
                table(stage.picture.devices, width=console.width, height=height),
                refresh=True,
            )
            await asyncio.sleep(LIVE_EVERY)


async def _lines(stage: Stage, console: Console) -> None:
    """Print the table once, then a line for each change."""
    changes = asyncio.Queue[str]()
    stage.picture.on_change.append(
        lambda device, entity: changes.put_nowait(change_text(device, entity))
    )
    console.print(table(stage.picture.devices, width=console.width))
    while True:
        console.print(
            await changes.get(), highlight=False, markup=False, soft_wrap=True
        )
