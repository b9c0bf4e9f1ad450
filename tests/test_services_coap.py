"""The actions for raw CoAP, against servers on this machine."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
import json
from pathlib import Path
import re
import socket
from typing import Any, Final

from aiocoap import Code, Message
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol
import yaml

from custom_components.device_models.coap import actions as coap_actions
from custom_components.device_models.coap.actions import (
    DATA_COAP,
    EVENT_NOTIFICATION,
    EVENT_REQUEST_COMPLETE,
)
from custom_components.device_models.const import (
    CONF_ANY_HOST,
    CONF_CONFIRMABLE,
    CONF_INTERVAL,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_OTHER_HOSTS,
    CONF_SENDER_ID,
    CONF_SYSTEM,
    CONF_TRANSPORT,
    DOMAIN,
)
from custom_components.device_models.iot.connections.coap import multicast
from custom_components.device_models.iot.connections.coap.multicast import GROUPS
from custom_components.device_models.iot.connections.coap.transports import Transport
from custom_components.device_models.systems import System
from simulators.coap import CoapSimulator

from .acting import set_up, until
from .iot.connections.coap_server import BareServer, Content, bare_server
from .iot.connections.programs import output_of, running
from .iot.connections.test_coap_links import LINKS, links, member
from .iot.connections.test_coap_oscore import SALT, SECRET, protected
from .iot.connections.things import free_port, lacking, nothing_left
from .iot.connections.udp_peer import (
    NON,
    UdpPeer,
    acknowledged_only,
    answer,
    garbage,
    polite,
    silent,
    udp_peer,
)
from .translations import TEXTS

pytestmark = pytest.mark.usefixtures("integration", "quick_requests")

INTEGRATION: Final = Path("custom_components/device_models")
PAGE: Final = Path("docs/coap-actions.md").read_text()
ELSEWHERE: Final = "localhost"
"""The same machine by another name, which no entry is about."""


@pytest.fixture
async def entry(
    hass: HomeAssistant, integration: None, room_entry: MockConfigEntry
) -> MockConfigEntry:
    """Set up the connection to the room."""
    await set_up(hass, room_entry)
    assert room_entry.state is ConfigEntryState.LOADED
    return room_entry


@pytest.fixture
async def bare(entry: MockConfigEntry) -> AsyncGenerator[BareServer]:
    """Run a server whose resources tests can change, on the allowed host."""
    resources = {
        "thing": Content(b'{"on":true}', 50, max_age=60, tagged=True),
        ".well-known__core": Content(LINKS, 40),
        "rd-lookup__res": Content(b"<coap://other/a>;rt=x", 40),
    }
    async with bare_server(**resources) as server:
        yield server


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Carry out an action; returns its response."""
    silent_ones = {"coap_cancel", "coap_observe_stop"}
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=action not in silent_ones
    )


def at(port: int, path: str = "thing", host: str = "127.0.0.1") -> str:
    return f"coap://{host}:{port}/{path}"


def room_device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


# Requests


async def test_request(hass: HomeAssistant, bare: BareServer) -> None:
    uri = at(bare.port)
    got = await act(hass, "coap_request", uri=uri, accept=50)
    assert (got["code"], got["payload"]) == ("2.05", {"on": True})
    assert got["round_trip_time"] > 0
    json.dumps(got)
    same = await act(hass, "coap_request", uri=uri, etag=got["etag"])
    assert (same["code"], same["payload"]) == ("2.03", None)
    put = await act(
        hass,
        "coap_request",
        uri=uri,
        method="put",
        payload={"on": False},
        if_match=[got["etag"]],
        options=[{"number": 65000, "value": 513, "type": "uint"}],
        confirmable=False,
    )
    assert put["code"] == "2.04"
    (request,) = bare.resources["thing",].asked(3)
    assert request.payload == b'{"on":false}'
    assert request.mtype == NON
    assert request.opt.content_format == 50
    assert request.opt.if_match == (bytes.fromhex(got["etag"]),)
    await act(hass, "coap_request", uri=uri, method=2, payload_base64="AP8=")
    (request,) = bare.resources["thing",].asked(2)
    assert request.payload == b"\x00\xff"


