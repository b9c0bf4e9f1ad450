"""Server-sent events (WHATWG HTML §9.2)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
import time
from typing import Final, override

import aiohttp

from ...codecs import MAX_PAYLOAD_BYTES
from ...errors import PayloadError
from .following import (
    FIRST_RETRY,
    LONGEST_RETRY,
    Following,
    Message,
    NotOfferedHereError,
)
from .unanswered import UnansweredError

STREAM: Final = "text/event-stream"

IDLE: Final = 300.0
"""Seconds without a byte after which a stream is begun anew: a server that is gone does
not say so."""

MAX_ID: Final = 200
"""Characters of an id that is told the server when the stream is begun anew."""

CHUNK: Final = 16 * 1024

IDENTITY: Final = "identity"
"""RFC 9110 §12.5.3: not compressed."""


REPLAYED: Final = 64
"""So many of the last events are known again …"""

REPLAY_SECONDS: Final = 5.0
"""… when a stream has begun anew, by a server that does not look at the last id. Later
it is another event: a server that has restarted may number from the beginning."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    data: str
    name: str = ""


@dataclass(slots=True)
class Parser:
    """Takes a stream apart, as it comes, into events (§9.2.6)."""

    last_id: str = ""
    """Of the last event, for when the stream is begun anew."""
    retry: float | None = None
    """Seconds that the server wants between two tries."""
    _rest: bytearray = field(default_factory=bytearray)
    _data: list[str] = field(default_factory=list)
    _size: int = 0
    _name: str = ""
    _after_return: bool = False
    _begun: bool = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield the events that are complete with a chunk.

        Raises:
            PayloadError: an event is too large.

        """
        self._rest += chunk
        if not self._begun and len(self._rest) >= 3:
            self._begun = True
            if self._rest.startswith(b"\xef\xbb\xbf"):
                del self._rest[:3]
        lines = self._rest.replace(b"\r\n", b"\n")
        if lines.endswith(b"\r"):
            # Its line feed may follow: it waits until that is known.
            whole, held = lines[:-1].replace(b"\r", b"\n"), b"\r"
        else:
            whole, held = lines.replace(b"\r", b"\n"), b""
        *complete, rest = whole.split(b"\n")
        self._rest = bytearray(rest + held)
        if len(self._rest) > MAX_PAYLOAD_BYTES:
            self._refuse()
        for line in complete:
            if event := self._line(line.decode(errors="replace")):
                yield event

    def _line(self, line: str) -> Event | None:
        """Take a line; an empty one completes an event."""
        if not line:
            event = Event("\n".join(self._data), self._name) if self._data else None
            self._data, self._name, self._size = [], "", 0
            return event
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match key:
            case "data":
                self._size += len(value) + 1
                if self._size > MAX_PAYLOAD_BYTES:
                    self._refuse()
                self._data.append(value)
            case "event":
                self._name = value
            case "id" if "\0" not in value and len(value) <= MAX_ID:
                self.last_id = value
            case "retry" if value.isascii() and value.isdecimal():
                seconds = float(value[:9]) / 1000
                self.retry = min(max(seconds, FIRST_RETRY), LONGEST_RETRY)
        return None

    @staticmethod
    def _refuse() -> None:
        problem = f"more than {MAX_PAYLOAD_BYTES} bytes"
        raise PayloadError(media="event", problem=problem)


class EventStream(Following):
    """Follows server-sent events."""

    _last_id = ""
    _known: tuple[int, ...] = ()
    """What the last events are known again by."""

    @override
    async def _follow(self) -> None:
        headers = {"Cache-Control": "no-store"}
        if self._last_id.isprintable() and self._last_id.isascii() and self._last_id:
            headers["Last-Event-ID"] = self._last_id
        request = replace(self._request, accept=STREAM, headers=headers)
        async with self._server.stream(request) as response:
            if response.status == 204 or (
                response.status == 200 and response.content_type != STREAM
            ):
                raise NotOfferedHereError
            if response.status != 200:
                self._not_now(response)
            if response.headers.get("Content-Encoding", IDENTITY) != IDENTITY:
                # That was not asked for, and little of it may be very much.
                raise NotOfferedHereError
            await self._active()
            parser, before = Parser(last_id=self._last_id), self._known
            async for chunk in _chunks(response):
                for event in parser.feed(chunk):
                    self._last_id = parser.last_id
                    if self._is_replayed(event, before):
                        continue
                    payload = event.data.encode()
                    self._server.statistics.told(request, "event", payload)
                    await self._take(Message(payload, event.name))
                if parser.retry is not None:
                    self._retry = parser.retry

    def _is_replayed(self, event: Event, before: tuple[int, ...]) -> bool:
        """Whether an event is one of before the stream has begun anew."""
        if not self._last_id:
            return False
        known = hash((self._last_id, event))
        if known in before and time.monotonic() - self._begun < REPLAY_SECONDS:
            return True
        self._known = (*self._known, known)[-REPLAYED:]
        return False

    def _not_now(self, response: aiohttp.ClientResponse) -> None:
        """Take it that there is no stream.

        Raises:
            NotOfferedHereError: there never is.
            UnansweredError: there is none now.

        """
        if response.status in {401, 403, 404, 405, 406, 410, 501}:
            raise NotOfferedHereError
        reason = f"it answered {response.status}"
        raise UnansweredError(address=self._request.place, reason=reason)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield what comes, until the server ends it, or is silent for too long."""
    while True:
        async with asyncio.timeout(IDLE):
            chunk = await response.content.readany()
        if not chunk:
            return
        for begin in range(0, len(chunk), CHUNK):
            yield chunk[begin : begin + CHUNK]
            await asyncio.sleep(0)  # others have their turn, however much comes
