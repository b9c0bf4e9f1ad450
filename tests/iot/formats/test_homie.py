"""What Homie devices say of themselves: versions 3 to 5 of the convention."""

from collections.abc import Mapping
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.mqtt.layout import mqtt_layout
from custom_components.device_models.iot.connections.mqtt.meanings import MqttLayout
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.homie import FORMAT
from custom_components.device_models.iot.model import Attribute, FormatType
from custom_components.device_models.iot.values import DataType, Range

from .fixtures import fixture, fixtures

INF = math.inf


def description(*, nodes: Any = None, **more: Any) -> dict[str, Any]:
    """Return the description of a version 5 device."""
    return {"homie": "5.0", "version": 1, "name": "Dev", "nodes": nodes or {}, **more}


def of_property(**attributes: Any) -> dict[str, Any]:
    """Return the description of a device with one property, and a plain one."""
    properties = {"p": attributes, "plain": {"datatype": "string"}}
    return description(nodes={"n": {"name": "Node", "properties": properties}})


def attribute(**attributes: Any) -> Attribute:
    """Return what a property becomes."""
    loaded = load_document(of_property(**attributes), "homie.json")
    assert loaded.remarks == ()
    return loaded.model.attribute("n/p")


def properties_of(loaded: Loaded) -> list[str]:
    """Return the attributes that are no more than the device says of itself."""
    return [name for name in loaded.model.leaves if "/" in name]


def remarks_of(document: Any) -> list[str]:
    return [str(remark) for remark in load_document(document, "homie.json").remarks]


def topics_of(loaded: Loaded, base: str = "homie/5/dev") -> MqttLayout:
    return mqtt_layout(loaded.model, Binding(base=base, layouts=loaded.layouts))


@fixtures("homie")
def test_fixture_is_read_bound_and_read_again_from_what_is_stored(path: Path) -> None:
    loaded = load(path.read_bytes(), path.name)
    assert loaded.format == "Homie device"
    again = load_document(json.loads(json.dumps(loaded.document)), path.name)
    assert (again.model, again.layouts) == (loaded.model, loaded.layouts)
    found = topics_of(loaded)
    assert found.filters[0] == "homie/5/dev/#"
    writable = {name for name, leaf in loaded.model.leaves.items() if leaf.writable}
    assert {name: target.topic for name, target in found.writes.items()} == {
        name: f"homie/5/dev/{name}/set" for name in writable
    }


def test_light_of_version_5() -> None:
    loaded = fixture("homie/dimmable_ceiling_light_v5")
    assert loaded.remarks == ()
    model = loaded.model
    assert (model.urn, model.name, model.version) == (
        "urn:homie:nordlys.example:ceiling-light",
        "Living room",
        "1764000031",
    )
    power = model.attribute("light/power")
    assert (power.title, power.type) == ("Ceiling light power", DataType.BOOLEAN)
    assert power.labels == {"false": "off", "true": "on"}
    assert power.writable
    brightness = model.attribute("light/brightness")
    assert (brightness.range, brightness.unit) == (Range(1, 100), "%")
    assert model.attribute("light/color-temp").step == 1
    assert model.attribute("light/effect").enum == ("none", "candle", "rainbow")
    assert model.attribute("meter/switched").unit is None
    assert not model.attribute("meter/energy").writable
    (restart,) = model.actions
    assert (restart.name, restart.title) == ("system/restart", "System restart")
    assert restart.validate({}) == {"value": True}


def test_momentary_properties_are_alerts_and_actions() -> None:
    loaded = fixture("homie/doorbell_child_v5")
    press, played, _ = loaded.model.formats
    assert (press.name, press.type) == ("button/press", FormatType.ALERT)
    assert (played.name, played.type) == ("chime/play", FormatType.DATA)
    (value,) = press.fields
    assert (value.name, value.enum, value.optional) == (
        "value",
        ("short", "long"),
        False,
    )
    (play,) = loaded.model.actions
    assert play.callable_without_input
    found = topics_of(loaded, "homie/5/porch-bell")
    assert found.actions["chime/play"].topic == "homie/5/porch-bell/chime/play/set"
    assert found.actions["chime/play"].codec.name == "text"
    assert "homie/5/porch-bell/button/press" in found.meanings
    assert "homie/5/porch-bell/chime/play" in found.meanings
    assert {"button/press", "chime/play"}.isdisjoint(loaded.model.leaves)


