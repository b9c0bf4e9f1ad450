"""Devices behind gateways, and what is known of devices."""

from collections.abc import AsyncGenerator
import json
from pathlib import Path
from typing import Any

import aiomqtt
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import CONF_HOST, CONF_PORT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models.const import (
    CONF_ABOUT,
    CONF_BASE,
    CONF_BELOW,
    CONF_DOCUMENT,
    CONF_GATEWAY,
    CONF_KEY,
    CONF_MQTT_VERSION,
    CONF_SOURCE,
    CONF_SYSTEM,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.hierarchy import members
from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.metadata import KNOWN
from custom_components.device_models.registering import async_register_behind
from custom_components.device_models.systems import System

from .acting import set_up, state_of, until
from .flows import answered, suggested
from .iot.connections.mosquitto import plain_client

type Wire = aiomqtt.Client

pytestmark = pytest.mark.usefixtures("integration")

ADDRESS = "http://192.0.2.7/"


def document(name: str, **device: Any) -> dict[str, Any]:
    """Return the file of a device with one value, and the availability of its own."""
    attribute = {"name": "level", "type": "NUMBER"}
    model = {"urn": f"urn:x:{name}", "name": name, "attributes": [attribute]}
    binding = {
        "mqtt": {
            "attributes": {"level": {"topic": "level", "format": "text"}},
            "availability": "status",
        }
    }
    file: dict[str, Any] = {"model": model, "binding": binding}
    return file | ({"device": device} if device else {})


def device(name: str, base: str, file: Any = None, **data: Any) -> dict[str, Any]:
    """Return a device subentry."""
    file = file or document(name)
    return {
        "subentry_type": SUBENTRY_DEVICE,
        "title": name.capitalize(),
        "unique_id": f"{file['model']['urn']} {base}",
        "data": {
            CONF_KEY: f"key-of-{name}",
            CONF_SOURCE: "paste",
            CONF_DOCUMENT: file,
            CONF_BASE: base,
            **data,
        },
    }


def broker(
    hass: HomeAssistant, port: int, *devices: Any, title: str = "Broker"
) -> MockConfigEntry:
    """Return an entry for a broker."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=title,
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_TLS: False,
            CONF_MQTT_VERSION: "3.1.1",
        },
        subentries_data=devices,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def wire(broker_port: int) -> AsyncGenerator[Wire]:
    """Connect what plays the devices."""
    async with plain_client(broker_port) as client:
        yield client


async def says(wire: Wire, base: str, level: int, status: str = "online") -> None:
    """Have a device say that it is there, and its value."""
    await wire.publish(f"{base}/status", status, qos=1, retain=True)
    await wire.publish(f"{base}/level", str(level), qos=1, retain=True)


async def shows(hass: HomeAssistant, name: str, state: str) -> None:
    """Wait until the value of a device shows."""
    entity_id = f"sensor.{name}_level"
    await until(lambda: (now := hass.states.get(entity_id)) and now.state == state)


def registered(hass: HomeAssistant, name: str) -> dr.DeviceEntry:
    """Return a device of the registry."""
    registry = dr.async_get(hass)
    (found,) = registry.async_get_devices(identifiers={(DOMAIN, f"key-of-{name}")})
    return found


async def begun(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Begin to change a device."""
    (subentry_id,) = [
        one.subentry_id
        for one in entry.subentries.values()
        if one.data[CONF_KEY] == f"key-of-{name}"
    ]
    result: Any = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
    return str(result["flow_id"])


def data_of(entry: MockConfigEntry, name: str) -> dict[str, Any]:
    """Return what the subentry of a device holds."""
    (data,) = [
        dict(one.data)
        for one in entry.subentries.values()
        if one.data[CONF_KEY] == f"key-of-{name}"
    ]
    return data


BEHIND = {CONF_GATEWAY: "key-of-hub"}
THROUGH = {**BEHIND, CONF_BELOW: "meter"}


async def test_device_is_below_its_gateway_in_the_registry_and_stays_so(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    await says(wire, "hub", 1)
    await says(wire, "meter", 2)
    meter = device("meter", "meter", **BEHIND)
    entry = broker(hass, broker_port, meter, device("hub", "hub"))
    await set_up(hass, entry)
    await shows(hass, "meter", "2")
    assert registered(hass, "meter").via_device_id == registered(hass, "hub").id
    # It has a way of its own: the gateway's state is none of its business.
    await wire.publish("hub/status", "offline", qos=1, retain=True)
    await shows(hass, "hub", STATE_UNAVAILABLE)
    assert state_of(hass, "sensor.meter_level") == "2"
    flow_id = await begun(hass, entry, "meter")
    form = await answered(hass, flow_id, next_step_id="place")
    filled = suggested(form)
    assert (filled[CONF_GATEWAY], filled["through"]) == ("key-of-hub", False)
    del filled[CONF_GATEWAY]
    await answered(hass, flow_id, **filled)
    await hass.async_block_till_done()
    assert registered(hass, "meter").via_device_id is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_what_is_reached_through_a_gateway_is_away_with_it(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    await says(wire, "hub", 1)
    await says(wire, "hub/meter", 2)
    await says(wire, "hub/meter/probe", 3)
    probe = {CONF_GATEWAY: "key-of-meter", CONF_BELOW: "probe"}
    entry = broker(
        hass,
        broker_port,
        device("probe", "wherever", **probe),
        device("meter", "elsewhere", **THROUGH),
        device("hub", "hub"),
    )
    await set_up(hass, entry)
    for name, state in (("hub", "1"), ("meter", "2"), ("probe", "3")):
        await shows(hass, name, state)
    assert data_of(entry, "meter")[CONF_BASE] == "hub/meter"
    assert data_of(entry, "probe")[CONF_BASE] == "hub/meter/probe"
    assert registered(hass, "probe").via_device_id == registered(hass, "meter").id
    await wire.publish("hub/status", "offline", qos=1, retain=True)
    for name in ("hub", "meter", "probe"):
        await shows(hass, name, STATE_UNAVAILABLE)
    await wire.publish("hub/status", "online", qos=1, retain=True)
    for name, state in (("hub", "1"), ("meter", "2"), ("probe", "3")):
        await shows(hass, name, state)
    await wire.publish("hub/meter/status", "offline", qos=1, retain=True)
    for name in ("meter", "probe"):
        await shows(hass, name, STATE_UNAVAILABLE)
    assert state_of(hass, "sensor.hub_level") == "1"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_devices_move_with_the_gateway_that_they_are_reached_through(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    await says(wire, "hub", 1)
    await says(wire, "hub/meter", 2)
    await says(wire, "new/hub/meter", 5)
    await says(wire, "new/hub/meter/probe", 6)
    probe = {CONF_GATEWAY: "key-of-meter", CONF_BELOW: "probe"}
    entry = broker(
        hass,
        broker_port,
        device("hub", "hub"),
        device("meter", "hub/meter", **THROUGH),
        device("probe", "hub/meter/probe", **probe),
    )
    await set_up(hass, entry)
    await shows(hass, "meter", "2")
    flow_id = await begun(hass, entry, "hub")
    form = await answered(hass, flow_id, next_step_id="place")
    # It is not offered what is behind it.
    assert CONF_GATEWAY not in form["data_schema"].schema
    result = await answered(hass, flow_id, **{**suggested(form), "place": "new/hub"})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await shows(hass, "meter", "5")
    await shows(hass, "probe", "6")
    # The way to it can be told anew.
    flow_id = await begun(hass, entry, "meter")
    form = await answered(hass, flow_id, next_step_id="place")
    assert suggested(form)["place"] == "meter"
    assert suggested(form)["through"] is True
    await answered(hass, flow_id, **{**suggested(form), "place": "sub/meter"})
    await hass.async_block_till_done()
    assert data_of(entry, "probe")[CONF_BASE] == "new/hub/sub/meter/probe"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_device_stays_where_it_is_when_its_gateway_is_removed(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    await says(wire, "hub", 1)
    await says(wire, "hub/meter", 2)
    entry = broker(
        hass,
        broker_port,
        device("hub", "hub"),
        device("meter", "hub/meter", **THROUGH),
    )
    await set_up(hass, entry)
    await wire.publish("hub/status", "offline", qos=1, retain=True)
    await shows(hass, "meter", STATE_UNAVAILABLE)
    (hub,) = [one for one in entry.subentries.values() if one.title == "Hub"]
    hass.config_entries.async_remove_subentry(entry, hub.subentry_id)
    await hass.async_block_till_done()
    await shows(hass, "meter", "2")
    assert registered(hass, "meter").via_device_id is None
    assert data_of(entry, "meter")[CONF_BASE] == "hub/meter"
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await shows(hass, "meter", "2")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_gateway_takes_what_is_reached_through_it_to_another_connection(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    await says(wire, "far/hub", 1)
    await says(wire, "far/hub/meter", 2)
    entry = broker(
        hass,
        broker_port,
        device("hub", "hub"),
        device("meter", "hub/meter", **THROUGH),
        device("other", "other", **BEHIND),
    )
    target = broker(hass, broker_port, title="Other broker")
    await set_up(hass, entry)
    await set_up(hass, target)
    before = registered(hass, "meter").id
    flow_id = await begun(hass, entry, "hub")
    await answered(hass, flow_id, next_step_id="move")
    form = await answered(hass, flow_id, entry=target.entry_id)
    result = await answered(hass, flow_id, **{**suggested(form), "place": "far/hub"})
    assert result["reason"] == "moved"
    await hass.async_block_till_done()
    await shows(hass, "meter", "2")
    assert registered(hass, "meter").id == before
    assert {one.title for one in target.subentries.values()} == {"Hub", "Meter"}
    assert {one.title for one in entry.subentries.values()} == {"Other"}
    hub = registered(hass, "hub")
    assert hub.config_entry_id == target.entry_id
    for name in ("meter", "other"):
        assert registered(hass, name).via_device_id == hub.id
    for one in (entry, target):
        await hass.config_entries.async_unload(one.entry_id)


async def test_gateway_stays_if_what_is_reached_through_it_cannot_move(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    entry = broker(
        hass,
        broker_port,
        device("hub", "hub"),
        device("meter", "hub/meter", **THROUGH),
    )
    twin = device("twin", "far/hub/meter", document("meter"))
    target = broker(hass, broker_port, twin, title="Other broker")
    await set_up(hass, entry)
    await set_up(hass, target)
    flow_id = await begun(hass, entry, "hub")
    await answered(hass, flow_id, next_step_id="move")
    form = await answered(hass, flow_id, entry=target.entry_id)
    entered = {**suggested(form), "place": "far/hub"}
    result = await answered(hass, flow_id, **entered)
    assert result["errors"] == {"base": "already_configured"}
    # Nor does it follow to where another one is.
    flow_id = await begun(hass, target, "twin")
    await answered(hass, flow_id, next_step_id="place")
    for one in (entry, target):
        await hass.config_entries.async_unload(one.entry_id)


async def test_device_does_not_follow_to_where_another_one_is(
    hass: HomeAssistant,
    broker_port: int,
    wire: Wire,
    caplog: pytest.LogCaptureFixture,
) -> None:
    twin = device("twin", "new/meter", document("meter"))
    meter = device("meter", "hub/meter", **THROUGH)
    entry = broker(hass, broker_port, device("hub", "new"), meter, twin)
    await set_up(hass, entry)
    assert data_of(entry, "meter")[CONF_BASE] == "hub/meter"
    assert "Meter cannot follow its gateway to new/meter" in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_gateway_of_another_connection(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    """The device can be behind it, but the way cannot lead through it."""
    await says(wire, "meter", 2)
    far = broker(hass, broker_port, device("hub", "hub"), title="Far")
    entry = broker(hass, broker_port, device("meter", "meter"))
    await set_up(hass, entry)
    flow_id = await begun(hass, entry, "meter")
    form = await answered(hass, flow_id, next_step_id="place")
    entered = {**suggested(form), CONF_GATEWAY: "key-of-hub", "through": True}
    result = await answered(hass, flow_id, **entered)
    assert result["errors"] == {"base": "gateway_elsewhere"}
    result = await answered(hass, flow_id, **{**entered, "through": False})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert registered(hass, "meter").via_device_id == registered(hass, "hub").id
    flow_id = await begun(hass, entry, "meter")
    form = await answered(hass, flow_id, next_step_id="place")
    assert suggested(form)[CONF_GATEWAY] == "key-of-hub"
    assert not suggested(form).get("through")
    hass.config_entries.subentries.async_abort(flow_id)
    await hass.config_entries.async_remove(far.entry_id)
    await hass.async_block_till_done()
    assert registered(hass, "meter").via_device_id is None
    await shows(hass, "meter", "2")
    flow_id = await begun(hass, entry, "meter")
    form = await answered(hass, flow_id, next_step_id="place")
    assert CONF_GATEWAY not in suggested(form)
    result = await answered(hass, flow_id, **suggested(form))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("through", [{}, {"below": ""}])
async def test_devices_behind_each_other_are_behind_none(
    hass: HomeAssistant, broker_port: int, wire: Wire, through: dict[str, str]
) -> None:
    files = {
        name: document(name, hardwareId=name, gateway=other, **through)
        for name, other in (("a", "b"), ("b", "c"), ("c", "b"), ("d", "d"))
    }
    entry = broker(
        hass, broker_port, *(device(name, name, file) for name, file in files.items())
    )
    await set_up(hass, entry)
    for name in ("b", "c", "d"):
        assert registered(hass, name).via_device_id is None
        assert data_of(entry, name)[CONF_BASE] == name
    assert registered(hass, "a").via_device_id == registered(hass, "b").id
    await hass.config_entries.async_unload(entry.entry_id)


FILE = document(
    "meter",
    hardwareId="ICD-9",
    gateway="GW-1",
    below="devices/{hardwareId}",
    manufacturer="Acme",
    modelNumber="T1",
    serialNumber=42,
    hardwareVersion="B",
    softwareVersion="1.2",
    protocol="zigbee",
    deviceClass="sensor",
    url=ADDRESS,
    area="Cellar",
    acmeToken="xyzzy",
)


def of_meter(hass: HomeAssistant, key: str) -> dict[str, str | None]:
    """Return what Home Assistant knows of a device."""
    registry = dr.async_get(hass)
    (known,) = registry.async_get_devices(identifiers={(DOMAIN, key)})
    fields = (
        "manufacturer model model_id serial_number hw_version sw_version "
        "configuration_url via_device_id area_id"
    )
    return {name: getattr(known, name) for name in fields.split()}


async def test_device_is_added_behind_a_gateway_as_its_file_says(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    """What the file says can be said otherwise."""
    await says(wire, "hub/devices/ICD-9", 7)
    hub = device("hub", "hub", **{CONF_ABOUT: {"hardwareId": "GW-1"}})
    entry = broker(hass, broker_port, hub)
    await set_up(hass, entry)
    flows = hass.config_entries.subentries
    handler = (entry.entry_id, SUBENTRY_DEVICE)
    result: Any = await flows.async_init(handler, context={"source": "user"})
    flow_id = result["flow_id"]
    await answered(hass, flow_id, next_step_id="paste")
    form = await answered(hass, flow_id, document=json.dumps(FILE))
    assert form["step_id"] == "topic"
    filled = suggested(form)
    assert filled["place"] == "devices/{hardwareId}"
    assert (filled[CONF_GATEWAY], filled["through"]) == ("key-of-hub", True)
    flows.async_abort(flow_id)
    # A gateway alone says nothing of the way.
    said = {key: it for key, it in FILE["device"].items() if key != "below"}
    result = await flows.async_init(handler, context={"source": "user"})
    flow_id = result["flow_id"]
    await answered(hass, flow_id, next_step_id="paste")
    document = json.dumps({**FILE, "device": said})
    alone = suggested(await answered(hass, flow_id, document=document))
    assert alone[CONF_GATEWAY] == "key-of-hub"
    assert not alone.get("through")
    flows.async_abort(flow_id)
    result = await flows.async_init(handler, context={"source": "user"})
    flow_id = result["flow_id"]
    await answered(hass, flow_id, next_step_id="paste")
    await answered(hass, flow_id, document=json.dumps(FILE))
    result = await answered(hass, flow_id, **{**filled, "name": "Meter"})
    assert result["step_id"] == "about", result["errors"]
    shown = suggested(result)
    assert shown["serialNumber"] == "42"
    assert shown["others"] == ["acmeToken = xyzzy"]
    for wrong, problem in (
        ({"others": ["colour"]}, "expected “key = text”"),
        ({"url": "ftp://x"}, "http://"),
        ({"url": "http://[x"}, "http://"),
        ({"serialNumber": "x" * 256}, "255 characters"),
        ({"others": ["x" * 65 + "=y"]}, "64 characters"),
        ({"others": [f"x{number}=y" for number in range(50)]}, "50 keys"),
    ):
        result = await answered(hass, flow_id, **{**shown, **wrong})
        assert result["errors"] == {"base": "model_invalid"}
        assert problem in result["description_placeholders"]["problem"]
    entered = {**shown, "softwareVersion": "1.3", "others": ["room = 3"]}
    del entered["hardwareVersion"]
    result = await answered(hass, flow_id, **entered)
    assert result["step_id"] == "preview"
    result = await answered(hass, flow_id, **suggested(result))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    await shows(hass, "cellar_meter", "7")
    assert result["data"][CONF_ABOUT] == {
        "softwareVersion": "1.3",
        "room": "3",
        "hardwareVersion": "",
        "acmeToken": "",
    }
    assert of_meter(hass, result["data"][CONF_KEY]) == {
        "manufacturer": "Acme",
        "model": "meter",
        "model_id": "T1",
        "serial_number": "42",
        "hw_version": None,
        "sw_version": "1.3",
        "configuration_url": ADDRESS,
        "via_device_id": registered(hass, "hub").id,
        "area_id": "cellar",
    }
    await hass.config_entries.async_unload(entry.entry_id)


async def test_what_is_known_is_changed_and_taken_back(
    hass: HomeAssistant, broker_port: int, hass_client: ClientSessionGenerator
) -> None:
    entry = broker(hass, broker_port, device("meter", "meter", FILE))
    await set_up(hass, entry)
    before = of_meter(hass, "key-of-meter")
    assert before["serial_number"] == "42"
    assert before["via_device_id"] is None
    flow_id = await begun(hass, entry, "meter")
    form = await answered(hass, flow_id, next_step_id="about")
    entered = {**suggested(form), "manufacturer": "Bolt"}
    del entered["url"], entered["serialNumber"], entered["modelNumber"]
    result = await answered(hass, flow_id, **entered)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert of_meter(hass, "key-of-meter") == before | {
        "manufacturer": "Bolt",
        "configuration_url": None,
        "serial_number": None,
        "model_id": "urn:x:meter",
    }
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    (known,) = told["devices"]
    assert known["metadata"]["protocol"] == "zigbee"
    assert "xyzzy" not in json.dumps(told)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_hardware_id_is_that_of_one_device(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    about = {CONF_ABOUT: {"hardwareId": "ICD-9"}}
    entry = broker(
        hass,
        broker_port,
        device("meter", "a", **about),
        device("twin", "b", document("meter")),
        device("other", "c"),
    )
    await set_up(hass, entry)
    for name, error in (("twin", {"base": "already_configured"}), ("other", None)):
        flow_id = await begun(hass, entry, name)
        await answered(hass, flow_id, next_step_id="about")
        result = await answered(hass, flow_id, hardwareId="ICD-9")
        assert result.get("errors") == error
    await hass.config_entries.async_unload(entry.entry_id)


async def test_disabled_connection_of_a_gateway(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    await says(wire, "meter", 2)
    far = broker(hass, broker_port, device("hub", "hub"), title="Far")
    entry = broker(hass, broker_port, device("meter", "meter", **BEHIND))
    await set_up(hass, entry)
    by_user = ConfigEntryDisabler.USER
    await hass.config_entries.async_set_disabled_by(far.entry_id, by_user)
    await hass.async_block_till_done()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await shows(hass, "meter", "2")
    await hass.config_entries.async_unload(entry.entry_id)


def loaded(name: str, **more: Any) -> Loaded:
    """Return a model, as a gateway has it."""
    return load_document(document(name, **more), name)


async def test_device_that_is_registered_again_is_the_same(
    hass: HomeAssistant, broker_port: int, wire: Wire
) -> None:
    """By hardware id, models and metadata (sheet §3.7)."""
    await says(wire, "hub/ICD-9", 7)
    entry = broker(hass, broker_port, device("hub", "hub"))
    await set_up(hass, entry)
    hub = next(one for one in members(hass) if one.key == "key-of-hub")
    said = {"manufacturer": "Acme", "serialNumber": "42", "acmeColour": "red"}
    meter, probe = loaded("meter"), loaded("probe")
    both = async_register_behind(hass, hub, "ICD-9", said, meter, probe)
    await hass.async_block_till_done()
    for one, name in zip(both, ("meter", "probe"), strict=True):
        await shows(hass, f"{name}_icd_9", "7")
        known = of_meter(hass, one.data[CONF_KEY])
        assert known["serial_number"] == "42"
        assert known["via_device_id"] == registered(hass, "hub").id
    (again,) = async_register_behind(
        hass, hub, "ICD-9", {"softwareVersion": "2"}, loaded("meter")
    )
    await hass.async_block_till_done()
    assert again.subentry_id == both[0].subentry_id
    assert len(entry.subentries) == 3
    known = of_meter(hass, again.data[CONF_KEY])
    assert (known["sw_version"], known["serial_number"]) == ("2", "42")
    (other,) = async_register_behind(
        hass, hub, "ICD-10", {"room": "3"}, meter, below="{room}/{hardwareId}"
    )
    await hass.async_block_till_done()
    assert other.data[CONF_BASE] == "hub/3/ICD-10"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("hardware_id", "metadata", "models", "below", "problem"),
    [
        (" ", {}, 1, "x", "hardwareId"),
        ("ICD-9", {}, 0, "x", "models"),
        ("ICD-9", {"serialNumber": ["4"]}, 1, "x", "serialNumber"),
        ("ICD-9", {"url": "x"}, 1, "x", "url"),
        ("ICD-9", {}, 1, "meter", "hub/meter"),
    ],
)
async def test_registration_that_is_refused(
    hass: HomeAssistant,
    hardware_id: str,
    metadata: dict[str, Any],
    models: int,
    below: str,
    problem: str,
) -> None:
    entry = broker(hass, 1, device("hub", "hub"), device("meter", "hub/meter"))
    hub = next(members(hass))
    named = [loaded("meter")] * models
    with pytest.raises(ValueRefusedError, match=problem):
        async_register_behind(hass, hub, hardware_id, metadata, *named, below=below)
    assert len(entry.subentries) == 2


def test_every_word_is_described() -> None:
    page = (Path(__file__).parent.parent / "docs" / "gateways.md").read_text()
    assert {word for word in KNOWN if f"`{word}`" not in page} == set()
