"""Setting up a connection, as a user does it, against real peers."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_CONFIRMABLE,
    CONF_INTERVAL,
    CONF_MQTT_VERSION,
    CONF_SYSTEM,
    CONF_TLS,
    CONF_TRANSPORT,
    CONF_WILL_TOPIC,
    DOMAIN,
)
from custom_components.device_models.iot.connections.mqtt import (
    broker as broker_module,
)
from custom_components.device_models.systems import System
from simulators.coap import CoapSimulator

from .acting import set_up, until
from .iot.connections.things import free_port
from .iot.connections.udp_peer import polite, udp_peer
from .passwords import PASSWORD, USERNAME, Mosquitto

pytestmark = pytest.mark.usefixtures("integration", "quick_requests")


async def chosen(hass: HomeAssistant, system: System) -> str:
    """Begin a flow and choose a system; returns the flow."""
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    result = await flow.async_configure(result["flow_id"], {"next_step_id": system})
    assert result["errors"] == {}
    return str(result["flow_id"])


def coap(port: int, **changes: Any) -> dict[str, Any]:
    """Return what is entered for a CoAP endpoint."""
    return {
        CONF_HOST: "127.0.0.1",
        CONF_PORT: port,
        CONF_CONFIRMABLE: True,
        CONF_INTERVAL: 30,
    } | changes


def broker(port: int, **changes: Any) -> dict[str, Any]:
    """Return what is entered for a broker."""
    return {
        CONF_HOST: "127.0.0.1",
        CONF_PORT: port,
        CONF_TLS: False,
        "advanced": {CONF_MQTT_VERSION: "3.1.1"},
    } | changes


async def test_coap_endpoint(hass: HomeAssistant, room: CoapSimulator) -> None:
    flow_id = await chosen(hass, System.COAP)
    result = await hass.config_entries.flow.async_configure(flow_id, coap(room.port))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"CoAP 127.0.0.1:{room.port}"
    assert result["data"] == {
        CONF_SYSTEM: "coap",
        CONF_HOST: "127.0.0.1",
        CONF_PORT: room.port,
        CONF_TRANSPORT: "udp",
        CONF_CONFIRMABLE: True,
        CONF_INTERVAL: 30,
    }
    # The flow goes on with the first device.
    (following,) = hass.config_entries.subentries.async_progress()
    assert following["flow_id"] == result["next_flow"][1]
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize("entered", ["::1%lo", " [::1%lo] "])
async def test_coap_endpoint_with_a_zone(hass: HomeAssistant, entered: str) -> None:
    async with udp_peer(polite, "::1") as peer:
        flow_id = await chosen(hass, System.COAP)
        configure = hass.config_entries.flow.async_configure
        result = await configure(flow_id, coap(peer.port, host=entered))
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["data"][CONF_HOST] == "::1%lo"
        assert result["result"].state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(result["result"].entry_id)
    assert not [one for one in peer.requests if one.opt.uri_host]


async def test_coap_endpoint_that_does_not_answer(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    flow_id = await chosen(hass, System.COAP)
    configure = hass.config_entries.flow.async_configure
    result = await configure(flow_id, coap(free_port()))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "unreachable"}
    room.faults.silent = True
    result = await configure(flow_id, coap(room.port))
    assert result["errors"] == {"base": "unreachable"}
    assert "no answer" in str(result["description_placeholders"])
    room.faults.silent = False
    result = await configure(flow_id, coap(room.port))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_coap_endpoint_that_is_set_up_already(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    flow_id = await chosen(hass, System.COAP)
    configure = hass.config_entries.flow.async_configure
    result = await configure(flow_id, coap(room.port))
    assert result["errors"] == {"base": "already_configured"}
    result = await configure(flow_id, coap(room.port, host="localhost"))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_broker(hass: HomeAssistant, broker_port: int) -> None:
    flow_id = await chosen(hass, System.MQTT_BROKER)
    entered = broker(broker_port)
    entered["advanced"][CONF_WILL_TOPIC] = "home/presence"
    result = await hass.config_entries.flow.async_configure(flow_id, entered)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        CONF_SYSTEM: "mqtt_broker",
        CONF_HOST: "127.0.0.1",
        CONF_PORT: broker_port,
        CONF_TLS: False,
        CONF_MQTT_VERSION: "3.1.1",
        CONF_WILL_TOPIC: "home/presence",
    }


async def test_broker_that_does_not_answer(
    hass: HomeAssistant, broker_port: int
) -> None:
    flow_id = await chosen(hass, System.MQTT_BROKER)
    configure = hass.config_entries.flow.async_configure
    result = await configure(flow_id, broker(free_port()))
    assert result["errors"] == {"base": "unreachable"}
    result = await configure(flow_id, broker(broker_port))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.peer
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_broker_that_refuses_the_credentials(
    hass: HomeAssistant, guarded_broker: Mosquitto, version: str
) -> None:
    flow_id = await chosen(hass, System.MQTT_BROKER)
    configure = hass.config_entries.flow.async_configure
    entered = broker(guarded_broker.port) | {"advanced": {CONF_MQTT_VERSION: version}}
    wrong = {CONF_USERNAME: USERNAME, CONF_PASSWORD: "wrong"}
    result = await configure(flow_id, entered | wrong)
    assert result["errors"] == {"base": "unauthorized"}
    right = {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    result = await configure(flow_id, entered | right)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_broker_of_home_assistant_that_is_not_set_up(hass: HomeAssistant) -> None:
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flow.async_configure(
        result["flow_id"], {"next_step_id": System.HOME_ASSISTANT_MQTT}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "mqtt_not_set_up"


async def test_reconfigure_moves_the_connection(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    title = f"CoAP 127.0.0.1:{room.port}"
    hass.config_entries.async_update_entry(room_entry, title=title)
    await set_up(hass, room_entry)
    before = {state.entity_id for state in hass.states.async_all()}
    reloads = []
    room_entry.async_on_state_change(lambda: reloads.append(room_entry.state))
    result = await room_entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    configure = hass.config_entries.flow.async_configure
    result = await configure(result["flow_id"], coap(free_port()))
    assert result["errors"] == {"base": "unreachable"}
    result = await configure(result["flow_id"], coap(room.port, host="localhost"))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert room_entry.data[CONF_HOST] == "localhost"
    assert room_entry.title == f"CoAP localhost:{room.port}"
    assert reloads.count(ConfigEntryState.LOADED) == 1
    assert room_entry.state is ConfigEntryState.LOADED
    assert {state.entity_id for state in hass.states.async_all()} == before


async def test_reconfigure_shows_what_is_set(
    hass: HomeAssistant, pump_entry: MockConfigEntry
) -> None:
    result: Any = await pump_entry.start_reconfigure_flow(hass)
    suggested = {
        str(key): key.description.get("suggested_value")
        for key in result["data_schema"].schema
        if key.description
    }
    assert suggested[CONF_PORT] == pump_entry.data[CONF_PORT]


@pytest.mark.peer
async def test_reauthentication(hass: HomeAssistant, guarded_broker: Mosquitto) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Broker",
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: guarded_broker.port,
            CONF_USERNAME: USERNAME,
            CONF_PASSWORD: "old",
            CONF_MQTT_VERSION: "5",
        },
    )
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    configure = hass.config_entries.flow.async_configure
    result = await configure(
        flow["flow_id"], {CONF_USERNAME: USERNAME, CONF_PASSWORD: "wrong"}
    )
    assert result["errors"] == {"base": "unauthorized"}
    result = await configure(
        flow["flow_id"], {CONF_USERNAME: USERNAME, CONF_PASSWORD: PASSWORD}
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data[CONF_PASSWORD] == PASSWORD
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.peer
async def test_reauthentication_when_the_password_changes_in_between(
    hass: HomeAssistant, guarded_broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "FIRST_RETRY", 0.05)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Broker",
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: guarded_broker.port,
            CONF_USERNAME: USERNAME,
            CONF_PASSWORD: PASSWORD,
            CONF_MQTT_VERSION: "3.1.1",
        },
    )
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    await guarded_broker.stop()
    await guarded_broker.start("new")
    await until(hass.config_entries.flow.async_progress)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {CONF_USERNAME: USERNAME, CONF_PASSWORD: "new"}
    )
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
