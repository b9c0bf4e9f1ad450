"""What devices say of themselves a second time."""

from typing import Any

import pytest

from custom_components.device_models.iot.difference import difference
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.formats.again import said_again

TD: dict[str, Any] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "title": "Lamp",
    "security": "nosec_sc",
    "securityDefinitions": {"nosec_sc": {"scheme": "nosec"}},
    "properties": {"on": {"type": "boolean", "forms": [{"href": "coap://h/on"}]}},
}
LISTING: dict[str, Any] = {
    "links": "</t>,</n>,</3303/0/5700>,</3303/0/5701>",
    "values": {"/t": 21.5, "/3303/0/5701": "Cel"},
}


def told(before: Any, now: Any) -> list[str] | None:
    """Return what is different the second time; None if that does not count."""
    again = said_again(before, load_document(now, "now"), "device")
    if again is None:
        return None
    first = load_document(before, "before")
    # What is kept is read again with the next start.
    assert load_document(again.document, "kept").model == again.model
    return difference(first.model, again.model).sentences()


@pytest.mark.parametrize(
    ("before", "now", "sentences"),
    [
        (TD, TD, []),
        (TD, {**TD, "title": "Other lamp"}, []),
        # Values alone say nothing; a unit is none.
        (LISTING, {**LISTING, "values": {"/t": "n/a", "/n": 7}}, []),
        (
            LISTING,
            {**LISTING, "values": {"/3303/0/5701": "[degF]"}},
            ["Changed: attribute 3303/0/5700: unit Cel → [degF]"],
        ),
        (
            LISTING,
            {"links": "</t>,</m>,</3303/0/5700>", "values": {"/m": {"a": 1}}},
            ["Added: attribute m.a", "Removed: attribute 3303/0/5701, attribute n"],
        ),
        ("</a>", {"links": "</a>,</b>"}, ["Added: attribute b"]),
        # What is not in a sample was not sent just then.
        ({"a": 1, "b": {"c": True}}, {"a": 1.5}, []),
        (
            {"a": 1, "b": {"c": True}},
            {"a": "x", "b": {"d": 2}},
            ["Added: attribute b.d"],
        ),
        (
            {"topics": {"x/y": '{"a": 1}', "x/z": "21.5"}, "base": "x"},
            {"topics": {"x/y": '{"b": 2}', "x/z": "?", "x/w": "on"}, "base": "x"},
            ["Added: attribute b, attribute w"],
        ),
        (
            [{"n": "a", "v": 1}],
            [{"n": "a", "v": 2}, {"n": "b", "vb": True}],
            ["Added: attribute b"],
        ),
        # A description of another kind counts if it is more certain.
        (TD, LISTING, None),
        ({"a": 1}, {"topics": {"x/a": "1"}, "base": "x"}, []),
        (
            {"links": "</on>", "values": {"/on": True}},
            TD,
            ["Changed: attribute on: now writable"],
        ),
    ],
)
def test_second_description(before: Any, now: Any, sentences: list[str] | None) -> None:
    assert told(before, now) == sentences


def test_known_types_stay_where_something_came() -> None:
    now = load_document({"a": "x", "c": 1}, "now")
    again = said_again({"a": 1}, now, "device")
    assert again is not None
    assert {one.name: one.type for one in again.model.attributes} == {
        "a": "INTEGER",
        "c": "INTEGER",
    }


def test_description_that_cannot_be_read_any_more_gives_way() -> None:
    now = load_document(TD, "now")
    assert said_again({"model": {}}, now, "device") is now
