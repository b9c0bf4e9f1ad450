"""The simulated devices: each a process of its own, which may be killed."""

from abc import abstractmethod
import json
from pathlib import Path
import shlex
import sys
from typing import Any, Final, override

from aiocoap import GET, Context, Message
from aiocoap.numbers import ContentFormat
import aiomqtt

from .broker import VERSION
from .children import Child
from .errors import within

INTERVAL: Final = 5
"""Seconds after which Home Assistant asks a polled device again."""

ANSWERS_WITHIN: Final = 5


class DemoDevice:
    """A simulated device, and what a user enters to add it."""

    system: str
    """The connection's name in the menu of the config flow."""

    def __init__(
        self,
        *,
        name: str,
        area: str,
        model: str,
        base: str,
        port: int,
        folder: Path,
    ) -> None:
        """Describe the device."""
        self.name = name
        self.area = area
        self.model = model
        self.base = base
        self.port = port
        log = folder / f"{Path(model).name}.log"
        self.process = Child(f"the simulator of {name}", log)
        self.url = ""
        self.promised = 0
        """The entities that Home Assistant has promised to make of it."""

    async def start(self) -> None:
        """Start the device, or start it again.

        Raises:
            DemoError: it does not start.

        """
        await self.process.start(sys.executable, *self._arguments, announces=True)
        self.url = (await self.process.first_line()).removeprefix("ready ")

    @property
    def command(self) -> str:
        """How to start it by hand."""
        return shlex.join([".venv/bin/python", *self._arguments])

    @property
    @abstractmethod
    def connection_form(self) -> dict[str, Any]:
        """What a user enters about the connection."""

    @property
    def device_form(self) -> dict[str, Any]:
        """What a user enters about the device."""
        return {"name": self.name, "place": self.base}

    @abstractmethod
    async def read(self) -> dict[str, Any]:
        """Ask the device itself for its attributes, without Home Assistant.

        Raises:
            DemoError: it does not answer.

        """

    @property
    @abstractmethod
    def _arguments(self) -> list[str]:
        """The arguments of the Python that runs it."""


class CoapDevice(DemoDevice):
    """A device that is polled and observed."""

    system = "coap"

    @property
    @override
    def connection_form(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "confirmable": True,
            "interval": INTERVAL,
        }

    @override
    async def read(self) -> dict[str, Any]:
        async with within(ANSWERS_WITHIN, f"{self.url} answers"):
            payload = await self.get(f"{self.base}/state", ContentFormat.JSON)
        state: dict[str, Any] = json.loads(payload)
        return state

    async def get(self, path: str, accept: ContentFormat | None = None) -> bytes:
        """Return what the device has at a path."""
        uri = f"coap://127.0.0.1:{self.port}/{path}"
        context = await Context.create_client_context(transports=["udp6"])
        try:
            request = Message(code=GET, uri=uri, accept=accept)
            response = await context.request(request).response
        finally:
            await context.shutdown()
        payload: bytes = response.payload
        return payload

    @property
    @override
    def _arguments(self) -> list[str]:
        # Max-Age is short because nobody asks again before it is over.
        return [
            *("-m", "simulators", "coap", self.model),
            *("--port", str(self.port), "--max-age", str(INTERVAL)),
            *(("--base", self.base) if self.base else ()),
        ]


class MqttDevice(DemoDevice):
    """A device that pushes."""

    system = "mqtt_broker"

    @property
    @override
    def connection_form(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "tls": False,
            "advanced": {"mqtt_version": VERSION},
        }

    @property
    @override
    def device_form(self) -> dict[str, Any]:
        # Without that, a device that hangs but stays connected would never be missed.
        return {**super().device_form, "silent_after": 3 * INTERVAL, "confirm": True}

    @override
    async def read(self) -> dict[str, Any]:
        async with within(ANSWERS_WITHIN, f"{self.url} publishes"):
            payload = await self.retained(f"{self.base}/state")
        state: dict[str, Any] = json.loads(payload)
        return state

    async def retained(self, topic: str) -> bytes:
        """Return what is retained on a topic."""
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            await client.subscribe(topic, qos=1)
            async for message in client.messages:
                # The broker sends retained messages that nobody subscribed to.
                if message.topic.matches(topic) and isinstance(message.payload, bytes):
                    return message.payload
        return b""

    @property
    @override
    def _arguments(self) -> list[str]:
        return [
            *("-m", "simulators", "mqtt", self.model),
            *("--broker", f"127.0.0.1:{self.port}", "--base", self.base),
        ]
