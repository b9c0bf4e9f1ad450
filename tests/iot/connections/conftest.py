"""Short waits, and what a connection needs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    client,
    observation,
    request,
)

type Endpoint = Callable[..., Awaitable[CoapEndpoint]]
type Connect = Callable[..., Awaitable[CoapConnection]]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    """Have everything that waits wait a twentieth of its time."""
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.05)
    monkeypatch.setattr(client, "CONFIRMABLE_TIMEOUT", 0.6)
    monkeypatch.setattr(client, "NON_CONFIRMABLE_TIMEOUTS", (0.1, 0.15, 0.25))
    monkeypatch.setattr(observation, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(observation, "LONGEST_RETRY", 0.2)
    monkeypatch.setattr(observation, "SPREAD", (0.1, 0.2))


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
