"""Endpoints that announce themselves: offered, set up, and followed."""

import asyncio
from ipaddress import ip_address
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import instance_id
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.announcement import (
    MAX_NAME,
    SERVICES,
    Announcement,
)
from custom_components.device_models.const import (
    CONF_CA,
    CONF_CONFIRMABLE,
    CONF_IDENTITY,
    CONF_INTERVAL,
    CONF_SHARED_KEY,
    CONF_SYSTEM,
    CONF_THING,
    CONF_TRANSPORT,
    DOMAIN,
)
from custom_components.device_models.iot.connections.coap import transports
from custom_components.device_models.iot.connections.coap.transports import Transport
from custom_components.device_models.systems import System
from simulators.coap import CoapSimulator

from .acting import set_up
from .flows import suggested
from .iot.connections.certificates import Authority
from .iot.connections.coap_server import Content, bare_server, state
from .iot.connections.test_coap_streams import server_side, serving
from .iot.connections.things import free_port, lacking

COAP = "_coap._udp.local."
WOT = "_wot._udp.local."
OURS = "0123456789abcdef"

THING: dict[str, Any] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "id": "urn:dev:ops:32473-lamp-7",
    "title": "Lamp",
    "securityDefinitions": {"open": {"scheme": "nosec"}},
    "security": "open",
    "properties": {
        "on": {"type": "boolean", "forms": [{"href": "/on", "op": "readproperty"}]}
    },
}


def heard(port: int | None, **changes: Any) -> ZeroconfServiceInfo:
    """Return an announcement on this machine, as Home Assistant passes it on."""
    address = ip_address(changes.pop("address", "127.0.0.1"))
    kind = changes.get("type", COAP)
    usual: dict[str, Any] = {
        "ip_address": address,
        "ip_addresses": [address],
        "port": port,
        "hostname": "node-1.local.",
        "type": kind,
        "name": f"{changes.pop('instance', 'Room sensor')}.{kind}",
        "properties": {},
    }
    return ZeroconfServiceInfo(**{**usual, **changes})


async def announce(hass: HomeAssistant, info: ZeroconfServiceInfo) -> ConfigFlowResult:
    """Have an announcement arrive."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info
    )


async def confirm(hass: HomeAssistant, offer: ConfigFlowResult) -> ConfigFlowResult:
    """Accept an offer."""
    assert offer["step_id"] == "zeroconf_confirm"
    return await hass.config_entries.flow.async_configure(offer["flow_id"], {})


def entry_at(port: int, host: str = "127.0.0.1", **changes: Any) -> MockConfigEntry:
    """Return an entry as the user's flow makes it."""
    made: dict[str, Any] = {
        "domain": DOMAIN,
        "title": f"CoAP {host}:{port}",
        "data": {
            CONF_SYSTEM: System.COAP,
            CONF_HOST: host,
            CONF_PORT: port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: 30,
        },
    }
    return MockConfigEntry(**{**made, **changes})


def place(entry: ConfigEntry) -> tuple[str, int]:
    """Return where an entry leads."""
    return entry.data[CONF_HOST], entry.data[CONF_PORT]


def offers(hass: HomeAssistant) -> list[str]:
    """Return the names of what is offered."""
    return [
        flow["context"]["title_placeholders"]["name"]
        for flow in hass.config_entries.flow.async_progress()
    ]


def read(info: ZeroconfServiceInfo) -> Announcement:
    """Return what an announcement is understood as."""
    announced = Announcement.of(info, OURS)
    assert announced is not None
    return announced


# What is offered


