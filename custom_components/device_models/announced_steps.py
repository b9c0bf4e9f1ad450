"""The steps of a flow that offer an endpoint which announces itself."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_ZEROCONF,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryData,
)
from homeassistant.const import CONF_HOST
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import instance_id
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import voluptuous as vol

from .announcement import Announcement
from .coap.credential_steps import CredentialSteps, credentials_step
from .coap.missing_transport import async_is_missing
from .connecting import async_try, complete, title_of
from .const import CONF_SYSTEM
from .flow_forms import CONNECTION_FORMS
from .http.credential_steps import HttpCredentialSteps
from .iot.errors import DeviceModelsError
from .systems import SYSTEMS, spelled


class AnnouncedSteps(CredentialSteps, HttpCredentialSteps):
    """From an announcement to a connection, or to one that is there already."""

    announced: Announcement

    @override
    async def async_step_zeroconf(
        self, discovery_info: ZeroconfServiceInfo
    ) -> ConfigFlowResult:
        """Offer an endpoint that announces itself, or follow it to a new address."""
        announced = Announcement.of(
            discovery_info, await instance_id.async_get(self.hass)
        )
        if announced is None or await async_is_missing(announced.place):
            return self.async_abort(reason="not_usable")
        self.announced = announced
        self.context["title_placeholders"] = {
            "name": announced.name,
            "address": announced.address,
        }
        for flow in self._async_offers():
            same = flow["context"].get("unique_id") == announced.identity
            if same and _address_of(flow) != announced.address:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])
        entry = await self.async_set_unique_id(announced.identity)
        if entry is not None and entry.source != SOURCE_IGNORE:
            if not announced.may_lead(entry.data):
                # The same device speaks in another way, too; it is reached in this one.
                # Or it is somebody else in its name, who is not to learn our password.
                return self.async_abort(reason="already_configured")
            self._async_follow(entry, announced)
        self._abort_if_unique_id_configured()
        self._async_abort_if_present()
        # One server with several things, or of both types, announces itself for each.
        if any(_address_of(flow) == announced.address for flow in self._async_offers()):
            return self.async_abort(reason="already_in_progress")
        data = self._announced_data()
        if (
            credentials_step(data) is None
            and await self.async_has_offer(data)
            and not self.wants_credentials
        ):
            if self.offer.is_there(self._async_current_entries(include_ignore=False)):
                return self.async_abort(reason="already_configured")
            return await self.async_step_offer()
        return await self.async_step_zeroconf_confirm()

    async def async_announced_accepted(
        self, devices: list[ConfigSubentryData]
    ) -> ConfigFlowResult:
        """Set up the announced endpoint, and what is wanted of what is behind it."""
        self._async_abort_if_present()
        if problem := await async_try(self.hass, self.entered):
            return self.offered(problem)
        return self.async_create_entry(
            title=self.announced.name, data=self.entered, subentries=devices
        )

    async def async_step_zeroconf_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up the announced endpoint when its user wants it, and it answers."""
        problem: DeviceModelsError | None = None
        if user_input is not None:
            self._async_abort_if_present()
            data = self._announced_data()
            if (step := credentials_step(data)) is not None:
                self.entered = {**self.credentials_so_far(step, None), **data}
                return await self.async_ask_credentials(step, None)
            problem = await async_try(self.hass, data)
            if await self.async_wants_credentials(data, problem):
                return await self.async_step_http_credentials()
            if problem is None:
                return await self.async_connected(data)
        return self.announced_form(problem)

    def _announced_data(self) -> dict[str, Any]:
        """Return the data of an entry for the announced endpoint."""
        system = self.announced.system
        form = CONNECTION_FORMS[system]
        place = SYSTEMS[system].shown(self.announced.place)
        filled = form({key: it for key, it in place.items() if key in form.schema})
        return {**complete(system, filled), **self.announced.data}

    @callback
    def announced_form(self, problem: DeviceModelsError | None) -> ConfigFlowResult:
        """Show what was announced, with what went wrong with it."""
        return self.async_show_form(
            step_id="zeroconf_confirm",
            data_schema=vol.Schema({}),
            errors={"base": problem.key} if problem else {},
            description_placeholders={
                "name": self.announced.name,
                "address": self.announced.address,
                **(problem.details if problem else {}),
            },
        )

    @callback
    def _async_offers(self) -> list[ConfigFlowResult]:
        """Return the other announced endpoints that wait for their users."""
        return self._async_in_progress(
            include_uninitialized=True, match_context={"source": SOURCE_ZEROCONF}
        )

    async def async_take_offer(self, data: Mapping[str, Any]) -> None:
        """Take the identity of an offer of the same endpoint, which ends with that."""
        if CONF_HOST not in data:
            return
        address = spelled(data)
        for flow in self._async_offers():
            if _address_of(flow) == address:
                await self.async_set_unique_id(
                    flow["context"]["unique_id"], raise_on_progress=False
                )

    @callback
    def _async_follow(self, entry: ConfigEntry, announced: Announcement) -> None:
        """Bring an entry to where its endpoint is now; one that runs reloads itself."""
        data = announced.followed(entry.data)
        self.hass.config_entries.async_update_entry(
            entry, data=data, title=title_of(entry, data)
        )
        # Another announcement of the same server may have been faster.
        for flow in self._async_offers():
            if _address_of(flow) == announced.address:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    @callback
    def _async_abort_if_present(self) -> None:
        """End if an entry leads to the announced place; it learns who is there.

        Raises:
            AbortFlow: one does.

        """
        for entry in self._async_current_entries(include_ignore=False):
            same_system = entry.data[CONF_SYSTEM] == self.announced.system
            if same_system and self.announced.is_at(entry.data):
                if entry.unique_id is None:
                    self.hass.config_entries.async_update_entry(
                        entry, unique_id=self.announced.identity
                    )
                    self._abort_if_unique_id_configured()
                raise AbortFlow("already_configured")


def _address_of(flow: ConfigFlowResult) -> str | None:
    """Return the place that a waiting offer is about."""
    return flow["context"].get("title_placeholders", {}).get("address")
