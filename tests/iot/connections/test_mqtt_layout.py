"""Which topics a binding gives a device."""

from typing import Any

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.mqtt.layout import mqtt_layout
from custom_components.device_models.iot.connections.mqtt.meanings import (
    AlertMessage,
    AvailabilityMessage,
    MqttLayout,
    Values,
)
from custom_components.device_models.iot.errors import ModelError, NotOfferedError
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import (
    Attribute,
    DeviceModel,
)
from custom_components.device_models.iot.values import DataType

from .things import THING, model_of

MODEL = load_document(THING, "thing").model


def layout(
    mqtt: Any = None,
    *,
    base: str = "hall",
    model: DeviceModel = MODEL,
    confirm: bool = True,
) -> MqttLayout:
    layouts = {} if mqtt is None else {"mqtt": mqtt}
    return mqtt_layout(model, Binding(base=base, layouts=layouts, confirm=confirm))


def names(found: MqttLayout, topic: str) -> set[str]:
    """Return the attributes that messages of a topic hold."""
    return {
        slot.element.name
        for meaning in found.meanings[topic]
        if isinstance(meaning, Values)
        for slot in meaning.slots
    }


def test_default_layout() -> None:
    found = layout(base="/home/hall/")
    assert found.filters == ("home/hall/#",)
    assert names(found, "home/hall/state") == MODEL.leaves.keys()
    assert names(found, "home/hall/level") == {"level"}
    assert names(found, "home/hall/night") == {"night.hour", "night.dim", "night.until"}
    (alert,) = found.meanings["home/hall/alert/hot"]
    assert isinstance(alert, AlertMessage)
    (there,) = found.meanings["home/hall/availability"]
    assert there == AvailabilityMessage(frozenset({b"online"}), frozenset({b"offline"}))
    assert {name: target.topic for name, target in found.writes.items()} == {
        "level": "home/hall/level/set",
        "power": "home/hall/power/set",
        "label": "home/hall/label/set",
        "night.hour": "home/hall/night/set",
        "night.dim": "home/hall/night/set",
    }
    assert found.writes["level"].codec.name == "text"
    assert found.writes["night.hour"].codec.name == "json"
    assert found.actions["move"].topic == "home/hall/move/invoke"
    assert found.together is None
    assert found.assumed == set()


def test_every_part_can_be_overridden() -> None:
    found = layout(
        {
            "state": {"topic": "all", "format": "cbor", "write": "all/set"},
            "availability": {"topic": "/lwt/hall", "online": "1", "offline": "0"},
            "attributes": {
                "level": "lvl",
                "power": {"topic": "/out/p", "write": "/in/p", "write_format": "json"},
                "label": {"topic": "x", "pointer": "/a/b", "confirm": False},
            },
            "actions": {"reset": "/reboot", "move": {"topic": "go", "format": "cbor"}},
            "alerts": {"hot": "/fire"},
        }
    )
    assert found.filters == ("hall/#", "lwt/hall", "out/p", "fire")
    lwt = AvailabilityMessage(frozenset({b"1"}), frozenset({b"0"}))
    assert found.meanings["lwt/hall"] == [lwt]
    assert found.together is not None
    assert found.together.topic == "hall/all/set"
    assert found.together.codec.name == "cbor"
    assert found.writes["level"].topic == "hall/lvl/set"
    assert found.writes["power"].topic == "in/p"
    assert found.writes["power"].codec.name == "json"
    assert found.writes["label"].slots[0].path == ("a", "b")
    assert found.assumed == {"label"}
    assert found.actions["reset"].topic == "reboot"
    assert found.actions["move"].codec.name == "cbor"


def test_parts_can_be_left_out() -> None:
    found = layout({"state": False, "availability": False})
    assert "hall/state" not in found.meanings
    assert "hall/availability" not in found.meanings


def test_availability_may_have_several_words() -> None:
    words = {"online": ["ready", " sleeping "], "offline": ["lost", ""]}
    found = layout({"availability": {"topic": "$state", **words}})
    assert found.meanings["hall/$state"] == [
        AvailabilityMessage(
            frozenset({b"ready", b"sleeping"}), frozenset({b"lost", b""})
        )
    ]


