"""Diagnostics tell what a bug report needs, and no secret."""

import json
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import device_subentry, set_up, state_of, until

pytestmark = pytest.mark.usefixtures("integration")


async def test_entry(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
) -> None:
    await set_up(hass, room_entry)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, room_entry)
    assert found["connection"]["address"] == f"coap://127.0.0.1:{room.port}"
    (device,) = found["devices"]
    assert device["availability"] == "online"
    assert device["values"]["temperature"]["certainty"] == "live"
    assert {
        "element": "attribute-childLock",
        "platform": "switch",
        "reasons": {
            "platform": "writable BOOLEAN",
            "name": "title in the model",
            "category": "overlay",
        },
    } in device["decisions"]


async def test_device_without_secrets(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    device_registry: dr.DeviceRegistry,
    pump: MqttSimulator,
    pump_entry: MockConfigEntry,
) -> None:
    secret = "tea for two"
    pump.device.put({"label": secret})
    data = device_subentry("water_pump", "Pump", pump.base)["data"]
    document = json.loads(json.dumps(data["document"]))
    for attribute in document["model"]["attributes"]:
        if attribute["name"] == "label":
            attribute["sensitive"] = True
    (subentry,) = pump_entry.subentries.values()
    hass.config_entries.async_update_subentry(
        pump_entry, subentry, data={**data, "document": document}
    )
    hass.config_entries.async_update_entry(
        pump_entry, data={**pump_entry.data, CONF_PASSWORD: secret}
    )
    await set_up(hass, pump_entry)
    await until(lambda: state_of(hass, "text.pump_label") == secret)
    (device,) = dr.async_entries_for_config_entry(device_registry, pump_entry.entry_id)
    found: Any = await get_diagnostics_for_device(hass, hass_client, pump_entry, device)
    assert found["devices"][0]["values"]["label"]["value"] == REDACTED
    assert secret not in json.dumps(found)
    found = await get_diagnostics_for_config_entry(hass, hass_client, pump_entry)
    assert found["entry"][CONF_PASSWORD] == REDACTED
    assert secret not in json.dumps(found)
