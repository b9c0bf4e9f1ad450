"""Devices that describe themselves, and by and by describe themselves differently."""

import asyncio
from collections.abc import AsyncGenerator
import json
from typing import Any, override

from aiocoap import Message
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models import descriptions
from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRMABLE,
    CONF_DOCUMENT,
    CONF_INTERVAL,
    CONF_KEY,
    CONF_SOURCE,
    CONF_SYSTEM,
    DOMAIN,
    SOURCE_DEVICE,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.systems import System

from .acting import set_up, state_of, until
from .flows import Fix, fixed, ids, issues, only
from .iot.connections.coap_server import BareServer, Content, bare_server
from .iot.connections.things import thing

pytestmark = pytest.mark.usefixtures("integration", "at_once")

LINKS = '</t>;title="Air",</3303/0/5700>,</3303/0/5701>'


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have devices asked without a pause."""
    monkeypatch.setattr(descriptions, "FIRST_AFTER", 0)
    monkeypatch.setattr(descriptions, "APART", 0)


@pytest.fixture
async def node(socket_enabled: None) -> AsyncGenerator[BareServer]:
    """Run a node that lists its resources."""
    async with bare_server(
        **{".well-known__core": Content(LINKS.encode(), 40)},
        **{"3303__0__5700": Content(b"18.5", 0), "3303__0__5701": Content(b"Cel", 0)},
        **{"3__0__3": Content(b"1.2.4", 0)},
        t=Content(b"21", 0),
        hum=Content(b"40", 0),
    ) as server:
        yield server


@pytest.fixture
def node_entry(hass: HomeAssistant, node: BareServer) -> MockConfigEntry:
    """Return the entry of the node, which has been asked what it is before."""
    document = {
        "links": LINKS,
        "values": {"/t": 20.5, "/3303/0/5700": 18.5, "/3303/0/5701": "Cel"},
    }
    return entry_of(hass, node, document)


def entry_of(hass: HomeAssistant, node: BareServer, document: Any) -> MockConfigEntry:
    """Return the entry of a node with this description."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Node",
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: node.port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: 60.0,
        },
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title="Node",
                unique_id=load_document(document, "node").model.urn,
                data={
                    CONF_KEY: "key-of-node",
                    CONF_SOURCE: SOURCE_DEVICE,
                    CONF_DOCUMENT: document,
                    CONF_BASE: "",
                },
            )
        ],
    )
    entry.add_to_hass(hass)
    return entry


def listing(node: BareServer) -> Content:
    """Return the resource that lists the others."""
    return node.resources[".well-known", "core"]


def times_asked(node: BareServer) -> int:
    """Return how often the node was asked what it has, but for signs of life."""
    return len(listing(node).requests)