def test_manifest_asks_for_what_is_understood() -> None:
    manifest = Path("custom_components/device_models/manifest.json")
    assert json.loads(manifest.read_text())["zeroconf"] == sorted(SERVICES)


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_endpoint_is_offered_and_set_up(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    offer = await announce(hass, heard(room.port))
    assert offer["type"] is FlowResultType.FORM
    assert offer["description_placeholders"] == {
        "name": "Room sensor",
        "address": f"127.0.0.1:{room.port}",
    }
    assert offers(hass) == ["Room sensor"]
    result = await confirm(hass, offer)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Room sensor"
    assert result["data"] == {
        CONF_SYSTEM: "coap",
        CONF_HOST: "127.0.0.1",
        CONF_PORT: room.port,
        CONF_TRANSPORT: "udp",
        CONF_CONFIRMABLE: True,
        CONF_INTERVAL: 30,
    }
    assert result["result"].unique_id == "_coap._udp room sensor"
    assert result["result"].state is ConfigEntryState.LOADED
    (following,) = hass.config_entries.subentries.async_progress()
    assert following["flow_id"] == result["next_flow"][1]


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_endpoint_that_does_not_answer_is_tried_again(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    room.faults.silent = True
    result = await confirm(hass, await announce(hass, heard(room.port)))
    assert result["errors"] == {"base": "unreachable"}
    assert "no answer" in str(result["description_placeholders"])
    room.faults.silent = False
    result = await confirm(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("integration")
@pytest.mark.parametrize(
    "info",
    [
        heard(None),
        heard(0),
        heard(65536),
        heard(-1),
        heard(5683, address="0.0.0.0"),  # noqa: S104
        heard(5683, address="224.0.1.187"),
        heard(5683, address="fe80::1"),
        heard(5683, address="ff02::fd"),
        heard(80, type="_wot._tcp.local.", properties={"scheme": "mqtt"}),
        heard(80, type=WOT, properties={"scheme": "coap+ws"}),
    ],
    ids=str,
)
async def test_what_cannot_be_used_is_not_offered(
    hass: HomeAssistant, info: ZeroconfServiceInfo
) -> None:
    result = await announce(hass, info)
    assert result["reason"] == "not_usable"


@pytest.mark.usefixtures("integration")
async def test_what_home_assistant_announces_itself_is_not_offered(
    hass: HomeAssistant,
) -> None:
    own = await instance_id.async_get(hass)
    result = await announce(hass, heard(5683, properties={"uuid": own}))
    assert result["reason"] == "not_usable"
    other = await announce(hass, heard(5683, properties={"uuid": "another"}))
    assert other["type"] is FlowResultType.FORM


# What an announcement says


@pytest.mark.parametrize(
    ("changes", "identity"),
    [
        ({}, "_coap._udp room sensor"),
        ({"instance": "ROOM Sensor"}, "_coap._udp room sensor"),
        ({"type": WOT}, "_wot._udp room sensor"),
        ({"properties": {"id": "A1B2C3D4"}}, "_coap._udp a1b2c3d4"),
        ({"properties": {"EP": " node-00042 "}}, "_coap._udp node-00042"),
        ({"properties": {"ep": "node-00042", "id": "1"}}, "_coap._udp node-00042"),
        ({"properties": {"id": "1"}}, "_coap._udp room sensor"),
        ({"properties": {"id": "a\nb\nc\nd"}}, "_coap._udp room sensor"),
        ({"properties": {"id": None, "ep": ""}}, "_coap._udp room sensor"),
    ],
)
def test_identity(changes: dict[str, Any], identity: str) -> None:
    assert read(heard(5683, **changes)).identity == identity
    moved = heard(9999, address="192.0.2.7", **changes)
    assert read(moved).identity == identity


@pytest.mark.parametrize(
    ("info", "name"),
    [
        (heard(5683, instance="Küche 🍳"), "Küche 🍳"),
        (heard(5683, instance="![x](http://evil)"), "!x(http://evil)"),
        (heard(5683, instance="a`b\x07\u202ec"), "abc"),
        (heard(5683, instance="x" * 200), "x" * MAX_NAME),
        (heard(5683, instance="\x00"), "node-1.local"),
        (heard(5683, instance="", hostname=""), "127.0.0.1"),
    ],
)
def test_name_is_harmless(info: ZeroconfServiceInfo, name: str) -> None:
    assert read(info).name == name


@pytest.mark.parametrize(
    ("properties", "thing"),
    [
        ({"td": "/things/lamp"}, "/things/lamp"),
        ({"td": "/things/lamp", "type": "Thing", "scheme": "coap"}, "/things/lamp"),
        ({"td": "/things", "type": "Directory"}, None),
        ({}, None),
        ({"td": "things/lamp"}, None),
        ({"td": "//other.example/td"}, None),
        ({"td": "coap://other.example/td"}, None),
        ({"td": "/a\nb"}, None),
        ({"td": "/" + "x" * 300}, None),
    ],
)
def test_thing_description(properties: dict[str, str], thing: str | None) -> None:
    assert read(heard(5683, type=WOT, properties=properties)).thing == thing
    assert read(heard(5683, properties=properties)).thing is None


def test_address_of_the_sixth_version() -> None:
    announced = read(heard(5683, address="2001:db8::5"))
    assert announced.address == "[2001:db8::5]:5683"
    assert announced.data == {
        CONF_SYSTEM: "coap",
        CONF_HOST: "2001:db8::5",
        CONF_PORT: 5683,
        CONF_TRANSPORT: "udp",
    }


@given(
    instance=st.text(max_size=80),
    properties=st.dictionaries(
        st.sampled_from(["id", "ep", "td", "type", "scheme", "uuid", "ID"]),
        st.none() | st.text(max_size=300),
    ),
    port=st.integers() | st.none(),
    address=st.ip_addresses().map(str),
    kind=st.sampled_from([*SERVICES, "_http._tcp.local."]),
)
def test_any_announcement_is_understood_or_left(
    instance: str,
    properties: dict[str, str | None],
    port: int | None,
    address: str,
    kind: str,
) -> None:
    info = heard(
        port, instance=instance, properties=properties, address=address, type=kind
    )
    announced = Announcement.of(info, OURS)
    if announced is not None:
        assert announced.name.isprintable()
        assert 0 < len(announced.name) <= MAX_NAME
        assert 0 < announced.port < 65536
        assert announced.is_at(announced.data)


# What is there already


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_running_entry_follows_its_endpoint(
    hass: HomeAssistant, room: CoapSimulator, room_entry: MockConfigEntry
) -> None:
    """To another port, which is what can be had on loopback."""
    hass.config_entries.async_update_entry(
        room_entry, unique_id="_coap._udp room sensor"
    )
    await set_up(hass, room_entry)
    before = {state.entity_id for state in hass.states.async_all()}
    await room.stop()
    room.port = free_port()
    await room.start()
    reached = []
    room_entry.async_on_state_change(lambda: reached.append(room_entry.state))
    result = await announce(hass, heard(room.port))
    assert result["reason"] == "already_configured"
    await hass.async_block_till_done()
    assert place(room_entry) == ("127.0.0.1", room.port)
    assert reached.count(ConfigEntryState.LOADED) == 1
    assert room_entry.state is ConfigEntryState.LOADED
    assert room_entry.title == "Room"
    assert {state.entity_id for state in hass.states.async_all()} == before


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_entry_that_waits_is_tried_again_at_once(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    entry = entry_at(free_port(), unique_id="_coap._udp room sensor")
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await announce(hass, heard(room.port))
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == f"CoAP 127.0.0.1:{room.port}"


@pytest.mark.usefixtures("integration", "quick_requests")
@pytest.mark.parametrize("host", ["127.0.0.1", "node-1.local", "Node-1.local"])
async def test_entry_made_by_hand_is_recognised_and_followed_from_then_on(
    hass: HomeAssistant, room: CoapSimulator, host: str
) -> None:
    entry = entry_at(room.port, host)
    entry.add_to_hass(hass)
    result = await announce(hass, heard(room.port))
    assert result["reason"] == "already_configured"
    assert entry.unique_id == "_coap._udp room sensor"
    assert place(entry) == (host, room.port)
    await announce(hass, heard(5690, address="192.0.2.7"))
    # A name needs no new address.
    moved = "192.0.2.7" if host == "127.0.0.1" else host
    assert place(entry) == (moved, 5690)
    assert entry.title == f"CoAP {moved}:5690"
    assert offers(hass) == []


@pytest.mark.usefixtures("integration")
async def test_address_that_the_device_still_has_is_kept(hass: HomeAssistant) -> None:
    entry = entry_at(5683, "192.0.2.7", unique_id="_coap._udp room sensor")
    entry.add_to_hass(hass)
    both = [ip_address("2001:db8::5"), ip_address("192.0.2.7")]
    await announce(hass, heard(5683, ip_address=both[0], ip_addresses=both))
    assert place(entry) == ("192.0.2.7", 5683)
    await announce(hass, heard(5683, address="2001:db8::5"))
    assert place(entry) == ("2001:db8::5", 5683)


@pytest.mark.usefixtures("integration")
async def test_entry_of_another_system_is_not_meant(
    hass: HomeAssistant, pump_entry: MockConfigEntry
) -> None:
    port = pump_entry.data[CONF_PORT]
    result = await announce(hass, heard(port))
    assert result["type"] is FlowResultType.FORM
    assert pump_entry.unique_id is None


@pytest.mark.usefixtures("integration")
async def test_server_with_several_things_is_offered_once(hass: HomeAssistant) -> None:
    await announce(hass, heard(5683, type=WOT, instance="Lamp"))
    for other in (heard(5683, type=WOT, instance="Fan"), heard(5683, instance="Box")):
        result = await announce(hass, other)
        assert result["reason"] == "already_in_progress"
    assert offers(hass) == ["Lamp"]
    again = await announce(hass, heard(5683, type=WOT, instance="Lamp"))
    assert again["reason"] == "already_in_progress"


@pytest.mark.usefixtures("integration")
async def test_announcements_at_the_same_moment(hass: HomeAssistant) -> None:
    names = ("Lamp", "Fan", "Box", "Lamp")
    await asyncio.gather(*(announce(hass, heard(5683, instance=one)) for one in names))
    assert len(offers(hass)) == 1


@pytest.mark.usefixtures("integration")
async def test_server_with_several_things_is_one_entry(hass: HomeAssistant) -> None:
    entry = entry_at(5683, unique_id="_wot._udp lamp")
    entry.add_to_hass(hass)
    result = await announce(hass, heard(5683, type=WOT, instance="Fan"))
    assert result["reason"] == "already_configured"
    assert entry.unique_id == "_wot._udp lamp"
    # It moves, and the announcement by which it is not known comes first.
    await announce(hass, heard(5690, type=WOT, instance="Fan"))
    await announce(hass, heard(5691, type=WOT, instance="Other"))
    assert sorted(offers(hass)) == ["Fan", "Other"]
    await announce(hass, heard(5690, type=WOT, instance="Lamp"))
    assert place(entry) == ("127.0.0.1", 5690)
    assert offers(hass) == ["Other"]


@pytest.mark.usefixtures("integration")
async def test_offer_follows_its_endpoint(hass: HomeAssistant) -> None:
    await announce(hass, heard(5683))
    await announce(hass, heard(5683, instance="Other", address="192.0.2.9"))
    offer: Any = await announce(hass, heard(5690, address="192.0.2.7"))
    assert offer["description_placeholders"]["address"] == "192.0.2.7:5690"
    assert sorted(offers(hass)) == ["Other", "Room sensor"]


@pytest.mark.usefixtures("integration")
async def test_ignored_endpoint_stays_ignored(hass: HomeAssistant) -> None:
    await announce(hass, heard(5683))
    identity = read(heard(5683)).identity
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": identity, "title": "Room sensor"},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert offers(hass) == []
    result = await announce(hass, heard(5690))
    assert result["reason"] == "already_configured"
    (ignored,) = hass.config_entries.async_entries(DOMAIN)
    assert ignored.data == {}


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_entry_made_by_hand_takes_the_offer_of_the_same_endpoint(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    await announce(hass, heard(5690, instance="Other"))
    await announce(hass, heard(room.port))
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flow.async_configure(result["flow_id"], {"next_step_id": System.COAP})
    entered = dict(entry_at(room.port).data)
    del entered[CONF_SYSTEM]
    result = await flow.async_configure(result["flow_id"], entered)
    assert result["result"].unique_id == "_coap._udp room sensor"
    assert offers(hass) == ["Other"]


@pytest.mark.usefixtures("integration", "quick_requests")
async def test_offer_of_what_was_set_up_in_between_ends(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    offer = await announce(hass, heard(room.port))
    entry = entry_at(room.port, "node-1.local")
    entry.add_to_hass(hass)
    result = await confirm(hass, offer)
    assert result["reason"] == "already_configured"
    assert entry.unique_id == "_coap._udp room sensor"


@pytest.mark.usefixtures("integration", "quick_requests")
@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("announced", [{}, {CONF_THING: "/things/hall"}])
async def test_what_was_announced_is_forgotten_with_the_place(
    hass: HomeAssistant, room: CoapSimulator, announced: dict[str, str], *, moves: bool
) -> None:
    port = free_port() if moves else room.port
    entry = entry_at(port, title="Hall", unique_id="_wot._udp hall")
    entry.add_to_hass(hass)
    entered = {**entry.data, CONF_PORT: room.port, CONF_INTERVAL: 60}
    del entered[CONF_SYSTEM]
    hass.config_entries.async_update_entry(entry, data={**entry.data, **announced})
    result = await entry.start_reconfigure_flow(hass)
    await hass.config_entries.flow.async_configure(result["flow_id"], entered)
    await hass.async_block_till_done()
    assert entry.title == "Hall"
    assert entry.data[CONF_INTERVAL] == 60
    assert entry.unique_id == (None if moves else "_wot._udp hall")
    assert {CONF_THING: entry.data.get(CONF_THING)} == (
        {CONF_THING: None} | ({} if moves else announced)
    )


# What is announced of a thing


@pytest.mark.usefixtures("integration", "quick_requests")
@pytest.mark.parametrize(
    ("announced", "well_known", "found"),
    [
        ("/things/lamp", None, "Lamp"),
        ("/things/lamp", "Porch", "Lamp"),
        ("/things/none", "Porch", "Porch"),
        ("/things/../lamp", "Porch", "Porch"),
        ("/things/%ff", "Porch", "Porch"),
    ],
)
async def test_announced_thing_description_is_what_the_device_says_of_itself(
    hass: HomeAssistant, announced: str, well_known: str | None, found: str
) -> None:
    resources = {"things__lamp": Content(json.dumps(THING).encode(), 432)}
    if well_known:
        thing = {**THING, "title": well_known}
        resources[".well-known__wot"] = Content(json.dumps(thing).encode(), 432)
    async with bare_server(**resources) as server:
        info = heard(server.port, type=WOT, properties={"td": announced})
        offer: Any = await announce(hass, info)
        assert offer["step_id"] == "offer"
        assert offer["description_placeholders"]["model"] == found
        flow = hass.config_entries.flow
        result = await flow.async_configure(offer["flow_id"], suggested(offer))
        assert result["data"][CONF_THING] == announced
        await hass.config_entries.async_unload(result["result"].entry_id)


# Other ways than UDP


@pytest.mark.usefixtures("integration")
async def test_thing_over_tcp(hass: HomeAssistant) -> None:
    async with serving("tcpserver", state=state()) as port:
        tcp = {"type": "_wot._tcp.local.", "properties": {"scheme": "coap+tcp"}}
        offer = await announce(hass, heard(port, **tcp))
        result = await hass.config_entries.flow.async_configure(
            offer["flow_id"], suggested(offer)
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["title"] == "Room sensor"
        assert result["data"][CONF_TRANSPORT] == "tcp"
        # The same port over UDP is another endpoint.
        other = await announce(hass, heard(port, instance="Another"))
        assert other["step_id"] == "zeroconf_confirm"


@pytest.mark.usefixtures("integration")
async def test_thing_with_a_certificate(hass: HomeAssistant, tmp_path: Path) -> None:
    home = Authority()
    tls = server_side(home.sign("localhost"), tmp_path)
    port = free_port()
    secure = {"type": "_wot._tcp.local.", "properties": {"scheme": "coaps+tcp"}}
    configure = hass.config_entries.flow.async_configure
    result = await confirm(hass, await announce(hass, heard(port + 1, **secure)))
    assert result["step_id"] == "tls"
    result = await configure(result["flow_id"], {CONF_CA: home.certificate})
    assert result["step_id"] == "zeroconf_confirm"
    assert result["errors"] == {"base": "unreachable"}
    async with serving("tlsserver", port, tls, state=state()):
        result = await configure(result["flow_id"], {})
        result = await configure(result["flow_id"], {CONF_CA: home.certificate})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["title"] == "Room sensor"
        assert result["data"][CONF_CA] == home.certificate


@pytest.mark.usefixtures("integration")
async def test_way_that_cannot_be_gone_is_not_offered(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch, Transport.DTLS, "xyz_of_nobody")
    secure = heard(5684, type=WOT, properties={"scheme": "coaps"})
    assert (await announce(hass, secure))["reason"] == "not_usable"
    monkeypatch.undo()
    if transports._load(transports.TRANSPORTS[Transport.DTLS]):
        return
    assert (await announce(hass, secure))["step_id"] == "zeroconf_confirm"


@pytest.mark.usefixtures("integration")
async def test_protected_endpoint_is_not_followed_to_an_open_one(
    hass: HomeAssistant,
) -> None:
    # A device may announce itself both ways; anybody may in its name.
    entry = entry_at(5684, unique_id="_wot._udp node-0123456789")
    data = {
        **entry.data,
        CONF_TRANSPORT: "dtls",
        CONF_IDENTITY: "x",
        CONF_SHARED_KEY: "y",
    }
    entry = entry_at(5684, unique_id="_wot._udp node-0123456789", data=data)
    entry.add_to_hass(hass)
    ident = {"id": "node-0123456789"}
    for port, scheme in ((5683, "coap"), (5685, "coaps")):
        said = heard(port, type=WOT, properties={**ident, "scheme": scheme})
        assert (await announce(hass, said))["reason"] == "already_configured"
        assert place(entry) == ("127.0.0.1", 5684 if scheme == "coap" else 5685)
