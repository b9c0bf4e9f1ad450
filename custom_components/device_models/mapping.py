"""The rules that make entities out of a model and its overlay.

Pure: a model goes in, decisions come out, each with its reason per field. The order of
truth is overlay, then what the model says of semantics and units, then the general
rule. A unit and a device class that Home Assistant does not allow together are never
decided.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
import re
from typing import Final

from homeassistant.components.sensor.const import SensorDeviceClass, SensorStateClass
from homeassistant.const import Platform

from .const import MAX_ENABLED_ENTITIES
from .decisions import DEVICE_CLASSES, STATE_CLASSES, UNITS, Decision, Kind
from .iot.formats import Loaded
from .iot.model import Action, Attribute, DeviceModel, Format, FormatType
from .iot.units import symbol
from .iot.values import DataType
from .overlay import Overlay

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

ICONS: Final[Mapping[DataType, str]] = {DataType.STRING: "text", DataType.URI: "uri"}
"""The keys of icons for attributes that have no device class."""

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
    overlay = Overlay(loaded)
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
        icon="choice" if attribute.enum else ICONS.get(attribute.type),
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
    device_class, reason = next(iter(attribute.semantic_types), None), "semantic type"
    if decision.platform is Platform.SENSOR:
        device_class = None
        if attribute.enum:
            device_class, reason = SensorDeviceClass.ENUM, "the model lists choices"
        elif attribute.type is DataType.DATETIME:
            device_class, reason = SensorDeviceClass.TIMESTAMP, "a time"
    if device_class not in DEVICE_CLASSES.get(decision.platform, frozenset()):
        return decision
    reasons = decision.because("device_class", reason)
    return replace(decision, device_class=device_class, reasons=reasons)


def _measured(decision: Decision, attribute: Attribute) -> Decision:
    """Add unit, device class and state class of a number."""
    unit = symbol(attribute.unit) if attribute.unit else None
    if unit:
        reasons = decision.because("unit", "unit in the model")
        decision = replace(decision, unit=unit, reasons=reasons)
    for device_class, reason in (
        (next(iter(attribute.semantic_types), None), "semantic type"),
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
    allowed = STATE_CLASSES.get(decision.device_class, frozenset())
    if SensorStateClass.MEASUREMENT not in allowed:
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
        icon="action",
        reasons={"platform": reason},
    )


def _format(shape: Format) -> Decision:
    """Return what an alert or data message becomes."""
    decision = Decision(
        platform=Platform.EVENT,
        kind=Kind.FORMAT,
        element=shape.name,
        name=shape.title or humanised(shape.name),
        icon=shape.type.lower(),
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
        word
        if len(word) > 1 and word.isupper() and not name.isupper()
        else word.lower()
        for word in words
        if word
    ]
    text = " ".join(lower) or name
    return text[0].upper() + text[1:]
