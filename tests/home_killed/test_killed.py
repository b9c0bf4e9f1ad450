"""Home Assistant is killed while it works: what it has acknowledged is not lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
import itertools
import json
import os
from pathlib import Path
import random
import signal
import sys
from typing import Any, Final

from aiohttp import web
import pytest

from tests.http_device import http_entry, http_subentry
from tests.iot.connections.things import free_port

pytestmark = pytest.mark.usefixtures("socket_enabled")

KILLS: Final = 20
GIVEN: Final = 12
"""Commands before a kill, at most: what has become of all of them is remembered."""

ROOT: Final = Path(__file__).parents[2]
HERE: Final = "127.0.0.1"

MODEL: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:counter",
    "name": "Counter",
    "attributes": [{"name": "level", "type": "INTEGER", "writable": True}],
    "actions": [
        {"name": "add", "arguments": [{"name": "number", "type": "INTEGER"}]},
    ],
}


class Counting:
    """A device that writes down what it does, and is away from time to time."""

    def __init__(self) -> None:
        """Begin away."""
        self.port = free_port()
        self.level = -1
        self.done: Counter[int] = Counter()
        self._runner: web.AppRunner | None = None

    async def _read(self, _request: web.Request) -> web.Response:
        return web.json_response(self.level)

    async def _write(self, request: web.Request) -> web.Response:
        self.level = await request.json()
        return web.Response(status=204)

    async def _add(self, request: web.Request) -> web.Response:
        self.done[(await request.json())["number"]] += 1
        await asyncio.sleep(0.01)  # a kill may come between doing and answering
        return web.Response(status=204)

    async def come(self) -> None:
        """Be there."""
        if self._runner is None:
            app = web.Application()
            app.router.add_get("/level", self._read)
            app.router.add_put("/level", self._write)
            app.router.add_post("/add", self._add)
            self._runner = web.AppRunner(
                app, shutdown_timeout=0.1, handler_cancellation=True
            )
            await self._runner.setup()
            await web.TCPSite(self._runner, HERE, self.port, reuse_address=True).start()

    async def go(self) -> None:
        """Be away."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()


class Home:
    """A Home Assistant that can be killed, and comes back."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take the process that makes it."""
        self._process = process
        self._child = 0
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._ready = asyncio.Event()
        self.ended = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            try:
                told = json.loads(line)
            except ValueError:  # cut off in the middle
                continue
            if "child" in told:
                self._child = told["child"]
            elif "ready" in told:
                self._ready.set()
            elif (waits := self._answers.pop(told["id"], None)) is not None:
                waits.set_result(told)

    async def ready(self) -> None:
        """Wait until it runs."""
        async with asyncio.timeout(60):
            await self._ready.wait()

    def kill(self) -> None:
        """Kill it; nobody who waits for an answer gets one."""
        self._ready.clear()
        os.kill(self._child, signal.SIGKILL)
        for waits in self._answers.values():
            waits.cancel()
        self._answers.clear()

    def add(self, key: str, number: int) -> asyncio.Future[dict[str, Any]]:
        """Have the device add a number; returns what will have the answer."""
        about = {"device_id": "counter", "action": "add", "idempotency_key": key}
        return self.call(key, "call_action", {**about, "arguments": {"number": number}})

    async def idle(self) -> None:
        """Wait until no command is pending."""
        async with asyncio.timeout(30):
            while True:
                told = await self.call("pending", "pending_commands", {})
                if not told["answer"]["commands"]:
                    return
                await asyncio.sleep(0.2)

    def call(
        self, key: str, action: str, data: Mapping[str, Any]
    ) -> asyncio.Future[dict[str, Any]]:
        """Call an action; returns what will have its answer."""
        waits: asyncio.Future[dict[str, Any]]
        waits = self._answers[key] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": key, "action": action, "data": data})
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        return waits


@asynccontextmanager
async def home(folder: Path) -> AsyncGenerator[Home]:
    """Run Home Assistant."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.home_killed.home", str(folder), str(free_port())),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
    )
    running = Home(process)
    try:
        yield running
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            running.kill()
        await running.ended


def furnish(folder: Path, port: int) -> None:
    """Write the configuration of a Home Assistant that has the device."""
    document = {"model": MODEL, "commands": {"keep": 3600}}
    entry = http_entry(port, http_subentry(document), interval=1)
    (folder / "custom_components").symlink_to(ROOT / "custom_components")
    storage = folder / ".storage"
    storage.mkdir()
    content = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [entry.as_dict()]},
    }
    (storage / "core.config_entries").write_text(json.dumps(content, default=str))


async def until_killed(
    running: Home, device: Counting, chance: random.Random, numbers: Iterator[int]
) -> tuple[dict[str, int], set[str]]:
    """Give commands until the kill; returns all of them, and those acknowledged."""
    given: dict[str, int] = {}
    answers: dict[str, asyncio.Future[Any]] = {}
    for number in itertools.islice(numbers, chance.randint(2, GIVEN)):
        key = f"add-{number}"
        given[key] = number
        answers[key] = running.add(key, number)
        if chance.random() < 0.3:
            await (device.come() if chance.random() < 0.5 else device.go())
        await asyncio.sleep(chance.uniform(0, 0.04))
    running.kill()
    told = {key for key, one in answers.items() if one.done() and not one.cancelled()}
    return given, {key for key in told if "answer" in answers[key].result()}


@pytest.mark.timeout(120)  # it starts 21 times
async def test_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    chance = random.Random(20)
    device, numbers = Counting(), itertools.count()
    given: dict[str, int] = {}
    acknowledged: set[str] = set()
    furnish(tmp_path, device.port)
    async with home(tmp_path) as running:
        for _ in range(KILLS):
            await device.come()
            await running.ready()
            more, told = await until_killed(running, device, chance, numbers)
            given |= more
            acknowledged |= told
        await device.come()
        await running.ready()
        await running.idle()
        # Who was not answered calls again, with the same key; the others may ask.
        outcomes = {
            key: await running.add(key, number) for key, number in given.items()
        }
        await running.idle()
    await device.go()
    twice = [number for number, times in device.done.items() if times > 1]
    assert twice == []
    done = {key for key, number in given.items() if device.done[number]}
    assert {key for key, told in outcomes.items() if "answer" in told} <= done
    # What was on its way when it was killed, or when the device went, is not known to
    # be done; that is said, and it is not done again.
    unsure = {key for key, told in outcomes.items() if "error" in told}
    assert all(" failed: " in outcomes[key]["error"] for key in unsure)
    assert acknowledged <= done | unsure
    assert len(acknowledged) > KILLS
    assert len(done) > 0.8 * len(given)
