"""What an element becomes, and what Home Assistant allows it to be."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.cover.const import CoverDeviceClass
from homeassistant.components.humidifier.const import HumidifierDeviceClass
from homeassistant.components.number.const import (
    DEVICE_CLASS_UNITS as NUMBER_UNITS,
    NumberDeviceClass,
)
from homeassistant.components.sensor.const import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS as SENSOR_UNITS,
    STATE_CLASS_UNITS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.components.switch.const import SwitchDeviceClass
from homeassistant.components.update.const import UpdateDeviceClass
from homeassistant.components.valve.const import ValveDeviceClass
from homeassistant.const import EntityCategory, Platform

from ..iot.model import DeviceModel
from ..iot.transforms import Transform
from ..iot.values import DataType, Range

IDENTITY: Final = Transform()


class Kind(StrEnum):
    """The kinds of elements, as the overlay calls them."""

    ATTRIBUTE = "attributes"
    ACTION = "actions"
    FORMAT = "formats"
    PROBLEM = "problems"
    """Whether what an alert of a format told of still is."""
    COMPOSITION = "compose"
    """Several of the others as one entity: a light, a thermostat."""

    @property
    def word(self) -> str:
        """One of them."""
        return "composition" if self is Kind.COMPOSITION else self.removesuffix("s")


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

    origin: str = ""
    """The key that the element had first, if it was renamed since."""

    uses: Mapping[str, str] = field(default_factory=dict)
    """Of a composition: the keys of its elements, by the roles that they play."""
    composed: bool = True
    """Whether a composition is shown; otherwise its elements are, by themselves."""
    part_of: str = ""
    """The key of the composition in which the element is shown, if it is in one."""

    @property
    def shown(self) -> bool:
        """Whether there is an entity of its own."""
        return self.composed and not self.part_of

    @property
    def visible(self) -> bool:
        """Whether there is an entity of its own that is enabled."""
        return self.enabled and self.shown

    @property
    def wanted(self) -> bool:
        """Whether somebody has said that it is to be enabled."""
        return self.enabled and "enabled" in self.reasons

    @property
    def title(self) -> str:
        """What it is called, for people; the main entity of a device has no name."""
        return self.name or self.platform.replace("_", " ").capitalize()

    @property
    def key(self) -> str:
        """What tells the element from all others of the model."""
        return f"{self.kind.word}-{self.element}"

    @property
    def element_id(self) -> str:
        """The part of the unique id that is the element's; it never changes."""
        return self.origin or self.key

    def because(self, name: str, reason: str) -> Mapping[str, str]:
        """Return the reasons with that of one more field."""
        return {**self.reasons, name: reason}


