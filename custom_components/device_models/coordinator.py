"""The coordinator of one device: asks for what does not come by itself."""

from datetime import timedelta
import time
from typing import override
import zlib

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .const import (
    CONF_DOCUMENT,
    CONF_KEY,
    LOGGER,
    MAX_BACK_OFF,
)
from .exceptions import reworded
from .iot.connections.base import Capability, Connection
from .iot.device import Availability, VirtualDevice
from .iot.errors import CommunicationError
from .iot.formats import load_document
from .mapping.decided import decisions_of
from .place import binding_of


class DeviceCoordinator(DataUpdateCoordinator[None]):
    """One device: its virtual device, and when it is asked.

    The values live in the virtual device, and changes go straight to the entities of
    the attributes that changed. The coordinator's own listeners are told of nothing but
    the device's availability.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        subentry: ConfigSubentry,
        connection: Connection,
        interval: timedelta,
    ) -> None:
        """Make the virtual device of a subentry.

        Raises:
            ModelError: the subentry's model or binding is not usable.

        """
        data = subentry.data
        loaded = load_document(data[CONF_DOCUMENT], subentry.title)
        self.subentry_id = subentry.subentry_id
        self.decisions = decisions_of(data, loaded, hass.config.language)
        self.connection = connection
        self.device = VirtualDevice(
            key=data[CONF_KEY],
            name=subentry.title,
            model=loaded.model,
            binding=binding_of(data, loaded),
            port=connection,
        )
        connection.check(loaded.model, self.device.binding)
        self._interval = interval
        self._readable = loaded.model.readable
        self._polled = Capability.READ in connection.capabilities and bool(
            self._readable
        )
        self._failures = 0
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=subentry.title,
            update_interval=interval if self._polled else None,
            always_update=False,
        )
        self._deaf = [
            self.device.on_availability(self._availability_changed),
            self.device.on_waiting(self.async_update_listeners),
        ]

    async def async_begin(self) -> None:
        """Ask for the first time, so that entities begin with values.

        Devices that begin together are then spread over the interval, each always at
        the same place, so that they are not all asked in the same second.
        """
        if self._polled:
            await self.async_refresh()
            place = zlib.crc32(self.device.key.encode()) / 2**32
            self.update_interval = self._interval * (0.5 + place / 2)

    async def async_attach(self) -> None:
        """Let the connection push, once everybody listens.

        Raises:
            CommunicationError: the connection is gone again.

        """
        await self.connection.attach(self.device)

    async def async_end(self) -> None:
        """Stop everything that belongs to the device."""
        await self.async_shutdown()
        await self.connection.detach(self.device)
        for stop_listening in self._deaf:
            stop_listening()

    @override
    async def _async_update_data(self) -> None:
        """Ask for what is not pushed; what is pushed is asked for when it is silent."""
        wanted = (set(self.async_contexts()) or self._readable) & self._readable
        names = wanted - self.connection.pushed(self.device)
        if not names and not self._heard_lately():
            # One will do to see whether it is still there.
            names = set(sorted(self._readable)[:1])
        hint: float | None = None
        if names:
            try:
                hint = await self.connection.read(self.device, names)
            except CommunicationError as err:
                self._failures += 1
                self.update_interval = self._interval * min(
                    2 ** (self._failures - 1), MAX_BACK_OFF
                )
                raise reworded(UpdateFailed, err) from err
        self._failures = 0
        self.update_interval = max(self._interval, timedelta(seconds=hint or 0))

    def _heard_lately(self) -> bool:
        """Whether the device gave a sign of life within the interval."""
        heard = self.device.last_heard
        limit = self._interval.total_seconds()
        return heard is not None and time.monotonic() - heard < limit

    @callback
    def _availability_changed(self) -> None:
        """Log once in each direction, and tell the entities."""
        device = self.device
        if device.availability is Availability.UNKNOWN:
            pass
        elif not device.online:
            if self.last_update_success:
                LOGGER.info("%s is unavailable: %s", device.name, device.reason)
            self.last_update_success = False
        elif not self.last_update_success:
            LOGGER.info("%s is available again", device.name)
            self.last_update_success = True
        self.async_update_listeners()
