"""A Thing with forms of several protocols, moved from one connection to the others."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .acting import set_up, state_of
from .flows import answered, changing, ids, only, suggested
from .http_thing import HttpThing, http_thing
from .iot.connections.coap_server import BareServer, Content, bare_server
from .test_device_actions import entry_with
from .test_zeroconf import entry_at

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled", "quick_requests")


def everywhere(
    http: HttpThing, coap: BareServer, name: str, kind: str
) -> dict[str, Any]:
    """Return a property that is read and written over each protocol."""
    places = [
        f"{http.url}/properties/{name}",
        f"coap://127.0.0.1:{coap.port}/{name}",
    ]
    return {
        "type": kind,
        "forms": [
            {"href": place, "op": ["readproperty", "writeproperty"]} for place in places
        ],
    }


@pytest.fixture
async def coap() -> AsyncGenerator[BareServer]:
    """Run the thing over CoAP."""
    resources = {"temperature": Content(b"18.5"), "heating": Content(b"true")}
    async with bare_server(**resources) as server:
        yield server


@pytest.fixture
async def http(coap: BareServer, socket_enabled: None) -> AsyncGenerator[HttpThing]:
    """Run the thing over HTTP, where it says what it is."""
    async with http_thing() as thing:
        thing.thing["properties"] = {
            "temperature": everywhere(thing, coap, "temperature", "number"),
            "heating": everywhere(thing, coap, "heating", "boolean"),
        }
        yield thing


async def test_thing_is_moved_from_http_to_coap_and_back(
    hass: HomeAssistant,
    http: HttpThing,
    coap: BareServer,
    entity_registry: er.EntityRegistry,
) -> None:
    over_http, over_coap = entry_with(http), entry_at(coap.port)
    for entry in (over_http, over_coap):
        entry.add_to_hass(hass)
        await set_up(hass, entry)
    assert state_of(hass, "number.boiler_temperature") == "21.5"
    before = ids(entity_registry)
    await moved(hass, over_http, over_coap)
    assert state_of(hass, "number.boiler_temperature") == "18.5"
    assert ids(entity_registry) == before
    heating = {"entity_id": "switch.boiler_heating"}
    await hass.services.async_call("switch", "turn_off", heating, blocking=True)
    assert coap.resources[("heating",)].payload == b"false"
    await moved(hass, over_coap, over_http)
    assert state_of(hass, "number.boiler_temperature") == "21.5"
    assert ids(entity_registry) == before
    await hass.services.async_call("switch", "turn_on", heating, blocking=True)
    assert http.values["heating"] is True
    for entry in (over_http, over_coap):
        await hass.config_entries.async_unload(entry.entry_id)


async def moved(
    hass: HomeAssistant, source: MockConfigEntry, target: MockConfigEntry
) -> None:
    """Move the only device of an entry to another one."""
    flow_id = await changing(hass, source, "move")
    result = await answered(hass, flow_id, entry=target.entry_id)
    assert result["step_id"] == "path"
    result = await answered(hass, flow_id, **suggested(result))
    assert result["reason"] == "moved", result
    await hass.async_block_till_done()
    assert not source.subentries
    assert only(target).title == "Boiler"


async def test_thing_is_moved_away_from_a_connection_that_is_down(
    hass: HomeAssistant,
    http: HttpThing,
    coap: BareServer,
    entity_registry: er.EntityRegistry,
) -> None:
    over_http, over_coap = entry_with(http), entry_at(coap.port)
    for entry in (over_http, over_coap):
        entry.add_to_hass(hass)
        await set_up(hass, entry)
    before = ids(entity_registry)
    await hass.config_entries.async_unload(over_http.entry_id)
    await moved(hass, over_http, over_coap)
    assert state_of(hass, "number.boiler_temperature") == "18.5"
    assert ids(entity_registry) == before
    await hass.config_entries.async_unload(over_coap.entry_id)
