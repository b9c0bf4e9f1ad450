"""The steps of a flow that offer a device which was found behind a connection."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_MQTT,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
)
from homeassistant.core import callback
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import CONF_BASE, CONF_SYSTEM
from .discovery import (
    MAX_OFFERS,
    async_entry_at,
    async_withdraw,
    identity_at,
)
from .found_offer import async_offer_found
from .ha_mqtt import announced_by
from .hierarchy import places
from .offer_steps import OfferSteps
from .systems import SYSTEMS, System

FOUND: Final = frozenset({SOURCE_MQTT, SOURCE_INTEGRATION_DISCOVERY})
"""The sources of flows about a device that was found behind a connection."""


class FoundSteps(OfferSteps):
    """From a device behind a connection to a device of that connection's entry."""

    @property
    @override
    def may_be_alone(self) -> bool:
        """Whether its user may want the connection alone."""
        return self.source not in FOUND and super().may_be_alone

    @override
    async def async_step_mqtt(
        self, discovery_info: MqttServiceInfo
    ) -> ConfigFlowResult:
        """Offer a device on Home Assistant's own broker, which has no entry yet.

        The entry of a broker offers what is there by itself.
        """
        data = {CONF_SYSTEM: System.HOME_ASSISTANT_MQTT}
        if not discovery_info.payload:
            reference = discovery_info.topic.rpartition("/")[0]
            async_withdraw(self.hass, identity_at(data, reference))
        found = announced_by(discovery_info)
        entry = async_entry_at(self.hass, data)
        if found is None or found.root:  # what is a part comes with the whole
            return self.async_abort(reason="not_usable")
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            return self.async_abort(reason="already_in_progress")
        if len(self._async_in_progress(include_uninitialized=True)) >= MAX_OFFERS:
            return self.async_abort(reason="too_many_offers")
        return await self._async_found(data, found.reference)

    @override
    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Offer a device that a connection has found."""
        entry = self.hass.config_entries.async_get_entry(discovery_info["entry_id"])
        if entry is None:
            return self.async_abort(reason="not_usable")
        return await self._async_found(entry.data, discovery_info["reference"])

    async def _async_found(
        self, data: Mapping[str, Any], reference: str
    ) -> ConfigFlowResult:
        """Offer a device, with its parts, if it says what it is."""
        await self.async_set_unique_id(identity_at(data, reference))
        self._abort_if_unique_id_configured()
        if self._is_added(data, reference):
            return self.async_abort(reason="already_configured")
        offer = await async_offer_found(self.hass, data, reference)
        if offer is None:
            return self.async_abort(reason="not_usable")
        if self._is_added(data, reference):  # meanwhile
            return self.async_abort(reason="already_configured")
        self.context["title_placeholders"] = {
            "name": offer.name,
            "address": reference,
        }
        self.entered, self.offer = data, offer
        return await self.async_step_offer()

    async def async_found_accepted(
        self, devices: list[ConfigSubentryData]
    ) -> ConfigFlowResult:
        """Add what was offered to the entry of its connection; it may be a new one."""
        data = self.entered
        # It was that of the device; an entry is one of many devices.
        await self.async_set_unique_id(None)
        entry = async_entry_at(self.hass, data)
        if entry is None:
            title = SYSTEMS[data[CONF_SYSTEM]].title(data)
            return self.async_create_entry(title=title, data=data, subentries=devices)
        for device in devices:
            if not self._is_added(data, device["data"][CONF_BASE]):
                subentry = ConfigSubentry(
                    data=MappingProxyType(dict(device["data"])),
                    subentry_type=device["subentry_type"],
                    title=device["title"],
                    unique_id=device["unique_id"],
                )
                self.hass.config_entries.async_add_subentry(entry, subentry)
        return self.async_abort(
            reason="device_added",
            description_placeholders={
                "device": devices[0]["title"],
                "connection": entry.title,
            },
        )

    @callback
    def _is_added(self, data: Mapping[str, Any], reference: str) -> bool:
        """Whether the device is there already."""
        entry = async_entry_at(self.hass, data)
        return entry is not None and reference in places(entry)
