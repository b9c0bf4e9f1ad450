"""Devices that are found behind a connection, to choose from."""

from collections.abc import AsyncGenerator
import json
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_ASKED,
    CONF_BASE,
    CONF_CONFIRMABLE,
    CONF_SOURCE,
    CONF_SYSTEM,
    CONF_THING,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.systems import System

from .acting import set_up, state_of
from .flows import answered, only
from .iot.connections.coap_server import BareServer, Content, bare_server
from .iot.connections.http_server import http_server, value
from .iot.connections.test_coap_describe import TD
from .iot.connections.test_coap_directory import LOOKUP, Lookup, listing, registered
from .iot.connections.test_http_directory import Listing, things

pytestmark = pytest.mark.usefixtures("integration")

THINGS = ('</one>;rt="wot.thing";title="One"', '</two>;rt="wot.thing";title="Two"')


@pytest.fixture
async def server(socket_enabled: None) -> AsyncGenerator[BareServer]:
    """Run an endpoint with two things and a directory."""
    two = {**TD, "id": "urn:two", "title": "Two"}
    async with bare_server(
        **{
            ".well-known__core": listing(*THINGS, LOOKUP),
            "rd-lookup__ep": Lookup(*registered(30)),
        },
        one=Content(json.dumps(TD).encode(), 432),
        two=Content(json.dumps(two).encode(), 432),
        t=Content(b"21.5", 0),
    ) as running:
        yield running


@pytest.fixture
def entry(hass: HomeAssistant, server: BareServer) -> MockConfigEntry:
    """Return the entry of the endpoint, without devices."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Endpoint",
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: server.port,
            CONF_CONFIRMABLE: True,
        },
    )
    entry.add_to_hass(hass)
    return entry


async def searched(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Begin to add a device, and search for one."""
    flows = hass.config_entries.subentries
    started = await flows.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    assert "search" in started["menu_options"]
    result = await answered(hass, started["flow_id"], next_step_id="search")
    return await progressed(hass, result)


async def progressed(hass: HomeAssistant, result: dict[str, Any]) -> dict[str, Any]:
    """Wait until something shows again what it has come to."""
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        flows = hass.config_entries.subentries
        result = dict(await flows.async_configure(result["flow_id"]))
    return result


async def test_thing_that_was_found_is_added(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    result = await searched(hass, entry)
    assert result["step_id"] == "found"
    (field,) = result["data_schema"].schema.values()
    assert [one["label"] for one in field.config["options"]] == ["One", "Two"]
    elsewhere = result["description_placeholders"]["elsewhere"]
    assert elsewhere.startswith("- node1: `coap://192.0.2.1:5683`\n")
    assert elsewhere.endswith("- … and 10 more")
    result = await answered(hass, result["flow_id"], found="/two")
    result = await progressed(hass, result)
    assert result["step_id"] == "path"
    result = await answered(hass, result["flow_id"], name="Two")
    await answered(hass, result["flow_id"])
    await hass.async_block_till_done()
    data = only(entry).data
    assert (data[CONF_SOURCE], data[CONF_BASE], data[CONF_ASKED]) == (
        "device",
        "",
        "/two",
    )
    assert state_of(hass, "sensor.two_temperature") == "21.5"


async def test_nothing_is_found_here(
    hass: HomeAssistant, entry: MockConfigEntry, server: BareServer
) -> None:
    await set_up(hass, entry)
    server.resources[".well-known", "core"].change(LOOKUP.encode())
    result = await searched(hass, entry)
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "nothing_found",
    )
    assert "- node1: " in result["description_placeholders"]["elsewhere"]


async def test_search_fails(
    hass: HomeAssistant, entry: MockConfigEntry, server: BareServer
) -> None:
    await set_up(hass, entry)
    server.resources[".well-known", "core"].change(b"<")
    result = await searched(hass, entry)
    assert (result["type"], result["reason"]) == (
        FlowResultType.ABORT,
        "model_invalid",
    )


@pytest.mark.parametrize("place", ["", "/things", "/directory"])
async def test_thing_of_a_directory_is_added(
    hass: HomeAssistant, socket_enabled: None, place: str
) -> None:
    (registered,) = things(1)
    handlers: Any = {
        "/things": Listing([registered]),
        "/things/urn:thing:0": value(registered, content_type="application/td+json"),
        "/things/level": value(3),
        "/directory": value({**TD, "@type": "ThingDirectory"}),
    }
    async with http_server(handlers) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Directory",
            data={
                CONF_SYSTEM: System.HTTP,
                CONF_HOST: "127.0.0.1",
                CONF_PORT: server.port,
                CONF_TLS: False,
                CONF_THING: place,
            },
        )
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        result = await searched(hass, entry)
        assert result["step_id"] == "found"
        result = await answered(hass, result["flow_id"], found="/things/urn:thing:0")
        result = await progressed(hass, result)
        assert result["step_id"] == "path"
        result = await answered(hass, result["flow_id"], name="Lamp")
        assert result["step_id"] == "preview", result["errors"]
        await answered(hass, result["flow_id"])
        await hass.async_block_till_done()
        data = only(entry).data
        assert (data[CONF_BASE], data[CONF_ASKED]) == ("", "/things/urn:thing:0")
        assert state_of(hass, "number.lamp_level") == "3"
        await hass.config_entries.async_unload(entry.entry_id)