def test_command_with_a_choice_needs_one() -> None:
    document = of_property(datatype="enum", format="a,b", settable=True, retained=False)
    (action,) = load_document(document, "x").model.actions
    assert not action.callable_without_input


def test_only_times_that_can_be_set_say_how_they_are_sent() -> None:
    layout: Any = fixture("homie/doorbell_child_v5").layouts["mqtt"]
    assert layout["attributes"]["chime/quiet-until"] == {
        "topic": "chime/quiet-until",
        "format": "text",
        "write": "chime/quiet-until/set",
        "accepted": "chime/quiet-until/$target",
        "times": "iso",
    }
    assert layout["attributes"]["battery/level"] == {
        "topic": "battery/level",
        "format": "text",
    }


def test_states_that_mean_there_and_away() -> None:
    layout: Any = fixture("homie/greenhouse_v4").layouts["mqtt"]
    assert layout["state"] is False
    assert layout["availability"] == {
        "topic": "$state",
        "online": ["ready", "sleeping", "alert"],
        "offline": ["disconnected", "lost", ""],
        "pending": "init",
    }


def test_last_will_of_the_root_device_is_about_its_children() -> None:
    found = topics_of(fixture("homie/doorbell_child_v5"), "homie/5/porch-bell")
    own = found.meanings["homie/5/porch-bell/$state"][0]
    (root,) = found.meanings["homie/5/sub-ghz-bridge/$state"]
    assert b"disconnected" in own.offline  # type: ignore[union-attr]
    assert root.offline == frozenset({b"lost"})  # type: ignore[union-attr]
    assert b"disconnected" in root.online  # type: ignore[union-attr]


@pytest.mark.parametrize("root", [5, "a/b", "+", ""])
def test_root_that_is_no_id_is_not_watched(root: Any) -> None:
    loaded = load_document(of_property(datatype="float") | {"root": root}, "x")
    layout: Any = loaded.layouts["mqtt"]
    assert layout["availability"]["topic"] == "$state"


def test_root_of_a_device_whose_topics_have_no_beginning_is_not_watched() -> None:
    text = json.dumps(of_property(datatype="float") | {"root": "bridge"})
    layout: Any = load_document({"$description": text}, "x").layouts["mqtt"]
    assert layout["availability"]["topic"] == "$state"


def test_children_are_told_and_left_out() -> None:
    (remark,) = fixture("homie/sub_ghz_bridge_v5").remarks
    assert str(remark) == "children: devices of their own: porch-bell, garage-door"


def test_bridge_without_properties_is_there_for_its_children() -> None:
    loaded = load_document(description(children=["a"]), "x")
    assert not properties_of(loaded)
    assert set(loaded.model.leaves) == {"state", "problem", "alerts"}


def test_device_tells_its_state_and_its_alerts() -> None:
    loaded = load_document(of_property(datatype="float"), "x")
    assert loaded.model.attribute("state").enum[:2] == ("init", "ready")
    assert loaded.model.format("alert").fields[1].name == "message"
    found = topics_of(loaded)
    assert found.problems is not None
    assert found.problems.below == "homie/5/dev/$alert/"
    shown: Any = loaded.overlay["attributes"]
    assert shown["state"] == {"category": "diagnostic", "enabled": False}


def test_version_4_has_the_state_alert_and_neither_alerts_nor_targets() -> None:
    loaded = fixture("homie/greenhouse_v4")
    found = topics_of(loaded, "homie/greenhouse")
    assert set(loaded.model.leaves) >= {"state", "problem"}
    assert "alerts" not in loaded.model.leaves
    assert found.problems is not None
    assert found.problems.below == ""
    assert not found.cleared
    layout: Any = loaded.layouts["mqtt"]
    assert "accepted" not in layout["attributes"]["vents/position"]


