"""A thermostat, a lamp and a shutter that describe themselves in three formats."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any, Final

import aiomqtt
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import ATTR_ENTITY_ID, CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_MQTT_VERSION,
    CONF_SOURCE,
    CONF_SYSTEM,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot.formats.parsing import parse
from custom_components.device_models.systems import System

from ..acting import attributes_of, set_up, state_of, until
from .devices import running

pytestmark = pytest.mark.usefixtures("integration")

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"

BASE: Final = "homie/5/bedroom"


def document(file: str) -> Any:
    """Return the document of a model file."""
    return parse((FIXTURES / file).read_bytes(), file)


async def test_thermostat_of_the_web_of_things(hass: HomeAssistant) -> None:
    td = document("wot/thermostat.td.json")
    td["base"] = ""  # where the entry is
    values = {"raum": 20.5, "soll": 21.5, "betrieb": "heat", "brenner": "off"}
    async with running(hass, td, values) as thing:
        climates = hass.states.async_entity_ids("climate")
        assert climates == ["climate.thing"]
        assert thing.shown(
            "climate.thing", "temperature", "current_temperature", "hvac_action"
        ) == ["heat", 21.5, 20.5, "off"]
        await thing.call("climate.thing", "set_temperature", temperature=18.5)
        assert thing.values["soll"] == 18.5
        await thing.call("climate.thing", "set_hvac_mode", hvac_mode="auto")
        assert thing.values["betrieb"] == "auto"
        assert thing.shown("climate.thing", "temperature") == ["auto", 18.5]
        assert hass.states.async_entity_ids("select") == []
        assert hass.states.async_entity_ids("number") == ["number.thing_calibration"]


async def test_lamps_of_a_listing(hass: HomeAssistant) -> None:
    listing = document("ipso/dimmable-channels.wlnk")
    values = {
        f"3311/{lamp}/{resource}": value
        for lamp in (0, 1)
        for resource, value in ((5850, False), (5851, 40))
    }
    async with running(hass, listing, values) as thing:
        lights = sorted(hass.states.async_entity_ids("light"))
        assert lights == ["light.thing_sideboard", "light.thing_table"]
        await thing.call("light.thing_table", "turn_on", brightness=51)
        assert [thing.values[f"3311/0/{one}"] for one in (5850, 5851)] == [True, 20]
        assert [thing.values[f"3311/1/{one}"] for one in (5850, 5851)] == [False, 40]
        assert thing.shown("light.thing_table", "brightness") == ["on", 51]
        await thing.call("light.thing_table", "turn_off")
        assert thing.values["3311/0/5850"] is False
        assert thing.state("light.thing_table") == "off"
        assert hass.states.async_entity_ids("switch") == []


@asynccontextmanager
async def shutter(port: int) -> AsyncGenerator[list[tuple[str, str]]]:
    """Be the shutter behind a broker; yields what it was told."""
    told: list[tuple[str, str]] = []
    async with aiomqtt.Client("127.0.0.1", port) as client:

        async def say(topic: str, payload: str) -> None:
            await client.publish(f"{BASE}/{topic}", payload, qos=1, retain=True)

        async def obey() -> None:
            async for message in client.messages:
                name = str(message.topic).removeprefix(f"{BASE}/").removesuffix("/set")
                payload = bytes(message.payload).decode()
                told.append((name, payload))
                if name == "shutter/position":
                    await say(name, payload)
                elif payload == "stop":
                    await say("shutter/motion", "stopped")

        await client.subscribe(f"{BASE}/+/+/set", qos=1)
        await say("$description", json.dumps(document("homie/roller_shutter_v5.json")))
        for topic, payload in (
            ("shutter/position", "30"),
            ("shutter/motion", "closing"),
            ("wind/speed", "3.5"),
            ("$state", "ready"),
        ):
            await say(topic, payload)
        obeying = asyncio.create_task(obey())
        yield told
        obeying.cancel()
        await asyncio.wait([obeying])


async def test_shutter_of_homie(hass: HomeAssistant, broker_port: int) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Broker",
        data={
            CONF_SYSTEM: System.MQTT_BROKER,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: broker_port,
            CONF_TLS: False,
            CONF_MQTT_VERSION: "3.1.1",
        },
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title="Bedroom",
                unique_id="bedroom",
                data={
                    CONF_KEY: "bedroom",
                    CONF_SOURCE: "device",
                    CONF_DOCUMENT: document("homie/roller_shutter_v5.json"),
                    CONF_BASE: BASE,
                },
            )
        ],
    )
    entry.add_to_hass(hass)
    async with shutter(broker_port) as told:
        await set_up(hass, entry)
        (entity,) = hass.states.async_entity_ids("cover")
        await until(lambda: state_of(hass, entity) == "closing")
        shown = attributes_of(hass, entity)
        assert shown["current_position"] == 30
        assert shown["device_class"] == "shutter"

        async def call(service: str, **data: object) -> None:
            await hass.services.async_call(
                "cover", service, {ATTR_ENTITY_ID: entity, **data}, blocking=True
            )

        await call("stop_cover")
        await until(lambda: state_of(hass, entity) == "open")
        await call("set_cover_position", position=80)
        await until(lambda: attributes_of(hass, entity)["current_position"] == 80)
        await call("close_cover")
        await until(lambda: ("shutter/command", "down") in told)
        assert told == [
            ("shutter/command", "stop"),
            ("shutter/position", "80"),
            ("shutter/command", "down"),
        ]
        assert hass.states.async_entity_ids("number") == []
        await hass.config_entries.async_unload(entry.entry_id)
