"""A Mosquitto that wants a password."""

from dataclasses import dataclass
from typing import Final

USERNAME: Final = "gardener"
PASSWORD: Final = "under-the-flowerpot"


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """A running broker."""

    port: int
