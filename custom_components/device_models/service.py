"""One action of the integration, as it is registered, and the device it is about."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.helpers import service
import voluptuous as vol

from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .iot.errors import NotOfferedError
from .runtime import EntryRuntime


@dataclass(frozen=True, slots=True)
class Service:
    """An action: its name, who carries it out, its fields, and whether it answers."""

    name: str
    handler: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: vol.Schema
    response: SupportsResponse = SupportsResponse.NONE


def coordinator_of(hass: HomeAssistant, call: ServiceCall) -> DeviceCoordinator:
    """Return the device that an action is about.

    Raises:
        NotOfferedError: it stands for no device of a model.
        ServiceValidationError: there is no such device, or it is not loaded.

    """
    device, entry = service.async_get_device_and_config_entry(
        hass, DOMAIN, call.data[ATTR_DEVICE_ID]
    )
    runtime: EntryRuntime = entry.runtime_data
    coordinator = runtime.coordinator_of(device)
    if coordinator is None:
        raise NotOfferedError(operation=call.service)
    return coordinator
