"""What the actions about the actions of devices do."""

from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import service

from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .exceptions import rewords_errors
from .iot.errors import NotOfferedError
from .iot.model import Action
from .runtime import EntryRuntime

ATTR_ACTION: Final = "action"
ATTR_ARGUMENTS: Final = "arguments"


class DeviceActions:
    """The actions, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_call(self, call: ServiceCall) -> ServiceResponse:
        """Have a device do something; returns what it answers."""
        coordinator = self._coordinator(call)
        result = await coordinator.device.call(
            call.data[ATTR_ACTION], call.data[ATTR_ARGUMENTS]
        )
        return _answer(call, result)

    @rewords_errors
    async def async_query(self, call: ServiceCall) -> ServiceResponse:
        """Return how the last call of an action goes that is not over at once."""
        coordinator, action = self._action(call)
        result = await coordinator.connection.query(coordinator.device, action)
        return _answer(call, result)

    @rewords_errors
    async def async_cancel(self, call: ServiceCall) -> None:
        """End what the last call of an action has begun."""
        coordinator, action = self._action(call)
        await coordinator.connection.cancel(coordinator.device, action)

    def _action(self, call: ServiceCall) -> tuple[DeviceCoordinator, Action]:
        """Return the action that is meant, and whose it is.

        Raises:
            NotOfferedError: it stands for no device of a model.
            UnknownElementError: the device has no such action.

        """
        coordinator = self._coordinator(call)
        return coordinator, coordinator.device.model.action(call.data[ATTR_ACTION])

    def _coordinator(self, call: ServiceCall) -> DeviceCoordinator:
        """Return the device that is meant.

        Raises:
            NotOfferedError: it stands for no device of a model.

        """
        device, entry = service.async_get_device_and_config_entry(
            self._hass, DOMAIN, call.data[ATTR_DEVICE_ID]
        )
        runtime: EntryRuntime = entry.runtime_data
        coordinator = runtime.coordinator_of(device)
        if coordinator is None:
            raise NotOfferedError(operation=call.data[ATTR_ACTION])
        return coordinator


def _answer(call: ServiceCall, result: Any) -> ServiceResponse:
    """Return a result to whom asked for it."""
    return {"result": result} if call.return_response else None
