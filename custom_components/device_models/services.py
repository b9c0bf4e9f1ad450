"""The actions of the integration, each area with its own."""

from collections.abc import Callable, Iterable
from typing import Final

from homeassistant.core import HomeAssistant, callback

from . import attribute_actions, device_actions
from .coap import services as coap
from .const import DOMAIN
from .service import Service

AREAS: Final[tuple[Callable[[HomeAssistant], Iterable[Service]], ...]] = (
    attribute_actions.services,
    device_actions.services,
    coap.services,
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for area in AREAS:
        for one in area(hass):
            hass.services.async_register(
                DOMAIN, one.name, one.handler, one.schema, one.response
            )
