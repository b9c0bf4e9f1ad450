"""The actions about alerts."""

from collections.abc import Iterator, Mapping
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .action_arguments import typed
from .exceptions import rewords_errors
from .iot.model import Severity
from .iot.raising import OutgoingAlert, OutgoingData
from .service import Service, coordinator_of

ATTR_ALERT: Final = "alert"
ATTR_FORMAT: Final = "format"
ATTR_FIELDS: Final = "fields"
ATTR_SEVERITY: Final = "severity"

ACKNOWLEDGE: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, vol.Optional(ATTR_ALERT): cv.string}
)

MESSAGE: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Required(ATTR_FORMAT): cv.string,
        vol.Optional(ATTR_FIELDS, default=dict): {cv.string: object},
    }
)
RAISE: Final = MESSAGE.extend(
    {vol.Optional(ATTR_SEVERITY): vol.All(vol.Upper, vol.Coerce(Severity))}
)


class AlertActions:
    """The actions, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_acknowledge(self, call: ServiceCall) -> None:
        """Note that somebody knows of an alert, or of all alerts of a device."""
        device = coordinator_of(self._hass, call).device
        device.alerts.acknowledge(call.data.get(ATTR_ALERT))

    @rewords_errors
    async def async_raise(self, call: ServiceCall) -> None:
        """Raise an alert for a device that this side plays."""
        device = coordinator_of(self._hass, call).device
        alert = device.alert(call.data[ATTR_FORMAT])
        _fill(alert, call.data[ATTR_FIELDS])
        await alert.raise_(call.data.get(ATTR_SEVERITY))

    @rewords_errors
    async def async_submit(self, call: ServiceCall) -> None:
        """Submit data for a device that this side plays."""
        device = coordinator_of(self._hass, call).device
        data = device.data(call.data[ATTR_FORMAT])
        _fill(data, call.data[ATTR_FIELDS])
        await data.submit()


def _fill(message: OutgoingAlert | OutgoingData, fields: Mapping[str, object]) -> None:
    """Set the fields of a message; they may be as templates make them.

    Raises:
        InvalidInputError: there is no such field, or the value does not fit.

    """
    known = {item.name: item for item in message.format.fields}
    for name, value in fields.items():
        message.set(name, typed(known[name], value) if name in known else value)


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    alerts = AlertActions(hass)
    yield Service("acknowledge_alert", alerts.async_acknowledge, ACKNOWLEDGE)
    yield Service("raise_alert", alerts.async_raise, RAISE)
    yield Service("submit_data", alerts.async_submit, MESSAGE)