def test_availability_may_have_several_topics() -> None:
    found = layout({"availability": ["here", {"topic": "/root", "offline": "lost"}]})
    assert found.filters == ("hall/#", "root")
    assert found.meanings["hall/here"] == [
        AvailabilityMessage(frozenset({b"online"}), frozenset({b"offline"}))
    ]
    assert found.meanings["root"] == [
        AvailabilityMessage(frozenset({b"online"}), frozenset({b"lost"}))
    ]


@pytest.mark.parametrize(
    ("times", "iso"),
    [({}, False), ({"times": "milliseconds"}, False), ({"times": "iso"}, True)],
)
def test_times_are_sent_as_the_override_says(times: dict[str, str], iso: bool) -> None:
    found = layout({"attributes": {"night": {"topic": "n", **times}}})
    assert {slot.iso for slot in found.writes["night.hour"].slots} == {iso}


def test_base_itself_is_within_the_subscription() -> None:
    assert layout({"state": "/hall"}).filters == ("hall/#",)


def test_values_of_one_topic_are_read_at_once() -> None:
    found = layout(
        {
            "state": False,
            "attributes": {
                "level": {"topic": "t", "pointer": "/l"},
                "power": {"topic": "t", "pointer": "/p"},
                "label": {"topic": "t", "format": "text"},
            },
        }
    )
    first, second = found.meanings["hall/t"]
    assert isinstance(first, Values)
    assert [slot.element.name for slot in first.slots] == ["level", "power"]
    assert isinstance(second, Values)
    assert second.codec.name == "text"


def test_attribute_of_the_name_of_another_topic_leaves_it_alone() -> None:
    model = model_of(
        {"name": "state", "type": "STRING", "writable": True},
        {"name": "availability", "type": "STRING"},
    )
    found = layout(model=model)
    assert len(found.meanings["hall/state"]) == 1
    assert names(found, "hall/state") == {"state", "availability"}
    assert len(found.meanings["hall/availability"]) == 1
    assert found.writes["state"].topic == "hall/state/set"


def test_attributes_written_to_one_topic_go_in_one_message() -> None:
    found = layout(
        {
            "attributes": {
                "level": {"pointer": "/l", "write": "set"},
                "power": {"pointer": "/p", "write": "set"},
                "label": {"write": "set"},
            }
        }
    )
    level, label = found.writes["level"], found.writes["label"]
    assert level.names == {"level", "power"}
    assert found.targets({"level", "power"}) == [level]
    assert label.names == {"label"}
    assert len(found.targets({"level", "power", "label"})) == 2


def test_transaction_goes_where_several_are_taken() -> None:
    found = layout({"state": {"topic": "state", "write": "set"}})
    assert found.targets({"level", "power"}) == [found.together]
    assert found.targets({"level"}) == [found.writes["level"]]


def test_what_is_heard_of_ourselves_confirms_nothing() -> None:
    found = layout({"attributes": {"level": {"topic": "l", "write": "l"}}})
    assert found.assumed == {"level"}
    found = layout({"state": {"topic": "s", "write": "s"}})
    assert found.assumed == {"level", "power", "label", "night.hour", "night.dim"}


def test_device_that_confirms_nothing() -> None:
    found = layout(confirm=False)
    assert found.assumed == found.writes.keys()


def test_attribute_that_is_only_written_is_assumed() -> None:
    pin = Attribute(name="pin", type=DataType.STRING, writable=True, readable=False)
    model = DeviceModel(urn="urn:test", name="Test", attributes=(pin,))
    found = layout(model=model)
    assert found.assumed == {"pin"}
    assert names(found, "hall/state") == set()


