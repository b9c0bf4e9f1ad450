"""Homie devices on a broker: offered as they appear, and asked about when they go."""

from collections.abc import AsyncGenerator

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
    CONF_HOST,
    CONF_PORT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models import descriptions, discovery, preview
from custom_components.device_models.const import (
    CONF_BASE,
    CONF_MQTT_VERSION,
    CONF_PARENT,
    CONF_SYSTEM,
    CONF_TLS,
    DOMAIN,
)
from custom_components.device_models.iot.connections.mqtt import homie_watch
from custom_components.device_models.systems import System

from .acting import set_up, state_of, until
from .flows import Fix, answered, fixed, issues, suggested
from .homie import LAMP_OF_4, LEVEL, POWER, Homie, device, homie
from .test_search import progressed, searched

pytestmark = pytest.mark.usefixtures("integration", "moments")

PUMP = "homie/5/pump"
BRIDGE = "homie/5/bridge"


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for a moment only."""
    monkeypatch.setattr(homie_watch, "QUIET", 0.3)
    monkeypatch.setattr(homie_watch, "SECONDS", 2.0)
    monkeypatch.setattr(preview, "LISTEN_SECONDS", 0.3)
    monkeypatch.setattr(descriptions, "FIRST_AFTER", 3600)


@pytest.fixture
async def devices(broker_port: int) -> AsyncGenerator[Homie]:
    """Give what plays the devices."""
    async with homie(broker_port) as playing:
        yield playing


@pytest.fixture
async def entry(
    hass: HomeAssistant, broker_port: int
) -> AsyncGenerator[MockConfigEntry]:
    """Set up a broker without devices."""
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Broker",
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: broker_port,
            CONF_TLS: False,
            CONF_MQTT_VERSION: "3.1.1",
        },
    )
    made.add_to_hass(hass)
    await set_up(hass, made)
    yield made
    if made.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(made.entry_id)


def offers(hass: HomeAssistant) -> dict[str, ConfigFlowResult]:
    """Return what is offered, by the name that is shown."""
    return {
        flow["context"]["title_placeholders"]["name"]: flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    }


async def offered(hass: HomeAssistant, *names: str) -> None:
    """Wait until these devices are offered, and no others."""
    await until(lambda: set(offers(hass)) == set(names), seconds=15)


async def accept(
    hass: HomeAssistant, device_name: str, **entered: object
) -> ConfigFlowResult:
    """Accept an offer as it is, but for what is entered."""
    flow = hass.config_entries.flow
    shown = await flow.async_configure(offers(hass)[device_name]["flow_id"])
    assert shown["step_id"] == "offer"
    assert "connection_only" not in suggested(shown)
    result = await flow.async_configure(shown["flow_id"], suggested(shown) | entered)
    await hass.async_block_till_done()
    return result


def places_of(entry: MockConfigEntry) -> dict[str, str]:
    """Return the places of an entry's devices, by their titles."""
    return {one.title: one.data[CONF_BASE] for one in entry.subentries.values()}


def by_name(
    registry: dr.DeviceRegistry, entry: MockConfigEntry
) -> dict[str | None, dr.DeviceEntry]:
    """Return the devices of an entry by their names."""
    listed = dr.async_entries_for_config_entry(registry, entry.entry_id)
    return {one.name: one for one in listed}


async def confirm_removal(hass: HomeAssistant, hass_client: Fix) -> None:
    """Confirm that what was removed from its broker is to be removed."""
    (issue,) = issues(hass)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    flow = await begun.json()
    assert flow["step_id"] == "confirm"
    done = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await done.json())["type"] == "create_entry"
    await hass.async_block_till_done()


