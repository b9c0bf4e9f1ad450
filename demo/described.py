"""Simulated devices that describe themselves, and how each of them is tried."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, override

import aiohttp
import aiomqtt

from .devices import ANSWERS_WITHIN, INTERVAL, CoapDevice, DemoDevice, MqttDevice
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

    def __init__(self, *, file: str, trial: Trial, base: str = "", **more: Any) -> None:
        """Note the file with the description, and how the device is tried."""
        super().__init__(model=str(FILES / file), base=base, **more)
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


class CoapNode(DescribedDevice, CoapDevice):
    """A Thing, or a node that lists its resources, behind CoAP."""

    @override
    async def _shown(self) -> str:
        return (await self.get(self.trial.place)).decode()


class HomieDevice(DescribedDevice, MqttDevice):
    """A Homie device, on a broker that another device is on, too."""

    def __init__(self, *, beside: MqttDevice, **more: Any) -> None:
        """Take on the broker of the other device."""
        super().__init__(port=beside.port, **more)

    @override
    async def _shown(self) -> str:
        # The broker loses a client now and then that comes while others subscribe.
        while True:
            with suppress(TimeoutError, aiomqtt.MqttError):
                async with asyncio.timeout(TRIES_AGAIN_AFTER):
                    topic = f"{self.base}/{self.trial.place}"
                    return (await self.retained(topic)).decode()


type Make = Callable[[Path, Mapping[str, int], MqttDevice], list[DescribedDevice]]


def things(
    folder: Path, ports: Mapping[str, int], _pump: MqttDevice
) -> list[DescribedDevice]:
    """Return the Things."""
    return [
        HttpThing(
            name="Hall thermostat",
            area="Hall",
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
            file="wot/lamp.td.json",
            port=ports["thing_coap"],
            folder=folder,
            trial=Trial(action="light.turn_on", data={}, place="on", shows="true"),
        ),
    ]


def nodes(
    folder: Path, ports: Mapping[str, int], _pump: MqttDevice
) -> list[DescribedDevice]:
    """Return the IPSO nodes."""
    return [
        CoapNode(
            name="Desk lamp",
            area="Living Room",
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
    folder: Path, _ports: Mapping[str, int], pump: MqttDevice
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
