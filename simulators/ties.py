"""Which attributes of a model belong together, as their names tell."""

from typing import Final

from custom_components.device_models.iot.model import Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType

from .words import MAIN_SWITCH, TARGET, words

ACTIVITY: Final = frozenset(
    {"W", "kW", "A", "rpm", "L/min", "L/h", "L/s", "m³/h", "mm/s"}
)
"""Units of what is nothing, or stands still, while a device is switched off."""


def main_switch(model: DeviceModel) -> Attribute | None:
    """Return the attribute that says whether the device does its work."""
    for leaf in model.leaves.values():
        if (
            leaf.type is DataType.BOOLEAN
            and leaf.writable
            and words(leaf.name) <= MAIN_SWITCH
        ):
            return leaf
    return None


def targets(model: DeviceModel) -> dict[str, str]:
    """Return the setpoint of each measured number that has one."""
    found: dict[str, str] = {}
    numbers = [leaf for leaf in model.leaves.values() if leaf.type.is_numeric]
    for setpoint in numbers:
        meant = words(setpoint.name) - TARGET
        if not setpoint.writable or not meant or not words(setpoint.name) & TARGET:
            continue
        measured = [
            leaf.name
            for leaf in numbers
            if not leaf.writable
            and leaf.unit == setpoint.unit
            and meant <= words(leaf.name)
        ]
        if measured:
            found[min(measured, key=lambda name: len(words(name)))] = setpoint.name
    return found
