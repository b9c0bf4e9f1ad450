"""Devices behind one broker: what they publish comes in, what they take goes out.

A write is confirmed when the device shows the value, or when it repeats the message as
what it is going for (Homie 5, "Target attribute"). In the second case nothing is known
of the value yet: it stays as it was until the device shows another one.
"""

import asyncio
from collections.abc import Mapping, Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import ClassVar, Final, override

from ...alert import Alert
from ...binding import Binding
from ...device import Availability, Certainty, VirtualDevice
from ...errors import NotConfirmedError, UnreachableError
from ...formats import Loaded
from ...model import Action, DeviceModel
from ...silence import SilenceWatch
from ...values import JsonValue, Scalar
from ..base import Capability, Connection, Found, Watcher
from ..layout import offered
from ..messages import write_alert, write_arguments
from .attached import Attached
from .client import MqttClient
from .confirmation import Confirmation
from .describe import describe
from .homie_watch import HomieWatch
from .layout import mqtt_layout

CONFIRM_TIMEOUT: Final = 5.0
"""Seconds that a device has to publish what was written to it, if nobody has said."""


class MqttConnection(Connection):
    """One broker and the devices behind it."""

    capabilities: ClassVar[Capability] = (
        Capability.PUSH
        | Capability.DISCOVER
        | Capability.WATCH
        | Capability.DESCRIBE
        | Capability.BATCH_WRITE
    )

    def __init__(self, client: MqttClient) -> None:
        """Take the client, which is opened and closed with the connection."""
        self._client = client
        self._attached: dict[VirtualDevice, Attached] = {}
        self._watch: HomieWatch | None = None

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
            if self._watch is not None:
                await self._watch.end()
        finally:
            await self._client.close()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        mqtt_layout(model, binding)

    @override
    async def attach(self, device: VirtualDevice) -> None:
        attached = Attached(device, mqtt_layout(device.model, device.binding))
        self._attached[device] = attached
        attached.presume()
        try:
            for topic_filter in attached.layout.filters:
                end = await self._client.subscribe(topic_filter, attached.take)
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
                payload = attached.payload(target, values)
                confirmation.sent |= dict.fromkeys(target.names, payload)
                await self._client.publish(target.topic, payload)
            if wanted:
                seconds = device.binding.delivery.timeout or CONFIRM_TIMEOUT
                await self._confirmed(confirmation, seconds)
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
    async def publish_alert(self, device: VirtualDevice, alert: Alert) -> None:
        target = offered(self._known(device).layout.alerts, alert.format.name)
        document = write_alert(target.codec, alert, alert.fields)
        await self._client.publish(target.topic, target.codec.encode(document))

    @override
    async def discover(self) -> list[Found]:
        if self._watch is not None:
            await self._watch.settled()
            return self._watch.found
        watch = HomieWatch(self._client)
        try:
            await watch.begin()
            await watch.settled()
        finally:
            await watch.end()
        return watch.found

    @override
    async def watch(self, watcher: Watcher) -> None:
        def on_described(found: Found) -> None:
            watcher.on_described(found)
            for device in tuple(self._attached):
                if (
                    device.binding.base.strip("/") == found.reference
                    and self.on_description_changed is not None
                ):
                    self.on_description_changed(device)

        told = replace(watcher, on_described=on_described)
        watch = HomieWatch(self._client, told)
        await watch.begin()
        self._watch = watch

    @override
    async def describe(self, reference: str) -> Loaded:
        return await describe(self._client, reference)

    # Inside

    def _known(self, device: VirtualDevice) -> Attached:
        """Return what is kept of a device.

        Raises:
            UnreachableError: it is not attached.

        """
        attached = self._attached.get(device)
        if attached is None:
            reason = "the device is not attached"
            raise UnreachableError(address=self.address, reason=reason)
        return attached

    async def _confirmed(self, confirmation: Confirmation, seconds: float) -> None:
        """Wait until the device has shown what was written.

        Raises:
            NotConfirmedError: it has not.
            UnreachableError: the way to it broke meanwhile.

        """
        try:
            async with asyncio.timeout(seconds):
                shown = await confirmation.done
        except TimeoutError as err:
            raise NotConfirmedError(
                name=", ".join(confirmation.wanted), seconds=f"{seconds:g}"
            ) from err
        if not shown:
            raise UnreachableError(address=self.address, reason="not connected")

    def _on_connection(self, connected: bool) -> None:  # noqa: FBT001
        """Tell all devices that the way to them is broken, or mended.

        Mended, they are unknown until they are heard: by what the broker has retained,
        or by their next message.
        """
        for attached in tuple(self._attached.values()):
            attached.forget()
            if connected:
                attached.device.report(Availability.UNKNOWN)
                attached.presume()
            else:
                attached.lose()
                attached.device.report(
                    Availability.UNREACHABLE, f"{self.address} is not connected"
                )
