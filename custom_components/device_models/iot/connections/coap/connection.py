"""Devices behind one CoAP endpoint: polled, observed, written and called."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Final, override

from ...binding import Binding
from ...codecs import BY_CONTENT_FORMAT, Codec, compose, decode, to_json
from ...device import Availability, Certainty, VirtualDevice
from ...errors import PayloadError, RejectedError, UnreachableError
from ...model import Action, DeviceModel
from ...values import JsonValue, Scalar
from ..base import Capability, Connection
from ..messages import read_alert, read_values, write_arguments
from .client import CoapEndpoint, Method, Response
from .layout import JSON, CoapLayout, Resource, Target, coap_layout
from .observation import Observation, State

LONGEST_HINT: Final = 3600.0
"""Seconds; a Max-Age beyond this is taken as this: a device must not put off for a day
that it is found missing."""


@dataclass(slots=True)
class _Attached:
    """What belongs to one device: its layout and what is observed of it."""

    device: VirtualDevice
    layout: CoapLayout
    observations: list[Observation] = field(default_factory=list)
    observed: dict[str, Observation] = field(default_factory=dict)
    """By path."""


class CoapConnection(Connection):
    """One CoAP endpoint and the devices on it."""

    capabilities: ClassVar[Capability] = (
        Capability.READ | Capability.PUSH | Capability.BATCH_WRITE | Capability.RESULTS
    )

    def __init__(self, endpoint: CoapEndpoint) -> None:
        """Take the endpoint, which is opened and closed with the connection."""
        self._endpoint = endpoint
        self._attached: dict[str, _Attached] = {}

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
        except UnreachableError:
            await self._endpoint.close()
            raise

    @override
    async def close(self) -> None:
        for attached in list(self._attached.values()):
            await self.detach(attached.device)
        await self._endpoint.close()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        coap_layout(model, binding)

    @override
    async def attach(self, device: VirtualDevice) -> None:
        attached = self._known(device)
        shared = attached.layout.shared
        if shared and shared.observe:
            self._observe(attached, shared)
        else:
            self._observe_each(attached)
        for name, target in attached.layout.alerts.items():
            observation = Observation(
                self._endpoint,
                target.path,
                on_response=partial(self._on_alert, device, name, target),
            )
            attached.observations.append(observation)
            observation.start()

    @override
    async def detach(self, device: VirtualDevice) -> None:
        attached = self._attached.pop(device.key, None)
        if attached is not None:
            for observation in attached.observations:
                await observation.stop()

    @override
    def pushed(self, device: VirtualDevice) -> AbstractSet[str]:
        attached = self._known(device)
        return {
            name
            for resource in attached.layout.resources
            if (observation := attached.observed.get(resource.path))
            and observation.state is State.ACTIVE
            for name in resource.names
        }

    @override
    async def read(
        self, device: VirtualDevice, names: AbstractSet[str]
    ) -> float | None:
        attached = self._known(device)
        was_online = device.online
        wanted = set(names)
        hints: list[float] = []
        changed: set[str] = set()
        for resource in attached.layout.resources:
            if resource.absent or not wanted & resource.names:
                continue
            try:
                response = await self._get(resource)
            except UnreachableError as err:
                device.report(Availability.UNREACHABLE, str(err))
                raise
            device.hear()
            if response.max_age is not None:
                hints.append(response.max_age)
            covered, new = self._take(device, resource, response)
            wanted -= covered
            changed |= new
        if not was_online or changed & self.pushed(device):
            # It was away, or did not tell us what is new: it may have restarted, and
            # has then forgotten that we observe it.
            for observation in attached.observations:
                observation.renew()
        return min(*hints, LONGEST_HINT) if hints else None

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        layout = self._known(device).layout
        shared = layout.shared
        if shared and shared.write_path and len(values) > 1:
            await self._put(device, shared, values)
        else:
            for resource in layout.resources:
                if not resource.shared and values.keys() & resource.names:
                    await self._put(device, resource, values)
        return Certainty.LIVE

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        target = self._known(device).layout.actions[action.name]
        codec = target.codec or JSON
        response = await self._endpoint.request(
            Method.POST,
            target.path,
            payload=write_arguments(codec, action, arguments),
            content_format=codec.content_format if arguments else None,
        )
        self._must_succeed(response, target.path)
        device.hear()
        if not response.payload:
            return None
        return to_json(decode(_codec(response, target.codec), response.payload).document)

    # Inside

    def _known(self, device: VirtualDevice) -> _Attached:
        """Return what is kept of a device; it begins with the first use."""
        attached = self._attached.get(device.key)
        if attached is None:
            layout = coap_layout(device.model, device.binding)
            attached = self._attached[device.key] = _Attached(device, layout)
        return attached

    async def _get(self, resource: Resource) -> Response:
        """Ask for a resource, or whether what we have is what there is."""
        return await self._endpoint.request(
            Method.GET,
            resource.path,
            accept=resource.codec.content_format if resource.codec else None,
            etag=resource.etag,
        )

    def _take(
        self, device: VirtualDevice, resource: Resource, response: Response
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Have the device receive an answer.

        Returns:
            The attributes that the answer was about, and those that it changed.

        """
        if response.valid:
            return resource.names, frozenset()
        if not response.success:
            resource.etag = None
            resource.absent = response.absent
            if resource.shared:
                return frozenset(), frozenset()
            error = RejectedError(
                address=f"{self.address}/{resource.path}", answer=response.answer
            )
            for name in resource.names:
                device.drop(name, error)
            device.lose(resource.names)
            return resource.names, frozenset()
        resource.etag = response.etag
        codec = _codec(response, resource.codec)
        resource.spoken = codec
        try:
            decoded = decode(codec, response.payload)
        except PayloadError as err:
            device.drop(resource.path, err)
            return frozenset(), frozenset()
        return read_values(device, resource.slots, decoded)

    async def _put(
        self, device: VirtualDevice, resource: Resource, values: Mapping[str, Scalar]
    ) -> None:
        """Write the values that a resource holds; its others go with them."""
        path = resource.write_path or resource.path
        codec = resource.codec or resource.spoken or JSON
        whole = dict(values)
        if not resource.shared:
            present = {
                name: reading.value
                for name, reading in device.values.items()
                if name in resource.names
            }
            whole = present | whole
        response = await self._endpoint.request(
            Method.PUT,
            path,
            payload=codec.encode(compose(resource.slots, whole)),
            content_format=codec.content_format,
        )
        for other in self._known(device).layout.resources:
            # What they had is no longer what there is, whatever the device says to it.
            if other.names & resource.names:
                other.etag = None
        self._must_succeed(response, path)

    def _must_succeed(self, response: Response, path: str) -> None:
        """Raise if the device said no.

        Raises:
            RejectedError: it did.

        """
        if not response.success:
            raise RejectedError(
                address=f"{self.address}/{path}", answer=response.answer
            )

    def _observe(self, attached: _Attached, resource: Resource) -> None:
        """Observe one resource; a shared one that cannot be is replaced by its parts."""

        def on_response(response: Response, _notification: bool) -> None:  # noqa: FBT001
            attached.device.hear()
            self._take(attached.device, resource, response)

        def on_state() -> None:
            if resource.shared and observation.state is State.REFUSED:
                self._observe_each(attached)

        observation = Observation(
            self._endpoint, resource.path, on_response=on_response, on_state=on_state
        )
        attached.observations.append(observation)
        attached.observed[resource.path] = observation
        observation.start()

    def _observe_each(self, attached: _Attached) -> None:
        """Observe the resources of single attributes."""
        for resource in attached.layout.resources:
            wanted = resource.observe and not resource.shared and not resource.absent
            if wanted and resource.path not in attached.observed:
                self._observe(attached, resource)

    def _on_alert(
        self,
        device: VirtualDevice,
        name: str,
        target: Target,
        response: Response,
        notification: bool,  # noqa: FBT001
    ) -> None:
        """Pass on an alert; what a registration is answered with has been before."""
        device.hear()
        if notification and response.success and response.payload:
            read_alert(device, name, _codec(response, target.codec), response.payload)


def _codec(response: Response, bound: Codec | None) -> Codec:
    """Return what an answer is written in: as it says, as the binding says, or JSON.

    RFC 7252 §5.5.1: without a Content-Format the payload has no determined format.
    """
    if response.content_format is not None:
        codec = BY_CONTENT_FORMAT.get(response.content_format)
        if codec is not None:
            return codec
    return bound or JSON
