"""Devices behind the broker that Home Assistant uses itself."""

import json
from typing import Any

from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)

from custom_components.device_models.const import CONF_SYSTEM, DOMAIN
from custom_components.device_models.iot.connections.mqtt import connection
from custom_components.device_models.systems import System

from .conftest import device_subentry, set_up

SWITCH = "switch.pump_running"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """The MQTT integration's own timer outlives its mock."""
    return True


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a confirmation as long as it takes to send one here."""
    monkeypatch.setattr(connection, "CONFIRM_TIMEOUT", 0.2)


@pytest.fixture
async def entry(
    hass: HomeAssistant, mqtt_mock: Any, enable_custom_integrations: None
) -> MockConfigEntry:
    """Return an entry that is set up, with a pump as its device."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="MQTT",
        data={CONF_SYSTEM: System.HOME_ASSISTANT_MQTT},
        subentries_data=[device_subentry("water_pump", "Pump", "cellar/pump")],
    )
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    return entry


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_broker_of_home_assistant(hass: HomeAssistant, mqtt_mock: Any) -> None:
    configure = hass.config_entries.flow.async_configure
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await configure(
        result["flow_id"], {"next_step_id": System.HOME_ASSISTANT_MQTT}
    )
    result = await configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {CONF_SYSTEM: "home_assistant_mqtt"}
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await configure(
        result["flow_id"], {"next_step_id": System.HOME_ASSISTANT_MQTT}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


