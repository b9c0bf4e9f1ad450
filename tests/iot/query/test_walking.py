"""What is within expressions."""

from typing import Any

import pytest

from custom_components.device_models.iot.query.documents import Document
from custom_components.device_models.iot.query.language import parse
from custom_components.device_models.iot.query.terms import Date, Path, Reference
from custom_components.device_models.iot.query.walking import (
    paths_of,
    references_of,
    resolved,
    values_in,
)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.b == 1", ["a.b"]),
        ("a == b", ["a", "b"]),
        ("a % 2 == 0 || NOT b =~ /x/", ["a", "b"]),
        ("(a IN [1] && b CONTAINS [1]) || EXISTS c", ["a", "b", "c"]),
        ("a WITHIN 1 KM OF [1,1]", ["a"]),
        ("AGE > 1", ["creationDate"]),
        ("AGE('a.b') > 1", ["a.b"]),
        ("HAS boolean || MATCHES /x/", [None, None]),
    ],
)
def test_paths(text: str, paths: list[str | None]) -> None:
    found = [None if path is None else str(path) for path in paths_of(parse(text))]
    assert found == paths


def test_references_are_replaced_by_values() -> None:
    text = "(id IN $low.id || a == 1) && NOT b IN $x.y.z && c IN [1]"
    expression = parse(text)
    low, other = references_of(expression)
    assert low == Reference("low", Path(("id",)))
    assert str(other) == "$x.y.z"
    values: dict[Reference, tuple[Any, ...]] = {low: ("d1", "d2"), other: ()}
    complete = resolved(expression, values.__getitem__)
    assert complete == parse("(id IN ['d1','d2'] || a == 1) && NOT b IN [] && c IN [1]")
    assert list(references_of(complete)) == []


def test_values_of_results() -> None:
    documents: list[Document] = [
        {"id": "d1", "n": 1},
        {"elems": {"id": "d2"}, "n": True},
        {"id": "d1", "n": ["x", {"a": 1}, None, Date(5)]},
        {"n": {"a": 1}},
    ]
    assert values_in(documents, Path(("id",))) == ("d1", "d2")
    assert values_in(documents, Path(("n",))) == (1, True, "x", Date(5))
