"""A bare aiocoap server with resources that tests can change."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
import json
from typing import Any, override

from aiocoap import Code, Context, Message
from aiocoap.resource import ObservableResource, Site

from simulators.coap_server import Timers

from .things import STATE


class Content(ObservableResource):
    """A resource that holds a payload and keeps what it is asked."""

    def __init__(
        self,
        payload: bytes = b"",
        content_format: int | None = 50,
        *,
        observable: bool = True,
        max_age: int | None = None,
        tagged: bool = False,
    ) -> None:
        """Describe the content; a tagged one has an ETag."""
        super().__init__()
        self.payload = payload
        self.content_format = content_format
        self.observable = observable
        self.max_age = max_age
        self.tagged = tagged
        self.version = 1
        self.failure: Code | None = None
        """What to answer instead."""
        self.wait: int | None = None
        """For how long, as Max-Age of that."""
        self.result = b""
        """What to answer to a POST."""
        self.requests: list[Message] = []
        self.observers: set[Any] = set()

    def asked(self, code: Code) -> list[Message]:
        """Return the requests of one method."""
        return [request for request in self.requests if request.code == code]

    @override
    async def add_observation(self, request: Message, serverobservation: Any) -> None:
        """Take an observer, or answer it once."""
        serverobservation.accept(lambda: self.observers.discard(serverobservation))
        if self.observable and self.failure is None:
            self.observers.add(serverobservation)
        else:
            serverobservation.deregister()

    def change(self, payload: bytes) -> None:
        """Hold something else, without telling anybody."""
        self.payload = payload
        self.version += 1

    def notify(self, payload: bytes | None = None) -> None:
        """Tell the observers what is held now."""
        if payload is not None:
            self.change(payload)
        for observer in list(self.observers):
            observer.trigger()

    def end(self, code: Code | None = None) -> None:
        """End the observations: with an error, or with a last value."""
        for observer in list(self.observers):
            last = Message(code=code) if code else self._content(Message(code=Code.GET))
            observer.trigger(last, is_last=True)
        self.observers.clear()

    async def render_get(self, request: Message) -> Message:
        """Answer GET."""
        self.requests.append(request)
        return self._content(request)

    async def render_put(self, request: Message) -> Message:
        """Take another content."""
        self.requests.append(request)
        if self.failure is not None:
            return Message(code=self.failure, payload=b"no such luck")
        self.change(request.payload)
        return Message(code=Code.CHANGED)

    async def render_post(self, request: Message) -> Message:
        """Do something."""
        self.requests.append(request)
        if self.failure is not None:
            return Message(code=self.failure, payload=b"no such luck")
        answer = Message(code=Code.CHANGED, payload=self.result)
        if self.result:
            answer.opt.content_format = self.content_format
        return answer

    def _content(self, request: Message) -> Message:
        if self.failure is not None:
            return Message(
                code=self.failure, payload=b"no such luck", max_age=self.wait
            )
        etag = self.version.to_bytes(2) if self.tagged else None
        if etag is not None and etag in (request.opt.etags or ()):
            return Message(code=Code.VALID, etag=etag, max_age=self.max_age)
        return Message(
            code=Code.CONTENT,
            payload=self.payload,
            content_format=self.content_format,
            etag=etag,
            max_age=self.max_age,
        )


def state(**more: Any) -> Content:
    """Return the resource with all attributes."""
    return Content(json.dumps({**STATE, **more.pop("but", {})}).encode(), **more)


class BareServer:
    """A server on one port; started again, it has forgotten its observers."""

    def __init__(
        self,
        wrap: Callable[[Site], Any] = lambda it: it,
        port: int = 0,
        **resources: Content,
    ) -> None:
        """Take the resources by their paths; ``__`` stands for a slash.

        ``wrap`` may put something around all of them.
        """
        self._wrap = wrap
        self.resources = {
            tuple(path.split("__")): resource for path, resource in resources.items()
        }
        self.port = port
        self._context: Any = None
        self._timers: Any = None

    async def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        site = Site()
        for path, resource in self.resources.items():
            resource.observers = set()
            site.add_resource(path, resource)
        self._context = await Context.create_server_context(
            self._wrap(site), bind=("127.0.0.1", self.port), transports=["udp6"]
        )
        messages = self._context.request_interfaces[0].token_interface
        # aiocoap keeps a timer of four minutes for each message.
        self._timers = messages.loop = Timers()
        transport = messages.message_interface.transport
        self.port = transport.get_extra_info("socket").getsockname()[1]

    async def stop(self) -> None:
        """End without a word."""
        for _ in range(5):
            await asyncio.sleep(0)  # what has arrived is answered
        context, self._context = self._context, None
        if context is not None:
            await context.shutdown()
            self._timers.cancel()
        for resource in self.resources.values():
            for blocks in (resource._block1._assemblies, resource._block2._completes):
                with suppress(AttributeError):
                    blocks._timeout.cancel()

    async def restart(self) -> None:
        """Forget everything without a word; the port is never closed."""
        old, timers = self._context, self._timers
        await self.start()
        await old.shutdown()
        timers.cancel()


@asynccontextmanager
async def bare_server(
    wrap: Callable[[Site], Any] = lambda it: it, port: int = 0, **resources: Content
) -> AsyncGenerator[BareServer]:
    """Run a server."""
    server = BareServer(wrap, port, **resources)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
