"""A boiler behind a broker, told what to say by a test."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiomqtt
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_KEY,
    CONF_MQTT_VERSION,
    CONF_SYSTEM,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.device_data import new_device
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.systems import System

from .flows import answered

MODEL: Final[dict[str, Any]] = {
    "urn": "urn:test:boiler",
    "name": "Boiler",
    "attributes": [
        {"name": "temperature", "type": "NUMBER", "unit": "°C"},
        {"name": "pressure", "type": "NUMBER", "unit": "bar"},
        {"name": "label", "type": "STRING"},
        {"name": "pin", "type": "INTEGER", "sensitive": True},
    ],
    "actions": [
        {"name": "vent"},
        {"name": "say", "arguments": [{"name": "text", "type": "STRING"}]},
    ],
    "formats": [{"name": "burst", "urn": "urn:test:boiler:burst"}],
}


class Boiler:
    """What a test says for the device, and hears of it."""

    def __init__(self, hass: HomeAssistant, port: int, **document: Any) -> None:
        """Make an entry with the boiler as its device."""
        self.hass = hass
        self.port = port
        self._round = 0
        loaded = load_document({"model": MODEL, **document}, "boiler.json")
        place = {CONF_BASE: "boiler"}
        data = new_device(loaded, "paste", place, "en") | {CONF_KEY: "key-of-boiler"}
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title="Broker",
            data={
                CONF_SYSTEM: System.MQTT_BROKER,
                CONF_HOST: "127.0.0.1",
                CONF_PORT: port,
                CONF_TLS: False,
                CONF_MQTT_VERSION: "3.1.1",
            },
            subentries_data=[
                ConfigSubentryData(
                    subentry_type=SUBENTRY_DEVICE,
                    title="Boiler",
                    unique_id="urn:test:boiler boiler",
                    data=data,
                )
            ],
        )
        self.entry.add_to_hass(hass)

    @property
    def data(self) -> Mapping[str, Any]:
        """What is kept of the device."""
        return self.entry.subentries[self.subentry_id].data

    @property
    def device(self) -> VirtualDevice:
        """The picture of the device."""
        coordinators = self.entry.runtime_data.coordinators
        device: VirtualDevice = coordinators[self.subentry_id].device
        return device

    @property
    def subentry_id(self) -> str:
        """The subentry of the device, the first one of the entry."""
        return next(iter(self.entry.subentries))

    async def heard(self) -> None:
        """Wait until what the device says is heard: nothing is kept for later."""
        self._round += 1
        mark = f"round {self._round}"
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            async with asyncio.timeout(20):
                while self.device.said("label") != mark:
                    await client.publish("boiler/label", mark)
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.05)  # for those that were on their way

    async def say(self, *messages: tuple[str, str]) -> None:
        """Publish messages, each a topic below the device's and a payload."""
        async with aiomqtt.Client("127.0.0.1", self.port) as client:
            for topic, payload in messages:
                await client.publish(f"boiler/{topic}", payload, qos=1)

    async def policies(self) -> dict[str, Any]:
        """Begin to change the policies."""
        result: Any = await self.entry.start_subentry_reconfigure_flow(
            self.hass, self.subentry_id
        )
        return await answered(self.hass, result["flow_id"], next_step_id="policies")

    async def form(self, kind: str) -> dict[str, Any]:
        """Open the form of a kind of policy."""
        result = await self.policies()
        result = await answered(self.hass, result["flow_id"], add=kind)
        assert result["step_id"] == "policy"
        return result

    async def add(self, kind: str, **entered: Any) -> None:
        """Add a policy, and save."""
        result = await self.form(kind)
        result = await answered(self.hass, result["flow_id"], **entered)
        assert not result["errors"], result
        if result["step_id"] == "policy_check":
            result = await answered(self.hass, result["flow_id"], again=False)
        assert result["step_id"] == "policies"
        followed = [one["value"] for one in options(result, "followed")]
        result = await answered(self.hass, result["flow_id"], followed=followed)
        assert result["reason"] == "reconfigure_successful"
        await self.hass.async_block_till_done()


def options(result: Mapping[str, Any], name: str) -> list[Any]:
    """Return what a field of a form offers."""
    schema = result["data_schema"].schema
    return list(schema[name].config["options"]) if name in schema else []
