"""Which topics a binding gives a device."""

from typing import Any

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.mqtt.layout import (
    AlertMessage,
    AvailabilityMessage,
    MqttLayout,
    Values,
    mqtt_layout,
)
from custom_components.device_models.iot.errors import ModelError
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
    assert there == AvailabilityMessage(b"online", b"offline")
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
    assert found.meanings["lwt/hall"] == [AvailabilityMessage(b"1", b"0")]
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
