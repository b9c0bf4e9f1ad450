"""Devices that a connection finds: offered as they appear, and missed when they go."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.start import async_at_started

from .const import CONF_SYSTEM, DOMAIN, LOGGER
from .hierarchy import places
from .iot.connections.base import Capability, Found, Watcher
from .iot.errors import CommunicationError
from .removed_device import (
    async_tell_removed,
    async_withdraw_answered,
    async_withdraw_removed,
)
from .runtime import DeviceModelsConfigEntry
from .systems import SYSTEMS

MAX_OFFERS: Final = 50
"""At a time. Others are offered when these are dealt with, and can be chosen from a
list all the same."""


def identity_at(data: Mapping[str, Any], reference: str) -> str:
    """Return what tells a device that was found from all others.

    Args:
        data: the data of the entry that it is behind, or would be.
        reference: the device there.

    """
    keys = SYSTEMS[data[CONF_SYSTEM]].identity
    return " ".join((data[CONF_SYSTEM], *(str(data[key]) for key in keys), reference))


@callback
def async_entry_at(hass: HomeAssistant, data: Mapping[str, Any]) -> ConfigEntry | None:
    """Return the entry that is about the same connection as an entry's data."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if identity_at(entry.data, "") == identity_at(data, ""):
            return entry
    return None


@callback
def async_offered(hass: HomeAssistant, identity: str) -> list[ConfigFlowResult]:
    """Return the offers of one device that wait for their user: one, or none."""
    return hass.config_entries.flow.async_progress_by_handler(
        DOMAIN, include_uninitialized=True, match_context={"unique_id": identity}
    )


@callback
def async_withdraw(hass: HomeAssistant, identity: str) -> None:
    """Offer a device no longer."""
    for flow in async_offered(hass, identity):
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def async_watch_devices(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> None:
    """Offer the devices behind a connection, as long as it runs."""
    runtime = entry.runtime_data
    if Capability.WATCH not in runtime.connection.capabilities:
        return
    offers = _Offers(hass, entry)
    watcher = Watcher(on_found=offers.found, on_gone=offers.gone)
    try:
        await runtime.connection.watch(watcher)
    except CommunicationError as err:
        # A broker may not let everybody look around.
        LOGGER.info("No devices can be found by %s: %s", entry.title, err)
        return
    runtime.async_on_followed(offers.follow)
    entry.async_on_unload(offers.end)
    entry.async_on_unload(async_at_started(hass, offers.begin))


class _Offers:
    """What is offered of one connection."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._present: dict[str, Found] = {}
        self._offered: set[str] = set()
        """Those that were offered already: ignored ones are not offered again."""
        self._added = set(places(entry))
        self._begun = False

    @callback
    def begin(self, _hass: HomeAssistant) -> None:
        """Begin to offer what is there, now that Home Assistant has started."""
        self._begun = True
        self._offer()

    @callback
    def found(self, found: Found) -> None:
        """Offer a device, unless it was added; then it is back."""
        self._present[found.reference] = found
        if subentry := places(self._entry).get(found.reference):
            async_withdraw_removed(self._hass, subentry.subentry_id)
        self._offer()

    @callback
    def gone(self, found: Found) -> None:
        """Offer a device no longer, or ask about it if it was added."""
        self._present.pop(found.reference, None)
        self._withdraw(found.reference)
        if subentry := places(self._entry).get(found.reference):
            async_tell_removed(self._hass, self._entry, subentry)
        self._offer()

    @callback
    def follow(self) -> None:
        """Catch up with what was added and removed."""
        added = set(places(self._entry))
        for reference in added - self._added:
            self._withdraw(reference)
        self._offered -= self._added - added
        self._added = added
        async_withdraw_answered(self._hass, self._entry)
        self._offer()

    @callback
    def end(self) -> None:
        """Withdraw all offers: nobody could say whether they still hold."""
        for reference in list(self._offered):
            self._withdraw(reference)

    def _withdraw(self, reference: str) -> None:
        """Offer a device no longer."""
        self._offered.discard(reference)
        async_withdraw(self._hass, identity_at(self._entry.data, reference))

    def _offer(self) -> None:
        """Offer what is there, but for parts of others that are not added yet."""
        if not self._begun:
            return
        added = places(self._entry)
        waiting = self._hass.config_entries.flow.async_progress_by_handler(
            DOMAIN,
            include_uninitialized=True,
            match_context={"source": SOURCE_INTEGRATION_DISCOVERY},
        )
        room = MAX_OFFERS - len(waiting)
        for reference, found in self._present.items():
            if reference in added or reference in self._offered:
                continue
            if found.root and found.root not in added:
                continue
            if room <= 0:
                return
            room -= 1
            self._offered.add(reference)
            discovery_flow.async_create_flow(
                self._hass,
                DOMAIN,
                {"source": SOURCE_INTEGRATION_DISCOVERY},
                {"entry_id": self._entry.entry_id, "reference": reference},
            )
