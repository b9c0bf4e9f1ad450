"""Devices that push to us: a CoAP server, and what waits for them."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
import logging
from typing import Any, ClassVar, override

from ...alert import Alert
from ...binding import Binding
from ...device import Availability, VirtualDevice
from ...errors import NotListeningError, NotOfferedError, UnreachableError
from ...formats import Loaded
from ...model import Action, DeviceModel
from ...silence import SilenceWatch
from ...values import JsonValue, Scalar
from ..base import Capability, Connection, Health
from ..coap.udp import open_udp
from .describe import described
from .exchange import Incoming, Reply
from .lately import Lately
from .layout import Path, listener_layout
from .limits import Limits
from .listened import PUSHED, ListenedDevice
from .listing import Listing
from .resources import Resources
from .settings import ListenerSettings
from .site import ListenerSite

_LOGGER = logging.getLogger(__name__)


class CoapListener(Connection):
    """One address and port, and the devices that push there."""

    capabilities: ClassVar[Capability] = (
        Capability.PUSH
        | Capability.DESCRIBE
        | Capability.BATCH_WRITE
        | Capability.HEALTH
        | Capability.OUTBOX
    )

    def __init__(self, settings: ListenerSettings) -> None:
        """Take the settings.

        Raises:
            ValueRefusedError: one of them can be none.

        """
        settings.check_host()
        self._settings = settings
        self._resources = Resources()
        self._limits = Limits(settings.admitted())
        self._lately = Lately()
        self._site = ListenerSite(
            self._resources,
            self._limits,
            self._miss,
            self._trace,
            self._is_pending,
        )
        Listing(self._resources)
        self._context: Any = None
        self._attached: dict[VirtualDevice, ListenedDevice] = {}
        self._watches: dict[VirtualDevice, SilenceWatch] = {}
        self._owners: dict[Path, ListenedDevice] = {}

    @property
    @override
    def address(self) -> str:
        return self._settings.address

    @override
    async def open(self) -> None:
        host, port = self._settings.host, self._settings.port
        try:
            self._context = await open_udp(
                self._site, (host, port), admit=self._limits.admit
            )
        except OSError as err:
            reason = err.strerror or str(err)
            raise NotListeningError(address=self.address, reason=reason) from err

    @override
    async def close(self) -> None:
        try:
            await asyncio.gather(*(self.detach(device) for device in self._attached))
        finally:
            context, self._context = self._context, None
            if context is not None:
                await context.shutdown()

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        listener_layout(model, binding)

    @override
    async def attach(self, device: VirtualDevice) -> None:
        listened = ListenedDevice(device, listener_layout(device.model, device.binding))
        self._attached[device] = listened
        if not device.quiet:  # that one is only shown what others are sent
            self._serve(listened)
        for request, ago in self._lately.all():
            listened.recall(request, ago)
        if seconds := device.binding.silent_after:
            reason = f"silent for over {seconds:g} s"
            on_silent = partial(device.report, Availability.SILENT, reason)
            self._watches[device] = SilenceWatch(
                device, seconds, on_silent, since=listened.pushed
            )

    @override
    async def detach(self, device: VirtualDevice) -> None:
        listened = self._attached.pop(device, None)
        if listened is None:
            return
        listened.stop()
        if (watch := self._watches.pop(device, None)) is not None:
            watch.stop()
        for path, resource in listened.resources.items():
            self._resources.remove(path, resource)
            if self._owners.get(path) is listened:
                del self._owners[path]
        for other in self._attached.values():
            self._take_over(other, listened.resources)

    @override
    def pushed(self, device: VirtualDevice) -> frozenset[str]:
        return frozenset(device.model.leaves)

    @override
    def health(self, device: VirtualDevice) -> Health:
        listened = self._attached.get(device)
        return listened.health if listened else Health()

    @override
    def trace(self, device: VirtualDevice) -> list[Mapping[str, JsonValue]]:
        listened = self._attached.get(device)
        if listened is None:
            return []
        counted: dict[str, JsonValue] = {
            "commands": dict(listened.waiting.outcomes),
            "refused": dict(self._site.refused),
            "put_off": self._limits.put_off,
            "dropped": self._limits.dropped,
        }
        return [counted, *listened.trace]

    @override
    async def write(self, device: VirtualDevice, values: Mapping[str, Scalar]) -> None:
        """See whether the device can be told values, which wait for it then.

        Raises:
            NotOfferedError: one of them cannot be set here.

        """
        listened = self._known(device)
        for name in values:
            if name not in listened.layout.settable:
                raise NotOfferedError(operation=name)

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> None:
        """See whether the device can be told an action, which waits for it then.

        Raises:
            NotOfferedError: it cannot be called here.

        """
        listened = self._known(device)
        if action.name not in listened.layout.actions:
            raise NotOfferedError(operation=action.name)

    @override
    async def publish_alert(self, device: VirtualDevice, alert: Alert) -> None:
        if not self._known(device).publish_alert(alert):
            raise NotOfferedError(operation=f"{alert.format.name}: raising it")

    @override
    async def describe(self, reference: str) -> Loaded:
        return await described(self._lately, self.address, reference)

    # Inside

    def _known(self, device: VirtualDevice) -> ListenedDevice:
        """Return what is kept of a device.

        Raises:
            UnreachableError: it is not attached.

        """
        listened = self._attached.get(device)
        if listened is None:
            reason = "the device is not attached"
            raise UnreachableError(address=self.address, reason=reason)
        return listened

    def _is_pending(self, remote: Any) -> bool:
        """Whether somebody has not acknowledged what was sent to it."""
        (interface,) = self._context.request_interfaces
        # aiocoap has an entry here for each to whom a confirmable message is under way.
        pending: bool = remote in interface.token_interface._backlogs  # noqa: SLF001
        return pending

    def _serve(self, listened: ListenedDevice) -> None:
        """Serve the resources of a device, those that another one has left over."""
        taken = listened.resources.keys() - self._take_over(
            listened, listened.resources
        )
        if taken:
            _LOGGER.warning(
                "%s is not listened to at /%s: that is the path of another device",
                listened.device.name,
                ", /".join(sorted("/".join(path) for path in taken)),
            )

    def _take_over(
        self, listened: ListenedDevice, paths: Iterable[Path]
    ) -> frozenset[Path]:
        """Serve the resources of a device at some paths, if they are free.

        Returns those that it has now.
        """
        if listened.device.quiet:
            return frozenset()
        for path in listened.resources.keys() & frozenset(paths):
            if self._resources.add(path, listened.resources[path]):
                self._owners[path] = listened
        return frozenset(path for path in paths if self._owners.get(path) is listened)

    def _owner(self, path: Path) -> ListenedDevice | None:
        """Return the device that is served at a path, or right below one of its own."""
        return self._owners.get(path) or self._owners.get(path[:-1])

    def _look(self, request: Incoming) -> None:
        """Show a message to the devices that are there for a look."""
        for listened in self._attached.values():
            if listened.device.quiet:
                listened.recall(request, 0.0)

    def _miss(self, request: Incoming) -> None:
        """Remember what was posted where no device is."""
        if self._owner(request.path) is None:
            self._lately.take(request)
            self._look(request)

    def _trace(self, request: Incoming, reply: Reply) -> None:
        """Remember a message of a device; without payload and query."""
        owner = self._owner(request.path)
        if owner is not None:
            if reply.success and request.method in PUSHED:
                # What it says now is newer than anything from before it was known.
                self._lately.forget(owner.resources)
                self._look(request)
            owner.trace.append(
                {
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "from": request.source,
                    "request": f"{request.verb} /{'/'.join(request.path)}",
                    "bytes": len(request.payload),
                    "outcome": reply.code,
                }
            )
