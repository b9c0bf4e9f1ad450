"""Where values sit in documents."""

from typing import Any

import pytest

from custom_components.device_models.iot.codecs import (
    Decoded,
    Document,
    Slot,
    at_path,
    compose,
    extract,
    slots_of,
    split_pointer,
)
from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType

NIGHT = Attribute(
    name="night",
    type=DataType.OBJECT,
    members=(
        Attribute(name="enabled", type=DataType.BOOLEAN),
        Attribute(
            name="window",
            type=DataType.OBJECT,
            members=(Attribute(name="from", type=DataType.INTEGER),),
        ),
    ),
)


def slot(name: str, *path: str, kind: DataType = DataType.NUMBER) -> Slot:
    return Slot(Attribute(name=name, type=kind), path)


# RFC 6901 §5: the document and its pointers
EXAMPLE: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}

POINTERS: list[tuple[str, Any]] = [
    ("", EXAMPLE),
    ("/foo", ["bar", "baz"]),
    ("/foo/0", "bar"),
    ("/", 0),
    ("/a~1b", 1),
    ("/c%d", 2),
    ("/e^f", 3),
    ("/g|h", 4),
    ("/i\\j", 5),
    ('/k"l', 6),
    ("/ ", 7),
    ("/m~0n", 8),
    # What is not there
    ("/bar", None),
    ("/foo/2", None),
    ("/foo/-", None),
    ("/foo/-1", None),
    ("/foo/00", None),
    ("/foo/01", None),
    ("/foo/1.0", None),
    ("/foo/ 1", None),
    ("/foo/\u0661", None),
    ("/foo/9999999999", None),
    ("/foo/0/0", None),
    ("/foo/", None),
    ("/m~01n", None),
]


@pytest.mark.parametrize(("pointer", "expected"), POINTERS)
def test_pointer_leads_to_a_place(pointer: str, expected: Any) -> None:
    assert at_path(EXAMPLE, split_pointer(pointer)) == expected


@pytest.mark.parametrize("pointer", ["foo", " /foo", "#/foo", "/a~b", "/a~", "/~2"])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(ValueError, match="expected a JSON pointer such as /value, got"):
        split_pointer(pointer)


def test_escapes_are_read_once() -> None:
    assert split_pointer("/~01/~10") == ("~1", "/0")


@pytest.mark.parametrize(
    ("prefix", "paths"),
    [
        ((), [("enabled",), ("window", "from")]),
        (("night",), [("night", "enabled"), ("night", "window", "from")]),
    ],
)
def test_object_has_a_slot_for_each_member(
    prefix: tuple[str, ...], paths: list[tuple[str, ...]]
) -> None:
    slots = slots_of(NIGHT, prefix)
    assert [item.path for item in slots] == paths
    assert [item.element.name for item in slots] == [
        "night.enabled",
        "night.window.from",
    ]


def test_values_are_taken_from_their_places() -> None:
    slots = [slot("a", "x", "y"), slot("b", "list", "1"), slot("c"), slot("d", "none")]
    document: Any = {"x": {"y": 1}, "list": [2, 3], "none": None}
    assert extract(slots[:2], Decoded(document)) == {None: {"a": 1, "b": 3}}
    assert extract(slots[3:], Decoded(document)) == {}
    assert extract(slots[2:3], Decoded(5)) == {None: {"c": 5}}


def test_member_of_what_is_no_object_is_missing() -> None:
    documents: tuple[Document, ...] = (5, "x", [1], None, True)
    for document in documents:
        assert extract([slot("a", "x")], Decoded(document)) == {}


def test_values_are_put_in_their_places() -> None:
    slots = (*slots_of(NIGHT, ("night",)), slot("temp", "t"), slot("other", "o"))
    values = {"night.enabled": True, "night.window.from": 22, "temp": 21.5}
    assert compose(slots, values) == {
        "night": {"enabled": True, "window": {"from": 22}},
        "t": 21.5,
    }


def test_value_without_a_place_is_the_document() -> None:
    assert compose([slot("a"), slot("b")], {"a": 5}) == 5
    assert compose([slot("a", "x")], {}) == {}


@pytest.mark.parametrize(
    "slots",
    [
        [slot("a"), slot("b")],
        [slot("a"), slot("b", "x")],
        [slot("a", "x"), slot("b")],
        [slot("a", "x"), slot("b", "x")],
        [slot("a", "x"), slot("b", "x", "y")],
        [slot("a", "x", "y"), slot("b", "x")],
    ],
)
def test_two_values_do_not_share_a_place(slots: list[Slot]) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        compose(slots, {"a": 1, "b": 2})
    assert "no room at /" in caught.value.details["problem"]
