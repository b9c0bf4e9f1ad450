"""Device Models: devices that a device model describes, in Home Assistant."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryNotReady,
)

from .const import PLATFORMS
from .exceptions import reworded
from .iot.errors import CommunicationError, UnauthorizedError
from .runtime import DeviceModelsConfigEntry, EntryRuntime
from .systems import connection_for


async def async_setup_entry(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> bool:
    """Open the connection of an entry and make its devices."""
    connection = connection_for(hass, entry.data)
    runtime = EntryRuntime(hass, entry, connection)
    try:
        await connection.open()
        await runtime.async_begin()
        entry.runtime_data = runtime
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
        await runtime.async_attach()
    except UnauthorizedError as err:
        await runtime.async_end()
        raise reworded(ConfigEntryAuthFailed, err) from err
    except CommunicationError as err:
        await runtime.async_end()
        raise reworded(ConfigEntryNotReady, err) from err
    entry.async_on_unload(entry.add_update_listener(_async_update_listener))
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> bool:
    """Remove the entities, then end what fed them."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_end()
    return unloaded


async def _async_update_listener(
    _hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> None:
    """Let the running entry catch up with what was changed."""
    await entry.runtime_data.async_follow()
