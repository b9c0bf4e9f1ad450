"""Where a device's elements are found on the wire, as plain data.

A virtual device carries its binding without reading it; each connection interprets the
part that is its own (``layouts["coap"]``, ``layouts["mqtt"]`` …).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .delivery import Delivery
from .values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """From whom a device's messages are taken, and what may be fetched of it.

    ``senders`` are addresses or networks; without any, all that the connection admits
    may send. ``key`` is a secret that each message has to carry. ``published`` says
    whether others may read what the device has sent.
    """

    senders: tuple[str, ...] = ()
    key: str | None = field(default=None, repr=False)
    published: bool = False


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The place of one device behind its connection.

    ``base`` is the path or topic below which the device lives. ``layouts`` overrides
    the connection's default layout, by the name of the connection.
    ``silent_after`` is the number of seconds without any message after which a device
    that pushes counts as silent; None for never. ``confirm`` is false for a device that
    does not say so when it has taken a value: what is written is assumed then.
    ``reception`` counts where this side is the one that is asked. ``delivery`` says how
    commands get to the device.
    """

    base: str = ""
    layouts: Mapping[str, JsonValue] = field(default_factory=dict)
    silent_after: float | None = None
    confirm: bool = True
    reception: Reception = Reception()
    delivery: Delivery = field(default_factory=Delivery)
