"""A simulated device that is a CoAP server."""

import asyncio
from collections.abc import Iterator
import logging
from typing import Final, override

from aiocoap.resource import Resource, Site, WKCResource

from .announcing import ENDPOINT, Announcement, Service, host_for_others
from .behaviour import Alert, SimulatedDevice
from .coap_elements import FormatResource, default_layout
from .coap_resources import Layout, ReadableResource, Setting
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
        service: Service = ENDPOINT,
        layout: Layout = default_layout,
    ) -> None:
        """Describe where to listen; port 0 takes a free one and then keeps it.

        ``layout`` makes the resources, if they are not what devices have by default;
        ``service`` is what is announced.

        Raises:
            ValueError: it is to be announced, and the host is no IPv4 address.

        """
        super().__init__(device, speed=speed, faults=faults)
        self._announcement = (
            Announcement(device.model.name, host, service) if announce else None
        )
        self.host = host
        self.port = port
        self.base = base.strip("/")
        self._max_age = max_age
        self._server: CoapServer | None = None
        self._layout = layout
        self._resources: list[Resource] = []

    @property
    def address(self) -> str:
        """Where the server listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"coap://{host}:{self.port}"

    @property
    @override
    def url(self) -> str:
        """Where the device is found."""
        return f"{self.address}/{self.base}"

    @property
    def _readable(self) -> Iterator[ReadableResource]:
        """What can be read and observed."""
        for resource in self._resources:
            if isinstance(resource, ReadableResource):
                yield resource

    @property
    def _formats(self) -> Iterator[FormatResource]:
        """What tells of alerts."""
        for resource in self._resources:
            if isinstance(resource, FormatResource):
                yield resource

    @property
    def observers(self) -> int:
        """How many observations there are, of all its resources."""
        return sum(resource.observers for resource in self._readable)

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
        for shape in self._formats:
            shape.close()
        resources, self._resources = self._resources, []
        if server is not None:
            await server.close(resources)

    @override
    async def _forget(self) -> None:
        """Lose all observations and what is known of requests; keep the port.

        The new server listens before the old one ends: a closed port would tell
        clients at once what they have to find out by themselves.
        """
        old, resources = self._server, self._resources
        for shape in self._formats:
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
        for resource in self._readable:
            if (
                resource.observers
                and not isinstance(resource, FormatResource)
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
        site = Site()
        setting = Setting(
            self.device,
            self.faults,
            self.base,
            self._max_age,
            lambda: f"coap://{host_for_others(self.host)}:{self.port}",
        )
        self._resources = []
        for path, resource in self._layout(setting):
            site.add_resource(path, resource)
            self._resources.append(resource)
        links = WKCResource(site.get_resources_as_linkheader, impl_info=None)
        site.add_resource((".well-known", "core"), links)
        self._resources.append(links)
        return site

    @override
    def _send_change(self, names: frozenset[str]) -> None:
        """Notify who observes what changed, or the whole state."""
        now = asyncio.get_running_loop().time()
        for resource in self._readable:
            if resource.concerns(names):
                resource.notify(now)

    @override
    def _send_alert(self, alert: Alert) -> None:
        """Notify who observes the format."""
        for resource in self._formats:
            if resource.shape.name == alert.format:
                resource.send(alert)
