"""The figures of a benchmark, for people and for machines."""

import json

import pytest
from rich.console import Console

from bench.figures import Figure, broken, slope, table

LATE = Figure("late", 1.25, "s", at_most=1)
HEARD = Figure("heard", 3, at_least=3)


def test_bounds() -> None:
    assert not LATE.kept
    assert HEARD.kept
    assert Figure("load", 99).kept
    assert broken([LATE, HEARD]) == ["late: 1.25 s (bound: ≤ 1)"]


def test_line_for_machines() -> None:
    assert json.loads(LATE.as_json("many")) == {
        "benchmark": "many",
        "figure": "late",
        "value": 1.25,
        "unit": "s",
        "at_most": 1,
        "at_least": None,
        "kept": False,
    }


def test_table_for_people() -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(table("many", [LATE, HEARD, Figure("load", 1234.5678)]))
    lines = [line.strip("│ ").split("│") for line in shown.get().splitlines()]
    rows = [[cell.strip() for cell in line] for line in lines if len(line) > 3]
    assert ["late", "1.25", "s", "≤ 1", "broken"] in rows
    assert ["heard", "3", "", "≥ 3", "ok"] in rows
    assert "1,234.568" in shown.get()


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([], 0),
        ([(1, 5)], 0),
        ([(1, 5), (1, 6)], 0),
        ([(0, 1), (1, 3), (2, 5)], 2),
        ([(0, 2), (1, 1), (2, 2), (3, 1)], -0.2),
    ],
)
def test_slope(points: list[tuple[float, float]], expected: float) -> None:
    assert slope(points) == pytest.approx(expected)
