"""The rules that make entities out of a model and its overlay.

Pure: a model goes in, decisions come out, each with its reason per field. The order of
truth is the overlay, what the model says of semantics and units, how the unit is
spelled, names and descriptions, the general rule. What is found out later must fit what
is known already: a unit and a device class that Home Assistant does not allow together
are never decided.

The rules are tables: units in ``iot.units.table``, what units and words mean in
``meanings``, terms in ``ontologies``, statistics in ``state_classes``, what is less
important in ``categories``, what several elements are together in ``roles``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
import re
from typing import Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import Platform

from ..iot.formats import Loaded
from ..iot.model import Action, Attribute, Clear, DeviceModel, Format, FormatType
from ..iot.transforms import Transform
from ..iot.units.words import spaced
from ..iot.values import DataType
from .categories import limited, placed
from .composing import assembled
from .compositions import compositions
from .decisions import Decision, Kind
from .inference import bounded, chosen, inferred, measured
from .overlay import Overlay
from .titles import Titles

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


def decide(loaded: Loaded, language: str | None = None) -> tuple[Decision, ...]:
    """Return what each element of a model becomes.

    Args:
        loaded: the model, and the overlay of its file.
        language: of titles (BCP 47), where the model has more than one.

    Raises:
        ModelError: the overlay asks for what Home Assistant does not have.

    """
    overlay = Overlay(loaded)
    composed = overlay.composed(tuple(compositions(loaded.model)))
    elements = _decided(loaded.model, overlay, Titles(language))
    return limited(assembled((*composed, *elements)))


def count(decisions: tuple[Decision, ...]) -> Mapping[Platform, int]:
    """Return how many entities of which kind there will be."""
    return Counter(decision.platform for decision in decisions if decision.shown)


def _decided(
    model: DeviceModel, overlay: Overlay, titles: Titles
) -> Iterator[Decision]:
    """Yield the decisions about all elements; of two with one name, the first."""
    seen: set[str] = set()
    for decision in _by_rule(model, titles):
        if decision.key in seen:
            continue
        seen.add(decision.key)
        applied = _unscaled(decision, overlay.applied(decision), model)
        if decision.kind is Kind.ATTRIBUTE:
            attribute = model.leaves[decision.element]
            found = inferred(applied, attribute, applied.reasons.keys())
            yield placed(found, attribute)
        else:
            yield placed(applied)


def _by_rule(model: DeviceModel, titles: Titles) -> Iterator[Decision]:
    """Yield what the model says outright, and the general rule."""
    names = titles.of_attributes(model)
    for attribute in model.leaves.values():
        yield _attribute(attribute, names.get(attribute.name))
    for action in model.actions:
        if action.callable_without_input:
            yield _action(action, titles.of(action))
    for shape in model.formats:
        yield _format(shape, titles.of(shape))
        if shape.clear is not None:
            yield _problem(shape, shape.clear, titles.of(shape))


def _named(name: str, title: tuple[str, str] | None) -> tuple[str, str]:
    """Return the name of an entity, and where it is from."""
    return title or (humanised(name), "name in the model")


def _attribute(attribute: Attribute, title: tuple[str, str] | None) -> Decision:
    """Return what an attribute becomes, without what is to be found out."""
    if attribute.media_type:
        return _content(attribute, title)
    listed = bool(attribute.enum) and attribute.type is not DataType.BOOLEAN
    platforms = ENUM_PLATFORMS if listed else PLATFORMS[attribute.type]
    access = "writable" if attribute.writable else "read-only"
    what = f"{attribute.type} with choices" if listed else str(attribute.type)
    name, why = _named(attribute.name, title)
    decision = Decision(
        platform=platforms[attribute.writable],
        kind=Kind.ATTRIBUTE,
        element=attribute.name,
        name=name,
        icon="choice" if listed else ICONS.get(attribute.type),
        reasons={"platform": f"{access} {what}", "name": why},
    )
    if listed:
        return chosen(decision, attribute)
    return measured(decision, attribute) if attribute.type.is_numeric else decision


def _content(attribute: Attribute, title: tuple[str, str] | None) -> Decision:
    """Return what an attribute becomes that has a content and no value."""
    name, why = _named(attribute.name, title)
    return Decision(
        platform=Platform.IMAGE,
        kind=Kind.ATTRIBUTE,
        element=attribute.name,
        name=name,
        icon="content",
        reasons={"platform": f"{attribute.media_type} content", "name": why},
    )


def _unscaled(before: Decision, decision: Decision, model: DeviceModel) -> Decision:
    """Return a decision whose unit is the overlay's: the values are in that one."""
    if decision.unit == before.unit or decision.transform != before.transform:
        return decision
    if not decision.reasons.keys().isdisjoint(("scale", "offset", "map")):
        return decision
    if before.transform.scale == 1 or decision.kind is not Kind.ATTRIBUTE:
        return decision
    reasons = {
        name: reason for name, reason in decision.reasons.items() if name != "transform"
    }
    plain = replace(decision, transform=Transform(), reasons=reasons)
    if decision.range != before.range or decision.step != before.step:
        return plain
    return bounded(plain, model.leaves[decision.element])


def _action(action: Action, title: tuple[str, str] | None) -> Decision:
    """Return what an action that needs no input becomes."""
    reason = "action without arguments"
    if action.arguments:
        reason = "action whose arguments all have defaults"
    name, why = _named(action.name, title)
    return Decision(
        platform=Platform.BUTTON,
        kind=Kind.ACTION,
        element=action.name,
        name=name,
        icon="action",
        reasons={"platform": reason, "name": why},
    )


def _format(shape: Format, title: tuple[str, str] | None) -> Decision:
    """Return what an alert or data message becomes."""
    name, why = _named(shape.name, title)
    decision = Decision(
        platform=Platform.EVENT,
        kind=Kind.FORMAT,
        element=shape.name,
        name=name,
        icon=shape.type.lower(),
        reasons={"platform": f"{shape.type} format", "name": why},
    )
    if shape.type is FormatType.DATA:
        reasons = decision.because("enabled", "DATA format")
        return replace(decision, enabled=False, reasons=reasons)
    return decision


def _problem(shape: Format, clear: Clear, title: tuple[str, str] | None) -> Decision:
    """Return what shows whether what an alert told of is over."""
    name, why = _named(shape.name, title)
    ways = [
        f"by the alert {clear.format}" if clear.format else "",
        "by a condition" if clear.condition else "",
        f"{clear.after:g} s after it" if clear.after else "",
    ]
    return Decision(
        platform=Platform.BINARY_SENSOR,
        kind=Kind.PROBLEM,
        element=shape.name,
        name=f"{name} problem",  # the event has the name itself, and perhaps a sensor
        device_class=BinarySensorDeviceClass.PROBLEM,
        reasons={
            "platform": f"ALERT format that is over {' or '.join(filter(None, ways))}",
            "name": why,
        },
    )


def humanised(name: str) -> str:
    """Return a name from a model as people write it: waterLevel, WATER_LEVEL."""
    words = re.split(r"[\s_.\-/:]+", spaced(name))
    lower = [
        word
        if len(word) > 1 and word.isupper() and not name.isupper()
        else word.lower()
        for word in words
        if word
    ]
    text = " ".join(lower) or name
    return text[0].upper() + text[1:]
