"""What a Homie device says of itself as a whole: its state, and its alerts.

Versions 3 and 4 have the state ``alert``; since version 5, alerts are messages below
``$alert``, each there for as long as it holds.
"""

from typing import Final, NamedTuple

from ...model import Attribute, Field, Format
from ...values import DataType, JsonValue
from .described import Described

STATES: Final = ("init", "ready", "disconnected", "sleeping", "lost", "alert")

AVAILABILITY: Final[dict[str, JsonValue]] = {
    "topic": "$state",
    "online": ["ready", "sleeping", "alert"],
    "offline": ["disconnected", "lost", ""],
    "pending": "init",
}
"""Convention, "Device lifecycle". A sleeping device is where it should be, and what it
said holds. ``init`` is on the way to one of the others; devices pass it whenever they
describe themselves anew, and are away only if they stay in it. An empty message removes
the device."""

ROOT_AVAILABILITY: Final[dict[str, JsonValue]] = {
    "online": ["init", "ready", "sleeping", "alert", "disconnected"],
    "offline": "lost",
}
"""Convention 5, "Device hierarchy": the last will of a root device is about all that
are below it; its other states are about itself."""

STATE: Final = Attribute(name="state", title="State", type=DataType.STRING, enum=STATES)
PROBLEM: Final = Attribute(name="problem", title="Problem", type=DataType.BOOLEAN)
ALERTS: Final = Attribute(name="alerts", title="Alerts", type=DataType.STRING)
ALERT: Final = Format(
    name="alert",
    title="Alert",
    fields=(
        Field(name="id", type=DataType.STRING),
        Field(name="message", type=DataType.STRING),
    ),
)
"""No names of properties: those have a slash."""

SHOWN: Final[dict[str, JsonValue]] = {
    STATE.name: {"category": "diagnostic", "enabled": False},
    PROBLEM.name: {"category": "diagnostic"},
    ALERTS.name: {"category": "diagnostic", "enabled": False},
}
"""How they show to the user."""

PROBLEMS: Final[dict[str, JsonValue]] = {
    "attribute": PROBLEM.name,
    "topic": "$state",
    "values": "alert",
}
PROBLEMS_OF_5: Final[dict[str, JsonValue]] = {
    **PROBLEMS,
    "below": "$alert",
    "messages": ALERTS.name,
    "alert": ALERT.name,
}
"""Convention 5, "Alert topic". Drafts of it still had the state."""


class Lifecycle(NamedTuple):
    """What every device of a version has, and where that is."""

    attributes: tuple[Attribute, ...]
    formats: tuple[Format, ...]
    problems: dict[str, JsonValue]


LIFECYCLE: Final = Lifecycle((STATE, PROBLEM), (), PROBLEMS)
LIFECYCLE_OF_5: Final = Lifecycle((STATE, PROBLEM, ALERTS), (ALERT,), PROBLEMS_OF_5)


def lifecycle_of(described: Described) -> Lifecycle:
    """Return what a device has beside its properties."""
    return LIFECYCLE_OF_5 if described.is_version_5 else LIFECYCLE