@pytest.mark.parametrize(
    ("mqtt", "where"),
    [
        ([], "binding.mqtt"),
        ({"state": 1}, "binding.mqtt.state"),
        ({"state": "a/#"}, "binding.mqtt.state"),
        ({"state": {"topic": 1}}, "binding.mqtt.state.topic"),
        ({"state": {"format": "xml"}}, "binding.mqtt.state.format"),
        ({"availability": True}, "binding.mqtt.availability"),
        ({"availability": ["a", 1]}, "binding.mqtt.availability[1]"),
        ({"availability": {"online": 1}}, "binding.mqtt.availability.online"),
        ({"availability": {"offline": ["a", 1]}}, "binding.mqtt.availability.offline"),
        (
            {"attributes": {"level": {"times": "unix"}}},
            "binding.mqtt.attributes.level.times",
        ),
        ({"attributes": {"nope": "x"}}, "binding.mqtt.attributes.nope"),
        ({"attributes": {"level": "a/+/b"}}, "binding.mqtt.attributes.level"),
        ({"attributes": {"level": {"write": "#"}}}, "binding.mqtt.attributes.level"),
        ({"attributes": {"level": "\ud800"}}, "binding.mqtt.attributes.level"),
        pytest.param(
            {"attributes": {"level": "x" * 65_536}},
            "binding.mqtt.attributes.level",
            id="too long",
        ),
        (
            {"attributes": {"level": {"pointer": "x"}}},
            "binding.mqtt.attributes.level.pointer",
        ),
        (
            {"attributes": {"level": {"confirm": 1}}},
            "binding.mqtt.attributes.level.confirm",
        ),
        ({"actions": {"move": "a\0b"}}, "binding.mqtt.actions.move"),
        ({"alerts": {"cold": "x"}}, "binding.mqtt.alerts.cold"),
    ],
)
def test_unusable_binding_is_refused_with_its_place(mqtt: Any, where: str) -> None:
    with pytest.raises(ModelError) as refused:
        layout(mqtt)
    assert refused.value.details["where"] == where


@pytest.mark.parametrize(
    "base",
    ["", "/", "a/#", "+", "a\0", "\ud800", "x" * 65_536],
    ids=["empty", "slash", "rest", "level", "null", "surrogate", "too long"],
)
def test_unusable_base_topic_is_refused(base: str) -> None:
    with pytest.raises(ModelError) as refused:
        layout({"state": False, "availability": False}, base=base)
    assert refused.value.details["where"] == "base"


def test_name_that_is_no_topic() -> None:
    with pytest.raises(ModelError, match="attribute 'a#'"):
        layout(model=model_of({"name": "a#", "type": "STRING"}))


def test_elements_that_are_not_there() -> None:
    found = layout(
        {
            "address": "mqtt://192.0.2.1",
            "state": False,
            "availability": False,
            "attributes": {
                "temperature": False,
                "level": False,
                "power": {"topic": "p", "write": False},
                "label": {"topic": "l", "read": False},
                "night": False,
            },
            "actions": {"reset": False, "move": {"bare": True}},
            "alerts": {"hot": False},
        }
    )
    assert found.meanings.keys() == {"hall/p"}
    assert found.published == {"power"}
    assert found.writes.keys() == {"label"}
    assert found.assumed == {"label"}
    assert found.actions.keys() == {"move"}
    assert found.actions["move"].bare
    with pytest.raises(NotOfferedError, match="power is not offered"):
        found.targets({"power"})


def test_what_has_no_topic_of_its_own_is_written_with_all_others() -> None:
    found = layout(
        {"state": {"topic": "all", "write": "set"}, "attributes": {"level": False}}
    )
    assert [target.topic for target in found.targets({"level"})] == ["hall/set"]


def test_device_whose_topics_are_all_absolute_needs_no_base() -> None:
    model = model_of({"name": "a", "type": "STRING"}, actions=[{"name": "go"}])
    found = layout(
        {
            "state": False,
            "availability": False,
            "attributes": {"a": {"topic": "/x/a"}},
            "actions": {"go": "/x/go"},
        },
        base="",
        model=model,
    )
    assert found.filters == ("x/a",)
    assert found.actions["go"].topic == "x/go"


@pytest.mark.parametrize(
    ("problems", "where"),
    [
        ({}, "attribute"),
        ({"attribute": "x"}, "attribute"),
        ({"attribute": "power", "messages": "x"}, "messages"),
        ({"attribute": "power", "below": "a"}, "alert"),
        ({"attribute": "power", "below": "a", "alert": "x"}, "alert"),
    ],
)
def test_problemsthat_name_what_is_not_there(
    problems: dict[str, Any], where: str
) -> None:
    with pytest.raises(ModelError) as caught:
        layout({"problems": problems})
    assert caught.value.details["where"] == f"binding.mqtt.problems.{where}"
