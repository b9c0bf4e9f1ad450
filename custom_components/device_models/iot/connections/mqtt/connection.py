"""Devices behind one broker: what they publish comes in, what they take goes out.

A write is confirmed when the device shows the value, or when it repeats the message as
what it is going for (Homie 5, "Target attribute"). In the second case nothing is known
of the value yet: it stays as it was until the device shows another one.
"""

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
from ...values import JsonValue, Scalar
from ..base import Capability, Connection
from ..layout import offered
from ..messages import (
    fellow_members,
    read_alert,
    read_values,
    write_arguments,
)
from .client import Message, MqttClient
from .confirmation import Confirmation
from .describe import describe
from .layout import mqtt_layout
from .meanings import (
    Acceptance,
    AlertMessage,
    AvailabilityMessage,
    MqttLayout,
    Target,
    Values,
)
from .presence import Presence
from .problems import ProblemMessage, Problems

CONFIRM_TIMEOUT: Final = 5.0
"""Seconds that a device has to publish what was written to it."""

EMPTY_TEXT: Final = b"\0"
"""How Homie 5 spells an empty text."""


@dataclass(slots=True)
class _Attached:
    """What belongs to one device."""

    device: VirtualDevice
    layout: MqttLayout
    ends: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    watch: SilenceWatch | None = None
    confirmations: list[Confirmation] = field(default_factory=list)
    presence: Presence = field(init=False)
    problems: Problems | None = field(init=False)

    def __post_init__(self) -> None:
        """Know nothing of the device."""
        self.presence = Presence(self.device)
        layout = self.layout.problems
        self.problems = Problems(self.device, layout) if layout else None

    def forget(self) -> None:
        """Know nothing any more: what still holds is told again by the broker."""
        self.presence.forget()
        if self.problems is not None:
            self.problems.forget()

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
        attached.forget()
        if attached.watch is not None:
            attached.watch.stop()
        await asyncio.gather(*(end() for end in attached.ends))

    @override
    def pushed(self, device: VirtualDevice) -> AbstractSet[str]:
        return device.model.leaves.keys()

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        attached = self._known(device)
        layout = attached.layout
        wanted = {
            name: value for name, value in values.items() if name not in layout.assumed
        }
        done = asyncio.get_running_loop().create_future()
        confirmation = Confirmation(wanted, done)
        attached.confirmations.append(confirmation)
        try:
            for target in layout.targets(values.keys()):
                payload = self._payload(attached, target, values)
                confirmation.sent |= dict.fromkeys(target.names, payload)
                await self._client.publish(target.topic, payload)
            if wanted:
                await self._confirmed(confirmation)
        finally:
            attached.confirmations.remove(confirmation)
        if values.keys() & layout.assumed:
            return Certainty.ASSUMED
        return None if confirmation.moving else Certainty.LIVE

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

    @staticmethod
    def _payload(
        attached: _Attached, target: Target, values: Mapping[str, Scalar]
    ) -> bytes:
        """Return the values that go to one topic; members go with their object."""
        device = attached.device
        written = target.names & values.keys()
        fellows = fellow_members(device.model, written) & device.values.keys()
        whole = {name: device.values[name].value for name in fellows}
        payload = target.codec.encode(compose(target.slots, whole | {**values}))
        return EMPTY_TEXT if attached.layout.cleared and not payload else payload

    async def _confirmed(self, confirmation: Confirmation) -> None:
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
                    attached.presence.take(meaning, message)
                case AlertMessage(name, codec) if not message.retain:
                    # A retained alert is one that was raised before.
                    read_alert(attached.device, name, codec, message.payload)
                case Acceptance(names) if not message.retain:
                    for confirmation in attached.confirmations:
                        confirmation.accept(names, message.payload)
                case ProblemMessage() if attached.problems is not None:
                    attached.problems.on_state(meaning, message)
        if attached.problems is not None:
            attached.problems.on_alert(message)

    def _on_values(
        self, attached: _Attached, meaning: Values, message: Message
    ) -> None:
        """Receive values; a retained message is no sign of life."""
        device, payload = attached.device, message.payload
        if attached.layout.cleared and payload in (b"", EMPTY_TEXT):
            if not payload:
                device.lose(meaning.names)
                return
            payload = b""
        try:
            decoded = decode(meaning.codec, payload)
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

    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001
        """Tell all devices that the way to them is broken, or mended.

        Mended, they are unknown until they are heard: by what the broker has retained,
        or by their next message.
        """
        for attached in tuple(self._attached.values()):
            attached.forget()
            if connected:
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
