"""Home Assistant's WebSocket API."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import ClientWebSocketResponse, WSMsgType

from .api import Api
from .errors import DemoError, within

COMMAND_TAKES: Final = 30
LARGEST_MESSAGE: Final = 64 * 2**20

type Listener = Callable[[Any], None]


class LiveApi:
    """Commands, and events as they happen; a context manager."""

    def __init__(self, api: Api) -> None:
        """Take a session that is logged in."""
        self._api = api
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Listener] = {}
        self._socket: ClientWebSocketResponse
        self._receiving: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Connect and authenticate."""
        async with within(COMMAND_TAKES, "the WebSocket opens"):
            self._socket = await self._api.http.ws_connect(
                "/api/websocket", max_msg_size=LARGEST_MESSAGE
            )
            await self._socket.receive_json()
            token = self._api.tokens["access_token"]
            await self._socket.send_json({"type": "auth", "access_token": token})
            answer = await self._socket.receive_json()
        if answer["type"] != "auth_ok":
            raise DemoError(f"the WebSocket refuses the token: {answer}")
        self._receiving = asyncio.create_task(self._receive(), name="WebSocket")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._receiving.cancel()
        with suppress(asyncio.CancelledError):
            await self._receiving
        await self._socket.close()

    async def command(self, kind: str, **content: Any) -> Any:
        """Give a command and return its result.

        Raises:
            DemoError: it was refused, or nobody answers.

        """
        return await self._ask(next(self._numbers), kind, content)

    async def subscribe(self, listener: Listener, kind: str, **content: Any) -> None:
        """Have a listener told of events.

        Raises:
            DemoError: it was refused, or nobody answers.

        """
        number = next(self._numbers)
        self._listeners[number] = listener
        await self._ask(number, kind, content)

    async def call(self, action: str, entity_id: str, **data: Any) -> None:
        """Perform an action on an entity.

        Raises:
            DemoError: it failed.

        """
        domain, _, service = action.partition(".")
        await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data,
            target={"entity_id": entity_id},
        )

    async def _ask(self, number: int, kind: str, content: dict[str, Any]) -> Any:
        if self._receiving.done():
            raise DemoError("Home Assistant has closed the connection")
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with within(COMMAND_TAKES, f"Home Assistant does {kind}"):
                await self._socket.send_json({"id": number, "type": kind, **content})
                return await answer
        finally:
            del self._waiting[number]

    async def _receive(self) -> None:
        """Take what arrives, until the connection is closed."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                arrived = message.json()
                for one in arrived if isinstance(arrived, list) else [arrived]:
                    self._take(one)
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(DemoError("Home Assistant closed the connection"))

    def _take(self, message: dict[str, Any]) -> None:
        """Hand a message to whom it is for."""
        number = message["id"]
        if message["type"] == "event":
            if listener := self._listeners.get(number):
                listener(message["event"])
        elif (waiting := self._waiting.get(number)) and not waiting.done():
            if message.get("success"):
                waiting.set_result(message.get("result"))
            else:
                problem = message.get("error", {}).get("message", message)
                waiting.set_exception(DemoError(f"Home Assistant refuses: {problem}"))
