"""Devices behind one broker: what they publish comes in, what they take goes out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Final, override

from ...binding import Binding
from ...codecs import compose, decode
from ...device import Availability, Certainty, VirtualDevice
from ...errors import NotConfirmedError, PayloadError, UnreachableError
from ...formats import Loaded
from ...model import Action, DeviceModel
from ...silence import SilenceWatch
from ...values import JsonValue, Scalar, same
from ..base import Capability, Connection
from ..layout import offered
from ..messages import (
    fellow_members,
    read_alert,
    read_values,
    write_arguments,
)
from .client import Message, MqttClient
from .describe import describe
from .layout import (
    AlertMessage,
    AvailabilityMessage,
    MqttLayout,
    Target,
    Values,
    mqtt_layout,
)

CONFIRM_TIMEOUT: Final = 5.0
"""Seconds that a device has to publish what was written to it."""


@dataclass(eq=False, slots=True)
class _Confirmation:
    """A write that waits for the device to show it."""

    wanted: dict[str, Scalar]
    """What was not shown yet."""
    done: asyncio.Future[bool]
    """True when all was shown; False when nothing can come any more."""

    def see(self, device: VirtualDevice, names: AbstractSet[str]) -> None:
        """Look whether a message with these attributes shows what was written."""
        for name in names & self.wanted.keys():
            reading = device.values.get(name)
            if reading and same(reading.value, self.wanted[name]):
                del self.wanted[name]
        if not self.wanted:
            self.settle(shown=True)

    def settle(self, *, shown: bool) -> None:
        """End the wait."""
        if not self.done.done():
            self.done.set_result(shown)


@dataclass(slots=True)
class _Attached:
    """What belongs to one device."""

    device: VirtualDevice
    layout: MqttLayout
    ends: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    watch: SilenceWatch | None = None
    confirmations: list[_Confirmation] = field(default_factory=list)
    denials: set[str] = field(default_factory=set)
    """The topics that said last that the device is not there."""

    def lose(self) -> None:
        """Have nobody wait any more for what cannot come."""
        for confirmation in self.confirmations:
            confirmation.settle(shown=False)


class MqttConnection(Connection):
    """One broker and the devices behind it."""

    capabilities: ClassVar[Capability] = (
        Capability.PUSH | Capability.DESCRIBE | Capability.BATCH_WRITE
    )

    def __init__(self, client: MqttClient) -> None:
        """Take the client, which is opened and closed with the connection."""
        self._client = client
        self._attached: dict[VirtualDevice, _Attached] = {}

    @property
    @override
    def address(self) -> str:
        return self._client.address

    @override
    async def open(self) -> None:
        self._client.on_unauthorized = self.on_unauthorized
        await self._client.open(self._on_connection)

    @override
    async def close(self) -> None:
        try:
            await asyncio.gather(*(self.detach(device) for device in self._attached))
        finally:
            await self._client.close()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        mqtt_layout(model, binding)

    @override
    async def attach(self, device: VirtualDevice) -> None:
        attached = _Attached(device, mqtt_layout(device.model, device.binding))
        self._attached[device] = attached
        self._presume(attached)
        on_message = partial(self._on_message, attached)
        try:
            for topic_filter in attached.layout.filters:
                end = await self._client.subscribe(topic_filter, on_message)
                attached.ends.append(end)
        except BaseException:
            await self.detach(device)
            raise
        if seconds := device.binding.silent_after:
            reason = f"silent for over {seconds:g} s"
            on_silent = partial(device.report, Availability.SILENT, reason)
            attached.watch = SilenceWatch(device, seconds, on_silent)

    @override
    async def detach(self, device: VirtualDevice) -> None:
        attached = self._attached.pop(device, None)
        if attached is None:
            return
        attached.lose()
        if attached.watch is not None:
            attached.watch.stop()
        await asyncio.gather(*(end() for end in attached.ends))

    @override
    def pushed(self, device: VirtualDevice) -> AbstractSet[str]:
        return device.model.leaves.keys()

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        attached = self._known(device)
        layout = attached.layout
        wanted = {
            name: value for name, value in values.items() if name not in layout.assumed
        }
        done = asyncio.get_running_loop().create_future()
        confirmation = _Confirmation(wanted, done)
        attached.confirmations.append(confirmation)
        try:
            for target in layout.targets(values.keys()):
                await self._publish(device, target, values)
            if wanted:
                await self._confirmed(confirmation)
        finally:
            attached.confirmations.remove(confirmation)
        return Certainty.ASSUMED if values.keys() & layout.assumed else Certainty.LIVE

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        target = offered(self._known(device).layout.actions, action.name)
        payload = write_arguments(target.codec, action, arguments, bare=target.bare)
        await self._client.publish(target.topic, payload)
        return None

    @override
    async def describe(self, reference: str) -> Loaded:
        return await describe(self._client, reference)

    # Inside

    def _known(self, device: VirtualDevice) -> _Attached:
        """Return what is kept of a device.

        Raises:
            UnreachableError: it is not attached.

        """
        attached = self._attached.get(device)
        if attached is None:
            reason = "the device is not attached"
            raise UnreachableError(address=self.address, reason=reason)
        return attached

    async def _publish(
        self, device: VirtualDevice, target: Target, values: Mapping[str, Scalar]
    ) -> None:
        """Publish the values that go to one topic; members go with their object."""
        written = target.names & values.keys()
        fellows = fellow_members(device.model, written) & device.values.keys()
        whole = {name: device.values[name].value for name in fellows}
        payload = target.codec.encode(compose(target.slots, whole | {**values}))
        await self._client.publish(target.topic, payload)

    async def _confirmed(self, confirmation: _Confirmation) -> None:
        """Wait until the device has shown what was written.

        Raises:
            NotConfirmedError: it has not.
            UnreachableError: the way to it broke meanwhile.

        """
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT):
                shown = await confirmation.done
        except TimeoutError as err:
            raise NotConfirmedError(
                name=", ".join(confirmation.wanted), seconds=f"{CONFIRM_TIMEOUT:g}"
            ) from err
        if not shown:
            raise UnreachableError(address=self.address, reason="not connected")

    def _on_message(self, attached: _Attached, message: Message) -> None:
        """Take a message: one look at its topic, one parse of its payload."""
        for meaning in attached.layout.meanings.get(message.topic, ()):
            match meaning:
                case Values():
                    self._on_values(attached, meaning, message)
                case AvailabilityMessage():
                    self._on_availability(attached, meaning, message)
                case AlertMessage(name, codec) if not message.retain:
                    # A retained alert is one that was raised before.
                    read_alert(attached.device, name, codec, message.payload)

    def _on_values(
        self, attached: _Attached, meaning: Values, message: Message
    ) -> None:
        """Receive values; a retained message is no sign of life."""
        device = attached.device
        try:
            decoded = decode(meaning.codec, message.payload)
        except PayloadError as err:
            device.drop(message.topic, err)
            return
        names, _ = read_values(device, meaning.slots, decoded, heard=not message.retain)
        if message.retain:
            if device.availability is Availability.UNKNOWN and names:
                device.report(Availability.ONLINE)
            return
        for confirmation in attached.confirmations:
            confirmation.see(device, names)

    @staticmethod
    def _on_availability(
        attached: _Attached, meaning: AvailabilityMessage, message: Message
    ) -> None:
        """Take the device's word, or its last will, on whether it is there."""
        device = attached.device
        payload = message.payload.strip()
        if payload in meaning.offline:
            attached.denials.add(message.topic)
            device.report(Availability.OFFLINE, "reported offline")
        elif payload in meaning.online:
            attached.denials.discard(message.topic)
            if attached.denials:
                return
            device.report(Availability.ONLINE)
            if not message.retain:
                device.hear()

    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001
        """Tell all devices that the way to them is broken, or mended.

        Mended, they are unknown until they are heard: by what the broker has retained,
        or by their next message.
        """
        for attached in tuple(self._attached.values()):
            if connected:
                attached.denials.clear()
                attached.device.report(Availability.UNKNOWN)
                self._presume(attached)
            else:
                attached.lose()
                attached.device.report(
                    Availability.UNREACHABLE, f"{self.address} is not connected"
                )

    @staticmethod
    def _presume(attached: _Attached) -> None:
        """Take a device that never says anything as there: it can only be told."""
        if not attached.layout.published:
            attached.device.report(Availability.ONLINE)