def test_topics_of_version_4() -> None:
    loaded = fixture("homie/greenhouse_v4")
    assert loaded.remarks == ()
    model = loaded.model
    assert (model.urn, model.name) == ("urn:homie:greenhouse", "Greenhouse")
    temperature = model.attribute("climate/temperature")
    assert (temperature.type, temperature.unit) == (DataType.NUMBER, "°C")
    assert temperature.title == "Climate temperature"
    assert model.attribute("vents/position").writable
    assert [action.name for action in model.actions] == ["pump/prime"]
    assert [shape.name for shape in model.formats] == ["pump/prime", "pump/dry-run"]


def test_topics_of_version_3_below_another_root() -> None:
    loaded = fixture("homie/sauna_stove_v3")
    assert loaded.remarks == ()
    bench = loaded.model.attribute("thermometer/bench")
    assert bench.title == "Sauna thermometer upper bench"
    floor = loaded.model.attribute("thermometer/floor")
    assert floor.title == "Sauna thermometer floor"


def test_topics_may_come_without_their_beginning_and_as_yaml_reads_them() -> None:
    document: dict[str, Any] = {
        "$homie": 4.0,
        "$nodes": "n,n,,lamps[]",
        "n/$properties": "p,q",
        "n/p/$datatype": "boolean",
        "n/p/$settable": True,
        "n/q/$format": None,
    }
    loaded = load_document(document, "x")
    assert loaded.model.name == "Homie device"
    assert loaded.model.attribute("n/p").writable
    assert loaded.model.attribute("n/q").type is DataType.STRING
    assert [str(one) for one in loaded.remarks] == [
        "lamps[]: arrays of nodes are not read"
    ]


@pytest.mark.parametrize(
    ("datatype", "kind"),
    [
        ("integer", DataType.INTEGER),
        ("float", DataType.NUMBER),
        ("percent", DataType.NUMBER),
        ("boolean", DataType.BOOLEAN),
        ("string", DataType.STRING),
        ("color", DataType.STRING),
        ("datetime", DataType.DATETIME),
        ("duration", DataType.STRING),
        ("json", DataType.STRING),
    ],
)
def test_datatype(datatype: str, kind: DataType) -> None:
    assert attribute(datatype=datatype).type is kind


def test_percent_has_its_unit() -> None:
    assert attribute(datatype="percent").unit == "%"
    assert attribute(datatype="percent", unit="‰").unit == "‰"


@pytest.mark.parametrize(
    ("spelled", "bounds", "step"),
    [
        ("0:100", Range(0, 100), None),
        ("-20.5:1e3:0.5", Range(-20.5, 1000), 0.5),
        ("0:", Range(0, INF), None),
        (":10", Range(-INF, 10), None),
        (":", None, None),
        ("::2", None, 2),
        (" 5 : 30 ", Range(5, 30), None),
    ],
)
@pytest.mark.parametrize("datatype", ["integer", "float"])
def test_bounds(
    datatype: str, spelled: str, bounds: Range | None, step: float | None
) -> None:
    found = attribute(datatype=datatype, format=spelled)
    assert (found.range, found.step) == (bounds, step)


def test_whole_bounds_stay_exact() -> None:
    found = attribute(datatype="integer", format="0:9007199254740993")
    assert found.range is not None
    assert found.range.high == 9007199254740993


def test_spaces_of_choices_count_and_repetitions_do_not() -> None:
    assert attribute(datatype="enum", format="a, b,a,").enum == ("a", " b")


def test_labels_that_say_nothing_are_none() -> None:
    assert attribute(datatype="boolean", format="false,true").labels == {}


