"""A simulated device that is an HTTP server, and describes itself as a Thing.

Below its base path: ``state`` (all attributes), one resource for each attribute and
each action, ``alert/<name>`` for each format, and ``longpoll/…`` for what answers when
there is something new. Its Thing Description is at the base path, and at
``/.well-known/wot``.
"""

import asyncio
from collections.abc import Awaitable, Callable
import json
import logging
from typing import Final, override
from urllib.parse import unquote

from aiohttp import web

from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType, JsonValue

from .announcing import THINGS, Announcement
from .behaviour import Alert, SimulatedDevice
from .faults import Faults
from .http_access import TOKEN_PATH, Access
from .http_description import path_of, thing_description
from .http_resources import Calls, Refusal, body, content, told, write
from .http_streams import Topic
from .payloads import Media
from .simulator import Simulator

_LOGGER = logging.getLogger(__name__)

MAX_AGE: Final = 5
"""Seconds for which a value is fresh, unless said otherwise."""

OBJECTS: Final = (Media.JSON, Media.CBOR, Media.SENML_JSON)
VALUES: Final = (*OBJECTS, Media.TEXT)
MESSAGES: Final = (Media.JSON, Media.CBOR)

STREAM: Final = "text/event-stream"

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
        self._max_age = max_age
        self._takes = actions_take
        self._announcement = (
            Announcement(device.model.name, host, THINGS["http"]) if announce else None
        )
        self._runner: web.AppRunner | None = None
        self._calls: dict[str, Calls] = {}
        self._topics: dict[str, Topic] = {}

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
        return sum(len(topic.listeners) for topic in self._topics.values())

    def description(self, address: str) -> dict[str, JsonValue]:
        """Return the Thing Description of the device at an address.

        References are relative to the base, which has to be absolute (RFC 3986 §5.1).
        """
        described = thing_description(
            self.device.model,
            security=self.access.definitions,
            asynchronous=bool(self._takes),
        )
        below = f"{self.base}/" if self.base else ""
        return {**described, "base": f"{address}/{below}"}

    @override
    async def _open(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.

        """
        device = self.device
        names = [attribute.name for attribute in device.model.attributes]
        alerts = [path_of("alert", shape.name) for shape in device.model.formats]
        self._topics = {
            path: Topic() for path in ("state", *map(path_of, names), *alerts)
        }
        self._calls = {
            path_of(action.name): Calls(device, self.faults, action, self._takes)
            for action in device.model.actions
        }
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
        self._cut()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @override
    async def _forget(self) -> None:
        """Cut off who listens, and forget what was called; keep the port."""
        self._cut()
        self.access.tokens.clear()

    @override
    async def _return(self) -> None:
        """Answer again: the faults no longer keep everything back."""

    @override
    async def _refresh(self) -> None:
        """Do nothing: a connection says by itself whether it is there."""

    @override
    def _send_change(self, names: frozenset[str]) -> None:
        """Tell those who listen to what changed, or to the whole state."""
        for attribute in self.device.model.attributes:
            prefix = f"{attribute.name}."
            changed = any(
                one == attribute.name or one.startswith(prefix) for one in names
            )
            if changed and attribute.readable:
                value = json.dumps(self._value(attribute))
                self._tell(path_of(attribute.name), attribute.name, value)
                self._tell("state", attribute.name, value)

    @override
    def _send_alert(self, alert: Alert) -> None:
        """Tell those who listen to the format."""
        data = json.dumps(alert.content)
        self._tell(path_of("alert", alert.format), alert.format, data)

    # Inside

    def _cut(self) -> None:
        """Cut off who listens, and end what goes on."""
        for topic in self._topics.values():
            topic.end()
        for calls in self._calls.values():
            calls.end()

    def _tell(self, path: str, name: str, data: str) -> None:
        """Tell those who listen to a resource, unless a fault keeps it back."""
        if not self.faults.loses():
            spoiled = self.faults.spoil(data.encode()).decode(errors="replace")
            self._topics[path].tell(name, spoiled)

    def _value(self, attribute: Attribute) -> JsonValue:
        """Return the value of an attribute as it is told."""
        return told(attribute, self.device.read(attribute.name))

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
        whole = request.raw_path.partition("?")[0]
        if whole == "/.well-known/wot":
            return self._described(request)
        path = whole.strip("/")
        if self.base:
            if path != self.base and not path.startswith(f"{self.base}/"):
                raise Refusal(404, "no such resource")
            path = path.removeprefix(self.base).strip("/")
        if not path:
            return self._described(request)
        if path == TOKEN_PATH and request.method == "POST":
            return await self.access.give_token(request)
        if not self.access.admits(request):
            return self.access.challenge()
        way, _, below = path.partition("/")
        if way == "longpoll" and below in self._topics:
            if not await self._topics[below].wait():
                return web.Response(status=204)
            return self._read(request, below)
        if request.method == "GET" and path in self._topics:
            if STREAM in request.headers.get("Accept", ""):
                return await self._topics[path].stream(request)
            return self._read(request, path)
        if request.method in {"PUT", "PATCH"}:
            return await self._write(request, path)
        return await self._act(request, path)

    def _described(self, request: web.Request) -> web.Response:
        """Answer with the Thing Description, to anybody, at the address asked."""
        described = self.description(f"{request.scheme}://{request.host}")
        return web.Response(
            body=json.dumps(described).encode(),
            content_type="application/td+json",
        )

    def _read(self, request: web.Request, path: str) -> web.Response:
        """Answer with a value, or the last message of a format.

        Raises:
            Refusal: it cannot be read.

        """
        model, faults = self.device.model, self.faults
        units = {leaf.name: leaf.unit for leaf in model.leaves.values()}
        if path.startswith("alert/"):
            alert = self.device.alerts.get(unquote(path.partition("/")[2]))
            if alert is None:
                return web.Response(status=204)
            return content(request, alert.content, faults, offered=MESSAGES)
        name = ""
        offered: tuple[Media, ...] = OBJECTS
        value: JsonValue
        if path == "state":
            value = {
                one.name: self._value(one) for one in model.attributes if one.readable
            }
        else:
            name = unquote(path)
            attribute = next(one for one in model.attributes if one.name == name)
            if not attribute.readable:
                raise Refusal(405, "it can only be written")
            value = self._value(attribute)
            offered = OBJECTS if attribute.type is DataType.OBJECT else VALUES
        return content(
            request,
            value,
            faults,
            offered=offered,
            max_age=self._max_age,
            name=name,
            units=units,
        )

    async def _write(self, request: web.Request, path: str) -> web.Response:
        """Write what a request brings.

        Raises:
            Refusal: it does not fit, or there is no such attribute.

        """
        if path == "state":
            values = await body(request)
            if not isinstance(values, dict):
                raise Refusal(400, "expected an object")
            return write(self.device, values)
        name = unquote(path)
        for attribute in self.device.model.attributes:
            if attribute.name == name:
                if not any(leaf.writable for _path, leaf in attribute.leaves()):
                    raise Refusal(405, "it can only be read")
                return write(self.device, {name: await body(request, attribute.type)})
        raise Refusal(404, "no such resource")

    async def _act(self, request: web.Request, path: str) -> web.Response:
        """Call an action, ask for a call, or end it.

        Raises:
            Refusal: there is no such action or call.

        """
        name, _, number = path.partition("/")
        calls = self._calls.get(name)
        if calls is None:
            raise Refusal(405 if path in self._topics else 404, "no such resource")
        match request.method, number:
            case "POST", "":
                return await calls.invoke(request)
            case "GET", str() if number:
                return calls.ask(number)
            case "DELETE", str() if number:
                return calls.cancel(number)
            case _:
                raise Refusal(405, "not with that method")
