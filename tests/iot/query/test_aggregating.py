"""Documents counted together: protocol sheet "flowthings" §6."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta, timezone
import math
from time import monotonic
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import (
    FilterError,
    NotOfferedError,
    QueryError,
)
from custom_components.device_models.iot.query.aggregating import Aggregate, aggregate
from custom_components.device_models.iot.query.building import mem
from custom_components.device_models.iot.query.evaluating import Moment

AT: Final = datetime(2024, 2, 29, 13, 45, 59, tzinfo=UTC)
MOMENT: Final = Moment(AT.timestamp() * 1000)


def document(hours: int, **elems: Any) -> dict[str, Any]:
    at = AT - timedelta(hours=hours)
    return {"creationDate": at.timestamp() * 1000, "since": at, "elems": elems}


DOCUMENTS: Final = [
    document(0, temp=20, room="hall", on=True),
    document(1, temp=30.5, room="attic", on=False),
    document(1, temp=10, room="hall", on=True, tags=["x"]),
    document(2, room="hall", tags=["x"]),
    document(3, temp="broken", room=None),
]


def rows(*output: str, **parameters: Any) -> list[dict[str, Any]]:
    return aggregate(DOCUMENTS, Aggregate.of(output, **parameters), MOMENT)


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        ("$avg:temp", pytest.approx(20.1666667)),
        ("$avg:elems.temp", pytest.approx(20.1666667)),
        ("$min:temp", 10),
        ("$max:temp", 30.5),
        ("$sum:temp", 60.5),
        ("$sum:nothing", 0),
        ("$count", 5),
        ("$stddev:temp", pytest.approx(8.3699197)),
        ("$unique:room", ["hall", "attic"]),
        ("$unique:tags", [["x"]]),
        ("$all:room", ["hall", "attic", "hall", "hall"]),
        ("$avg:on", pytest.approx(2 / 3)),
        ("$max:on", 1),
        ("$avg:room", None),
        ("$min:nothing", None),
        ("$max:nothing", None),
        ("$stddev:nothing", None),
    ],
)
def test_selector(selector: str, value: Any) -> None:
    """Without groups there is one row; it has the text of the selector as its key."""
    (row,) = rows(selector)
    assert row == {selector: value}


def test_example_of_the_sheet() -> None:
    """The share of documents for which a rule holds is the average of the rule."""
    assert rows(
        "$avg:temp",
        "$avg:warm",
        "$count",
        group_by=["$hour:creationDate"],
        filter="EXISTS temp && temp < 100",
        rules={"warm": "temp > 25"},
        sorts=["$avg:temp:desc"],
    ) == [
        {"$hour:creationDate": 12, "$avg:temp": 20.25, "$avg:warm": 0.5, "$count": 2},
        {"$hour:creationDate": 13, "$avg:temp": 20, "$avg:warm": 0, "$count": 1},
    ]


@pytest.mark.parametrize(
    ("group", "first"),
    [
        ("$year", 2024),
        ("$month", 2),
        ("$day", 29),
        ("$hour", 13),
        ("$minute", 45),
        ("$second", 59),
        ("$hour:since", 13),
        ("$hour:nothing", None),
        ("$hour:room", None),
        ("room", "hall"),
        ("elems.room", "hall"),
        ("tags", None),
        ("hot", 0),
    ],
)
def test_group_by(group: str, first: Any) -> None:
    got = rows("$count", group_by=[group], rules={"hot": "temp > 25"})
    assert got[0][group] == first
    assert sum(row["$count"] for row in got) == len(DOCUMENTS)


def test_hours_are_those_of_the_zone() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    assert [row["$hour"] for row in rows("$count", group_by=["$hour"], zone=zone)] == [
        19, 18, 17, 16,
    ]  # fmt: skip


def test_moment_that_is_no_date() -> None:
    wanted = Aggregate.of(["$count"], group_by=["$year"])
    assert aggregate([{"creationDate": 1e300}], wanted, MOMENT) == [
        {"$year": None, "$count": 1}
    ]


def test_groups_of_several_keys_and_of_missing_ones() -> None:
    got = rows("$count", group_by=["room", "on"], sorts=["room", "$count:desc"])
    assert got == [
        {"room": "attic", "on": False, "$count": 1},
        {"room": "hall", "on": True, "$count": 2},
        {"room": "hall", "on": None, "$count": 1},
        {"room": None, "on": None, "$count": 1},
    ]


def test_true_is_no_1_in_groups() -> None:
    wanted = Aggregate.of(["$count"], group_by=["a"])
    assert len(aggregate([{"a": 1}, {"a": True}, {"a": 1}], wanted, MOMENT)) == 2


def test_rows_without_a_value_come_last_whichever_the_order() -> None:
    for order in ("asc", "desc"):
        got = rows("$avg:temp", group_by=["room"], sorts=[f"$avg:temp:{order}"])
        assert got[-1]["$avg:temp"] is None


def test_no_documents() -> None:
    assert aggregate([], Aggregate.of(["$count", "$avg:a"]), MOMENT) == [
        {"$count": 0, "$avg:a": None}
    ]
    assert aggregate([], Aggregate.of(["$count"], group_by=["a"]), MOMENT) == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"output": []}, "output"),
        ({"output": ["temp"]}, "output"),
        ({"output": ["$avg"]}, "output"),
        ({"output": ["$avg:"]}, "output"),
        ({"output": ["$count:temp"]}, "output"),
        ({"output": ["$median:temp"]}, "output"),
        ({"output": ["$count"] * 51}, "output"),
        ({"group_by": ["$week"]}, "groupBy"),
        ({"group_by": ["distance:x"]}, "groupBy"),
        ({"group_by": [""]}, "groupBy"),
        ({"rules": {"warm": " "}}, "rules.warm"),
        ({"sorts": ["temp"]}, "sorts"),
        ({"sorts": ["$avg:temp:up", "$up"]}, "sorts"),
    ],
)
def test_wrong_parameters(parameters: dict[str, Any], name: str) -> None:
    with pytest.raises(QueryError) as caught:
        Aggregate.of(**{"output": ["$count"], **parameters})
    assert caught.value.details["name"] == name


def test_wrong_filters() -> None:
    for parameters in ({"filter": "a >"}, {"rules": {"x": "a >"}}):
        with pytest.raises(FilterError):
            Aggregate.of(["$count"], **parameters)
    zip_code = {"x": "place WITHIN 5 KM OF [ZIP=10001]"}
    with pytest.raises(NotOfferedError):
        rows("$avg:x", rules=zip_code)


def test_filters_of_python() -> None:
    assert rows(
        "$sum:warm", filter=mem.temp > 0, rules={"warm": mem.elems.temp > 25}
    ) == [{"$sum:warm": 1}]


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "custom_components.device_models.iot.query.aggregating"
    many = [{"n": n} for n in range(6)]
    monkeypatch.setattr(f"{module}.MAX_ROWS", 5)
    monkeypatch.setattr(f"{module}.MAX_LISTED", 5)
    with pytest.raises(QueryError, match="more than 5 groups"):
        aggregate(many, Aggregate.of(["$count"], group_by=["n"]), MOMENT)
    for selector in ("$all:n", "$unique:n"):
        with pytest.raises(QueryError, match="would be more than 5 values"):
            aggregate(many, Aggregate.of([selector]), MOMENT)
    late = Moment(0, monotonic() - 1)
    with pytest.raises(QueryError, match="takes too long"):
        aggregate(many, Aggregate.of(["$count"]), late)


def test_numbers_beyond_all_bounds() -> None:
    many = [{"n": 1e308}, {"n": 1e308}]
    (row,) = aggregate(many, Aggregate.of(["$sum:n", "$avg:n", "$max:n"]), MOMENT)
    assert row == {"$sum:n": None, "$avg:n": None, "$max:n": 1e308}


values = st.integers(-100, 100) | st.floats(-100, 100) | st.booleans() | st.none()
records = st.lists(
    st.fixed_dictionaries(
        {"v": values, "g": st.sampled_from(["x", "y", None, 1, True])}
    ),
    max_size=20,
)


@settings(max_examples=300, deadline=None)
@given(records)
def test_it_counts_as_a_plain_reference_does(records: list[dict[str, Any]]) -> None:
    names = ["sum", "avg", "min", "max", "stddev"]
    output = ["$count", "$sum:high", *(f"${name}:v" for name in names)]
    wanted = Aggregate.of(output, group_by=["g"], rules={"high": "v > 10"})
    groups: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        groups[repr(record["g"])].append(record["v"])
    got = {repr(row["g"]): row for row in aggregate(records, wanted, MOMENT)}
    assert got.keys() == groups.keys()
    for key, listed in groups.items():
        row = got[key]
        numbers = [float(value) for value in listed if value is not None]
        assert row["$count"] == len(listed)
        assert row["$sum:high"] == sum(
            value > 10
            for value in listed
            if value is not None and not isinstance(value, bool)
        )
        assert row["$sum:v"] == pytest.approx(sum(numbers), abs=1e-9)
        if not numbers:
            assert [row[f"${name}:v"] for name in names[1:]] == [None] * 4
            continue
        mean = sum(numbers) / len(numbers)
        spread = math.sqrt(sum((one - mean) ** 2 for one in numbers) / len(numbers))
        assert row["$avg:v"] == pytest.approx(mean, abs=1e-9)
        assert (row["$min:v"], row["$max:v"]) == (min(numbers), max(numbers))
        assert row["$stddev:v"] == pytest.approx(spread, abs=1e-6)
