"""Requests to an HTTP server, each with an end, and a few at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
import time
from typing import Final

import aiohttp
from yarl import URL

from ...errors import (
    PayloadError,
    RejectedError,
    UnauthorizedError,
)
from ...fetching import shown
from .redirects import MAX_REDIRECTS, REDIRECTS, SAME_METHOD, TO_GET, next_url
from .request import Method, Request, Response
from .sender import Sender
from .settings import HttpSettings
from .statistics import Statistics
from .unanswered import translated

AT_ONCE: Final = 4
"""Requests to a server; small ones have room for few connections."""

PATIENCE: Final = 5.0
"""Seconds that a command waits for a server that wants to be left alone."""

CHUNK_BYTES: Final = 16 * 1024


class HttpServer:
    """One server: asked with what shows who we are, and only it is shown that."""

    def __init__(self, session: aiohttp.ClientSession, settings: HttpSettings) -> None:
        """Take the session, which is somebody else's, and what the user says.

        Raises:
            ValueRefusedError: the settings are not usable.

        """
        self.base = settings.base
        self.statistics = Statistics()
        self.on_unauthorized: Callable[[], None] | None = None
        """Called when the server refuses what shows who we are."""
        self._sender = Sender(session, settings)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Timeout] = set()
        self.closed = False
        """Whether nothing is asked any more."""
        self._busy_until = 0.0
        self._refused = False

    @property
    def address(self) -> str:
        """The address for people, without secrets."""
        return shown(self.base).rstrip("/")

    @property
    def known(self) -> bool:
        """Whether there is anything that shows who we are."""
        return self._sender.known

    @property
    def wait(self) -> float:
        """For how many seconds the server wants to be left alone."""
        return max(0.0, self._busy_until - time.monotonic())

    def is_own(self, url: URL) -> bool:
        """Whether a URL is of this server, so that it may be shown who we are."""
        return self._sender.is_own(url)

    def open(self) -> None:
        """Let requests be made."""
        self.closed = False

    def close(self) -> None:
        """End all requests at once."""
        self.closed = True
        now = asyncio.get_running_loop().time()
        for running in self._running:
            if not running.expired():
                running.reschedule(now)

    async def command(self, request: Request) -> Response:
        """Ask for something to be done; a server that is busy is waited for a while.

        Raises:
            CommunicationError: as ``request``; or it is busy for longer.

        """
        await self._free()
        return await self.request(request)

    async def request(self, request: Request) -> Response:
        """Ask, and wait for the answer; any status is an answer.

        Raises:
            UnreachableError: there is no server, or no connection to it.
            UnansweredError: there is no usable answer this time.
            RejectedError: it redirects to where must not be gone.
            PayloadError: the answer is too large.
            UnauthorizedError: a token is refused that would show who we are.

        """
        async with self._turns:
            began = time.monotonic()
            try:
                with_limit = self._limited(request.seconds)
                async with translated(request, self), with_limit:
                    response = await self._redirected(request)
            except Exception as err:
                if isinstance(err, UnauthorizedError):
                    self.note_refusal(refused=True)
                reason = type(err).__name__
                self.statistics.failed(request, reason, time.monotonic() - began)
                raise
            self.statistics.answered(request, response, time.monotonic() - began)
        self._hold(response)
        return response

    async def wait_for(self, request: Request, seconds: float) -> Response | None:
        """Ask for what is new; None if there is nothing within some time.

        Raises:
            CommunicationError: as ``request``.

        """
        async with translated(request, self):
            try:
                async with self._limited(seconds):
                    begun = await self._ask(request, request.url)
                    response = await self._whole(request, begun, request.url)
            except TimeoutError:
                if self.closed:
                    raise
                return None
        self.statistics.told(request, response.answer, response.payload)
        self._hold(response)
        return response

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for what has no end; gives the answer as soon as it begins.

        Raises:
            CommunicationError: as ``request``.

        """
        async with translated(request, self):
            async with self._limited(request.seconds):
                response = await self._ask(request, request.url)
            status, fields = response.status, response.headers
            self._hold(Response(url=request.url, status=status, fields=fields))
            try:
                yield response
            finally:
                response.close()

    @asynccontextmanager
    async def transfer(
        self, request: Request, url: URL
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for what takes long to be sent, or to come; redirects are answers.

        Raises:
            CommunicationError: as ``command``.

        """
        await self._free()
        async with translated(request, self), self._limited(request.seconds):
            response = await self._ask(request, url)
            status, fields = response.status, response.headers
            beginning = Response(url=url, status=status, fields=fields)
            self.statistics.told(request, beginning.answer, b"")
            self._hold(beginning)
            try:
                yield response
            finally:
                response.close()

    @asynccontextmanager
    async def socket(
        self, request: Request, protocols: tuple[str, ...], heartbeat: float
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket.

        Raises:
            CommunicationError: as ``request``.

        """
        async with translated(request, self):
            async with self._limited(request.seconds):
                socket = await self._sender.connect(request, protocols, heartbeat)
            try:
                yield socket
            finally:
                await socket.close()

    # Inside

    async def _free(self) -> None:
        """Wait until the server may be asked again.

        Raises:
            RejectedError: it wants to be left alone for too long.

        """
        wait = self.wait
        if wait > PATIENCE:
            answer = f"that it is busy for {wait:.0f} s"
            raise RejectedError(address=self.address, answer=answer)
        if wait:
            await asyncio.sleep(wait)

    def _hold(self, response: Response) -> None:
        """Note that the server wants to be left alone: 429 counts all requests."""
        if response.status == 429 and self.is_own(response.url):
            self._busy_until = time.monotonic() + response.wait

    async def _redirected(self, request: Request) -> Response:
        """Ask, and go on where the server says.

        Raises:
            RejectedError: that may not be followed.
            Exception: whatever aiohttp raises.

        """
        asked, url = request, request.url
        for _ in range(MAX_REDIRECTS + 1):
            begun = await self._ask(asked, url)
            response = await self._whole(asked, begun, url)
            if response.status not in REDIRECTS or response.location is None:
                return response
            if response.status == TO_GET:
                asked = replace(asked, method=Method.GET, payload=b"")
            elif asked.method is not Method.GET and response.status not in SAME_METHOD:
                return response
            url = next_url(request, url, response.location)
        answer = f"with more than {MAX_REDIRECTS} redirects"
        raise RejectedError(address=request.place, answer=answer)

    async def _ask(self, request: Request, url: URL) -> aiohttp.ClientResponse:
        """Ask once, and note whether it takes what shows who we are.

        Raises:
            Exception: whatever aiohttp raises.

        """
        response = await self._sender.ask(request, url)
        if self.known and self.is_own(url):
            self.note_refusal(refused=response.status == 401)
        return response

    def note_refusal(self, *, refused: bool) -> None:
        """Tell once when the credentials are refused, until they are taken again."""
        before, self._refused = self._refused, refused
        if refused and not before and self.on_unauthorized is not None:
            self.on_unauthorized()

    async def _whole(
        self, request: Request, answer: aiohttp.ClientResponse, url: URL
    ) -> Response:
        """Return an answer with its content, counted while it comes.

        Raises:
            PayloadError: it is too large.

        """
        async with answer:
            content = bytearray()
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                content += chunk
                if len(content) > request.limit:
                    answer.close()
                    problem = f"more than {request.limit} bytes"
                    raise PayloadError(media="content", problem=problem)
            return Response(
                url=url,
                status=answer.status,
                fields=answer.headers.copy(),
                payload=bytes(content),
            )

    @asynccontextmanager
    async def _limited(self, seconds: float) -> AsyncIterator[None]:
        """Break off a wait after some time, or when the server is closed.

        Raises:
            TimeoutError: it was broken off.

        """
        if self.closed:
            raise TimeoutError
        async with asyncio.timeout(seconds) as running:
            self._running.add(running)
            try:
                yield
            finally:
                self._running.discard(running)
