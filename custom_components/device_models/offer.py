"""A device that says what it is, offered as a whole: what it would become, and why."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .const import (
    CONF_BASE,
    CONF_COMPOSED,
    CONF_DOCUMENT,
    CONF_ENABLED,
    CONF_OVERLAY,
    DOMAIN,
    SOURCE_DEVICE,
    SUBENTRY_DEVICE,
)
from .device_data import new_device
from .iot.connections.base import Connection
from .iot.device import VirtualDevice
from .iot.errors import DeviceModelsError
from .iot.formats import Loaded
from .iot.formats.ipso import LISTING
from .mapping.decided import decisions_of
from .mapping.decisions import Decision
from .mapping.ontologies import ipso_resource
from .place import binding_of, identity_of
from .preview import async_probe, becomes, escaped, quoted, summary, table
from .systems import connection_for

SECONDS: Final = 30.0
"""For a device to say what it is, and what its values are."""

AT_ONCE: Final = 8
"""So many devices are asked at the same time: after a power cut, all announce
themselves together."""

DIRECTORY: Final = "ThingDirectory"
"""WoT Discovery, "Thing Description Directory Ontology"."""

_ASKING: HassKey[asyncio.Semaphore] = HassKey(f"{DOMAIN}_offers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A device that can be added as it is."""

    loaded: Loaded
    data: Mapping[str, Any]
    """What its subentry will hold."""
    decisions: tuple[Decision, ...]
    probed: VirtualDevice
    """With the values that the device gave."""
    refused: bool = False
    """Whether it refused what shows who we are."""
    parts: tuple[Offer, ...] = ()
    """The devices that are parts of it, and come with it."""
    left_out: tuple[str, ...] = ()
    """The parts that cannot be used, and why."""

    @property
    def name(self) -> str:
        """What the device calls itself."""
        return self.loaded.model.name

    @property
    def identity(self) -> str:
        """What tells the device from the others behind its connection."""
        return identity_of(self.data, self.loaded)

    def is_there(self, entries: Iterable[ConfigEntry]) -> bool:
        """Whether it is one of the devices that some connections have.

        The id of a Thing is that of one thing, however it is reached (Thing Description
        1.1 §5.3.1.1); what it is called otherwise, others may be, too.
        """
        urn = self.loaded.model.urn
        return self.loaded.model.source.get("id") == urn and any(
            device.data.get(CONF_DOCUMENT, {}).get("id") == urn
            for entry in entries
            for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
        )

    @property
    def labels(self) -> dict[str, str]:
        """What the elements become, by their keys."""
        return {one.key: f"{one.title}: {becomes(one)}" for one in self.decisions}

    @property
    def enabled(self) -> list[str]:
        """The keys of the elements that are enabled by themselves."""
        return [one.key for one in self.decisions if one.visible]

    @property
    def placeholders(self) -> dict[str, str]:
        """The parts of the text that shows it."""
        return {
            "model": escaped(self.name),
            "format": self.loaded.format,
            "summary": summary(self.decisions),
            "rows": table(self.decisions, self.probed),
            "known": str(len(self.probed.values)),
            "readable": str(len(self.loaded.model.readable)),
            "remarks": quoted(map(str, self.loaded.remarks)),
            "parts": self._parts,
        }

    @property
    def _parts(self) -> str:
        """What comes with the device, for people; nothing for most."""
        listed = [f"{part.name} ({summary(part.decisions)})" for part in self.parts]
        listed += [f"not: {reason}" for reason in self.left_out]
        return "".join(f"\n- {escaped(one)}" for one in listed) or "–"

    def subentry(self, name: str, enabled: Collection[str]) -> ConfigSubentryData:
        """Return the subentry of the device.

        Args:
            name: what its user calls it.
            enabled: the keys of the elements that are to be enabled.

        """
        overlay: dict[str, dict[str, Any]] = {}
        for one in self.decisions:
            if one.visible is not (wanted := one.key in enabled):
                chosen = {CONF_ENABLED: wanted}
                if wanted and not one.composed:
                    chosen[CONF_COMPOSED] = True
                overlay.setdefault(one.kind.value, {})[one.element] = chosen
        return ConfigSubentryData(
            # The answer of the flow holds it: it must be JSON.
            data={**self.data, CONF_OVERLAY: overlay},
            subentry_type=SUBENTRY_DEVICE,
            title=name.strip() or self.name,
            unique_id=self.identity,
        )


def asking(hass: HomeAssistant) -> asyncio.Semaphore:
    """Return what limits how many devices are asked at the same time."""
    return hass.data.setdefault(_ASKING, asyncio.Semaphore(AT_ONCE))


async def async_offer_at(
    hass: HomeAssistant, data: Mapping[str, Any], base: str = ""
) -> Offer | None:
    """Return the device that is reached with an entry's data; None if there is none."""
    async with asking(hass):
        try:
            connection = connection_for(hass, data)
            refusals: list[bool] = []
            connection.on_unauthorized = partial(refusals.append, True)
            async with asyncio.timeout(SECONDS):
                await connection.open()
                try:
                    offer = await async_offer(hass, connection, base)
                finally:
                    await connection.close()
            return offer and replace(offer, refused=bool(refusals))
        except DeviceModelsError, TimeoutError:
            return None


async def async_offer(
    hass: HomeAssistant,
    connection: Connection,
    base: str,
    place: Mapping[str, Any] | None = None,
) -> Offer | None:
    """Return the device at a place behind a connection that is open.

    None if its names and values are all that is known: its user should rather look for
    a model that fits.

    Args:
        hass: Home Assistant.
        connection: it is open.
        base: where the device is asked.
        place: its place as its data keeps it, if that is more.

    Raises:
        DeviceModelsError: it does not say what it is, or not so that it can be used.

    """
    loaded = await connection.describe(base)
    if not _is_understood(loaded):
        return None
    language = hass.config.language
    data = new_device(loaded, SOURCE_DEVICE, place or {CONF_BASE: base}, language)
    decisions = decisions_of(data, loaded, language)
    binding = binding_of(data, loaded)
    connection.check(loaded.model, binding)
    if not decisions:
        return None
    return Offer(
        loaded=loaded,
        data=data,
        decisions=decisions,
        probed=await async_probe(connection, loaded, binding),
    )


def _is_understood(loaded: Loaded) -> bool:
    """Whether a device has said what its elements are, and not only their names.

    A directory says so of itself, but it is others that people look for in it.
    """
    types = loaded.model.source.get("@type")
    if DIRECTORY in (types if isinstance(types, list) else [types]):
        return False
    if loaded.format == LISTING.name:
        return any(map(ipso_resource, loaded.model.leaves.values()))
    return not loaded.model.draft
