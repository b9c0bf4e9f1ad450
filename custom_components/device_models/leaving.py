"""Devices that are removed, whether their connection is loaded or not."""

from collections.abc import Callable

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN
from .hierarchy import members


def keys_of_all(hass: HomeAssistant) -> set[str]:
    """Return the keys of all devices of all connections."""
    return {one.key for one in members(hass)}


@callback
def async_when_gone(
    hass: HomeAssistant, gone: Callable[[ConfigEntry, str], None]
) -> None:
    """Have somebody told of each device that is nowhere any more.

    Args:
        hass: Home Assistant.
        gone: called with the connection that it was behind, and its key.

    """
    known = keys_of_all(hass)

    @callback
    def changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        nonlocal known
        if entry.domain != DOMAIN:
            return
        before, known = known, keys_of_all(hass)
        for key in before - known:
            gone(entry, key)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)
