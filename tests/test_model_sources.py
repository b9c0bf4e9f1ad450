"""Where the model of a device comes from: the device itself, and an address."""

import asyncio
import json
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models import preview
from custom_components.device_models.const import (
    CONF_DECISIONS,
    CONF_SOURCE,
    MAX_ENABLED_ENTITIES,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.describing_steps import DESCRIBING
from simulators.coap import CoapSimulator
from simulators.mqtt import MqttSimulator

from .acting import set_up, state_of, until
from .flows import answered
from .iot.connections.coap_server import Content, bare_server
from .test_zeroconf import entry_at

pytestmark = pytest.mark.usefixtures("integration")

MODEL: dict[str, Any] = {
    "urn": "urn:com:acme:thermo",
    "name": "Thermo",
    "attributes": [{"name": "temperature", "type": "NUMBER", "unit": "Cel"}],
}


@pytest.fixture(autouse=True)
def quick_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen only as long as it takes here."""
    monkeypatch.setattr(preview, "LISTEN_SECONDS", 0.2)


async def begun(hass: HomeAssistant, entry: MockConfigEntry, source: str) -> str:
    """Begin to add a device, and choose where its model comes from."""
    for subentry_id in list(entry.subentries):
        hass.config_entries.async_remove_subentry(entry, subentry_id)
    await set_up(hass, entry)
    flows = hass.config_entries.subentries
    started = await flows.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    assert source in started["menu_options"]
    await answered(hass, started["flow_id"], next_step_id=source)
    return str(started["flow_id"])


async def asked(hass: HomeAssistant, flow_id: str, **entered: Any) -> dict[str, Any]:
    """Have the device asked, and wait for what comes of it."""
    flows = hass.config_entries.subentries
    result = await answered(hass, flow_id, **entered)
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = dict(await flows.async_configure(flow_id))
    return result


def offered(result: dict[str, Any]) -> dict[str, str]:
    """Return the choices of a form with one field, and what they are called."""
    (field,) = result["data_schema"].schema.values()
    return {one["value"]: one["label"] for one in field.config["options"]}


async def test_device_behind_coap_is_asked_and_matched(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    flow_id = await begun(hass, room_entry, "device")
    result = await asked(hass, flow_id)
    assert result["step_id"] == "match"
    labels = offered(result)
    assert next(iter(labels)) == "itself"
    assert labels["room_climate"].startswith("100 %: Room climate controller (")
    assert "water_pump" not in labels
    result = await answered(hass, flow_id, model="room_climate")
    assert result["step_id"] == "path"
    await answered(hass, flow_id, name="Room")
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.room_temperature") != "unavailable"


async def test_device_behind_coap_is_taken_by_its_own_words(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    flow_id = await begun(hass, room_entry, "device")
    await asked(hass, flow_id)
    result = await answered(hass, flow_id, model="itself")
    assert result["step_id"] == "path"
    result = await answered(hass, flow_id, name="Room")
    assert result["step_id"] == "preview", result["errors"]
    shown = result["description_placeholders"]
    assert shown["format"] == "CoRE link listing"
    assert str(room.device.values["temperature"]) in shown["rows"]
    await answered(hass, flow_id)
    await hass.async_block_till_done()
    (subentry,) = room_entry.subentries.values()
    assert subentry.data[CONF_SOURCE] == "device"
    states = {state.state for state in hass.states.async_all("sensor")}
    assert str(room.device.values["temperature"]) in states


async def test_device_that_does_not_answer_can_be_asked_again(
    hass: HomeAssistant,
    room: CoapSimulator,
    room_entry: MockConfigEntry,
    quick_requests: None,
) -> None:
    flow_id = await begun(hass, room_entry, "device")
    room.faults.silent = True
    result = await asked(hass, flow_id, place="floor/1")
    assert result["step_id"] == "device"
    assert result["errors"]
    room.faults.silent = False
    result = await asked(hass, flow_id)
    assert result["step_id"] == "match"


async def test_device_behind_a_broker_is_asked(
    hass: HomeAssistant, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    flow_id = await begun(hass, pump_entry, "device")
    result = await asked(hass, flow_id, place="cellar/#")  # refused at once
    assert result["errors"] == {"base": "model_invalid"}
    result = await asked(hass, flow_id, place="cellar/pump/")
    assert result["step_id"] == "match", result["description_placeholders"]
    assert offered(result)["water_pump"].partition(" %")[0] > "5"
    result = await answered(hass, flow_id, model="itself")
    assert result["step_id"] == "topic"
    await answered(hass, flow_id, name="Pump", place="cellar/pump", confirm=True)
    await answered(hass, flow_id)
    await hass.async_block_till_done()
    pressure = str(pump.device.values["outletPressure"])
    await until(
        lambda: pressure in {state.state for state in hass.states.async_all("sensor")}
    )


async def test_connection_that_is_not_running_cannot_ask(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    flows = hass.config_entries.subentries
    started = await flows.async_init(
        (room_entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    assert "device" not in started["menu_options"]
    assert "library" in started["menu_options"]


async def test_model_from_an_address(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    async def model(_request: web.Request) -> web.Response:
        return web.json_response(MODEL)

    app = web.Application()
    app.router.add_get("/thermo.json", model)
    async with TestServer(app) as server:
        flow_id = await begun(hass, room_entry, "url")
        result = await answered(hass, flow_id, url="file:///etc/passwd")
        assert result["errors"]
        result = await answered(hass, flow_id, url=str(server.make_url("/nothing")))
        assert result["errors"]
        result = await answered(hass, flow_id, url=str(server.make_url("/thermo.json")))
        assert result["step_id"] == "path"
    result = await answered(hass, flow_id, name="Thermo")
    assert result["step_id"] == "preview"
    assert "| Temperature |" in result["description_placeholders"]["rows"]


async def test_device_is_not_asked_any_further_when_the_flow_is_closed(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    flow_id = await begun(hass, room_entry, "device")
    room.faults.silent = True
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    (asking,) = (task for task in asyncio.all_tasks() if task.get_name() == DESCRIBING)
    hass.config_entries.subentries.async_abort(flow_id)
    await asyncio.wait([asking], timeout=1)
    assert asking.cancelled()


async def test_table_of_a_huge_model_is_cut(
    hass: HomeAssistant, room_entry: MockConfigEntry
) -> None:
    many = [{"name": f"a{number}", "type": "NUMBER"} for number in range(300)]
    document = {"urn": "urn:x", "name": "Huge", "attributes": many}
    flow_id = await begun(hass, room_entry, "paste")
    await answered(hass, flow_id, document=json.dumps(document))
    await answered(hass, flow_id, name="Huge")
    result = await answered(hass, flow_id, name="Huge", anyway=True)
    rows = result["description_placeholders"]["rows"].splitlines()
    assert len(rows) == preview.MAX_ROWS + 1
    assert rows[-1] == f"| … and {300 - preview.MAX_ROWS} more | | | |"
    assert "300 × sensor" in result["description_placeholders"]["summary"]
    result = await answered(hass, flow_id)
    (subentry,) = room_entry.subentries.values()
    decided = subentry.data[CONF_DECISIONS].values()
    assert sum(one.get("enabled", True) for one in decided) == MAX_ENABLED_ENTITIES
    await hass.async_block_till_done()


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_own_words_that_cannot_be_used_here(hass: HomeAssistant) -> None:
    """No other model fits: what is wrong is told where the device was asked."""
    said = {
        "model": {
            "urn": "urn:example:valve",
            "name": "Valve",
            "attributes": [{"name": "turns", "type": "NUMBER"}],
        },
        "overlay": {"attributes": {"turns": {"platform": "lighthouse"}}},
    }
    words = Content(json.dumps(said).encode(), 50)
    async with bare_server(**{".well-known__wot": words}) as server:
        entry = entry_at(server.port)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        flow_id = await begun(hass, entry, "device")
        result = await asked(hass, flow_id)
        assert result["step_id"] == "device"
        assert result["errors"] == {"base": "model_invalid"}
        assert result["description_placeholders"]["where"].endswith("platform")
        del said["overlay"]
        words.change(json.dumps(said).encode())
        result = await asked(hass, flow_id)
        assert result["step_id"] == "path"
        await hass.config_entries.async_unload(entry.entry_id)
