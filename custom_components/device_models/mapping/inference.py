"""What is found out about an attribute: unit, choices, device class, state class.

What is found out later must fit what is known already: a unit and a device class that
Home Assistant does not allow together are never decided.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import replace
import math
from typing import Final

from homeassistant.components.sensor.const import (
    NON_NUMERIC_DEVICE_CLASSES,
    SensorDeviceClass,
)
from homeassistant.const import Platform

from ..iot.model import Attribute
from ..iot.spelling import as_text
from ..iot.transforms import Transform
from ..iot.units import Unit, unit_of
from ..iot.units.prose import unit_in_name, unit_in_prose
from ..iot.values import DataType, Range
from .decisions import Decision, objection
from .ontologies import is_temperature, unit_of_terms
from .semantics import device_classes
from .state_classes import state_class_of

NO_UNIT: Final = Unit("")


def inferred(
    decision: Decision, attribute: Attribute, said: AbstractSet[str] = frozenset()
) -> Decision:
    """Return a decision with what follows from its platform and its unit.

    Args:
        decision: platform, unit and options count; the rest is found anew.
        attribute: what it is about.
        said: the fields that somebody has decided, which stay.

    """
    unit, _why = unit_for(attribute)
    if decision.unit != (unit.symbol or None):  # somebody knows better
        unit = Unit(decision.unit or "")
    if "device_class" not in said:
        decision = _classified(decision, attribute, unit)
    if "state_class" not in said:
        decision = _statistical(decision, attribute)
    return decision


def chosen(decision: Decision, attribute: Attribute) -> Decision:
    """Add what is shown of an enumeration: labels, where each is that of one value."""
    values = [as_text(choice) for choice in attribute.enum]
    labels = {value: attribute.labels.get(value, value) for value in values}
    times = Counter(labels.values())
    labels = {
        value: label
        for value, label in labels.items()
        if label != value and label.strip() and times[label] == 1
    }
    options = tuple(labels.get(value, value) for value in values)
    if not labels or len(set(options)) < len(options):
        return replace(decision, options=tuple(dict.fromkeys(values)))
    return replace(
        decision,
        options=options,
        transform=Transform(labels=labels),
        reasons=decision.because("transform", "labels in the model"),
    )


def measured(decision: Decision, attribute: Attribute) -> Decision:
    """Add the unit of a number, and what is shown in it."""
    unit, why = unit_for(attribute)
    transform = Transform(scale=unit.scale, offset=unit.offset)
    reasons = dict(decision.reasons)
    if unit.symbol:
        reasons["unit"] = why
    if transform != Transform():
        reasons["transform"] = f"{unit.why} × {unit.scale:.6g}"
    decision = replace(
        decision, unit=unit.symbol or None, transform=transform, reasons=reasons
    )
    return bounded(decision, attribute) if attribute.writable else decision


def bounded(decision: Decision, attribute: Attribute) -> Decision:
    """Add range and step of what can be changed, in the unit that is shown."""
    bounds, step, transform = attribute.range, attribute.step, decision.transform
    if step is None and transform.scale != 1 and attribute.type is DataType.INTEGER:
        step = 1.0
    if bounds is not None and (
        not bounds.low < bounds.high
        or (math.isinf(bounds.low) and math.isinf(bounds.high))
    ):
        bounds = None
    return replace(
        decision,
        range=bounds
        and Range(transform.scaled(bounds.low), transform.scaled(bounds.high)),
        step=step and Transform(scale=transform.scale).scaled(step),
    )


def unit_for(attribute: Attribute) -> tuple[Unit, str]:
    """Return the unit of a number, and why."""
    if attribute.unit and attribute.unit.strip():
        unit = unit_of(attribute.unit, is_temperature=is_temperature(attribute))
        why = f"unit in the model, {unit.why}" if unit.why else "unit in the model"
        return unit, why
    said, term = unit_of_terms(attribute)
    if said:
        return Unit(said), f"resource type {term}"
    for where, text, read in (
        ("name", attribute.name, unit_in_name),
        ("title", attribute.title, unit_in_name),
        ("description", attribute.description, unit_in_prose),
    ):
        if found := read(text):
            return found, f"the {where} says {found.why}"
    return NO_UNIT, ""


def _classified(decision: Decision, attribute: Attribute, unit: Unit) -> Decision:
    """Add the device class."""
    reasons = _reasons_but(decision, "device_class")
    decision = replace(decision, device_class=None, reasons=reasons)
    for device_class, reason in _device_classes(decision, attribute, unit):
        if not device_class:
            break
        classified = replace(decision, device_class=device_class)
        if objection(classified) is None:
            reasons = decision.because("device_class", reason)
            return replace(classified, reasons=reasons)
    return decision


def _device_classes(
    decision: Decision, attribute: Attribute, unit: Unit
) -> Iterator[tuple[str, str]]:
    """Yield what something may be, the surest first."""
    match decision.platform:
        case Platform.SENSOR if decision.options:
            yield SensorDeviceClass.ENUM, "the model lists choices"
        case Platform.SENSOR if attribute.type is DataType.DATETIME:
            yield SensorDeviceClass.TIMESTAMP, "a time"
        case Platform.SENSOR | Platform.NUMBER if not attribute.type.is_numeric:
            return
        case (
            Platform.SENSOR | Platform.NUMBER | Platform.BINARY_SENSOR | Platform.SWITCH
        ):
            for found in device_classes(attribute, decision.platform, unit):
                if found[0] not in NON_NUMERIC_DEVICE_CLASSES:
                    yield found


def _statistical(decision: Decision, attribute: Attribute) -> Decision:
    """Add the state class of a read-only number."""
    reasons = _reasons_but(decision, "state_class")
    decision = replace(decision, state_class=None, reasons=reasons)
    if decision.platform is not Platform.SENSOR or decision.options:
        return decision
    if not attribute.type.is_numeric:
        return decision
    state_class, reason = state_class_of(
        attribute, decision.device_class, decision.unit
    )
    found = replace(decision, state_class=state_class)
    if state_class is None or objection(found) is not None:
        return decision
    return replace(found, reasons=decision.because("state_class", reason))


def _reasons_but(decision: Decision, name: str) -> Mapping[str, str]:
    """Return the reasons without that of one field."""
    return {key: why for key, why in decision.reasons.items() if key != name}
