"""Simulated devices whose elements belong together, behind CoAP, in Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import ATTR_ENTITY_ID, CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRMABLE,
    CONF_DOCUMENT,
    CONF_INTERVAL,
    CONF_KEY,
    CONF_SOURCE,
    CONF_SYSTEM,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.values import JsonValue, Scalar
from custom_components.device_models.systems import System
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator

from ..acting import attributes_of, set_up, state_of, until

KEY = "key"


@dataclass
class Running:
    """A device, and Home Assistant that shows it."""

    hass: HomeAssistant
    entry: MockConfigEntry
    simulator: CoapSimulator

    @property
    def device(self) -> SimulatedDevice:
        """The device itself."""
        return self.simulator.device

    @property
    def values(self) -> Mapping[str, Scalar]:
        """What the device has."""
        return self.device.values

    def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        return state_of(self.hass, entity_id)

    def shown(self, entity_id: str, *names: str) -> list[Any]:
        """Return the state of an entity, and some of its attributes."""
        attributes = attributes_of(self.hass, entity_id)
        return [self.state(entity_id), *(attributes.get(name) for name in names)]

    async def has(self, **values: Scalar) -> None:
        """Let the device have other values, and Home Assistant hear of it."""
        self.device.put(values)
        (coordinator,) = self.entry.runtime_data.coordinators.values()
        known = coordinator.device.values
        await until(
            lambda: all(
                name in known and known[name].value == value
                for name, value in values.items()
            )
        )
        await self.hass.async_block_till_done()

    async def forget(self, *names: str) -> None:
        """Let values be unknown, and the device say nothing more."""
        (coordinator,) = self.entry.runtime_data.coordinators.values()
        observed = self.entry.runtime_data.connection.pushed
        await until(lambda: observed(coordinator.device))
        self.simulator.faults.silent = True
        await asyncio.sleep(0.05)
        coordinator.device.lose(frozenset(names))
        await self.hass.async_block_till_done()

    async def call(self, entity_id: str, service: str, **data: object) -> None:
        """Use a service of an entity."""
        await self.hass.services.async_call(
            entity_id.partition(".")[0],
            service,
            {ATTR_ENTITY_ID: entity_id, **data},
            blocking=True,
        )
        await self.hass.async_block_till_done()


def entry_of(port: int, document: JsonValue, **data: object) -> MockConfigEntry:
    """Return an entry for an endpoint with one device, which is called Thing."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Endpoint",
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: 5.0,
        },
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title="Thing",
                unique_id="thing",
                data={
                    CONF_KEY: KEY,
                    CONF_SOURCE: "pasted",
                    CONF_DOCUMENT: document,
                    CONF_BASE: "",
                    **data,
                },
            )
        ],
    )


@asynccontextmanager
async def running(
    hass: HomeAssistant,
    document: JsonValue,
    values: Mapping[str, Any] | None = None,
    **data: object,
) -> AsyncGenerator[Running]:
    """Run a device of a model that is behind CoAP; its time stands still."""
    model = load_document(document, "thing").model
    device = SimulatedDevice(model, seed=1, alerts_every=0)
    device.put(values or {})
    async with CoapSimulator(device, speed=0, max_age=1) as simulator:
        entry = entry_of(simulator.port, document, **data)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        yield Running(hass, entry, simulator)
        simulator.faults.silent = False
        await hass.config_entries.async_unload(entry.entry_id)
