"""Policies of a device at work: what becomes of what it says (protocol sheet §1.8)."""

from .batches import Cost
from .directions import Directions
from .message import Clock, Message, Raised
from .running import Policies

__all__ = ["Clock", "Cost", "Directions", "Message", "Policies", "Raised"]
