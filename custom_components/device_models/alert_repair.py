"""The repair in which an alert is acknowledged."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import DOMAIN
from .runtime import EntryRuntime


class AlertFlow(RepairsFlow):
    """Acknowledge an alert: its user knows of it."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        """Take what it is about."""
        self._about = about

    async def async_step_init(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what was raised."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Acknowledge it, once its user says so."""
        if user_input is None:
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=(
                    issue.translation_placeholders if issue else None
                ),
            )
        entry = self.hass.config_entries.async_get_entry(self._about["entry_id"])
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="gone")
        runtime: EntryRuntime = entry.runtime_data
        coordinator = runtime.coordinators.get(self._about["subentry_id"])
        if coordinator is None:
            return self.async_abort(reason="gone")
        coordinator.device.alerts.acknowledge(self._about["alert"])
        return self.async_create_entry(data={})
