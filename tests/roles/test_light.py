"""Lights, with a device on the other end."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from .devices import running
from .models import Document, boolean, choice, device, number, percent, text

pytestmark = pytest.mark.usefixtures("integration")

THING = "light.thing"

LAMP: dict[str, Any] = {"semanticType": "Light"}


async def test_on_and_off(hass: HomeAssistant) -> None:
    async with running(hass, device(boolean("on"), **LAMP), {"on": False}) as thing:
        assert thing.shown(THING, "supported_color_modes", "color_mode") == [
            "off",
            ["onoff"],
            None,
        ]
        await thing.call(THING, "turn_on")
        assert thing.values["on"] is True
        assert thing.shown(THING, "color_mode") == ["on", "onoff"]
        await thing.call(THING, "turn_off")
        assert thing.values["on"] is False
        assert thing.state(THING) == "off"


@pytest.mark.parametrize(
    ("brightness", "value", "shown", "asked", "sent"),
    [
        (percent("level"), 100, 255, 128, 50),
        (percent("level"), 1, 3, 1, 1),
        (percent("level", range="1,100"), 50, 128, 3, 1),
        ({**percent("level"), "range": "0,254", "unit": ""}, 254, 255, 128, 127),
        (number("level", range="0,1"), 0.5, 128, 51, 0.2),
        ({**number("level"), "unit": "%"}, 20, 51, 255, 100),
        (percent("level", step=10), 30, 76, 140, 50),
        (percent("level", range="10,100"), 10, 26, 255, 100),
    ],
)
async def test_brightness_both_ways(
    hass: HomeAssistant,
    brightness: Document,
    value: float,
    shown: int,
    asked: int,
    sent: float,
) -> None:
    document = device(boolean("on"), brightness, **LAMP)
    async with running(hass, document, {"on": True, "level": value}) as thing:
        assert thing.shown(THING, "brightness") == ["on", shown]
        await thing.call(THING, "turn_on", brightness=asked)
        assert thing.values["level"] == sent
        assert thing.shown(THING, "brightness")[0] == "on"


async def test_brightness_alone(hass: HomeAssistant) -> None:
    document = device(percent("level"), **LAMP)
    async with running(hass, document, {"level": 40}) as thing:
        assert thing.shown(THING, "brightness") == ["on", 102]
        await thing.call(THING, "turn_off")
        assert thing.values["level"] == 0
        assert thing.state(THING) == "off"
        await thing.call(THING, "turn_on")
        assert thing.values["level"] == 40
        await thing.call(THING, "turn_on", brightness=1)
        assert thing.values["level"] == 1


@pytest.mark.parametrize(
    ("attribute", "value", "shown", "asked", "sent"),
    [
        (number("ct", unit="K", range="2000,6500"), 2700, 2700, 4000, 4000),
        (number("ct", unit="mired", range="153,500"), 250, 4000, 5000, 200),
        ({**number("ct", range="153,500"), "type": "INTEGER"}, 370, 2703, 3000, 333),
    ],
)
async def test_white_both_ways(
    hass: HomeAssistant,
    attribute: Document,
    value: int,
    shown: int,
    asked: int,
    sent: int,
) -> None:
    document = device(boolean("on"), percent("level"), attribute, **LAMP)
    values = {"on": True, "level": 100, "ct": value}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "color_mode", "color_temp_kelvin") == [
            "on",
            "color_temp",
            shown,
        ]
        await thing.call(THING, "turn_on", color_temp_kelvin=asked, brightness=51)
        assert (thing.values["ct"], thing.values["level"]) == (sent, 20)


@pytest.mark.parametrize(
    ("attribute", "value", "sent"),
    [
        (text("color", writable=True), "#ff0000", "#00ff80"),
        (text("color", writable=True), "FF0000", "00ff80"),
        (text("color", writable=True), "rgb,255,0,0", "rgb,0,255,128"),
        (text("color", writable=True), "hsv,0,100,100", "hsv,150,100,100"),
        (text("color", writable=True), "255,0,0", "0,255,128"),
        (
            text("color", writable=True, semanticType="color:h,s,v"),
            "0,100,100",
            "150,100,100",
        ),
        (
            {**number("color"), "type": "INTEGER", "range": "0,16777215"},
            0xFF0000,
            0x00FF80,
        ),
    ],
)
async def test_colour_both_ways(
    hass: HomeAssistant, attribute: Document, value: Any, sent: Any
) -> None:
    document = device(boolean("on"), percent("level"), attribute, **LAMP)
    values = {"on": True, "level": 100, "color": value}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "color_mode", "rgb_color") == [
            "on",
            "rgb",
            (255, 0, 0),
        ]
        await thing.call(THING, "turn_on", rgb_color=(0, 255, 128))
        assert thing.values["color"] == sent
        assert thing.shown(THING, "rgb_color") == ["on", (0, 255, 128)]


async def test_text_that_is_no_colour(hass: HomeAssistant) -> None:
    document = device(boolean("on"), text("color", writable=True), **LAMP)
    async with running(hass, document, {"on": True, "color": "pink"}) as thing:
        assert thing.shown(THING, "rgb_color", "brightness") == ["on", None, None]
        await thing.call(THING, "turn_on", rgb_color=(255, 0, 0))
        assert thing.values["color"] == "#ff0000"
        await thing.call(THING, "turn_on", brightness=51)
        assert thing.values["color"] == "#330000"
        assert thing.shown(THING, "brightness") == ["on", 51]


async def test_red_green_and_blue_in_an_object(hass: HomeAssistant) -> None:
    members = [percent(name, range="0,255", unit="") for name in ("red", "g", "blue")]
    strip = {"name": "lamp", "type": "OBJECT", "writable": True,
             "members": [boolean("on"), *members]}  # fmt: skip
    values = {"lamp.on": True, "lamp.red": 255, "lamp.g": 128, "lamp.blue": 0}
    async with running(hass, device(strip), values) as thing:
        entity = "light.thing_lamp"
        assert thing.shown(entity, "rgb_color") == ["on", (255, 128, 0)]
        await thing.call(entity, "turn_on", rgb_color=(1, 2, 3))
        now = [thing.values[f"lamp.{name}"] for name in ("red", "g", "blue")]
        assert now == [1, 2, 3]


async def test_hue_and_saturation(hass: HomeAssistant) -> None:
    document = device(
        boolean("on"), percent("level"), percent("saturation"),
        percent("hue", range="0,360", unit="deg"), **LAMP,
    )  # fmt: skip
    values = {"on": True, "level": 100, "saturation": 50, "hue": 120}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "color_mode", "hs_color") == ["on", "hs", (120, 50)]
        await thing.call(THING, "turn_on", hs_color=(240, 100))
        assert (thing.values["hue"], thing.values["saturation"]) == (240, 100)
        await thing.forget("hue")
        assert thing.shown(THING, "hs_color") == ["on", None]


async def test_colour_or_white_is_what_has_changed(hass: HomeAssistant) -> None:
    document = device(
        boolean("on"), percent("level"), text("color", writable=True),
        number("ct", unit="K", range="2000,6500"), choice("effect", "none", "fire"),
        **LAMP,
    )  # fmt: skip
    values: dict[str, Any] = {
        "on": True, "level": 100, "color": "#ff0000", "ct": 2700,
    }  # fmt: skip
    async with running(hass, document, {**values, "effect": "none"}) as thing:
        assert thing.shown(THING, "color_mode", "effect") == [
            "on",
            "color_temp",
            "none",
        ]
        await thing.has(color="#00ff00")
        assert thing.shown(THING, "color_mode", "rgb_color") == [
            "on",
            "rgb",
            (0, 255, 0),
        ]
        await thing.has(ct=3000)
        assert thing.shown(THING, "color_mode", "color_temp_kelvin") == [
            "on",
            "color_temp",
            3000,
        ]
        await thing.call(THING, "turn_on", effect="fire")
        assert thing.values["effect"] == "fire"


@pytest.mark.parametrize(
    ("mode", "shown"), [("hsv", "rgb"), ("temperature", "color_temp")]
)
async def test_mode_that_the_device_tells(
    hass: HomeAssistant, mode: str, shown: str
) -> None:
    document = device(
        boolean("on"), text("color", writable=True),
        number("ct", unit="K", range="2000,6500"),
        choice("color_mode", "hsv", "temperature", writable=False), **LAMP,
    )  # fmt: skip
    values = {"on": True, "color": "#ff0000", "ct": 2700, "color_mode": mode}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "color_mode") == ["on", shown]


async def test_on_with_all_goes_out_in_one_message(hass: HomeAssistant) -> None:
    document = device(
        boolean("on"), percent("level"), text("color", writable=True), **LAMP
    )
    document["binding"] = {"coap": {"state": {"path": "state", "writable": True}}}
    values = {"on": False, "level": 1, "color": "#ffffff"}
    async with running(hass, document, values) as thing:
        changes: list[frozenset[str]] = []
        thing.device.on_change(changes.append)
        await thing.call(THING, "turn_on", brightness=255, rgb_color=(255, 0, 0))
        assert changes == [{"on", "level", "color"}]


async def test_nothing_is_shown_that_is_not_known(hass: HomeAssistant) -> None:
    document = device(
        percent("level"), number("ct", unit="K", range="2000,6500"), **LAMP
    )
    async with running(hass, document) as thing:
        await thing.forget("level", "ct")
        assert thing.shown(THING, "brightness", "color_temp_kelvin") == [
            "unknown",
            None,
            None,
        ]
