"""The coordinator of one device: asks for what does not come by itself."""

from datetime import timedelta
import math
import time
from typing import Any, Final, override
import zlib

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HassJob, HassJobType, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import (
    async_dispatcher_connect,
    async_dispatcher_send,
)
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .alerts import DeviceAlerts
from .command_events import EVENT_COMMAND, described
from .const import (
    CONF_KEY,
    DOMAIN,
    LOGGER,
    MAX_BACK_OFF,
)
from .device_data import metadata_of
from .exceptions import reworded
from .iot.command import Command
from .iot.connections.base import Capability, Connection
from .iot.device import Availability, VirtualDevice
from .iot.errors import CommunicationError
from .mapping.decided import decisions_of, loaded_of
from .place import binding_of
from .storage import DeviceStorage

SIGNAL_AWAY: Final = f"{DOMAIN}_away_{{}}"
"""With the key of a gateway: whether it is away has changed."""

SIGNAL_COMMAND: Final = f"{DOMAIN}_command_{{}}_{{}}"
"""With the key of a device and the token of a command, which is in another state: also
if the device was set up anew meanwhile."""


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
        loaded = loaded_of(data, subentry.title)
        self.subentry_id = subentry.subentry_id
        self.decisions = decisions_of(data, loaded, hass.config.language)
        self.metadata = metadata_of(data, loaded)
        self.connection = connection
        self.device = VirtualDevice(
            key=data[CONF_KEY],
            name=subentry.title,
            model=loaded.model,
            binding=binding_of(data, loaded),
            port=connection,
            alert_rules=loaded.alerts,
        )
        self.storage = DeviceStorage(hass, connection, self.device)
        connection.check(loaded.model, self.device.binding)
        self.alerts = DeviceAlerts(hass, entry, subentry, self.device, loaded.alerts)
        self._entry = entry
        self.interval = interval
        """How often it is asked."""
        self._due = 0.0
        """When the device is to be asked again, on the clock of the event loop."""
        self._round_ended = 0.0
        """When it was last seen to, on the clock ``time.monotonic``."""
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
            self.device.commands.on_command(self._command_changed),
        ]
        self._cut_off = False
        """Whether the gateway that the way leads through is known to be away."""
        self._told_away = False

    @property
    def reachable(self) -> bool:
        """Whether the device can be reached, as far as is known."""
        return self.device.online and not self._cut_off

    @property
    def away(self) -> bool:
        """Whether it is known not to be reached, which those behind are told."""
        unknown = self.device.availability is Availability.UNKNOWN
        return self._cut_off or not (unknown or self.device.online)

    @callback
    def async_follow_gateway(self, key: str, *, away: bool) -> None:
        """Be unavailable while the gateway that the way leads through is away.

        Args:
            key: of the gateway.
            away: whether it is now.

        """
        self._deaf.append(
            async_dispatcher_connect(self.hass, SIGNAL_AWAY.format(key), self._cut)
        )
        self._cut(away)

    @callback
    def _cut(self, away: bool) -> None:  # noqa: FBT001  (a signal has no names)
        """Note whether the gateway is away, and tell those behind."""
        if away is not self._cut_off:
            self._cut_off = away
            self._tell_behind(away=self.away)
            self.async_update_listeners()

    @callback
    def _tell_behind(self, *, away: bool) -> None:
        """Tell the devices that are reached through this one."""
        if away is not self._told_away:
            self._told_away = away
            signal = SIGNAL_AWAY.format(self.device.key)
            async_dispatcher_send(self.hass, signal, away)

    async def async_begin(self) -> None:
        """Ask for the first time, so that entities begin with values.

        Devices that begin together are then spread over the interval, each always at
        the same place, so that they are not all asked in the same second. A device that
        says for how long its answer is fresh is not asked before.
        """
        if self._polled:
            await self.async_refresh()
            place = zlib.crc32(self.device.key.encode()) / 2**32
            fresh = self.update_interval or self.interval
            earliest = fresh if fresh > self.interval else self.interval / 2
            self._wait(self.hass.loop.time(), earliest + self.interval * place / 2)

    def resume(self, former: DeviceCoordinator) -> None:
        """Go on where another coordinator of the same device has ended.

        Of a device that is elsewhere now, nothing is known.
        """
        if former.device.binding.base == self.device.binding.base:
            self.device.resume(former.device)
            self._tell_behind(away=self.away)

    async def async_attach(self) -> None:
        """Let the connection push, once everybody listens.

        Raises:
            CommunicationError: the connection is gone again.

        """
        await self.connection.attach(self.device)

    async def async_end(self) -> None:
        """Stop everything that belongs to the device."""
        self.device.end_policies()  # what they hold is shown while somebody looks
        self.alerts.async_end()
        await self.async_shutdown()
        await self.storage.async_end()
        await self.device.commands.end()
        await self.connection.detach(self.device)
        for stop_listening in self._deaf:
            stop_listening()
        self._tell_behind(away=False)  # nobody knows any more

    @override
    async def _async_update_data(self) -> None:
        """Ask for what is not pushed; what is pushed is asked for when it is silent."""
        began = self.hass.loop.time()
        wanted = set(self.async_contexts()) or self._readable
        wanted = (wanted | self.device.needed) & self._readable
        names = wanted - self.connection.pushed(self.device)
        if not names and not self._heard_lately():
            # One will do to see whether it is still there.
            names = set(sorted(self._readable)[:1])
        hint: float | None = None
        try:
            if names:
                hint = await self.connection.read(self.device, names)
        except CommunicationError as err:
            self._failures += 1
            back_off = min(2 ** (self._failures - 1), MAX_BACK_OFF)
            self._wait(self.hass.loop.time(), self.interval * back_off)
            raise reworded(UpdateFailed, err) from err
        finally:
            self._round_ended = time.monotonic()
        self._failures = 0
        fresh = timedelta(seconds=hint or 0)
        if fresh > self.interval:
            self._wait(self.hass.loop.time(), fresh)
        else:
            self._wait(began, self.interval)

    def _wait(self, since: float, interval: timedelta) -> None:
        """Have the device left alone for an interval since a time of the event loop."""
        self.update_interval = interval
        self._due = since + interval.total_seconds()

    @callback
    @override
    def _schedule_refresh(self) -> None:
        """Have the device asked when that is due, to the moment.

        Home Assistant would count in whole seconds, and from the end of the last round:
        each would be late by what the one before took. Moments that have passed, since
        a round took that long or nobody listened, are left out.
        """
        if self.update_interval is None or self._entry.pref_disable_polling:
            return
        self._async_unsub_refresh()
        loop = self.hass.loop
        missed = loop.time() - self._due
        if missed >= 0:
            step = self.interval.total_seconds()
            self._due += (math.floor(missed / step) + 1) * step
        # Home Assistant cancels it when it stops.
        job = HassJob(
            self._begin_round,
            f"{self.name} is due",
            job_type=HassJobType.Callback,
            cancel_on_shutdown=True,
        )
        self._unsub_refresh = loop.call_at(self._due, self._begin_round, job).cancel

    @callback
    def _begin_round(self, _job: HassJob[..., Any]) -> None:
        """Ask the device, now that it is due."""
        self._entry.async_create_background_task(
            self.hass,
            self._handle_refresh_interval(),
            name=f"{self.name} - {self._entry.title} - refresh",
            eager_start=True,
        )

    def _heard_lately(self) -> bool:
        """Whether the device gave a sign of life by itself since the last round."""
        heard = self.device.last_heard
        return heard is not None and heard > self._round_ended

    @property
    def device_id(self) -> str | None:
        """The device in the registry; None until it has an entity."""
        known = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, self.device.key), self._entry.entry_id
        )
        return known.id if known else None

    @callback
    def _command_changed(self, command: Command) -> None:
        """Tell automations what becomes of a command."""
        told = described(command, self.device.model, self.device_id)
        self.hass.bus.async_fire(EVENT_COMMAND, told)
        signal = SIGNAL_COMMAND.format(self.device.key, command.token)
        async_dispatcher_send(self.hass, signal, command)

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
        self._tell_behind(away=self.away)
        self.async_update_listeners()
