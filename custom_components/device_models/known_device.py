"""What is known of a device beside its model, and what Home Assistant is told of it."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import UNDEFINED

from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .iot.metadata import (
    AREA,
    HARDWARE_VERSION,
    MANUFACTURER,
    MODEL_NUMBER,
    SERIAL_NUMBER,
    SOFTWARE_VERSION,
    URL,
)


@callback
def async_register(
    hass: HomeAssistant,
    entry: ConfigEntry,
    coordinator: DeviceCoordinator,
    gateway_id: str | None,
) -> None:
    """Have the device registry know a device, before it has entities.

    Args:
        hass: Home Assistant.
        entry: the connection.
        coordinator: of the device.
        gateway_id: the device, in the registry, that it is behind.

    """
    registry = dr.async_get(hass)
    device, known = coordinator.device, coordinator.metadata
    registered = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=coordinator.subentry_id,
        identifiers={(DOMAIN, device.key)},
        name=device.name,
        suggested_area=known.get(AREA, UNDEFINED),
    )
    # What is known no longer is to go, which the other way would not do.
    registry.async_update_device(
        registered.id,
        manufacturer=known.get(MANUFACTURER) or device.model.manufacturer or None,
        model=device.model.name,
        model_id=known.get(MODEL_NUMBER) or device.model.urn,
        serial_number=known.get(SERIAL_NUMBER),
        hw_version=known.get(HARDWARE_VERSION),
        sw_version=known.get(SOFTWARE_VERSION),
        configuration_url=known.get(URL),
        via_device_id=gateway_id,
    )
