"""The options of a connection."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import CONF_ANY_HOST, CONF_OTHER_HOSTS

from .acting import set_up
from .flows import suggested

pytestmark = pytest.mark.usefixtures("integration")


async def test_other_hosts(hass: HomeAssistant, room_entry: MockConfigEntry) -> None:
    await set_up(hass, room_entry)
    runtime = room_entry.runtime_data
    flows = hass.config_entries.options
    result: Any = await flows.async_init(room_entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    assert suggested(result) == {CONF_ANY_HOST: False}
    for bad in ("coap://h", "h:5683", "h/x", "", "ä"):
        entered = {CONF_ANY_HOST: False, CONF_OTHER_HOSTS: [bad]}
        result = await flows.async_configure(result["flow_id"], entered)
        assert result["errors"] == {CONF_OTHER_HOSTS: "no_host"}
    hosts = ["pump.local", " fe80::1%eth0", "pump.local"]
    result = await flows.async_configure(
        result["flow_id"], {CONF_ANY_HOST: True, CONF_OTHER_HOSTS: hosts}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert room_entry.options == {
        CONF_ANY_HOST: True,
        CONF_OTHER_HOSTS: ["pump.local", "fe80::1%eth0"],
    }
    assert room_entry.runtime_data is runtime  # nothing was interrupted
    result = await flows.async_init(room_entry.entry_id)
    assert suggested(result) == room_entry.options
    result = await flows.async_configure(result["flow_id"], {CONF_ANY_HOST: False})
    assert room_entry.options == {CONF_ANY_HOST: False, CONF_OTHER_HOSTS: []}


async def test_brokers_have_no_options(
    hass: HomeAssistant, room_entry: MockConfigEntry, pump_entry: MockConfigEntry
) -> None:
    assert room_entry.supports_options
    assert not pump_entry.supports_options
