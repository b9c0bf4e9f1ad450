"""Thermostats, with a device on the other end."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from .devices import running
from .models import boolean, choice, degrees, device, percent

pytestmark = pytest.mark.usefixtures("integration")

THING = "climate.thing"

TARGET = degrees("target", writable=True, range="5,30", step=0.5)
TEMPERATURE = degrees("temperature")


async def test_thermostat_with_all_that_there_is(hass: HomeAssistant) -> None:
    document = device(
        TARGET,
        TEMPERATURE,
        choice("mode", "OFF", "heating", "fanOnly", "auto"),
        choice("running_state", "idle", "heating", writable=False),
        choice("preset", "eco", "comfort"),
        choice("fan_mode", "low", "high"),
        choice("swing", "on", "off"),
        percent("target_humidity", range="30,70"),
        percent("humidity", writable=False),
        semanticType="Thermostat",
    )
    async with running(
        hass,
        document,
        {
            "target": 21.5,
            "temperature": 20.25,
            "mode": "heating",
            "running_state": "idle",
            "preset": "eco",
            "fan_mode": "low",
            "swing": "on",
            "target_humidity": 45,
            "humidity": 51,
        },
    ) as thing:
        attributes = hass.states.get(THING).attributes  # type: ignore[union-attr]
        assert thing.state(THING) == "heat"
        assert attributes["hvac_modes"] == ["off", "heat", "fan_only", "auto"]
        shown = {
            "temperature": 21.5,
            "current_temperature": 20.2,
            "min_temp": 5,
            "max_temp": 30,
            "target_temp_step": 0.5,
            "hvac_action": "idle",
            "preset_mode": "eco",
            "preset_modes": ["eco", "comfort"],
            "fan_mode": "low",
            "swing_mode": "on",
            "humidity": 45,
            "min_humidity": 30,
            "max_humidity": 70,
            "current_humidity": 51,
        }
        assert {name: attributes[name] for name in shown} == shown
        assert "assumed_state" not in attributes
        for service, data, name, value in (
            ("set_temperature", {"temperature": 23}, "target", 23),
            ("set_hvac_mode", {"hvac_mode": "fan_only"}, "mode", "fanOnly"),
            ("turn_off", {}, "mode", "OFF"),
            ("turn_on", {}, "mode", "heating"),
            ("set_preset_mode", {"preset_mode": "comfort"}, "preset", "comfort"),
            ("set_fan_mode", {"fan_mode": "high"}, "fan_mode", "high"),
            ("set_swing_mode", {"swing_mode": "off"}, "swing", "off"),
            ("set_humidity", {"humidity": 50}, "target_humidity", 50),
        ):
            await thing.call(THING, service, **data)
            assert thing.values[name] == value, service
        await thing.has(running_state="heating", temperature=21.0)
        assert thing.shown(THING, "hvac_action", "current_temperature") == [
            "heat",
            "heating",
            21.0,
        ]
        await thing.call(THING, "set_temperature", temperature=19, hvac_mode="auto")
        assert (thing.values["target"], thing.values["mode"]) == (19, "auto")


async def test_fahrenheit_and_tenths(hass: HomeAssistant) -> None:
    document = device(
        {**TARGET, "range": "41,86", "step": 1, "unit": "°F"},
        {**TEMPERATURE, "type": "INTEGER"},
        boolean("heating"),
        boolean("burner", writable=False),
        overlay={"attributes": {"temperature": {"scale": 0.1}}},
    )
    values: dict[str, Any] = {"target": 68, "temperature": 215, "burner": True}
    async with running(hass, document, {**values, "heating": True}) as thing:
        assert thing.shown(
            THING, "temperature", "current_temperature", "hvac_action", "hvac_modes"
        ) == ["heat", 20.0, 21.5, "heating", ["off", "heat"]]
        await thing.call(THING, "set_temperature", temperature=25)
        assert thing.values["target"] == 77
        await thing.call(THING, "set_hvac_mode", hvac_mode="off")
        assert thing.values["heating"] is False
        await thing.has(burner=False)
        assert thing.shown(THING, "hvac_action") == ["off", "idle"]


async def test_without_mode_it_heats_and_without_unit_it_is_taken_as_it_is(
    hass: HomeAssistant,
) -> None:
    document = device(
        {"name": "target", "type": "NUMBER", "writable": True},
        {"name": "temperature", "type": "NUMBER"},
        semanticType="Thermostat",
    )
    values = {"target": 20.5, "temperature": 19.5}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "temperature", "current_temperature") == [
            "heat",
            20.5,
            19.5,
        ]
        attributes = hass.states.get(THING).attributes  # type: ignore[union-attr]
        assert attributes["hvac_modes"] == ["heat"]
        assert (attributes["min_temp"], attributes["max_temp"]) == (7, 35)
        assert "hvac_action" not in attributes


async def test_a_mode_and_a_switch_go_out_together(hass: HomeAssistant) -> None:
    document = device(
        TARGET, TEMPERATURE, boolean("on"), choice("mode", "heat", "cool"),
        semanticType="Thermostat",
    )  # fmt: skip
    values = {"target": 20.0, "temperature": 19.5, "on": False, "mode": "heat"}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "hvac_modes") == ["off", ["off", "heat", "cool"]]
        await thing.call(THING, "set_hvac_mode", hvac_mode="cool")
        assert (thing.values["on"], thing.values["mode"]) == (True, "cool")
        assert thing.state(THING) == "cool"
        await thing.call(THING, "turn_off")
        assert (thing.values["on"], thing.values["mode"]) == (False, "cool")
        assert thing.state(THING) == "off"


async def test_nothing_is_shown_that_is_not_known(hass: HomeAssistant) -> None:
    document = device(
        TARGET, TEMPERATURE, choice("mode", "off", "heat"),
        {**boolean("on"), "readable": False}, semanticType="Thermostat",
    )  # fmt: skip
    async with running(hass, document) as thing:
        await thing.forget("target", "temperature", "mode")
        assert thing.shown(THING, "temperature", "current_temperature") == [
            "unknown",
            None,
            None,
        ]
