"""Programs of the system, run beside a test."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import signal
import subprocess
from typing import Any


class Program:
    """A program that can be killed and started again."""

    def __init__(self, *command: str | Path, log: Path | None = None) -> None:
        """Note the command line, and where the output goes."""
        self.command = [str(part) for part in command]
        self._log = log or Path("/dev/null")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (a command of the tests)
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def end(self) -> None:
        """Have it end, and say good-bye."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it without a chance to say good-bye."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


@contextmanager
def running(*command: str | Path, log: Path | None = None) -> Iterator[Program]:
    """Run a program until the end."""
    program = Program(*command, log=log)
    program.start()
    try:
        yield program
    finally:
        program.kill()


async def output_of(*command: str | Path, stdin: bytes = b"") -> bytes:
    """Return what a program says, with the event loop running."""
    pipe: Any = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate(stdin)
    return output
