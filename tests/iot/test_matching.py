"""How well models fit what devices say of themselves."""

from dataclasses import replace
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.matching import Match, best_matches, match
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType, JsonValue


def model(*attributes: Any, urn: str = "urn:test:model", **binding: Any) -> Loaded:
    """Return a model; an attribute is a name, ``name:TYPE``, or an object."""
    listed: list[Any] = []
    for attribute in attributes:
        spelled = attribute
        if isinstance(spelled, str):
            name, _, kind = spelled.partition(":")
            spelled = {"name": name, "type": kind or "NUMBER"}
        listed.append(spelled)
    document = {
        "model": {"urn": urn, "name": "Test", "attributes": listed},
        "binding": binding,
    }
    loaded = load_document(document, "test")
    assert not loaded.remarks
    return loaded


def listing(values: dict[str, JsonValue], links: str = "") -> Loaded:
    """Return what a CoAP endpoint with these resources is described as."""
    links = links or ",".join(f"<{path}>" for path in values)
    return load_document({"links": links, "values": values}, "listing")


def samples(base: str, **payloads: Any) -> Loaded:
    """Return what a device with these messages is described as."""
    topics = {
        f"{base}/{name}": text if isinstance(text, str) else json.dumps(text)
        for name, text in payloads.items()
    }
    return load_document({"topics": topics, "base": base}, "samples")


def test_the_same_urn_is_the_same_model() -> None:
    assert match(model("a"), model("b")) == Match(
        100, "the device names this model: urn:test:model"
    )


def test_a_resource_type_may_be_the_urn_of_the_model() -> None:
    described = model("b", urn="urn:other")
    typed = replace(described.model.attributes[0], semantic_types=("urn:test:model",))
    described = replace(described, model=replace(described.model, attributes=(typed,)))
    assert match(model("a"), described).score == 100


def test_no_urn_is_no_sameness() -> None:
    none = model("a")
    none = replace(none, model=replace(none.model, urn=""))
    other = replace(none, model=replace(none.model, name="Other"))
    assert match(none, other).score < 100


@pytest.mark.parametrize(
    ("ours", "theirs", "score", "reason"),
    [
        ("ab", "ab", 99, "2 of 2 attributes found"),
        ("ab", "a", 50, "1 of 2 attributes found; missing: b"),
        ("a", "ab", 66, "1 of 1 attributes found; not in the model: b"),
        ("a", "b", 0, "0 of 1 attributes found; missing: a; not in the model: b"),
        (
            "abcdefgh",
            "abc",
            37,
            "3 of 8 attributes found; missing: d, e, f and 2 more",
        ),
    ],
)
def test_score_and_reason(ours: str, theirs: str, score: int, reason: str) -> None:
    found = match(model(*ours), model(*theirs, urn="urn:other"))
    assert found == Match(score, reason)


def test_what_the_device_does_not_give_by_itself_does_not_count() -> None:
    described = model("a", urn="urn:other")
    ours = model("a")
    hidden = Attribute(name="pin", type=DataType.NUMBER, readable=False, writable=True)
    attributes = (*ours.model.attributes, hidden)
    with_hidden = replace(ours, model=replace(ours.model, attributes=attributes))
    assert match(with_hidden, described) == Match(99, "1 of 1 attributes found")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("fanSpeed", "fan_speed"),
        ("fanSpeed", "Fan-Speed"),
        ({"name": "x", "type": "NUMBER", "alias": "speed"}, "speed"),
        ("speed", {"name": "x", "type": "NUMBER", "alias": "speed"}),
    ],
)
def test_names_and_aliases(ours: Any, theirs: Any) -> None:
    assert match(model(ours), model(theirs, urn="urn:other")).score == 99


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [
        ("NUMBER", "INTEGER", True),
        ("INTEGER", "NUMBER", True),
        ("DATETIME", "INTEGER", True),
        ("BOOLEAN", "INTEGER", True),
        ("BOOLEAN", "STRING", True),
        ("DATETIME", "STRING", True),
        ("URI", "STRING", True),
        ("STRING", "URI", True),
        ("STRING", "DATETIME", True),
        ("NUMBER", "STRING", False),
        ("NUMBER", "BOOLEAN", False),
        ("STRING", "NUMBER", False),
        ("BOOLEAN", "NUMBER", False),
    ],
)
def test_types(ours: str, theirs: str, fits: bool) -> None:
    found = match(model(f"a:{ours}"), model(f"a:{theirs}", urn="urn:other"))
    assert found.score == (99 if fits else 0)
    assert ("of another type: a" in found.reason) is not fits


