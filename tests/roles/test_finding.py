"""What is found to be one thing, by what it is known, and what is not."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from homeassistant.components.climate.const import HVACAction, HVACMode
from homeassistant.components.humidifier.const import HumidifierAction
from homeassistant.const import Platform
import pytest

from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.iot.formats.folders import beside, model_files
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.composing import candidates, element_of
from custom_components.device_models.mapping.decisions import Kind
from custom_components.device_models.mapping.fitting import fits
from custom_components.device_models.mapping.roles import RULE_OF, RULES
from custom_components.device_models.mapping.roles.rule import Rule, listed

from .models import (
    Document,
    boolean,
    choice,
    composed,
    composed_of,
    degrees,
    device,
    number,
    percent,
    text,
    uses,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"

TARGET = degrees("targetTemperature", writable=True)
TEMPERATURE = degrees("temperature")
MODE = choice("mode", "off", "heat", "cool")

FOUND: list[tuple[Document, dict[str, dict[str, str]]]] = [
    # A light by the type of the device, of an element, of a group; by names
    (
        device(boolean("on"), percent("brightness"), semanticType="Light"),
        {"light": {"on": "on", "brightness": "brightness"}},
    ),
    (
        device(
            boolean("ein", semanticType="OnOffProperty"),
            percent("hell", semanticType=["iot:CurrentDimmer", "BrightnessProperty"]),
            semanticType=["Thing", "https://iot.mozilla.org/schemas#Light"],
        ),
        {"light": {"on": "ein", "brightness": "hell"}},
    ),
    (
        device(boolean("out/1"), boolean("lamp/power"), percent("lamp/level")),
        {"light:lamp": {"on": "lamp/power", "brightness": "lamp/level"}},
    ),
    (
        device(
            boolean("a/on"), percent("a/level"), groups={"a": {"semanticType": "light"}}
        ),
        {"light:a": {"on": "a/on", "brightness": "a/level"}},
    ),
    (
        device(boolean("a/on"), groups={"a": {"title": "Desk lamp"}}),
        {"light:a": {"on": "a/on"}},
    ),
    (
        device(boolean("power"), percent("dim"), name="Desk lamp 2"),
        {"light": {"on": "power", "brightness": "dim"}},
    ),
    (device(boolean("light")), {"light": {"on": "light"}}),
    (device(boolean("p1", title="Ceiling light")), {"light:ceiling": {"on": "p1"}}),
    (
        device(
            boolean("on"),
            number("ct", range="2200,6500"),
            text("color", writable=True),
            name="Lamp",
        ),
        {"light": {"on": "on", "color_temperature": "ct", "color": "color"}},
    ),
    (
        device(
            boolean("on"),
            number("x", range="153,500", semanticType="ColorTemperatureProperty"),
        ),
        {"light": {"on": "on", "color_temperature": "x"}},
    ),
    # Several of them: each has its own
    (
        device(
            *(
                one
                for side in ("left", "right")
                for one in (boolean(f"{side}_on"), percent(f"{side}_brightness"))
            ),
            semanticType="Light",
        ),
        {
            f"light:{side}": {"on": f"{side}_on", "brightness": f"{side}_brightness"}
            for side in ("left", "right")
        },
    ),
    (
        device(*(percent(f"light{i}/brightness") for i in range(1, 5))),
        {
            f"light:light{i}": {"brightness": f"light{i}/brightness"}
            for i in range(1, 5)
        },
    ),
    (
        device(*(boolean(f"light_{i}") for i in (1, 2))),
        {f"light:{i}": {"on": f"light_{i}"} for i in (1, 2)},
    ),
    # An object is a group
    (
        device(
            {
                "name": "lamp",
                "type": "OBJECT",
                "writable": True,
                "members": [boolean("on"), percent("level")],
            }
        ),
        {"light:lamp": {"on": "lamp.on", "brightness": "lamp.level"}},
    ),
    # Thermostats
    (
        device(TARGET, TEMPERATURE, MODE),
        {
            "climate": {
                "target_temperature": "targetTemperature",
                "current_temperature": "temperature",
                "mode": "mode",
            }
        },
    ),
    (
        device(TARGET, TEMPERATURE, semanticType="Thermostat"),
        {
            "climate": {
                "target_temperature": "targetTemperature",
                "current_temperature": "temperature",
            }
        },
    ),
    (
        device(
            degrees("soll", writable=True, semanticType="TargetTemperatureProperty"),
            degrees("raum", semanticType="TemperatureProperty"),
            choice("was", "off", "heating", writable=False,
                   semanticType="HeatingCoolingProperty"),
        ),
        {
            "climate": {
                "target_temperature": "soll",
                "current_temperature": "raum",
                "action": "was",
            }
        },
    ),
    (
        device(
            *(
                one
                for room in ("living", "bath")
                for one in (
                    degrees(f"{room}.target", writable=True),
                    degrees(f"{room}.temperature"),
                    boolean(f"{room}.heating"),
                )
            )
        ),
        {
            f"climate:{room}": {
                "target_temperature": f"{room}.target",
                "current_temperature": f"{room}.temperature",
                "heating": f"{room}.heating",
            }
            for room in ("living", "bath")
        },
    ),
    # What opens and closes
    (
        device(percent("position"), actions=("stop",), semanticType="Blind"),
        {"cover": {"position": "position", "stop": "stop"}},
    ),
    (
        device(actions=("open", "close", "stop"), name="Garage door"),
        {"cover": {"open": "open", "close": "close", "stop": "stop"}},
    ),
    (
        device(
            choice("shutter", "up", "down", "stop"),
            percent("shutter_position", writable=False),
        ),
        {"cover": {"current_position": "shutter_position", "order": "shutter"}},
    ),
    (
        device(
            choice("blind/state", "open", "closed", "moving", writable=False),
            percent("blind/position"),
            percent("blind/tilt"),
        ),
        {
            "cover:blind": {
                "position": "blind/position",
                "state": "blind/state",
                "tilt": "blind/tilt",
            }
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), FOUND)
def test_found(document: Document, expected: dict[str, dict[str, str]]) -> None:
    assert uses(document) == expected


ALONE: list[Document] = [
    # Nothing says what it is
    device(boolean("on")),
    device(boolean("on"), percent("level")),
    device(boolean("power"), percent("brightness"), name="Display"),
    device(percent("position"), name="Positioner"),
    device(actions=("open", "close", "stop"), name="Database"),
    device(TEMPERATURE, number("interval", unit="s")),
    device(TARGET, TEMPERATURE),
    # It is something else
    device(TARGET, TEMPERATURE, MODE, name="Fridge"),
    device(TARGET, TEMPERATURE, semanticType="Thermostat", name="Pool"),
    device(boolean("on"), number("lux", unit="lx"), name="Light sensor"),
    device(boolean("light_sensor_on")),
    device(boolean("status_light")),
    device(boolean("indicator", title="Status lamp")),
    # What would be needed cannot be done, or is not known
    device(boolean("light", writable=False)),
    device(percent("brightness", writable=False), name="Lamp"),
    device(number("brightness"), name="Lamp"),
    device(TEMPERATURE, MODE, semanticType="Thermostat"),
    device(choice("blind", "up", "down", "dance")),
    device(actions=("open", "stop"), name="Garage"),
    # Two could play the same role
    device(
        degrees("target", writable=True),
        degrees("setpoint", writable=True),
        TEMPERATURE,
        semanticType="Thermostat",
    ),
    device(
        TARGET,
        degrees("room_temperature"),
        degrees("air_temperature"),
        semanticType="Thermostat",
    ),
    # A word more makes it another thing
    device(boolean("motor_on"), semanticType="Light"),
]


@pytest.mark.parametrize("document", ALONE)
def test_what_is_not_certain_is_left_as_it_is(document: Document) -> None:
    assert uses(document) == {}
    decisions = decide(load_document(document, "x"))
    assert all(one.shown for one in decisions)


def test_a_mode_with_words_that_nobody_knows_stays_a_choice() -> None:
    document = device(TARGET, TEMPERATURE, choice("mode", "off", "heat", "party"),
                      semanticType="Thermostat")  # fmt: skip
    assert "mode" not in uses(document)["climate"]
    by_key = {one.key: one for one in decide(load_document(document, "x"))}
    assert by_key["attribute-mode"].shown


def test_choices_may_be_numbers_with_labels() -> None:
    labels = {"0": "Off", "1": "Heating", "2": "Heat/Cool"}
    mode = choice("mode", 0, 1, 2, labels=labels)
    assert uses(device(TARGET, TEMPERATURE, mode))["climate"]["mode"] == "mode"


def test_one_that_is_elsewhere_is_used_if_there_is_no_other() -> None:
    far = [degrees("sensor/temperature"), percent("sensor/humidity", writable=False)]
    trv = degrees("trv/target", writable=True)
    alone = device(trv, *far, groups={"trv": {"semanticType": "thermostat"}})
    assert uses(alone) == {
        "climate:trv": {
            "target_temperature": "trv/target",
            "current_temperature": "sensor/temperature",
            "current_humidity": "sensor/humidity",
        }
    }
    more = device(trv, *far, degrees("other/temperature"),
                  groups={"trv": {"semanticType": "thermostat"}})  # fmt: skip
    assert uses(more) == {}


def test_reasons_say_what_is_composed_and_why() -> None:
    (light,) = composed(
        device(boolean("x", semanticType="OnOffProperty"), semanticType="Light")
    ).values()
    assert light.reasons == {
        "platform": "type Light of the device",
        "name": "name of the device",
        "role on": "x, semantic type OnOffProperty",
    }


@pytest.mark.parametrize(
    ("document", "name", "device_class"),
    [
        (device(boolean("light"), name="Lamp"), "", None),
        (device(boolean("light"), name="Fan"), "Light", None),
        (device(boolean("kitchen_light_on"), name="Hub"), "Kitchen light", None),
        (device(boolean("a/on"), groups={"a": {"title": "Lamp"}}), "Lamp", None),
        (device(percent("awning/position")), "Awning", "awning"),
        (device(actions=("open", "close"), name="Garage door"), "", "garage"),
        (device(percent("p/position"), groups={"p": {"semanticType": "x:Curtain"}}),
         "P", "curtain"),
    ],
)  # fmt: skip
def test_name_and_device_class(
    document: Document, name: str, device_class: str | None
) -> None:
    (decision,) = composed(document).values()
    assert (decision.name, decision.device_class) == (name, device_class)


IN_FIXTURES = {
    "allthingstalk/delivery_van.json": {"device_tracker:position"},
    "device_files/desk_lamp.yaml": {"light"},
    "homie/dimmable_ceiling_light_v5.json": {"light:light"},
    "homie/greenhouse_v4.json": {"cover:vents"},
    "homie/sauna_stove_v3.json": {"climate:stove"},
    "homie/roller_shutter_v5.json": {"cover:shutter"},
    "ipso/dimmable-light.wlnk": {"light:3311/0"},
    "ipso/dimmable-channels.wlnk": {"light:3311/0", "light:3311/1"},
    "ipso/thermostat.json": {"climate:3308/0"},
    "oracle/forklift.json": {"device_tracker"},
    "wot/garage-door.td.json": {"light"},
    "wot/lamp.td.json": {"light"},
    "wot/thermostat.td.json": {"climate"},
}
"""What is composed in all the model files of the tests: no more than this."""


def test_fixtures() -> None:
    found: dict[str, set[str]] = {}
    for path in model_files(FIXTURES):
        loaded = load(path.read_bytes(), path.name, beside(path.parent, path.parent))
        if elements := set(composed_of(loaded)):
            found[str(path.relative_to(FIXTURES))] = elements
    assert found == IN_FIXTURES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.platform))
def test_tables_are_sound(rule: Rule) -> None:
    for one in (*rule.enough, *rule.certain):
        assert set(listed(one)) <= rule.roles.keys()
    assert RULE_OF[rule.platform] is rule
    for role in rule.roles.values():
        assert role.words or role.terms
        for phrase in role.phrases | role.types | rule.things.keys():
            assert phrase == phrase.casefold()
            assert len(phrase.split()) <= 4, phrase


@pytest.mark.parametrize(
    ("platform", "role", "words"),
    [
        (Platform.CLIMATE, "mode", HVACMode),
        (Platform.CLIMATE, "action", HVACAction),
        (Platform.HUMIDIFIER, "action", HumidifierAction),
    ],
)
def test_meanings_are_words_of_home_assistant(
    platform: Platform, role: str, words: type[StrEnum]
) -> None:
    assert set(RULE_OF[platform].roles[role].meanings.values()) <= set(words)


def test_elements_that_can_play_a_role() -> None:
    loaded = load_document(device(*[boolean("a"), percent("b")], actions=("c",)), "x")
    roles = RULE_OF["light"].roles  # type: ignore[index]
    assert list(candidates(roles["on"], loaded.model)) == ["attribute-a"]
    stop = RULE_OF["cover"].roles["stop"]  # type: ignore[index]
    assert list(candidates(stop, loaded.model)) == ["action-c"]
    action = element_of("action-c", loaded.model)
    assert action is not None
    assert not fits(roles["on"], action)
    for missing in ("attribute-z", "action-z", "format-a"):
        assert element_of(missing, loaded.model) is None


def test_parts_are_not_shown_twice() -> None:
    document = device(boolean("on"), percent("brightness"), semanticType="Light")
    decisions = decide(load_document(document, "x"))
    assert [one.key for one in decisions if one.shown] == ["composition-light"]
    assert {one.part_of for one in decisions if one.kind is Kind.ATTRIBUTE} == {
        "composition-light"
    }
    document["overlay"] = {"attributes": {"brightness": {"enabled": True}}}
    shown = [one.key for one in decide(load_document(document, "x")) if one.shown]
    assert shown == ["composition-light", "attribute-brightness"]


def unit_less(**more: Any) -> Document:
    """Return a number of which nobody knows the measure."""
    return number("ct", **more)


@pytest.mark.parametrize(
    ("attribute", "possible"),
    [
        (unit_less(), False),
        (unit_less(unit="K"), True),
        (unit_less(unit="mired"), True),
        (unit_less(unit="MK⁻¹"), True),
        (unit_less(unit="%"), False),
        (unit_less(range="2000,6500"), True),
        (unit_less(range="150,500"), True),
        (unit_less(range="0,100"), False),
    ],
)
def test_measure_of_a_colour_temperature(attribute: Document, possible: bool) -> None:
    light = uses(device(boolean("on"), attribute, name="Lamp"))["light"]
    assert ("color_temperature" in light) is possible
