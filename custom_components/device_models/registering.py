"""Registering devices behind a gateway, as gateways do it (sheet §3.7)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .const import (
    CONF_ABOUT,
    CONF_BASE,
    CONF_BELOW,
    CONF_GATEWAY,
    SUBENTRY_DEVICE,
)
from .device_data import metadata_of, new_device
from .hierarchy import Member, joined, members
from .iot.errors import ValueRefusedError
from .iot.formats import Loaded
from .iot.metadata import HARDWARE_ID, expanded, read_metadata
from .iot.reading import Element, Unusable
from .place import identity_of, refusal

SOURCE_REGISTERED = "registered"
"""The source of a model that came with a registration."""

BELOW = f"{{{HARDWARE_ID}}}"
"""Where a device is below its gateway, if nobody says otherwise."""


@callback
def async_register_behind(
    hass: HomeAssistant,
    gateway: Member,
    hardware_id: str,
    metadata: Mapping[str, Any],
    *models: Loaded,
    below: str = BELOW,
) -> tuple[ConfigSubentry, ...]:
    """Return the device behind a gateway that has a hardware id; it is made if need be.

    Of several models there is one device each. What is there already stays as it is,
    but for its metadata.

    Args:
        hass: Home Assistant.
        gateway: behind which it is; the way to it leads through that.
        hardware_id: what tells it from all others.
        metadata: what is known of it: the keys of ``iot.metadata``, and a vendor's own.
        models: one or more.
        below: where it is below its gateway; may have ``{key}`` of its metadata.

    Raises:
        ValueRefusedError: no hardware id, no model, metadata that cannot be kept, or a
            place that another device has.
        ModelError: the overlay of a model asks for what Home Assistant does not have.

    """
    if not (hardware_id := hardware_id.strip()):
        raise ValueRefusedError(name=HARDWARE_ID, problem="is missing")
    if not models:
        raise ValueRefusedError(name="models", problem="expected at least one")
    try:
        about = read_metadata(Element({**metadata, HARDWARE_ID: hardware_id}, ""))
    except Unusable as err:
        raise ValueRefusedError(name=err.where, problem=err.problem) from err
    return tuple(_registered(hass, gateway, about, loaded, below) for loaded in models)


def _registered(
    hass: HomeAssistant,
    gateway: Member,
    about: dict[str, str],
    loaded: Loaded,
    below: str,
) -> ConfigSubentry:
    """Return the device of one model, which is made if need be."""
    entry = gateway.entry
    if there := _there(hass, entry, about[HARDWARE_ID], loaded):
        known = {**there.data.get(CONF_ABOUT, {}), **about}
        data = {**there.data, CONF_ABOUT: known}
        hass.config_entries.async_update_subentry(entry, there, data=data)
        return entry.subentries[there.subentry_id]
    known = metadata_of({CONF_ABOUT: about}, loaded)
    place = {
        CONF_BASE: joined(gateway.subentry.data[CONF_BASE], expanded(below, known)),
        CONF_GATEWAY: gateway.key,
        CONF_BELOW: below,
        CONF_ABOUT: about,
    }
    data = new_device(loaded, SOURCE_REGISTERED, place, hass.config.language)
    if problem := refusal(hass, entry, data, loaded):
        raise ValueRefusedError(name=data[CONF_BASE], problem=str(problem))
    subentry = ConfigSubentry(
        data=MappingProxyType(data),
        subentry_type=SUBENTRY_DEVICE,
        title=f"{loaded.model.name} {about[HARDWARE_ID]}",
        unique_id=identity_of(data, loaded),
    )
    hass.config_entries.async_add_subentry(entry, subentry)
    return subentry


def _there(
    hass: HomeAssistant, entry: ConfigEntry, hardware_id: str, loaded: Loaded
) -> ConfigSubentry | None:
    """Return the device of a model that has a hardware id, if it is there."""
    return next(
        (
            one.subentry
            for one in members(hass)
            if one.entry is entry
            and one.hardware_id == hardware_id
            and one.subentry.unique_id == identity_of(one.subentry.data, loaded)
        ),
        None,
    )
