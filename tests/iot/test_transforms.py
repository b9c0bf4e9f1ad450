"""Values, what is shown of them, and back."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.transforms import Transform
from custom_components.device_models.iot.values import Scalar

LABELS = {"0": "off", "1": "on", "true": "open"}
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("steps", "value", "shown"),
    [
        ({}, 21.5, 21.5),
        ({}, "x", "x"),
        ({"scale": 0.1}, 215, 21.5),
        ({"scale": 0.1}, 3, 0.3),
        ({"scale": 100.0}, 0.29, 29),
        ({"scale": 1.8, "offset": 32.0}, 100, 212),
        ({"scale": 2.0}, 0, 0),
        ({"scale": 2.0}, True, True),
        ({"scale": 2.0}, "x", "x"),
        ({"invert": True}, True, False),
        ({"invert": True}, 1, 1),
        ({"labels": LABELS}, 0, "off"),
        ({"labels": LABELS}, 2, 2),
        ({"labels": LABELS}, True, "open"),
        ({"labels": LABELS}, "1", "on"),
        ({"mask": 0b1100}, 0b0110, 1),
        ({"mask": 0b1100, "labels": LABELS}, 0b0110, "on"),
        ({"mask": 0b1100, "scale": 10.0}, 0b1011, 20),
        ({"scale": 2.0}, NOW, NOW),
    ],
)
def test_shown(steps: dict[str, Any], value: Scalar, shown: Scalar) -> None:
    result = Transform(**steps).shown(value)
    assert result == shown
    assert type(result) is type(shown)


@pytest.mark.parametrize(
    ("steps", "shown", "now", "value"),
    [
        ({}, 21.5, None, 21.5),
        ({"scale": 0.1}, 21.5, None, 215),
        ({"scale": 1.8, "offset": 32.0}, 212, None, 100),
        ({"invert": True}, True, None, False),
        ({"labels": LABELS}, "on", None, "1"),
        ({"labels": LABELS}, "other", None, "other"),
        ({"mask": 0b1100}, 1, 0b1011, 0b0111),
        ({"mask": 0b1100, "labels": LABELS}, "off", 0b1111, 0b0011),
        ({"mask": 0b100}, True, 0, 0b100),
    ],
)
def test_meant(
    steps: dict[str, Any], shown: Scalar, now: Scalar | None, value: Scalar
) -> None:
    assert Transform(**steps).meant(shown, now) == value


@pytest.mark.parametrize(
    ("shown", "now", "problem"),
    [
        (1, None, "are not known"),
        (1, "x", "are not known"),
        (4, 0, "expected 0 to 3"),
        (-1, 0, "expected 0 to 3"),
        ("x", 0, "expected 0 to 3"),
    ],
)
def test_masked_value_that_does_not_fit(
    shown: Scalar, now: Scalar | None, problem: str
) -> None:
    with pytest.raises(ValueRefusedError, match=problem):
        Transform(mask=0b1100).meant(shown, now)


@given(
    st.integers(-(10**6), 10**6),
    st.sampled_from([0.001, 0.01, 0.1, 0.5, 2.0, 60.0, 1000.0, -1.0]),
    st.sampled_from([0.0, -273.15, 32.0, 1000.0]),
)
def test_what_is_shown_is_meant(value: int, scale: float, offset: float) -> None:
    transform = Transform(scale=scale, offset=offset)
    meant = transform.meant(transform.shown(value))
    assert isinstance(meant, int | float)
    assert meant == pytest.approx(value, abs=1e-6 / abs(scale))


@given(st.integers(0, 2**32), st.integers(1, 2**32))
def test_masked_bits_come_back_and_the_others_stay(value: int, mask: int) -> None:
    transform = Transform(mask=mask)
    assert transform.meant(transform.shown(value), value) == value
    assert transform.meant(0, value) == value & ~mask
