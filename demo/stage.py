"""Everything that the demo consists of, brought up and taken down again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
import socket
import sys
import tempfile
from typing import Final

from .api import Api
from .broker import broker
from .children import Child, free_port
from .configuration import kept_ports, write_configuration
from .described import DESCRIBED, DescribedDevice, HomieDevice
from .devices import CoapDevice, DemoDevice, MqttDevice
from .errors import DemoError, until
from .flows import accept, accept_found, add, place
from .live import LiveApi
from .picture import Picture

PREFERRED_PORT: Final = 8123
STARTS_WITHIN: Final = 120
LIVE_WITHIN: Final = 60

TCP: Final = ("mqtt", "thing_http")
UDP: Final = ("coap", "thing_coap", "node")
"""What has a port besides Home Assistant, by its transport."""

NEEDED_BY_THE_PAGE: Final = ("pymicro_vad", "pyspeex_noise")

type Tell = Callable[[str], None]


@dataclass
class Stage:
    """What runs."""

    url: str
    home_assistant: Child
    api: Api
    live: LiveApi
    picture: Picture
    devices: tuple[DemoDevice, ...]

    async def wait_until_live(self) -> None:
        """Wait until each entity of each device has a value.

        Raises:
            DemoError: that takes too long.

        """
        await until(
            lambda: not self.missing(),
            LIVE_WITHIN,
            "all entities are live",
            self.missing,
        )

    async def while_it_runs(self, work: Awaitable[None]) -> None:
        """Wait for some work; give it up when Home Assistant ends meanwhile.

        Raises:
            DemoError: it did, or the work failed.

        """
        working = asyncio.ensure_future(work)
        ended = asyncio.create_task(self.home_assistant.ended(), name="Home Assistant")
        try:
            await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise self.home_assistant.failed()
            working.result()
        finally:
            working.cancel()
            ended.cancel()
            await asyncio.wait((working, ended))

    def missing(self) -> str:
        """Return what is not live yet."""
        problems: list[str] = []
        for device in self.devices:
            shown = self.picture.device(device.name)
            there = len(shown.entities) + shown.disabled
            if not there or there < device.promised:
                problems.append(f"{device.name} has {there} entities")
            problems += [
                f"{entity.entity_id} is {entity.state}" for entity in shown.not_live()
            ]
        return ", ".join(problems)


@asynccontextmanager
async def stage(
    tell: Tell,
    *,
    port: int | None = None,
    keep: Path | None = None,
    more: Iterable[str] = (),
    left_to_the_user: Container[str] = (),
) -> AsyncGenerator[Stage]:
    """Start everything and set it up, but some systems; end everything afterwards.

    ``more`` are kinds of devices that describe themselves.

    Raises:
        DemoError: something does not start.

    """
    async with AsyncExitStack() as stack:
        folder = keep or Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(
                    prefix="device-models-", ignore_cleanup_errors=True
                )
            )
        )
        ports = _ports(folder, port)
        write_configuration(folder, ports)
        if missing := [name for name in NEEDED_BY_THE_PAGE if not find_spec(name)]:
            tell(f"Home Assistant's page will not load: {', '.join(missing)} missing")
        await stack.enter_async_context(broker(ports["mqtt"]))
        devices = _devices(folder, ports, more)
        for device in devices:
            stack.push_async_callback(device.process.stop)
        # It starts first because it takes longest, and ends before its devices do.
        home_assistant = Child("Home Assistant", folder / "demo.log", cwd=folder)
        stack.push_async_callback(home_assistant.stop)
        await home_assistant.start(
            *(sys.executable, "-m", "homeassistant", "--skip-pip"),
            *("--config", str(folder), "--log-no-color"),
        )
        for device in devices:
            await device.start()
        url = f"http://127.0.0.1:{ports['home_assistant']}"
        api = await stack.enter_async_context(Api(url))
        await _log_in(api, home_assistant)
        live = await stack.enter_async_context(LiveApi(api))
        await _wait_until_running(live, folder)
        picture = Picture(live)
        stack.callback(picture.stop)
        await picture.follow()
        known = {device.name for device in picture.devices}
        for device in devices:
            if device.system not in left_to_the_user and device.name not in known:
                await _add(api, live, device)
                await place(live, device)
        yield Stage(url, home_assistant, api, live, picture, devices)


async def _add(api: Api, live: LiveApi, device: DemoDevice) -> None:
    """Add a device in its way.

    Raises:
        DemoError: a step does not do what it should.

    """
    match device:
        case HomieDevice():
            await accept_found(api, live, device)
        case DescribedDevice():
            await accept(api, device)
        case _:
            await add(api, device)


def _ports(folder: Path, wanted: int | None) -> dict[str, int]:
    """Return the ports of a kept directory, else free ones.

    Raises:
        DemoError: one is taken.

    """
    ports = {"home_assistant": PREFERRED_PORT, **dict.fromkeys((*TCP, *UDP), 0)}
    ports |= kept_ports(folder) or {}
    if wanted is not None:
        ports["home_assistant"] = wanted
    found = {
        name: free_port(socket.SOCK_DGRAM if name in UDP else socket.SOCK_STREAM, port)
        for name, port in ports.items()
    }
    for name, port in found.items():
        # Only Home Assistant's may be another than before, unless it was asked for.
        chosen = name != "home_assistant" or wanted is not None
        if chosen and ports[name] not in {0, port}:
            raise DemoError(f"port {ports[name]} ({name}) is taken")
    return found


def _devices(
    folder: Path, ports: dict[str, int], more: Iterable[str]
) -> tuple[DemoDevice, ...]:
    """Return the devices of the demo."""
    pump = MqttDevice(
        name="Garden pump",
        area="Garden",
        model="water_pump",
        base="garden/pump",
        port=ports["mqtt"],
        folder=folder,
    )
    described = [
        device for kind in more for device in DESCRIBED[kind](folder, ports, pump)
    ]
    return (
        CoapDevice(
            name="Living room climate",
            area="Living Room",
            model="room_climate",
            base="room",
            port=ports["coap"],
            folder=folder,
        ),
        pump,
        *described,
    )


async def _log_in(api: Api, home_assistant: Child) -> None:
    """Log in as soon as Home Assistant answers.

    Raises:
        DemoError: it ends instead, or does not answer.

    """

    async def logged_in() -> bool:
        if not home_assistant.running:
            raise home_assistant.failed()
        return await api.log_in()

    await until(logged_in, STARTS_WITHIN, "Home Assistant answers")


async def _wait_until_running(live: LiveApi, folder: Path) -> None:
    """Wait until Home Assistant has set everything up.

    Raises:
        DemoError: that takes too long, or it is another Home Assistant.

    """

    async def running() -> bool:
        config = await live.command("get_config")
        # One that was started at the same moment may have got the port.
        if config["config_dir"] != str(folder):
            raise DemoError("another Home Assistant has taken the port; try again")
        return bool(config["state"] == "RUNNING")

    await until(running, STARTS_WITHIN, "Home Assistant has started")
