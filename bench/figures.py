"""The figures that a benchmark finds, and how they are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import json
from typing import Final

from rich.table import Table

DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, perhaps with a bound that it has to keep."""

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the bounds are."""
        return not (
            (self.at_most is not None and self.value > self.at_most)
            or (self.at_least is not None and self.value < self.at_least)
        )

    @property
    def bound(self) -> str:
        """The bounds, for people."""
        bounds = (("≤", self.at_most), ("≥", self.at_least))
        return " ".join(
            f"{sign} {_spelled(at)}" for sign, at in bounds if at is not None
        )

    def as_json(self, benchmark: str) -> str:
        """Return it as a line for machines."""
        return json.dumps(
            {
                "benchmark": benchmark,
                "figure": self.name,
                "value": round(self.value, DIGITS),
                "unit": self.unit,
                "at_most": self.at_most,
                "at_least": self.at_least,
                "kept": self.kept,
            }
        )


def table(title: str, figures: Iterable[Figure]) -> Table:
    """Return figures for people."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("Figure")
    shown.add_column("Value", justify="right")
    for header in ("Unit", "Bound", ""):
        shown.add_column(header)
    for one in figures:
        outcome = "" if not one.bound else "ok" if one.kept else "[red]broken[/red]"
        shown.add_row(one.name, _spelled(one.value), one.unit, one.bound, outcome)
    return shown


def broken(figures: Iterable[Figure]) -> list[str]:
    """Return for people which bounds are not kept."""
    return [
        f"{one.name}: {_spelled(one.value)} {one.unit} (bound: {one.bound})"
        for one in figures
        if not one.kept
    ]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much a value rises with each unit of the other: least squares."""
    count = len(points)
    if count < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return 0.0
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def _spelled(value: float) -> str:
    """Return a number for people."""
    return f"{value:,.{DIGITS}f}".rstrip("0").rstrip(".") if value else "0"
