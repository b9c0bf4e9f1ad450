"""Devices behind one HTTP server: polled, followed, written and called."""

import asyncio
from collections.abc import Mapping, Set as AbstractSet
from typing import ClassVar, override

import aiohttp
from yarl import URL

from ...binding import Binding
from ...device import Availability, VirtualDevice
from ...errors import UnauthorizedError, UnreachableError
from ...files import Receiver, Source
from ...formats import Loaded
from ...model import DeviceModel
from ...storage import Transferred
from ...values import JsonValue
from ..attaching import AskingConnection
from ..base import Capability, Found
from ..content import Content
from ..writing import WriteQueue
from .actions import Caller
from .attached import AttachedDevice
from .content import fetch
from .describe import describe, opened
from .directory import directory
from .layout import http_layout
from .reading import Round
from .server import HttpServer
from .settings import HttpSettings
from .storing import download, upload
from .writing import Writer


class HttpConnection(AskingConnection[AttachedDevice, Caller]):
    """One HTTP server and the devices on it."""

    capabilities: ClassVar[Capability] = (
        Capability.READ
        | Capability.PUSH
        | Capability.DISCOVER
        | Capability.DESCRIBE
        | Capability.BATCH_WRITE
        | Capability.RESULTS
        | Capability.HEALTH
        | Capability.STORAGE
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: HttpSettings,
        *,
        thing: str | None = None,
    ) -> None:
        """Take a session, which stays its owner's, and what the user says.

        ``thing`` is the path or URL of a Thing Description, if one was announced.

        Raises:
            ValueRefusedError: the settings are not usable.

        """
        super().__init__()
        self._server = HttpServer(session, settings)
        self._thing = thing

    @property
    @override
    def address(self) -> str:
        return self._server.address

    @override
    async def open(self) -> None:
        self._server.open()
        try:
            await opened(self._server, self._thing)
        except BaseException:
            self._server.close()
            raise
        self._server.on_unauthorized = self.on_unauthorized

    @override
    async def close(self) -> None:
        try:
            devices = [*self._attached]
            await asyncio.gather(*(self.detach(device) for device in devices))
        finally:
            self._server.close()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        http_layout(model, binding, self._server.base)

    @override
    def trace(self, device: VirtualDevice) -> list[Mapping[str, JsonValue]]:
        return [*self._server.statistics.trace] if device in self._attached else []

    @override
    async def read(
        self, device: VirtualDevice, names: AbstractSet[str]
    ) -> float | None:
        attached = self._known(device)
        was_online = device.online
        back = device.availability is Availability.UNREACHABLE
        if not was_online:
            attached.layout.forget()
        try:
            done = Round(self._server, attached, names)
            await done.run()
        except (UnauthorizedError, UnreachableError) as err:
            if isinstance(err, UnauthorizedError):
                self._server.note_refusal(refused=True)
            device.report(Availability.UNREACHABLE, str(err))
            raise
        if not was_online:
            attached.hurry()
        if back and self.on_description_changed is not None:
            self.on_description_changed(device)  # it may have got new firmware
        return done.hint

    @override
    async def fetch(self, device: VirtualDevice, name: str) -> Content:
        attached = self._known(device)
        if not device.online:
            attached.layout.forget()
        try:
            return await fetch(self._server, attached, name)
        except (UnauthorizedError, UnreachableError) as err:
            if isinstance(err, UnauthorizedError):
                self._server.note_refusal(refused=True)
            if not device.model.readable:  # nothing else tells that it is away
                device.report(Availability.UNREACHABLE, str(err))
            raise

    @override
    async def upload(
        self, device: VirtualDevice, place: str, source: Source
    ) -> Transferred:
        return await upload(self._server, self._base_of(device), place, source)

    @override
    async def download(
        self, device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        return await download(self._server, self._base_of(device), place, receiver)

    @override
    async def discover(self) -> list[Found]:
        found = await directory(self._server, self._thing or "")
        return [thing.found for thing in found.things]

    @override
    async def describe(self, reference: str) -> Loaded:
        return await describe(self._server, reference, self._thing)

    # Inside

    def _base_of(self, device: VirtualDevice) -> URL:
        """Return what the URLs of a device are relative to."""
        below = device.binding.base.strip("/")
        return self._server.base.join(URL(f"{below}/")) if below else self._server.base

    @override
    def _begin(
        self, device: VirtualDevice
    ) -> tuple[AttachedDevice, WriteQueue, Caller]:
        layout = http_layout(device.model, device.binding, self._server.base)
        attached = AttachedDevice(self._server, device, layout)
        writer = Writer(self._server, attached, self.read)
        return attached, WriteQueue(writer.write), Caller(self._server, attached)
