"""What an element becomes, and what Home Assistant allows it to be."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.number.const import (
    DEVICE_CLASS_UNITS as NUMBER_UNITS,
    NumberDeviceClass,
)
from homeassistant.components.sensor.const import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS as SENSOR_UNITS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.components.switch.const import SwitchDeviceClass
from homeassistant.const import EntityCategory, Platform

from .iot.transforms import Transform
from .iot.values import Range

IDENTITY: Final = Transform()


class Kind(StrEnum):
    """The kinds of elements, as the overlay calls them."""

    ATTRIBUTE = "attributes"
    ACTION = "actions"
    FORMAT = "formats"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What one element becomes, and why."""

    platform: Platform
    kind: Kind
    element: str
    name: str
    device_class: str | None = None
    state_class: SensorStateClass | None = None
    unit: str | None = None
    """As Home Assistant spells it, of what is shown."""
    transform: Transform = IDENTITY
    """Between the attribute's value and what is shown of it."""
    range: Range | None = None
    step: float | None = None
    """Of what is shown, where it can be changed."""
    options: tuple[str, ...] = ()
    """What is shown, where there are choices."""
    category: EntityCategory | None = None
    enabled: bool = True
    reasons: Mapping[str, str] = field(default_factory=dict)
    """By the field that they are about."""

    icon: str | None = None
    """The key of its icon, where no device class brings one."""

    @property
    def element_id(self) -> str:
        """The part of the unique id that is the element's; it never changes."""
        return f"{self.kind.removesuffix('s')}-{self.element}"

    def because(self, name: str, reason: str) -> Mapping[str, str]:
        """Return the reasons with that of one more field."""
        return {**self.reasons, name: reason}


DEVICE_CLASSES: Final[Mapping[Platform, frozenset[str]]] = {
    Platform.BINARY_SENSOR: frozenset(BinarySensorDeviceClass),
    Platform.NUMBER: frozenset(NumberDeviceClass),
    Platform.SENSOR: frozenset(SensorDeviceClass),
    Platform.SWITCH: frozenset(SwitchDeviceClass),
}

UNITS: Final[Mapping[Platform, Mapping[str, AbstractSet[object]]]] = {
    Platform.NUMBER: {str(key): units for key, units in NUMBER_UNITS.items()},
    Platform.SENSOR: {str(key): units for key, units in SENSOR_UNITS.items()},
}
"""What Home Assistant allows, by device class."""

STATE_CLASSES: Final[Mapping[str, AbstractSet[SensorStateClass]]] = {
    str(key): classes for key, classes in DEVICE_CLASS_STATE_CLASSES.items()
}
"""The state classes that Home Assistant allows, by device class."""


def objection(decision: Decision) -> tuple[str, str] | None:
    """Return the field that Home Assistant would refuse, and why; None if none."""
    platform, device_class = decision.platform, decision.device_class
    state_class = decision.state_class
    if device_class is not None:
        if device_class not in DEVICE_CLASSES.get(platform, frozenset()):
            return "device_class", f"no {platform} is a {device_class}"
        units = UNITS.get(platform, {}).get(device_class)
        if units and decision.unit not in units:
            return "unit", f"no {device_class} is in {decision.unit}"
    if state_class is None:
        return None
    if platform is not Platform.SENSOR:
        return "state_class", f"no {platform} has one"
    if device_class is not None and state_class not in STATE_CLASSES.get(
        device_class, frozenset()
    ):
        return "state_class", f"no {device_class} is a {state_class}"
    return None
