"""Devices behind one CoAP endpoint: polled, observed, written and called."""

import asyncio
from collections.abc import Set as AbstractSet
import logging
from typing import ClassVar, Final, override

from ...binding import Binding
from ...device import Availability, VirtualDevice
from ...errors import (
    CommunicationError,
    UnauthorizedError,
    UnreachableError,
)
from ...files import Receiver, Source
from ...formats import Loaded
from ...model import DeviceModel
from ...storage import Transferred
from ...values import JsonValue
from ..attaching import AskingConnection
from ..base import Capability, Found
from ..content import Content
from ..writing import WriteQueue
from .answer import UnansweredError
from .attached import AttachedDevice
from .calling import Caller
from .client import CoapEndpoint
from .describe import describe
from .directory import found_on
from .layout import coap_layout
from .numbering import Numbering
from .request import Method
from .resource import Resource
from .signs import Sign
from .storing import Storing
from .writing import Writer

_LOGGER = logging.getLogger(__name__)

LONGEST_HINT: Final = 3600.0
"""Seconds; a Max-Age beyond this is taken as this: a device must not put off for a day
that it is found missing."""


class CoapConnection(AskingConnection[AttachedDevice, Caller]):
    """One CoAP endpoint and the devices on it."""

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

    def __init__(self, endpoint: CoapEndpoint, *, thing: str | None = None) -> None:
        """Take the endpoint, which is opened and closed with the connection.

        ``thing`` is the path of a Thing Description, if one was announced.
        """
        super().__init__()
        self._endpoint = endpoint
        self._thing = thing
        self._numbering = Numbering(self._restarted)
        self._signs: dict[str, Sign] = {}
        """Of what devices were described by, by its path."""
        self._looking: asyncio.Task[None] | None = None

    @property
    @override
    def address(self) -> str:
        return self._endpoint.address

    @override
    async def open(self) -> None:
        await self._endpoint.open()
        try:
            # Any answer will do, 4.04 included: somebody speaks CoAP there.
            await self._endpoint.request(Method.GET, ".well-known/core")
        except BaseException:
            await self._endpoint.close()
            raise
        self._endpoint.on_unauthorized = self.on_unauthorized

    @override
    async def close(self) -> None:
        try:
            await asyncio.gather(*(self.detach(device) for device in self._attached))
            if self._looking is not None:
                self._looking.cancel()
                await asyncio.wait([self._looking])
        finally:
            await self._endpoint.close()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        coap_layout(model, binding)

    @override
    def trace(self, device: VirtualDevice) -> list[dict[str, JsonValue]]:
        attached = self._attached.get(device)
        if attached is None:
            return []
        # What one device has no secret at may be a secret of another one.
        every = [one.paths for one in self._attached.values()]
        opened = attached.paths.values.difference(*(one.secret for one in every))
        known = frozenset().union(*(one.values | one.others for one in every))
        return [
            one.told(known=known, opened=opened)
            for one in self._endpoint.statistics.trace
        ]

    @override
    async def read(
        self, device: VirtualDevice, names: AbstractSet[str]
    ) -> float | None:
        attached = self._known(device)
        was_online = device.online
        if not was_online:
            attached.layout.forget()
        try:
            changed, hints = await self._read(attached, names)
        except (UnauthorizedError, UnreachableError) as err:
            device.report(Availability.UNREACHABLE, str(err))
            raise
        if not was_online or changed & attached.pushed:
            # It was away, or did not tell us what is new: it may have restarted, and
            # has then forgotten that we observe it.
            attached.renew()
        if not was_online:
            self._look()
        return min(*hints, LONGEST_HINT) if hints else None

    @override
    async def fetch(self, device: VirtualDevice, name: str) -> Content:
        attached = self._known(device)
        if not device.online:
            attached.layout.forget()
        try:
            return await attached.fetch(name)
        except (UnauthorizedError, UnreachableError) as err:
            if not device.model.readable:  # nothing else tells that it is away
                device.report(Availability.UNREACHABLE, str(err))
            raise

    @override
    async def upload(
        self, device: VirtualDevice, place: str, source: Source
    ) -> Transferred:
        return await self._storing(device).upload(place, source)

    @override
    async def download(
        self, device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        return await self._storing(device).download(place, receiver)

    @override
    async def discover(self) -> list[Found]:
        return await found_on(self._endpoint)

    @override
    async def describe(self, reference: str) -> Loaded:
        loaded, sign = await describe(self._endpoint, reference, self._thing)
        self._signs[sign.path] = sign
        return loaded

    # Inside

    def _storing(self, device: VirtualDevice) -> Storing:
        """Return how the contents of a device are moved."""
        delivery = self._known(device).layout.delivery
        return Storing(self._endpoint, device.binding.base, delivery)

    def _restarted(self) -> None:
        """Take it that the endpoint has restarted: it has forgotten its observers."""
        _LOGGER.debug("%s has restarted", self.address)
        for attached in self._attached.values():
            attached.layout.forget()
            attached.renew()
        self._look()

    def _look(self) -> None:
        """Have it seen whether devices describe themselves as before: they were away.

        They may have come back with other firmware.
        """
        if self.on_description_changed and self._looking is None:
            self._looking = asyncio.create_task(self._look_again())

    async def _look_again(self) -> None:
        """Tell if what the devices were described by is not there any more."""
        try:
            for sign in tuple(self._signs.values()):
                if not await sign.holds(self._endpoint):
                    self._signs.clear()
        except CommunicationError as err:
            _LOGGER.debug("%s is away again: %s", self.address, err)
            return  # when it is back, it is looked again
        finally:
            self._looking = None
        if not self._signs and self.on_description_changed:
            for device in self._attached:
                self.on_description_changed(device)

    @override
    def _begin(
        self, device: VirtualDevice
    ) -> tuple[AttachedDevice, WriteQueue, Caller]:
        layout = coap_layout(device.model, device.binding)
        attached = AttachedDevice(self._endpoint, device, layout, self._numbering)
        writer = Writer(self._endpoint, attached, self.read)
        return attached, WriteQueue(writer.write), Caller(self._endpoint, attached)

    async def _read(
        self, attached: AttachedDevice, names: AbstractSet[str]
    ) -> tuple[set[str], list[float]]:
        """Ask for attributes, in as few requests as will do.

        Returns:
            The attributes that changed, and for how long the answers are fresh.

        Raises:
            UnreachableError: nothing was answered.

        """
        wanted = set(names)
        changed: set[str] = set()
        hints: list[float] = []
        busy: list[float] = []
        at_leisure = False
        hanging: list[tuple[Resource, UnansweredError]] = []
        answered = False
        for resource in attached.layout.asked_for(names):
            if not wanted & resource.names:
                continue
            if resource.wait:
                wanted -= resource.names
                busy.append(resource.wait)
                continue
            try:
                covered, new = await attached.ask(resource)
            except UnansweredError as err:
                if hanging and not answered:
                    raise  # two in a row: it is not just the one resource
                hanging.append((resource, err))
                continue
            answered = True
            if resource.wait:
                busy.append(resource.wait)
            else:
                at_leisure = True
                if resource.max_age is not None:
                    hints.append(resource.max_age)
            wanted -= covered
            changed |= new
        for resource, error in hanging:
            if not answered:
                raise error
            attached.lose(resource, error)
        # What is busy is left alone anyway; the others are not put off by it.
        return changed, hints if at_leisure else busy
