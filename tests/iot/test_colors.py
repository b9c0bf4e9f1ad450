"""Colours, as devices spell them."""

import pytest

from custom_components.device_models.iot.colors import (
    Color,
    Spelling,
    packed,
    read_color,
    spelling_of,
    write_color,
)
from custom_components.device_models.iot.values import Scalar

ORANGE: Color = (255, 128, 0)


@pytest.mark.parametrize(
    ("value", "known", "expected"),
    [
        ("#ff8000", None, ORANGE),
        ("FF8000", None, ORANGE),
        ("rgb,255,128,0", None, ORANGE),
        (" rgb, 255, 128, 0 ", None, ORANGE),
        ("255,128,0", None, ORANGE),
        ("hsv,0,100,100", None, (255, 0, 0)),
        ("120,100,50", Spelling.HSV, (0, 128, 0)),
        (0xFF8000, None, ORANGE),
        (0x1000000, None, None),
        (-1, None, None),
        (True, None, None),
        (1.5, None, None),
        ("rgb,256,0,0", None, None),
        ("hsv,361,0,0", None, None),
        ("0,101,0", Spelling.HSV, None),
        ("#ff80", None, None),
        ("xyz,0.3,0.3", None, None),
        ("orange", None, None),
        ("1" * 1000, None, None),
    ],
)
def test_reading(value: Scalar, known: Spelling | None, expected: Color | None) -> None:
    assert read_color(value, known) == expected


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        (None, "#ff8000"),
        (Spelling.HASH, "#ff8000"),
        (Spelling.HEX, "ff8000"),
        (Spelling.RGB, "255,128,0"),
        (Spelling.NAMED_RGB, "rgb,255,128,0"),
        (Spelling.HSV, "30,100,100"),
        (Spelling.NAMED_HSV, "hsv,30,100,100"),
    ],
)
def test_writing(spelling: Spelling | None, text: str) -> None:
    assert write_color(ORANGE, spelling) == text
    assert spelling_of(text, spelling) is (spelling or Spelling.HASH)


def test_what_is_no_colour_has_the_spelling_that_is_known() -> None:
    for value in (None, 5, "orange"):
        assert spelling_of(value, Spelling.RGB) is Spelling.RGB
        assert spelling_of(value) is None


def test_packing() -> None:
    assert packed(ORANGE) == 0xFF8000
    assert read_color(packed(ORANGE)) == ORANGE
