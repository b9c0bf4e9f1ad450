"""node-wot as a client: simulated Things must work with what others have made."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any

import pytest

from simulators import CoapSimulator
from simulators.descriptions import coap_layout, simulated
from simulators.http import HttpSimulator
from simulators.models import load_file
from tests.node_wot import NodeWot

from ..acting import until
from .test_described import thing
from .test_http_thing import file, running

__all__ = ["file", "thing"]

pytestmark = [
    pytest.mark.peer,
    # Its packages are fetched when the first test needs them.
    pytest.mark.timeout(300),
]


class Consumer:
    """A client of a Thing."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Take the process."""
        self._process = process
        self.heard: list[tuple[str, Any]] = []
        """What was told by itself."""

    async def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        assert self._process.stdout is not None
        while True:
            said = json.loads(await self._process.stdout.readline())
            if "name" not in said:
                return dict(said)
            self.heard.append((said["name"], said["value"]))

    async def hears(self, name: str, value: Any) -> None:
        """Wait until something is told."""
        while (name, value) not in self.heard:
            await self.do("read", "angle")

    async def do(self, op: str, name: str, value: Any = None) -> Any:
        """Do something; returns the value of the answer."""
        assert self._process.stdin is not None
        line = json.dumps({"op": op, "name": name, "value": value})
        self._process.stdin.write(f"{line}\n".encode())
        said = await self.answer()
        assert "error" not in said, said
        return said.get("value")


@asynccontextmanager
async def consumed(node_wot: NodeWot, url: str) -> AsyncGenerator[Consumer]:
    """Consume the Thing whose description is at an address."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *node_wot.command("consumer.js", url),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(40):
            consumer = Consumer(process)
            assert await consumer.answer() == {"title": "Vent"}
            yield consumer
    finally:
        process.kill()
        await process.communicate()


async def test_thing_over_coap(
    node_wot: NodeWot, thing: Path, socket_enabled: None
) -> None:
    loaded = load_file(thing)
    device = simulated(loaded, seed=1, alerts_every=0)
    device.results["close"] = {"left": 1.5}
    async with (
        CoapSimulator(device, speed=0, layout=coap_layout(loaded)) as simulator,
        consumed(node_wot, f"{simulator.address}/.well-known/wot") as consumer,
    ):
        assert await consumer.do("read", "angle") == device.values["angle"]
        await consumer.do("write", "until", "2026-05-06T07:08:09Z")
        assert await consumer.do("read", "until") == "2026-05-06T07:08:09Z"
        await consumer.do("write", "pin", "1234")
        assert device.values["pin"] == "1234"
        assert await consumer.do("invoke", "close", {"in": 3}) == {"left": 1.5}
        await consumer.do("observe", "angle")
        await consumer.do("subscribe", "stuck")
        device.put({"angle": 12})
        device.fire("stuck", fields={"value": 4})
        await consumer.hears("angle", 12)
        await consumer.hears("stuck", 4)


async def test_thing_over_http(
    node_wot: NodeWot, file: Path, socket_enabled: None
) -> None:
    async with (
        running(file) as simulator,
        operated(node_wot, simulator) as consumer,
    ):
        await consumer.do("observe", "until")
        await until(lambda: simulator.listeners == 3)
        simulator.device.put({"until": "2026-05-06T07:08:09Z"})
        await consumer.hears("until", "2026-05-06T07:08:09Z")
        await consumer.hears("stuck", 4)


async def test_device_without_a_description_over_http(
    node_wot: NodeWot, thing: Path, socket_enabled: None
) -> None:
    device = simulated(load_file(thing), seed=1, alerts_every=0)
    async with (
        HttpSimulator(device, speed=0) as simulator,
        operated(node_wot, simulator) as consumer,
    ):
        await consumer.hears("stuck", device.alerts["stuck"].content)


@asynccontextmanager
async def operated(
    node_wot: NodeWot, simulator: HttpSimulator
) -> AsyncGenerator[Consumer]:
    """Do everything with a Thing behind HTTP; ``stuck`` has been told then."""
    device = simulator.device
    async with consumed(node_wot, f"{simulator.url}.well-known/wot") as consumer:
        assert await consumer.do("read", "angle") == device.values["angle"]
        await consumer.do("write", "angle", 33)
        assert device.values["angle"] == 33
        await consumer.do("write", "pin", "1234")
        assert device.values["pin"] == "1234"
        answer = await consumer.do("invoke", "close", {"in": 3})
        assert answer.keys() == {"left"}
        await consumer.do("observe", "angle")
        await consumer.do("subscribe", "stuck")
        await until(lambda: simulator.listeners == 2)
        device.put({"angle": 12})
        device.fire("stuck", fields={"value": 4})
        await consumer.hears("angle", 12)
        yield consumer
