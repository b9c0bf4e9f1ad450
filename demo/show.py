"""The demo for people: what to open, what to try, and how everything is doing."""

import asyncio
from contextlib import ExitStack
import sys

from rich.console import Console
from rich.live import Live
from rich.text import Text

from .api import PASSWORD, USER
from .errors import DemoError
from .stage import Stage
from .table import change_text, table

LIVE_EVERY = 0.5
"""Seconds between two pictures."""


async def show(stage: Stage, console: Console) -> None:
    """Show the entities until Home Assistant ends or somebody wants no more.

    Raises:
        DemoError: Home Assistant has ended.

    """
    introduce(stage, console)
    showing = _table if console.is_terminal else _lines
    view = asyncio.create_task(showing(stage, console), name="view")
    ended = asyncio.create_task(stage.home_assistant.ended(), name="Home Assistant")
    try:
        await asyncio.wait((view, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        view.cancel()
        ended.cancel()
        await asyncio.wait((view, ended))
    raise stage.home_assistant.failed()


def introduce(stage: Stage, console: Console) -> None:
    """Say where everything is, and how a device can be made to fail."""
    lines = [f"Home Assistant  {stage.url}  (user {USER}, password {PASSWORD})"]
    for device in stage.devices:
        lines += [
            f"{device.name}  {device.url}",
            f"  to see it fail:     kill -9 {device.process.pid}",
            f"  and come back:      {device.command}",
        ]
    lines.append("Ctrl-C ends all of it.")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


async def _table(stage: Stage, console: Console) -> None:
    """Keep a table up to date, in the lower part of the terminal."""
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(
                table(
                    stage.picture.devices,
                    width=console.width,
                    height=console.height - 1,
                ),
                refresh=True,
            )
            await asyncio.sleep(LIVE_EVERY)


async def _lines(stage: Stage, console: Console) -> None:
    """Print the table once, then a line for each change."""
    console.print(table(stage.picture.devices, width=console.width))
