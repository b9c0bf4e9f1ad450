"""The actions about the attributes of devices: their fields, and what they do."""

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

from .exceptions import rewords_errors
from .iot.device import VirtualDevice
from .iot.model import Attribute
from .iot.spelling import as_json
from .service import Service, coordinator_of

ATTR_ATTRIBUTES: Final = "attributes"
ATTR_REFRESH: Final = "refresh"

GET: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_ATTRIBUTES): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_REFRESH, default=False): cv.boolean,
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
        listed = call.data.get(ATTR_ATTRIBUTES, device.model.leaves)
        wanted = [device.model.attribute(name) for name in listed]
        if call.data[ATTR_REFRESH]:
            names = {one.name for one in wanted} & device.model.readable
            if names:
                await coordinator.connection.read(device, names)
        return {
            "availability": device.availability.value,
            ATTR_ATTRIBUTES: {one.name: _known(device, one) for one in wanted},
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
    only = SupportsResponse.ONLY
    yield Service("get_attributes", attributes.async_get, GET, only)
