"""Figures of windows: protocol sheet "Oracle IoT" §1.8, and a plain reference."""

from collections.abc import Callable
import math
import statistics
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.policies.windows import (
    FIGURES,
    MAX_BUCKETS,
    Window,
)

from .acting import HandClock, Workbench, function, pipeline

type Figure = Callable[[list[float]], float]

REFERENCES: Final[dict[str, Figure]] = {
    "min": min,
    "max": max,
    "mean": statistics.fmean,
    "standardDeviation": statistics.pstdev,
}


def window(name: str, **parameters: Any) -> Workbench:
    """Return a workbench with one function over a window."""
    return Workbench(pipeline(function(name, **parameters)))


@pytest.mark.parametrize(
    ("name", "figure"),
    [("min", 1), ("max", 6), ("mean", 3), ("standardDeviation", math.sqrt(14 / 3))],
)
def test_figure_comes_out_when_the_window_ends(name: str, figure: float) -> None:
    work = window(name, window=60_000)
    assert work.all("temp", 2, 6, 1, every=10) == []
    work.clock.advance(29)
    assert work.figures() == []
    work.clock.advance(1)
    assert work.figures() == [(60, pytest.approx(figure))]


@pytest.mark.parametrize("slide", [0, 60_000])
def test_without_a_slide_windows_follow_each_other(slide: int) -> None:
    work = window("mean", window=60_000, slide=slide)
    work.all("temp", *range(12), every=10)
    assert work.figures() == [(60, 2.5), (120, 8.5)]


def test_window_slides_by_buckets_of_the_greatest_common_divisor() -> None:
    work = window("max", window=60_000, slide=40_000)  # buckets of 20 s
    work.all("temp", 9, 1, 2, 3, 4, 5, 6, 7, every=20)
    assert work.figures() == [(60, 9), (100, 4), (140, 6)]
    # A bug of the original: one bucket too many, with which (100, 4) were (100, 4)
    # of the values 1 to 4, and the minimum there 1 instead of 2.
    work = window("min", window=60_000, slide=40_000)
    work.all("temp", 9, 1, 2, 3, 4, 5, 6, 7, every=20)
    assert work.figures() == [(60, 1), (100, 2), (140, 4)]


def test_maximum_of_negative_numbers() -> None:
    """The original begins with the smallest positive number: a bug."""
    work = window("max", window=10_000)
    work.all("temp", -5, -3)
    work.clock.advance(10)
    assert work.figures() == [(10, -3)]


def test_mean_of_numbers_whose_sum_is_nothing() -> None:
    """The original says nothing then: a bug."""
    work = window("mean", window=10_000)
    work.all("temp", -5, 5)
    work.clock.advance(10)
    assert work.figures() == [(10, 0)]


@pytest.mark.parametrize("name", list(REFERENCES))
def test_empty_window_says_nothing(name: str) -> None:
    """The original says the biggest number where there was none: a bug."""
    work = window(name, window=10_000)
    work.all("temp", 5)
    work.clock.advance(100)
    assert len(work.figures()) == 1
    assert work.clock.waiting == 0  # no timer runs while nothing comes


def test_deviation_of_one_bucket_too_many() -> None:
    """The original counts numbers that have left the window: a bug."""
    work = window("standardDeviation", window=20_000, slide=10_000)
    work.all("temp", 100, 1, 1, 1, every=10)
    assert work.figures()[1:] == [(30, 0), (40, 0)]


def test_after_a_silence_the_rhythm_is_the_same() -> None:
    work = window("mean", window=60_000)
    work.all("temp", 1)
    work.clock.advance(150)
    work.all("temp", 2)
    work.clock.advance(100)
    assert work.figures() == [(60, 1), (180, 2)]


def test_what_comes_between_windows_is_in_none() -> None:
    work = window("max", window=10_000, slide=30_000)
    work.all("temp", 1, 5, 9, 2, 3, every=10)  # 5 and 9 come between
    work.clock.advance(50)
    assert work.figures() == [(10, 1), (40, 2)]


