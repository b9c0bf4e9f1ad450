"""Giving a device to another connection, with all that it has become."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant

from .behind import base_behind, reached_through
from .const import CONF_BASE, CONF_KEY, SUBENTRY_DEVICE
from .device_data import metadata_of
from .hierarchy import Member, below_of, gateway_of, joined
from .iot.errors import ModelError
from .iot.metadata import expanded
from .mapping.decided import model_of
from .place import identity_of, refusal
from .registries import async_adopt


def refused_behind(
    hass: HomeAssistant, gateway: Member, target: ConfigEntry, base: str
) -> ModelError | str | None:
    """Return why what is reached through a device cannot move with it, if it cannot.

    Args:
        hass: Home Assistant.
        gateway: the device.
        target: the connection that it is to be behind.
        base: where it is to be there.

    """
    bases = {gateway.key: base}
    for one in reached_through(hass, gateway):
        data, loaded = one.subentry.data, model_of(one.subentry.data)
        above = gateway_of(hass, one)
        below = expanded(below_of(data) or "", metadata_of(data, loaded))
        bases[one.key] = joined(bases[above.key] if above else "", below)
        moved = {**data, CONF_BASE: bases[one.key]}
        if problem := refusal(hass, target, moved, loaded):
            return problem
    return None


async def async_move(
    hass: HomeAssistant,
    device: Member,
    target: ConfigEntry,
    title: str,
    data: Mapping[str, Any],
) -> None:
    """Give a device to another connection, and what is reached through it.

    Args:
        hass: Home Assistant.
        device: where it is.
        target: the connection that it is to be behind.
        title: what it is called.
        data: what its subentry holds there.

    """
    behind = reached_through(hass, device)
    await _async_give(hass, device, target, title, data)
    for one in behind:
        base = base_behind(hass, target, one.subentry)
        moved = {**one.subentry.data, **({} if base is None else {CONF_BASE: base})}
        await _async_give(hass, one, target, one.subentry.title, moved)


async def _async_give(
    hass: HomeAssistant,
    device: Member,
    target: ConfigEntry,
    title: str,
    data: Mapping[str, Any],
) -> None:
    """Give one device to another connection."""
    if device.entry.state is ConfigEntryState.LOADED:
        await device.entry.runtime_data.async_release(device.subentry.subentry_id)
    moved = ConfigSubentry(
        data=MappingProxyType(dict(data)),
        subentry_type=SUBENTRY_DEVICE,
        title=title,
        unique_id=identity_of(data, model_of(data)),
    )
    hass.config_entries.async_add_subentry(target, moved)
    async_adopt(hass, data[CONF_KEY], target, moved.subentry_id)
    hass.config_entries.async_remove_subentry(device.entry, device.subentry.subentry_id)
