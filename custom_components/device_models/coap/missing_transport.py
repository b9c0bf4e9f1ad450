"""Python packages that a way of carrying CoAP needs, and that are not here."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import (
    RequirementsNotFound,
    async_clear_install_history,
    async_process_requirements,
)
from homeassistant.setup import async_setup_component

from ..const import DOMAIN
from ..iot.connections.coap.transports import (
    TRANSPORTS,
    Transport,
    missing_for,
    missing_packages,
)
from .security import transport_of

ISSUE: Final = "transport_missing"
ISSUE_OF_ENTRY: Final = "transport_missing_for"

NAMES: Final[Mapping[Transport, str]] = {
    Transport.UDP: "UDP",
    Transport.TCP: "TCP",
    Transport.WEBSOCKET: "WebSocket",
    Transport.DTLS: "DTLS",
    Transport.TLS: "TLS",
    Transport.OSCORE: "OSCORE",
}
"""In any language."""


async def async_offered(hass: HomeAssistant) -> list[Transport]:
    """Return the ways that can be gone; a repair tells of those that cannot."""
    missing = await missing_packages()
    if missing:
        # Home Assistant looks for repairs in what is set up, also before any entry is.
        await async_setup_component(hass, DOMAIN, {})
    for transport in TRANSPORTS:
        issue_id = f"{ISSUE}_{transport}"
        if transport in missing:
            _tell(hass, issue_id, transport, {}, ir.IssueSeverity.WARNING)
        else:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    return [transport for transport in TRANSPORTS if transport not in missing]


async def async_is_missing(data: Mapping[str, Any]) -> bool:
    """Whether the way to an endpoint cannot be gone here."""
    return bool(await missing_for(transport_of(data)))


async def async_have(hass: HomeAssistant, transport: Transport) -> bool:
    """Have what a way needs installed, as Home Assistant installs requirements.

    What was there is gone when a container was made anew.
    """
    if not await missing_for(transport):
        return True
    requirements = list(TRANSPORTS[transport].requirements)
    try:
        await async_process_requirements(hass, f"{DOMAIN}:{transport}", requirements)
    except RequirementsNotFound:
        return False
    return not await missing_for(transport)


@callback
def async_withdraw_offers(hass: HomeAssistant) -> None:
    """Tell no more of what is missing: its user has done without."""
    for transport in TRANSPORTS:
        ir.async_delete_issue(hass, DOMAIN, f"{ISSUE}_{transport}")


@callback
def async_tell_of_entry(
    hass: HomeAssistant, entry: ConfigEntry, transport: Transport
) -> None:
    """Tell that an entry cannot be set up."""
    issue_id = f"{ISSUE}_{entry.entry_id}"
    about = {"entry_id": entry.entry_id, "title": entry.title}
    _tell(hass, issue_id, transport, about, ir.IssueSeverity.ERROR)


def _tell(
    hass: HomeAssistant,
    issue_id: str,
    transport: Transport,
    about: Mapping[str, str],
    severity: ir.IssueSeverity,
) -> None:
    """Open a repair that installs what is missing."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"transport": str(transport), **about},
        is_fixable=True,
        severity=severity,
        translation_key=ISSUE_OF_ENTRY if about else ISSUE,
        translation_placeholders={
            "transport": NAMES[transport],
            "missing": ", ".join(TRANSPORTS[transport].requirements),
            "title": about.get("title", ""),
        },
    )


class MissingTransportFlow(ConfirmRepairFlow):
    """Install what is missing."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take which way it is for, and perhaps which entry."""
        self._transport = Transport(data["transport"])
        self._entry_id: str | None = data.get("entry_id")

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Install it when the user says so."""
        if user_input is None:
            return await super().async_step_confirm()
        # Home Assistant tries once only, which may have been without a network.
        async_clear_install_history(self.hass)
        if not await async_have(self.hass, self._transport):
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            placeholders = issue.translation_placeholders if issue else None
            return self.async_abort(
                reason="not_installed", description_placeholders=placeholders
            )
        if self._entry_id is not None:
            self.hass.config_entries.async_schedule_reload(self._entry_id)
        return self.async_create_entry(data={})
