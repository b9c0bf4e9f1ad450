"""Devices whose way leads through a gateway: they are below it, and move with it."""

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_BASE, LOGGER, SUBENTRY_DEVICE
from .device_data import metadata_of
from .hierarchy import Member, below_of, gateway_of, members, wanted_base
from .mapping.decided import model_of
from .place import identity_of, refusal


@callback
def async_place_behind(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Have devices be below the places of their gateways; return whether one moved.

    What is behind one that moved is not seen to yet.
    """
    moved = False
    for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE):
        base = base_behind(hass, entry, subentry)
        if base in (None, subentry.data[CONF_BASE]):
            continue
        data, loaded = {**subentry.data, CONF_BASE: base}, model_of(subentry.data)
        if problem := refusal(hass, entry, data, loaded, subentry.subentry_id):
            LOGGER.warning(
                "%s cannot follow its gateway to %s: %s", subentry.title, base, problem
            )
            continue
        identity = identity_of(data, loaded)
        moved |= hass.config_entries.async_update_subentry(
            entry, subentry, data=data, unique_id=identity
        )
    return moved


def base_behind(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> str | None:
    """Return where a device is to be, below its gateway; None where it says itself."""
    if below_of(subentry.data) is None:
        return None
    metadata = metadata_of(subentry.data, model_of(subentry.data))
    return wanted_base(hass, Member(entry, subentry), metadata)


def reached_through(hass: HomeAssistant, gateway: Member) -> list[Member]:
    """Return the devices the way to which leads through a device, all the way down.

    Those are in an order in which each comes after its gateway.
    """
    found = [gateway]
    for above in found:  # it grows
        found += [
            one
            for one in members(hass)
            if one.entry is gateway.entry
            and below_of(one.subentry.data) is not None
            and (direct := gateway_of(hass, one)) is not None
            and direct.key == above.key
        ]
    return found[1:]
