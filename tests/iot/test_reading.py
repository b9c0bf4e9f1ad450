"""Reading documents with care."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.device_models.iot.reading import (
    Element,
    Remark,
    Remarks,
    Unusable,
)


def test_null_is_as_good_as_absent() -> None:
    keys = ("text", "flag", "array", "object")
    element = Element(dict.fromkeys(keys), "")
    assert element.text("text") == ""
    assert element.flag("flag", default=True) is True
    assert element.array("array") == []
    assert element.object("object").content == {}


def test_values_are_returned_as_they_are() -> None:
    content: dict[str, Any] = {
        "text": " a ",
        "flag": False,
        "array": [1],
        "object": {"b": 2},
    }
    element = Element(content, "top")
    assert element.text("text") == " a "
    assert element.required_text("text") == "a"
    assert element.flag("flag", default=True) is False
    assert element.array("array") == [1]
    assert element.object("object") == Element({"b": 2}, "top.object")


REFUSED: list[tuple[Callable[[Element], Any], str]] = [
    (lambda element: element.text("number"), "top.number: expected a text"),
    (lambda element: element.required_text("none"), "top.none: expected a text"),
    (lambda element: element.required_text("space"), "top.space: expected a text"),
    (
        lambda element: element.flag("number", default=True),
        "top.number: expected true or false",
    ),
    (lambda element: element.array("number"), "top.number: expected an array"),
    (lambda element: element.object("number"), "top.number: expected an object"),
    (
        lambda element: list(element.items("list", limit=1)),
        "top.list: expected at most 1 elements",
    ),
    (lambda element: element.refuse("no good"), "top: no good"),
]


@pytest.mark.parametrize(("read", "complaint"), REFUSED)
def test_complaint_names_its_place(
    read: Callable[[Element], Any], complaint: str
) -> None:
    element = Element({"number": 5, "space": "  ", "list": [1, 2]}, "top")
    with pytest.raises(Unusable) as caught:
        read(element)
    assert str(caught.value) == complaint


def test_items_are_placed_by_number_and_name() -> None:
    element = Element({"list": [{"name": "a"}, {"name": 5}, "x"]}, "")
    places = [where for where, _value in element.items("list", limit=3)]
    assert places == ["list[0] 'a'", "list[1]", "list[2]"]


def test_what_is_no_object_is_refused_at_its_place() -> None:
    with pytest.raises(Unusable, match=r"^list\[2\]: expected an object$"):
        Element.of("x", "list[2]")


def test_remarks_keep_their_order() -> None:
    remarks = Remarks()
    remarks.add("a", "first")
    remarks.add("b", "second")
    assert remarks.all == [Remark("a", "first"), Remark("b", "second")]
    assert str(remarks.all[0]) == "a: first"
