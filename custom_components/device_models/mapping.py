"""The rules that make entities out of a model and its overlay.

Pure: a model goes in, decisions come out, each with its reason per field. The order of
truth is overlay, then what the model says of semantics and units, then the general
rule. A unit and a device class that Home Assistant does not allow together are never
decided.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
import re
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

from .const import MAX_ENABLED_ENTITIES
from .iot.errors import ModelError
from .iot.formats import Loaded
from .iot.model import Action, Attribute, DeviceModel, Format, FormatType
from .iot.reading import Element, Unusable
from .iot.units import symbol
from .iot.values import DataType


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
    category: EntityCategory | None = None
    enabled: bool = True
    reasons: Mapping[str, str] = field(default_factory=dict)
    """By the field that they are about."""

    @property
    def element_id(self) -> str:
        """The part of the unique id that is the element's; it never changes."""
        return f"{self.kind.removesuffix('s')}-{self.element}"

    def because(self, name: str, reason: str) -> Mapping[str, str]:
        """Return the reasons with that of one more field."""
        return {**self.reasons, name: reason}


PLATFORMS: Final[Mapping[DataType, tuple[Platform, Platform]]] = {
    DataType.BOOLEAN: (Platform.BINARY_SENSOR, Platform.SWITCH),
    DataType.INTEGER: (Platform.SENSOR, Platform.NUMBER),
    DataType.NUMBER: (Platform.SENSOR, Platform.NUMBER),
    DataType.STRING: (Platform.SENSOR, Platform.TEXT),
    DataType.DATETIME: (Platform.SENSOR, Platform.DATETIME),
    DataType.URI: (Platform.SENSOR, Platform.TEXT),
}
"""What an attribute of a type becomes: read-only, and writable."""

ENUM_PLATFORMS: Final = (Platform.SENSOR, Platform.SELECT)
"""What an attribute with an enumeration becomes."""

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

PLAIN_UNITS: Final[Mapping[str, str]] = {
    "°C": "temperature",
    "°F": "temperature",
    "Pa": "pressure",
    "hPa": "pressure",
    "kPa": "pressure",
    "bar": "pressure",
    "mbar": "pressure",
    "psi": "pressure",
    "V": "voltage",
    "mV": "voltage",
    "A": "current",
    "mA": "current",
    "W": "power",
    "kW": "power",
    "VA": "apparent_power",
    "var": "reactive_power",
    "Hz": "frequency",
    "kHz": "frequency",
    "lx": "illuminance",
    "W/m²": "irradiance",
    "m/s": "speed",
    "km/h": "speed",
    "m³/h": "volume_flow_rate",
    "L/min": "volume_flow_rate",
    "L/h": "volume_flow_rate",
    "L/s": "volume_flow_rate",
    "μS/cm": "conductivity",
    "dB": "sound_pressure",
    "dBm": "signal_strength",
}
"""Units that by themselves say what is measured. ``%``, seconds, litres and the like
do not, and ``kWh`` does not say whether it counts up."""


def decide(loaded: Loaded) -> tuple[Decision, ...]:
    """Return what each element of a model becomes.

    Raises:
        ModelError: the overlay asks for what Home Assistant does not have.

    """
    overlay = _Overlay(loaded)
    decisions: list[Decision] = []
    enabled = 0
    for decision in _by_rule(loaded.model):
        decided = overlay.applied(decision)
        if decided.enabled and "enabled" not in decided.reasons:
            enabled += 1
            if enabled > MAX_ENABLED_ENTITIES:
                reason = f"more than {MAX_ENABLED_ENTITIES} entities"
                reasons = decided.because("enabled", reason)
                decided = replace(decided, enabled=False, reasons=reasons)
        decisions.append(decided)
    return tuple(decisions)


def count(decisions: tuple[Decision, ...]) -> Mapping[Platform, int]:
    """Return how many entities of which kind there will be."""
    return Counter(decision.platform for decision in decisions)


