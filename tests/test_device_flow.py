"""Adding devices to a connection, as a user does it."""

from collections.abc import Generator
from contextlib import contextmanager
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models import preview
from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRM,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_SILENT_AFTER,
    CONF_SOURCE,
    SUBENTRY_DEVICE,
)
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import displayed, set_up, state_of, until

pytestmark = pytest.mark.usefixtures("integration")

THERMO = {
    "urn": "urn:com:acme:thermo",
    "name": "Thermo",
    "attributes": [
        {"name": "temp", "type": "NUMBER", "unit": "Cel"},
        {"name": "secret", "type": "STRING", "sensitive": True},
        {"name": "temp", "type": "STRING"},
    ],
    "actions": [{"name": "move", "argType": "INTEGER"}],
}


@pytest.fixture(autouse=True)
def quick_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen only as long as it takes here."""
    monkeypatch.setattr(preview, "LISTEN_SECONDS", 0.2)


async def begun(hass: HomeAssistant, entry: ConfigEntry, source: str) -> str:
    """Begin to add a device, and choose where its model comes from."""
    flows = hass.config_entries.subentries
    result = await flows.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    result = await flows.async_configure(result["flow_id"], {"next_step_id": source})
    assert result["type"] is FlowResultType.FORM
    return str(result["flow_id"])


async def answered(hass: HomeAssistant, flow_id: str, **entered: Any) -> dict[str, Any]:
    """Fill in a form."""
    flows = hass.config_entries.subentries
    return dict(await flows.async_configure(flow_id, entered))


def emptied(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take the devices away that an entry of the fixtures begins with."""
    for subentry_id in list(entry.subentries):
        hass.config_entries.async_remove_subentry(entry, subentry_id)


@contextmanager
def uploaded(content: bytes, path: Path) -> Generator[None]:
    """Have an uploaded file with this content."""
    path.write_bytes(content)

    @contextmanager
    def process(_hass: HomeAssistant, _file_id: str) -> Generator[Path]:
        yield path

    with patch(
        "custom_components.device_models.model_steps.process_uploaded_file", process
    ):
        yield


