"""Lives of a process that gives commands, and is killed; run by a test.

``python -m tests.killed FOLDER``: a peer writes down what it is told. Twenty times, a
process with the store of Home Assistant gives it commands, and is killed with SIGKILL.
A last one delivers what is left. All of them are forked, so that nothing has to be
imported again; what is printed at the end is what came of it, as JSON.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
import json
import os
from pathlib import Path
import random
import signal
import socket
import sys
import time
import traceback
from typing import Any, Final, override

from homeassistant.core import HomeAssistant

from custom_components.device_models.command_storage import async_restore
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.command import Command, CommandState
from custom_components.device_models.iot.delivery import Delivery
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    Port,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    CommunicationError,
    UnreachableError,
)
from custom_components.device_models.iot.model import Action
from custom_components.device_models.iot.values import JsonValue, Scalar

from .iot.samples import attributes, model_of

LIVES: Final = 20
GIVERS: Final = 6
SHORTEST, LONGEST = 0.15, 0.45
"""Seconds of a life."""

NUMBER: Final = {"arguments": [{"name": "n", "type": "INTEGER"}]}
MODEL: Final = attributes(
    {"name": "level", "type": "INTEGER", "writable": True},
    actions=[
        {"name": "dispense", **NUMBER},
        {"name": "point", "idempotent": True, **NUMBER},
    ],
)


class Notes:
    """Lines of a file that outlive who has written them."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_RDWR)
        self._path = path

    def add(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())

    @property
    def all(self) -> list[str]:
        return self._path.read_text().splitlines()


class Folder:
    """What all the processes know."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told = Notes(path / "told")
        """What the peer was told."""
        self.tried = Notes(path / "tried")
        self.taken = Notes(path / "taken")
        """The keys of commands of which it was said that they are kept, or done."""
        self.unsure = Notes(path / "unsure")
        self.left = Notes(path / "left")


class Line(Port):
    """The way to the peer: a line there, a line back."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer
        self._turn = asyncio.Lock()

    async def _tell(self, line: str) -> None:
        async with self._turn:
            self._writer.write(f"{line}\n".encode())
            await self._writer.drain()
            if not await self._reader.readline():
                raise UnreachableError(address="peer", reason="gone")

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        await self._tell(f"level-{values['level']}")
        return Certainty.LIVE

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        await self._tell(f"{action.name}-{arguments['n']}")
        return None


def listen(server: socket.socket, folder: Folder) -> None:
    """Write down what comes, and say so."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while line := await reader.readline():
                folder.told.add(line.decode().strip())
                writer.write(line)
                await writer.drain()
            writer.close()

    async def run() -> None:
        await (await asyncio.start_server(meet, sock=server)).serve_forever()

    asyncio.run(run())


class Life:
    """A process that gives commands to the peer, until somebody ends it."""

    def __init__(self, folder: Folder, number: int) -> None:
        self._folder, self._number = folder, number
        self._chance = random.Random(number)
        self.device: VirtualDevice

    async def begin(self, port: int) -> None:
        """Go on with what the lives before have left."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.device = VirtualDevice(
            key="killed",
            name="Peer",
            model=model_of(MODEL),
            binding=Binding(delivery=Delivery(keep=3600)),
            port=Line(reader, writer),
        )
        self.device.commands.on_command(self._follow)
        self.device.report(Availability.UNREACHABLE, "not there yet")
        await async_restore(HomeAssistant(str(self._folder.path)), self.device)
        # Who gave a command, and did not hear of it, gives it again.
        unheard = set(self._folder.tried.all) - set(self._folder.taken.all)
        for key in sorted(unheard)[-20:]:
            await self.give(key)

    def _follow(self, command: Command) -> None:
        if command.state is CommandState.FAILED:
            self._folder.unsure.add(command.token)

    async def give(self, key: str) -> None:
        """Give a command, and note that it was taken."""
        kind, _, spelled = key.partition("-")
        self._folder.tried.add(key)
        try:
            if kind == "level":
                await self.device.change({"level": int(spelled)}, key=key)
            else:
                await self.device.perform(kind, {"n": int(spelled)}, key=key)
        except CommunicationError:  # it is full, or the device did not take it
            return
        self._folder.taken.add(key)

    async def go_on(self) -> None:
        """Give commands to a device that comes and goes."""
        givers = (self._load(giver) for giver in range(GIVERS))
        await asyncio.gather(self._come_and_go(), *givers)

    async def _load(self, giver: int) -> None:
        for index in range(100_000):
            kind = self._chance.choice(("dispense", "point", "dispense", "level"))
            number = (self._number * GIVERS + giver) * 100_000 + index
            await self.give(f"{kind}-{number}")
            await asyncio.sleep(self._chance.random() / 200)

    async def _come_and_go(self) -> None:
        while True:
            await asyncio.sleep(self._chance.random() / 20)
            online = self.device.availability is Availability.ONLINE
            state = Availability.UNREACHABLE if online else Availability.ONLINE
            self.device.report(state, "away" if online else "")

    async def deliver(self) -> None:
        """Deliver what is left."""
        self.device.report(Availability.ONLINE)
        commands = self.device.commands
        async with asyncio.timeout(20):
            while commands.pending:  # noqa: ASYNC110  (whatever is left)
                await asyncio.sleep(0.01)
        await commands.end()
        self._folder.left.add(str(len(commands.pending)))


async def live(folder: Folder, port: int, number: int) -> None:
    """Give commands; the last life only delivers."""
    life = Life(folder, number)
    await life.begin(port)
    await (life.go_on() if number < LIVES else life.deliver())


def forked(run: Callable[[], object]) -> int:
    """Run something in a process of its own; returns its id."""
    if child := os.fork():
        return child
    try:
        run()
    except BaseException:  # noqa: BLE001  (whatever it is, this process ends here)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(path: Path) -> dict[str, Any]:
    """Live, and tell of it."""
    folder = Folder(path)
    (path / ".storage").mkdir()
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    peer = forked(lambda: listen(server, folder))
    chance = random.Random(7)
    failed = 0
    try:
        for number in range(LIVES + 1):
            child = forked(
                lambda number=number: asyncio.run(live(folder, port, number))  # type: ignore[misc]  # bound at once
            )
            if number < LIVES:
                time.sleep(chance.uniform(SHORTEST, LONGEST))
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed = os.WIFSIGNALED(status)
            failed += killed != (number < LIVES)
    finally:
        os.kill(peer, signal.SIGKILL)
        os.waitpid(peer, 0)
    told = folder.told.all
    return {
        "failed": failed,
        "left": folder.left.all,
        "tried": len(set(folder.tried.all)),
        "taken": sorted(set(folder.taken.all)),
        "told": {key: told.count(key) for key in set(told)},
        "unsure": sorted(set(folder.unsure.all)),
        "last_level": next(key for key in reversed(told) if key.startswith("level")),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201  (it is the answer)
