"""Devices, and independent clients to talk to them."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
import json
from typing import Any

from aiocoap import Code, Context, Message
from amqtt.broker import Broker
import pytest

from custom_components.device_models.iot.formats import load
from custom_components.device_models.iot.model import DeviceModel
from simulators import SimulatedDevice, load_model
from simulators.coap_server import Timers

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

type Ask = Callable[..., Awaitable[Message]]


def model_of(**parts: Any) -> DeviceModel:
    """Return a model with these attributes, actions and formats."""
    document = {"urn": "urn:test:thing", "name": "Thing", "attributes": [], **parts}
    loaded = load(json.dumps(document).encode(), "test")
    assert not loaded.remarks, loaded.remarks
    return loaded.model


@pytest.fixture
def room_device() -> SimulatedDevice:
    """A room climate controller whose clock stands at noon; it sends no alerts."""
    return SimulatedDevice(
        load_model("room_climate"), seed=1, alerts_every=0, clock=lambda: NOON
    )


@pytest.fixture
def pump() -> SimulatedDevice:
    """A water pump of the same kind."""
    return SimulatedDevice(
        load_model("water_pump"), seed=1, alerts_every=0, clock=lambda: NOON
    )


@pytest.fixture
async def client(socket_enabled: None) -> AsyncGenerator[Context]:
    """A CoAP client that leaves no timers behind."""
    context = await Context.create_client_context(transports=["udp6"])
    timers = Timers()
    context.request_interfaces[0].token_interface.loop = timers
    yield context
    await context.shutdown()
    timers.cancel()


@pytest.fixture
def ask(client: Context) -> Ask:
    """Send one request to a URL and return the answer."""

    async def send(
        code: Code, url: str, payload: bytes = b"", **options: Any
    ) -> Message:
        message = Message(code=code, uri=url, payload=payload, **options)
        return await client.request(message).response

    return send


def new_broker(port: int) -> Broker:
    """Return a broker that lets everybody in."""
    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    return Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {anonymous: {"allow_anonymous": True}},
        }
    )
