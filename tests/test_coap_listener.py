"""Devices that push over CoAP, in Home Assistant, as a user sets them up."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
import json
import socket
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models import preview
from custom_components.device_models.const import (
    CONF_BASE,
    CONF_KEEP,
    CONF_NETWORKS,
    CONF_PUBLISHED,
    CONF_SENDER_KEY,
    CONF_SENDERS,
    CONF_SILENT_AFTER,
    CONF_SYSTEM,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot import outbox
from custom_components.device_models.iot.connections.coap import CoapEndpoint
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
)
from custom_components.device_models.systems import System
from simulators import CoapPushSimulator, SimulatedDevice, load_model
from simulators.mqtt import MqttSimulator

from .acting import device_subentry, set_up, state_of, until
from .flows import answered, changing, only, suggested
from .iot.connections.things import free_port
from .test_model_sources import asked

pytestmark = pytest.mark.usefixtures("integration")

LOOPBACK = ["127.0.0.0/8"]
KEY = "s3cret"

type Post = Callable[..., Awaitable[Response]]


@pytest.fixture(autouse=True)
def quick_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen only as long as it takes here."""
    monkeypatch.setattr(preview, "LISTEN_SECONDS", 0.05)


@pytest.fixture
def port(socket_enabled: None) -> int:
    """Return the port to listen on."""
    return free_port(socket.SOCK_DGRAM)


