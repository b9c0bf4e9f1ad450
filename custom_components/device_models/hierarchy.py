"""Devices that are behind others: parts of one, or reached through a gateway.

A gateway may be behind another connection than what is behind it. Where the way leads
through it, both are behind the same, and the place of a device is below that of its
gateway: it moves with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import (
    CONF_ABOUT,
    CONF_BASE,
    CONF_BELOW,
    CONF_DOCUMENT,
    CONF_GATEWAY,
    CONF_KEY,
    CONF_PARENT,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from .iot.metadata import BELOW, GATEWAY, HARDWARE_ID, expanded, of_device


@dataclass(frozen=True, slots=True)
class Member:
    """A device, and the connection that it is behind."""

    entry: ConfigEntry
    subentry: ConfigSubentry

    @property
    def key(self) -> str:
        """What it is known by."""
        key: str = self.subentry.data[CONF_KEY]
        return key

    @property
    def hardware_id(self) -> str:
        """What it is known by elsewhere; empty if nobody has said."""
        data = self.subentry.data
        own: Mapping[str, str] = data.get(CONF_ABOUT, {})
        said = of_device(data[CONF_DOCUMENT]).get(HARDWARE_ID, "")
        return own.get(HARDWARE_ID, str(said))


def members(hass: HomeAssistant) -> Iterator[Member]:
    """Yield all devices of all connections."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE):
            yield Member(entry, subentry)


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


def gateway_of(hass: HomeAssistant, member: Member) -> Member | None:
    """Return the device that one is behind; None if it is behind none.

    Devices that say to be behind each other are behind none.
    """
    above = list(_above(hass, member))
    if not above or any(one.key == member.key for one in above):
        return None
    return above[0]


def is_behind(hass: HomeAssistant, member: Member, other: Member) -> bool:
    """Whether a device is behind another one, or behind one that is."""
    return any(one.key == other.key for one in (member, *_above(hass, member)))


def below_of(data: Mapping[str, Any]) -> str | None:
    """Return where a device is below its gateway; None if no way leads through it."""
    if CONF_GATEWAY in data:
        below: str | None = data.get(CONF_BELOW)
        return below
    said = of_device(data[CONF_DOCUMENT]).get(BELOW)
    return said if isinstance(said, str) else None


def joined(base: str, below: str) -> str:
    """Return a place below another one."""
    return "/".join(part for part in (base.strip("/"), below.strip("/")) if part)


def wanted_base(
    hass: HomeAssistant, member: Member, metadata: Mapping[str, str]
) -> str | None:
    """Return where a device is to be, below its gateway; None where it says itself.

    Without its gateway it stays where it was last.
    """
    below = below_of(member.subentry.data)
    gateway = None if below is None else gateway_of(hass, member)
    if below is None or gateway is None or gateway.entry is not member.entry:
        return None
    return joined(gateway.subentry.data[CONF_BASE], expanded(below, metadata))


@callback
def async_parent_id(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> str | None:
    """Return the device, in the registry, that a device is behind."""
    parent = gateway_of(hass, Member(entry, subentry))
    if parent is None:
        return None
    registry = dr.async_get(hass)
    identifier = (DOMAIN, parent.key)
    known = registry.async_get_device_by_identifier(identifier, parent.entry.entry_id)
    # It may come after what is behind it, with what else is known of it.
    return (
        known
        or registry.async_get_or_create(
            config_entry_id=parent.entry.entry_id,
            config_subentry_id=parent.subentry.subentry_id,
            identifiers={identifier},
            name=parent.subentry.title,
        )
    ).id


def _above(hass: HomeAssistant, member: Member) -> Iterator[Member]:
    """Yield the devices that one says to be behind, from the next on, each once."""
    seen: set[str] = set()
    above = _named(hass, member)
    while above is not None and above.key not in seen:
        yield above
        seen.add(above.key)
        above = _named(hass, above)


def _named(hass: HomeAssistant, member: Member) -> Member | None:
    """Return the device that one says to be behind, if it is there.

    One behind the same connection comes first.
    """
    data = member.subentry.data
    said = of_device(data[CONF_DOCUMENT]).get(GATEWAY)
    reference = data.get(CONF_GATEWAY, said)
    if reference:
        alike = [
            one
            for one in members(hass)
            if reference in (one.key, one.hardware_id) and one.key != member.key
        ]
        return min(alike, key=lambda one: one.entry is not member.entry, default=None)
    whole = places(member.entry).get(data.get(CONF_PARENT, ""))
    return None if whole is None else _other(member, Member(member.entry, whole))


def _other(member: Member, found: Member) -> Member | None:
    """Return what was found, unless it is the device itself."""
    return None if found.key == member.key else found
