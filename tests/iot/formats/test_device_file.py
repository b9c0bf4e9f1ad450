"""The device file: a model of any format, and what is kept apart from it."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.format import MAX_REFERENCES
from custom_components.device_models.iot.formats.loaded import Security
from custom_components.device_models.iot.formats.merging import merged

from ..samples import THERMO, attributes

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "device_files"
FILES: Final = sorted(FIXTURES.iterdir())


def fetch(reference: str) -> bytes:
    """Return another file of the folder."""
    return (FIXTURES / reference).read_bytes()


def fixture(name: str) -> Loaded:
    """Return a device file of the folder."""
    return load(fetch(name), name, fetch)


def with_files(document: Mapping[str, Any], **files: Any) -> Loaded:
    """Load a device file beside which there are others."""

    def among(reference: str) -> bytes:
        try:
            return json.dumps(files[reference]).encode()
        except KeyError:
            problem = "not here"
            raise ModelError(source=reference, where="", problem=problem) from None

    return load_document(document, "device.json", among)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_is_read_whole_and_again_without_the_others(path: Path) -> None:
    loaded = fixture(path.name)
    assert [str(one) for one in loaded.remarks if "desk_lamp" not in path.name] == []
    again = load_document(loaded.document, path.name)
    assert again == loaded


def test_reference_is_read_and_its_place_in_the_document_taken() -> None:
    loaded = fixture("boiler.json")
    assert loaded.format == "device file"
    assert loaded.model.urn == "urn:example:boiler:b20"
    model = json.loads(fetch("boiler_model.json"))
    assert isinstance(loaded.document, Mapping)
    assert loaded.document["model"] == model


def test_device_file_over_another_one_says_only_what_differs() -> None:
    below, above = fixture("boiler.json"), fixture("boiler_cellar.yaml")
    layouts: Any = json.loads(json.dumps(below.layouts))
    layouts["mqtt"]["attributes"]["burner"]["topic"] = "relay/1"
    layouts["coap"] = {"attributes": {"flow": "sensors/flow"}}
    assert above.layouts == layouts
    assert above.overlay == {
        "attributes": {"target": {"category": "config", "name": "Cellar target"}},
        "actions": {"sweep": {"name": "Chimney sweep mode"}},
    }
    assert above.model == below.model


def test_model_may_be_text_of_a_format_with_a_syntax_of_its_own() -> None:
    loaded = fixture("rain_gauge.yaml")
    assert [leaf.title for leaf in loaded.model.leaves.values()] == [
        "Rainfall",
        "Heating",
    ]
    assert "coap" in loaded.layouts


def test_binding_adds_to_what_the_model_s_own_format_says() -> None:
    loaded = fixture("desk_lamp.yaml")
    coap: Any = loaded.layouts["coap"]
    assert set(coap["attributes"]) == {"lit", "brightness", "colour"}
    assert coap["attributes"]["colour"]["path"] == "/colour"


def test_a_urn_is_handed_on_as_it_is() -> None:
    loaded = with_files(
        {"model": "urn:com:acme:thermo"}, **{"urn:com:acme:thermo": THERMO}
    )
    assert loaded.model.name == "Thermo"


MERGES: list[tuple[Any, Any, Any]] = [
    ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
    ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
    ({"a": {"x": 1}}, {"a": "p"}, {"a": "p"}),
    ({"a": "p"}, {"a": {"format": "cbor"}}, {"a": {"path": "p", "format": "cbor"}}),
    ({"a": "p"}, {"a": {"path": "q"}}, {"a": {"path": "q"}}),
    ({"a": {"x": 1}}, {"a": False}, {"a": False}),
    ({"a": False}, {"a": {"path": "q"}}, {"a": {"path": "q"}}),
    ({"a": [1]}, {"a": [2]}, {"a": [2]}),
    (None, {"a": 1}, {"a": 1}),
    ({"a": 1}, {}, {"a": 1}),
]


@pytest.mark.parametrize(("below", "above", "expected"), MERGES)
def test_what_is_said_overrules_key_by_key(
    below: Any, above: Any, expected: Any
) -> None:
    assert merged(below, above, "path") == expected


def test_a_text_means_what_it_means_to_its_connection() -> None:
    below: Any = {
        "model": THERMO,
        "binding": {"mqtt": {"state": "t"}, "coap": {"state": "p"}},
    }
    more = {"format": "cbor"}
    loaded = load_document(
        {
            "model": below,
            "binding": {"mqtt": {"state": more}, "coap": {"state": more}},
        },
        "x",
    )
    assert loaded.layouts == {
        "mqtt": {"state": {"topic": "t", **more}},
        "coap": {"state": {"path": "p", **more}},
    }


def test_policies_and_security_may_stand_beside_the_model() -> None:
    policy = {
        "id": "P",
        "pipelines": [
            {
                "attributeName": "temp",
                "pipeline": [{"id": "mean", "parameters": {"window": 5}}],
            }
        ],
    }
    odd = {"id": "Q", "pipelines": []}
    document: dict[str, Any] = {
        "model": {**THERMO, "policies": [{**policy, "id": "O"}]},
        "policies": [policy, odd],
        "security": [{"scheme": "apikey", "where": "header", "name": "X-Key"}],
    }
    loaded = load_document(document, "x")
    assert [one.id for one in loaded.model.policies] == ["O", "P"]
    assert [one.where for one in loaded.remarks] == ["policies[1].pipelines"]
    assert loaded.security == (Security("apikey", "header", "X-Key"),)


UNUSABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"model": 5}, "model", "expected a model, or the name of a file"),
    ({"model": " "}, "model", "expected a model, or the name of a file"),
    ({"model": []}, "model", "expected a model, or the name of a file"),
    ({"model": {"$schema": "x"}}, "model", "expected one of: "),
    ({"model": {"urn": 5}}, "model.urn", "expected a text"),
    ({"model": {"model": {"urn": 5}}}, "model.model.urn", "expected a text"),
    ({"model": [{"x": 1}]}, "model", "expected one of: "),
    ({"model": "missing"}, "model", "missing: (top): not here"),
    ({"model": "broken"}, "model", "broken: urn: expected a text"),
    ({"model": "itself"}, "model", "references that end"),
    ({"model": "deep"}, "model", "expected at most 32 levels"),
    ({"model": THERMO, "binding": {"coap": 5}, "overlay": 5}, "overlay", "an object"),
    ({"model": THERMO, "security": [{}]}, "security[0].scheme", "expected a text"),
    ({"model": THERMO, "security": [{}] * 21}, "security", "at most 20"),
    ({"model": THERMO, "policies": 5}, "policies", "expected an array"),
]


@pytest.mark.parametrize(("document", "where", "problem"), UNUSABLE)
def test_unusable_file_is_an_error_at_its_place_in_this_file(
    document: dict[str, Any], where: str, problem: str
) -> None:
    deep: Any = {}
    for _ in range(31):
        deep = {"x": deep}
    with pytest.raises(ModelError) as caught:
        with_files(
            document, broken={"urn": 5}, itself=document, deep={**THERMO, "more": deep}
        )
    details = caught.value.details
    assert (details["source"], details["where"]) == ("device.json", where)
    if "references" in problem:
        assert "expected references that end" in details["problem"]
    assert problem in details["problem"]
    assert len(str(caught.value)) < 300


def test_files_may_not_refer_to_each_other_for_ever() -> None:
    files = {f"f{number}": {"model": f"f{number + 1}"} for number in range(20)}
    with pytest.raises(ModelError, match="references that end"):
        with_files({"model": "f0"}, **files)
    last = MAX_REFERENCES - 1
    loaded = with_files({"model": "f0"}, **{**files, f"f{last}": THERMO})
    assert loaded.model.name == "Thermo"


def test_remarks_of_what_is_referred_to_have_their_place_in_the_document() -> None:
    other = attributes({"name": "a", "type": "URI"}, {"name": "b"})
    loaded = with_files({"model": "other"}, other=other)
    (remark,) = loaded.remarks
    assert remark.where == "model.attributes[1] 'b'.type"
    assert load_document(loaded.document, "again").remarks == loaded.remarks


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["model", "binding", "coap", "urn", "overlay", "policies"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(JSON, JSON, JSON, JSON)
def test_odd_frames_give_a_device_file_or_a_model_error(
    model: Any, binding: Any, overlay: Any, more: Any
) -> None:
    for inner in (model, THERMO):
        document = {
            "model": inner,
            "binding": binding,
            "overlay": overlay,
            "policies": more,
            "security": more,
        }
        told = ""
        try:
            loaded = load_document(document, "odd.json")
            again = load_document(loaded.document, "again")
        except ModelError as err:
            told = str(err)
        else:
            assert again.model == loaded.model
        assert len(told.encode()) < 300


@pytest.mark.parametrize(
    ("confirm", "wrong"), [({"level": "lvl"}, "lvl"), ({"lvl": "level"}, "lvl")]
)
def test_commands_are_confirmed_by_attributes_that_are_there(
    confirm: dict[str, str], wrong: str
) -> None:
    model = attributes({"name": "level", "type": "INTEGER", "writable": True})
    document = {"model": model, "commands": {"confirm": confirm}}
    with pytest.raises(ModelError, match=f"commands.confirm: {wrong}: expected an"):
        load_document(document, "test.json")
