"""What a connection notices of a device: entities for who looks for trouble."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import async_update_entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models.const import CONF_KEY, DOMAIN
from custom_components.device_models.health import DESCRIPTIONS, HealthDescription
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import set_up, state_of, until
from .translations import text_at

pytestmark = pytest.mark.usefixtures("integration")

KEYS = [one.key for one in DESCRIPTIONS if isinstance(one, HealthDescription)]
"""What is known of a device that is asked."""


def sensors(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, er.RegistryEntry]:
    """Return the sensors of an entry's only device by what they tell."""
    (subentry_id,) = entry.subentries
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {
        one.unique_id.partition("-health-")[2]: one
        for one in entities
        if one.config_subentry_id == subentry_id and "-health-" in one.unique_id
    }


async def enable(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Enable them; returns their entity ids."""
    registry = er.async_get(hass)
    found = {key: one.entity_id for key, one in sensors(hass, entry).items()}
    for entity_id in found.values():
        registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    return found


async def test_they_are_disabled_at_first(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    found = sensors(hass, room_entry)
    assert set(found) == set(KEYS)
    for one in found.values():
        assert one.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        assert one.entity_category is not None


async def test_what_they_show(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    ids = await enable(hass, room_entry)
    (coordinator,) = room_entry.runtime_data.coordinators.values()
    await until(lambda: coordinator.connection.health(coordinator.device).push_age)
    for entity_id in ids.values():
        await async_update_entity(hass, entity_id)
    shown = {key: state_of(hass, entity_id) for key, entity_id in ids.items()}
    assert 0 < float(shown["round_trip"] or 0) < 1000
    assert (shown["retransmissions"], shown["unanswered"]) == ("0", "0")
    assert shown["feed"] == "push"
    assert float(shown["push_age"] or -1) >= 0
    assert (shown["last_heard"] or "").startswith("20")
    await room.kill()
    coordinator.device.last_heard -= 3600
    await coordinator.async_refresh()
    for entity_id in ids.values():
        await async_update_entity(hass, entity_id)
    assert int(state_of(hass, ids["unanswered"]) or 0) > 0
    assert state_of(hass, ids["last_heard"]) != "unavailable"


@pytest.mark.parametrize("key", [one.key for one in DESCRIPTIONS])
def test_texts(key: str) -> None:
    text = text_at("entity", "sensor", key)
    assert text["name"]
    (description,) = (one for one in DESCRIPTIONS if one.key == key)
    assert set(text.get("state", {})) == set(description.options or ())


async def test_a_connection_that_notices_nothing_has_none(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    (subentry,) = pump_entry.subentries.values()
    er.async_get(hass).async_get_or_create(
        "sensor",
        DOMAIN,
        f"{subentry.data[CONF_KEY]}-health-feed",
        config_entry=pump_entry,
        config_subentry_id=subentry.subentry_id,
    )  # from when it was on another connection
    await set_up(hass, pump_entry)
    assert sensors(hass, pump_entry) == {}


@pytest.mark.parametrize("sensitive", [False, True])
async def test_trace_in_the_diagnostics_tells_no_secret(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    sensitive: bool,
) -> None:
    room.device.put({"temperature": 17.23})
    (subentry,) = room_entry.subentries.values()
    document = json.loads(json.dumps(subentry.data["document"]))
    for attribute in document["model"]["attributes"]:
        attribute["sensitive"] = sensitive and attribute["name"] == "temperature"
    hass.config_entries.async_update_subentry(
        room_entry, subentry, data={**subentry.data, "document": document}
    )
    await set_up(hass, room_entry)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, room_entry)
    (device,) = found["devices"]
    assert device["health"]["unanswered"] == 0
    told = {one["request"]: one for one in device["trace"]}
    assert told["GET /.well-known/core"]["received"] == "(not shown)"
    assert told["GET /state"]["outcome"] == "2.05"
    assert ("17.23" in told["GET /state"]["received"]) is not sensitive
    assert ("17.23" in json.dumps(found)) is not sensitive
