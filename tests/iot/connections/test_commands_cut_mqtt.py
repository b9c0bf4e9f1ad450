"""The way to a broker is cut at every point of a transaction; later it is mended.

A value arrives in the end. An action is done once or not at all, and what is said of it
is true: acknowledged means that the broker has it, failed that it is not known.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
import json
from typing import Final

import aiomqtt
import pytest

from custom_components.device_models.iot import command as command_module
from custom_components.device_models.iot.command import Command
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
    broker as broker_module,
    connection as module,
)
from custom_components.device_models.iot.delivery import Delivery
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import CommunicationError

from .mosquitto import MOSQUITTO, Mosquitto, tell
from .things import thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.usefixtures("socket_enabled"),
    MOSQUITTO,
]

PUBLISH: Final = 0x30
PUBACK: Final = 0x40
"""The first four bits of packets (MQTT 5 §2.1.2)."""

POINTS: Final = (
    "before the message",
    "within the message",
    "after the message",
    "before the broker says so",
    "before the device shows it",
    "never",
)


class Proxy:
    """Between the client and its broker; cuts the way once, at a point."""

    def __init__(self, broker: int) -> None:
        self.point = "never"
        self._broker = broker
        self._ways: set[asyncio.StreamWriter] = set()

    async def meet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        from_broker, to_broker = await asyncio.open_connection(
            "127.0.0.1", self._broker
        )
        self._ways |= {writer, to_broker}
        with suppress(OSError):
            await asyncio.gather(
                self._pass(reader, to_broker, self._from_client),
                self._pass(from_broker, writer, self._from_broker),
            )

    def cut(self) -> None:
        """End all connections without a word."""
        for way in self._ways:
            way.transport.abort()
        self._ways.clear()
        self.point = "never"

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        look: Callable[[bytes], bytes | None],
    ) -> None:
        while data := await reader.read(65536):
            rest = look(data)
            if rest is None:
                writer.write(data)
                continue
            if rest:
                writer.write(rest)
                await writer.drain()
                await asyncio.sleep(0.05)  # it gets there
            self.cut()
            return

    def _from_client(self, data: bytes) -> bytes | None:
        if data[0] & 0xF0 != PUBLISH:
            return None
        parts = {
            "before the message": b"",
            "within the message": data[: len(data) // 2],
            "after the message": data,
        }
        return parts.get(self.point)

    def _from_broker(self, data: bytes) -> bytes | None:
        kind = data[0] & 0xF0
        if self.point == "before the broker says so" and kind == PUBACK:
            return b""
        if self.point == "before the device shows it" and kind == PUBLISH:
            return b""
        return None


class Simulated:
    """Plays the device: it notes what it is told, and shows it."""

    def __init__(self, wire: aiomqtt.Client) -> None:
        self.told: list[tuple[str, bytes]] = []
        self._wire = wire

    async def run(self) -> None:
        await self._wire.subscribe("hall/+/set", qos=1)
        await self._wire.subscribe("hall/reset/invoke", qos=1)
        async for message in self._wire.messages:
            topic, payload = str(message.topic), message.payload
            assert isinstance(payload, bytes)
            self.told.append((topic, payload))
            if topic == "hall/level/set":
                await tell(self._wire, "hall/state", {"level": json.loads(payload)})


@asynccontextmanager
async def behind_proxy(
    broker: Mosquitto, wire: aiomqtt.Client
) -> AsyncGenerator[tuple[VirtualDevice, Proxy, Simulated]]:
    proxy, simulated = Proxy(broker.port), Simulated(wire)
    server = await asyncio.start_server(proxy.meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    playing = asyncio.create_task(simulated.run())
    connection = MqttConnection(BrokerClient(BrokerSettings("127.0.0.1", port)))
    await connection.open()
    device = thing(connection, base="hall", delivery=Delivery(keep=60))
    await connection.attach(device)
    await tell(wire, "hall/state", {"level": 3}, retain=True)
    await until(lambda: device.get("level") == 3)
    try:
        yield device, proxy, simulated
    finally:
        await device.commands.end()
        await connection.close()
        playing.cancel()
        await asyncio.wait([playing])
        proxy.cut()
        server.close()


async def given(device: VirtualDevice, what: str) -> Command:
    """Give a command; returns what became of it, as far as is known."""
    told: list[Command] = []
    stop = device.commands.on_command(told.append)
    try:
        if what == "level":
            return await device.change({"level": 7})
        return await device.perform("reset")
    except CommunicationError:
        return told[-1]
    finally:
        stop()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_module, "BACK_OFF", 0.05)
    monkeypatch.setattr(module, "CONFIRM_TIMEOUT", 1.0)
    monkeypatch.setattr(broker_module, "FIRST_RETRY", 0.1)


@pytest.mark.parametrize("point", POINTS)
async def test_value_arrives(
    broker: Mosquitto, wire: aiomqtt.Client, point: str
) -> None:
    async with behind_proxy(broker, wire) as (device, proxy, simulated):
        proxy.point = point
        command = await given(device, "level")
        assert command.state in {"queued", "confirmed"}
        await until(lambda: not device.commands.pending, seconds=20)
        await until(lambda: device.get("level") == 7)
        assert ("hall/level/set", b"7") in simulated.told


@pytest.mark.parametrize("point", POINTS)
async def test_what_is_said_of_an_action_is_true(
    broker: Mosquitto, wire: aiomqtt.Client, point: str
) -> None:
    async with behind_proxy(broker, wire) as (device, proxy, simulated):
        proxy.point = point
        command = await given(device, "reset")
        await until(lambda: not device.commands.pending, seconds=20)
        assert command.state in {"acknowledged", "failed"}
        if command.state == "acknowledged":
            await until(lambda: simulated.told)
        # It is not sent again on the next connection.
        await until(lambda: device.online, seconds=20)
        await device.change({"level": 7})
        done = simulated.told.count(("hall/reset/invoke", b""))
        assert done == 1 or (command.state == "failed" and done == 0)
