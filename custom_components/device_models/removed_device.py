"""Devices that were removed where they were: asks whether to remove them here, too."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import CONF_BASE, DOMAIN
from .hierarchy import parts_of

ISSUE_REMOVED: Final = "device_removed"


def _issue_id(subentry_id: str) -> str:
    """Return the id of the issue about a device."""
    return f"{ISSUE_REMOVED}_{subentry_id}"


@callback
def async_tell_removed(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry
) -> None:
    """Ask whether a device is to be removed from Home Assistant, too.

    That is asked until it is answered, or the device is back.
    """
    parts = ", ".join(part.title for part in parts_of(entry, subentry))
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(subentry.subentry_id),
        data={
            "removed": subentry.subentry_id,
            "entry_id": entry.entry_id,
            "subentry_id": subentry.subentry_id,
        },
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_REMOVED,
        translation_placeholders={
            "device": subentry.title,
            "place": subentry.data[CONF_BASE],
            "connection": entry.title,
            "parts": parts or "–",
        },
    )


@callback
def async_withdraw_removed(hass: HomeAssistant, subentry_id: str) -> None:
    """Ask no longer: the device is back, or nothing of it is left."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(subentry_id))


@callback
def async_withdraw_answered(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Ask no longer about devices that are not behind a connection any more."""
    for issue in list(ir.async_get(hass).issues.values()):
        about = issue.data or {}
        if (
            issue.domain == DOMAIN
            and "removed" in about
            and about.get("entry_id") == entry.entry_id
            and about["removed"] not in entry.subentries
        ):
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


class RemovedDeviceFlow(ConfirmRepairFlow):
    """Remove a device, and its parts, when the user says so."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take the device that it is about."""
        self._entry_id: str = data["entry_id"]
        self._subentry_id: str = data["subentry_id"]

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Remove it."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or self._subentry_id not in entry.subentries:
            return self.async_abort(reason="gone")
        if user_input is None:
            return await super().async_step_confirm()
        subentry = entry.subentries[self._subentry_id]
        for one in (*parts_of(entry, subentry), subentry):
            self.hass.config_entries.async_remove_subentry(entry, one.subentry_id)
        return self.async_create_entry(data={})
