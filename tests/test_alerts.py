"""Alerts in Home Assistant: what holds, over restarts, acknowledged, to repair."""

from collections.abc import Mapping
from datetime import UTC, datetime
import json
from typing import Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_PORT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, flush_store

from custom_components.device_models.alerts import STORE, async_setup_alerts
from custom_components.device_models.const import (
    CONF_ALERTS,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_MQTT_VERSION,
    CONF_SYSTEM,
    CONF_TLS,
    DOMAIN,
)
from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import Severity
from custom_components.device_models.mapping.decided import keep, loaded_of, settled
from custom_components.device_models.mapping.decisions import Kind
from custom_components.device_models.model_change import with_model
from custom_components.device_models.systems import System
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import attributes_of, device_subentry, set_up, state_of, until
from .boiler import MODEL, Boiler
from .flows import Fix, answered, changing, issues, only, suggested

pytestmark = pytest.mark.usefixtures("integration")

DRY: Final = "binary_sensor.pump_dry_run_problem"
LEAK: Final = "binary_sensor.pump_leak_problem"
RULES: Final[Mapping[str, Any]] = {
    "dryRun": {"clear": {"condition": "$(flowRate) > 5"}, "repair": "critical"},
    "leak": {"clear": {"after": 3600}, "repair": True},
}


