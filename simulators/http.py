"""A simulated device that is an HTTP server, and describes itself as a Thing.

What is where is said by its layout. Its Thing Description is at the base path, and at
``/.well-known/wot``.
"""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Final, override

from aiohttp import web

from .announcing import THINGS, Announcement
from .behaviour import Alert, SimulatedDevice
from .faults import Faults
from .http_access import TOKEN_PATH, Access
from .http_default import DefaultLayout
from .http_layout import MakeLayout, Setting
from .http_resources import Refusal
from .simulator import Simulator

_LOGGER = logging.getLogger(__name__)

MAX_AGE: Final = 5
"""Seconds for which a value is fresh, unless said otherwise."""

SHUTDOWN: Final = 0.2
"""Seconds that requests have to end when the server does."""

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpSimulator(Simulator):
    """A simulated device behind ``http://host:port/base``."""

    def __init__(
        self,
        device: SimulatedDevice,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str = "",
        max_age: int = MAX_AGE,
        access: Access | None = None,
        actions_take: float = 0.0,
        announce: bool = False,
        speed: float = 1.0,
        faults: Faults | None = None,
        layout: MakeLayout = DefaultLayout,
    ) -> None:
        """Describe where to listen; port 0 takes a free one and then keeps it.

        ``actions_take``: seconds for which actions go on after they were called; with 0
        they are done when they are answered.

        Raises:
            ValueError: it is to be announced, and the host is no IPv4 address.

        """
        super().__init__(device, speed=speed, faults=faults)
        self.host = host
        self.port = port
        self.base = base.strip("/")
        self.access = access or Access()
        self._announcement = (
            Announcement(device.model.name, host, THINGS["http"]) if announce else None
        )
        self._runner: web.AppRunner | None = None
        self._make = layout
        self._setting = Setting(
            device, self.faults, self.access, self.base, max_age, actions_take
        )
        self._layout = layout(self._setting)

    @property
    @override
    def url(self) -> str:
        """Where the device is found."""
        return f"{self._address}/{self.base}"

    @property
    def _address(self) -> str:
        """Where the server listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def listeners(self) -> int:
        """How many wait for something to be told."""
        return self._layout.listeners

    @override
    async def _open(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.

        """
        self._layout = self._make(self._setting)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=SHUTDOWN, handler_cancellation=True
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]
        if self._announcement is not None:
            name = await self._announcement.start(self.port)
            _LOGGER.info("%s is announced as %s", self.url, name)

    @override
    async def _close(self, *, politely: bool) -> None:
        """Stop listening; HTTP has no word for that, but an announcement has."""
        del politely
        if self._announcement is not None:
            await self._announcement.stop()
        self._layout.cut()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @override
    async def _forget(self) -> None:
        """Cut off who listens, and forget what was called; keep the port."""
        self._layout.cut()
        self.access.tokens.clear()

    @override
    async def _return(self) -> None:
        """Answer again: the faults no longer keep everything back."""

    @override
    async def _refresh(self) -> None:
        """Do nothing: a connection says by itself whether it is there."""

    @override
    def _send_change(self, names: frozenset[str]) -> None:
        """Tell those who listen to what changed."""
        self._layout.tell(self._layout.changes(names))

    @override
    def _send_alert(self, alert: Alert) -> None:
        """Tell those who listen to the format."""
        self._layout.tell(self._layout.alerts(alert))

    # Inside

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, as far as the faults let it."""
        if self.faults.loses():
            # Not a word: a client has to find out by itself.
            while self.faults.mute:  # noqa: ASYNC110  (anybody may switch it)
                await asyncio.sleep(0.1)
            if request.transport is not None:
                request.transport.abort()
        await asyncio.sleep(self.faults.slow)
        if self.faults.busy:
            headers = {"Retry-After": f"{self.faults.busy:.0f}"}
            return web.Response(status=429, headers=headers)
        try:
            return await self._routed(request)
        except Refusal as err:
            return web.Response(status=err.status, text=err.text)

    async def _routed(self, request: web.Request) -> web.StreamResponse:
        """Answer with the resource that is asked for.

        Raises:
            Refusal: there is none, or it says no.

        """
        path = request.raw_path.partition("?")[0]
        if self._layout.describes(path):
            return self._layout.described(request)
        below = f"{self.base}/{TOKEN_PATH}".strip("/")
        if path.strip("/") == below and request.method == "POST":
            return await self.access.give_token(request)
        if not self.access.admits(request):
            return self.access.challenge()
        return await self._layout.answer(request, path)
