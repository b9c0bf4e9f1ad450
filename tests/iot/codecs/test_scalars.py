"""Between what documents hold and what attributes take."""

from datetime import UTC, datetime
import math
from typing import Any

import pytest

from custom_components.device_models.iot.codecs import from_scalar, to_json, to_scalar
from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType, Scalar

MOMENT = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
MILLISECONDS = 1714566600000


def read(kind: str, raw: Any, *, untyped: bool = False) -> Scalar | None:
    """Return what an attribute takes of a decoded value; None if it refuses it."""
    element = Attribute(name="a", type=DataType(kind))
    try:
        return element.validate(to_scalar(element, raw, untyped=untyped))
    except ValueRefusedError:
        return None


TYPED: list[tuple[str, Any, Any]] = [
    ("DATETIME", "2024-05-01T12:30:00Z", MOMENT),
    ("DATETIME", "2024-05-01T14:30:00+02:00", MOMENT),
    ("DATETIME", "2024-05-01 12:30", MOMENT),
    ("DATETIME", " 20240501T123000Z ", MOMENT),
    ("DATETIME", MILLISECONDS, MOMENT),
    ("DATETIME", MOMENT, MOMENT),
    ("DATETIME", str(MILLISECONDS), None),
    ("DATETIME", "1711110112345", None),  # a year, a month, a day and a time?
    ("DATETIME", "noon", None),
    ("DATETIME", "", None),
    ("DATETIME", MILLISECONDS.to_bytes(6), MOMENT),
    ("INTEGER", "5", None),
    ("BOOLEAN", "true", None),
    ("STRING", "5", "5"),
    ("INTEGER", b"\x01\x02", 258),
    ("NUMBER", b"\xff" * 8, 2**64 - 1),
    ("NUMBER", b"\x01" * 9, None),
    ("INTEGER", b"", None),
    ("BOOLEAN", b"\x00\x01", True),
    ("BOOLEAN", b"\x00", False),
    ("BOOLEAN", b"", None),
    ("STRING", b"\x00\xff", "00ff"),
    ("STRING", b"", ""),
    ("URI", b"a:b", None),
    ("STRING", {"a": 1}, None),
    ("NUMBER", [1], None),
]


@pytest.mark.parametrize(("kind", "raw", "expected"), TYPED)
def test_typed_value(kind: str, raw: Any, expected: Any) -> None:
    assert read(kind, raw) == expected


TEXTS: list[tuple[str, str, Any]] = [
    ("INTEGER", "5", 5),
    ("INTEGER", " -5\n", -5),
    ("INTEGER", "+5", 5),
    ("INTEGER", "5.0", 5),
    ("INTEGER", "1e3", 1000),
    ("INTEGER", "5.5", None),
    ("INTEGER", "", None),
    ("INTEGER", "1_000", None),
    ("INTEGER", "0x10", None),
    ("INTEGER", "\u0661\u0662", None),
    ("INTEGER", "9" * 41, None),
    ("INTEGER", "true", None),
    ("NUMBER", "21.5", 21.5),
    ("NUMBER", "-1.5e-3", -0.0015),
    ("NUMBER", "1e+300", 1e300),
    ("NUMBER", "nan", None),
    ("NUMBER", "inf", None),
    ("NUMBER", "-Infinity", None),
    ("NUMBER", "21.5 °C", None),
    ("NUMBER", "21,5", None),
    ("BOOLEAN", "true", True),
    ("BOOLEAN", "OFF", False),
    ("BOOLEAN", " On\n", True),
    ("BOOLEAN", "1", True),
    ("BOOLEAN", "0", False),
    ("BOOLEAN", "yes", True),
    ("BOOLEAN", "no", False),
    ("BOOLEAN", "maybe", None),
    ("BOOLEAN", "", None),
    ("BOOLEAN", "2", None),
    ("STRING", " as it is\n", " as it is\n"),
    ("STRING", "", ""),
    ("URI", "https://example.com", "https://example.com"),
    ("DATETIME", str(MILLISECONDS), MOMENT),
    ("DATETIME", " 2024-05-01T12:30:00Z\n", MOMENT),
    ("DATETIME", "noon", None),
    ("DATETIME", "", None),
    ("OBJECT", "{}", None),
]


@pytest.mark.parametrize(("kind", "raw", "expected"), TEXTS)
def test_plain_text_is_read_by_the_type(kind: str, raw: str, expected: Any) -> None:
    value = read(kind, raw, untyped=True)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (21, 21),
        (21.5, 21.5),
        (True, True),
        ("on", "on"),
        (MOMENT, MILLISECONDS),
        (MOMENT.replace(microsecond=600), MILLISECONDS + 1),
    ],
)
def test_times_are_sent_as_milliseconds(value: Scalar, sent: Any) -> None:
    assert from_scalar(value) == sent
    assert type(from_scalar(value)) is type(sent)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"a": [MOMENT, b"\xff", None, True, 1.5]},
            {"a": ["2024-05-01T12:30:00+00:00", "/w==", None, True, 1.5]},
        ),
        (math.nan, None),
        (-math.inf, None),
        (2**64, None),
        (2**64 - 1, 2**64 - 1),
        ({"\ud800": "\udfff"}, {"?": "?"}),
    ],
)
def test_nothing_is_left_that_json_lacks(document: Any, expected: Any) -> None:
    assert to_json(document) == expected
