"""Devices behind the broker that Home Assistant uses itself."""

import json
from typing import Any

from homeassistant.components import mqtt
from homeassistant.components.mqtt.const import MQTT_CONNECTION_STATE
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)

from custom_components.device_models.const import CONF_SYSTEM, DOMAIN
from custom_components.device_models.iot.connections.mqtt import connection
from custom_components.device_models.iot.errors import UnreachableError
from custom_components.device_models.systems import System

from .acting import device_subentry, set_up, state_of, until

SWITCH = "switch.pump_pump"


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


def publishes(mqtt_mock: Any) -> list[tuple[str, bytes]]:
    """Return what was published, by topic."""
    return [call.args[:2] for call in mqtt_mock.async_publish.mock_calls]


async def test_broker_of_home_assistant_that_is_away(
    hass: HomeAssistant, mqtt_mock: Any, enable_custom_integrations: None
) -> None:
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flow.async_configure(
        result["flow_id"], {"next_step_id": System.HOME_ASSISTANT_MQTT}
    )
    mqtt_mock.connected = False
    result = await flow.async_configure(result["flow_id"], {})
    assert result["errors"] == {"base": "unreachable"}
    assert "not connected" in str(result["description_placeholders"])
    mqtt_mock.connected = True
    result = await flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_values_come_in(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert state_of(hass, SWITCH) == STATE_UNAVAILABLE
    async_fire_mqtt_message(hass, "cellar/pump/state", json.dumps({"running": True}))
    await hass.async_block_till_done()
    assert state_of(hass, SWITCH) == STATE_ON
    async_fire_mqtt_message(hass, "cellar/pump/running", "off")
    await hass.async_block_till_done()
    assert state_of(hass, SWITCH) == STATE_OFF


async def test_write_goes_out(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry
) -> None:
    async_fire_mqtt_message(hass, "cellar/pump/state", json.dumps({"running": False}))
    turning_on = hass.async_create_task(
        hass.services.async_call(
            "switch", "turn_on", {ATTR_ENTITY_ID: SWITCH}, blocking=True
        )
    )
    await until(lambda: publishes(mqtt_mock))
    assert publishes(mqtt_mock) == [("cellar/pump/running/set", b"true")]
    assert state_of(hass, SWITCH) == STATE_OFF
    async_fire_mqtt_message(hass, "cellar/pump/running", "true")
    await turning_on
    assert state_of(hass, SWITCH) == STATE_ON


async def test_lost_broker_makes_devices_unavailable(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry
) -> None:
    async_fire_mqtt_message(hass, "cellar/pump/state", json.dumps({"running": False}))
    await hass.async_block_till_done()
    mqtt_mock.connected = False
    async_dispatcher_send(hass, MQTT_CONNECTION_STATE, False)
    await hass.async_block_till_done()
    assert state_of(hass, SWITCH) == STATE_UNAVAILABLE
    (coordinator,) = entry.runtime_data.coordinators.values()
    with pytest.raises(UnreachableError):
        await coordinator.device.call("start")
    mqtt_mock.connected = True
    async_dispatcher_send(hass, MQTT_CONNECTION_STATE, True)
    async_fire_mqtt_message(hass, "cellar/pump/availability", "online")
    await hass.async_block_till_done()
    assert state_of(hass, SWITCH) == STATE_OFF


async def test_client_that_is_not_connected(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry
) -> None:
    mqtt_mock.connected = False
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_failure_of_the_client(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*args: object, **kwargs: object) -> None:
        raise HomeAssistantError("no memory left")

    monkeypatch.setattr(mqtt, "async_publish", fail)
    async_fire_mqtt_message(hass, "cellar/pump/availability", "online")
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "button", "press", {ATTR_ENTITY_ID: "button.pump_start"}, blocking=True
        )
    assert caught.value.translation_key == "unreachable"


async def test_unload_ends_the_subscription(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    (coordinator,) = entry.runtime_data.coordinators.values()
    assert await hass.config_entries.async_unload(entry.entry_id)
    async_fire_mqtt_message(hass, "cellar/pump/state", json.dumps({"running": True}))
    await hass.async_block_till_done()
    assert not coordinator.device.values
