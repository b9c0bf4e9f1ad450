"""The tables of objects and resources hold together, and with the codecs."""

import pytest

from custom_components.device_models.iot.codecs import BY_CONTENT_FORMAT
from custom_components.device_models.iot.formats.ipso.definition import (
    SENSOR_UNIT,
    TYPES,
    Resource,
    plain,
    shown,
)
from custom_components.device_models.iot.formats.ipso.objects import (
    OBJECTS,
    resource_of,
    semantic_types,
)
from custom_components.device_models.iot.formats.ipso.places import CONTENT_FORMATS
from custom_components.device_models.iot.formats.ipso.resources import RESOURCES
from custom_components.device_models.iot.reading import Unusable

EXPECTED = {
    3, 4, 5, 6, 3306, 3308,
    *range(3200, 3204), *range(3300, 3306), *range(3310, 3351),
}  # fmt: skip


def test_all_common_objects_are_there() -> None:
    assert set(OBJECTS) == EXPECTED


@pytest.mark.parametrize("number", OBJECTS)
def test_what_an_object_must_have_is_known(number: int) -> None:
    known = OBJECTS[number]
    for resource_id in known.mandatory:
        resource = resource_of(number, resource_id)
        assert resource is not None
        assert not resource.multiple
    if known.main is not None:
        assert known.title
        assert resource_of(number, known.main) is not None
    own_units = {resource.unit for resource in known.own.values()}
    assert SENSOR_UNIT not in own_units


ALL = [
    *RESOURCES.items(),
    *((number, one) for known in OBJECTS.values() for number, one in known.own.items()),
]


@pytest.mark.parametrize(("number", "resource"), ALL, ids=str)
def test_resources_are_well_formed(number: int, resource: Resource) -> None:
    assert resource.title == resource.title.strip() != ""
    assert resource.operations in {"R", "W", "RW", "E"}
    assert (resource.type == "") is (resource.operations == "E")
    if resource.type and not resource.multiple:
        assert resource.type in TYPES
    if resource.unit == SENSOR_UNIT:
        assert resource.type == "Float"
    if resource.labels:
        assert resource.type == "Integer"


def test_content_formats_are_those_of_the_codecs() -> None:
    codecs = {str(number): codec.name for number, codec in BY_CONTENT_FORMAT.items()}
    assert codecs == CONTENT_FORMATS


@pytest.mark.parametrize(
    ("object_id", "resource_id", "terms"),
    [
        (3303, 5700, ("ipso:3303",)),
        (3303, 5601, ("ipso:3303",)),  # the same quantity
        (3303, 5701, ("ipso:3303/5701",)),
        (3311, 5850, ("ipso:3311",)),
        (3305, 5805, ("ipso:3305/5805",)),
        (3, 9, ("ipso:3/9",)),
        (3, 5700, ()),  # the resources of core objects are their own
        (26241, 5805, ("ipso:26241/5805",)),
        (26241, 1, ()),
    ],
)
def test_meaning_is_named_by_object_and_resource(
    object_id: int, resource_id: int, terms: tuple[str, ...]
) -> None:
    assert semantic_types(object_id, resource_id) == terms


@pytest.mark.parametrize(
    ("title", "phrase", "number", "expected"),
    [
        ("Light", "", 1, "Light"),
        ("Light", "", 2, "Light 2"),
        ("Light", "On time", 1, "Light on time"),
        ("Light", "On time", 3, "Light 3 on time"),
        ("Acceleration", "X", 1, "Acceleration X"),
        ("Clock", "UTC offset", 1, "Clock UTC offset"),
        ("", "Active power", 2, "Active power 2"),
    ],
)
def test_titles(title: str, phrase: str, number: int, expected: str) -> None:
    assert shown(title, phrase, number) == expected


def test_texts_of_devices_become_one_short_line() -> None:
    assert plain(" a\n\tb\x07\u200bc ") == "a bc"
    assert plain("x" * 121) == "x" * 119 + "…"


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        (Resource("x", "", "String"), "expected operations R, W, RW, E"),
        (Resource("x", "R", ""), "expected one of the types String, Corelnk"),
        (Resource("x", "R", "Objlnk"), "expected one of the types String, Corelnk"),
        (Resource("x", "W", "Opaque"), "expected a value that a person can enter"),
        (Resource("x", "R", "String", multiple=True), "expected a single value"),
        (Resource("x", "E", multiple=True), "expected a single value"),
    ],
)
def test_resources_that_nothing_can_be_made_of(
    resource: Resource, problem: str
) -> None:
    with pytest.raises(Unusable) as raised:
        resource.checked()
    assert raised.value.problem.startswith(problem)
