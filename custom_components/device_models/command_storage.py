"""What waits for devices, on disk: a file for each device.

A file is as long as what waits for that one device, and goes with it, whatever
connection it is behind. It is whole after a crash: written beside, and then put in its
place.
"""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import CONF_KEY, DOMAIN, LOGGER, SUBENTRY_DEVICE
from .iot.device import VirtualDevice
from .iot.outbox import Outbox
from .iot.outbox_document import document_of, outbox_of

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
    known = {
        subentry.data[CONF_KEY]
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE)
    }
    if key not in known:
        await _store_of(hass, key).async_remove()
