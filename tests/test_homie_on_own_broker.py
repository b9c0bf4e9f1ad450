"""Homie devices on the broker that Home Assistant uses itself."""

from collections.abc import AsyncGenerator
import json
import logging
from typing import Any

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, CONF_PORT, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models import discovery, found_steps
from custom_components.device_models.const import CONF_SYSTEM, DOMAIN
from custom_components.device_models.systems import System

from .acting import set_up, state_of, until
from .homie import LAMP_OF_4, LEVEL, POWER, Homie, device, homie
from .iot.connections.mosquitto import MOSQUITTO, Mosquitto, mosquitto
from .test_homie_devices import accept, moments, offered, offers, places_of

__all__ = ["moments"]

PUMP = "homie/5/pump"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """The MQTT integration's own timers outlive it."""
    return True


@pytest.fixture
async def broker(
    integration: None, peer_program: str, tmp_path: Any
) -> AsyncGenerator[Mosquitto]:
    """Run a broker that lets everybody in."""
    with mosquitto(peer_program, tmp_path) as running:
        await running.ready()
        yield running


@pytest.fixture
async def devices(broker: Mosquitto) -> AsyncGenerator[Homie]:
    """Give what plays the devices."""
    async with homie(broker.port) as playing:
        yield playing


@pytest.fixture
async def own_entry(
    hass: HomeAssistant, broker: Mosquitto, moments: None, mock_hass_config: None
) -> AsyncGenerator[MockConfigEntry]:
    """Return the entry of the MQTT integration itself, which is not set up yet."""
    made = MockConfigEntry(
        domain=mqtt.DOMAIN,
        data={"broker": "127.0.0.1", CONF_PORT: broker.port},
        version=mqtt.CONFIG_ENTRY_VERSION,
        minor_version=mqtt.CONFIG_ENTRY_MINOR_VERSION,
    )
    made.add_to_hass(hass)
    yield made
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_unload(made.entry_id)


@pytest.fixture
async def own(hass: HomeAssistant, own_entry: MockConfigEntry) -> MockConfigEntry:
    """Set the MQTT integration up."""
    await set_up(hass, own_entry)
    return own_entry


@MOSQUITTO
@pytest.mark.peer
async def test_devices_of_version_5_and_4_appear_and_work(
    hass: HomeAssistant, own: MockConfigEntry, devices: Homie
) -> None:
    await devices.publish(PUMP, {"main/power": "false"})
    await devices.describe(PUMP, device("Pump", POWER, children=["valve"]))
    await devices.describe("homie/5/valve", device("Valve", LEVEL, root="pump"))
    await offered(hass, "Pump")
    result = await accept(hass, "Pump")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {CONF_SYSTEM: "home_assistant_mqtt"}
    entry: Any = result["result"]
    assert entry.unique_id is None
    assert places_of(entry) == {"Pump": PUMP, "Valve": "homie/5/valve"}
    await until(lambda: state_of(hass, "switch.pump_power") == STATE_OFF)
    obeying = await devices.obey(PUMP, "main/power")
    await hass.services.async_call(
        "switch", "turn_on", {ATTR_ENTITY_ID: "switch.pump_power"}, blocking=True
    )
    await obeying
    assert state_of(hass, "switch.pump_power") == STATE_ON
    # From now on the entry offers what appears.
    await devices.publish("homie/lamp", LAMP_OF_4)
    await offered(hass, "Porch lamp")
    result = await accept(hass, "Porch lamp")
    assert result["reason"] == "device_added"
    await until(lambda: state_of(hass, "switch.porch_lamp_timer_armed") == STATE_OFF)


@MOSQUITTO
@pytest.mark.peer
async def test_offer_without_an_entry_ends_with_its_device(
    hass: HomeAssistant, own: MockConfigEntry, devices: Homie
) -> None:
    await devices.keep("homie/5/bad/$description", "{")
    await devices.describe("homie/5/tank", device("Tank", LEVEL))
    await devices.publish("homie/lamp", LAMP_OF_4)
    await offered(hass, "Tank", "Porch lamp")
    await devices.remove("homie/5/tank")
    await devices.remove("homie/lamp", "$homie")
    await offered(hass)


@MOSQUITTO
@pytest.mark.peer
async def test_second_device_is_added_to_the_entry_of_the_first(
    hass: HomeAssistant, own: MockConfigEntry, devices: Homie
) -> None:
    await devices.describe("homie/5/tank", device("Tank", LEVEL))
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Tank", "Pump")
    result: Any = await accept(hass, "Tank")
    await accept(hass, "Pump")
    assert set(places_of(result["result"])) == {"Tank", "Pump"}
    assert not offers(hass)
    # An entry that does not run takes more, too.
    await hass.config_entries.async_unload(result["result"].entry_id)
    await devices.describe("homie/5/late", device("Late", LEVEL))
    await offered(hass, "Late")
    await accept(hass, "Late")
    assert set(places_of(result["result"])) == {"Tank", "Pump", "Late"}


@MOSQUITTO
@pytest.mark.peer
async def test_retained_garbage(
    hass: HomeAssistant,
    devices: Homie,
    own_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    for number in range(2_000):
        kind = "$description" if number % 25 == 0 else ("$state", "a/b")[number % 2]
        topic = f"homie/5/g{number}/{kind}"
        await devices.wire.publish(topic, f"x{number}", 0, retain=True)
    await devices.describe(PUMP, device("Pump", POWER))
    await set_up(hass, own_entry)
    await offered(hass, "Pump")
    result: Any = await accept(hass, "Pump")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].state is ConfigEntryState.LOADED


async def step(hass: HomeAssistant, topic: str, payload: str | bytes) -> Any:
    """Have a message arrive, as the MQTT integration passes it on."""
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "mqtt"},
        data=MqttServiceInfo(topic, payload, 0, True, "+/5/+/$description", 0.0),
    )


@pytest.mark.usefixtures("integration")
async def test_messages_that_offer_nothing(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"{PUMP}/$description"
    pump = json.dumps(device("Pump", POWER))
    part = json.dumps(device("Valve", LEVEL, root="pump"))
    for content in (b"\xff", "{", "", part, pump):  # nor is the broker there
        result = await step(hass, topic, content)
        assert result["reason"] == "not_usable"
    monkeypatch.setattr(found_steps, "MAX_OFFERS", 0)
    result = await step(hass, topic, pump)
    assert result["reason"] == "too_many_offers"
    monkeypatch.undo()
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="MQTT",
        data={CONF_SYSTEM: System.HOME_ASSISTANT_MQTT},
        state=ConfigEntryState.LOADED,
    )
    entry.add_to_hass(hass)
    result = await step(hass, topic, pump)
    assert result["reason"] == "already_in_progress"
    assert discovery.async_entry_at(hass, entry.data) is entry
    entry.mock_state(hass, ConfigEntryState.NOT_LOADED)
