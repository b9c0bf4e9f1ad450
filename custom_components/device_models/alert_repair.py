"""The repair in which an alert is acknowledged."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState

from .runtime import EntryRuntime


class AlertFlow(ConfirmRepairFlow):
    """Acknowledge an alert: its user knows of it."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        """Take what it is about."""
        self._about = about

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Acknowledge it, once its user says so."""
        if user_input is None:
            return await super().async_step_confirm()
        entry = self.hass.config_entries.async_get_entry(self._about["entry_id"])
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="gone")
        runtime: EntryRuntime = entry.runtime_data
        coordinator = runtime.coordinators.get(self._about["subentry_id"])
        if coordinator is None:
            return self.async_abort(reason="gone")
        coordinator.device.alerts.acknowledge(self._about["alert"])
        return self.async_create_entry(data={})