def test_values_of_a_late_event_loop_are_in_the_next_window() -> None:
    work = window("mean", window=10_000)
    work.say(temp=1)
    work.clock.seconds = 12  # nobody had time for the timer
    work.say(temp=5)
    work.clock.advance(8)
    assert [value for _, value in work.figures()] == [1, 5]


def test_figure_is_rounded_for_a_whole_number_and_goes_on_in_the_pipeline() -> None:
    work = Workbench(
        pipeline(
            function("mean", window=10_000),
            function("filterCondition", condition="$(count) > 5"),
            of="count",
        ),
        pipeline(function("computedMetric", formula="$(count) * 2"), of="double"),
    )
    work.all("count", 1, 2)
    work.clock.advance(10)
    assert work.emitted() == [(10, {"count": 2, "double": 4})]
    work.all("count", 6, 7)
    work.clock.advance(10)
    assert len(work.emitted()) == 1


def test_figure_that_the_attribute_cannot_have_is_told() -> None:
    work = Workbench(pipeline(function("mean", window=1000), of="whole"))
    work.policies.take({"whole": 100}, work.clock.now())
    work.clock.advance(1)
    assert work.emitted() == []
    assert work.problems == [("whole", "whole: 100 > 10")]


def test_numbers_too_large_to_be_added_up_say_nothing() -> None:
    work = window("standardDeviation", window=1000)
    work.all("temp", 1e308, -1e308)
    work.clock.advance(1)
    assert work.emitted() == []


def test_text_is_no_number() -> None:
    work = Workbench(pipeline(function("mean", window=1000)))
    work.policies.take({"temp": "x"}, work.clock.now())
    assert work.clock.waiting == 0


def test_flush_lets_come_out_what_there_is() -> None:
    work = window("mean", window=60_000)
    work.policies.flush()
    work.all("temp", 1, 3, every=1)
    work.policies.flush()
    assert work.figures() == [(2, 2)]
    assert work.clock.waiting == 0
    work.all("temp", 7)
    work.clock.advance(60)
    assert work.figures() == [(2, 2), (62, 7)]


def test_closed_window_says_nothing_any_more() -> None:
    work = window("mean", window=60_000)
    work.all("temp", 1)
    work.policies.close()
    assert work.clock.waiting == 0


def test_a_day_in_steps_of_a_millisecond_is_bounded() -> None:
    work = window("mean", window=86_400_000, slide=1)
    for _ in range(3000):
        work.all("temp", 1, every=57.6)
    assert len(work.policies._windows[0]._buckets) <= MAX_BUCKETS + 1
    assert {value for _, value in work.figures()} == {1}


VALUES = st.lists(
    st.tuples(
        st.integers(0, 40),  # seconds since the one before
        st.floats(-1e6, 1e6).map(lambda x: round(x, 3)),
    ),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(sorted(REFERENCES)), st.integers(1, 60), st.integers(0, 60), VALUES
)
def test_windows_are_what_a_plain_reference_says(
    name: str, length: int, slide: int, values: list[tuple[int, float]]
) -> None:
    work = window(name, window=length * 1000, slide=slide * 1000)
    came: list[tuple[int, float]] = []
    now = 0
    for gap, value in values:
        work.clock.advance(gap)
        now += gap
        work.say(temp=value)
        came.append((now, value))
    work.clock.advance(200)
    first, step = came[0][0], slide or length
    width = math.gcd(length, step)
    wanted: list[tuple[int, float]] = []
    for end in range(first + length, now + 200 + 1, step):
        within = [
            value
            for at, value in came
            if end - length <= first + (at - first) // width * width < end
        ]
        if within:
            wanted.append((end, REFERENCES[name](within)))
    found = work.figures()
    assert [at for at, _ in found] == [at for at, _ in wanted]
    assert [value for _, value in found] == pytest.approx(
        [value for _, value in wanted], abs=1e-6
    )


@pytest.mark.parametrize("kind", ["min", "max", "mean"])
def test_huge_number_does_not_stop_a_window(kind: str) -> None:
    clock, told = HandClock(), list[float]()
    window = Window(1000, 1000, FIGURES[kind], told.append, clock)
    for number in (1e300, -1e300, 3.0):
        window.take(number)
        clock.advance(1)
    assert told == [1e300, -1e300, 3.0]
