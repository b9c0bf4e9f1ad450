"""Attributes whose types were guessed, and corrected by the user, once."""

from collections.abc import AsyncGenerator
from typing import Any

from aiocoap import Code
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models import descriptions
from custom_components.device_models.const import (
    CONF_CORRECTIONS,
    CONF_DECISIONS,
    CONF_OVERLAY,
)

from .acting import attributes_of, set_up, state_of
from .flows import (
    Fix,
    answered,
    edited,
    element_form,
    fixed,
    ids,
    only,
    shown_as_enabled,
    suggested,
)
from .iot.connections.coap_server import BareServer, Content, bare_server
from .test_descriptions import entry_of, listing

pytestmark = pytest.mark.usefixtures("integration")

LINKS = "</fan>,</level>;ct=0,</room>"


@pytest.fixture
async def node(socket_enabled: None) -> AsyncGenerator[BareServer]:
    """Run a node whose resources are of no known object."""
    async with bare_server(
        **{".well-known__core": Content(LINKS.encode(), 40)},
        fan=Content(b"1", 0),
        level=Content(b"17", 0),
        room=Content(b"4", 0),
        more=Content(b"on", 0),
    ) as server:
        yield server


@pytest.fixture
def node_entry(hass: HomeAssistant, node: BareServer) -> MockConfigEntry:
    """Return the entry of the node."""
    values = {"/fan": 1, "/level": 17, "/room": 4}
    return entry_of(hass, node, {"links": LINKS, "values": values})


async def corrected(
    hass: HomeAssistant, entry: MockConfigEntry, element: str, **entered: Any
) -> dict[str, Any]:
    """Say what an element is; returns what its form is filled in with then."""
    flow_id, enabled = await shown_as_enabled(hass, entry)
    form = await element_form(hass, flow_id, element, enabled)
    result = await answered(hass, flow_id, **(form | entered))
    assert result["step_id"] == "element"
    form = suggested(result)
    await answered(hass, flow_id, **form)
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    return form


async def test_number_that_is_a_switch(
    hass: HomeAssistant,
    node: BareServer,
    node_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    await set_up(hass, node_entry)
    assert state_of(hass, "sensor.node_fan") == "1"
    form = await corrected(
        hass, node_entry, "attribute-fan", type="boolean", writable=True, name="Blower"
    )
    assert (form["platform"], form["name"]) == ("switch", "Blower")
    assert only(node_entry).data[CONF_CORRECTIONS] == {
        "fan": {"type": "BOOLEAN", "writable": True}
    }
    assert ids(entity_registry)["key-of-node-attribute-fan"] == "switch.node_blower"
    assert state_of(hass, "switch.node_blower") == "on"
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": "switch.node_blower"}, blocking=True
    )
    (written,) = node.resources["fan",].asked(Code.PUT)
    assert (written.payload, int(written.opt.content_format)) == (b"0", 0)
    await hass.config_entries.async_reload(node_entry.entry_id)
    assert state_of(hass, "switch.node_blower") == "off"


async def test_number_with_unit_that_can_be_set(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    await set_up(hass, node_entry)
    await corrected(hass, node_entry, "attribute-level", writable=True)
    await edited(hass, node_entry, "attribute-level", unit="%", max=50, name="Speed")
    shown = attributes_of(hass, "number.node_level")
    assert (shown["unit_of_measurement"], shown["max"]) == ("%", 50)
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.node_level", "value": 20},
        blocking=True,
    )
    (written,) = node.resources["level",].asked(Code.PUT)
    assert written.payload in {b"20", b"20.0"}


async def test_text_that_looks_like_a_number(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    await set_up(hass, node_entry)
    await corrected(hass, node_entry, "attribute-room", type="string")
    assert "state_class" not in attributes_of(hass, "sensor.node_room")
    node.resources["room",].change(b"4b")
    (coordinator,) = node_entry.runtime_data.coordinators.values()
    await coordinator.async_refresh()
    assert state_of(hass, "sensor.node_room") == "4b"


async def test_correction_can_be_taken_back(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    await set_up(hass, node_entry)
    decided = only(node_entry).data.get(CONF_DECISIONS, {}).get("attribute-fan")
    await corrected(hass, node_entry, "attribute-fan", type="boolean", name="Blower")
    assert state_of(hass, "binary_sensor.node_blower") == "on"
    form = await corrected(hass, node_entry, "attribute-fan", reset=True)
    assert (form["type"], form["name"]) == ("number", "Fan")
    data = only(node_entry).data
    assert data[CONF_CORRECTIONS] == {}
    assert data[CONF_OVERLAY].get("attributes", {}) == {}
    assert decided is None or data[CONF_DECISIONS]["attribute-fan"] == decided
    assert state_of(hass, "sensor.node_fan") == "1"


async def test_only_guesses_can_be_corrected(
    hass: HomeAssistant, node: BareServer
) -> None:
    links = "</3303/0/5700>,</fan>"
    entry = entry_of(hass, node, {"links": links, "values": {"/fan": 1}})
    await set_up(hass, entry)
    flow_id, enabled = await shown_as_enabled(hass, entry)
    form = await element_form(hass, flow_id, "attribute-3303/0/5700", enabled)
    assert "type" not in form


async def test_corrections_are_in_the_exported_file(
    hass: HomeAssistant, node_entry: MockConfigEntry
) -> None:
    await set_up(hass, node_entry)
    await corrected(hass, node_entry, "attribute-fan", type="boolean", writable=True)
    (subentry_id,) = node_entry.subentries
    result: Any = await node_entry.start_subentry_reconfigure_flow(hass, subentry_id)
    result = await answered(hass, result["flow_id"], next_step_id="export")
    text = suggested(result)["document"]
    assert "type: BOOLEAN" in text
    assert "writable: true" in text


async def test_corrections_outlast_another_description(
    hass: HomeAssistant,
    hass_client: Fix,
    node: BareServer,
    node_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(descriptions, "FIRST_AFTER", 0)
    monkeypatch.setattr(descriptions, "APART", 0)
    assert await async_setup_component(hass, REPAIRS, {})
    await set_up(hass, node_entry)
    await corrected(hass, node_entry, "attribute-fan", type="boolean", writable=True)
    listing(node).change(f"{LINKS},</more>".encode())
    await hass.config_entries.async_reload(node_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await fixed(hass, hass_client, "take")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state_of(hass, "switch.node_fan") == "on"
    assert state_of(hass, "sensor.node_more") == "on"
