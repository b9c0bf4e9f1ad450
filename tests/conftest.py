"""What all tests share."""

from collections.abc import AsyncGenerator, Generator
import logging
from pathlib import Path
import shutil
from typing import Any, NoReturn

from amqtt.broker import Broker
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigSubentryFlow, OptionsFlow
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, ServiceRegistry
from homeassistant.data_entry_flow import FlowManager
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

import custom_components  # noqa: F401  (before the plugin's own package of that name)
from custom_components.device_models.const import (
    CONF_CONFIRMABLE,
    CONF_INTERVAL,
    CONF_MQTT_VERSION,
    CONF_SYSTEM,
    CONF_TLS,
    DOMAIN,
)
from custom_components.device_models.iot.connections.coap import attempt, request
from custom_components.device_models.systems import System
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.models import load_model
from simulators.mqtt import MqttSimulator

from .acting import device_subentry
from .iot.connections.things import free_port
from .node_wot import MissingError, NodeWot, fetched
from .passwords import PASSWORD, Mosquitto
from .translations import check_exception, check_flow_result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that CI uses."""
    parser.addoption(
        "--require-peers",
        action="store_true",
        help="fail, rather than skip, where a peer program is missing",
    )


def peer(request: pytest.FixtureRequest, *names: str) -> str:
    """Return the first of the programs that is there; skip the test if none is."""
    for name in names:
        if path := shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin"):
            return path
    missing(request, f"none of {', '.join(names)} is installed")


def missing(request: pytest.FixtureRequest, reason: str) -> NoReturn:
    """Skip a test that lacks a peer, or have it fail where peers are required."""
    if request.config.getoption("--require-peers"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def peer_program(request: pytest.FixtureRequest) -> str:
    """Return the first program of the parameter that is there."""
    return peer(request, *request.param)


@pytest.fixture(scope="session")
def node_wot(request: pytest.FixtureRequest) -> NodeWot:
    """Return what runs node-wot."""
    node, npm = peer(request, "node", "nodejs"), peer(request, "npm")
    try:
        return NodeWot(node, fetched(npm))
    except MissingError as err:
        missing(request, str(err))


@pytest.fixture(autouse=True)
def no_deprecated_use(caplog: pytest.LogCaptureFixture) -> Generator[None]:
    """Fail a test in which Home Assistant complains about how we use it."""
    yield
    for when in ("setup", "call"):
        for record in caplog.get_records(when):
            message = record.getMessage()
            assert "Detected that custom integration" not in message, message
            if record.name.startswith("custom_components.device_models"):
                assert record.levelno < logging.CRITICAL, message


@pytest.fixture(autouse=True)
def texts_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that would show a text which is not in en.json."""
    handle_step = FlowManager._async_handle_step

    async def checked_step(self: Any, flow: Any, *args: Any, **kwargs: Any) -> Any:
        result = await handle_step(self, flow, *args, **kwargs)
        if isinstance(flow, ConfigSubentryFlow):
            check_flow_result(result, "config_subentries", flow.handler[1])
        elif isinstance(flow, RepairsFlow):
            issue = ir.async_get(flow.hass).async_get_issue(DOMAIN, flow.issue_id)
            told = issue and issue.translation_key
            check_flow_result(result, "issues", told or "model_changed", "fix_flow")
        elif isinstance(flow, OptionsFlow):
            check_flow_result(result, "options")
        elif flow.handler == DOMAIN:
            check_flow_result(result, "config")
        return result

    call_service = ServiceRegistry.async_call

    async def checked_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await call_service(self, *args, **kwargs)
        except HomeAssistantError as err:
            check_exception(err)
            raise

    monkeypatch.setattr(FlowManager, "_async_handle_step", checked_step)
    monkeypatch.setattr(ServiceRegistry, "async_call", checked_call)


@pytest.fixture
def socket_enabled(socket_enabled: None) -> None:
    """Allow sockets on loopback, also as aiocoap writes an IPv4 address."""
    pytest_socket.socket_allow_hosts(
        ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"], allow_unix_socket=True
    )


@pytest.fixture
def integration(
    enable_custom_integrations: None,
    socket_enabled: None,
    hass_storage: dict[str, Any],
) -> None:
    """Let Home Assistant find the integration, and the integration its devices.

    What is stored is kept in memory: files would be shared by all tests.
    """


@pytest.fixture
async def room(socket_enabled: None) -> AsyncGenerator[CoapSimulator]:
    """Run a room climate controller behind CoAP; its time stands still."""
    device = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    async with CoapSimulator(device, speed=0, max_age=1) as simulator:
        yield simulator


@pytest.fixture
def quick_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have CoAP requests give up soon."""
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 0.3)
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.05)


@pytest.fixture
async def broker_port(socket_enabled: None) -> AsyncGenerator[int]:
    """Run an MQTT broker; returns its port."""
    port = free_port()
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {
                    "allow_anonymous": True
                }
            },
        }
    )
    await broker.start()
    yield port
    await broker.shutdown()


@pytest.fixture
async def pump(broker_port: int) -> AsyncGenerator[MqttSimulator]:
    """Run a water pump behind the broker; its time stands still."""
    device = SimulatedDevice(load_model("water_pump"), seed=1, alerts_every=0)
    async with MqttSimulator(
        device, port=broker_port, base="cellar/pump", speed=0
    ) as simulator:
        yield simulator


@pytest.fixture
def room_entry(hass: HomeAssistant, room: CoapSimulator) -> MockConfigEntry:
    """Return an entry for the room's endpoint, with the room as its device."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Room",
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: room.port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: 5.0,
        },
        subentries_data=[device_subentry("room_climate", "Room", "")],
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def pump_entry(hass: HomeAssistant, pump: MqttSimulator) -> MockConfigEntry:
    """Return an entry for the pump's broker, with the pump as its device."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Broker",
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: pump.port,
            CONF_TLS: False,
            CONF_MQTT_VERSION: "3.1.1",
        },
        subentries_data=[device_subentry("water_pump", "Pump", pump.base)],
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def guarded_broker(
    request: pytest.FixtureRequest, tmp_path: Path, socket_enabled: None
) -> AsyncGenerator[Mosquitto]:
    """Run a Mosquitto that wants a password."""
    broker = Mosquitto(
        peer(request, "mosquitto"), peer(request, "mosquitto_passwd"), tmp_path
    )
    await broker.start(PASSWORD)
    yield broker
    await broker.stop()
