"""The actions of the integration, each area with its own."""

from collections.abc import Callable, Iterable
from typing import Final

from homeassistant.core import HomeAssistant

from . import (
    alert_actions,
    attribute_actions,
    command_actions,
    device_actions,
    storage_actions,
)
from .coap import services as coap
from .const import DOMAIN
from .generated_actions import async_setup_generated_actions
from .queries import services as queries
from .service import Service

AREAS: Final[tuple[Callable[[HomeAssistant], Iterable[Service]], ...]] = (
    alert_actions.services,
    attribute_actions.services,
    command_actions.services,
    device_actions.services,
    storage_actions.services,
    queries.services,
    coap.services,
)


async def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, and those of devices."""
    own = [one for area in AREAS for one in area(hass)]
    for one in own:
        hass.services.async_register(
            DOMAIN, one.name, one.handler, one.schema, one.response
        )
    await async_setup_generated_actions(hass, {one.name for one in own})
