"""The actions about the attributes of devices: their fields, and what they do."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from .action_arguments import typed
from .command_options import OPTIONS, command_options
from .coordinator import SIGNAL_COMMAND
from .exceptions import rewords_errors
from .iot.command import Command, CommandState, state_after
from .iot.device import VirtualDevice
from .iot.errors import CommunicationError, PartlyWrittenError
from .iot.model import Attribute
from .iot.spelling import as_json
from .service import Service, coordinator_of

ATTR_ATTRIBUTES: Final = "attributes"
ATTR_REFRESH: Final = "refresh"
ATTR_WAIT: Final = "wait"

MAX_WAIT: Final = 86_400
"""Seconds; what takes longer is better followed by its events."""

GET: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_ATTRIBUTES): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_REFRESH, default=False): cv.boolean,
    }
)
SET: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_ATTRIBUTES): vol.All({cv.string: object}, vol.Length(min=1)),
        vol.Optional(ATTR_WAIT, default=0): vol.All(
            vol.Coerce(float), vol.Range(min=0, max=MAX_WAIT)
        ),
        **OPTIONS,
    }
)


class AttributeActions:
    """The actions, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_get(self, call: ServiceCall) -> ServiceResponse:
        """Return what is known of the attributes of a device.

        What is only written, or must not be shown, has no value here.
        """
        coordinator = coordinator_of(self._hass, call)
        device = coordinator.device
        listed = call.data.get(ATTR_ATTRIBUTES) or device.model.leaves
        wanted = [device.model.attribute(name) for name in listed]
        if call.data[ATTR_REFRESH]:
            names = {one.name for one in wanted} & device.model.readable
            if names:
                await coordinator.connection.read(device, names)
        return {
            "availability": device.availability.value,
            ATTR_ATTRIBUTES: {one.name: _known(device, one) for one in wanted},
        }

    @rewords_errors
    async def async_set(self, call: ServiceCall) -> ServiceResponse:
        """Change attributes of a device together.

        Who asks for an answer finds there what has become of each; else it is an error
        if the device does not take them.
        """
        device = coordinator_of(self._hass, call).device
        values = _meant(device, call.data[ATTR_ATTRIBUTES])
        try:
            command = await device.change(values, **command_options(call.data))
        except CommunicationError as err:
            if not call.return_response:
                raise
            return _failed(values, err)
        command = await _within(self._hass, call.data[ATTR_WAIT], device, command)
        if call.return_response:
            return _told(command)
        command.check()
        return None


def _meant(device: VirtualDevice, given: Mapping[str, object]) -> dict[str, object]:
    """Return values of attributes in the types of the model, objects taken apart."""
    leaves = device.model.leaves
    return {
        name: typed(leaves[name], value) if name in leaves else value
        for name, value in device.flattened(given)
    }


async def _within(
    hass: HomeAssistant, seconds: float, device: VirtualDevice, command: Command
) -> Command:
    """Return a command as it is when it is over, or some time has passed.

    The device may be set up anew meanwhile.
    """
    if not seconds or command.over:
        return command
    over = asyncio.Event()

    @callback
    def follow(changed: Command) -> None:
        nonlocal command
        command = changed
        if command.over:
            over.set()

    signal = SIGNAL_COMMAND.format(device.key, command.token)
    deaf = async_dispatcher_connect(hass, signal, follow)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await over.wait()
    finally:
        deaf()
    return command


def _told(command: Command) -> dict[str, JsonValueType]:
    """Return what has become of a command, and of each value in it."""
    state, shown = command.state.value, CommandState.CONFIRMED.value
    return {
        "command_id": command.token,
        "state": state,
        "reason": command.reason,
        ATTR_ATTRIBUTES: {
            name: shown if name in command.shown else state for name in command.values
        },
    }


def _failed(
    names: Iterable[str], error: CommunicationError
) -> dict[str, JsonValueType]:
    """Return what has become of values that a device did not take as a whole."""
    state = state_after(error).value
    done = error.done if isinstance(error, PartlyWrittenError) else frozenset()
    return {
        "state": state,
        "reason": str(error),
        ATTR_ATTRIBUTES: {
            name: CommandState.CONFIRMED.value if name in done else state
            for name in names
        },
    }


def _known(device: VirtualDevice, attribute: Attribute) -> dict[str, JsonValueType]:
    """Return what is known of one attribute."""
    reading = device.values.get(attribute.name)
    known: dict[str, JsonValueType] = {"value": None, "unit": attribute.unit}
    if reading is not None and not attribute.sensitive:
        known["value"] = as_json(reading.value)
    if reading is not None:
        known |= {"at": as_json(reading.at), "certainty": reading.certainty.value}
    if (problem := device.problems.get(attribute.name)) is not None:
        known["problem"] = problem
    return known


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    attributes = AttributeActions(hass)
    either, only = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    yield Service("get_attributes", attributes.async_get, GET, only)
    yield Service("set_attributes", attributes.async_set, SET, either)
