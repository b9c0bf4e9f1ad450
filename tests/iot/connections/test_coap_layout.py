"""Where a binding says that the elements of a CoAP device are found."""

from typing import Any

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap.layout import (
    coap_layout,
)
from custom_components.device_models.iot.connections.coap.places import CoapLayout
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.errors import ModelError, NotOfferedError
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType

from .things import THING, model_of

MODEL = load_document(THING, "thing").model


def layout(
    coap: Any = None, *, base: str = "", model: DeviceModel = MODEL
) -> CoapLayout:
    layouts = {} if coap is None else {"coap": coap}
    return coap_layout(model, Binding(base=base, layouts=layouts))


def paths(found: CoapLayout) -> list[str]:
    return [resource.path for resource in found.resources]


def test_default_layout() -> None:
    found = layout(base="/a/b/")
    assert paths(found) == [
        "a/b/state",
        "a/b/temperature",
        "a/b/level",
        "a/b/power",
        "a/b/label",
        "a/b/night",
    ]
    assert found.shared is found.resources[0]
    assert found.resources[0].names == MODEL.leaves.keys()
    assert found.resources[5].names == {"night.hour", "night.dim", "night.until"}
    assert {name: writing.path for name, writing in found.writes.items()} == {
        "level": "a/b/level",
        "power": "a/b/power",
        "label": "a/b/label",
        "night.hour": "a/b/night",
        "night.dim": "a/b/night",
    }
    assert found.writes["night.dim"].names == {"night.hour", "night.dim"}
    assert found.together is None
    assert found.actions["move"].path == "a/b/move"
    assert found.alerts["hot"].path == "a/b/alert/hot"


def test_what_answers_with_several_attributes_comes_first() -> None:
    packs = {
        "p": {"format": "senml+json", "attributes": {"level": "/l", "night": "/n"}},
        "/q": {"attributes": {"power": ""}},
        "label": {"attributes": {"power": "/p"}},
    }
    found = layout({"state": False, "packs": packs}, base="a")
    assert paths(found)[:3] == ["a/p", "q", "a/temperature"]
    first, second, *_others = found.resources
    assert first.names == {"level", "night.hour", "night.dim", "night.until"}
    assert [slot.path for slot in first.slots][:2] == [("l",), ("n", "hour")]
    assert (first.shared, first.observe, first.accept) == (True, False, 110)
    assert second.accept is None
    assert found.resources[-1].names == {
        "night.hour",
        "night.dim",
        "night.until",
    }  # each is also where it was


def test_every_part_can_be_overridden() -> None:
    found = layout(
        {
            "state": {
                "path": "/all",
                "writable": True,
                "observe": False,
                "format": "cbor",
            },
            "attributes": {
                "level": "lvl",
                "power": {
                    "path": "/p",
                    "format": "text",
                    "observe": False,
                    "write": "q",
                },
            },
            "actions": {"reset": "/reboot", "move": {"path": "go", "format": "cbor"}},
            "alerts": {"hot": "fire"},
        },
        base="x",
    )
    assert found.together is not None
    assert found.together.path == found.resources[0].path == "all"
    assert found.resources[0].accept == 60
    assert not found.resources[0].observe
    assert found.resources[2].path == "x/lvl"
    assert found.writes["power"].path == "x/q"
    assert found.writes["power"].source is found.resources[3]
    assert found.resources[3].path == "p"
    assert found.actions["reset"].path == "reboot"
    assert found.actions["move"].path == "x/go"
    assert found.alerts["hot"].path == "x/fire"


def test_no_state() -> None:
    found = layout({"state": False})
    assert found.shared is None
    assert paths(found)[0] == "temperature"


def test_device_without_attributes() -> None:
    found = layout(model=model_of(actions=[{"name": "go"}]))
    assert found.resources == ()
    assert found.shared is None
    assert found.asked_for({"x"}) == []


def test_attribute_of_the_name_of_the_state_has_its_place() -> None:
    model = model_of(
        {"name": "state", "type": "STRING"}, {"name": "b", "type": "STRING"}
    )
    found = layout(model=model)
    assert found.shared is None
    assert paths(found) == ["state", "b"]
    found = layout({"state": "state"}, model=model)
    assert found.shared is not None
    assert paths(found) == ["state", "b"]
    found = layout({"state": "all"}, model=model)
    assert paths(found) == ["all", "state", "b"]


def test_attributes_at_one_place_are_one_resource() -> None:
    found = layout(
        {
            "attributes": {
                "level": {"path": "c", "pointer": "/l/0", "format": "cbor"},
                "power": {"path": "c", "pointer": "/p", "observe": False},
                "label": {"path": "c", "pointer": "/x~1y", "write": "c"},
            }
        }
    )
    (one,) = [resource for resource in found.resources if resource.path == "c"]
    assert one.names == {"level", "power", "label"}
    assert [slot.path for slot in one.slots] == [("l", "0"), ("p",), ("x/y",)]
    assert one.accept == 60
    assert not one.observe
    assert found.writes["label"].whole
    assert found.writes["label"].names == {"level", "power", "label"}
    assert len(found.writings({"level", "power"})) == 1


def test_attribute_that_is_only_written_is_not_read() -> None:
    pin = Attribute(name="pin", type=DataType.STRING, writable=True, readable=False)
    found = layout(model=DeviceModel(urn="urn:test", name="Test", attributes=(pin,)))
    assert found.resources == ()
    assert found.writes["pin"].source is None