DEVICE_CLASSES: Final[Mapping[Platform, frozenset[str]]] = {
    Platform.BINARY_SENSOR: frozenset(BinarySensorDeviceClass),
    Platform.COVER: frozenset(CoverDeviceClass),
    Platform.HUMIDIFIER: frozenset(HumidifierDeviceClass),
    Platform.NUMBER: frozenset(NumberDeviceClass),
    Platform.SENSOR: frozenset(SensorDeviceClass),
    Platform.SWITCH: frozenset(SwitchDeviceClass),
    Platform.UPDATE: frozenset(UpdateDeviceClass),
    Platform.VALVE: frozenset(ValveDeviceClass),
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


type _Platforms = tuple[Platform, ...]

CHOICES: Final[Mapping[DataType, tuple[_Platforms, _Platforms]]] = {
    DataType.BOOLEAN: ((Platform.BINARY_SENSOR,), (Platform.SWITCH,)),
    DataType.INTEGER: (
        (Platform.SENSOR, Platform.BINARY_SENSOR),
        (Platform.NUMBER, Platform.SWITCH),
    ),
    DataType.NUMBER: (
        (Platform.SENSOR, Platform.BINARY_SENSOR),
        (Platform.NUMBER, Platform.SWITCH),
    ),
    DataType.STRING: (
        (Platform.SENSOR, Platform.BINARY_SENSOR),
        (Platform.TEXT, Platform.SWITCH),
    ),
    DataType.DATETIME: ((Platform.SENSOR,), (Platform.DATETIME,)),
    DataType.URI: ((Platform.SENSOR, Platform.IMAGE), (Platform.TEXT,)),
}
"""What an attribute of a type can be, and what besides if it is writable. A number is
on if it is not 0; a text if it says so, perhaps by its label. A URI may be shown as
the image that is there."""


def platforms_of(decision: Decision, model: DeviceModel) -> tuple[Platform, ...]:
    """Return the platforms that an element can be shown on, its own first."""
    if decision.kind is not Kind.ATTRIBUTE:
        return (decision.platform,)
    attribute = model.leaves[decision.element]
    if attribute.media_type:
        return (Platform.IMAGE,)
    readable, writable = CHOICES[attribute.type]
    possible = readable + (writable if attribute.writable else ())
    if decision.options and attribute.writable:
        possible = (*possible, Platform.SELECT)
    return tuple(dict.fromkeys((decision.platform, *possible)))


NO_CONFIG: Final = {Platform.SENSOR, Platform.BINARY_SENSOR, Platform.IMAGE}
"""The platforms of what cannot be set."""


def objection(
    decision: Decision, model: DeviceModel | None = None
) -> tuple[str, str] | None:
    """Return the field that Home Assistant would refuse, and why; None if none."""
    platform, device_class = decision.platform, decision.device_class
    if device_class is not None:
        if device_class not in DEVICE_CLASSES.get(platform, frozenset()):
            return "device_class", f"no {platform} is a {device_class}"
        units = UNITS.get(platform, {}).get(device_class)
        if units and decision.unit not in units:
            return "unit", f"no {device_class} is in {decision.unit or 'no unit'}"
    if decision.category is EntityCategory.CONFIG and platform in NO_CONFIG:
        return "category", f"no {platform} is a setting"
    if decision.options and platform is Platform.NUMBER:
        return "labels", "no number has labels"
    if decision.unit is not None and platform not in UNITS:
        return "unit", f"no {platform} has a unit"
    bounds = decision.range
    if bounds is not None and not bounds.low < bounds.high:
        return "max", "expected more than the minimum"
    problem = None
    if model is not None and platform is Platform.SENSOR:
        problem = _of_another_type(decision, model)
    return problem or _state_class_objection(decision)


def _of_another_type(decision: Decision, model: DeviceModel) -> tuple[str, str] | None:
    """Return what a sensor with values of this type cannot have, and why."""
    kind = model.leaves[decision.element].type
    numeric = kind.is_numeric and not decision.options
    for name in ("unit", "state_class"):
        if getattr(decision, name) is not None and not numeric:
            return name, "only numbers have one"
    match decision.device_class:
        case None:
            return None
        case SensorDeviceClass.ENUM:
            fits = bool(decision.options)
        case SensorDeviceClass.TIMESTAMP | SensorDeviceClass.UPTIME:
            fits = kind is DataType.DATETIME
        case SensorDeviceClass.DATE:
            fits = False
        case _:
            fits = numeric
    return (
        None if fits else ("device_class", f"the values are no {decision.device_class}")
    )


def _state_class_objection(decision: Decision) -> tuple[str, str] | None:
    """Return why the state class would be refused; None if it would not."""
    platform, device_class = decision.platform, decision.device_class
    state_class = decision.state_class
    if state_class is None:
        return None
    if platform is not Platform.SENSOR:
        return "state_class", f"no {platform} has one"
    if device_class is not None and state_class not in STATE_CLASSES.get(
        device_class, frozenset()
    ):
        return "state_class", f"no {device_class} is a {state_class}"
    units = STATE_CLASS_UNITS.get(state_class)
    if units is not None and decision.unit not in units:
        return "state_class", f"no {state_class} is in {decision.unit or 'no unit'}"
    return None
