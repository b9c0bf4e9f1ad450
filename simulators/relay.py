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
        self._backs: dict[Address, asyncio.Future[asyncio.DatagramTransport]] = {}
        self._openings: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; ``port`` is the real one then."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(self._from_client), local_addr=(self.host, self.port)
        )
        self.port = self._front.get_extra_info("sockname")[1]

    async def stop(self) -> None:
        """Close every socket."""
        for opening in self._openings:
            opening.cancel()
        if self._openings:
            await asyncio.wait(self._openings)
        for back in self._backs.values():
            if back.done() and not back.cancelled() and not back.exception():
                back.result().close()
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
        copies = self.to_target.copies()
        if client not in self._backs:
            self._backs[client] = asyncio.get_running_loop().create_future()
            opening = asyncio.create_task(self._open_back(client))
            self._openings.add(opening)
            opening.add_done_callback(self._openings.discard)

        def send_on(back: asyncio.Future[asyncio.DatagramTransport]) -> None:
            if not back.cancelled() and not back.exception():
                for _ in range(copies):
                    back.result().sendto(datagram)

        back = self._backs[client]
        if back.done():
            send_on(back)
        else:
            back.add_done_callback(send_on)

    async def _open_back(self, client: Address) -> None:
        """Open the socket through which a client's datagrams reach the target."""
        back = self._backs[client]

        def to_client(datagram: bytes, _: Address) -> None:
            for _copy in range(self.to_clients.copies()):
                if self._front is not None:
                    self._front.sendto(datagram, client)

        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Receiver(to_client), remote_addr=self._target
            )
        except BaseException:
            back.cancel()
            raise
        back.set_result(transport)


class _Receiver(asyncio.DatagramProtocol):
    """Hands datagrams on; a refusal by the network is a lost datagram."""

    def __init__(self, receive: Callable[[bytes, Address], None]) -> None:
        """Note who takes them."""
        self._receive = receive

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Hand a datagram on."""
        self._receive(data, addr)
