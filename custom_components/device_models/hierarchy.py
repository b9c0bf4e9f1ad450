"""Devices that are parts of others behind the same connection."""

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_BASE, CONF_KEY, CONF_PARENT, DOMAIN, SUBENTRY_DEVICE


def places(entry: ConfigEntry) -> dict[str, ConfigSubentry]:
    """Return the devices behind a connection, by their places."""
    return {
        subentry.data[CONF_BASE].strip("/"): subentry
        for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE)
    }


def parts_of(entry: ConfigEntry, subentry: ConfigSubentry) -> list[ConfigSubentry]:
    """Return the devices that are parts of one, and the parts of those."""
    parts: dict[str, ConfigSubentry] = {}
    wholes = [subentry]
    while wholes:
        place = wholes.pop().data[CONF_BASE].strip("/")
        for one in entry.get_subentries_of_type(SUBENTRY_DEVICE):
            is_part = one.data.get(CONF_PARENT) == place
            known = one is subentry or one.subentry_id in parts
            if is_part and not known:
                parts[one.subentry_id] = one
                wholes.append(one)
    return list(parts.values())


@callback
def async_parent_id(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> str | None:
    """Return the device, in the registry, that a device is a part of."""
    parent = places(entry).get(subentry.data.get(CONF_PARENT, ""))
    if parent is None or parent is subentry:
        return None
    # It may come after its parts, with what else is known of it.
    return (
        dr.async_get(hass)
        .async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=parent.subentry_id,
            identifiers={(DOMAIN, parent.data[CONF_KEY])},
            name=parent.title,
        )
        .id
    )
