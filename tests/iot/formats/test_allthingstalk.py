"""Assets of AllThingsTalk: protocol sheet "AllThingsTalk" §4.2, §4.3, §6 and §7."""

from collections.abc import Mapping
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.iot.formats.allthingstalk import FORMAT
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType, Range

from .fixtures import fixture, fixtures


def asset(name: str = "a", **more: Any) -> dict[str, Any]:
    """Return an asset as the platform lists it."""
    return {"name": name, "is": "sensor", "profile": {"type": "number"}, **more}


def of(**more: Any) -> Attribute:
    """Return what an asset becomes."""
    loaded = load_document([asset(**more)], "x")
    assert loaded.remarks == ()
    (found,) = loaded.model.attributes
    return found


def of_profile(**profile: Any) -> Attribute:
    return of(profile=profile)


@fixtures("allthingstalk")
def test_fixture_is_read_and_read_again_from_what_is_stored(path: Path) -> None:
    loaded = load(path.read_bytes(), path.name)
    assert loaded.format == "AllThingsTalk assets"
    assert loaded.layouts == {}
    again = load_document(json.loads(json.dumps(loaded.document)), path.name)
    assert (again.model, again.overlay) == (loaded.model, loaded.overlay)
    named = loaded.overlay.get("attributes", {})
    assert isinstance(named, Mapping)
    assert named.keys() <= loaded.model.leaves.keys()


def test_list_of_assets() -> None:
    loaded = fixture("allthingstalk/orchard_station")
    assert loaded.remarks == ()
    model = loaded.model
    assert model.urn == "urn:allthingstalk:device:dev0000000000000000000042"
    assert model.name == "AllThingsTalk device"
    assert not model.draft
    air = model.attribute("air_temperature")
    assert (air.title, air.type, air.unit) == (
        "Air temperature",
        DataType.NUMBER,
        "°C",
    )
    assert air.range == Range(-40, 85)
    assert air.source["control"] == {"name": "line-progress"}
    assert model.attribute("battery").semantic_types == ("battery",)
    assert loaded.overlay == {
        "attributes": {
            "battery": {"category": "diagnostic"},
            "report_every": {"category": "config"},
        }
    }


def test_device_with_its_assets() -> None:
    loaded = fixture("allthingstalk/delivery_van")
    model = loaded.model
    assert model.urn == "urn:allthingstalk:device:dev0000000000000000000077"
    assert (model.name, model.description) == (
        "Delivery van 7",
        "Tracker behind the dashboard",
    )
    position = {
        name: leaf.semantic_types
        for name, leaf in model.leaves.items()
        if name.startswith("position.")
    }
    assert position == {
        "position.latitude": ("geo:lat",),
        "position.longitude": ("geo:long",),
        "position.altitude": ("geo:alt",),
        "position.satellites": (),
    }
    depot = model.attribute("depot.longitude")
    assert (depot.range, depot.writable) == (Range(-180, 180), True)
    assert model.attribute("doors").enum == ("closed", "open", "ajar")
    (remark,) = loaded.remarks
    assert remark.where == "assets[3] 'route'.profile.type"
    assert "got 'array'" in remark.message


def test_items_and_colours() -> None:
    loaded = fixture("allthingstalk/mood_lamp")
    assert loaded.remarks == ()
    model = loaded.model
    assert model.attribute("power").enum == (0, 1)
    green = model.attribute("rgb.g")
    assert (green.title, green.range) == ("Colour g", Range(0, 255))
    assert all(leaf.writable for leaf in model.leaves.values())


def test_assets_as_clients_create_them() -> None:
    loaded = fixture("allthingstalk/counter_as_created")
    assert loaded.remarks == ()
    counter = loaded.model.attribute("counter")
    assert (counter.title, counter.description) == (
        "Counter",
        "People through the gate",
    )
    assert counter.range == Range(0, math.inf)
    assert loaded.model.attribute("gate").writable


