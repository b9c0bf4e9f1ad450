"""What a run of many CoAP devices consists of; its processes hand it on as a file."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
import json
from pathlib import Path
from typing import Final, Self

PLAN: Final = "plan.json"
"""The name of the file."""

INSIDE: Final = "inside.jsonl"
"""The name of the file in which Home Assistant writes down what only it knows."""


TICK: Final = 0.05
"""Seconds between two looks at whether an event loop is late."""


class Fate(StrEnum):
    """What becomes of a simulated device."""

    LIVE = "live"
    NEVER = "never"
    """It never answers."""
    SILENT = "silent"
    """It falls silent after the set-up: the power is cut."""
    CLOSED = "closed"
    """Its port is closed after the set-up: the network says that nobody is there."""

    @classmethod
    def of_dead(cls, number: int) -> Fate:
        """Return what becomes of one of those that die: of each kind a third."""
        return (cls.NEVER, cls.SILENT, cls.CLOSED)[number % 3]


@dataclass(frozen=True, slots=True)
class Plan:
    """The devices, and how they are asked."""

    devices: int
    attributes: int
    dead: int
    interval: float
    """Seconds between two questions for the same attribute."""
    latency: float
    """Seconds that a device takes to answer, as a radio and a small processor do."""
    ports: tuple[int, ...] = field(default=())
    """One for each device, once they listen."""

    @property
    def fates(self) -> list[Fate]:
        """What becomes of each device; the dead are spread among the others."""
        dead = {
            number * self.devices // self.dead: Fate.of_dead(number)
            for number in range(self.dead)
        }
        return [dead.get(index, Fate.LIVE) for index in range(self.devices)]

    @property
    def live(self) -> list[int]:
        """The numbers of the devices that live on."""
        return [index for index, fate in enumerate(self.fates) if fate is Fate.LIVE]

    def write(self, folder: Path) -> None:
        """Write the file."""
        (folder / PLAN).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file."""
        plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        return cls(**{**plan, "ports": tuple(plan["ports"])})


def name_of(attribute: int) -> str:
    """Return the name of an attribute, which is its path, too."""
    return f"value{attribute}"
