"""Simulated devices that describe themselves, and how each of them is tried."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, override

from aiocoap import GET, Context, Message
import aiohttp
import aiomqtt

from .devices import ANSWERS_WITHIN, INTERVAL, DemoDevice
from .errors import within

TRIES_AGAIN_AFTER: Final = 1.5

FILES: Final = Path("tests", "fixtures")
"""Where their descriptions are, from the repository's folder on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a user does with a device, and how that is seen at the device itself."""

    action: str
    """Of Home Assistant; its domain is that of the entity."""
    data: Mapping[str, Any]
    place: str
    """The path, or the topic below that of the device, of what changes."""
    shows: str
    """What the device says there then."""


class DescribedDevice(DemoDevice):
    """A device that is added as it says that it is."""

    def __init__(self, *, file: str, trial: Trial, **more: Any) -> None:
        """Note the file with the description, and how the device is tried."""
        super().__init__(model=str(FILES / file), **more)
        self.trial = trial

    @override
    async def read(self) -> dict[str, Any]:
        async with within(ANSWERS_WITHIN, f"{self.url} answers"):
            return {self.trial.place: await self._shown()}

    @abstractmethod
    async def _shown(self) -> str:
        """Ask the device itself for what the trial changes."""


class HttpThing(DescribedDevice):
    """A Thing behind HTTP."""

    system = "http"

    @property
    @override
    def connection_form(self) -> dict[str, Any]:
        return {
            "url": f"http://127.0.0.1:{self.port}",
            "interval": INTERVAL,
            "verify_ssl": True,
        }

    @override
    async def _shown(self) -> str:
        url = f"http://127.0.0.1:{self.port}/{self.trial.place}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.text()

    @property
    @override
    def _arguments(self) -> list[str]:
        return ["-m", "simulators", "http", self.model, "--port", str(self.port)]


class CoapNode(DescribedDevice):
    """A Thing, or a node that lists its resources, behind CoAP."""

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
    async def _shown(self) -> str:
        context = await Context.create_client_context(transports=["udp6"])
        uri = f"coap://127.0.0.1:{self.port}/{self.trial.place}"
        try:
            response = await context.request(Message(code=GET, uri=uri)).response
        finally:
            await context.shutdown()
        payload: bytes = response.payload
        return payload.decode()

    @property
    @override
    def _arguments(self) -> list[str]:
        return [
            *("-m", "simulators", "coap", self.model),
            *("--port", str(self.port), "--max-age", str(INTERVAL)),
        ]


class HomieDevice(DescribedDevice):
    """A Homie device, on a broker that another device is on, too."""

    system = "mqtt_broker"

    def __init__(self, *, beside: DemoDevice, **more: Any) -> None:
        """Note the device whose broker it shares."""
        super().__init__(port=beside.port, **more)
        self.beside = beside

    @property
    @override
    def connection_form(self) -> dict[str, Any]:
        return self.beside.connection_form

    @override
    async def _shown(self) -> str:
        # The broker loses a client now and then that comes while others subscribe.
        while True:
            with suppress(TimeoutError, aiomqtt.MqttError):
                async with asyncio.timeout(TRIES_AGAIN_AFTER):
                    return await self._retained(f"{self.base}/{self.trial.place}")

    async def _retained(self, topic: str) -> str:
        """Return what is retained on a topic."""
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            await client.subscribe(topic, qos=1)
            async for message in client.messages:
                # The broker sends retained messages that nobody subscribed to.
                if message.topic.matches(topic) and isinstance(message.payload, bytes):
                    return message.payload.decode()
        return ""

    @property
    @override
    def _arguments(self) -> list[str]:
        return [
            *("-m", "simulators", "mqtt", self.model),
            *("--broker", f"127.0.0.1:{self.port}", "--base", self.base),
        ]


type Make = Callable[[Path, Mapping[str, int], DemoDevice], list[DescribedDevice]]


def things(
    folder: Path, ports: Mapping[str, int], _pump: DemoDevice
) -> list[DescribedDevice]:
    """Return the Things."""
    return [
        HttpThing(
            name="Hall thermostat",
            area="Hall",
            base="",
            file="wot/thermostat.td.json",
            port=ports["thing_http"],
            folder=folder,
            trial=Trial(
                action="climate.set_temperature",
                data={"temperature": 19.5},
                place="properties/soll",
                shows="19.5",
            ),
        ),
        CoapNode(
            name="Reading lamp",
            area="Living Room",
            base="",
            file="wot/lamp.td.json",
            port=ports["thing_coap"],
            folder=folder,
            trial=Trial(action="light.turn_on", data={}, place="on", shows="true"),
        ),
    ]


def nodes(
    folder: Path, ports: Mapping[str, int], _pump: DemoDevice
) -> list[DescribedDevice]:
    """Return the IPSO nodes."""
    return [
        CoapNode(
            name="Desk lamp",
            area="Living Room",
            base="",
            file="ipso/dimmable-light.wlnk",
            port=ports["node"],
            folder=folder,
            trial=Trial(
                action="light.turn_on",
                data={"brightness_pct": 70},
                place="3311/0/5851",
                shows="70",
            ),
        )
    ]


def homie(
    folder: Path, _ports: Mapping[str, int], pump: DemoDevice
) -> list[DescribedDevice]:
    """Return the Homie devices."""
    return [
        HomieDevice(
            name="Bedroom shutter",
            area="Bedroom",
            base="homie/5/bedroom-window",
            file="homie/roller_shutter_v5.json",
            beside=pump,
            folder=folder,
            trial=Trial(
                action="cover.set_cover_position",
                data={"position": 30},
                place="shutter/position",
                shows="30",
            ),
        ),
        HomieDevice(
            name="Greenhouse",
            area="Garden",
            base="homie/greenhouse",
            file="homie/greenhouse_v4.json",
            beside=pump,
            folder=folder,
            trial=Trial(
                action="select.select_option",
                data={"option": "closed"},
                place="vents/mode",
                shows="closed",
            ),
        ),
    ]


DESCRIBED: Final[Mapping[str, Make]] = {"wot": things, "ipso": nodes, "homie": homie}
"""By what the command line calls them."""