def _by_rule(model: DeviceModel) -> Iterator[Decision]:
    """Yield what the model and the general rule say."""
    for attribute in model.leaves.values():
        yield _attribute(attribute)
    for action in model.actions:
        if action.callable_without_input:
            yield _action(action)
    for shape in model.formats:
        yield _format(shape)


def _attribute(attribute: Attribute) -> Decision:
    """Return what an attribute becomes."""
    platforms = ENUM_PLATFORMS if attribute.enum else PLATFORMS[attribute.type]
    access = "writable" if attribute.writable else "read-only"
    what = f"{attribute.type} with choices" if attribute.enum else str(attribute.type)
    decision = Decision(
        platform=platforms[attribute.writable],
        kind=Kind.ATTRIBUTE,
        element=attribute.name,
        name=attribute.title or humanised(attribute.name),
        reasons={
            "platform": f"{access} {what}",
            "name": "title in the model" if attribute.title else "name in the model",
        },
    )
    if attribute.type.is_numeric and not attribute.enum:
        return _measured(decision, attribute)
    return _classified(decision, attribute)


def _classified(decision: Decision, attribute: Attribute) -> Decision:
    """Add the device class of something that is not measured."""
    device_class, reason = attribute.semantic_type, "semantic type in the model"
    if decision.platform is Platform.SENSOR:
        device_class = None
        if attribute.enum:
            device_class, reason = SensorDeviceClass.ENUM, "the model lists choices"
        elif attribute.type is DataType.DATETIME:
            device_class, reason = SensorDeviceClass.TIMESTAMP, "DATETIME"
    if device_class not in DEVICE_CLASSES.get(decision.platform, frozenset()):
        return decision
    reasons = decision.because("device_class", reason)
    return replace(decision, device_class=device_class, reasons=reasons)


def _measured(decision: Decision, attribute: Attribute) -> Decision:
    """Add unit, device class and state class of a number."""
    unit = symbol(attribute.unit) if attribute.unit else None
    if unit:
        reasons = decision.because("unit", f"unit {attribute.unit} in the model")
        decision = replace(decision, unit=unit, reasons=reasons)
    for device_class, reason in (
        (attribute.semantic_type, "semantic type in the model"),
        (PLAIN_UNITS.get(unit or ""), f"unit {unit}"),
    ):
        if device_class and unit in UNITS[decision.platform].get(device_class, ()):
            reasons = decision.because("device_class", reason)
            decision = replace(decision, device_class=device_class, reasons=reasons)
            break
    return _statistical(decision)


def _statistical(decision: Decision) -> Decision:
    """Add the state class where the device class measures the present."""
    if decision.platform is not Platform.SENSOR or decision.device_class is None:
        return decision
    allowed = DEVICE_CLASS_STATE_CLASSES.get(SensorDeviceClass(decision.device_class))
    if not allowed or SensorStateClass.MEASUREMENT not in allowed:
        return decision
    reason = f"{decision.device_class} is a measurement"
    return replace(
        decision,
        state_class=SensorStateClass.MEASUREMENT,
        reasons=decision.because("state_class", reason),
    )


def _action(action: Action) -> Decision:
    """Return what an action that needs no input becomes."""
    reason = "action without arguments"
    if action.arguments:
        reason = "action whose arguments all have defaults"
    return Decision(
        platform=Platform.BUTTON,
        kind=Kind.ACTION,
        element=action.name,
        name=action.title or humanised(action.name),
        reasons={"platform": reason},
    )


def _format(shape: Format) -> Decision:
    """Return what an alert or data message becomes."""
    decision = Decision(
        platform=Platform.EVENT,
        kind=Kind.FORMAT,
        element=shape.name,
        name=shape.title or humanised(shape.name),
        reasons={"platform": f"{shape.type} format"},
    )
    if shape.type is FormatType.DATA:
        reasons = decision.because("enabled", "DATA format")
        return replace(decision, enabled=False, reasons=reasons)
    return decision


