"""An IPSO node that libcoap serves, added as it describes itself, and used."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
import socket
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_CONFIRMABLE,
    CONF_SYSTEM,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot.connections.coap import CoapEndpoint
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.errors import UnreachableError
from custom_components.device_models.systems import System

from .acting import attributes_of, set_up, state_of, until
from .flows import answered
from .iot.connections.programs import output_of, running
from .iot.connections.test_libcoap import CLIENTS, SERVERS
from .iot.connections.test_libcoap_node import RESOURCES
from .iot.connections.things import free_port

pytestmark = [
    pytest.mark.peer,
    pytest.mark.usefixtures("integration"),
    pytest.mark.parametrize("peer_program", [SERVERS], indirect=True),
]


@pytest.fixture
async def node(
    peer_program: str, socket_enabled: None, tmp_path: Path
) -> AsyncGenerator[CoapEndpoint]:
    """Run the node; returns the way to it."""
    port = free_port(socket.SOCK_DGRAM)
    endpoint = CoapEndpoint("127.0.0.1", port)
    await endpoint.open()
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 30"
    with running(*command.split(), log=tmp_path / "log"):
        async with asyncio.timeout(8):
            while not await listens(endpoint):  # noqa: ASYNC110  (it tells nobody)
                await asyncio.sleep(0.05)
        for path, value in RESOURCES.items():
            payload = value.encode()
            await endpoint.request(Method.PUT, path, payload=payload, content_format=0)
        yield endpoint
    await endpoint.close()


async def listens(endpoint: CoapEndpoint) -> bool:
    """Whether the node has started."""
    try:
        await endpoint.request(Method.GET, ".well-known/core")
    except UnreachableError:
        return False
    return True


@pytest.fixture
def entry(hass: HomeAssistant, node: CoapEndpoint) -> MockConfigEntry:
    """Return an entry for the node, without a device."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Node",
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: node.port,
            CONF_CONFIRMABLE: True,
        },
    )
    entry.add_to_hass(hass)
    return entry


async def added(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add the node as it describes itself."""
    flows = hass.config_entries.subentries
    started = await flows.async_init(
        (entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    await answered(hass, started["flow_id"], next_step_id="device")
    result: Any = await answered(hass, started["flow_id"])
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = await flows.async_configure(result["flow_id"])
    await answered(hass, result["flow_id"], name="Node")
    await answered(hass, result["flow_id"])
    await hass.async_block_till_done()


async def test_node_is_added_and_used(
    hass: HomeAssistant, node: CoapEndpoint, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    await added(hass, entry)
    assert state_of(hass, "sensor.node_temperature") == "21.5"
    shown = attributes_of(hass, "sensor.node_temperature")
    assert shown["device_class"] == "temperature"
    assert state_of(hass, "number.node_set_point") == "20"
    assert state_of(hass, "binary_sensor.node_push_button") == "off"
    (coordinator,) = entry.runtime_data.coordinators.values()
    pushed = entry.runtime_data.connection.pushed
    await until(lambda: "3303/0/5700" in pushed(coordinator.device))
    url = f"coap://127.0.0.1:{node.port}/"
    client = next(path for name in CLIENTS if (path := Path("/usr/bin", name)).exists())
    await output_of(client, "-m", "put", "-t", "0", "-e", "23.25", f"{url}3303/0/5700")
    await until(lambda: state_of(hass, "sensor.node_temperature") == "23.25")
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.node_set_point", "value": 18.5},
        blocking=True,
    )
    assert (await output_of(client, f"{url}3308/0/5900")).strip() == b"18.5"
    assert attributes_of(hass, "light.node")["brightness"] == 128
    await hass.services.async_call(
        "light", "turn_off", {"entity_id": "light.node"}, blocking=True
    )
    assert (await output_of(client, f"{url}3311/0/5850")).strip() == b"0"
    await until(lambda: state_of(hass, "light.node") == "off")
