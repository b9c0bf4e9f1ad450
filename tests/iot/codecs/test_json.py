"""JSON, RFC 8259."""

from datetime import UTC, datetime
import math
from typing import Any

import pytest

from custom_components.device_models.iot.codecs import (
    CODECS,
    MAX_DEPTH,
    MAX_NODES,
    MAX_PAYLOAD_BYTES,
    Decoded,
    Document,
    decode,
)
from custom_components.device_models.iot.errors import PayloadError

JSON = CODECS["json"]

READ: list[tuple[bytes, Document]] = [
    (b"{}", {}),
    (b"21.5", 21.5),
    (b" 21 ", 21),
    (b'"on"', "on"),
    (b"null", None),
    (b"true", True),
    (b'{"a": [1, {"b": "\xc3\xbc"}]}', {"a": [1, {"b": "ü"}]}),
    (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),  # §8.1: a reader may ignore the mark
    (b'{"a": 1, "a": 2}', {"a": 2}),  # §4: which one counts is not said
    (b"1e400", math.inf),
    (b'"\\ud83d\\ude00"', "😀"),
    (b'"\\ud800"', "\ud800"),  # §8.2: unpredictable; no attribute takes it
    (b"123456789012345678901234567890", 123456789012345678901234567890),
]


@pytest.mark.parametrize(("payload", "document"), READ)
def test_json_is_read(payload: bytes, document: Document) -> None:
    assert decode(JSON, payload) == Decoded(document)


def test_not_a_number_of_one_sensor_leaves_the_others() -> None:
    document: Any = decode(JSON, b'{"a": NaN, "b": -Infinity, "c": 1}').document
    assert math.isnan(document["a"])
    assert document["b"] == -math.inf
    assert document["c"] == 1


REFUSED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "Expecting value"),
    ("space", b"  ", "Expecting value"),
    ("truncated", b'{"a": 2', "Expecting ',' delimiter"),
    ("two values", b"1 2", "Extra data"),
    ("a foreign format", b'<?xml version="1.0"?>', "Expecting value"),
    ("not UTF-8", b'"\xff"', "can't decode byte 0xff"),
    ("an encoded surrogate", b'"\xed\xa0\x80"', "can't decode byte 0xed"),
    ("UTF-16", '{"a": 1}'.encode("utf-16-le"), "Expecting"),
    ("UTF-32", '{"a": 1}'.encode("utf-32"), "can't decode"),
    ("a trailing zero byte", b"1\0", "Extra data"),
    ("single quotes", b"{'a': 1}", "Expecting property name"),
    ("nan in small letters", b"nan", "Expecting value"),
    ("a control character", b'"\x01"', "Invalid control character"),
    ("5000 digits", b"1" * 5000, "Exceeds the limit"),
    ("200000 levels", b"[" * 200_000, "nested too deep"),
    (
        "one level too many",
        b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
        "nested deeper than 16",
    ),
    (
        "one value too many",
        b"[" + b"1," * (MAX_NODES - 1) + b"1]",
        "more than 20000 values",
    ),
    ("many empty arrays", b"[" + b"[]," * 80_000 + b"[]]", "more than 20000 values"),
    (
        "one byte too many",
        b" " * (MAX_PAYLOAD_BYTES + 1),
        "262145 bytes; at most 262144 are read",
    ),
]


@pytest.mark.parametrize(
    ("payload", "problem"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_other_payloads_are_refused(payload: bytes, problem: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(JSON, payload)
    assert caught.value.details["media"] == "JSON"
    assert problem in caught.value.details["problem"]
    assert len(str(caught.value)) < 300


def test_what_is_just_within_the_bounds_is_read() -> None:
    assert decode(JSON, b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    assert decode(JSON, b"[" + b"1," * (MAX_NODES - 2) + b"1]")
    assert decode(JSON, b" " * (MAX_PAYLOAD_BYTES - 1) + b"1")


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        ({"a": 1, "ü": [True, None]}, '{"a":1,"ü":[true,null]}'.encode()),
        (datetime(2024, 5, 1, tzinfo=UTC), b'"2024-05-01T00:00:00+00:00"'),
        (b"\xff\x00", b'"/wA="'),
    ],
)
def test_json_is_written(document: Document, payload: bytes) -> None:
    assert JSON.encode(document) == payload


@pytest.mark.parametrize(
    "document", [math.nan, [math.inf], "\ud800", {"\udfff": 1}, {"a": object()}, {1}]
)
def test_what_json_cannot_hold_is_not_written(document: Any) -> None:
    with pytest.raises(PayloadError):
        JSON.encode(document)
