"""Log lines that peers cause: each kind at once, and then counted."""

import logging

import pytest

from custom_components.device_models.iot.connections.coap import complaints
from custom_components.device_models.iot.connections.coap.complaints import (
    LONGEST,
    MAX_KINDS,
    Complaints,
)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Complaints:
    """Return a logger of a context; lines of level info are wanted."""
    caplog.set_level(logging.INFO, "onto")
    return Complaints(logging.getLogger("onto"))


def test_lines_of_a_kind_are_counted(
    told: Complaints, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        told.warning("Odd datagram from %s", number)
        told.getChild("blockwise").error("Odd block")
    assert caplog.messages == ["Odd datagram from 0", "Odd block"]
    monkeypatch.setattr(complaints, "INTERVAL", 0)
    told.warning("Odd datagram from %s", 100)
    assert caplog.messages[2:] == ["Odd datagram from 100 (and 99 more of this kind)"]
    told.flush()
    assert caplog.messages[3:] == ["Odd block (and 98 more of this kind)"]
    told.flush()
    assert len(caplog.messages) == 4


def test_kinds_have_an_end(told: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(10 * MAX_KINDS):
        told.warning(f"Odd {number}")
    assert len(caplog.messages) == MAX_KINDS + 1
    told.warning("Odd 0")
    assert len(caplog.messages) == MAX_KINDS + 1


def test_long_lines_are_cut(told: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    told.warning("Odd %s", "x" * 5000)
    assert len(caplog.messages[0]) == LONGEST + 1


@pytest.mark.parametrize("values", [(10**5000,), ("too", "many")])
def test_line_that_cannot_be_written(
    told: Complaints, caplog: pytest.LogCaptureFixture, values: tuple[object, ...]
) -> None:
    told.warning("Odd %s", *values)
    assert caplog.messages == ["Odd %s"]


def test_debugging_shows_all(
    told: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    told.debug("not wanted")
    caplog.set_level(logging.DEBUG, "onto")
    for _ in range(3):
        told.debug("wanted")
    assert caplog.messages == ["wanted"] * 3


def test_error_of_which_aiocoap_tells_in_its_own_way(
    told: Complaints, caplog: pytest.LogCaptureFixture
) -> None:
    told.error("Discarded", exception=ValueError("odd"))  # type: ignore[call-arg]
    assert "ValueError: odd" in caplog.text
    assert caplog.records[0].name == "onto"