async def test_bundled_model(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    emptied(hass, room_entry)
    await set_up(hass, room_entry)
    flow_id = await begun(hass, room_entry, "library")
    result = await answered(hass, flow_id, model="room_climate")
    assert result["step_id"] == "path"
    result = await answered(hass, flow_id, name="Bedroom")
    assert result["step_id"] == "preview"
    shown = result["description_placeholders"]
    assert shown["model"] == "Room climate controller"
    assert "8 × sensor" in shown["summary"]
    assert shown["known"] == shown["readable"]
    temperature = room.device.values["temperature"]
    assert (
        f"| Temperature | {temperature} | sensor, temperature, °C | read-only NUMBER; "
        "unit in the model; overlay; semantic type |" in shown["rows"]
    )
    assert "| Window | off | binary sensor, window |" in shown["rows"]
    assert displayed(hass) == set()  # nothing is created before it was shown
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (subentry,) = room_entry.subentries.values()
    assert subentry.title == "Bedroom"
    assert subentry.data[CONF_SOURCE] == "library:room_climate"
    assert subentry.data[CONF_BASE] == ""
    assert state_of(hass, "sensor.bedroom_temperature") == str(temperature)


async def test_pasted_model(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    flow_id = await begun(hass, room_entry, "paste")
    result = await answered(hass, flow_id, document="{not json")
    assert result["errors"] == {"base": "model_invalid"}
    assert "expected JSON" in result["description_placeholders"]["problem"]
    result = await answered(hass, flow_id, document=json.dumps(THERMO))
    assert result["step_id"] == "path"
    result = await answered(hass, flow_id, name="Thermo", place="elsewhere")
    assert result["errors"] == {"base": "no_values"}
    result = await answered(
        hass, flow_id, name="Thermo", place="elsewhere", anyway=True
    )
    shown = result["description_placeholders"]
    assert (shown["known"], shown["readable"]) == ("0", "2")
    assert "| – |" in shown["rows"]
    assert "the name 'temp' is there already" in shown["remarks"]
    assert "action move: it needs arguments" in shown["remarks"]
    result = await answered(hass, flow_id)
    subentry = next(s for s in room_entry.subentries.values() if s.title == "Thermo")
    assert subentry.data[CONF_DOCUMENT] == THERMO
    assert subentry.data[CONF_SOURCE] == "paste"
    await hass.async_block_till_done()


async def test_uploaded_model(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    tmp_path: Path,
) -> None:
    await set_up(hass, room_entry)
    flow_id = await begun(hass, room_entry, "upload")
    with uploaded(b"\xff\xfe", tmp_path / "thermo.json"):
        result = await answered(hass, flow_id, file="1b5c2f7e" * 4)
    assert result["errors"] == {"base": "model_invalid"}
    assert result["description_placeholders"]["source"] == "thermo.json"
    with uploaded(json.dumps(THERMO).encode(), tmp_path / "thermo.json"):
        result = await answered(hass, flow_id, file="1b5c2f7e" * 4)
    assert result["step_id"] == "path"
    result = await answered(hass, flow_id, name="Thermo", place="elsewhere")
    result = await answered(
        hass, flow_id, name="Thermo", place="elsewhere", anyway=True
    )
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_model_with_a_binding_that_does_not_fit(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    document = {"model": THERMO, "binding": {"coap": {"attributes": {"wrong": "x"}}}}
    await set_up(hass, room_entry)
    flow_id = await begun(hass, room_entry, "paste")
    result = await answered(hass, flow_id, document=json.dumps(document))
    assert result["errors"] == {"base": "model_invalid"}
    assert result["description_placeholders"]["where"].endswith("attributes.wrong")


async def test_device_at_a_place_that_is_taken(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    await set_up(hass, room_entry)
    flow_id = await begun(hass, room_entry, "library")
    await answered(hass, flow_id, model="room_climate")
    result = await answered(hass, flow_id, name="Again", place="/")
    assert result["errors"] == {"base": "already_configured"}
    result = await answered(hass, flow_id, name="Again", place="floor/2/")
    assert result["errors"] == {"base": "no_values"}
    result = await answered(hass, flow_id, name="Again", place="floor/2/", anyway=True)
    assert result["step_id"] == "preview"
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "floor/2" in {s.data[CONF_BASE] for s in room_entry.subentries.values()}
    await hass.async_block_till_done()


async def test_device_behind_a_broker(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    emptied(hass, pump_entry)
    await set_up(hass, pump_entry)
    flow_id = await begun(hass, pump_entry, "library")
    await answered(hass, flow_id, model="water_pump")
    result = await answered(hass, flow_id, name="Pump", place="cellar/#")
    assert result["errors"] == {"base": "model_invalid"}
    entered: dict[str, Any] = {
        CONF_NAME: "Pump",
        CONF_BASE: "cellar/pump",
        CONF_SILENT_AFTER: 60,
        CONF_CONFIRM: True,
    }
    result = await answered(hass, flow_id, **entered)
    shown = result["description_placeholders"]
    assert shown["known"] == shown["readable"]
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await until(lambda: state_of(hass, "switch.pump_pump") in ("on", "off"))


async def test_preview_without_a_running_connection(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    flow_id = await begun(hass, room_entry, "library")
    await answered(hass, flow_id, model="room_climate")
    result = await answered(hass, flow_id, name="Other", place="other")
    assert result["description_placeholders"]["known"] == "0"


async def test_device_that_does_not_answer(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    quick_requests: None,
) -> None:
    await set_up(hass, room_entry)
    room.faults.silent = True
    flow_id = await begun(hass, room_entry, "library")
    await answered(hass, flow_id, model="room_climate")
    result = await answered(hass, flow_id, name="Other", place="other")
    assert result["errors"] == {"base": "no_values"}
    assert "dropped" not in caplog.text
    room.faults.silent = False
    result = await answered(hass, flow_id, name="Other", place="other")
    assert result["errors"] == {"base": "no_values"}
    assert "dropped" not in caplog.text


async def test_sensitive_values_are_not_previewed(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    document = {
        "urn": "urn:x",
        "name": "Pump",
        "attributes": [
            {"name": "label", "type": "STRING", "sensitive": True},
            {"name": "datasheet", "type": "URI"},
        ],
    }
    emptied(hass, pump_entry)
    await set_up(hass, pump_entry)
    flow_id = await begun(hass, pump_entry, "paste")
    await answered(hass, flow_id, document=json.dumps(document))
    result = await answered(
        hass, flow_id, name="Pump", place="cellar/pump", confirm=False
    )
    rows = result["description_placeholders"]["rows"]
    assert "| Label | ••• |" in rows
    assert str(pump.device.values["label"]) not in rows


async def test_change_of_name_and_place_keeps_the_entities(
    hass: HomeAssistant,
    pump: MqttSimulator,
    pump_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, pump_entry)
    before = {
        entity.unique_id: entity.entity_id
        for entity in entity_registry.entities.values()
    }
    (subentry,) = pump_entry.subentries.values()
    result: Any = await pump_entry.start_subentry_reconfigure_flow(
        hass, subentry.subentry_id
    )
    options = [
        "entities", "policies", "alerts", "commands", "place", "about",
        "model", "export",
    ]  # fmt: skip
    assert result["menu_options"] == options
    flow_id = result["flow_id"]
    result = await answered(hass, flow_id, next_step_id="place")
    assert result["step_id"] == "place"
    entered = {CONF_NAME: "Well", CONF_BASE: "garden/+", CONF_CONFIRM: True}
    result = await answered(hass, flow_id, **entered)
    assert result["errors"] == {"base": "model_invalid"}
    entered[CONF_BASE] = "garden/well"
    result = await answered(hass, flow_id, **entered)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    (subentry,) = pump_entry.subentries.values()
    assert subentry.title == "Well"
    assert subentry.data[CONF_BASE] == "garden/well"
    assert subentry.data[CONF_KEY] == "key-of-water_pump"
    after = {
        entity.unique_id: entity.entity_id
        for entity in entity_registry.entities.values()
    }
    assert after == before
    assert state_of(hass, "switch.pump_pump") == "unavailable"


async def test_devices_whose_models_name_every_topic_need_no_base(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    emptied(hass, pump_entry)
    await set_up(hass, pump_entry)
    for name in ("power", "flowRate"):
        document = {
            "model": {
                "urn": f"urn:com:acme:{name}",
                "name": name,
                "attributes": [{"name": name, "type": "NUMBER"}],
            },
            "binding": {
                "mqtt": {
                    "state": {"topic": "/cellar/pump/state"},
                    "attributes": {name: f"/cellar/pump/{name}"},
                    "availability": False,
                }
            },
        }
        flow_id = await begun(hass, pump_entry, "paste")
        await answered(hass, flow_id, document=json.dumps(document))
        result = await answered(hass, flow_id, name=name, confirm=True)
        assert result["step_id"] == "preview", result["description_placeholders"]
        result = await answered(hass, flow_id)
        assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    flow_id = await begun(hass, pump_entry, "library")
    await answered(hass, flow_id, model="water_pump")
    result = await answered(hass, flow_id, name="Pump", confirm=True)
    assert "expected a base topic" in result["description_placeholders"]["problem"]


async def test_draft_is_called_one_and_an_empty_one_is_refused(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    emptied(hass, room_entry)
    await set_up(hass, room_entry)
    flow_id = await begun(hass, room_entry, "paste")
    document: dict[str, Any] = {"urn": "urn:x", "name": "Draft", "draft": True}
    result = await answered(hass, flow_id, document=json.dumps(document))
    assert "expected at least one" in result["description_placeholders"]["problem"]
    sample = {"temperature": 21.5, "humidity": 40}
    await answered(hass, flow_id, document=json.dumps(sample))
    result = await answered(hass, flow_id, name="Draft")
    shown = result["description_placeholders"]
    assert shown["format"] == "sample payload"
    assert "This is a draft" in shown["draft"]
    assert str(room.device.values["temperature"]) in shown["rows"]