@pytest.mark.parametrize(
    ("datatype", "spelled", "problem"),
    [
        ("float", "warm", "expected bounds such as 0:100, got 'warm'"),
        ("float", "5:1", "expected the lower number first, got '5:1'"),
        ("float", "0:1e999", "expected finite numbers, got '0:1e999'"),
        ("integer", "0:9:0", "expected a step above 0, got '0:9:0'"),
        ("enum", "", "expected 1 to 500 values such as low,high, got ''"),
        ("enum", ",", "expected 1 to 500 values such as low,high, got ','"),
        ("boolean", "off", "expected two labels such as off,on, got 'off'"),
        ("boolean", "on,on", "expected two labels such as off,on, got 'on,on'"),
    ],
)
def test_format_that_is_not_understood_is_left_out_alone(
    datatype: str, spelled: str, problem: str
) -> None:
    loaded = load_document(of_property(datatype=datatype, format=spelled), "x")
    assert [str(one) for one in loaded.remarks] == [
        f"nodes.n.properties.p.format: {problem}"
    ]
    found = loaded.model.attribute("n/p")
    assert (found.range, found.enum, found.labels) == (None, (), {})


@pytest.mark.parametrize(
    ("attributes", "remark"),
    [
        ({}, "nodes.n.properties.p.datatype: expected a text"),
        (
            {"datatype": "blob"},
            (
                "nodes.n.properties.p.datatype: expected one of integer, float,"
                " percent, boolean, string, enum, color, datetime, duration, json,"
                " got 'blob'"
            ),
        ),
        (
            {"datatype": "float", "settable": "yes"},
            "nodes.n.properties.p.settable: expected true or false",
        ),
        (
            {"datatype": "float", "retained": 0},
            "nodes.n.properties.p.retained: expected true or false",
        ),
        (
            {"datatype": "float", "unit": 1},
            "nodes.n.properties.p.unit: expected a text",
        ),
    ],
)
def test_property_that_cannot_be_used_is_left_out(
    attributes: Mapping[str, Any], remark: str
) -> None:
    loaded = load_document(of_property(**attributes), "x")
    assert [str(one) for one in loaded.remarks] == [remark]
    assert properties_of(loaded) == ["n/plain"]


GOOD = {"good": {"properties": {"p": {"datatype": "string"}}}}


@pytest.mark.parametrize(
    ("nodes", "remark"),
    [
        ({"n": 1}, "nodes.n: expected an object"),
        ({"n": {"properties": []}}, "nodes.n.properties: expected an object"),
        ({"n": {"name": 5}}, "nodes.n.name: expected a text"),
        ({"a/b": {}}, "nodes: expected an id such as light-1, got 'a/b'"),
        ({"$fw": {}}, "nodes: expected an id such as light-1, got '$fw'"),
        (
            {"n": {"properties": {"+": {}}}},
            "nodes.n.properties: expected an id such as light-1, got '+'",
        ),
        ({"n": {"properties": {"p": "x"}}}, "nodes.n.properties.p: expected an object"),
    ],
)
def test_node_that_cannot_be_used_is_left_out(nodes: Any, remark: str) -> None:
    assert remarks_of(description(nodes=nodes | GOOD)) == [remark]


@pytest.mark.parametrize(
    ("node", "own", "title"),
    [
        ({"name": "Ceiling light"}, {"name": "Power"}, "Ceiling light power"),
        ({"name": "Air"}, {"name": "CO2"}, "Air CO2"),
        ({"name": "Axis"}, {"name": "X"}, "Axis X"),
        ({"name": "pump"}, {"name": "speed"}, "Pump speed"),
        ({"name": "Light"}, {"name": "Light power"}, "Light power"),
        ({"name": "Dev"}, {"name": "power"}, "Power"),
        ({"name": "Light"}, {}, "Light max power"),
        ({}, {"name": "Level"}, "Node one level"),
        ({"name": " "}, {"name": 7}, None),
    ],
)
def test_titles_begin_with_the_name_of_the_node(
    node: dict[str, Any], own: dict[str, Any], title: str | None
) -> None:
    node["properties"] = {"max-power": {"datatype": "float", **own}}
    loaded = load_document(description(nodes={"node-one": node}), "x")
    (name,) = properties_of(loaded)
    found = loaded.model.attribute(name)
    assert found.title == (title or "Node one max power")