def entry_with(
    hass: HomeAssistant, pump: MqttSimulator, rules: Mapping[str, Any] = RULES
) -> MockConfigEntry:
    """Return an entry for the pump's broker, with rules for its alerts."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Broker",
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: pump.port,
            CONF_TLS: False,
            CONF_MQTT_VERSION: "3.1.1",
        },
        subentries_data=[
            device_subentry("water_pump", "Pump", pump.base, **{CONF_ALERTS: rules})
        ],
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def entry(hass: HomeAssistant, pump: MqttSimulator) -> MockConfigEntry:
    """Return an entry that runs, whose pump is heard."""
    pump.device.put({"flowRate": 1.0})
    entry = entry_with(hass, pump)
    await set_up(hass, entry)
    await until(lambda: state_of(hass, DRY) != STATE_UNAVAILABLE)
    return entry


async def raised(
    hass: HomeAssistant, pump: MqttSimulator, place: str = "outlet", **more: Any
) -> None:
    """Have the pump leak, and wait until that is known."""
    before = attributes_of(hass, LEAK)["count"]
    fields: dict[str, Any] = {"place": place, "litres": 3.0}
    pump.device.fire("leak", fields=fields, **more)
    await until(lambda: attributes_of(hass, LEAK)["count"] != before)


async def restarted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have the integration begin with nothing but what is on the disk."""
    await flush_store(hass.data[STORE]._store)
    await hass.config_entries.async_unload(entry.entry_id)
    await async_setup_alerts(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def acknowledged(hass: HomeAssistant, **data: Any) -> None:
    """Acknowledge alerts of the pump."""
    await called(hass, "acknowledge_alert", **data)


async def called(hass: HomeAssistant, action: str, **data: Any) -> None:
    """Call an action for the pump."""
    registry = dr.async_get(hass)
    (device,) = registry.async_get_devices(identifiers={(DOMAIN, "key-of-water_pump")})
    await hass.services.async_call(
        DOMAIN, action, {"device_id": device.id, **data}, blocking=True
    )


async def test_alert_is_a_problem_until_a_value_says_that_it_is_over(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    assert state_of(hass, LEAK) == STATE_UNKNOWN  # never shown as fine
    await until(lambda: state_of(hass, "sensor.pump_flow") in {"1", "1.0"})
    assert attributes_of(hass, DRY)["device_class"] == "problem"
    fields: dict[str, Any] = {"flowRate": 0.5, "power": 300.0}
    alert = pump.device.fire("dryRun", severity=Severity.SIGNIFICANT, fields=fields)
    await until(lambda: state_of(hass, DRY) == STATE_ON)
    shown = attributes_of(hass, DRY)
    assert (shown["severity"], shown["count"]) == (alert.severity, 1)
    assert (shown["fields"], shown["acknowledged"]) == (fields, None)
    assert not issues(hass)  # only if it is critical
    pump.device.put({"flowRate": 20.0})
    await until(lambda: state_of(hass, DRY) == STATE_OFF)
    assert attributes_of(hass, DRY)["fields"] == fields  # what it was


async def test_problem_stays_one_while_the_device_is_away(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    await raised(hass, pump)
    await pump.stop()
    await until(lambda: state_of(hass, DRY) == STATE_UNAVAILABLE)
    assert state_of(hass, LEAK) == STATE_ON


async def test_what_holds_survives_a_restart_and_nothing_is_fired_again(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    await raised(hass, pump)
    fired = state_of(hass, "event.pump_leak")
    shown = dict(attributes_of(hass, LEAK))
    await restarted(hass, entry)
    assert state_of(hass, LEAK) == STATE_ON
    assert attributes_of(hass, LEAK) == shown
    assert state_of(hass, "event.pump_leak") == fired
    assert [issue.translation_key for issue in issues(hass)] == ["alert"]


async def test_time_is_over_after_a_restart_too(
    hass: HomeAssistant,
    pump: MqttSimulator,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await raised(hass, pump)
    await flush_store(hass.data[STORE]._store)
    stored = hass_storage[f"{DOMAIN}.alerts"]["data"]["key-of-water_pump"]
    assert "outlet" in str(stored)
    await hass.config_entries.async_unload(entry.entry_id)
    state = stored["states"]["leak"]
    state["until"] = state["since"]  # an hour has passed
    await async_setup_alerts(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state_of(hass, LEAK) == STATE_OFF)
    assert not issues(hass)


async def test_alert_is_over_in_time(hass: HomeAssistant, pump: MqttSimulator) -> None:
    entry = entry_with(hass, pump, {"leak": {"clear": {"after": 0.5}}})
    await set_up(hass, entry)
    await until(lambda: state_of(hass, LEAK) == STATE_OFF)  # as long was listened
    pump.device.fire("leak")
    await until(lambda: state_of(hass, LEAK) == STATE_ON)
    await until(lambda: state_of(hass, LEAK) == STATE_OFF)


async def test_what_is_kept_of_a_device_goes_with_it(
    hass: HomeAssistant,
    pump: MqttSimulator,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await raised(hass, pump)
    hass.config_entries.async_remove_subentry(entry, only(entry).subentry_id)
    await hass.async_block_till_done()
    assert not issues(hass)
    await flush_store(hass.data[STORE]._store)
    assert hass_storage[f"{DOMAIN}.alerts"]["data"] == {}


async def test_what_is_kept_of_a_device_that_goes_is_soon_gone(
    hass: HomeAssistant,
    pump: MqttSimulator,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    await raised(hass, pump)
    store = hass.data[STORE]._store
    await flush_store(store)
    assert hass_storage[f"{DOMAIN}.alerts"]["data"]
    hass.config_entries.async_remove_subentry(entry, only(entry).subentry_id)
    await hass.async_block_till_done()
    assert store._data is not None  # it is to be written
    await flush_store(store)
    assert hass_storage[f"{DOMAIN}.alerts"]["data"] == {}


async def test_field_takes_no_attribute_over_that_home_assistant_has(
    hass: HomeAssistant, broker_port: int
) -> None:
    names = ("event_type", "entity_picture", "where")
    fields = [{"name": name, "type": "STRING"} for name in names]
    burst = {"name": "burst", "urn": "urn:burst", "value": {"fields": fields}}
    boiler = Boiler(hass, broker_port, model={**MODEL, "formats": [burst]})
    await set_up(hass, boiler.entry)
    said = dict.fromkeys(names, "https://example.com")
    await boiler.heard()
    await boiler.say(("alert/burst", json.dumps(said)))
    await until(lambda: state_of(hass, "event.boiler_burst") != STATE_UNKNOWN)
    shown = attributes_of(hass, "event.boiler_burst")
    assert shown["event_type"] == "burst"
    assert "entity_picture" not in shown
    assert shown["where"] == "https://example.com"


# Acknowledging


async def test_acknowledged_alert_stays_active_and_its_repair_goes(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    await raised(hass, pump, severity=Severity.LOW)
    (issue,) = issues(hass)
    told = issue.translation_placeholders
    assert told
    assert (told["device"], told["alert"], told["severity"]) == ("Pump", "Leak", "low")
    assert told["fields"] == "- place: outlet\n- litres: 3"
    await acknowledged(hass, alert="dryRun")
    assert issues(hass)
    await acknowledged(hass, alert="leak")
    assert state_of(hass, LEAK) == STATE_ON
    assert attributes_of(hass, LEAK)["acknowledged"]
    assert not issues(hass)
    await restarted(hass, entry)
    assert state_of(hass, LEAK) == STATE_ON
    assert not issues(hass)  # nor after a restart
    await raised(hass, pump, "drip tray", severity=Severity.CRITICAL)
    assert issues(hass)  # it has become worse
    await acknowledged(hass)
    assert not issues(hass)


async def test_only_alerts_are_acknowledged(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    for name in ("runReport", "nothing"):
        with pytest.raises(ServiceValidationError):
            await acknowledged(hass, alert=name)


async def repairing(hass: HomeAssistant, hass_client: Fix) -> tuple[Any, Any]:
    """Begin the repair of the only issue."""
    (issue,) = issues(hass)
    assert await async_setup_component(hass, "repairs", {})
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": issue.issue_id},
    )
    return client, await begun.json()


async def test_repair_acknowledges(
    hass: HomeAssistant,
    pump: MqttSimulator,
    entry: MockConfigEntry,
    hass_client: Fix,
) -> None:
    await raised(hass, pump)
    client, flow = await repairing(hass, hass_client)
    assert flow["step_id"] == "confirm"
    done = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await done.json())["type"] == "create_entry"
    assert attributes_of(hass, LEAK)["acknowledged"]
    assert not issues(hass)


@pytest.mark.parametrize("gone", ["device", "entry"])
async def test_repair_of_what_is_gone(
    hass: HomeAssistant,
    pump: MqttSimulator,
    entry: MockConfigEntry,
    hass_client: Fix,
    gone: str,
) -> None:
    await raised(hass, pump)
    client, flow = await repairing(hass, hass_client)
    known = entry.runtime_data.coordinators
    kept = dict(known)
    if gone == "device":
        known.clear()
    else:
        await hass.config_entries.async_unload(entry.entry_id)
    done = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert (await done.json())["reason"] == "gone"
    if gone == "device":
        known.update(kept)  # to be ended


# Raising


async def test_alert_is_raised_by_an_action(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    fields = {"place": "outlet", "litres": 2}
    await called(hass, "raise_alert", format="leak", fields=fields, severity="critical")
    shown = attributes_of(hass, "event.pump_leak")
    assert shown["event_type"] == "leak"
    assert (shown["severity"], shown["source"]) == ("CRITICAL", "this_side")
    assert (shown["place"], shown["litres"], shown["count"]) == ("outlet", 2, 1)
    assert state_of(hass, LEAK) == STATE_ON
    pump.device.fire("leak", fields={"place": "drip tray", "litres": 1.0})
    await until(lambda: attributes_of(hass, LEAK)["count"] == 2)  # no echo before
    assert attributes_of(hass, LEAK)["source"] == "device"


async def test_data_is_submitted_by_an_action(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    device = next(iter(entry.runtime_data.coordinators.values())).device
    heard: list[Alert] = []
    device.on_alert("runReport", heard.append)
    ended = "2024-05-01T12:00:00+00:00"
    fields = {"litres": 5, "seconds": 60, "endedAt": ended}
    await called(hass, "submit_data", format="runReport", fields=fields)
    (sent,) = heard
    assert sent.fields["endedAt"] == datetime(2024, 5, 1, 12, tzinfo=UTC)


async def test_fields_are_taken_as_templates_make_them(
    hass: HomeAssistant, pump: MqttSimulator, entry: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    device = next(iter(entry.runtime_data.coordinators.values())).device
    heard: list[Alert] = []
    device.on_alert("runReport", heard.append)
    fields = {"litres": "5.5", "seconds": " 60", "endedAt": "2024-05-01 12:00:00"}
    await called(hass, "submit_data", format="runReport", fields=fields)
    (sent,) = heard
    assert dict(sent.fields) == {
        "litres": 5.5,
        "seconds": 60,
        "endedAt": datetime(2024, 5, 1, 10, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("raise_alert", {"format": "runReport"}),
        ("raise_alert", {"format": "leak"}),
        ("raise_alert", {"format": "leak", "fields": {"place": "roof"}}),
        ("raise_alert", {"format": "leak", "fields": {"places": "outlet"}}),
        ("submit_data", {"format": "leak"}),
        ("submit_data", {"format": "runReport", "fields": {"endedAt": "noon"}}),
    ],
)
async def test_what_cannot_be_raised(
    hass: HomeAssistant, entry: MockConfigEntry, action: str, data: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError):
        await called(hass, action, **data)


async def test_connection_without_a_place_for_alerts_says_so(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    (device,) = dr.async_get(hass).async_get_devices(
        identifiers={(DOMAIN, "key-of-room_climate")}
    )
    fields = {"carbonDioxide": 2000}
    data = {"device_id": device.id, "format": "staleAir", "fields": fields}
    with pytest.raises(ServiceValidationError, match="staleAir"):
        await hass.services.async_call(DOMAIN, "raise_alert", data, blocking=True)
    assert state_of(hass, "event.room_stale_air") == STATE_UNKNOWN


# Saying how alerts are treated


@pytest.mark.parametrize("is_kept", [True, False])
async def test_user_says_how_alerts_are_treated(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry, is_kept: bool
) -> None:
    await set_up(hass, pump_entry)
    subentry = only(pump_entry)
    decided = settled(subentry.data, loaded_of(subentry.data))
    kept = keep(decided if is_kept else ())
    hass.config_entries.async_update_subentry(
        pump_entry, subentry, data={**subentry.data, CONF_DECISIONS: kept}
    )
    await hass.async_block_till_done()
    flow_id = await changing(hass, pump_entry, "alerts")
    result = await answered(hass, flow_id, change="leak")
    assert (result["step_id"], suggested(result)) == ("alert", {})
    result = await answered(hass, flow_id, condition="$(flow) > 5")
    assert result["errors"] == {"base": "choice_invalid"}
    assert "'flow'" in result["description_placeholders"]["problem"]
    assert suggested(result) == {"condition": "$(flow) > 5"}
    said = {
        "clear_format": "dryRun",
        "condition": "$(flowRate) > 5",
        "after": 60.0,
        "severity": "critical",
        "window": 30.0,
        "ignore": ["litres"],
        "repair": "always",
    }
    result = await answered(hass, flow_id, **said)
    assert result["step_id"] == "alerts"
    rows = result["description_placeholders"]["rows"]
    assert "| Leak | critical | dryRun; $(flowRate) \\> 5; after 60 s | 30 s |" in rows
    result = await answered(hass, flow_id, change="leak")
    assert suggested(result) == said
    await answered(hass, flow_id, **said)
    result = await answered(hass, flow_id, change="*")
    assert set(result["data_schema"].schema) == {"window", "repair"}
    await answered(hass, flow_id, window=10.0)
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.ABORT
    await hass.async_block_till_done()
    assert only(pump_entry).data[CONF_ALERTS] == {
        "leak": {
            "clear": {"format": "dryRun", "condition": "$(flowRate) > 5", "after": 60},
            "severity": "CRITICAL",
            "window": 30,
            "ignore": ["litres"],
            "repair": "always",
        },
        "*": {"window": 10},
    }
    assert hass.states.get(LEAK)
    unique_ids = {one.unique_id for one in er.async_get(hass).entities.values()}
    assert "key-of-water_pump-problem-leak" in unique_ids
    # What is said no more is as it was, and so are the entities.
    flow_id = await changing(hass, pump_entry, "alerts")
    await answered(hass, flow_id, change="leak")
    await answered(hass, flow_id)
    await answered(hass, flow_id)
    await hass.async_block_till_done()
    assert only(pump_entry).data[CONF_ALERTS] == {"*": {"window": 10}}
    assert hass.states.get(LEAK) is None


async def test_device_without_alerts_has_none_to_treat(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    subentry = only(pump_entry)
    document = dict(subentry.data["document"])
    document["model"] = {**document["model"], "formats": []}
    document["binding"] = {}
    hass.config_entries.async_update_subentry(
        pump_entry, subentry, data={**subentry.data, "document": document}
    )
    await hass.async_block_till_done()
    result: Any = await pump_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    assert "alerts" not in result["menu_options"]


async def test_problem_shows_in_the_preview_with_its_reason(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    data = only(entry).data
    found = [one for one in settled(data, loaded_of(data)) if one.kind is Kind.PROBLEM]
    assert [(one.element, one.reasons["platform"]) for one in found] == [
        ("dryRun", "ALERT format that is over by a condition"),
        ("leak", "ALERT format that is over 3600 s after it"),
    ]


async def test_what_its_user_says_of_an_alert_goes_with_its_name(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    said = {"leak": {"repair": "always", "clear": {"format": "dryRun"}}, "*": {}}
    data = {**only(entry).data, CONF_ALERTS: said}
    spelled = json.dumps(data[CONF_DOCUMENT])
    spelled = spelled.replace('"dryRun"', '"dry"').replace('"leak"', '"water"')
    changed = with_model(data, load_document(json.loads(spelled), "x"), "x")
    assert changed[CONF_ALERTS] == {
        "water": {"repair": "always", "clear": {"format": "dry"}},
        "*": {},
    }
    found = {
        one.element: one.element_id
        for one in settled(changed, loaded_of(changed))
        if one.kind is Kind.PROBLEM
    }
    assert found == {"water": "problem-leak"}  # its entity stays
    assert with_model(data, loaded_of(data), "x")[CONF_ALERTS] == said
