"""Thing Models: what they extend, what they refer to, what they leave open."""

from collections.abc import Mapping
import json
from typing import Any

import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load
from custom_components.device_models.iot.values import Range

from .test_wot_thing import V11, fixture, places

ON: dict[str, Any] = {"on": {"type": "boolean", "title": "On"}}


def model(**terms: Any) -> dict[str, Any]:
    return {"@context": V11, "@type": "tm:ThingModel", "title": "T", **terms}


def extending(name: str) -> list[dict[str, str]]:
    return [{"rel": "tm:extends", "href": name}]


def read(files: Mapping[str, Any]) -> Loaded:
    """Return what the first of some files says; the others are beside it."""

    def fetch(name: str) -> bytes:
        if name not in files:
            raise ModelError(source=name, where="", problem="is not there")
        return json.dumps(files[name]).encode()

    first = next(iter(files))
    return load(fetch(first), first, fetch)


def test_model_with_everything() -> None:
    found = fixture("dimmable-socket.tm.json")
    model = found.model
    assert [one.name for one in model.attributes] == ["on", "level", "power", "voltage"]
    assert model.attribute("on").title == "Output"
    assert model.attribute("on").semantic_types == ("OnOffProperty",)
    assert model.attribute("power").range == Range(float("-inf"), 2300)
    assert model.attribute("power").unit == "W"
    assert not model.attribute("voltage").writable
    assert [one.name for one in model.actions] == ["fade"]
    assert [one.name for one in model.action("fade").arguments] == ["level", "seconds"]
    assert places(found) == [
        "tm:optional",
        "title",
        "properties.level.maximum",
        "actions.fade.input.properties.level.maximum",
    ]
    assert isinstance(found.document, dict)
    assert [link["rel"] for link in found.document["links"]] == ["license"]
    assert "tm:ref" not in json.dumps(found.document)
    assert found.layouts == {}


def test_placeholders_in_references() -> None:
    found = fixture("sensor-hub.tm.json")
    assert found.layouts["coap"] == {
        "state": False,
        "attributes": {
            "uptime": {"path": "/sys/uptime", "format": "json", "observe": False},
            "channel": False,
        },
        "actions": {},
        "alerts": {"tamper": {"path": "/tamper", "format": "json"}},
    }
    assert found.model.attribute("channel").unit is None
    assert "properties.channel.readOnly" in places(found)
    assert "links[0]" in places(found)


def test_model_needs_neither_title_nor_security() -> None:
    document = {"@type": "tm:ThingModel", "properties": ON}
    found = read({"a": document})
    assert found.model.name == "Thing"
    assert found.model.urn.startswith("urn:wot:")
    assert places(found) == ["@context"]


def test_models_extend_models() -> None:
    found = read(
        {
            "a": model(links=extending("b"), properties={"x": {"type": "string"}}),
            "b": model(links=extending("c#ignored"), properties={"on": {"unit": "?"}}),
            "c": model(properties=ON, description="C"),
        }
    )
    assert found.model.description == "C"
    assert {one.name: one.unit for one in found.model.attributes} == {
        "on": "?",
        "x": None,
    }


