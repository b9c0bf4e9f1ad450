"""What a simulated HTTP device tells by itself: server-sent events, and long polling.

Server-sent events: WHATWG HTML §9.2. Where several things are told, each event has the
name of what it is about, as the HTTP SSE profile of W3C WoT Profile has it; where it is
one thing only, it has none: many clients listen to the events without a name only.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

LONGPOLL_SECONDS: Final = 30.0
"""How long a request is held; then it is answered with nothing new."""

KEPT: Final = 50
"""How many events are kept for those who were cut off."""

MAX_WAITING: Final = 100
"""Messages for a client that does not read; it is cut off then."""


@dataclass(eq=False)
class Topic:
    """Something that is told by itself, and who listens."""

    listeners: set[asyncio.Queue[bytes | None]] = field(default_factory=set)
    kept: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=KEPT))
    last: int = 0

    def tell(self, name: str, data: str) -> None:
        """Tell everybody; ``data`` may have several lines, and the name be empty."""
        self.last += 1
        event = f"event: {name}\n" if name else ""
        lines = "".join(f"data: {line}\n" for line in data.split("\n"))
        message = f"{event}id: {self.last}\n{lines}\n".encode()
        self.kept.append((self.last, message))
        for queue in list(self.listeners):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self.listeners.discard(queue)

    def end(self) -> None:
        """Cut everybody off."""
        for queue in self.listeners:
            with suppress(asyncio.QueueFull):
                queue.put_nowait(None)
        self.listeners.clear()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer with what comes, beginning behind what the client has had."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING)
        self.listeners.add(queue)
        try:
            await response.write(b"retry: 2000\n\n" + self._missed(request))
            while (message := await queue.get()) is not None:
                await response.write(message)
        except ConnectionError:
            pass  # the client has gone
        finally:
            self.listeners.discard(queue)
        return response

    async def answer(
        self, request: web.Request, read: Callable[[], web.Response]
    ) -> web.Response:
        """Answer with what ``read`` returns as soon as there is something new.

        One who asks for the header fields only wants to know whether it is there.
        """
        if request.method == "HEAD":
            return web.Response()
        return read() if await self.wait() else web.Response(status=204)

    async def wait(self) -> bool:
        """Wait for something new; returns whether there is."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING)
        self.listeners.add(queue)
        try:
            async with asyncio.timeout(LONGPOLL_SECONDS):
                return await queue.get() is not None
        except TimeoutError:
            return False
        finally:
            self.listeners.discard(queue)

    def _missed(self, request: web.Request) -> bytes:
        """Return what a client has missed since it was cut off."""
        try:
            known = int(request.headers.get("Last-Event-ID", ""))
        except ValueError:
            return b""
        return b"".join(message for number, message in self.kept if number > known)
