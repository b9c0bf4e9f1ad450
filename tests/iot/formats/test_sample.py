"""Samples of what devices sent, as drafts of their models."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.codecs import CODECS, decode, extract
from custom_components.device_models.iot.connections.coap.layout import coap_layout
from custom_components.device_models.iot.connections.mqtt.layout import mqtt_layout
from custom_components.device_models.iot.connections.mqtt.meanings import (
    MqttLayout,
    Values,
)
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.sample import FORMAT
from custom_components.device_models.iot.values import DataType

from .fixtures import FOLDER, fixture, fixtures

INTEGER, NUMBER, STRING = DataType.INTEGER, DataType.NUMBER, DataType.STRING
BOOLEAN, DATETIME, URI = DataType.BOOLEAN, DataType.DATETIME, DataType.URI


def types_of(loaded: Loaded) -> dict[str, DataType]:
    return {name: leaf.type for name, leaf in loaded.model.leaves.items()}


def remarks_of(loaded: Loaded) -> list[str]:
    return [str(remark) for remark in loaded.remarks]


def topics_of(loaded: Loaded, base: str = "dev") -> MqttLayout:
    return mqtt_layout(loaded.model, Binding(base=base, layouts=loaded.layouts))


def read(found: MqttLayout, topic: str, payload: str) -> dict[str, object]:
    """Return what a message says, by the same means as at run time."""
    values: dict[str, object] = {}
    for meaning in found.meanings[topic]:
        if isinstance(meaning, Values):
            decoded = decode(meaning.codec, payload.encode())
            for part in extract(meaning.slots, decoded).values():
                values |= part
    return values


@fixtures("samples")
def test_fixture_is_a_draft_and_read_again_from_what_is_stored(path: Path) -> None:
    loaded = load(path.read_bytes(), path.name)
    assert loaded.format == "sample payload"
    assert loaded.model.draft
    assert not any(leaf.writable for leaf in loaded.model.leaves.values())
    again = load_document(json.loads(json.dumps(loaded.document)), path.name)
    assert (again.model, again.layouts) == (loaded.model, loaded.layouts)
    topics_of(loaded)


def test_object_of_values() -> None:
    loaded = fixture("samples/weather_state")
    assert loaded.model.name == "Sample"
    assert types_of(loaded) == {
        "station": STRING,
        "temp": NUMBER,
        "rh": INTEGER,
        "rain": BOOLEAN,
        "wind.avg": NUMBER,
        "wind.gust": NUMBER,
        "wind.dir": INTEGER,
        "at": DATETIME,
        "manual": URI,
    }
    assert loaded.layouts == {}
    assert remarks_of(loaded) == [
        "last10: an array, which no attribute can hold",
        "snow: null does not show its type",
    ]


def test_sample_is_read_by_its_own_model() -> None:
    text = (FOLDER / "samples/weather_state.json").read_text()
    values = read(topics_of(fixture("samples/weather_state")), "dev/state", text)
    assert values["wind.gust"] == 9.8
    assert values["rain"] is False


def test_odd_names_are_kept_where_they_can_be() -> None:
    loaded = fixture("samples/pool_pump_odd_names")
    assert types_of(loaded) == {
        "Pump speed (rpm)": INTEGER,
        "flow.m³/h": NUMBER,
        "flow.ok": BOOLEAN,
        "pH": NUMBER,
        "mode": STRING,
        "next": STRING,
    }
    assert [remark.where for remark in loaded.remarks] == [
        "(empty)",
        "tab\there",
        "empty",
        "flow.ok",
    ]


@pytest.mark.parametrize(
    "name", ["a#b", "+", "..", "a/./b", "100%", "a//b", "what?", "/x"]
)
def test_names_that_are_no_topic_or_path_are_in_the_state_only(name: str) -> None:
    documents: list[Any] = [
        {name: 1, "b": 2},
        [{"n": name, "v": 1}, {"n": "b", "v": 2}],
    ]
    for document in documents:
        loaded = load_document(document, "x")
        text = json.dumps(document)
        found = topics_of(loaded)
        assert read(found, "dev/state", text) == {name: 1, "b": 2}
        topics = {f"dev/{name}"} if set("+#").isdisjoint(name) else set()
        topics = set() if name.startswith("/") else topics
        assert found.meanings.keys() == {
            "dev/availability",
            "dev/state",
            "dev/b",
            *topics,
        }
        coap_layout(loaded.model, Binding(layouts=loaded.layouts))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, BOOLEAN),
        (1, INTEGER),
        (1.0, NUMBER),
        ("", STRING),
        ("21.5", STRING),
        ("on", STRING),
        ("2026-02-03T04:05:06.789+01:00", DATETIME),
        ("2026-02-03 04:05", DATETIME),
        ("2026-02-03", STRING),
        ("2026-13-03T04:05:06Z", STRING),
        ("2026-02-03T04:05" + " " * 30 + "x", STRING),
        ("HTTPS://device.example/", URI),
        ("https://two words", STRING),
        ("ftp://device.example/", STRING),
    ],
)
def test_type_of_a_value(value: Any, kind: DataType) -> None:
    assert types_of(load_document({"x": value}, "x")) == {"x": kind}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ("21.5", NUMBER),
        ("-2", INTEGER),
        ("1e3", NUMBER),
        (".5", NUMBER),
        ("1_000", STRING),
        ("٣", STRING),
        ("nan", STRING),
        (" OFF\n", BOOLEAN),
        ("yes", BOOLEAN),
        ("2026-02-03T04:05:06Z", DATETIME),
        ("http://192.0.2.9/", URI),
        ("", STRING),
        (7, INTEGER),
        (False, BOOLEAN),
    ],
)
def test_type_of_a_payload(payload: Any, kind: DataType) -> None:
    loaded = load_document({"topics": {"a/b": payload}, "base": "a"}, "x")
    assert types_of(loaded) == {"b": kind}


def test_pack() -> None:
    loaded = fixture("samples/meter_senml")
    assert types_of(loaded) == {
        "p1": NUMBER,
        "p2": NUMBER,
        "u": NUMBER,
        "closed": BOOLEAN,
        "tariff": STRING,
        "image": STRING,
    }
    units = {name: leaf.unit for name, leaf in loaded.model.leaves.items() if leaf.unit}
    assert units == {"p1": "W", "p2": "W", "u": "V"}
    assert remarks_of(loaded) == ["[6].s: a sum, which no attribute can hold"]


@pytest.mark.parametrize("name", ["meter_senml", "two_rooms_senml"])
def test_pack_is_read_by_its_own_model(name: str) -> None:
    loaded = fixture(f"samples/{name}")
    text = (FOLDER / f"samples/{name}.json").read_text()
    assert (
        read(topics_of(loaded), "dev/state", text).keys() == loaded.model.leaves.keys()
    )


def test_names_of_a_pack_that_are_not_enough_come_with_their_base() -> None:
    assert list(types_of(fixture("samples/two_rooms_senml"))) == [
        "room1/temp",
        "door",
        "room2/temp",
    ]


def test_own_name_that_another_record_has_in_full() -> None:
    pack: list[Any] = [{"bn": "t", "v": 1}, {"bn": "x/", "n": "t", "v": 2}]
    loaded = load_document(pack, "x")
    assert list(types_of(loaded)) == ["t", "x/t"]
    assert read(topics_of(loaded), "dev/state", json.dumps(pack)) == {"t": 1, "x/t": 2}


def test_record_that_has_its_base_name_only() -> None:
    pack: list[Any] = [{"bn": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}]
    loaded = load_document(pack, "x")
    assert list(types_of(loaded)) == ["urn:dev:ow:10e2073a01080063"]
    decoded = decode(CODECS["senml+json"], json.dumps(pack).encode())
    assert decoded.sole in loaded.model.leaves


@pytest.mark.parametrize(
    ("record", "remark"),
    [
        ({"n": 5, "v": 1}, "[1].n: expected a text"),
        ({"n": "x", "v": "1"}, "[1].v: expected NUMBER or INTEGER"),
        ({"n": "x", "vb": 1}, "[1].vb: expected BOOLEAN"),
        ({"n": "x", "vs": None}, "[1]: null does not show its type"),
        ({"v": 1}, "[1]: no name for an attribute: ''"),
        ({"n": "x", "v": 1, "u": 5}, "[1].u: expected a text"),
    ],
)
def test_record_that_cannot_be_used_is_left_out(
    record: dict[str, Any], remark: str
) -> None:
    loaded = load_document([{"n": "good", "v": 1}, record, {"bt": 5}], "x")
    assert remarks_of(loaded) == [remark]
    assert list(types_of(loaded)) == ["good"]


def test_topics() -> None:
    loaded = fixture("samples/kitchen_topics")
    assert loaded.model.name == "kitchen"
    assert types_of(loaded) == {
        "temp": NUMBER,
        "fan/rpm": INTEGER,
        "lamp": BOOLEAN,
        "note": STRING,
        "a": INTEGER,
        "air.co2": INTEGER,
        "air.voc/ppb": INTEGER,
        "state/fw": STRING,
        "info/fw": STRING,
        "weather/outside": INTEGER,
        "broken": STRING,
    }
    assert remarks_of(loaded) == [
        "topics.sensors/kitchen/info/list: an array, which no attribute can hold",
        "topics.sensors/+/x: expected a topic without wildcards",
    ]
    layout: Any = loaded.layouts["mqtt"]
    assert layout["state"] is False
    assert layout["availability"] == {
        "topic": "LWT",
        "online": "Online",
        "offline": "Offline",
    }


def test_messages_are_read_by_their_own_model() -> None:
    found = topics_of(fixture("samples/kitchen_topics"), "sensors/kitchen")
    document: Any = fixture("samples/kitchen_topics").document
    seen: dict[str, object] = {}
    for topic in found.meanings:
        seen |= read(found, topic, document["topics"][topic])
    assert seen.keys() == fixture("samples/kitchen_topics").model.leaves.keys()
    assert seen["fan/rpm"] == 900
    assert seen["air.co2"] == 640
    assert seen["lamp"] is True


def test_topics_without_a_base_are_below_what_they_have_in_common() -> None:
    loaded = fixture("samples/plug_topics_without_base")
    assert loaded.model.name == "Desk plug"
    assert list(types_of(loaded)) == ["power", "on", "sys/uptime", "sys/url", "v"]
    assert topics_of(loaded, "other").filters == ("other/#",)


@pytest.mark.parametrize(
    ("topics", "base", "found"),
    [
        ({"a": "1"}, "", ["a"]),
        ({"a/b": "1", "c/d": "2"}, "", ["a/b", "c/d"]),
        ({"a/b": "1", "a": "2"}, "a", ["dev/b", "a"]),
        ({"a/b/c": "1"}, "/a/b/", ["dev/c"]),
        ({"ab/c": "1"}, "a", ["ab/c"]),
        ({"a~b/c": '{"x/y~z": 1}'}, "a~b", ["dev/c"]),
    ],
)
def test_topics_below_the_base_are_relative(
    topics: dict[str, str], base: str, found: list[str]
) -> None:
    loaded = load_document({"topics": topics, "base": base}, "x")
    assert list(topics_of(loaded).meanings) == found
    for meaning, payload in zip(found, topics.values(), strict=True):
        assert read(topics_of(loaded), meaning, payload)


@pytest.mark.parametrize("topic", ["", "/", "a/#", "a\0", "x" * 1025])
def test_what_is_no_topic_is_left_out(topic: str) -> None:
    loaded = load_document({"topics": {topic: "1", "good": "2"}}, "x")
    assert list(types_of(loaded)) == ["good"]
    assert len(loaded.remarks) == 1


def test_second_topic_about_being_there_is_a_value() -> None:
    topics = {"a/status": "online", "a/connection": "offline", "a/state": "idle"}
    loaded = load_document({"topics": topics}, "x")
    assert list(types_of(loaded)) == ["connection", "state"]


def test_names_that_meet_in_spite_of_their_topics() -> None:
    topics = {"a/x": '{"y": 1}', "a/z": '{"y": 2}', "a/x/y": "3"}
    loaded = load_document({"topics": topics}, "x")
    assert list(types_of(loaded)) == ["x/y", "z/y"]
    assert remarks_of(loaded) == ["x/y: the name 'x/y' is there already"]
    assert list(topics_of(loaded).meanings) == ["dev/x", "dev/z"]


def test_urn_follows_the_names() -> None:
    def urn(document: Any) -> str:
        return load_document(document, "x").model.urn

    assert urn({"a": 1, "b": 2}) == urn({"b": "x", "a": True})
    assert urn({"a": 1, "b": 2}) != urn({"a": 1})
    assert urn({"a": 1}).startswith("urn:device-models:sample:")


DEEP: Any = 1
for _ in range(6):
    DEEP = {"x": DEEP}


@pytest.mark.parametrize(
    ("document", "where", "problem"),
    [
        ({"a": None}, "(top)", "one value for an attribute (a: null does not show"),
        ({"a": {}}, "(top)", "(a: an object without a value"),
        (DEEP, "(top)", "objects may be nested 4 deep"),
        ([{"bn": "a", "s": 1}], "(top)", "a sum"),
        ([{"n": "a"}, {"t": 1, "bver": 10, "s": None}], "(top)", "one value"),
        ({f"a{number}": 1 for number in range(2001)}, "(top)", "at most 2000 values"),
        (
            {"topics": {f"a{number}": 1 for number in range(2001)}},
            "topics",
            "at most 2000 topics",
        ),
        ({"topics": {"a": 1}, "base": 5}, "base", "expected a text"),
        ({"topics": {}}, "(top)", "expected at least one value for an attribute"),
    ],
)
def test_unusable_sample(document: Any, where: str, problem: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_document(document, "bad.json")
    assert caught.value.details["where"] == where
    assert problem in caught.value.details["problem"]
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "a text",
        [1, 2],
        [{"v": 1}],
        [{"n": "a", "v": 1}, {}],
        [{"n": "a"}],
        {"urn": "urn:x", "temp": 1},
        {"@context": "https://www.w3.org/2022/wot/td/v1.1"},
        {"@id": "dtmi:com:example;1"},
        {"$schema": "x"},
        {"sdfObject": {}},
        {"openapi": "3.1.0"},
    ],
)
def test_what_is_meant_as_a_model_is_no_sample(document: Any) -> None:
    assert not FORMAT.recognises(document)


def test_object_with_topics_and_more_is_a_plain_object() -> None:
    loaded = load_document({"topics": {"a": 1}, "temp": 2}, "x")
    assert types_of(loaded) == {"topics.a": INTEGER, "temp": INTEGER}


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=3), inner, max_size=4)
    ),
    max_leaves=15,
)
RECORDS = st.lists(
    st.dictionaries(
        st.sampled_from(["n", "bn", "v", "vb", "vs", "vd", "u", "bu", "t", "s"]), ODD
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(st.text(st.characters(), max_size=3), ODD)
    | RECORDS
    | st.fixed_dictionaries(
        {"topics": st.dictionaries(st.text(max_size=4), ODD | st.just('{"a": 1}'))},
        optional={"base": ODD, "name": ODD},
    )
)
def test_garbage_gives_a_draft_or_a_model_error(document: Any) -> None:
    try:
        loaded = load_document(document, "odd.json")
    except ModelError as err:
        str(err).encode()
        return
    if loaded.format != "sample payload":
        return
    assert loaded.model.leaves
    topics_of(loaded)
    if "topics" not in document:
        coap_layout(loaded.model, Binding(layouts=loaded.layouts))


def test_secrets_are_not_kept_and_their_attributes_are_sensitive() -> None:
    document = {"wifi": {"ssid": "home", "password": "hunter2"}, "pin": 1234, "on": 1}
    loaded = load(json.dumps(document).encode(), "sample")
    assert loaded.document == {
        "wifi": {"ssid": "home", "password": ""},
        "pin": 0,
        "on": 1,
    }
    sensitive = {name for name, leaf in loaded.model.leaves.items() if leaf.sensitive}
    assert sensitive == {"wifi.password", "pin"}
