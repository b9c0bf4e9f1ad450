"""Mosquitto beside a test, and a plain client of it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
import getpass
import json
from pathlib import Path
import re
import socket
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
)

from .programs import Program, running
from .things import free_port, until

MOSQUITTO = pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True)
VERSIONS = pytest.mark.parametrize("version", ["5", "3.1.1"])

type Open = Callable[..., Any]


class Mosquitto:
    """A broker that can be killed and started again, and tells what it was asked."""

    def __init__(self, program: Program, port: int, log: Path) -> None:
        """Note what belongs to it."""
        self.port = port
        self._program = program
        self._log = log

    @property
    def log(self) -> str:
        """What it says it has done."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def subscriptions(self) -> list[str]:
        """The filters that clients subscribed to, whether they still are or not."""
        return re.findall(r"^\d+: \t(\S+) \(QoS \d\)$", self.log, re.MULTILINE)

    @property
    def unsubscriptions(self) -> list[str]:
        """The filters that clients have unsubscribed from."""
        return re.findall(r"^\d+: \t([^\s(]+)$", self.log, re.MULTILINE)

    def kill(self) -> None:
        """End it without a word."""
        self._program.kill()

    async def start(self) -> None:
        """Start it again, on the same port."""
        self._program.start()
        await self.ready()

    async def ready(self) -> None:
        """Wait until it takes connections."""

        def taken() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        await until(taken)


@contextmanager
def mosquitto(path: str, folder: Path, *lines: str) -> Iterator[Mosquitto]:
    """Run a broker with some lines of configuration."""
    port, log = free_port(), folder / "mosquitto.log"
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        "\n".join(
            (
                f"user {getpass.getuser()}",  # or else it reads no files of the test
                f"log_dest file {log}",
                "log_type all",
                f"listener {port} 127.0.0.1",
                *(lines or ("allow_anonymous true",)),
                "",
            )
        )
    )
    with running(path, "-c", configuration) as program:
        yield Mosquitto(program, port, log)


@asynccontextmanager
async def plain_client(port: int) -> AsyncGenerator[aiomqtt.Client]:
    """Connect a client that has nothing to do with ours."""
    client = aiomqtt.Client("127.0.0.1", port)
    async with client:
        yield client
    if client._misc_task is not None:
        await asyncio.wait([client._misc_task])  # aiomqtt does not


def settings(port: int, **more: Any) -> BrokerSettings:
    return BrokerSettings("127.0.0.1", port, **more)


async def attempt(port: int, **more: Any) -> None:
    """Open and close a client."""
    client = BrokerClient(settings(port, **more))
    await client.open(lambda _: None)
    await client.close()


async def tell(wire: aiomqtt.Client, topic: str, payload: Any, **more: Any) -> None:
    """Publish as a device does."""
    if not isinstance(payload, str | bytes):
        payload = json.dumps(payload)
    await wire.publish(topic, payload, qos=1, **more)


def echo(
    wire: aiomqtt.Client, topic: str, back: str, shape: Callable[[Any], Any]
) -> Any:
    """Answer the next message on a topic."""

    async def answer() -> aiomqtt.Message:
        await wire.subscribe(topic, qos=1)
        async for message in wire.messages:
            await tell(wire, back, shape(message.payload))
            return message
        raise AssertionError

    return asyncio.create_task(answer())
