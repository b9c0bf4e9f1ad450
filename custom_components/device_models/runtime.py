"""What runs while a config entry is loaded: its connection, and its devices."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_platform
from homeassistant.helpers.device_registry import ChildDeviceEntry, DeviceEntry

from .behind import async_place_behind
from .command_storage import async_forget, async_restore
from .const import CONF_KEY, DOMAIN, LOGGER, SUBENTRY_DEVICE
from .coordinator import DeviceCoordinator
from .device_data import metadata_of
from .hierarchy import Member, async_parent_id, below_of, gateway_of
from .iot.connections.base import Connection
from .iot.errors import CommunicationError, ModelError
from .iot.formats import Loaded
from .known_device import async_register
from .registries import async_adopt
from .systems import interval_of

type DeviceModelsConfigEntry = ConfigEntry[EntryRuntime]


class EntryRuntime:
    """The connection of one entry, and a coordinator for each of its devices.

    Devices come and go while the entry runs: each touches nothing but itself.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: DeviceModelsConfigEntry,
        connection: Connection,
    ) -> None:
        """Take an open connection."""
        self._hass = hass
        self._entry = entry
        self.connection = connection
        self.coordinators: dict[str, DeviceCoordinator] = {}
        self.described: dict[str, Loaded] = {}
        """What devices say of themselves by now, by their subentries."""
        self._data: MappingProxyType[str, Any] = entry.data
        self._made_of: dict[str, tuple[str, Mapping[str, Any]]] = {}
        """Title and data of each device's subentry, which Home Assistant changes in
        place."""
        self._following = asyncio.Lock()
        self._ended = False
        self._on_device: list[Callable[[DeviceCoordinator], None]] = []
        self._on_followed: list[Callable[[], None]] = []

    def coordinator_of(
        self, device: DeviceEntry | ChildDeviceEntry
    ) -> DeviceCoordinator | None:
        """Return the coordinator of a device of the registry; None if it has none."""
        keys = {identifier for _domain, identifier in device.identifiers}
        return next(filter(None, map(self.coordinator_with, keys)), None)

    def coordinator_with(self, key: str) -> DeviceCoordinator | None:
        """Return the coordinator of a device by its key; None if there is none."""
        known = self.coordinators.values()
        return next((one for one in known if one.device.key == key), None)

    @callback
    def async_on_device(self, add: Callable[[DeviceCoordinator], None]) -> None:
        """Have a platform add the entities of each device, present and to come."""
        self._on_device.append(add)
        for coordinator in self.coordinators.values():
            add(coordinator)

    @callback
    def async_on_followed(self, follow: Callable[[], None]) -> None:
        """Have somebody told when devices were added, changed or removed."""
        self._on_followed.append(follow)

    async def async_begin(self) -> None:
        """Make the devices, with their first values."""
        for _depth in range(len(self._devices())):
            if not async_place_behind(self._hass, self._entry):
                break
        await asyncio.gather(
            *(self._async_make(subentry) for subentry in self._devices().values())
        )

    async def async_attach(self) -> None:
        """Let the connection push, once the entities are there.

        Raises:
            CommunicationError: the connection is gone again.

        """
        for coordinator in self.coordinators.values():
            await coordinator.async_attach()

    @callback
    def async_flush(self) -> None:
        """Have shown what is held of values, while there are entities to show it."""
        for coordinator in self.coordinators.values():
            coordinator.device.flush_policies()

    async def async_end(self) -> None:
        """End the devices, then the connection."""
        async with self._following:  # what is being added is there to be ended, too
            self._ended = True
            for coordinator in self.coordinators.values():
                await coordinator.async_end()
            self.coordinators.clear()
            await self.connection.close()

    async def async_follow(self) -> None:
        """Catch up with a changed entry: one device at a time, or all of it."""
        if self._entry.data != self._data:
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)
            return
        async with self._following:  # what is removed must be gone before it is added
            if self._ended:
                return
            await self._async_follow_devices()
        async_place_behind(self._hass, self._entry)
        for follow in self._on_followed:
            follow()

    async def _async_follow_devices(self) -> None:
        """Remove, add and make anew the devices that were changed."""
        wanted = self._devices()
        former: dict[str, DeviceCoordinator] = {}
        for subentry_id, made_of in list(self._made_of.items()):
            subentry = wanted.get(subentry_id)
            if subentry is None or (subentry.title, subentry.data) != made_of:
                if subentry_id in self.coordinators:
                    former[subentry_id] = self.coordinators[subentry_id]
                await self._async_remove(subentry_id)
            if subentry is None:
                await async_forget(self._hass, made_of[1][CONF_KEY])
        for subentry_id, subentry in wanted.items():
            if subentry_id not in self._made_of:
                await self._async_add(subentry, former.get(subentry_id))

    def _devices(self) -> dict[str, ConfigSubentry]:
        """Return the entry's device subentries as they are now."""
        return {
            subentry.subentry_id: subentry
            for subentry in self._entry.get_subentries_of_type(SUBENTRY_DEVICE)
        }

    async def _async_make(
        self, subentry: ConfigSubentry, former: DeviceCoordinator | None = None
    ) -> DeviceCoordinator | None:
        """Make a device's coordinator and have it ask for the first time.

        If there was another one of the device, it goes on where that has ended.
        """
        self._made_of[subentry.subentry_id] = (subentry.title, subentry.data)
        try:
            coordinator = DeviceCoordinator(
                self._hass,
                self._entry,
                subentry,
                self.connection,
                interval_of(self._entry.data),
            )
        except ModelError as err:
            # One device with a broken model does not take the others down.
            LOGGER.error("%s cannot be set up: %s", subentry.title, err)
            return None
        self.coordinators[subentry.subentry_id] = coordinator
        if former is not None:
            coordinator.resume(former)
        async_adopt(
            self._hass, coordinator.device.key, self._entry, subentry.subentry_id
        )
        self._register(coordinator, subentry)
        self._follow_gateway(coordinator, subentry)
        await async_restore(self._hass, coordinator.device)
        await coordinator.async_begin()
        return coordinator

    @callback
    def async_note_described(self, subentry_id: str, known: Loaded) -> None:
        """Take what a device says of itself by now; its firmware may be another."""
        self.described[subentry_id] = known
        coordinator = self.coordinators.get(subentry_id)
        subentry = self._devices().get(subentry_id)
        if coordinator is not None and subentry is not None:
            coordinator.metadata = metadata_of(subentry.data, known)
            self._register(coordinator, subentry)

    @callback
    def _register(
        self, coordinator: DeviceCoordinator, subentry: ConfigSubentry
    ) -> None:
        """Have the device registry know a device, and what it is behind."""
        gateway_id = async_parent_id(self._hass, self._entry, subentry)
        async_register(self._hass, self._entry, coordinator, gateway_id)

    @callback
    def _follow_gateway(
        self, coordinator: DeviceCoordinator, subentry: ConfigSubentry
    ) -> None:
        """Have a device follow the gateway that the way to it leads through."""
        if below_of(subentry.data) is None:
            return
        gateway = gateway_of(self._hass, Member(self._entry, subentry))
        if gateway is not None:
            runtime: EntryRuntime | None = getattr(gateway.entry, "runtime_data", None)
            running = runtime.coordinator_with(gateway.key) if runtime else None
            away = running is not None and running.away
            coordinator.async_follow_gateway(gateway.key, away=away)

    async def _async_add(
        self, subentry: ConfigSubentry, former: DeviceCoordinator | None
    ) -> None:
        """Add a device while the entry runs, perhaps in place of another picture."""
        coordinator = await self._async_make(subentry, former)
        if coordinator is None:
            return
        for add in self._on_device:
            add(coordinator)
        try:
            await coordinator.async_attach()
        except CommunicationError as err:
            LOGGER.warning("%s cannot be attached: %s", subentry.title, err)
            self._hass.config_entries.async_schedule_reload(self._entry.entry_id)

    async def async_release(self, subentry_id: str) -> None:
        """Let go of a device that another connection takes over."""
        async with self._following:
            if subentry_id in self._made_of:
                await self._async_remove(subentry_id)

    async def _async_remove(self, subentry_id: str) -> None:
        """Remove a device, and what is left of its entities."""
        del self._made_of[subentry_id]
        self.described.pop(subentry_id, None)
        coordinator = self.coordinators.pop(subentry_id, None)
        if coordinator is None:
            return
        await coordinator.async_end()
        for platform in entity_platform.async_get_platforms(self._hass, DOMAIN):
            for entity in list(platform.entities.values()):
                if getattr(entity, "coordinator", None) is coordinator:
                    await entity.async_remove()