@pytest.mark.parametrize(
    ("coap", "where"),
    [
        ([], "binding.coap"),
        ({"state": 1}, "binding.coap.state"),
        ({"state": {"path": 1}}, "binding.coap.state.path"),
        ({"state": {"writable": "yes"}}, "binding.coap.state.writable"),
        ({"state": {"format": "xml"}}, "binding.coap.state.format"),
        ({"state": "a/../b"}, "binding.coap.state"),
        ({"attributes": {"nope": "x"}}, "binding.coap.attributes.nope"),
        (
            {"attributes": {"level": {"pointer": "x"}}},
            "binding.coap.attributes.level.pointer",
        ),
        ({"attributes": {"level": {"path": "%ff"}}}, "binding.coap.attributes.level"),
        (
            {"attributes": {"level": {"write": "x" * 256}}},
            "binding.coap.attributes.level",
        ),
        ({"attributes": {"level": "\ud800"}}, "binding.coap.attributes.level"),
        ({"actions": {"move": []}}, "binding.coap.actions.move"),
        ({"alerts": {"cold": "x"}}, "binding.coap.alerts.cold"),
        ({"packs": {"p": "x"}}, "binding.coap.packs.p"),
        ({"packs": {"p": {"format": "xml"}}}, "binding.coap.packs.p.format"),
        (
            {"packs": {"p": {"attributes": {"nope": "/x"}}}},
            "binding.coap.packs.p.attributes.nope",
        ),
        (
            {"packs": {"p": {"attributes": {"level": "x"}}}},
            "binding.coap.packs.p.attributes.level",
        ),
    ],
)
def test_unusable_binding_is_refused_with_its_place(coap: Any, where: str) -> None:
    with pytest.raises(ModelError) as refused:
        layout(coap)
    assert refused.value.details["where"] == where
    assert refused.value.details["source"] == "Thing"


@pytest.mark.parametrize(
    "base",
    ["..", "a/./b", "%fe", "x" * 256],
    ids=["above", "itself", "no text", "too long"],
)
def test_unusable_base_path_is_refused(base: str) -> None:
    with pytest.raises(ModelError) as refused:
        layout(base=base)
    assert refused.value.details["where"] == "base"


def test_name_that_is_too_long_for_a_path() -> None:
    with pytest.raises(ModelError, match="attribute 'xxx"):
        layout(model=model_of({"name": "x" * 256, "type": "STRING"}))


def test_elements_that_are_not_there() -> None:
    found = layout(
        {
            "address": "coap://192.0.2.1",
            "state": False,
            "attributes": {
                "temperature": False,
                "level": False,
                "power": {"path": "p", "write": False},
                "label": {"path": "l", "read": False},
            },
            "actions": {"reset": False},
            "alerts": {"hot": False},
        }
    )
    assert paths(found) == ["p", "night"]
    assert found.asked_for({"temperature", "level", "label"}) == []
    assert found.writes.keys() == {"label", "night.hour", "night.dim"}
    assert found.actions.keys() == {"move"}
    assert found.alerts == {}
    with pytest.raises(NotOfferedError, match="level is not offered"):
        found.writings({"label", "level"})


def test_what_has_no_place_of_its_own_is_written_with_all_others() -> None:
    found = layout({"state": {"write": "all"}, "attributes": {"level": False}})
    assert [writing.path for writing in found.writings({"level"})] == ["all"]
    assert [writing.path for writing in found.writings({"power"})] == ["power"]


def test_methods() -> None:
    found = layout(
        {
            "state": {
                "method": "FETCH",
                "write": "/set",
                "write_method": "iPATCH",
            },
            "attributes": {
                "level": {"method": "POST", "write_method": "POST"},
                "power": {"write_format": "cbor", "times": "iso"},
            },
            "actions": {"move": {"method": "PUT", "bare": True}},
        },
        base="x",
    )
    assert found.shared is not None
    assert (found.shared.method, found.shared.observe) == (Method.FETCH, False)
    assert found.together is not None
    assert (found.together.path, found.together.method) == ("set", Method.IPATCH)
    level = next(one for one in found.resources if one.path == "x/level")
    assert (level.method, level.observe) == (Method.POST, False)
    assert (found.writes["level"].method, found.writes["level"].whole) == (
        Method.POST,
        False,
    )
    assert found.writes["power"].method is Method.PUT
    assert found.writes["power"].spoken.name == "cbor"
    assert found.writes["power"].slots[0].iso
    assert (found.actions["move"].method, found.actions["move"].bare) == (
        Method.PUT,
        True,
    )
    assert found.actions["reset"].method is Method.POST


@pytest.mark.parametrize(
    ("coap", "where"),
    [
        ({"state": {"method": "PUT"}}, "state.method"),
        ({"state": {"write": "x", "write_method": "GET"}}, "state.write_method"),
        ({"attributes": {"level": {"method": 1}}}, "attributes.level.method"),
        (
            {"attributes": {"level": {"write_method": "x"}}},
            "attributes.level.write_method",
        ),
        ({"attributes": {"level": {"times": "x"}}}, "attributes.level.times"),
        ({"attributes": {"level": True}}, "attributes.level"),
        ({"actions": {"move": {"method": "GET"}}}, "actions.move.method"),
        ({"actions": {"move": {"bare": 1}}}, "actions.move.bare"),
    ],
)
def test_unusable_method_is_refused_with_its_place(coap: Any, where: str) -> None:
    with pytest.raises(ModelError) as refused:
        layout(coap)
    assert refused.value.details["where"] == f"binding.coap.{where}"