def test_flaws_leave_the_rest_alone() -> None:
    loaded = fixture("allthingstalk/cellar_with_flaws")
    assert loaded.model.name == "cellar"
    assert list(loaded.model.leaves) == ["water", "pump", "level"]
    assert loaded.model.attribute("water").unit == "cm"
    assert [remark.where for remark in loaded.remarks] == [
        "assets[0] 'water'.profile.maximum",
        "assets[1] 'pump'.is",
        "assets[2] 'water'.name",
        "assets[3] 'level'.profile.enum",
        "assets[4] 'raw'.profile.type",
        "assets[5] 'bare'.profile.type",
    ]


@pytest.mark.parametrize("kind", ["sensor", "Actuator"])
def test_asset_by_itself(kind: str) -> None:
    single = asset("valve", **{"is": kind, "id": "a1", "deviceId": "dev7"})
    loaded = load_document(single, "x")
    assert loaded.format == "AllThingsTalk assets"
    assert loaded.model.urn == "urn:allthingstalk:device:dev7"
    assert loaded.model.name == "AllThingsTalk device"
    (found,) = loaded.model.attributes
    assert (found.name, found.writable) == ("valve", kind == "Actuator")
    assert load_document(loaded.document, "x").model == loaded.model


def test_urn_of_a_device_without_id_follows_its_assets() -> None:
    def urn(*names: str) -> str:
        return load_document([asset(name) for name in names], "x").model.urn

    assert urn("a", "b") == urn("b", "a")
    assert urn("a", "b") != urn("a", "c")


@pytest.mark.parametrize(
    ("kind", "writable"),
    [
        ("sensor", False),
        ("Virtual", False),
        ("actuator", True),
        ("CONFIG", True),
        (None, False),
    ],
)
def test_kind(kind: str | None, writable: bool) -> None:
    assert of(**{"is": kind}).writable is writable


@pytest.mark.parametrize(
    ("kind", "style", "category"),
    [
        ("sensor", "Primary", None),
        ("sensor", "Battery", "diagnostic"),
        ("sensor", "Config", "diagnostic"),
        ("actuator", "Config", "config"),
        ("actuator", "Battery", None),
        ("config", None, "config"),
        ("sensor", 5, None),
    ],
)
def test_category(kind: str, style: Any, category: str | None) -> None:
    loaded = load_document([asset(**{"is": kind, "style": style})], "x")
    expected = {"attributes": {"a": {"category": category}}} if category else {}
    assert loaded.overlay == expected


@pytest.mark.parametrize(
    ("spelled", "kind"),
    [
        ("boolean", DataType.BOOLEAN),
        ("integer", DataType.INTEGER),
        ("number", DataType.NUMBER),
        ("string", DataType.STRING),
    ],
)
def test_type(spelled: str, kind: DataType) -> None:
    assert of_profile(type=spelled).type is kind


def test_texts_of_the_profile_stand_in_for_those_of_the_asset() -> None:
    found = of_profile(type="number", title="T", description="D")
    assert (found.title, found.description) == ("T", "D")


@pytest.mark.parametrize(
    ("profile", "bounds"),
    [
        ({"minimum": 1, "maximum": 2.5}, Range(1, 2.5)),
        ({"maximum": 5}, Range(-math.inf, 5)),
        ({}, None),
    ],
)
def test_range(profile: dict[str, Any], bounds: Range | None) -> None:
    assert of_profile(type="number", **profile).range == bounds


def test_texts_have_no_range() -> None:
    assert of_profile(type="string", minimum=1).range is None


def test_latitude_without_longitude_is_no_place() -> None:
    found = of_profile(type="object", properties={"latitude": {"type": "number"}})
    assert found.members[0].semantic_types == ()


def test_longitude_as_text_is_no_place() -> None:
    properties = {"latitude": {"type": "number"}, "longitude": {"type": "string"}}
    found = of_profile(type="object", properties=properties)
    assert [member.semantic_types for member in found.members] == [(), ()]


DEEP: dict[str, Any] = {"type": "number"}
for _ in range(5):
    DEEP = {"type": "object", "properties": {"x": DEEP}}


