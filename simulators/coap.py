"""A simulated device that is a CoAP server.

Below its base path: ``state`` (all attributes), one resource for each attribute and
each action, and ``alert/<name>`` for each format.
"""

import asyncio
import logging
from typing import Final, override

from aiocoap.resource import Resource, Site, WKCResource

from .announcing import Announcement
from .behaviour import Alert, SimulatedDevice
from .coap_elements import (
    ActionResource,
    AttributeResource,
    FormatResource,
    StateResource,
)
from .coap_resources import ReadableResource
from .coap_server import CoapServer, require_free
from .faults import Faults
from .simulator import Simulator

_LOGGER = logging.getLogger(__name__)

MAX_AGE: Final = 30
"""Seconds for which a value is fresh, unless said otherwise."""

REFRESH: Final = 0.6
"""The share of Max-Age after which an unchanged value is sent again."""


class CoapSimulator(Simulator):
    """A simulated device behind ``coap://host:port/base``."""

    def __init__(
        self,
        device: SimulatedDevice,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str = "",
        max_age: int = MAX_AGE,
        speed: float = 1.0,
        faults: Faults | None = None,
        announce: bool = False,
    ) -> None:
        """Describe where to listen; port 0 takes a free one and then keeps it.

        Raises:
            ValueError: it is to be announced, and the host is no IPv4 address.

        """
        super().__init__(device, speed=speed, faults=faults)
        self._announcement = Announcement(device.model.name, host) if announce else None
        self.host = host
        self.port = port
        self.base = base.strip("/")
        self._max_age = max_age
        self._server: CoapServer | None = None
        self._resources: list[Resource] = []
        self._readable: dict[str, ReadableResource] = {}
        self._formats: dict[str, FormatResource] = {}

    @property
    @override
    def url(self) -> str:
        """Where the device is found."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"coap://{host}:{self.port}/{self.base}"

    @property
    def observers(self) -> int:
        """How many observations there are, of all its resources."""
        resources = (*self._readable.values(), *self._formats.values())
        return sum(resource.observers for resource in resources)

    @override
    async def _open(self) -> None:
        """Listen, and say so on the network if that is wanted.

        Raises:
            OSError: the port is taken.

        """
        if self.port:
            require_free(self.host, self.port)
        await self._serve()
        if self._announcement is not None:
            name = await self._announcement.start(self.port)
            _LOGGER.info("%s is announced as %s", self.url, name)

    @override
    async def _close(self, *, politely: bool) -> None:
        """Stop listening; CoAP has no word for that, but an announcement has."""
        del politely
        if self._announcement is not None:
            await self._announcement.stop()
        server, self._server = self._server, None
        for shape in self._formats.values():
            shape.close()
        self._readable, self._formats = {}, {}
        if server is not None:
            await server.close(self._resources)

    @override
    async def _forget(self) -> None:
        """Lose all observations and what is known of requests; keep the port.

        The new server listens before the old one ends: a closed port would tell
        clients at once what they have to find out by themselves.
        """
        old, resources = self._server, self._resources
        for shape in self._formats.values():
            shape.close()
        await self._serve()
        if old is not None:
            await old.close(resources)

    @override
    async def _return(self) -> None:
        """Answer again: the faults no longer keep everything back."""

    @override
    async def _refresh(self) -> None:
        """Send unchanged values again before the observers take them for old."""
        now = asyncio.get_running_loop().time()
        for resource in self._readable.values():
            if (
                resource.observers
                and now - resource.notified_at > self._max_age * REFRESH
            ):
                resource.notify(now)

    async def _serve(self) -> None:
        """Build the server and let it listen."""
        self._server = await CoapServer.open(
            self._site(), self.host, self.port, self.faults
        )
        self.port = self._server.port

    def _site(self) -> Site:
        """Return all resources of the device, new and without observers."""
        device, faults = self.device, self.faults
        self._formats = {}
        self._readable = {"": StateResource(device, faults, max_age=self._max_age)}
        for attribute in device.model.attributes:
            # An attribute called "state" is found in the state, as any other.
            if attribute.name != "state":
                self._readable[attribute.name] = AttributeResource(
                    device, faults, attribute, max_age=self._max_age
                )
        site = Site()
        self._resources = []

        def add(path: tuple[str, ...], resource: Resource) -> None:
            site.add_resource(path, resource)
            self._resources.append(resource)

        for name, resource in self._readable.items():
            add(self._path(name or "state"), resource)
        for action in device.model.actions:
            acting = ActionResource(device, faults, action)
            shared = self._readable.get("" if action.name == "state" else action.name)
            if shared is None:
                add(self._path(action.name), acting)
            else:
                shared.act = acting.render_post
        for shape in device.model.formats:
            messages = FormatResource(device, faults, shape)
            self._formats[shape.name] = messages
            add(self._path("alert", shape.name), messages)
        links = WKCResource(site.get_resources_as_linkheader, impl_info=None)
        add((".well-known", "core"), links)
        return site

    def _path(self, *names: str) -> tuple[str, ...]:
        """Return the path of a resource below the base."""
        whole = "/".join((self.base, *names))
        return tuple(part for part in whole.split("/") if part)

    @override
    def _send_change(self, names: frozenset[str]) -> None:
        """Notify who observes what changed, or the whole state."""
        if not self._readable:
            return
        now = asyncio.get_running_loop().time()
        self._readable[""].notify(now)
        for name, resource in self._readable.items():
            prefix = f"{name}."
            if name and any(one == name or one.startswith(prefix) for one in names):
                resource.notify(now)

    @override
    def _send_alert(self, alert: Alert) -> None:
        """Notify who observes the format."""
        if resource := self._formats.get(alert.format):
            resource.send(alert)