def entry_on(
    hass: HomeAssistant, port: int, *devices: Any, host: str = "127.0.0.1"
) -> MockConfigEntry:
    """Return an entry that listens."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=f"CoAP on {host}:{port}",
        data={
            CONF_SYSTEM: System.COAP_LISTENER,
            CONF_HOST: host,
            CONF_PORT: port,
            CONF_NETWORKS: LOOPBACK,
        },
        subentries_data=devices,
    )
    entry.add_to_hass(hass)
    return entry


def bedroom(**data: Any) -> Any:
    """Return a device that pushes below bedroom."""
    return device_subentry("room_climate", "Bedroom", "bedroom", **data)


@pytest.fixture
async def post(port: int, socket_enabled: None) -> AsyncGenerator[Post]:
    """Return what posts to the server."""
    endpoint = CoapEndpoint("127.0.0.1", port)
    await endpoint.open()

    async def send(path: str, content: object, **more: Any) -> Response:
        payload = json.dumps(content).encode()
        return await endpoint.request(
            Method.POST, path, payload=payload, content_format=50, **more
        )

    yield send
    await endpoint.close()


# Setting it up


def told(result: Any) -> dict[str, str]:
    return dict(result["description_placeholders"])


async def chosen(hass: HomeAssistant) -> str:
    flow = hass.config_entries.flow
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert System.COAP_LISTENER in result["menu_options"]
    result = await flow.async_configure(
        result["flow_id"], {"next_step_id": System.COAP_LISTENER}
    )
    assert result["type"] is FlowResultType.FORM
    shown = suggested(result)
    assert (shown[CONF_HOST], shown[CONF_PORT]) == ("::", 5683)
    assert "192.168.0.0/16" in shown[CONF_NETWORKS]
    return str(result["flow_id"])


async def test_flow(hass: HomeAssistant, port: int) -> None:
    flow_id = await chosen(hass)
    configure = hass.config_entries.flow.async_configure
    entered: dict[str, Any] = {CONF_PORT: port, CONF_NETWORKS: LOOPBACK}
    result = await configure(flow_id, {CONF_HOST: "my.house", **entered})
    assert result["errors"] == {"base": "value_refused"}
    assert told(result)["name"] == "host"
    wrong = {CONF_HOST: "127.0.0.1", CONF_PORT: port, CONF_NETWORKS: ["mine"]}
    result = await configure(flow_id, wrong)
    assert result["errors"] == {"base": "value_refused"}
    assert "'mine' is no IP address" in told(result)["problem"]
    result = await configure(flow_id, {CONF_HOST: "192.0.2.1", **entered})
    assert result["errors"] == {"base": "not_listening"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        result = await configure(flow_id, {CONF_HOST: "::", **entered})
        assert result["errors"] == {"base": "not_listening"}
        assert told(result) == {
            "address": f"coap://[::]:{port}",
            "reason": "Address already in use",
        }
    result = await configure(flow_id, {CONF_HOST: "127.0.0.1", **entered})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == f"CoAP on 127.0.0.1:{port}"
    assert result["data"] == {
        CONF_SYSTEM: "coap_listener",
        CONF_HOST: "127.0.0.1",
        CONF_PORT: port,
        CONF_NETWORKS: LOOPBACK,
    }
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    flow_id = await chosen(hass)
    result = await configure(flow_id, {CONF_HOST: "127.0.0.1", **entered})
    assert result["errors"] == {"base": "already_configured"}
    hass.config_entries.flow.async_abort(flow_id)


async def test_port_that_is_taken_later(hass: HomeAssistant, port: int) -> None:
    entry = entry_on(hass, port, bedroom())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert "Address already in use" in str(entry.reason)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfigure(hass: HomeAssistant, port: int) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    configure = hass.config_entries.flow.async_configure
    result: Any = await entry.start_reconfigure_flow(hass)
    assert suggested(result)[CONF_NETWORKS] == LOOPBACK
    entered: dict[str, Any] = {CONF_PORT: port, CONF_NETWORKS: ["127.0.0.1"]}
    # Its own port is no obstacle, but the address must be one.
    flow_id = result["flow_id"]
    result = await configure(flow_id, {CONF_HOST: "192.0.2.1", **entered})
    assert result["errors"] == {"base": "not_listening"}
    result = await configure(flow_id, {CONF_HOST: "127.0.0.1", **entered})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_NETWORKS] == ["127.0.0.1"]
    result = await entry.start_reconfigure_flow(hass)
    other = {**entered, CONF_PORT: free_port(socket.SOCK_DGRAM)}
    result = await configure(result["flow_id"], {CONF_HOST: "0.0.0.0", **other})  # noqa: S104
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.title == f"CoAP on 0.0.0.0:{other[CONF_PORT]}"


# Adding a device


async def adding(hass: HomeAssistant, entry: MockConfigEntry, source: str) -> str:
    flows = hass.config_entries.subentries
    result: Any = await flows.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    result = await flows.async_configure(result["flow_id"], {"next_step_id": source})
    assert result["type"] is FlowResultType.FORM
    return str(result["flow_id"])


async def test_device_that_has_not_pushed_yet(hass: HomeAssistant, port: int) -> None:
    entry = entry_on(hass, port)
    await set_up(hass, entry)
    flow_id = await adding(hass, entry, "library")
    result = await answered(hass, flow_id, model="room_climate")
    assert result["step_id"] == "push_path"
    assert suggested(result)[CONF_KEEP] == 86_400
    form: dict[str, Any] = {
        "name": "Bedroom",
        CONF_BASE: "/bedroom/",
        CONF_SENDERS: ["nobody"],
        CONF_KEEP: 3600,
        CONF_PUBLISHED: False,
        CONF_SILENT_AFTER: 600,
        CONF_SENDER_KEY: KEY,
    }
    result = await answered(hass, flow_id, **form)
    assert result["errors"] == {"base": "model_invalid"}
    assert result["description_placeholders"]["where"] == "senders"
    result = await answered(hass, flow_id, **form | {CONF_BASE: "/"})
    assert result["description_placeholders"]["where"] == "base"
    form[CONF_SENDERS] = ["127.0.0.1"]
    result = await answered(hass, flow_id, **form)
    assert result["errors"] == {"base": "no_values"}
    result = await answered(hass, flow_id, **form, anyway=True)
    assert result["step_id"] == "preview"
    assert result["description_placeholders"]["known"] == "0"
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    data = only(entry).data
    placed = {
        key: data[key] for key in (CONF_BASE, CONF_SENDERS, CONF_KEEP, CONF_SENDER_KEY)
    }
    assert placed == {
        CONF_BASE: "bedroom",
        CONF_SENDERS: ["127.0.0.1"],
        CONF_KEEP: 3600,
        CONF_SENDER_KEY: KEY,
    }
    assert state_of(hass, "sensor.bedroom_temperature") == "unavailable"
    # Another device cannot have its place, whatever its model is.
    flow_id = await adding(hass, entry, "library")
    await answered(hass, flow_id, model="water_pump")
    for spelled in ("bedroom", "/bedroom//", "b%65droom"):
        result = await answered(hass, flow_id, **form | {CONF_BASE: spelled})
        assert result["errors"] == {"base": "already_configured"}
    result = await answered(hass, flow_id, **form | {CONF_BASE: "../bedroom"})
    assert result["description_placeholders"]["where"] == "base"


async def test_device_is_added_from_its_own_words(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    entry = entry_on(hass, port)
    await set_up(hass, entry)
    assert (await post("shed/state", {"temperature": 21.5, "door": "open"})).absent
    flow_id = await adding(hass, entry, "device")
    result = await asked(hass, flow_id, place="cellar")
    assert result["errors"] == {"base": "model_invalid"}
    assert "lately below: shed" in result["description_placeholders"]["problem"]
    result = await asked(hass, flow_id, place="shed")
    # No model of the library fits: there is nothing to choose.
    assert result["step_id"] == "push_path"
    shown = suggested(result)
    assert shown[CONF_BASE] == "shed"
    result = await answered(hass, flow_id, **shown | {"name": "Shed"})
    assert result["step_id"] == "preview"
    # What it has pushed shows already.
    assert result["description_placeholders"]["known"] == "2"
    result = await answered(hass, flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.shed_temperature") == "21.5"
    assert (await post("shed/state", {"temperature": 22})).success
    assert state_of(hass, "sensor.shed_temperature") == "22"


async def test_place_is_changed(hass: HomeAssistant, port: int, post: Post) -> None:
    entry = entry_on(hass, port, bedroom(**{CONF_SENDER_KEY: KEY}))
    await set_up(hass, entry)
    assert (await post("bedroom/state", {"temperature": 21})).code == "4.01"
    flow_id = await changing(hass, entry, "place")
    form: dict[str, Any] = {"name": "Bedroom", CONF_BASE: "new", CONF_KEEP: 60}
    result = await answered(hass, flow_id, **form, published=True)
    assert result["type"] is FlowResultType.ABORT
    await hass.async_block_till_done()
    data = only(entry).data
    assert CONF_SENDER_KEY not in data
    assert data[CONF_PUBLISHED] is True
    assert (await post("bedroom/state", {"temperature": 21})).code == "4.04"
    assert (await post("new/state", {"temperature": 21})).code == "2.04"
    assert state_of(hass, "sensor.bedroom_temperature") == "21"


async def test_device_moves_here_from_a_broker(
    hass: HomeAssistant, port: int, pump: MqttSimulator, pump_entry: MockConfigEntry
) -> None:
    await set_up(hass, pump_entry)
    entry = entry_on(hass, port)
    await set_up(hass, entry)
    await until(lambda: state_of(hass, "sensor.pump_power") != "unavailable")
    flow_id = await changing(hass, pump_entry, "move")
    result = await answered(hass, flow_id, entry=entry.entry_id)
    assert result["step_id"] == "push_path"
    form: dict[str, Any] = {"name": "Pump", CONF_BASE: "pump", CONF_KEEP: 60}
    result = await answered(hass, flow_id, **form, published=False)
    assert result["errors"] == {"base": "no_values"}
    result = await answered(hass, flow_id, **form, published=False, anyway=True)
    assert result["reason"] == "moved"
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.pump_power") == "unavailable"
    device = SimulatedDevice(load_model("water_pump"), seed=1, alerts_every=0)
    url = f"coap://127.0.0.1:{port}/pump"
    async with CoapPushSimulator(device, url, every=60, speed=0):
        await until(lambda: state_of(hass, "sensor.pump_power") != "unavailable")


# Living with it


async def test_switch_waits_until_the_device_wakes(
    hass: HomeAssistant, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    entry = entry_on(hass, port, bedroom(**{CONF_SENDER_KEY: KEY}))
    await set_up(hass, entry)
    lock, waiting = "switch.bedroom_child_lock", "sensor.bedroom_waiting_commands"
    assert state_of(hass, lock) == "unavailable"
    device = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    device.put({"childLock": False})
    url = f"coap://127.0.0.1:{port}/bedroom"
    async with CoapPushSimulator(device, url, every=60, key=KEY, speed=0) as sleepy:
        await until(lambda: state_of(hass, lock) == "off")
        temperature = device.values["temperature"]
        assert state_of(hass, "sensor.bedroom_temperature") == str(temperature)
        assert state_of(hass, waiting) == "0"
        services = hass.services
        await services.async_call(
            "switch", "turn_on", {"entity_id": lock}, blocking=True
        )
        identify = {"entity_id": "button.bedroom_identify"}
        await services.async_call("button", "press", identify, blocking=True)
        # It waits: neither live nor assumed.
        shown = hass.states.get(lock)
        assert shown is not None
        assert (shown.state, "assumed_state" in shown.attributes) == ("off", False)
        assert state_of(hass, waiting) == "2"
        assert device.values["childLock"] is False
        assert await sleepy.wake()
        await until(lambda: state_of(hass, lock) == "on")
        assert device.values["childLock"] is True
        assert [call.action for call in device.calls] == ["identify"]
        await until(lambda: state_of(hass, waiting) == "0")
        device.fire("windowLeftOpen")
        alarm = "event.bedroom_window_left_open"
        await until(lambda: state_of(hass, alarm) not in {"unknown", "unavailable"})
    assert KEY not in caplog.text


async def test_what_waits_outlives_an_edit_of_the_device(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    press = {"entity_id": "button.bedroom_identify"}
    await hass.services.async_call("button", "press", press, blocking=True)
    flow_id = await changing(hass, entry, "place")
    form: dict[str, Any] = {"name": "Attic", CONF_BASE: "attic", CONF_KEEP: 60}
    await answered(hass, flow_id, **form, published=False)
    await hass.async_block_till_done()
    assert only(entry).title == "Attic"
    assert state_of(hass, "sensor.bedroom_waiting_commands") == "1"
    (command,) = json.loads((await post("attic/state", {"childLock": True})).payload)
    assert command["call"] == "identify"


async def test_what_is_posted_during_the_preview_is_not_lost(
    hass: HomeAssistant, port: int, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "LISTEN_SECONDS", 0.5)
    entry = entry_on(hass, port)
    await set_up(hass, entry)
    flow_id = await adding(hass, entry, "library")
    await answered(hass, flow_id, model="room_climate")
    form: dict[str, Any] = {"name": "Bedroom", CONF_BASE: "bedroom", CONF_KEEP: 60}
    looking = hass.async_create_task(answered(hass, flow_id, **form, published=False))
    await asyncio.sleep(0.1)
    assert (await post("bedroom/state", {"temperature": 21})).absent
    result = await looking
    assert result["description_placeholders"]["known"] == "1"
    await answered(hass, flow_id)
    await hass.async_block_till_done()
    assert state_of(hass, "sensor.bedroom_temperature") == "21"


async def test_more_than_can_wait(
    hass: HomeAssistant, port: int, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_WAITING", 1)
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    await post("bedroom/state", {"childLock": False})
    press = {"entity_id": "button.bedroom_identify"}
    await hass.services.async_call("button", "press", press, blocking=True)
    with pytest.raises(HomeAssistantError, match="1 commands wait for Bedroom"):
        await hass.services.async_call("button", "press", press, blocking=True)


async def test_silent_device_is_unavailable(
    hass: HomeAssistant, port: int, post: Post
) -> None:
    entry = entry_on(hass, port, bedroom(**{CONF_SILENT_AFTER: 0.3}))
    await set_up(hass, entry)
    await post("bedroom/state", {"temperature": 21})
    assert state_of(hass, "sensor.bedroom_temperature") == "21"
    await until(lambda: state_of(hass, "sensor.bedroom_temperature") == "unavailable")
    # The exception is how it goes: that is wanted then.
    assert state_of(hass, "sensor.bedroom_waiting_commands") == "0"


async def test_only_what_is_known_of_the_exchange_has_sensors(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, port: int
) -> None:
    entry = entry_on(hass, port, bedroom())
    await set_up(hass, entry)
    found = {
        one.unique_id.partition("-health-")[2]: one.disabled
        for one in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
        if "-health-" in one.unique_id
    }
    assert found == {
        "last_heard": True,
        "push_age": True,
        "feed": True,
        "waiting": False,
    }


async def test_diagnostics_have_no_secret(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, port: int, post: Post
) -> None:
    entry = entry_on(hass, port, bedroom(**{CONF_SENDER_KEY: KEY}))
    await set_up(hass, entry)
    await post(f"bedroom/state?key={KEY}", {"temperature": 21})
    await post("bedroom/state?key=wrong", {"temperature": 22})
    press = {"entity_id": "button.bedroom_identify"}
    await hass.services.async_call("button", "press", press, blocking=True)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert KEY not in json.dumps(found)
    (device,) = found["devices"]
    (command,) = device["commands"]
    assert (command["name"], command["state"]) == ("identify", "queued")
    counts, message = device["trace"]
    assert counts["refused"] == {"4.01": 1}
    assert message["request"] == "POST /bedroom/state"


async def test_unloading_frees_the_port(hass: HomeAssistant, port: int) -> None:
    entry = entry_on(hass, port, bedroom(), host="0.0.0.0")  # noqa: S104
    await set_up(hass, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
