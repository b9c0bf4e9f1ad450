"""A listening server and what tests send to it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
import json
import socket
from typing import Any, Final, override

from custom_components.device_models.iot.binding import Reception
from custom_components.device_models.iot.connections.coap import CoapEndpoint
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
)
from custom_components.device_models.iot.connections.coap_listener import (
    CoapListener,
    ListenerSettings,
)
from custom_components.device_models.iot.delivery import Delivery
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.outbox_document import document_of, outbox_of

from .things import free_port, thing

LOOPBACK: Final = "127.0.0.1"

BASE: Final = "garden/shed"

URI_PATH: Final = 11
"""RFC 7252 §5.10, table 4: the number of the option."""


class Sender:
    """Sends as a device does, and returns what is answered."""

    def __init__(self, endpoint: CoapEndpoint, base: str = BASE) -> None:
        self._endpoint = endpoint
        self._base = base

    async def __call__(
        self, method: Method, path: str, payload: object = b"", **more: Any
    ) -> Response:
        """Send; what is no bytes goes as JSON."""
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
            more.setdefault("content_format", 50)
        whole = path[1:] if path.startswith("/") else f"{self._base}/{path}"
        return await self._endpoint.request(method, whole, payload=payload, **more)

    async def post(
        self, payload: object = b"", path: str = "state", **more: Any
    ) -> Response:
        return await self(Method.POST, path, payload, **more)

    async def get(self, path: str, **more: Any) -> Response:
        return await self(Method.GET, path, **more)


class Listening:
    """A server that listens, and a sender."""

    def __init__(self, listener: CoapListener, port: int, send: Sender) -> None:
        self.listener = listener
        self.port = port
        self.send = send
        self._devices: list[VirtualDevice] = []

    async def add(
        self,
        base: str = BASE,
        *,
        silent_after: float | None = None,
        model: Any = None,
        layout: dict[str, Any] | None = None,
        device_key: str = "key",
        quiet: bool = False,
        keep: float | None = None,
        after: VirtualDevice | None = None,
        **reception: Any,
    ) -> VirtualDevice:
        """Add a device; perhaps with the commands that another one has left."""
        device = thing(
            self.listener,
            base=base,
            model=model,
            key=device_key,
            quiet=quiet,
            silent_after=silent_after,
            reception=Reception(**reception),
            delivery=Delivery(keep=keep),
            **({"coap_listener": layout} if layout else {}),
        )
        if after is not None:
            await self.remove(after)
            document = document_of(after.commands.outbox)
            outbox, _remarks = outbox_of(document, "Thing", device.model)
            device.commands.keep_in(outbox, nowhere)
        self._devices.append(device)
        await self.listener.attach(device)
        return device

    async def remove(self, device: VirtualDevice) -> None:
        """Remove a device."""
        await self.listener.detach(device)
        await device.commands.end()

    async def end(self) -> None:
        """End what belongs to the devices."""
        for device in self._devices:
            await device.commands.end()


async def nowhere() -> None:
    """Store nothing."""


@asynccontextmanager
async def listening(
    networks: Iterable[str] = ("127.0.0.0/8",),
) -> AsyncGenerator[Listening]:
    """Run a server on a free port."""
    port = free_port(socket.SOCK_DGRAM)
    listener = CoapListener(ListenerSettings(LOOPBACK, port, tuple(networks)))
    endpoint = CoapEndpoint(LOOPBACK, port)
    await listener.open()
    await endpoint.open()
    here = Listening(listener, port, Sender(endpoint))
    try:
        yield here
    finally:
        await here.end()
        await endpoint.close()
        await listener.close()


def waiting(response: Response) -> list[dict[str, Any]]:
    """Return the commands of an answer in JSON, without ids and ages."""
    return [
        {key: value for key, value in one.items() if key not in {"id", "age"}}
        for one in json.loads(response.payload)
    ]


def ids(response: Response) -> list[int]:
    """Return the ids of the commands of an answer."""
    return [one["id"] for one in json.loads(response.payload)]


class Datagrams(asyncio.DatagramProtocol):
    """Sends datagrams made by hand, and keeps what comes back."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.transport: Any = None

    def has_received(self, number: int) -> bool:
        """Whether so many datagrams have come back."""
        return len(self.received) >= number

    @override
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    @override
    def datagram_received(self, data: bytes, _address: Any) -> None:
        self.received.append(data)


@asynccontextmanager
async def by_hand(port: int, host: str = LOOPBACK) -> AsyncGenerator[Datagrams]:
    """Talk to a port in datagrams, from an address of this machine."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        Datagrams, local_addr=(host, 0), remote_addr=(LOOPBACK, port)
    )
    try:
        yield protocol
    finally:
        transport.close()


def path_to(*names: str) -> list[tuple[int, bytes]]:
    """Return the options that say where something below the base path is."""
    return [(URI_PATH, name.encode()) for name in (*BASE.split("/"), *names)]


def counted(device: VirtualDevice, name: str) -> Callable[[], int]:
    """Return how often an alert has come from now on."""
    seen: list[object] = []
    device.on_alert(name, seen.append)
    return lambda: len(seen)
