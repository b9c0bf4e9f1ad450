"""Devices behind one CoAP endpoint: polled, observed, written and called."""

import asyncio
from collections.abc import Mapping, Set as AbstractSet
from typing import ClassVar, Final, override

from ...binding import Binding
from ...codecs import compose, decode, to_json
from ...device import Availability, Certainty, VirtualDevice
from ...errors import PayloadError, RejectedError, UnreachableError
from ...formats import Loaded
from ...model import Action, DeviceModel
from ...values import JsonValue, Scalar
from ..base import Capability, Connection
from ..layout import offered
from ..messages import fellow_members, write_arguments
from .attached import AttachedDevice
from .client import CoapEndpoint, UnansweredError
from .describe import describe
from .layout import coap_layout
from .request import Method, Response
from .resource import JSON, Resource, Writing, codec_of

LONGEST_HINT: Final = 3600.0
"""Seconds; a Max-Age beyond this is taken as this: a device must not put off for a day
that it is found missing."""


class CoapConnection(Connection):
    """One CoAP endpoint and the devices on it."""

    capabilities: ClassVar[Capability] = (
        Capability.READ
        | Capability.PUSH
        | Capability.DESCRIBE
        | Capability.BATCH_WRITE
        | Capability.RESULTS
    )

    def __init__(self, endpoint: CoapEndpoint) -> None:
        """Take the endpoint, which is opened and closed with the connection."""
        self._endpoint = endpoint
        self._attached: dict[VirtualDevice, AttachedDevice] = {}

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

    @override
    async def close(self) -> None:
        try:
            await asyncio.gather(*(self.detach(device) for device in self._attached))
        finally:
            await self._endpoint.close()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        coap_layout(model, binding)

    @override
    async def attach(self, device: VirtualDevice) -> None:
        self._known(device).start()

    @override
    async def detach(self, device: VirtualDevice) -> None:
        attached = self._attached.pop(device, None)
        if attached is not None:
            await attached.stop()

    @override
    def pushed(self, device: VirtualDevice) -> AbstractSet[str]:
        attached = self._attached.get(device)
        return attached.pushed if attached else frozenset()

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
        except UnreachableError as err:
            device.report(Availability.UNREACHABLE, str(err))
            raise
        if not was_online or changed & attached.pushed:
            # It was away, or did not tell us what is new: it may have restarted, and
            # has then forgotten that we observe it.
            attached.renew()
        return min(*hints, LONGEST_HINT) if hints else None

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        attached = self._known(device)
        together = attached.layout.together
        for writing in attached.layout.writings(values.keys()):
            path = writing.path
            response = await self._put(attached, writing, values)
            if response.absent and together not in (None, writing):
                # It has no resource for this alone.
                path = together.path
                response = await self._put(attached, together, values)
            self._must_succeed(response, path)
        return Certainty.LIVE

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        target = offered(self._known(device).layout.actions, action.name)
        codec = target.codec or JSON
        response = await self._endpoint.request(
            target.method,
            target.path,
            payload=write_arguments(codec, action, arguments, bare=target.bare),
            content_format=codec.content_format if arguments else None,
        )
        self._must_succeed(response, target.path)
        device.hear()
        if not response.payload:
            return None
        try:
            result = decode(codec_of(response, codec), response.payload)
        except PayloadError as err:
            device.drop(action.name, err)  # what it did, it did
            return None
        return to_json(result.document)

    @override
    async def describe(self, reference: str) -> Loaded:
        return await describe(self._endpoint, reference)

    # Inside

    def _known(self, device: VirtualDevice) -> AttachedDevice:
        """Return what is kept of a device; it begins with the first use."""
        attached = self._attached.get(device)
        if attached is None:
            layout = coap_layout(device.model, device.binding)
            attached = AttachedDevice(self._endpoint, device, layout)
            self._attached[device] = attached
        return attached

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
        hanging: list[tuple[Resource, UnansweredError]] = []
        answered = False
        for resource in attached.layout.asked_for(names):
            if not wanted & resource.names:
                continue
            try:
                response = await self._endpoint.request(
                    resource.method,
                    resource.path,
                    accept=resource.accept,
                    etag=resource.etag,
                )
            except UnansweredError as err:
                if hanging and not answered:
                    raise  # two in a row: it is not just the one resource
                hanging.append((resource, err))
                continue
            answered = True
            if response.success and response.max_age is not None:
                hints.append(response.max_age)
            covered, new = attached.take(resource, response)
            wanted -= covered
            changed |= new
        for resource, error in hanging:
            if not answered:
                raise error
            attached.lose(resource, error)
        return changed, hints

    async def _put(
        self, attached: AttachedDevice, writing: Writing, values: Mapping[str, Scalar]
    ) -> Response:
        """Write the values that a resource takes; those go with them that have to."""
        device = attached.device
        fellows = fellow_members(device.model, values.keys())
        if writing.whole:
            fellows |= writing.names
        fellows = (fellows & writing.names) - values.keys()
        await self._learn(device, fellows)
        present = {
            name: device.values[name].value for name in fellows & device.values.keys()
        }
        codec = writing.spoken
        try:
            return await self._endpoint.request(
                writing.method,
                writing.path,
                payload=codec.encode(compose(writing.slots, present | {**values})),
                content_format=codec.content_format,
            )
        finally:
            for resource in attached.layout.resources:
                # What we have of it is no longer what it gave us.
                if resource.names & writing.names:
                    resource.etag = None

    async def _learn(self, device: VirtualDevice, names: AbstractSet[str]) -> None:
        """Ask for the values that are not known, if they can be asked for."""
        leaves = device.model.leaves
        unknown = {
            name for name in names - device.values.keys() if leaves[name].readable
        }
        if unknown:
            await self.read(device, unknown)

    def _must_succeed(self, response: Response, path: str) -> None:
        """Raise if the device said no.

        Raises:
            RejectedError: it did.

        """
        if not response.success:
            raise RejectedError(
                address=f"{self.address}/{path}", answer=response.answer
            )