@pytest.mark.parametrize(
    ("profile", "where", "problem"),
    [
        ({"type": "number", "minimum": "0"}, "minimum", "expected a number"),
        ({"type": "number", "maximum": True}, "maximum", "expected a number"),
        ({"type": "string", "unit": 5}, "unit", "expected a text"),
        ({"type": "string", "enum": "a"}, "enum", "expected an array"),
        (
            {"type": "integer", "enum": list(range(501))},
            "enum",
            "expected at most 500 values",
        ),
        ({"type": "integer", "enum": [1, 1.5]}, "enum", "a whole number"),
    ],
)
def test_keyword_that_is_not_understood_is_left_out_alone(
    profile: dict[str, Any], where: str, problem: str
) -> None:
    loaded = load_document([asset(profile=profile)], "x")
    (remark,) = loaded.remarks
    assert remark.where == f"[0] 'a'.profile.{where}"
    assert problem in remark.message
    assert list(loaded.model.leaves) == ["a"]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (asset("\n"), "name: expected a text"),
        (asset("a\nb"), "expected a printable name below 512 bytes"),
        (asset("x" * 600), "expected a printable name below 512 bytes"),
        (asset(profile={"type": "array"}), "expected one of boolean"),
        (asset(profile=5), "profile: expected an object"),
        ({**asset(), "is": 5}, "is: expected a text"),
        (asset(title=5), "title: expected a text"),
        (asset(profile={"type": "object"}), "at least one usable property"),
        (
            asset(profile={"type": "object", "properties": {"x": 1}}),
            "properties.x: expected an object",
        ),
        (
            asset(profile={"type": "object", "properties": {" ": {"type": "number"}}}),
            "expected a printable name below 512 bytes",
        ),
        (asset(profile=DEEP), "objects may be nested 4 deep"),
        (asset("good"), "the name 'good' is there already"),
        (asset("whole.part"), "the name 'whole.part' is there already"),
        (5, "[2]: expected an object"),
    ],
)
def test_asset_that_cannot_be_used_is_left_out(broken: Any, problem: str) -> None:
    whole = {"type": "object", "properties": {"part": {"type": "number"}}}
    good = [asset("good"), asset("whole", profile=whole)]
    loaded = load_document([*good, broken], "x")
    assert list(loaded.model.leaves) == ["good", "whole.part"]
    assert any(problem in str(remark) for remark in loaded.remarks)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (
            [asset(profile={})],
            "one usable asset ([0] 'a'.profile.type: expected a text",
        ),
        ([asset(f"a{number}") for number in range(2001)], "at most 2000 assets"),
    ],
)
def test_unusable_device(document: Any, problem: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_document(document, "bad.json")
    assert problem in caught.value.details["problem"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "text",
        None,
        {"items": []},
        {"assets": 5},
        {"items": [{"name": "a"}, 5]},
        [{"n": "a", "v": 1}],
        [{"name": "a", "value": 1}],
        {"name": "a", "is": "here", "profile": {"type": "number"}},
        {"name": "a", "is": "sensor", "profile": "number"},
        {"is": "sensor", "profile": {"type": "number"}},
    ],
)
def test_other_documents_are_not_taken_for_assets(document: Any) -> None:
    assert not FORMAT.recognises(document)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "minimum", "enum", "latitude"]),
            inner | st.sampled_from(["object", "number", "location"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["name", "is", "Profile", "title", "style", "deviceId"]),
            ODD,
        )
    ),
    st.dictionaries(st.sampled_from(["id", "title", "description"]), ODD),
)
def test_garbage_gives_a_model_or_a_model_error(
    assets: list[Any], more: dict[str, Any]
) -> None:
    for document in (
        assets,
        [asset(), *assets],
        {"assets": [asset(), *assets], **more},
    ):
        try:
            loaded = load_document(document, "odd.json")
        except ModelError as err:
            str(err).encode()
        else:
            assert loaded.model.leaves
