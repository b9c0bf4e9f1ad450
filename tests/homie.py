"""Homie devices as they show on a broker, written from the convention."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from typing import Any

import aiomqtt

from .iot.connections.mosquitto import plain_client


@dataclass(frozen=True)
class Homie:
    """What plays devices on a broker."""

    wire: aiomqtt.Client

    async def keep(self, topic: str, payload: str) -> None:
        """Publish what the broker is to keep; an empty text takes it away."""
        await self.wire.publish(topic, payload, qos=1, retain=True)

    async def describe(
        self, base: str, description: Mapping[str, Any], state: str = "ready"
    ) -> None:
        """Have a device of version 5 describe itself, and be in a state."""
        await self.keep(f"{base}/$state", "init")
        await self.keep(f"{base}/$description", json.dumps(description))
        await self.keep(f"{base}/$state", state)

    async def publish(self, base: str, topics: Mapping[str, str]) -> None:
        """Have a device publish something below its topic."""
        for topic, payload in topics.items():
            await self.keep(f"{base}/{topic}", payload)

    async def remove(self, base: str, *more: str) -> None:
        """Remove a device: its state first, then the rest."""
        for topic in ("$state", "$description", *more):
            await self.keep(f"{base}/{topic}", "")

    async def obey(self, base: str, path: str) -> asyncio.Task[None]:
        """Have a property do what it is told next."""
        await self.wire.subscribe(f"{base}/{path}/set", qos=1)

        async def follow() -> None:
            message = await anext(self.wire.messages)
            await self.wire.publish(f"{base}/{path}", message.payload, 1, retain=True)

        return asyncio.create_task(follow())


@asynccontextmanager
async def homie(port: int) -> AsyncGenerator[Homie]:
    """Connect what plays devices."""
    async with plain_client(port) as wire:
        yield Homie(wire)


def device(
    name: str, properties: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """Return the description of a device of version 5, with one node."""
    nodes = {"main": {"name": name, "properties": properties}} if properties else {}
    return {"homie": "5.0", "version": 1, "name": name, "nodes": nodes, **more}


POWER: Mapping[str, Any] = {"power": {"datatype": "boolean", "settable": True}}
LEVEL: Mapping[str, Any] = {"level": {"datatype": "float", "unit": "%"}}

LAMP_OF_4: Mapping[str, str] = {
    "$homie": "4.0.0",
    "$name": "Porch lamp",
    "$nodes": "timer",
    "timer/$name": "Timer",
    "timer/$properties": "armed",
    "timer/armed/$name": "Armed",
    "timer/armed/$datatype": "boolean",
    "timer/armed/$settable": "true",
    "timer/armed": "false",
    "$state": "ready",
}
"""A device of version 4."""