def test_references_within_lists_and_with_signs() -> None:
    found = read(
        {
            "a": model(
                properties={
                    "x": {"oneOf": [{"tm:ref": "b#/x~1y/%C3%A4~0/1"}]},
                }
            ),
            "b": {"x/y": {"ä~": [0, {"const": "k", "title": "K"}]}},
        }
    )
    assert found.model.attribute("x").labels == {"k": "K"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (
            {
                "a": model(links=extending("b")),
                "b": model(links=extending("a"), properties=ON),
            },
            "a → b → a",
        ),
        ({"a": model(links=extending("a"), properties=ON)}, "a → a"),
        (
            {
                "a": model(
                    properties={
                        "x": {"tm:ref": "#/properties/y"},
                        "y": {"tm:ref": "#/properties/x"},
                    }
                )
            },
            "a#/properties/y → a#/properties/x → a#/properties/y",
        ),
        (
            {
                "a": model(properties={"x": {"tm:ref": "b#/properties/x"}}),
                "b": model(properties={"x": {"tm:ref": "a#/properties/x"}}),
            },
            "a → b#/properties/x → a#/properties/x → b#/properties/x",
        ),
        ({"a": model(properties={"x": {"tm:ref": "b#/x"}})}, "is not there"),
        ({"a": model(links=extending("b"))}, "is not there"),
        ({"a": model(links=[{"rel": "tm:extends"}])}, "links[0].href"),
        ({"a": model(links=extending("b")), "b": [1]}, "expected a Thing Model"),
        ({"a": model(properties={"x": {"tm:ref": 3}})}, "properties.x.tm:ref"),
        ({"a": model(properties={"x": {"tm:ref": "b"}})}, "properties.x.tm:ref"),
        ({"a": model(properties={"x": {"tm:ref": "#x"}})}, "properties.x.tm:ref"),
        ({"a": model(properties={"x": {"tm:ref": "#/no"}})}, "there is no /no"),
        ({"a": model(properties={"x": {"tm:ref": "#/title/9"}})}, "there is no"),
        ({"a": model(links=3)}, "links"),
    ],
)
def test_reference_that_leads_nowhere_is_refused(
    files: dict[str, Any], told: str
) -> None:
    with pytest.raises(ModelError) as refused:
        read(files)
    assert told in str(refused.value)
    assert len(str(refused.value)) < 300


def test_references_cannot_make_a_document_of_any_size() -> None:
    parts: dict[str, Any] = {"p0": {"type": "string"}}
    for number in range(1, 15):
        link = {"tm:ref": f"#/properties/p{number - 1}"}
        parts[f"p{number}"] = {f"k{index}": link for index in range(9)}
    with pytest.raises(ModelError, match="at most 50000 values"):
        read({"a": model(properties=parts)})


def test_chain_of_references_has_an_end() -> None:
    parts: dict[str, Any] = {
        f"p{number}": {"tm:ref": f"#/properties/p{number + 1}"} for number in range(40)
    }
    with pytest.raises(ModelError, match="references that end"):
        read({"a": model(properties={**parts, "p40": {"type": "string"}})})


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "{{TYPE}}", "enum": ["a"]}, "type"),
        ({"type": "string", "enum": ["a", "{{B}}"]}, "enum"),
        ({"type": "string", "default": "{{B}}"}, "default"),
        ({"type": "string", "unit": "x{{B}}"}, "unit"),
        ({"type": "string", "description": "{{B}}"}, "description"),
    ],
)
def test_what_is_left_open(schema: dict[str, Any], where: str) -> None:
    found = read({"a": model(properties={"x": schema})})
    assert places(found) == [f"properties.x.{where}"]
    assert found.model.attribute("x").default is None
    assert found.model.attribute("x").unit is None


@pytest.mark.parametrize(
    ("forms", "open_at"),
    [
        ([{}], ["forms[0].href"]),
        ([{"op": "readproperty"}], ["forms[0].href"]),
        ([{"op": "readproperty"}, {"href": "coap://a/on"}], ["forms[0].href"]),
        ([{"href": "coap://a/on"}], []),
    ],
)
def test_form_of_a_model_may_be_left_open(
    forms: list[dict[str, str]], open_at: list[str]
) -> None:
    found = read({"a.tm.json": model(properties={"on": {**ON["on"], "forms": forms}})})
    assert found.model.attribute("on").writable
    assert places(found) == [f"properties.on.{where}" for where in open_at]
    assert ("coap" in found.layouts) is ("href" in forms[-1])


def test_form_of_the_whole_model_may_be_left_open() -> None:
    found = read({"a.tm.json": model(properties=ON, forms=[{}, {"href": "coap://a"}])})
    assert places(found) == ["forms[0].href", "forms[0].op", "forms[1].op"]
    assert found.layouts == {}
