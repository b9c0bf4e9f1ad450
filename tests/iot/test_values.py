"""What the types accept: protocol sheet "Oracle IoT" §1.5, row by row."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.values import (
    MAX_INTEGER,
    MIN_INTEGER,
    DataType,
    Range,
    Scalar,
    same,
    to_milliseconds,
    validate,
)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
NOON_MS = 1714564800000

ACCEPTED: list[tuple[str, Any, Scalar]] = [
    ("INTEGER", 5, 5),
    ("INTEGER", -5, -5),
    ("INTEGER", 5.0, 5),
    ("INTEGER", MAX_INTEGER, MAX_INTEGER),
    ("INTEGER", MIN_INTEGER, MIN_INTEGER),
    ("NUMBER", 5, 5),
    ("NUMBER", 5.5, 5.5),
    ("NUMBER", 5.0, 5),
    ("NUMBER", -0.0, 0),
    ("NUMBER", 1e300, 1e300),
    ("NUMBER", 10**30, 1e30),
    ("NUMBER", MAX_INTEGER, MAX_INTEGER),
    ("STRING", "", ""),
    ("STRING", "grüß dich", "grüß dich"),
    ("STRING", "x" * 65535, "x" * 65535),
    ("BOOLEAN", True, True),
    ("BOOLEAN", False, False),
    ("DATETIME", NOON, NOON),
    ("DATETIME", NOON.replace(tzinfo=None), NOON),
    ("DATETIME", NOON.astimezone(timezone(timedelta(hours=2))), NOON),
    ("DATETIME", NOON_MS, NOON),
    ("DATETIME", NOON_MS + 0.5, NOON + timedelta(microseconds=500)),
    ("DATETIME", -1, datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ("URI", "https://example.com/a", "https://example.com/a"),
]

REFUSED: list[tuple[str, Any, str]] = [
    ("INTEGER", 1.5, "expected a whole number of at most 64 bits, got 1.5"),
    ("INTEGER", "5", "expected a whole number of at most 64 bits, got '5'"),
    ("INTEGER", True, "expected a whole number of at most 64 bits, got True"),
    ("INTEGER", MAX_INTEGER + 1, "at most 64 bits, got a huge number"),
    ("INTEGER", MIN_INTEGER - 1, "at most 64 bits"),
    ("INTEGER", 1e30, "at most 64 bits, got 1e+30"),
    ("INTEGER", float("inf"), "got inf"),
    ("INTEGER", float("nan"), "got nan"),
    ("INTEGER", None, "got None"),
    ("NUMBER", "5.5", "expected a finite number, got '5.5'"),
    ("NUMBER", False, "expected a finite number, got False"),
    ("NUMBER", float("nan"), "expected a finite number, got nan"),
    ("NUMBER", float("inf"), "expected a finite number, got inf"),
    ("NUMBER", float("-inf"), "expected a finite number, got -inf"),
    ("NUMBER", 10**400, "expected a finite number, got a huge number"),
    ("NUMBER", [1], "expected a finite number, got list"),
    ("STRING", 5, "expected a text below 64 KiB in UTF-8, got 5"),
    ("STRING", b"a", "got bytes"),
    ("STRING", "x" * 65536, "got 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'"),
    ("STRING", "ü" * 32768, "expected a text below 64 KiB"),
    ("STRING", "\ud800", r"got '\ud800'"),
    ("BOOLEAN", 0, "expected true or false, got 0"),
    ("BOOLEAN", 1, "expected true or false, got 1"),
    ("BOOLEAN", "true", "expected true or false, got 'true'"),
    ("DATETIME", "2024-05-01", "expected a time, or milliseconds since 1970"),
    ("DATETIME", True, "got True"),
    ("DATETIME", 10**20, "got a huge number"),
    ("DATETIME", 10**17, "got 100000000000000000"),
    ("DATETIME", float("nan"), "got nan"),
    ("DATETIME", float("inf"), "got inf"),
    (
        "DATETIME",
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-2))),
        "got 9999-12-31T23:59:59.999999-02:00",
    ),
    ("URI", 5, "expected a URI as text, got 5"),
    ("URI", {"a": 1}, "got dict"),
    ("OBJECT", {"a": 1}, "expected one of its members, got dict"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), ACCEPTED)
def test_type_accepts(kind: str, value: object, expected: Scalar) -> None:
    accepted = validate(DataType(kind), value, name="x")
    assert accepted == expected
    assert type(accepted) is type(expected)
    if isinstance(accepted, datetime):
        assert accepted.tzinfo is UTC


@pytest.mark.parametrize(("kind", "value", "problem"), REFUSED)
def test_type_refuses(kind: str, value: object, problem: str) -> None:
    with pytest.raises(ValueRefusedError) as caught:
        validate(DataType(kind), value, name="x")
    assert caught.value.details["name"] == "x"
    assert problem in caught.value.details["problem"]
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("kind", DataType)
def test_no_type_accepts_null(kind: DataType) -> None:
    with pytest.raises(ValueRefusedError):
        validate(kind, None, name="x")


@settings(deadline=None, max_examples=60)
@given(st.integers(-(10**13), 10**14))
def test_milliseconds_become_a_time_and_the_same_milliseconds(number: int) -> None:
    moment = validate(DataType.DATETIME, number, name="x")
    assert isinstance(moment, datetime)
    assert to_milliseconds(moment) == number


@pytest.mark.parametrize(
    ("number", "inside"), [(-20, True), (80, True), (-20.1, False), (80.1, False)]
)
def test_bounds_of_a_range_are_inclusive(number: float, inside: bool) -> None:
    assert (number in Range(-20, 80)) is inside


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (21.5, 21.5, True),
        (0.1, 0.10000000149011612, True),  # as 32 bits have it
        (0.1, 0.1001, False),
        (1000000, 1000001, False),  # whole numbers are not rounded on the wire
        (21, 21.0, True),
        (True, True, True),
        (True, False, False),
        (True, 1, False),
        (1, True, False),
        ("a", "a", True),
        ("a", "b", False),
        ("1", 1, False),
        (NOON, NOON + timedelta(microseconds=400), True),
        (NOON, NOON + timedelta(milliseconds=1), False),
        (NOON, "noon", False),
    ],
)
def test_same_allows_for_rounding_on_the_wire(
    one: Scalar, other: Scalar, expected: bool
) -> None:
    assert same(one, other) is expected


def test_numeric_types() -> None:
    assert {kind for kind in DataType if kind.is_numeric} == {
        DataType.INTEGER,
        DataType.NUMBER,
    }
