"""A Mosquitto that wants a password."""

import asyncio
from asyncio.subprocess import Process
from pathlib import Path
from typing import Final

from .acting import is_open, until
from .iot.connections.things import free_port

USERNAME: Final = "gardener"
PASSWORD: Final = "under-the-flowerpot"


class Mosquitto:
    """A broker on a port of its own."""

    def __init__(self, program: str, hashing: str, folder: Path) -> None:
        """Note the programs, and where their files may be."""
        self.port = free_port()
        self._program = program
        self._hashing = hashing
        self._passwords = folder / "passwords"
        self._settings = folder / "mosquitto.conf"
        self._process: Process | None = None

    async def start(self, password: str) -> None:
        """Run with this password."""
        self._passwords.write_text(f"{USERNAME}:{password}\n")
        self._passwords.chmod(0o600)
        hashing = await asyncio.create_subprocess_exec(
            self._hashing, "-U", self._passwords
        )
        assert await hashing.wait() == 0
        self._settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {self._passwords}\nuser root\n"
        )
        self._process = await asyncio.create_subprocess_exec(
            self._program, "-c", self._settings
        )
        await until(lambda: is_open(self.port))

    async def stop(self) -> None:
        """Stop."""
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
            self._process = None
