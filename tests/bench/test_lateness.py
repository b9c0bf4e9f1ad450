"""How late something was asked for, from what the devices noted."""

from pathlib import Path

import pytest

from bench.coap_devices import POLL, REPEATED
from bench.lateness import lateness, read

ONE = [(0, 0)]


def test_gaps_beyond_the_interval() -> None:
    polls = [(at, 0, 0) for at in (0.0, 10.0, 21.5, 31.0)]
    found = lateness(polls, ONE, 10, begin=5, end=35)
    assert (found.worst, found.earliest, found.gaps) == (1.5, -0.5, 3)


def test_only_wanted_devices_and_times_count() -> None:
    polls = [(0.0, 0, 0), (1.0, 1, 0), (90.0, 1, 0), (100.0, 0, 0), (110.0, 0, 0)]
    found = lateness(polls, ONE, 10, begin=105, end=111)
    assert (found.worst, found.gaps) == (0, 1)


def test_what_is_not_asked_for_any_more_is_late() -> None:
    polls = [(0.0, 0, 0), (10.0, 0, 0)]
    assert lateness(polls, ONE, 10, begin=0, end=60).worst == 40


def test_what_was_never_asked_for_is_late() -> None:
    assert lateness([], ONE, 10, begin=100, end=160).worst == 50


def test_nothing_is_late_before_its_time() -> None:
    assert lateness([(0.0, 0, 0)], ONE, 10, begin=1, end=5).worst == 0


def test_usual_worst_leaves_out_the_rare() -> None:
    polls = [(10.0 * number, 0, 0) for number in range(300)]
    polls.append((polls[-1][0] + 13, 0, 0))
    found = lateness(polls, ONE, 10, begin=0.5, end=3003)
    assert (found.worst, found.usual) == (3, 0)


def test_messages_that_came_twice_are_counted_and_are_no_questions() -> None:
    polls = [(0.0, 0, 0), (2.0, 0, REPEATED), (3.0, 1, REPEATED), (10.0, 0, 0)]
    found = lateness(polls, ONE, 10, begin=1, end=11)
    assert (found.repeated, found.worst) == (1, 0)


def test_file_whose_last_record_is_half_written(tmp_path: Path) -> None:
    whole = POLL.pack(1.5, 2, 3)
    (tmp_path / "polls").write_bytes(whole + whole[:5])
    assert read(tmp_path / "polls") == [(pytest.approx(1.5), 2, 3)]
