"""Short waits, and what a connection needs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    attempt,
    observation,
    request,
)
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
    broker as broker_module,
    connection as connection_module,
)

from .listening import Listening, listening
from .mosquitto import Mosquitto, Open, mosquitto, plain_client

type Endpoint = Callable[..., Awaitable[CoapEndpoint]]
type Connect = Callable[..., Awaitable[CoapConnection]]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    """Have everything that waits wait a twentieth of its time."""
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.05)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 0.6)
    monkeypatch.setattr(attempt, "NON_CONFIRMABLE_TIMEOUTS", (0.1, 0.15, 0.25))
    monkeypatch.setattr(observation, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(observation, "LONGEST_RETRY", 0.2)
    monkeypatch.setattr(observation, "SPREAD", (0.1, 0.2))
    monkeypatch.setattr(connection_module, "CONFIRM_TIMEOUT", 0.4)
    monkeypatch.setattr(broker_module, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(broker_module, "LONGEST_RETRY", 0.2)


@pytest.fixture
async def endpoint() -> AsyncGenerator[Endpoint]:
    """Open endpoints, and close them at the end."""
    async with AsyncExitStack() as stack:

        async def opened(
            port: int, host: str = "127.0.0.1", *, confirmable: bool = True
        ) -> CoapEndpoint:
            made = CoapEndpoint(host, port, confirmable)
            await made.open()
            stack.push_async_callback(made.close)
            return made

        yield opened


@pytest.fixture
async def connect() -> AsyncGenerator[Connect]:
    """Open CoAP connections, and close them at the end."""
    async with AsyncExitStack() as stack:

        async def opened(port: int, *, confirmable: bool = True) -> CoapConnection:
            made = CoapConnection(CoapEndpoint("127.0.0.1", port, confirmable))
            await made.open()
            stack.push_async_callback(made.close)
            return made

        yield opened


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing registered again within the test but on error."""
    monkeypatch.setattr(observation, "SPREAD", (60.0, 60.0))


@pytest.fixture
async def broker(peer_program: str, tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    """Run a broker that lets everybody in."""
    with mosquitto(peer_program, tmp_path) as running:
        await running.ready()
        yield running


@pytest.fixture
async def opened() -> AsyncGenerator[Open]:
    """Open clients, and close them at the end."""
    async with AsyncExitStack() as stack:

        async def begin(
            port: int,
            on_connection: Callable[[bool], None] = lambda _: None,
            **more: Any,
        ) -> BrokerClient:
            client = BrokerClient(BrokerSettings("127.0.0.1", port, **more))
            await client.open(on_connection)
            stack.push_async_callback(client.close)
            return client

        yield begin


@pytest.fixture
async def wire(broker: Mosquitto) -> AsyncGenerator[aiomqtt.Client]:
    """Connect what plays the device."""
    async with plain_client(broker.port) as client:
        yield client


@pytest.fixture
async def connection(broker: Mosquitto) -> AsyncGenerator[MqttConnection]:
    """Open the connection."""
    opened = MqttConnection(BrokerClient(BrokerSettings("127.0.0.1", broker.port)))
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def server() -> AsyncGenerator[Listening]:
    """Run a server that devices push to."""
    async with listening() as running:
        yield running
