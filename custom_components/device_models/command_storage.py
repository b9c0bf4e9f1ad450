"""What waits for devices, on disk: a file for each device.

A file is as long as what waits for that one device, and goes with it, whatever
connection it is behind. It is whole after a crash: written beside, and then put in its
place.
"""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN, LOGGER
from .iot.device import VirtualDevice
from .iot.outbox import Outbox
from .iot.outbox_document import document_of, outbox_of
from .leaving import async_when_gone, keys_of_all

VERSION = 1


@callback
def _store_of(hass: HomeAssistant, key: str) -> Store[dict[str, Any]]:
    """Return the file of a device."""
    return Store(
        hass, VERSION, f"{DOMAIN}.commands.{key}", private=True, atomic_writes=True
    )


async def async_restore(hass: HomeAssistant, device: VirtualDevice) -> None:
    """Have a device go on with what waited for it, and keep on disk what will."""
    store = _store_of(hass, device.key)
    outbox = Outbox(device.name)
    if (stored := await store.async_load()) is not None:
        outbox, remarks = outbox_of(stored, device.name, device.model)
        for remark in remarks:
            LOGGER.warning("%s: a command was lost: %s", device.name, remark)

    async def save() -> None:
        await store.async_save(document_of(device.commands.outbox))

    device.commands.keep_in(outbox, save)


async def async_forget(hass: HomeAssistant, key: str) -> None:
    """Remove the file of a device that is nowhere any more."""
    if key not in keys_of_all(hass):
        await _store_of(hass, key).async_remove()


@callback
def async_setup_command_storage(hass: HomeAssistant) -> None:
    """Have files go with their devices.

    While a connection is loaded, that is not before what is kept there has ended.
    """

    @callback
    def gone(entry: ConfigEntry, key: str) -> None:
        if entry.state is not ConfigEntryState.LOADED:
            hass.async_create_task(async_forget(hass, key), f"forget {key}")

    async_when_gone(hass, gone)
