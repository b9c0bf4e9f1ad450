"""Device Models: devices that a device model describes, in Home Assistant."""

from functools import partial

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .alerts import async_setup_alerts
from .coap.local_names import async_setup_local_names
from .coap.missing_transport import async_have, async_tell_of_entry
from .coap.security import transport_of
from .command_storage import async_setup_command_storage
from .const import DOMAIN, PLATFORMS
from .discovery import async_watch_devices
from .exceptions import reworded
from .iot.errors import (
    CommunicationError,
    TransportMissingError,
    UnauthorizedError,
    ValueRefusedError,
)
from .repairs import async_compare, async_watch_models, async_withdraw
from .runtime import DeviceModelsConfigEntry, EntryRuntime
from .services import async_setup_services
from .systems import connection_for

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions, which are there while no entry is loaded too."""
    await async_setup_services(hass)
    async_setup_local_names(hass)
    await async_setup_alerts(hass)
    async_setup_command_storage(hass)
    return True


async def async_setup_entry(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> bool:
    """Open the connection of an entry and make its devices."""
    transport = transport_of(entry.data)
    if not await async_have(hass, transport):
        async_tell_of_entry(hass, entry, transport)
    try:
        runtime = EntryRuntime(hass, entry, connection_for(hass, entry.data))
        runtime.connection.on_unauthorized = partial(entry.async_start_reauth, hass)
        await runtime.connection.open()
    except ValueRefusedError as err:
        raise reworded(ConfigEntryError, err) from err
    except UnauthorizedError as err:
        raise reworded(ConfigEntryAuthFailed, err) from err
    except (CommunicationError, TransportMissingError) as err:
        raise reworded(ConfigEntryNotReady, err) from err
    entry.runtime_data = runtime
    await runtime.async_begin()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    try:
        await runtime.async_attach()
        await async_watch_devices(hass, entry)
    except CommunicationError as err:
        await async_unload_entry(hass, entry)
        raise reworded(ConfigEntryNotReady, err) from err

    async def end(_event: Event) -> None:
        await runtime.async_end()

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, end))
    entry.async_on_unload(entry.add_update_listener(_async_update_listener))
    await runtime.async_follow()  # with what was changed meanwhile
    await async_watch_models(hass, entry)
    return True


async def async_unload_entry(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> bool:
    """Remove the entities, then end what fed them."""
    entry.runtime_data.async_flush()
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.async_end()
    return unloaded


async def _async_update_listener(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> None:
    """Let the running entry catch up with what was changed."""
    await entry.runtime_data.async_follow()
    await async_compare(hass, entry)


async def async_remove_entry(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> None:
    """Withdraw what the user was told of the entry's devices."""
    async_withdraw(hass, entry.entry_id)
