"""The actions about commands: what waits, and taking it back."""

from collections.abc import Iterator
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .command_events import described
from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .exceptions import rewords_errors
from .runtime import EntryRuntime
from .service import Service, coordinator_of

ATTR_COMMAND_ID: Final = "command_id"
PENDING: Final = vol.Schema({vol.Optional(ATTR_DEVICE_ID): cv.string})
CANCEL: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, vol.Required(ATTR_COMMAND_ID): cv.string}
)


class CommandActions:
    """The actions, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_pending(self, call: ServiceCall) -> ServiceResponse:
        """Return the commands of a device, or of all, that are not over."""
        listed: list[JsonValueType] = []
        for coordinator in self._asked(call):
            device = coordinator.device
            listed += [
                described(one, device.model, coordinator.device_id)
                for one in device.commands.pending
            ]
        return {"commands": listed}

    @rewords_errors
    async def async_cancel(self, call: ServiceCall) -> None:
        """Take back a command that waits."""
        commands = coordinator_of(self._hass, call).device.commands
        commands.cancel(call.data[ATTR_COMMAND_ID])

    def _asked(self, call: ServiceCall) -> Iterator[DeviceCoordinator]:
        """Yield the devices that an action is about."""
        if ATTR_DEVICE_ID in call.data:
            yield coordinator_of(self._hass, call)
            return
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            runtime: EntryRuntime = entry.runtime_data
            yield from runtime.coordinators.values()


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    commands = CommandActions(hass)
    only = SupportsResponse.ONLY
    yield Service("pending_commands", commands.async_pending, PENDING, only)
    yield Service("cancel_command", commands.async_cancel, CANCEL)