async def test_request_to_a_device(
    hass: HomeAssistant, entry: MockConfigEntry, room: CoapSimulator
) -> None:
    device = room_device(hass, entry)
    got = await act(hass, "coap_request", device_id=device, path="state")
    assert got["payload"]["temperature"] == room.device.values["temperature"]
    got = await act(hass, "coap_request", device_id=device, path="/.well-known/core")
    assert "</state>" in got["payload"]
    found = await act(hass, "coap_discover", device_id=device)
    assert any(link["target"] == "/state" for link in found["links"])


async def test_refusal_is_an_answer_unless_it_is_to_fail(
    hass: HomeAssistant, bare: BareServer
) -> None:
    uri = at(bare.port, "absent")
    assert (await act(hass, "coap_request", uri=uri))["success"] is False
    with pytest.raises(HomeAssistantError, match=r"4\.04") as caught:
        await act(hass, "coap_request", uri=uri, fail_on_error=True)
    assert not isinstance(caught.value, ServiceValidationError)
    got = await act(hass, "coap_request", uri=at(bare.port), fail_on_error=True)
    assert got["success"]


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("behave", [silent, garbage])
async def test_no_answer(hass: HomeAssistant, behave: Any) -> None:
    async with udp_peer(behave) as one:
        with pytest.raises(HomeAssistantError, match="no answer"):
            await act(hass, "coap_request", uri=at(one.port), timeout=0.2)


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "value_refused"),
        ({"uri": "http://127.0.0.1/"}, "value_refused"),
        ({"uri": "coap://192.0.2.1/"}, "host_not_allowed"),
        ({"uri": f"coap://{ELSEWHERE}/"}, "host_not_allowed"),
        ({"uri": "coap://127.0.0.1/", "etag": "00" * 9}, "value_refused"),
        (
            {"uri": "coap://127.0.0.1/", "payload": "x", "payload_base64": "eA=="},
            "value_refused",
        ),
        (
            {"uri": "coap://127.0.0.1/", "options": [{"number": 35, "value": ""}]},
            "value_refused",
        ),
    ],
)
async def test_misuse(hass: HomeAssistant, data: dict[str, Any], key: str) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "coap_request", **data)
    assert caught.value.translation_key == key


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    "data",
    [
        {"method": "FLY"},
        {"method": 32},
        {"etag": "xyz"},
        {"timeout": -1},
        {"timeout": 301},
        {"options": [{"value": 1}]},
        {"content_format": 70000},
        {"device_id": "both"},
    ],
)
async def test_fields_that_are_malformed(
    hass: HomeAssistant, data: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await act(hass, "coap_request", uri="coap://127.0.0.1/", **data)


async def test_scheme_that_needs_what_is_not_there(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch, Transport.DTLS, "xyz_of_nobody")
    for action in ("coap_request", "coap_discover"):
        with pytest.raises(ServiceValidationError, match="xyz_of_nobody"):
            await act(hass, action, uri="coaps://127.0.0.1/")


async def test_device_of_a_broker(
    hass: HomeAssistant, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    with pytest.raises(ServiceValidationError, match="CoAP"):
        await act(hass, "coap_request", device_id=room_device(hass, pump_entry))


@pytest.mark.parametrize(
    "options", [{CONF_ANY_HOST: True}, {CONF_OTHER_HOSTS: ["LOCALHOST."]}]
)
async def test_other_hosts_that_are_allowed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bare: BareServer,
    options: dict[str, Any],
) -> None:
    hass.config_entries.async_update_entry(entry, options=options)
    got = await act(hass, "coap_request", uri=at(bare.port, host=ELSEWHERE))
    assert got["success"]


async def test_address_with_a_zone(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    options = {CONF_OTHER_HOSTS: ["::1%lo"]}
    hass.config_entries.async_update_entry(entry, options=options)
    async with udp_peer(polite, "::1") as peer:
        uri = f"coap://[::1%25lo]:{peer.port}/a"
        assert (await act(hass, "coap_request", uri=uri))["success"]
        assert peer.requests[0].opt.uri_host is None
        with pytest.raises(ServiceValidationError):
            await act(hass, "coap_request", uri=f"coap://[::1]:{peer.port}/a")


async def test_nothing_is_allowed_when_nothing_is_loaded(
    hass: HomeAssistant, entry: MockConfigEntry, bare: BareServer
) -> None:
    device = room_device(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "coap_request", uri=at(bare.port))
    assert caught.value.translation_key == "host_not_allowed"
    with pytest.raises(ServiceValidationError):
        await act(hass, "coap_request", device_id=device)


async def test_non_confirmable_connection(
    hass: HomeAssistant, room_entry: MockConfigEntry, bare: BareServer
) -> None:
    hass.config_entries.async_update_entry(
        room_entry, data={**room_entry.data, CONF_CONFIRMABLE: False}
    )
    await hass.async_block_till_done()
    await act(hass, "coap_request", uri=at(bare.port))
    assert bare.resources["thing",].requests[-1].mtype == NON


# Requests that nobody waits for


async def begun(hass: HomeAssistant, port: int, **more: Any) -> str:
    got = await act(hass, "coap_request", uri=at(port), timeout=0, **more)
    assert set(got) == {"request_id"}
    return str(got["request_id"])


async def test_answer_by_event(hass: HomeAssistant, bare: BareServer) -> None:
    events = async_capture_events(hass, EVENT_REQUEST_COMPLETE)
    context = Context()
    response: Any = await hass.services.async_call(
        DOMAIN,
        "coap_request",
        {"uri": at(bare.port), "timeout": 0},
        blocking=True,
        return_response=True,
        context=context,
    )
    await until(lambda: events)
    (event,) = events
    assert event.context is context
    assert event.data["request_id"] == response["request_id"]
    assert event.data["outcome"] == "complete"
    assert event.data["error"] is None
    assert event.data["method"] == "GET"
    assert event.data["uri"] == at(bare.port)
    assert (event.data["code"], event.data["payload"]) == ("2.05", {"on": True})
    json.dumps(event.data)


async def test_long_answer_does_not_go_into_an_event(
    hass: HomeAssistant, bare: BareServer
) -> None:
    events = async_capture_events(hass, EVENT_REQUEST_COMPLETE)
    bare.resources["thing",].change(b"x" * 20_000)
    await begun(hass, bare.port)
    await until(lambda: events)
    assert events[0].data["payload_base64"] is None
    assert "20000 bytes" in events[0].data["payload_problem"]


@pytest.mark.usefixtures("entry")
async def test_silence_by_event(hass: HomeAssistant) -> None:
    events = async_capture_events(hass, EVENT_REQUEST_COMPLETE)
    async with udp_peer(silent) as one:
        await begun(hass, one.port)
        await until(lambda: events)
    assert events[0].data["outcome"] == "timeout"
    assert "no answer" in events[0].data["error"]
    await begun(hass, free_port())
    await until(lambda: len(events) == 2)
    assert events[1].data["outcome"] == "failed"


@pytest.fixture
async def sleeper(entry: MockConfigEntry) -> AsyncGenerator[UdpPeer]:
    """Run a peer that acknowledges, and never answers."""
    async with udp_peer(acknowledged_only) as one:
        yield one


async def test_request_is_listed_and_cancelled(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    entry: MockConfigEntry,
    sleeper: UdpPeer,
) -> None:
    events = async_capture_events(hass, EVENT_REQUEST_COMPLETE)
    request_id = await begun(hass, sleeper.port, method="DELETE")
    listed = await act(hass, "coap_pending")
    (one,) = listed["requests"]
    assert one["request_id"] == request_id
    assert (one["method"], one["uri"]) == ("DELETE", at(sleeper.port))
    assert listed["observations"] == []
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert told["running"]["requests"][0]["request_id"] == request_id
    await act(hass, "coap_cancel", request_id=request_id)
    await until(lambda: events)
    assert events[0].data["outcome"] == "cancelled"
    assert (await act(hass, "coap_pending"))["requests"] == []
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "coap_cancel", request_id=request_id)
    assert caught.value.translation_key == "unknown_id"


async def test_requests_are_bounded(
    hass: HomeAssistant, sleeper: UdpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.device_models.iot.connections.coap import pending

    monkeypatch.setattr(pending, "MAX_PENDING", 1)
    await begun(hass, sleeper.port)
    with pytest.raises(ServiceValidationError) as caught:
        await begun(hass, sleeper.port)
    assert caught.value.translation_key == "too_many"


def running_requests(hass: HomeAssistant) -> list[Any]:
    requests: list[Any] = hass.data[DATA_COAP].running()["requests"]
    return requests


async def test_everything_ends_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, bare: BareServer, sleeper: UdpPeer
) -> None:
    events = async_capture_events(hass, EVENT_REQUEST_COMPLETE)
    told = async_capture_events(hass, EVENT_NOTIFICATION)
    for _ in range(2):  # also when it was loaded again
        async with nothing_left(timers=False):
            for _ in range(3):
                await begun(hass, sleeper.port)
            await act(hass, "coap_observe", uri=at(bare.port))
            # A server that is left before its first answer learns of it later.
            await until(lambda: told)
            waiting = asyncio.create_task(
                act(hass, "coap_request", uri=at(sleeper.port))
            )
            await until(lambda: len(running_requests(hass)) == 4)
            assert await hass.config_entries.async_unload(entry.entry_id)
            with pytest.raises(HomeAssistantError, match="cancelled"):
                await waiting
            listed = await act(hass, "coap_pending")
            assert listed == {"requests": [], "observations": []}
            assert [event.data["outcome"] for event in events] == ["cancelled"] * 3
        events.clear()
        told.clear()
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()


async def test_entry_that_is_unloaded_meanwhile(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(_scheme: str) -> None:
        await hass.config_entries.async_unload(entry.entry_id)

    monkeypatch.setattr(coap_actions, "prepare", slowly)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "coap_request", uri="coap://127.0.0.1/")
    assert caught.value.translation_key == "host_not_allowed"


async def test_everything_ends_with_home_assistant(
    hass: HomeAssistant, bare: BareServer, sleeper: UdpPeer
) -> None:
    await begun(hass, sleeper.port)
    await act(hass, "coap_observe", uri=at(bare.port))
    await until(lambda: bare.resources["thing",].observers)
    hass.bus.async_fire("homeassistant_stop")
    await hass.async_block_till_done()
    listed = await act(hass, "coap_pending")
    assert listed == {"requests": [], "observations": []}


# Discovery


async def test_links_of_a_host(hass: HomeAssistant, bare: BareServer) -> None:
    uri = f"coap://127.0.0.1:{bare.port}"
    found = await act(hass, "coap_discover", uri=uri, filters={"rt": "temp"})
    assert found["endpoints"] == [uri]
    assert [link["uri"] for link in found["links"]] == [
        f"{uri}/temp",
        "coap://other/x",
    ]
    (request,) = bare.resources[".well-known", "core"].requests
    assert request.opt.uri_query == ("rt=temp",)
    found = await act(hass, "coap_discover", uri=uri, directory=True)
    assert [link["uri"] for link in found["links"]] == ["coap://other/a"]


async def test_host_without_links(hass: HomeAssistant, bare: BareServer) -> None:
    with pytest.raises(HomeAssistantError, match="link format"):
        await act(hass, "coap_discover", uri=at(bare.port))


async def test_multicast_must_be_allowed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    for data in ({"multicast": True}, {"uri": f"coap://{GROUPS[0]}"}):
        with pytest.raises(ServiceValidationError) as caught:
            await act(hass, "coap_discover", **data)
        assert caught.value.translation_key == "host_not_allowed"


async def test_multicast(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests may connect to this address of the machine only.
    monkeypatch.setattr(
        multicast, "_address", lambda sender: f"coap://127.0.0.1:{sender[1]}"
    )
    hass.config_entries.async_update_entry(
        entry, options={CONF_OTHER_HOSTS: [GROUPS[0]]}
    )
    port = free_port(socket.SOCK_DGRAM)
    fields = {"uri": f"coap://{GROUPS[0]}:{port}", "interface": "lo", "timeout": 0.2}
    async with member(port, links):
        found = await act(hass, "coap_discover", **fields)
    assert len(found["links"]) == 2
    assert len(found["endpoints"]) == 1
    assert found["notes"] == []

    def in_blocks(request: Message) -> Iterable[bytes]:
        if request.mtype == NON:
            yield answer(request, b"<", kind=NON, options=[(23, b"\x08")])
        else:
            yield answer(request, LINKS)

    async with member(port, in_blocks):
        found = await act(hass, "coap_discover", **fields)
    assert len(found["links"]) == 2

    def first_block_only(request: Message) -> Iterable[bytes]:
        if request.mtype == NON:
            yield answer(request, b"<", kind=NON, options=[(23, b"\x08")])

    async with member(port, first_block_only):
        found = await act(hass, "coap_discover", **fields)
    assert found["links"] == []
    assert "no answer" in found["notes"][0]


async def test_multicast_to_all_groups(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={CONF_ANY_HOST: True})
    found = await act(
        hass, "coap_discover", multicast=True, interface="lo", timeout=0.1
    )
    assert found["links"] == []
    with pytest.raises(ServiceValidationError, match="interface"):
        await act(hass, "coap_discover", multicast=True, interface="nosuch0")


# Observations


async def test_notifications(hass: HomeAssistant, bare: BareServer) -> None:
    events: list[Event[Any]] = async_capture_events(hass, EVENT_NOTIFICATION)
    got = await act(hass, "coap_observe", uri=at(bare.port), accept=50)
    await until(lambda: events)
    bare.resources["thing",].notify(b"7")
    await until(lambda: len(events) == 2)
    first, second = (event.data for event in events)
    assert first["observation_id"] == got["observation_id"]
    assert (first["registration"], first["payload"]) == (True, {"on": True})
    assert (second["registration"], second["payload"]) == (False, 7)
    assert [first["sequence"], second["sequence"]] == [1, 2]
    (listed,) = (await act(hass, "coap_pending"))["observations"]
    assert listed["state"] == "active"
    await act(hass, "coap_observe_stop", **got)
    await until(lambda: not bare.resources["thing",].observers)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "coap_observe_stop", **got)
    assert caught.value.translation_key == "unknown_id"


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("action", ["coap_request", "coap_observe"])
async def test_key_is_that_of_a_connection(hass: HomeAssistant, action: str) -> None:
    with pytest.raises(HomeAssistantError, match="no key is known for it"):
        await act(hass, action, uri="coaps://127.0.0.1/")


async def test_actions_use_the_keys_of_the_connection(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path
) -> None:
    door = Content(b"open", 0)
    async with protected(tmp_path, door=door) as server:
        own = MockConfigEntry(
            domain=DOMAIN,
            data={
                **entry.data,
                CONF_PORT: server.port,
                CONF_TRANSPORT: Transport.OSCORE,
                CONF_MASTER_SECRET: SECRET.hex(),
                CONF_MASTER_SALT: SALT.hex(),
                CONF_SENDER_ID: "01",
            },
        )
        own.add_to_hass(hass)
        await set_up(hass, own)
        uri = f"coap://127.0.0.1:{server.port}/door"
        answer = await act(hass, "coap_request", uri=uri)
        assert answer is not None
        assert answer["payload"] == "open"
        events = async_capture_events(hass, EVENT_NOTIFICATION)
        await act(hass, "coap_observe", uri=uri)
        await until(lambda: events)
        door.notify(b"shut")
        await until(lambda: len(events) == 2)
        assert events[1].data["payload"] == "shut"
        found = await act(hass, "coap_discover", uri=uri.removesuffix("/door"))
        assert found is not None
        asked = door.asked(Code.GET)
        assert all(one.remote.authenticated_claims for one in asked)
        await hass.config_entries.async_remove(own.entry_id)


# libcoap


@pytest.mark.peer
@pytest.mark.parametrize(
    "peer_program", [("coap-server-notls", "coap-server-gnutls")], indirect=True
)
async def test_libcoap(
    hass: HomeAssistant, entry: MockConfigEntry, peer_program: str, tmp_path: Path
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 10"
    with running(*command.split(), log=tmp_path / "log"):
        for _ in range(100):
            try:
                got = await act(hass, "coap_request", uri=at(port, ""), timeout=0.5)
            except HomeAssistantError:
                await asyncio.sleep(0.02)
            else:
                break
        assert "libcoap" in got["payload"]
        for scheme in ("coap", "coap+tcp"):
            uri = f"{scheme}://127.0.0.1:{port}/made-{scheme}"
            put = await act(
                hass, "coap_request", uri=uri, method="PUT", payload="x" * 3000
            )
            assert put["code"] == "2.01"
            got = await act(hass, "coap_request", uri=uri)
            assert got["payload"] == "x" * 3000
            assert (await act(hass, "coap_request", uri=uri, method="DELETE"))[
                "code"
            ] == "2.02"
        found = await act(hass, "coap_discover", uri=f"coap://127.0.0.1:{port}")
        assert {"/", "/time", "/async"} <= {one["target"] for one in found["links"]}
        events = async_capture_events(hass, EVENT_NOTIFICATION)
        await act(hass, "coap_observe", uri=at(port, "time"))
        await until(lambda: len(events) >= 2)
        assert events[-1].data["registration"] is False
        client = peer_program.replace("server", "client")
        assert await output_of(client, at(port, "time"))


# Texts


def test_fields_have_texts_icons_and_selectors() -> None:
    described = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    icons = json.loads((INTEGRATION / "icons.json").read_text())["services"]
    coap = {name for name in TEXTS["services"] if name.startswith("coap_")}
    assert coap <= set(described)
    assert coap <= set(icons)
    for name in coap:
        texts = TEXTS["services"][name]
        assert texts["name"]
        assert texts["description"]
        assert f"device_models.{name}" in PAGE
        fields = (described[name] or {}).get("fields", {})
        assert set(texts.get("fields", {})) == set(fields)
        for field in fields:
            assert f"`{field}`" in PAGE, field


async def test_examples_of_the_page_can_be_called(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    called = []
    page = re.sub('"{{[^"]*}}"', '"00"', PAGE)  # any value will do for a template
    for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        for example in yaml.safe_load_all(block):
            called += list(calls_in(example))
    assert len(called) >= 4
    for call in called:
        domain, name = call["action"].split(".")
        found = hass.services.async_services_for_domain(domain)[name]
        assert found.schema is not None
        found.schema(call["data"])


def calls_in(example: object) -> Iterator[dict[str, Any]]:
    """Yield the calls of our actions in an example."""
    match example:
        case dict():
            if str(example.get("action")).startswith(DOMAIN):
                yield example
            for inner in example.values():
                yield from calls_in(inner)
        case list():
            for inner in example:
                yield from calls_in(inner)


async def test_schemas_take_the_fields_that_are_described(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    described = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    for name, one in hass.services.async_services_for_domain(DOMAIN).items():
        if name.startswith("coap_"):
            schema: Any = one.schema
            fields = (described[name] or {}).get("fields", {})
            assert {str(key) for key in schema.schema} == set(fields)


async def test_entry_for_another_port_of_the_host(
    hass: HomeAssistant, entry: MockConfigEntry, bare: BareServer
) -> None:
    other = MockConfigEntry(
        domain=DOMAIN,
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: bare.port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: 5.0,
        },
    )
    other.add_to_hass(hass)
    await set_up(hass, other)
    assert (await act(hass, "coap_request", uri=at(bare.port)))["success"]
