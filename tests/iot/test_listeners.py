"""Listeners: one by one, none able to harm the next."""

from collections.abc import Callable

import pytest

from custom_components.device_models.iot.listeners import Listeners

from .samples import noting


def test_listeners_are_called_in_the_order_of_their_coming() -> None:
    heard: list[str] = []
    listeners = Listeners[[str]]()
    listeners.add(lambda text: heard.append(f"first {text}"))
    listeners.add(lambda text: heard.append(f"second {text}"))
    listeners.notify("a")
    assert heard == ["first a", "second a"]
    assert len(listeners) == 2


def test_failing_listener_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []
    listeners = Listeners[[]]()

    def fail() -> None:
        raise RuntimeError("no luck")

    listeners.add(fail)
    listeners.add(noting(heard, "second"))
    listeners.notify()
    assert heard == ["second"]
    assert "no luck" in caplog.text


def test_listener_that_was_taken_away_is_not_called() -> None:
    heard: list[str] = []
    listeners = Listeners[[]]()
    remove = listeners.add(noting(heard, "first"))
    listeners.add(noting(heard, "second"))
    remove()
    remove()
    listeners.notify()
    assert heard == ["second"]


def test_callback_that_listens_twice_leaves_once() -> None:
    heard: list[str] = []
    listener = noting(heard, "x")
    listeners = Listeners[[]]()
    remove = listeners.add(listener)
    listeners.add(listener)
    remove()
    remove()
    listeners.notify()
    assert heard == ["x"]


def test_listener_taken_away_by_another_is_not_called_any_more() -> None:
    heard: list[str] = []
    listeners = Listeners[[]]()
    removes: list[Callable[[], None]] = []

    def remove_the_next() -> None:
        removes.pop()()

    listeners.add(remove_the_next)
    removes.append(listeners.add(noting(heard, "gone")))
    listeners.notify()
    assert heard == []


def test_listener_added_by_another_hears_the_next_time() -> None:
    heard: list[str] = []
    listeners = Listeners[[]]()

    def add_another() -> None:
        listeners.add(noting(heard, "new"))

    listeners.add(add_another)
    listeners.notify()
    assert heard == []
    listeners.notify()
    assert heard == ["new"]
