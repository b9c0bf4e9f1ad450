"""Text and octets."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.device_models.iot.codecs import (
    CODECS,
    Decoded,
    Document,
    decode,
)
from custom_components.device_models.iot.errors import PayloadError

TEXT = CODECS["text"]
OCTETS = CODECS["octets"]


def test_text_is_read_as_it_is() -> None:
    assert decode(TEXT, " 21 °C\n".encode()) == Decoded(" 21 °C\n", untyped=True)
    assert decode(TEXT, b"") == Decoded("", untyped=True)


@pytest.mark.parametrize("payload", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
def test_text_that_is_not_utf_8_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError, match="not usable text"):
        decode(TEXT, payload)


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        ("grün", "grün".encode()),
        ("", b""),
        (True, b"true"),
        (False, b"false"),
        (21, b"21"),
        (21.5, b"21.5"),
        (1e300, b"1e+300"),
        (datetime(2024, 5, 1, tzinfo=UTC), b"2024-05-01T00:00:00+00:00"),
    ],
)
def test_text_is_written(document: Document, payload: bytes) -> None:
    assert TEXT.encode(document) == payload


@pytest.mark.parametrize("document", [None, {}, [1], b"a", "\ud800"])
def test_what_text_cannot_hold_is_not_written(document: Any) -> None:
    with pytest.raises(PayloadError):
        TEXT.encode(document)


def test_octets_are_read_as_they_are() -> None:
    assert decode(OCTETS, b"\x00\xff") == Decoded(b"\x00\xff")


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (True, b"\x01"),
        (False, b"\x00"),
        (0, b"\x00"),
        (258, b"\x01\x02"),
        (2**64 - 1, b"\xff" * 8),
        ("00ff", b"\x00\xff"),
        ("", b""),
    ],
)
def test_octets_are_written(document: Document, payload: bytes) -> None:
    assert OCTETS.encode(document) == payload


@pytest.mark.parametrize(
    "document", [None, {}, -1, 1.5, "xy", "0", "AB", "ab cd", "\ud800"]
)
def test_what_octets_cannot_hold_is_not_written(document: Any) -> None:
    with pytest.raises(PayloadError):
        OCTETS.encode(document)
