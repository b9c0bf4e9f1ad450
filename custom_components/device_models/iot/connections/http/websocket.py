"""WebSockets (RFC 6455): a value in each message, or messages of the Web Thing API.

https://webthings.io/api/#web-thing-websocket-api: ``propertyStatus``, ``event`` and
``actionStatus`` come; ``setProperty``, ``requestAction`` and ``addEventSubscription``
are sent.
"""

import asyncio
from collections.abc import Iterator, Mapping
import json
from typing import Final, override

import aiohttp

from ...codecs import CODECS, Document, decode
from ...errors import NotSentError, PayloadError, UnreachableError
from .following import Following, Message, NotOfferedHereError
from .unanswered import UnansweredError

HEARTBEAT: Final = 30.0
"""Seconds between two pings; one that is not answered is the end."""

PROTOCOL: Final = "webthing"

REFUSALS: Final = frozenset({200, 400, 401, 403, 404, 405, 426, 501})
"""What a server answers that has no WebSocket there."""

SEND_SECONDS: Final = 5.0

_TEXT: Final = aiohttp.WSMsgType.TEXT
_BINARY: Final = aiohttp.WSMsgType.BINARY


class Socket(Following):
    """Follows what comes on a WebSocket: each message is a value."""

    protocols: tuple[str, ...] = ()

    @override
    async def _follow(self) -> None:
        try:
            async with self._server.socket(
                self._request, self.protocols, HEARTBEAT
            ) as socket:
                await self._opened(socket)
                await self._active()
                async for message in socket:
                    if message.type in {_TEXT, _BINARY}:
                        await self._heard_of(_bytes(message))
        except UnreachableError as err:
            match err.__cause__:
                case aiohttp.WSServerHandshakeError(status=status) if (
                    status in REFUSALS
                ):
                    raise NotOfferedHereError from err
            raise

    async def _opened(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Say what is wanted."""

    async def _heard_of(self, payload: bytes) -> None:
        """Take a message."""
        self._server.statistics.told(self._request, "message", payload)
        await self._take(Message(payload))


class WebThingSocket(Socket):
    """Follows, and uses, a WebSocket of the Web Thing API."""

    protocols = (PROTOCOL,)

    _socket: aiohttp.ClientWebSocketResponse | None = None

    async def tell(self, kind: str, data: Mapping[str, Document]) -> None:
        """Send a message.

        Raises:
            NotSentError: there is no connection.
            UnreachableError: it has broken.

        """
        socket = self._socket
        place = self._request.place
        if socket is None or socket.closed:
            raise NotSentError(address=place, reason="no connection now")
        text = CODECS["json"].encode({"messageType": kind, "data": data}).decode()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await socket.send_str(text)
        except (OSError, aiohttp.ClientError) as err:
            raise UnansweredError(address=place, reason="it does not take it") from err

    @override
    async def _follow(self) -> None:
        try:
            await super()._follow()
        finally:
            self._socket = None

    @override
    async def _opened(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        if events := self._listener.events:
            await self.tell("addEventSubscription", {name: {} for name in events})

    @override
    async def _heard_of(self, payload: bytes) -> None:
        self._server.statistics.told(self._request, "message", payload)
        for name, value in _told(payload):
            await self._take(Message(value, name, CODECS["json"], exact=True))


def _bytes(message: aiohttp.WSMessage) -> bytes:
    """Return what a message brings."""
    data: object = message.data
    return data.encode() if isinstance(data, str) else bytes(message.data)


def _told(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what a message of the Web Thing API tells: names, and JSON."""
    try:
        document = decode(CODECS["json"], payload).document
    except PayloadError:
        return
    if not isinstance(document, Mapping):
        return
    kind, data = document.get("messageType"), document.get("data")
    if not isinstance(data, Mapping):
        return
    for name, value in data.items():
        match kind, value:
            case "propertyStatus", _:
                yield name, json.dumps(value).encode()
            case "event", Mapping():
                # An event without data is told with its time only.
                yield name, json.dumps(value.get("data", {})).encode()
