"""Things of node-wot: every operation, over each protocol that it serves them by."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
import time
from typing import Any, Final
from urllib.request import Request, urlopen

import aiohttp
import pytest
import pytest_socket

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.base import Connection
from custom_components.device_models.iot.connections.coap import CoapConnection
from custom_components.device_models.iot.connections.http import (
    HttpConnection,
    HttpSettings,
)
from custom_components.device_models.iot.connections.mqtt import MqttConnection
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import RejectedError
from custom_components.device_models.iot.formats import Loaded
from tests.acting import is_open
from tests.conftest import peer
from tests.node_wot import NodeWot, Things

from .conftest import Connect
from .mosquitto import Mosquitto, mosquitto
from .things import SECONDS, shown, until

pytestmark = [
    pytest.mark.peer,
    # Its packages are fetched when the first test needs them.
    pytest.mark.timeout(300),
]

BEGINNING: Final[dict[str, Any]] = {
    "power": False,
    "level": 3,
    "temperature": 21.5,
    "label": "hall",
    "mode": "eco",
    "night.hour": 22,
    "night.dim": 0.5,
    "night.window.from": "dusk",
    "night.window.to": "dawn",
    "serial": "B-1",
    "forecast": 24.5,
}
"""What ``bench`` says at first."""

OBSERVED: Final = {"power", "level", "temperature", "mode"}


@pytest.fixture(scope="module")
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mosquitto]:
    """Run a broker that lets everybody in."""
    # As the fixture of a single test does it.
    pytest_socket.enable_socket()
    folder = tmp_path_factory.mktemp("mosquitto")
    with mosquitto(peer(request, "mosquitto"), folder) as running:
        yield running


@pytest.fixture(scope="module")
def running(node_wot: NodeWot, broker: Mosquitto) -> Iterator[Things]:
    """Run the Things over HTTP, CoAP and MQTT."""
    while not is_open(broker.port):
        time.sleep(0.05)
    with node_wot.things(broker.port) as running:
        yield running


@pytest.fixture
def things(running: Things) -> Things:
    """Return the Things, as they are at first."""
    for action in ("bench/actions/reset", "vault/actions/lock"):
        url = f"http://127.0.0.1:{running.http}/{action}"
        urlopen(Request(url, method="POST")).close()
    return running


@pytest.fixture
async def over_coap(things: Things, connect: Connect) -> CoapConnection:
    """Open a connection to their CoAP server."""
    return await connect(things.coap)


@pytest.fixture
async def over_http(things: Things) -> AsyncGenerator[HttpConnection]:
    """Open a connection to their HTTP server."""
    async with aiohttp.ClientSession() as session:
        settings = HttpSettings(url=f"http://127.0.0.1:{things.http}")
        connection = HttpConnection(session, settings)
        await connection.open()
        yield connection
        await connection.close()


@pytest.fixture(params=["over_coap", "over_http"])
def asked(request: pytest.FixtureRequest) -> Connection:
    """Return a connection that asks and is answered: one after the other."""
    opened: Connection = request.getfixturevalue(request.param)
    return opened


def device_of(found: Loaded, connection: Connection) -> VirtualDevice:
    """Return a device of a Thing Description."""
    binding = Binding(layouts=found.layouts)
    return VirtualDevice(
        key="key", name="Bench", model=found.model, binding=binding, port=connection
    )


@pytest.fixture
async def bench(asked: Connection) -> AsyncGenerator[VirtualDevice]:
    """Attach what the server says that ``bench`` is."""
    device = device_of(await asked.describe(""), asked)
    await asked.attach(device)
    yield device
    await asked.detach(device)


async def test_description(asked: Connection) -> None:
    found = await asked.describe("bench")
    assert found.format == "Thing Description"
    assert found.model.urn == "urn:example:bench"
    assert not found.remarks
    attributes = {one.name: one for one in found.model.attributes}
    assert attributes.keys() == {
        *(name.split(".")[0] for name in BEGINNING),
        "forecast",
    }
    assert attributes["level"].unit == "%"
    assert attributes["mode"].enum == ("eco", "comfort", "boost")
    assert not attributes["serial"].writable
    assert {one.name for one in found.model.actions} == {
        "reset", "heat", "double", "fade",
    }  # fmt: skip
    assert {one.name for one in found.model.formats} == {"overheated", "warmed"}
    assert found.layouts.keys() == {"coap", "http", "mqtt"}


async def test_properties_are_read(bench: VirtualDevice, asked: Connection) -> None:
    await asked.read(bench, bench.model.readable)
    assert shown(bench) == BEGINNING
    assert bench.availability is Availability.ONLINE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("power", True),
        ("level", 40),
        ("label", "Küche"),
        ("mode", "boost"),
        ("night.hour", 5),
        ("night.window.to", "noon"),
    ],
)
async def test_property_is_written(
    bench: VirtualDevice, asked: Connection, name: str, value: Any
) -> None:
    await asked.read(bench, bench.model.readable)
    await bench.set(name, value)
    assert shown(bench)[name] == value
    await asked.read(bench, {name})
    assert shown(bench) == {**BEGINNING, name: value}


async def test_properties_are_written_together(
    bench: VirtualDevice, asked: Connection
) -> None:
    # Its descriptions promise that it takes several at once; over HTTP it does not.
    bench.update()
    await bench.set("level", 40)
    await bench.set("mode", "boost")
    await bench.finish()
    await asked.read(bench, bench.model.readable)
    assert shown(bench) == {**BEGINNING, "level": 40, "mode": "boost"}


async def test_properties_are_observed(bench: VirtualDevice, asked: Connection) -> None:
    await until(lambda: asked.pushed(bench) == OBSERVED)
    await bench.call("heat", {"value": 33.25})
    await until(lambda: shown(bench).get("temperature") == 33.25)


async def test_actions(bench: VirtualDevice) -> None:
    assert await bench.call("double", {"value": 21}) == 42
    assert await bench.call("fade", {"to": 70, "seconds": 1.5}) == {"from": 3, "to": 70}
    assert await bench.call("reset") is None


async def test_action_that_fails(bench: VirtualDevice) -> None:
    with pytest.raises(RejectedError):
        await bench.call("fade", {"to": 101})


async def test_events(bench: VirtualDevice) -> None:
    told = await heated(bench)
    assert told["warmed"] == {"value": 99.5}
    assert told["overheated"] == {"temperature": 99.5, "level": 3}


async def test_property_that_is_only_written(asked: Connection) -> None:
    vault = device_of(await asked.describe("vault"), asked)
    await asked.attach(vault)
    await asked.read(vault, vault.model.readable)
    assert shown(vault) == {"locked": True}
    await vault.set("pin", "2468")
    await asked.read(vault, {"locked"})
    assert shown(vault)["locked"] is False


async def heated(bench: VirtualDevice) -> dict[str, Any]:
    """Heat until the device has told so; returns the fields of its alerts."""
    told: dict[str, Any] = {}
    for name in ("overheated", "warmed"):
        bench.on_alert(
            name, lambda alert: told.update({alert.format.name: alert.fields})
        )
    async with asyncio.timeout(SECONDS):
        while len(told) < 2:
            await bench.call("heat", {"value": 99.5})
            await asyncio.sleep(0.1)
    return told


# MQTT pushes only, and has no answers.


async def test_description_that_is_retained(
    things: Things, connection: MqttConnection
) -> None:
    found = await connection.describe("bench")
    assert found.format == "Thing Description"
    assert found.model.urn == "urn:example:bench"


@pytest.fixture
async def pushing(
    over_coap: CoapConnection, connection: MqttConnection
) -> AsyncGenerator[VirtualDevice]:
    """Attach ``bench`` by the broker; it is described faster over CoAP."""
    device = device_of(await over_coap.describe("bench"), connection)
    await connection.attach(device)
    yield device
    await connection.detach(device)


async def test_everything_is_pushed(pushing: VirtualDevice) -> None:
    assert shown(pushing) == {}
    await pushing.call("reset")
    await until(lambda: shown(pushing) == BEGINNING)


async def test_write_is_confirmed_by_what_is_published(pushing: VirtualDevice) -> None:
    await pushing.set("level", 40)
    assert pushing.values["level"].value == 40
    assert pushing.values["level"].certainty is Certainty.LIVE


async def test_action_with_an_object(pushing: VirtualDevice) -> None:
    await pushing.call("fade", {"to": 70, "seconds": 1.5})
    await until(lambda: shown(pushing) == {"level": 70})


async def test_events_are_published(pushing: VirtualDevice) -> None:
    told = await heated(pushing)
    assert told["overheated"]["temperature"] == 99.5


async def test_thing_is_moved_to_another_protocol(
    asked: Connection, connection: MqttConnection
) -> None:
    found = await asked.describe("bench")
    first, second = device_of(found, asked), device_of(found, connection)
    await asked.attach(first)
    await asked.read(first, first.model.readable)
    before = shown(first)
    await asked.detach(first)
    await connection.attach(second)
    await second.call("reset")
    await until(lambda: shown(second) == before)
    await connection.detach(second)
