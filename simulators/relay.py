"""A UDP relay that loses and repeats datagrams, to try CoAP on a bad network."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Self, override

type Address = tuple[Any, ...]


@dataclass
class Way:
    """One direction through the relay: what it does, and what it did.

    ``drop`` and ``duplicate`` are percentages and may be changed at any time.
    """

    drop: float
    duplicate: float
    rng: Random
    received: int = 0
    dropped: int = 0
    duplicated: int = 0

    @property
    def sent(self) -> int:
        """How many datagrams left the relay on this way."""
        return self.received - self.dropped + self.duplicated

    def copies(self) -> int:
        """Return how often the datagram at hand is sent on: 0, 1 or 2 times."""
        self.received += 1
        # Both are drawn every time, so that one setting does not move the other's luck.
        lost, twice = self.rng.uniform(0, 100), self.rng.uniform(0, 100)
        if lost < self.drop:
            self.dropped += 1
            return 0
        if twice < self.duplicate:
            self.duplicated += 1
            return 2
        return 1


class UdpRelay:
    """Stands between clients and one server; each client gets a socket of its own."""

    def __init__(
        self,
        target: tuple[str, int],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        drop: float = 0.0,
        duplicate: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Describe where to listen and whom to reach; percentages are for each way."""
        self.host = host
        self.port = port
        self.to_target = Way(drop, duplicate, Random(seed))
        self.to_clients = Way(drop, duplicate, Random(seed + 1))
        self._target = target
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, _Back] = {}

    async def start(self) -> None:
        """Listen; ``port`` is the real one then."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(self._from_client), local_addr=(self.host, self.port)
        )
        self.port = self._front.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        """Close every socket."""
        for back in self._backs.values():
            await back.close()
        self._backs.clear()
        if self._front is not None:
            self._front.close()
            self._front = None
        # Transports close their sockets in the next pass of the event loop.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    @property
    def clients(self) -> int:
        """How many clients have sent something."""
        return len(self._backs)

    def _from_client(self, datagram: bytes, client: Address) -> None:
        """Take a datagram of a client."""
        if client not in self._backs:

            def to_client(answer: bytes, _: Address) -> None:
                for _copy in range(self.to_clients.copies()):
                    if self._front is not None:
                        self._front.sendto(answer, client)

            self._backs[client] = _Back(self._target, to_client)
        for _copy in range(self.to_target.copies()):
            self._backs[client].send(datagram)


class _Back:
    """The socket through which one client's datagrams reach the target."""

    def __init__(
        self, target: tuple[str, int], receive: Callable[[bytes, Address], None]
    ) -> None:
        """Begin to open it; what is sent until then waits."""
        self._waiting: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._opening = asyncio.create_task(self._open(target, receive))

    def send(self, datagram: bytes) -> None:
        """Send a datagram to the target, in turn."""
        if self._transport is None:
            self._waiting.append(datagram)
        else:
            self._transport.sendto(datagram)

    async def close(self) -> None:
        """Close it, even before it is open."""
        self._opening.cancel()
        await asyncio.wait([self._opening])
        if self._transport is not None:
            self._transport.close()

    async def _open(
        self, target: tuple[str, int], receive: Callable[[bytes, Address], None]
    ) -> None:
        """Open it, and send what waits."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(receive), remote_addr=target
        )
        for datagram in self._waiting:
            self._transport.sendto(datagram)


class _Receiver(asyncio.DatagramProtocol):
    """Hands datagrams on; a refusal by the network is a lost datagram."""

    def __init__(self, receive: Callable[[bytes, Address], None]) -> None:
        """Note who takes them."""
        self._receive = receive

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Hand a datagram on."""
        self._receive(data, addr)