@pytest.mark.parametrize(
    ("more", "urn"),
    [
        ({"type": "acme.example:Lamp v2"}, "urn:homie:acme.example:lamp-v2"),
        ({"name": "Küche"}, "urn:homie:k-che"),
        ({"name": "灯"}, "urn:homie:device"),
    ],
)
def test_urn(more: dict[str, Any], urn: str) -> None:
    assert load_document(description(nodes=GOOD, **more), "x").model.urn == urn


@pytest.mark.parametrize(
    ("document", "where", "problem"),
    [
        (description(), "(top)", "expected at least one usable property"),
        ({"homie": "2.1.0"}, "homie", "expected a version from 3 to 5, got '2.1.0'"),
        ({"homie": "5.0", "nodes": []}, "nodes", "expected an object"),
        ({"homie": "5.0", "name": 1}, "name", "expected a text"),
        ({"homie": "5.0", "children": "a"}, "children", "expected an array"),
        (
            {"homie/5/a/$description": "{"},
            "$description",
            "expected JSON (",
        ),
        ({"homie/5/a/$description": "[]"}, "$description", "expected an object"),
        ({"homie/5/a/$description": "{}"}, "homie", "expected a version from 3 to 5"),
        (
            {"homie/a/$homie": "4.0.0", "homie/b/$homie": "4.0.0"},
            "(top)",
            "expected the topics of one device, got those of homie/a, homie/b",
        ),
        (
            description(
                nodes={
                    f"n{number}": {
                        "properties": {
                            f"p{index}": {"datatype": "float"} for index in range(1001)
                        }
                    }
                    for number in range(2)
                }
            ),
            "nodes",
            "expected at most 2000 properties",
        ),
    ],
)
def test_unusable_device(document: Any, where: str, problem: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_document(document, "bad.json")
    assert caught.value.details["where"] == where
    assert problem in caught.value.details["problem"]
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "document", [{"homie": "home"}, {"homie": None}, {"x/$name": 1}, [], "homie"]
)
def test_other_documents_are_not_taken_for_homie(document: Any) -> None:
    assert not FORMAT.recognises(document)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["name", "datatype", "format", "properties", "settable", "unit", "p"]
            ),
            inner | st.sampled_from(["enum", "float", "boolean", "1:2", "::", "a,b"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(
    ODD,
    st.dictionaries(st.sampled_from(["root", "children", "type", "name"]), ODD),
    st.dictionaries(
        st.sampled_from(
            [
                "a/$homie",
                "a/$description",
                "a/$nodes",
                "a/n/$properties",
                "a/n/p/$format",
            ]
        ),
        ODD | st.sampled_from(["4.0", "n", "p", "{}", '{"homie": "5.0"}']),
    ),
)
def test_garbage_gives_a_model_or_a_model_error(
    nodes: Any, more: dict[str, Any], topics: dict[str, Any]
) -> None:
    for document in ({"homie": "5.0", "nodes": nodes, **more}, topics):
        try:
            loaded = load_document(document, "odd.json")
        except ModelError as err:
            str(err).encode()
            continue
        topics_of(loaded)


def test_firmware_of_versions_before_5() -> None:
    topics = {
        "haus/lamp/$homie": "3.0.1",
        "haus/lamp/$name": "Lamp",
        "haus/lamp/$mac": "DE:AD:BE:EF:FE:ED",
        "haus/lamp/$fw/name": "lamp-fw",
        "haus/lamp/$fw/version": "1.0.2",
        "haus/lamp/$nodes": "light",
        "haus/lamp/light/$properties": "on",
        "haus/lamp/light/on/$datatype": "boolean",
    }
    assert load_document(topics, "lamp").metadata == {
        "softwareVersion": "1.0.2",
        "firmware": "lamp-fw",
        "mac": "DE:AD:BE:EF:FE:ED",
    }