async def test_device_is_offered_added_and_operated(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.publish(PUMP, {"main/power": "false"})
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    shown = await hass.config_entries.flow.async_configure(
        offers(hass)["Pump"]["flow_id"]
    )
    text = shown["description_placeholders"] or {}
    assert "switch" in text["summary"]
    assert "| off |" in text["rows"]
    assert text["parts"] == "–"
    assert text["address"] == PUMP
    result = await accept(hass, "Pump", name="Well")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "device_added"
    assert result["description_placeholders"] == {
        "device": "Well",
        "connection": "Broker",
    }
    assert places_of(entry) == {"Well": PUMP}
    await until(lambda: state_of(hass, "switch.well_power") == STATE_OFF)
    obeying = await devices.obey(PUMP, "main/power")
    await hass.services.async_call(
        "switch", "turn_on", {ATTR_ENTITY_ID: "switch.well_power"}, blocking=True
    )
    await obeying
    assert state_of(hass, "switch.well_power") == STATE_ON
    assert not offers(hass)


async def test_device_of_version_4_is_offered_and_follows_its_state(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.publish("homie/lamp", LAMP_OF_4)
    await offered(hass, "Porch lamp")
    await accept(hass, "Porch lamp")
    switch, problem = (
        "switch.porch_lamp_timer_armed",
        "binary_sensor.porch_lamp_problem",
    )
    await until(lambda: state_of(hass, switch) == STATE_OFF)
    await devices.publish("homie/lamp", {"$state": "alert"})
    await until(lambda: state_of(hass, problem) == STATE_ON)
    for state, expected in (("lost", STATE_UNAVAILABLE), ("sleeping", STATE_OFF)):
        await devices.publish("homie/lamp", {"$state": state})
        await until(lambda wanted=expected: state_of(hass, switch) == wanted)  # type: ignore[misc]


async def test_parts_come_with_the_whole_and_later_ones_by_themselves(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    devices: Homie,
    device_registry: dr.DeviceRegistry,
) -> None:
    relay = device("Relay", POWER, root="bridge", children=["light"])
    light = device("Light", POWER, root="bridge", parent="relay")
    await devices.describe("homie/5/light", light)
    await devices.describe("homie/5/relay", relay)
    await devices.keep("homie/5/bad/$description", '{"homie": "5.0", "root": "bridge"}')
    await devices.keep("homie/5/bad/$state", "ready")
    await hass.async_block_till_done()
    assert not offers(hass)
    await devices.describe(BRIDGE, device("Bridge", children=["relay", "bad"]))
    await offered(hass, "Bridge")
    flow = offers(hass)["Bridge"]
    shown = await hass.config_entries.flow.async_configure(flow["flow_id"])
    parts = (shown["description_placeholders"] or {})["parts"]
    assert "- Light (" in parts
    assert "- not: bad: (top): expected at least one usable property" in parts
    await accept(hass, "Bridge")
    assert places_of(entry) == {
        "Bridge": BRIDGE,
        "Relay": "homie/5/relay",
        "Light": "homie/5/light",
    }
    registered = by_name(device_registry, entry)
    assert registered["Relay"].via_device_id == registered["Bridge"].id
    assert registered["Light"].via_device_id == registered["Relay"].id
    assert registered["Bridge"].model == "Bridge"
    await until(lambda: state_of(hass, "binary_sensor.light_problem") == STATE_OFF)
    await devices.keep(f"{BRIDGE}/$state", "lost")
    await until(
        lambda: state_of(hass, "binary_sensor.light_problem") == STATE_UNAVAILABLE
    )
    await devices.keep(f"{BRIDGE}/$state", "ready")
    # A part that is paired later.
    await devices.describe("homie/5/door", device("Door", POWER, root="bridge"))
    await offered(hass, "Door")
    await accept(hass, "Door")
    door = next(one for one in entry.subentries.values() if one.title == "Door")
    assert door.data[CONF_PARENT] == BRIDGE
    registered = by_name(device_registry, entry)
    assert registered["Door"].via_device_id == registered["Bridge"].id


async def test_part_that_is_there_already_stays(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.describe("homie/5/light", device("Light", POWER, root="bridge"))
    await devices.describe(BRIDGE, device("Bridge", LEVEL, children=["light"]))
    await offered(hass, "Bridge")
    await accept(hass, "Bridge")
    bridge, light = entry.subentries.values()
    hass.config_entries.async_remove_subentry(entry, bridge.subentry_id)
    await offered(hass, "Bridge")
    await accept(hass, "Bridge")
    assert light.subentry_id in entry.subentries
    assert set(places_of(entry)) == {"Bridge", "Light"}
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"entry_id": entry.entry_id, "reference": BRIDGE},
    )
    assert result["reason"] == "already_configured"


async def test_removed_device_goes_when_its_user_says_so(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    devices: Homie,
    hass_client: Fix,
) -> None:
    await async_setup_component(hass, REPAIRS, {})
    light = device("Light", POWER, root="bridge")
    await devices.describe("homie/5/light", light)
    await devices.describe(BRIDGE, device("Bridge", LEVEL, children=["light"]))
    await devices.publish(BRIDGE, {"main/level": "5"})
    await offered(hass, "Bridge")
    await accept(hass, "Bridge")
    await until(lambda: state_of(hass, "sensor.bridge_level") == "5")
    await devices.remove(BRIDGE, "main/level")
    await until(lambda: issues(hass))
    assert state_of(hass, "sensor.bridge_level") == STATE_UNAVAILABLE
    (issue,) = issues(hass)
    assert issue.translation_placeholders == {
        "device": "Bridge",
        "place": BRIDGE,
        "connection": "Broker",
        "parts": "Light",
    }
    await confirm_removal(hass, hass_client)
    assert not entry.subentries
    assert not issues(hass)
    assert hass.states.get("sensor.bridge_level") is None


async def test_device_that_is_back_is_not_asked_about(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    await accept(hass, "Pump")
    await devices.remove(PUMP)
    await until(lambda: issues(hass))
    await hass.config_entries.async_reload(entry.entry_id)
    assert issues(hass)  # it is asked until it is answered
    await devices.describe(PUMP, device("Pump", POWER))
    await until(lambda: not issues(hass))
    assert not offers(hass)


async def test_device_that_was_removed_otherwise_is_not_asked_about_and_offered_again(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie, hass_client: Fix
) -> None:
    await async_setup_component(hass, REPAIRS, {})
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    await accept(hass, "Pump")
    await devices.remove(PUMP)
    await until(lambda: issues(hass))
    (issue,) = issues(hass)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    flow = await begun.json()
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    assert not issues(hass)
    done = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await done.json())["reason"] == "gone"
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    await accept(hass, "Pump")
    (subentry_id,) = entry.subentries
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    await offered(hass, "Pump")


async def test_device_that_describes_itself_anew_is_told_of(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    devices: Homie,
    hass_client: Fix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await async_setup_component(hass, REPAIRS, {})
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    await accept(hass, "Pump")
    monkeypatch.setattr(descriptions, "FIRST_AFTER", 0)
    monkeypatch.setattr(descriptions, "APART", 0)
    await hass.config_entries.async_reload(entry.entry_id)
    await devices.describe(PUMP, device("Pump", {**POWER, **LEVEL}, version=2))
    await until(lambda: issues(hass), seconds=10)
    (issue,) = issues(hass)
    assert issue.translation_key == "description_changed"
    await fixed(hass, hass_client, "take")
    await devices.publish(PUMP, {"main/level": "7"})
    await until(lambda: hass.states.get("sensor.pump_level"))
    await until(lambda: state_of(hass, "sensor.pump_level") == "7")


async def test_offer_ends_with_its_device_its_entry_and_its_addition(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.describe(PUMP, device("Pump", POWER))
    await devices.describe("homie/5/tank", device("Tank", LEVEL))
    await offered(hass, "Pump", "Tank")
    await devices.remove(PUMP)
    await offered(hass, "Tank")
    await hass.config_entries.async_unload(entry.entry_id)
    assert not offers(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await offered(hass, "Tank")
    # Its user adds it by hand meanwhile.
    assert await chosen(hass, entry, "homie/5/tank") == "Tank"
    await offered(hass)


async def chosen(hass: HomeAssistant, entry: MockConfigEntry, place: str) -> str:
    """Add the only device that a search finds; returns how it was shown."""
    result = await searched(hass, entry)
    assert result["step_id"] == "found"
    (field,) = result["data_schema"].schema.values()
    (option,) = field.config["options"]
    assert option["value"] == place
    result = await answered(hass, result["flow_id"], found=place)
    result = await progressed(hass, result)
    result = await answered(hass, result["flow_id"], **suggested(result))
    result = await answered(hass, result["flow_id"], **suggested(result))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return str(option["label"])


async def test_part_that_is_added_by_hand_belongs_to_its_whole(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.describe(BRIDGE, device("Bridge", POWER))
    await offered(hass, "Bridge")
    await accept(hass, "Bridge")
    await devices.describe("homie/5/door", device("Door", POWER, root="bridge"))
    await offered(hass, "Door")
    assert await chosen(hass, entry, "homie/5/door") == "Door"
    door = next(one for one in entry.subentries.values() if one.title == "Door")
    assert door.data[CONF_PARENT] == BRIDGE
    await offered(hass)


async def test_ignored_device_is_not_offered_again(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    unique_id = offers(hass)["Pump"]["context"]["unique_id"]
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": unique_id, "title": "Pump"},
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await devices.describe("homie/5/tank", device("Tank", LEVEL))
    await offered(hass, "Tank")


async def test_garbage_and_what_is_away_are_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry, devices: Homie
) -> None:
    for number in range(50):
        await devices.keep(f"homie/5/g{number}/$description", "{" * number)
        await devices.keep(f"homie/5/g{number}/$state", "ready")
    await devices.keep("homie/5/empty/$description", '{"homie": "5.0", "nodes": {}}')
    await devices.keep("homie/5/empty/$state", "ready")
    await devices.describe("homie/5/away", device("Away", LEVEL), "lost")
    await devices.describe(PUMP, device("Pump", POWER))
    await offered(hass, "Pump")
    await devices.keep("homie/5/away/$state", "ready")
    await offered(hass, "Pump", "Away")


async def test_offers_are_bounded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    devices: Homie,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "MAX_OFFERS", 2)
    for number in range(3):
        await devices.describe(f"homie/5/d{number}", device(f"D{number}", LEVEL))
    await offered(hass, "D0", "D1")
    await accept(hass, "D0")
    await offered(hass, "D1", "D2")


async def test_what_is_not_there_is_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    for what in ("of an entry that is gone", entry.entry_id):
        result = await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={"entry_id": what, "reference": "homie/5/nobody"},
        )
        assert result["reason"] == "not_usable"


async def test_broker_that_lets_nobody_look_around(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    devices: Homie,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(homie_watch, "FILTERS", ("#/nowhere",))
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    result = await searched(hass, entry)
    assert result["reason"] == "unreachable"
