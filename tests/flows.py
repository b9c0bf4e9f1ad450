"""What tests do in the flows of devices."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentry,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import CONF_OVERLAY, DOMAIN

type Fix = Callable[..., Any]


async def fixed(hass: HomeAssistant, hass_client: Fix, choice: str) -> None:
    """Go through the repair of the only issue."""
    (issue,) = issues(hass)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    flow = await begun.json()
    assert flow["type"] == "menu"
    assert flow["menu_options"] == ["take", "stay"]
    done = await client.post(
        f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": choice}
    )
    assert (await done.json())["type"] == "create_entry"
    await hass.async_block_till_done()


def issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """Return what the user is told to decide."""
    known = ir.async_get(hass).issues.values()
    return [issue for issue in known if issue.domain == DOMAIN and issue.active]


async def connection_only(
    hass: HomeAssistant, offer: ConfigFlowResult
) -> ConfigFlowResult:
    """Decline the device that is offered with a connection, for another model."""
    assert offer["step_id"] == "offer"
    entered = {**suggested(offer), "connection_only": True}
    flow = hass.config_entries.flow
    return await flow.async_configure(offer["flow_id"], entered)


async def changing(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> str:
    """Begin to change the only device of an entry."""
    (subentry_id,) = entry.subentries
    result: Any = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    assert result["type"] is FlowResultType.MENU
    await answered(hass, result["flow_id"], next_step_id=step)
    return str(result["flow_id"])


async def answered(hass: HomeAssistant, flow_id: str, **entered: Any) -> dict[str, Any]:
    """Fill in a form."""
    flows = hass.config_entries.subentries
    return dict(await flows.async_configure(flow_id, entered))


def suggested(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form is filled in with."""
    filled: dict[str, Any] = {}
    for key in result["data_schema"].schema:
        default = getattr(key, "default", None)
        if callable(default):
            filled[str(key)] = default()
        value = (key.description or {}).get("suggested_value")
        if value is not None:
            filled[str(key)] = value
    return {key: value for key, value in filled.items() if value is not None}


def only(entry: ConfigEntry) -> ConfigSubentry:
    """Return the only device of an entry."""
    (subentry,) = entry.subentries.values()
    return subentry


def ids(registry: er.EntityRegistry) -> dict[str, str]:
    """Return the ids of all entities that stand for elements of models."""
    return {
        one.unique_id: one.entity_id
        for one in registry.entities.values()
        if "-health-" not in one.unique_id
    }


async def element_form(
    hass: HomeAssistant, flow_id: str, element: str, enabled: list[str]
) -> dict[str, Any]:
    """Open the form of one element; returns what it is filled in with."""
    result = await answered(hass, flow_id, enabled=enabled, change=element)
    assert result["step_id"] == "element"
    return suggested(result)


async def content(hass: HomeAssistant, flow_id: str, form: dict[str, Any]) -> None:
    """Fill in the form of an element, which is content with it."""
    result = await answered(hass, flow_id, **form)
    assert result["step_id"] == "entities", result["description_placeholders"]


async def shown_as_enabled(
    hass: HomeAssistant, entry: MockConfigEntry
) -> tuple[str, list[str]]:
    """Begin to change the entities; returns the flow and what is enabled."""
    (subentry_id,) = entry.subentries
    result: Any = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    result = await answered(hass, result["flow_id"], next_step_id="entities")
    assert result["step_id"] == "entities"
    return result["flow_id"], suggested(result)["enabled"]


async def edited(
    hass: HomeAssistant, entry: MockConfigEntry, element: str, **entered: object
) -> dict[str, Any]:
    """Change an element; None leaves a field empty. Returns the choices kept of it."""
    flow_id, enabled = await shown_as_enabled(hass, entry)
    form = await element_form(hass, flow_id, element, enabled) | entered
    form = {key: value for key, value in form.items() if value is not None}
    result = await answered(hass, flow_id, **form)
    assert not result["errors"], result["description_placeholders"]
    if result["step_id"] == "element":  # of another platform now
        await answered(hass, flow_id, **suggested(result))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    overlay = only(entry).data[CONF_OVERLAY]
    said: dict[str, dict[str, Any]] = overlay.get("attributes", {})
    return said.get(element.removeprefix("attribute-"), {})
