"""What connections that ask and are answered keep of their devices."""

from abc import abstractmethod
from collections.abc import Mapping, Set as AbstractSet
from typing import Protocol, override

from ..device import Certainty, VirtualDevice
from ..model import Action
from ..values import JsonValue, Scalar
from .base import Connection, Health
from .writing import WriteQueue


class Attached(Protocol):
    """A device of a connection, and what it tells by itself."""

    @property
    def pushed(self) -> AbstractSet[str]:
        """The attributes that come by themselves."""

    @property
    def health(self) -> Health:
        """How the exchange with it goes."""

    def start(self) -> None:
        """Have it tell by itself."""

    async def stop(self) -> None:
        """End that."""


class Caller(Protocol):
    """Calls the actions of one device: see ``Connection``."""

    async def call(self, action: Action, arguments: Mapping[str, Scalar]) -> JsonValue:
        """Have the device do something."""

    async def query(self, action: Action) -> JsonValue:
        """Return what the device says of the last call."""

    async def cancel(self, action: Action) -> None:
        """Have the device end the last call."""


class AskingConnection[A: Attached, C: Caller](Connection):
    """A connection that keeps of each device what is asked of it, and sent to it."""

    def __init__(self) -> None:
        """Begin without devices."""
        self._attached: dict[VirtualDevice, A] = {}
        self._writes: dict[VirtualDevice, WriteQueue] = {}
        self._callers: dict[VirtualDevice, C] = {}

    @abstractmethod
    def _begin(self, device: VirtualDevice) -> tuple[A, WriteQueue, C]:
        """Return what is kept of a device: itself, its writes, and its calls."""

    def _known(self, device: VirtualDevice) -> A:
        """Return what is kept of a device; it begins with the first use."""
        if device not in self._attached:
            attached, writes, caller = self._begin(device)
            self._attached[device] = attached
            self._writes[device] = writes
            self._callers[device] = caller
        return self._attached[device]

    @override
    async def attach(self, device: VirtualDevice) -> None:
        self._known(device).start()

    @override
    async def detach(self, device: VirtualDevice) -> None:
        self._writes.pop(device, None)
        self._callers.pop(device, None)
        attached = self._attached.pop(device, None)
        if attached is not None:
            await attached.stop()

    @override
    def pushed(self, device: VirtualDevice) -> AbstractSet[str]:
        attached = self._attached.get(device)
        return attached.pushed if attached else frozenset()

    @override
    def health(self, device: VirtualDevice) -> Health:
        attached = self._attached.get(device)
        return attached.health if attached else Health()

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        self._known(device)
        return await self._writes[device].write(values)

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        self._known(device)
        return await self._callers[device].call(action, arguments)

    @override
    async def query(self, device: VirtualDevice, action: Action) -> JsonValue:
        self._known(device)
        return await self._callers[device].query(action)

    @override
    async def cancel(self, device: VirtualDevice, action: Action) -> None:
        self._known(device)
        await self._callers[device].cancel(action)
