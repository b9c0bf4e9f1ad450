"""What Oracle-style models say beyond Oracle's own keys; drafts; whole files."""

from dataclasses import replace
import math
from pathlib import Path
from typing import Any, Final

import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.oracle.writing import write_model
from custom_components.device_models.iot.model import Field, FormatType, Group
from custom_components.device_models.iot.values import DataType, Range

from ..samples import attributes, model_of

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "oracle"
FILES: Final = sorted(FIXTURES.iterdir())


def fixture(name: str) -> Loaded:
    """Return a model of the folder."""
    return load((FIXTURES / f"{name}.json").read_bytes(), name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_model_is_read_whole_and_written_as_it_was(path: Path) -> None:
    loaded = load(path.read_bytes(), path.name)
    assert loaded.format == "Oracle device model"
    assert [str(remark) for remark in loaded.remarks if remark.where != "draft"] == []
    assert write_model(loaded.model) == loaded.document
    assert load_document(loaded.document, "again").model == loaded.model


def test_first_generation_with_a_range_and_a_default_of_its_argument() -> None:
    model = fixture("rooftop_unit").model
    (boost,) = model.action("purge").arguments
    assert (boost.name, boost.type) == ("value", DataType.INTEGER)
    assert (boost.range, boost.default) == (Range(1, 60), 10)
    assert model.action("reset").arguments == ()
    assert [shape.type for shape in model.formats] == [
        FormatType.DATA,
        FormatType.ALERT,
    ]


def test_second_generation_with_several_arguments_and_one_without_a_name() -> None:
    model = fixture("forklift").model
    restrict = model.action("restrict")
    assert [(one.name, one.default is None) for one in restrict.arguments] == [
        ("zone", True),
        ("until", False),
        ("speed", False),
    ]
    assert [one.name for one in model.action("message").arguments] == ["value"]


def test_draft_without_elements_is_a_model_with_a_remark() -> None:
    loaded = fixture("unfinished_gateway")
    assert loaded.model.draft
    assert loaded.model.attributes == ()
    (remark,) = loaded.remarks
    assert remark.where == "draft"
    assert "expected at least one usable attribute" in remark.message
    bare = {key: loaded.model.source[key] for key in ("urn", "name", "draft")}
    assert load_document(bare, "bare").model == loaded.model


def test_what_is_no_draft_needs_elements() -> None:
    with pytest.raises(ModelError, match="at least one usable"):
        load_document({"urn": "u", "name": "U", "draft": False}, "empty.json")


def test_what_other_formats_know_is_read() -> None:
    loaded = fixture("air_purifier")
    model = loaded.model
    assert (model.version, model.manufacturer) == ("3.1.0", "Lufthansen")
    mode, dust, *_ = model.attributes
    assert mode.titles == {"de": "Betriebsart", "en": "Mode"}
    assert mode.labels["3"] == "turbo"
    assert dust.semantic_types == ("pm25", "saref:Property")
    assert dust.range == Range(0, math.inf)
    test, measure = model.actions
    assert test.titles == {"de": "Selbsttest"}
    assert test.idempotent
    assert not measure.idempotent
    assert test.results == (
        Field(name="passed", type=DataType.BOOLEAN),
        Field(name="report", type=DataType.URI, optional=True),
    )
    assert [one.name for one in measure.results] == ["value"]
    assert model.formats[0].titles == {"de": "Filter verbraucht"}


BOUNDS: list[tuple[dict[str, Any], Range | None]] = [
    ({"minimum": 1}, Range(1, math.inf)),
    ({"maximum": 2.5}, Range(-math.inf, 2.5)),
    ({"minimum": 1, "maximum": 2}, Range(1, 2)),
    ({"minimum": 1, "range": "3,4"}, Range(3, 4)),
    ({"minimum": None}, None),
]


@pytest.mark.parametrize(("said", "expected"), BOUNDS)
def test_minimum_and_maximum_are_bounds_that_may_stand_alone(
    said: dict[str, Any], expected: Range | None
) -> None:
    model = model_of(attributes({"name": "a", "type": "NUMBER", **said}))
    assert model.attribute("a").range == expected


def test_labels_of_the_only_argument_are_its_own() -> None:
    action = {"name": "go", "argType": "INTEGER", "enum": [1], "labels": {"1": "x"}}
    model = model_of(attributes({"name": "a", "type": "URI"}, actions=[action]))
    assert model.action("go").arguments[0].labels == {"1": "x"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"titles": "Name"}, "titles: expected an object"),
    ({"titles": {"de": 5}}, "titles.de: expected a text"),
    ({"labels": {str(n): "x" for n in range(501)}}, "labels: expected at most 500"),
    ({"semanticType": 5}, "semanticType: expected a text"),
    ({"semanticType": ["a", ""]}, "semanticType: expected texts that are not empty"),
    ({"semanticType": ["a"] * 501}, "semanticType: expected at most 500"),
    ({"minimum": "0"}, "minimum: expected a number"),
    ({"minimum": True}, "minimum: expected a number"),
    ({"minimum": 2, "maximum": 1}, "maximum: expected at least the minimum"),
]


@pytest.mark.parametrize(("said", "problem"), REFUSED)
def test_what_cannot_be_understood_leaves_the_element_out(
    said: dict[str, Any], problem: str
) -> None:
    document = attributes(
        {"name": "good", "type": "URI"}, {"name": "bad", "type": "NUMBER", **said}
    )
    loaded = load_document(document, "x")
    assert list(loaded.model.leaves) == ["good"]
    (remark,) = loaded.remarks
    assert str(remark).startswith(f"attributes[1] 'bad'.{problem}")


def test_a_bad_result_is_left_out_alone() -> None:
    results = [{"type": "COLOR"}, {"name": "ok", "type": "BOOLEAN"}]
    action = {"name": "go", "results": results}
    loaded = load_document(attributes(actions=[action]), "x")
    assert [one.name for one in loaded.model.actions[0].results] == ["ok"]
    assert loaded.remarks[0].where == "actions[0] 'go'.results[0].type"


def test_what_the_device_and_its_groups_are() -> None:
    document: dict[str, Any] = {
        "urn": "u",
        "name": "U",
        "semanticType": ["Light", "x:Lamp"],
        "groups": {"a": {"title": "A", "semanticType": "light"}, "b": {"title": "B"}},
        "attributes": [{"name": "a/on", "type": "BOOLEAN"}],
    }
    model = load_document(document, "u").model
    assert model.semantic_types == ("Light", "x:Lamp")
    assert model.groups == {
        "a": Group(title="A", semantic_types=("light",)),
        "b": Group(title="B"),
    }
    assert write_model(replace(model, source={})) == document
    mistakes: list[dict[str, Any]] = [
        {"groups": []},
        {"groups": {"a": 1}},
        {"groups": {"a": {"title": 1}}},
        {"groups": {str(i): {} for i in range(2001)}},
        {"semanticType": 5},
    ]
    for wrong in mistakes:
        with pytest.raises(ModelError):
            load_document({**document, **wrong}, "u")
