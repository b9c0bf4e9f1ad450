"""How commands get to a device: how long they wait, and what shows that it has them.

As plain data; in a device file it stands under ``commands``. What a file, or the user,
does not say is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from .reading import Element
from .values import JsonValue

DAY: Final = 86_400.0
"""Seconds."""

MAX_SECONDS: Final = 366 * DAY
MAX_TRIES: Final = 1000

ANSWER: Final = "answer"
"""Confirmed is what the protocol's answer says."""
ECHO: Final = "echo"
"""Confirmed is what the attribute itself shows afterwards."""

KEYS: Final = ("keep", "awake", "timeout", "tries", "confirm", "assume")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How the commands of a device are delivered."""

    keep: float | None = None
    """Seconds for which a command waits for a device that is not there; 0 for none: it
    fails at once. None is for what is usual for the connection."""
    awake: float | None = None
    """Seconds for which a device listens after it has said something; None: always."""
    timeout: float | None = None
    """Seconds that a device has to show a value that it has taken."""
    tries: int | None = None
    """How often a command is tried that says nothing of its reliability."""
    echo: bool | None = None
    """Whether a value is confirmed only when the device shows it afterwards."""
    shown_by: Mapping[str, str] = field(default_factory=dict)
    """By attribute, another one that shows what the device has made of it."""
    assume: bool | None = None
    """Whether a new value is shown at once, as assumed, and taken back if it fails."""

    def over(self, below: Delivery) -> Delivery:
        """Return what this says, and for the rest what another one does."""

        def said[T](mine: T | None, other: T | None) -> T | None:
            return other if mine is None else mine

        return Delivery(
            keep=said(self.keep, below.keep),
            awake=said(self.awake, below.awake),
            timeout=said(self.timeout, below.timeout),
            tries=said(self.tries, below.tries),
            echo=said(self.echo, below.echo),
            shown_by={**below.shown_by, **self.shown_by},
            assume=said(self.assume, below.assume),
        )

    def shown(self, name: str) -> str | None:
        """Return the attribute that shows what became of one; None if none has to."""
        return self.shown_by.get(name) or (name if self.echo else None)


def read_delivery(element: Element) -> Delivery:
    """Return what a document says; what it names is not looked up here.

    Raises:
        Unusable: something in it cannot be.

    """
    for key in element.content:
        if key not in KEYS:
            element.refuse(f"expected {', '.join(KEYS)}", key[:40])
    confirm = element.content.get("confirm")
    echo: bool | None = None
    shown_by: dict[str, str] = {}
    match confirm:
        case None:
            pass
        case "answer" | "echo":
            echo = confirm == ECHO
        case Mapping():
            named = element.object("confirm")
            shown_by = {name: named.required_text(name) for name in confirm}
        case _:
            element.refuse("expected answer, echo, or attributes by name", "confirm")
    tries = _number(element, "tries", MAX_TRIES, least=1)
    assume = element.content.get("assume")
    return Delivery(
        keep=_number(element, "keep", MAX_SECONDS),
        awake=_number(element, "awake", MAX_SECONDS),
        timeout=_number(element, "timeout", MAX_SECONDS),
        tries=None if tries is None else int(tries),
        echo=echo,
        shown_by=shown_by,
        assume=None if assume is None else element.flag("assume", default=False),
    )


def written_delivery(delivery: Delivery) -> dict[str, JsonValue]:
    """Return what a device file says of it."""
    confirm: JsonValue = dict(delivery.shown_by) or None
    if confirm is None and delivery.echo is not None:
        confirm = ECHO if delivery.echo else ANSWER
    said: dict[str, JsonValue] = {
        "keep": delivery.keep,
        "awake": delivery.awake,
        "timeout": delivery.timeout,
        "tries": delivery.tries,
        "confirm": confirm,
        "assume": delivery.assume,
    }
    return {key: value for key, value in said.items() if value is not None}


def _number(
    element: Element, key: str, most: float, *, least: float = 0
) -> float | None:
    """Return a number, if there is one."""
    value: JsonValue = element.content.get(key)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not least <= value <= most
    ):
        element.refuse(f"expected a number from {least:g} to {most:g}", key)
    return value
