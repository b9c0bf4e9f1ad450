"""What tests do in the flows of devices."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry


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
    """Return the ids of all entities."""
    return {one.unique_id: one.entity_id for one in registry.entities.values()}
