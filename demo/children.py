"""Processes that end with the demo."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
import os
from pathlib import Path
import shutil
import signal
import socket
from typing import Final

from .errors import DemoError, within

ROOT: Final = Path(__file__).parent.parent
STARTS_WITHIN: Final = 30
ENDS_WITHIN: Final = 15


def end_with_parent() -> list[str]:
    """Return what before a command has the system end it when the demo is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


class Child:
    """A process of its own, out of reach of the terminal's Ctrl-C."""

    def __init__(self, name: str, log: Path, cwd: Path = ROOT) -> None:
        """Name it, and the file that gets what it prints."""
        self.name = name
        self.log = log
        self._cwd = cwd
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process, or the last one."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *command: str, announces: bool = False) -> None:
        """Start it; whether its output begins with a line for ``first_line``."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *end_with_parent(),
                *command,
                stdin=DEVNULL,
                stdout=PIPE if announces else log,
                stderr=log,
                cwd=self._cwd,
                # Ctrl-C is for the demo, which ends the others in order.
                start_new_session=True,
            )

    async def first_line(self, seconds: float = STARTS_WITHIN) -> str:
        """Wait for what it prints first.

        Raises:
            DemoError: it ended instead, or says nothing.

        """
        process = self._started()
        if process.stdout is None:
            return ""
        async with within(seconds, f"{self.name} starts"):
            line = await process.stdout.readline()
        if not line:
            await process.wait()
            raise self.failed()
        return line.decode().strip()

    async def ended(self) -> int:
        """Wait until it has ended; returns its exit code."""
        return await self._started().wait()

    async def kill(self) -> None:
        """End it without a word, as when the plug is pulled."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end, and after a while do not ask any more."""
        with suppress(DemoError):
            async with within(ENDS_WITHIN, f"{self.name} ends"):
                await self._end(signal.SIGTERM)
        await self.kill()

    def tail(self, lines: int = 15) -> str:
        """Return the end of what it printed."""
        try:
            printed = self.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(printed.splitlines()[-lines:])

    def failed(self) -> DemoError:
        """Return the error that says how it ended."""
        code = self._started().returncode
        return DemoError(f"{self.name} has ended (exit code {code})\n{self.tail()}")

    async def _end(self, number: signal.Signals) -> None:
        """Send a signal and wait for the end."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        # Home Assistant starts processes of its own.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        await process.wait()

    def _started(self) -> Process:
        if self._process is None:
            raise DemoError(f"{self.name} was not started")
        return self._process


def free_port(kind: socket.SocketKind, wanted: int = 0) -> int:
    """Return a free port of the loopback interface: the wanted one, if it is free."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # As servers do it: connections that have just ended do not matter.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