def humanised(name: str) -> str:
    """Return a name from a model as people write it: waterLevel, WATER_LEVEL."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = re.split(r"[\s_.\-/:]+", spaced)
    lower = [
        word if len(word) > 1 and word.isupper() and not name.isupper() else word.lower()
        for word in words
        if word
    ]
    text = " ".join(lower) or name
    return text[0].upper() + text[1:]


class _Overlay:
    """What the author of a device file decided about how elements show."""

    FIELDS: Final = (
        "name",
        "device_class",
        "state_class",
        "unit",
        "category",
        "enabled",
    )

    def __init__(self, loaded: Loaded) -> None:
        """Read the overlay.

        Raises:
            ModelError: it is about elements that the model does not have.

        """
        self._model = loaded.model
        self._elements: dict[tuple[str, str], Element] = {}
        known = {
            Kind.ATTRIBUTE: set(loaded.model.leaves),
            Kind.ACTION: {action.name for action in loaded.model.actions},
            Kind.FORMAT: {shape.name for shape in loaded.model.formats},
        }
        try:
            top = Element(loaded.overlay, "overlay")
            for kind in Kind:
                listed = top.object(kind)
                for name in listed.content:
                    if name not in known[kind]:
                        listed.refuse("the model has no such element", name)
                    self._elements[kind, name] = listed.object(name)
        except Unusable as err:
            raise self._refused(err) from err

    def applied(self, decision: Decision) -> Decision:
        """Return the decision with what the overlay says.

        Raises:
            ModelError: it says what Home Assistant does not have or allow.

        """
        element = self._elements.get((decision.kind, decision.element))
        if element is None:
            return decision
        try:
            return self._read(decision, element)
        except Unusable as err:
            raise self._refused(err) from err

    def _refused(self, err: Unusable) -> ModelError:
        return ModelError(
            source=self._model.name, where=err.where, problem=err.problem
        )

    def _read(self, decision: Decision, element: Element) -> Decision:
        """Apply each field that the overlay has."""
        for key in element.content:
            if key not in self.FIELDS:
                element.refuse(f"expected one of {', '.join(self.FIELDS)}", key)
        decided = replace(
            decision,
            name=element.text("name") or decision.name,
            device_class=element.text("device_class") or decision.device_class,
            state_class=self._choice(element, "state_class", SensorStateClass)
            or decision.state_class,
            unit=element.text("unit") or decision.unit,
            category=self._choice(element, "category", EntityCategory)
            or decision.category,
            enabled=element.flag("enabled", default=decision.enabled),
            reasons={**decision.reasons, **dict.fromkeys(element.content, "overlay")},
        )
        self._check(decided, element)
        return decided

    @staticmethod
    def _choice[E: StrEnum](element: Element, key: str, choices: type[E]) -> E | None:
        """Return one of Home Assistant's words, if the overlay has one."""
        spelled = element.text(key)
        if not spelled:
            return None
        if spelled not in choices:
            element.refuse(f"expected one of {', '.join(choices)}", key)
        return choices(spelled)

    @staticmethod
    def _check(decision: Decision, element: Element) -> None:
        """Refuse what Home Assistant does not have, or does not allow together."""
        device_class = decision.device_class
        if device_class is not None:
            if device_class not in DEVICE_CLASSES.get(decision.platform, frozenset()):
                element.refuse(f"no {decision.platform} is a {device_class}", "device_class")
            units = UNITS.get(decision.platform, {}).get(device_class)
            if units and decision.unit not in units:
                element.refuse(f"no {device_class} is in {decision.unit}", "unit")
        state_class = decision.state_class
        if state_class is None:
            return
        if decision.platform is not Platform.SENSOR:
            element.refuse(f"no {decision.platform} has one", "state_class")
        if device_class is not None:
            kind = SensorDeviceClass(device_class)
            if state_class not in DEVICE_CLASS_STATE_CLASSES.get(kind, set()):
                element.refuse(f"no {device_class} is a {state_class}", "state_class")
