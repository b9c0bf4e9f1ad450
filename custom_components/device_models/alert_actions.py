"""The actions about alerts."""

from collections.abc import Iterator
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .exceptions import rewords_errors
from .service import Service, coordinator_of

ATTR_ALERT: Final = "alert"

ACKNOWLEDGE: Final = vol.Schema(
    {vol.Required(ATTR_DEVICE_ID): cv.string, vol.Optional(ATTR_ALERT): cv.string}
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


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    alerts = AlertActions(hass)
    yield Service("acknowledge_alert", alerts.async_acknowledge, ACKNOWLEDGE)
