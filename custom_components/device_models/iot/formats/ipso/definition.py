"""What an object and a resource of LwM2M are (LwM2M Core 1.2 §7.1, appendices C and D).

An object is a kind of function (3303: temperature). It has instances, and each instance
has resources: ``/3303/0/5700`` is the value of the first temperature.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from ...reading import Unusable
from ...values import DataType, Range

MAX_ELEMENTS: Final = 2_000
"""Resources of one model: many times what the largest device has."""


class Role(Enum):
    """How much of a resource is shown at first."""

    MAIN = auto()
    DIAGNOSTIC = auto()
    """Shown apart: it is about the device, not about what it measures or does."""
    HIDDEN = auto()
    """The same, and not shown until somebody asks for it."""


MAIN, DIAGNOSTIC, HIDDEN = Role

TYPES: Final[Mapping[str, DataType]] = {
    "String": DataType.STRING,
    "Corelnk": DataType.STRING,
    "Integer": DataType.INTEGER,
    "Unsigned Integer": DataType.INTEGER,
    "Float": DataType.NUMBER,
    "Boolean": DataType.BOOLEAN,
    # Seconds since 1970; the model's own times would take them for milliseconds.
    "Time": DataType.INTEGER,
    # As hexadecimal, which is what the codec "octets" makes of it.
    "Opaque": DataType.STRING,
}
"""The types of LwM2M (Core 1.2 appendix C) that a value can be made of.

An object link names another object; nothing can be shown of it, nor entered.
"""

OPAQUE: Final = "Opaque"

OPERATIONS: Final = ("R", "W", "RW", "E")

SENSOR_UNIT: Final = "="
"""The unit of a resource that is in the unit of its sensor (resource 5701)."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of an object, wherever its definition comes from."""

    title: str
    operations: str
    """``R``, ``W``, ``RW``, or ``E`` for what is executed."""
    type: str = ""
    """As LwM2M calls it; empty for what is executed."""
    unit: str = ""
    role: Role = Role.MAIN
    range: Range | None = None
    labels: Mapping[int | str, str] = field(default_factory=dict)
    """The values that there are, and what they are called; none if any may come."""
    multiple: bool = False
    """Whether it is a list of values."""
    description: str = ""

    def checked(self) -> Resource:
        """Return the resource if something can be made of it.

        Raises:
            Unusable: nothing can.

        """
        problem = ""
        if self.operations not in OPERATIONS:
            problem = f"operations {', '.join(OPERATIONS)}"
        elif self.operations != "E":
            if self.type not in TYPES:
                problem = f"one of the types {', '.join(TYPES)}"
            elif self.type == OPAQUE and "R" not in self.operations:
                problem = "a value that a person can enter, not bytes"
        if self.multiple:
            problem = "a single value; lists of values are left out"
        if problem:
            raise Unusable("", f"expected {problem}")
        return self


@dataclass(frozen=True, slots=True)
class Object:
    """One object of the table."""

    title: str
    """Empty where the titles of its resources say it all."""
    mandatory: tuple[int, ...] = ()
    """The resources that every instance has."""
    main: int | None = None
    """The resource that the object is about, which is called as the object is."""
    unit: str = ""
    """What the sensor measures in, unless the device says something else."""
    own: Mapping[int, Resource] = field(default_factory=dict)
    """Resources whose numbers mean something else in other objects."""


def shown(title: str, phrase: str, number: int = 1) -> str:
    """Return the title of a resource.

    Args:
        title: of the object or the instance; may be empty.
        phrase: what the resource is; empty for what the object is about.
        number: tells instances of the same title apart.

    """
    counted = "" if number == 1 else f" {number}"
    if not title or not phrase:
        return f"{title or phrase}{counted}"
    if phrase[1:2].islower():
        phrase = phrase[0].lower() + phrase[1:]
    return f"{title}{counted} {phrase}"


def plain(text: str, limit: int = 120) -> str:
    """Return a text of a device or a file as one line that can be shown."""
    line = " ".join(text.split())
    line = "".join(sign for sign in line if sign.isprintable())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
