"""The actions about the actions of devices: their fields, and what they do."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Unpack

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .action_arguments import meant
from .command_options import OPTIONS, command_options
from .coordinator import DeviceCoordinator
from .exceptions import rewords_errors
from .iot.command import CommandOptions
from .iot.model import Action
from .service import Service, coordinator_of

ATTR_ACTION: Final = "action"
ATTR_ARGUMENTS: Final = "arguments"

ACTION: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, vol.Required(ATTR_ACTION): cv.string}
)
CALL_ACTION: Final = ACTION.extend(
    {vol.Optional(ATTR_ARGUMENTS, default=dict): {cv.string: object}, **OPTIONS}
)


class DeviceActions:
    """The actions, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_call(self, call: ServiceCall) -> ServiceResponse:
        """Have a device do something; returns what it answers."""
        coordinator = coordinator_of(self._hass, call)
        name, arguments = call.data[ATTR_ACTION], call.data[ATTR_ARGUMENTS]
        options = command_options(call.data)
        return await carried_out(call, coordinator, name, arguments, **options)

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
        coordinator = coordinator_of(self._hass, call)
        return coordinator, coordinator.device.model.action(call.data[ATTR_ACTION])


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    devices = DeviceActions(hass)
    either, only = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    yield Service("call_action", devices.async_call, CALL_ACTION, either)
    yield Service("query_action", devices.async_query, ACTION, only)
    yield Service("cancel_action", devices.async_cancel, ACTION)


async def carried_out(
    call: ServiceCall,
    coordinator: DeviceCoordinator,
    name: str,
    arguments: Mapping[str, object],
    **options: Unpack[CommandOptions],
) -> ServiceResponse:
    """Have a device carry an action out; returns the answer to whom asked for it.

    If the action may wait for the device, that is what has become of it so far.

    Raises:
        InvalidInputError: there is no such action, or the arguments do not fit.
        CommunicationError: the device did not take it.

    """
    device = coordinator.device
    given = meant(device.model.action(name), arguments)
    command = await device.perform(name, given, **options)
    answer = _answer(call, command.result)
    if answer is None or not command.stored:
        return answer
    return answer | {"command_id": command.token, "state": command.state.value}


def _answer(call: ServiceCall, result: Any) -> ServiceResponse:
    """Return a result to whom asked for it."""
    return {"result": result} if call.return_response else None