async def asked_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Have the only device of an entry asked, and wait until that is over."""
    (coordinator,) = entry.runtime_data.coordinators.values()
    entry.runtime_data.connection.on_description_changed(coordinator.device)
    await hass.async_block_till_done(wait_background_tasks=True)


async def settled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, and wait until its device was asked again."""
    await set_up(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_device_that_says_the_same_is_left_alone(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    node.resources["t",].change(b"not to be had")  # a text, all of a sudden
    await settled(hass, node_entry)
    assert issues(hass) == []


async def test_new_resource_is_a_repair_and_entities_keep_their_ids(
    hass: HomeAssistant,
    hass_client: Fix,
    node: BareServer,
    node_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    await settled(hass, node_entry)
    before = ids(entity_registry)
    listing(node).change(f"{LINKS},</hum>,</3303/0/5605>".encode())
    await asked_again(hass, node_entry)
    (issue,) = issues(hass)
    assert issue.translation_key == "description_changed"
    assert issue.translation_placeholders == {
        "device": "Node",
        "changes": "- Added: attribute hum, action 3303/0/5605",
    }
    assert ids(entity_registry) == before  # nothing happens by itself
    await fixed(hass, hass_client, "take")
    assert issues(hass) == []
    after = ids(entity_registry)
    assert after.items() > before.items()
    assert {*after} - {*before} == {
        "key-of-node-attribute-hum",
        "key-of-node-action-3303/0/5605",
    }
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []
    assert state_of(hass, "sensor.node_air") == "21"


async def test_what_was_kept_is_not_told_again_with_other_values(
    hass: HomeAssistant,
    hass_client: Fix,
    node: BareServer,
    node_entry: MockConfigEntry,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    listing(node).change(b'</t>;title="Air",</3303/0/5701>,</hum>')
    await settled(hass, node_entry)
    (issue,) = issues(hass)
    assert issue.translation_placeholders is not None
    told = issue.translation_placeholders["changes"]
    assert "Removed: attribute 3303/0/5700" in told
    await fixed(hass, hass_client, "stay")
    assert issues(hass) == []
    node.resources["t",].change(b"23")
    await hass.config_entries.async_reload(node_entry.entry_id)
    await settled(hass, node_entry)
    assert issues(hass) == []
    listing(node).change(b'</t>;title="Air"')
    await hass.config_entries.async_reload(node_entry.entry_id)
    await settled(hass, node_entry)
    assert len(issues(hass)) == 1


async def test_another_unit_is_told(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    node.resources["3303", "0", "5701"].change(b"[degF]")
    await settled(hass, node_entry)
    (issue,) = issues(hass)
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["changes"] == (
        "- Changed: attribute 3303/0/5700: unit Cel → [degF]"
    )


TD: dict[str, Any] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "id": "urn:example:node",
    "title": "Node",
    "security": "nosec_sc",
    "securityDefinitions": {"nosec_sc": {"scheme": "nosec"}},
    "properties": {
        "air": {
            "type": "number",
            "readOnly": True,
            "forms": [{"href": "/t", "contentType": "text/plain"}],
        }
    },
}


@pytest.mark.parametrize(
    "answer",
    [
        b"{",
        b'{"@context": "https://www.w3.org/2022/wot/td/v1.1"}',
        json.dumps({**TD, "properties": {}}).encode(),
    ],
)
async def test_description_of_no_use_does_not_harm_the_device(
    hass: HomeAssistant, node: BareServer, answer: bytes
) -> None:
    things = Content(answer, 432)
    node.resources[".well-known", "wot"] = things
    await node.restart()
    entry = entry_of(hass, node, TD)
    await settled(hass, entry)
    assert things.requests
    # The listing, which tells less, takes no place of a Thing Description.
    assert issues(hass) == []
    assert state_of(hass, "sensor.node_air") == "21"


async def test_device_that_does_not_answer_stays_as_it_is(
    hass: HomeAssistant,
    node: BareServer,
    node_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def silent(_request: Message) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    await settled(hass, node_entry)
    monkeypatch.setattr(listing(node), "render_get", silent)
    monkeypatch.setattr(descriptions, "SECONDS", 0.05)
    caplog.set_level("DEBUG")
    await asked_again(hass, node_entry)
    assert issues(hass) == []
    told = (one for one in caplog.records if "in vain" in one.getMessage())
    assert {record.levelname for record in told} == {"DEBUG"}


async def test_thing_description_takes_the_place_of_a_listing(
    hass: HomeAssistant,
    hass_client: Fix,
    node: BareServer,
    node_entry: MockConfigEntry,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    node.resources[".well-known", "wot"] = Content(json.dumps(TD).encode(), 432)
    await node.restart()
    await settled(hass, node_entry)
    assert len(issues(hass)) == 1
    await fixed(hass, hass_client, "take")
    data = only(node_entry).data
    assert data[CONF_DOCUMENT] == TD
    assert data[CONF_SOURCE] == SOURCE_DEVICE
    assert only(node_entry).unique_id == "urn:example:node"


async def test_model_from_elsewhere_is_not_compared_with_the_device(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    subentry = only(node_entry)
    hass.config_entries.async_update_subentry(
        node_entry, subentry, data={**subentry.data, CONF_SOURCE: "paste"}
    )
    listing(node).change(b"</hum>")
    await set_up(hass, node_entry)
    await asked_again(hass, node_entry)
    assert times_asked(node) == 1  # whether it is there
    assert issues(hass) == []


class Slow(Content):
    """A listing that takes its time, when it is told to."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload, 40)
        self.answers = asyncio.Event()
        self.answers.set()

    @override
    async def render_get(self, request: Message) -> Message:
        answer = await super().render_get(request)
        await self.answers.wait()
        return answer


@pytest.mark.parametrize("change", ["removed", "edited"])
async def test_device_that_changes_while_it_is_asked(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry, change: str
) -> None:
    node.resources[".well-known", "core"] = slow = Slow(f"{LINKS},</hum>".encode())
    await node.restart()
    subentry = only(node_entry)
    data = {**subentry.data, CONF_SOURCE: "paste"}
    hass.config_entries.async_update_subentry(node_entry, subentry, data=data)
    await set_up(hass, node_entry)
    hass.config_entries.async_update_subentry(
        node_entry, subentry, data={**data, CONF_SOURCE: SOURCE_DEVICE}
    )
    slow.answers.clear()
    before = times_asked(node)
    await until(lambda: times_asked(node) > before)
    if change == "edited":
        edited = {**data, CONF_SOURCE: "upload"}
        hass.config_entries.async_update_subentry(node_entry, subentry, data=edited)
    else:
        hass.config_entries.async_remove_subentry(node_entry, subentry.subentry_id)
    slow.answers.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert node_entry.runtime_data.described == {}
    assert issues(hass) == []


async def test_connection_that_is_told_of_no_descriptions(
    hass: HomeAssistant, node_entry: MockConfigEntry
) -> None:
    await settled(hass, node_entry)
    stranger = thing(node_entry.runtime_data.connection)
    node_entry.runtime_data.connection.on_description_changed(stranger)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert issues(hass) == []


async def test_device_that_goes_before_it_is_asked(
    hass: HomeAssistant, node: BareServer, node_entry: MockConfigEntry
) -> None:
    await settled(hass, node_entry)
    before = times_asked(node)
    (coordinator,) = node_entry.runtime_data.coordinators.values()
    node_entry.runtime_data.connection.on_description_changed(coordinator.device)
    hass.config_entries.async_remove_subentry(node_entry, coordinator.subentry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert times_asked(node) == before


async def test_firmware_that_is_another_by_now(
    hass: HomeAssistant, node: BareServer
) -> None:
    links = f"{LINKS},</3/0/3>"
    values = {"/t": 20.5, "/3303/0/5700": 18.5, "/3303/0/5701": "Cel"}
    listing(node).change(links.encode())
    document = {"links": links, "values": {**values, "/3/0/3": "1.2.3"}}
    entry = entry_of(hass, node, document)
    await settled(hass, entry)
    registry = dr.async_get(hass)
    (known,) = registry.async_get_devices(identifiers={(DOMAIN, "key-of-node")})
    assert known.sw_version == "1.2.4"
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)
