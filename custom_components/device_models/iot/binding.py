"""Where a device's elements are found on the wire, as plain data.

A virtual device carries its binding without reading it; each connection interprets the
part that is its own (``layouts["coap"]``, ``layouts["mqtt"]`` …).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .values import JsonValue


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The place of one device behind its connection.

    ``base`` is the path or topic below which the device lives. ``layouts`` overrides
    the connection's default layout, by the name of the connection.
    ``silent_after`` is the number of seconds without any message after which a device
    that pushes counts as silent; None for never. ``confirm`` is false for a device that
    does not say so when it has taken a value: what is written is assumed then.
    """

    base: str = ""
    layouts: Mapping[str, JsonValue] = field(default_factory=dict)
    silent_after: float | None = None
    confirm: bool = True