@pytest.mark.parametrize(
    "kind", [one for one in DataType if one is not DataType.OBJECT]
)
def test_every_type_is_like_itself(kind: DataType) -> None:
    found = match(model(f"a:{kind}"), model(f"a:{kind}", urn="urn:other"))
    assert found.score == 99


@pytest.mark.parametrize("base", ["", "room"])
def test_coap_paths_of_the_default_layout(base: str) -> None:
    below = f"/{base}" if base else ""
    described = listing({f"{below}/temperature": 21.5, f"{below}/level": 3})
    found = match(model("temperature", "level:INTEGER"), described, base)
    assert found == Match(99, "2 of 2 attributes found")


def test_coap_paths_of_a_binding() -> None:
    ours = model(
        "temperature",
        "mode:STRING",
        coap={"attributes": {"temperature": "/3303/0/5700", "mode": "/m"}},
    )
    described = listing({"/3303/0/5700": 21.5, "/m": "heat"})
    assert match(ours, described) == Match(99, "2 of 2 attributes found")


def test_members_of_one_document() -> None:
    described = listing({"/all": {"t": 21.5, "on": True}})
    ours = model(
        "temperature",
        "power:BOOLEAN",
        coap={
            "attributes": {
                "temperature": {"path": "/all", "pointer": "/t"},
                "power": {"path": "/all", "pointer": "/on"},
            }
        },
    )
    assert match(ours, described) == Match(99, "2 of 2 attributes found")


def test_what_is_an_alert_of_the_model_is_nothing_more() -> None:
    ours = load_document(
        {
            "urn": "urn:test:model",
            "name": "Test",
            "attributes": [{"name": "t", "type": "NUMBER"}],
            "formats": [{"urn": "urn:x:hot", "name": "hot", "type": "ALERT"}],
        },
        "test",
    )
    described = listing({"/t": 1.5, "/alert/hot": {"celsius": 90}})
    assert match(ours, described) == Match(99, "1 of 1 attributes found")


@pytest.mark.parametrize("given", ["yard/pump", ""])
def test_mqtt_topics_of_the_default_layout(given: str) -> None:
    described = samples(
        "yard/pump",
        state={"pressure": 2.5, "running": True},
        level="3",
        availability="online",
    )
    ours = model("pressure", "running:BOOLEAN", "level:INTEGER")
    assert match(ours, described, given) == Match(99, "3 of 3 attributes found")


def test_mqtt_topics_of_a_binding() -> None:
    described = samples("yard/pump", sensors={"p": 2.5})
    ours = model(
        "pressure",
        mqtt={"attributes": {"pressure": {"topic": "sensors", "pointer": "/p"}}},
    )
    assert match(ours, described, "yard/pump").score == 99


def test_a_binding_that_is_not_usable_tells_no_places() -> None:
    ours = model("t", coap={"attributes": {"nobody": "/t"}})
    assert match(ours, listing({"/x": 1.5})).score == 0


def test_nothing_to_be_found_is_no_likeness() -> None:
    nothing = model("a")
    nothing = replace(nothing, model=replace(nothing.model, attributes=()))
    other = replace(nothing, model=replace(nothing.model, urn="urn:other"))
    assert match(nothing, other) == Match(0, "0 of 0 attributes found")


def test_the_best_one_comes_first_and_what_does_not_fit_is_left_out() -> None:
    described = model("a", "b", urn="urn:other")
    candidates = {
        "none": model("x"),
        "half": model("a"),
        "same": model("x", urn="urn:other"),
        "all": model("a", "b"),
        "also half": model("b"),
    }
    found = best_matches(candidates, described)
    assert [key for key, _ in found] == ["same", "all", "half", "also half"]
    assert [one for _, one in found] == [
        match(candidates[key], described) for key, _ in found
    ]


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@given(NAMES, NAMES)
def test_scores_are_sound(ours: list[str], theirs: list[str]) -> None:
    found = match(model(*ours), model(*theirs, urn="urn:other"))
    assert 0 <= found.score <= 99
    assert (found.score == 99) is (set(ours) == set(theirs))
    assert (found.score == 0) is set(ours).isdisjoint(theirs)
    fewer = match(model(*ours), model(*theirs[:-1] or ["z"], urn="urn:other"))
    if theirs[-1] in ours:
        assert fewer.score < found.score


def test_reasons_stay_short() -> None:
    long = ["x" * 90 + str(number) for number in range(50)]
    found = match(model(*long), model(*("y" + name for name in long), urn="urn:o"))
    assert len(found.reason) < 400
