"""Documents that a filter holds for: protocol sheet "flowthings" §4.3."""

from time import monotonic
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import FilterError, QueryError
from custom_components.device_models.iot.query.building import mem
from custom_components.device_models.iot.query.evaluating import Moment
from custom_components.device_models.iot.query.finding import Search, find

NOW: Final = 1_000_000
DOCUMENTS: Final[list[dict[str, Any]]] = [
    {"id": "a", "creationDate": 10, "elems": {"temp": 20, "room": "hall", "p.q": 1}},
    {"id": "b", "creationDate": 30, "elems": {"temp": 25, "room": "attic"}},
    {"id": "c", "creationDate": 20, "elems": {"room": "hall"}},
    {"id": "d", "elems": {"temp": True}},
]


def ids(**parameters: Any) -> list[Any]:
    search = Search.of(**parameters)
    return [found["id"] for found in find(DOCUMENTS, search, Moment(NOW))]


def test_newest_first_without_sort() -> None:
    assert ids() == ["b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"filter": "temp > 20"}, ["b"]),
        ({"filter": mem.elems.room == "hall"}, ["c", "a"]),
        ({"filter": "  "}, ["b", "c", "a", "d"]),
        ({"limit": 2}, ["b", "c"]),
        ({"limit": 0}, []),
        ({"start": 1, "limit": 2}, ["c", "a"]),
        ({"skip": 3}, ["d"]),
        ({"skip": 3, "start": 3}, ["d"]),
        ({"start": 9}, []),
        # What has no such member comes last; a truth before numbers
        ({"sort": "temp"}, ["d", "a", "b", "c"]),
        ({"sort": "elems.temp", "order": "desc"}, ["b", "a", "d", "c"]),
        ({"sort": "id", "order": "desc", "limit": 1}, ["d"]),
        ({"sort": "elems"}, ["a", "b", "c", "d"]),
    ],
)
def test_find(parameters: dict[str, Any], expected: list[str]) -> None:
    if parameters.get("sort") == "elems":
        assert set(ids(**parameters)) == set(expected)
    else:
        assert ids(**parameters) == expected


def test_documents_without_a_date_stay_in_their_order() -> None:
    found = find([{"n": 2}, {"n": 1}], Search.of(), Moment(NOW))
    assert [one["n"] for one in found] == [2, 1]


@pytest.mark.parametrize(
    "only", ["id, elems.temp,room , p.q,nothing", ["id", "temp", "elems.room", "p.q"]]
)
def test_only_some_members(only: Any) -> None:
    search = Search.of(only=only, sort="id", limit=1)
    assert find(DOCUMENTS, search, Moment(NOW)) == [
        {"id": "a", "elems": {"temp": 20, "room": "hall", "p.q": 1}}
    ]


def test_limit_is_20() -> None:
    found = find([{"id": n} for n in range(30)], Search.of(), Moment(NOW))
    assert len(found) == 20


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"limit": 1001}, "limit"),
        ({"limit": -1}, "limit"),
        ({"start": -1}, "start"),
        ({"start": 1, "skip": 2}, "skip"),
        ({"order": "up"}, "order"),
        ({"sort": "a..b"}, "sort"),
        ({"only": "a,b."}, "only"),
        ({"only": ["a"] * 101}, "only"),
    ],
)
def test_wrong_parameters(parameters: dict[str, Any], name: str) -> None:
    with pytest.raises(QueryError) as caught:
        Search.of(**parameters)
    assert caught.value.details["name"] == name


def test_wrong_filter() -> None:
    with pytest.raises(FilterError):
        Search.of(filter="temp >")


def test_time_is_bounded() -> None:
    with pytest.raises(QueryError, match="takes too long"):
        find(DOCUMENTS, Search.of(filter="temp > 1"), Moment(NOW, monotonic() - 1))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(-5, 5) | st.none(), max_size=12),
    st.integers(0, 6),
    st.integers(0, 6),
    st.booleans(),
)
def test_it_finds_what_a_plain_reference_does(
    values: list[int | None], start: int, limit: int, descending: bool
) -> None:
    documents = [{"n": n, "v": value} for n, value in enumerate(values)]
    order = "desc" if descending else "asc"
    search = Search.of(
        filter="n % 2 == 0", sort="v", order=order, start=start, limit=limit
    )
    kept = [one for one in documents if (one["n"] or 0) % 2 == 0]
    without = [one for one in kept if one["v"] is None]
    there = sorted(
        (one for one in kept if one["v"] is not None),
        key=lambda one: one["v"] or 0,
        reverse=descending,
    )
    expected = (there + without)[start : start + limit]
    assert find(documents, search, Moment(NOW)) == expected
