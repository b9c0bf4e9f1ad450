"""A device's entries in Home Assistant's registries, when its user changes it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import CONF_KEY, DOMAIN
from .mapping.decided import decisions_of, model_of
from .mapping.decisions import Decision, Kind


@callback
def async_follow_data(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subentry: ConfigSubentry,
    data: Mapping[str, Any],
) -> None:
    """Have the entity registry follow what is about to change about a device.

    Entities of what is gone, or has moved to another platform, are removed: their user
    was told. Whether an entity is enabled changes only where that was decided anew;
    of one that comes back, Home Assistant would know only how it was when it went.
    """
    registry = er.async_get(hass)
    language = hass.config.language
    before = {
        decision.element_id: decision
        for decision in _decisions(subentry.data, language)
    }
    after = {
        (decision.platform.value, f"{data[CONF_KEY]}-{decision.element_id}"): decision
        for decision in _decisions(data, language)
    }
    # A device also has entities that stand for no element of its model.
    of_elements = tuple(f"{data[CONF_KEY]}-{kind.word}-" for kind in Kind)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.config_subentry_id != subentry.subentry_id:
            continue
        decision = after.get((entity.domain, entity.unique_id))
        was = decision and before.get(decision.element_id)
        if decision is None:
            if entity.unique_id.startswith(of_elements):
                registry.async_remove(entity.entity_id)
        elif was is not None and decision.enabled is not was.enabled:
            _enable(registry, entity, decision)
    for (platform, unique_id), decision in after.items():
        if (platform, DOMAIN, unique_id) in registry.deleted_entities:
            back = registry.async_get_or_create(
                platform,
                DOMAIN,
                unique_id,
                config_entry=entry,
                config_subentry_id=subentry.subentry_id,
            )
            if back.disabled_by in (None, er.RegistryEntryDisabler.INTEGRATION):
                _enable(registry, back, decision)


def _enable(
    registry: er.EntityRegistry, entity: er.RegistryEntry, decision: Decision
) -> None:
    """Have an entity enabled, or not, as it is decided."""
    disabled_by = None if decision.enabled else er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(entity.entity_id, disabled_by=disabled_by)


def _decisions(data: Mapping[str, Any], language: str) -> tuple[Decision, ...]:
    """Return what the elements of a device have become that have entities."""
    decisions = decisions_of(data, model_of(data), language)
    return tuple(decision for decision in decisions if decision.shown)


@callback
def async_adopt(
    hass: HomeAssistant, key: str, entry: ConfigEntry, subentry_id: str
) -> None:
    """Have a device and its entities from the entry where they were before.

    They keep their ids, their names, and with them their history.
    """
    entities = er.async_get(hass)
    devices = dr.async_get(hass)
    for device in devices.async_get_devices(identifiers={(DOMAIN, key)}):
        if device.config_entry_id == entry.entry_id:
            continue
        for entity in er.async_entries_for_device(
            entities, device.id, include_disabled_entities=True
        ):
            if entity.platform == DOMAIN:
                entities.async_update_entity(
                    entity.entity_id,
                    config_entry_id=entry.entry_id,
                    config_subentry_id=subentry_id,
                )
        devices.async_update_device(
            device.id,
            new_config_entry_id=entry.entry_id,
            new_config_subentry_id=subentry_id,
        )
