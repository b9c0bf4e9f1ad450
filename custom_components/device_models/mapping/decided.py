"""The decisions about one device: made once, and kept with it.

What the rules say may change with the integration, and what a file says with the file;
what a device has become stays, until its user changes it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
import math
from typing import Any, Final

from homeassistant.components.sensor.const import SensorStateClass
from homeassistant.const import EntityCategory, Platform

from ..const import (
    CONF_ADDED,
    CONF_ALERTS,
    CONF_COMMANDS,
    CONF_CORRECTIONS,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_KEEP,
    CONF_OVERLAY,
    CONF_POLICIES,
    CONF_POLICIES_OFF,
)
from ..iot.alert_rules import apply_rules
from ..iot.corrections import corrected
from ..iot.delivery import Delivery, read_delivery
from ..iot.errors import ModelError
from ..iot.formats import Loaded, load_document
from ..iot.formats.additions import with_additions
from ..iot.model import DeviceModel
from ..iot.reading import Element
from ..iot.transforms import Transform
from ..iot.values import JsonValue, Range
from .composing import assembled, left
from .decisions import Decision, Kind
from .inference import inferred
from .overlay import Overlay
from .rules import decide

YOURS: Final = "your choice"
LATER: Final = "not when the device was added"

DECISIVE: Final = {"platform", "unit", "device_class", "labels"}
INFERRED: Final = ("device_class", "state_class")
"""The fields from which others follow, and those."""

_READERS: Final[Mapping[str, Any]] = {
    "platform": Platform,
    "kind": Kind,
    "state_class": SensorStateClass,
    "category": EntityCategory,
    "transform": lambda kept: Transform(**kept),
    "range": lambda kept: Range(
        -math.inf if kept[0] is None else kept[0],
        math.inf if kept[1] is None else kept[1],
    ),
    "options": tuple,
}
"""How the fields are read that JSON has no type for."""


def keep(decisions: tuple[Decision, ...]) -> dict[str, dict[str, JsonValue]]:
    """Return decisions as an entry keeps them, by the keys of their elements."""
    return {decision.key: _written(decision) for decision in decisions}


def loaded_of(data: Mapping[str, Any], name: str = "") -> Loaded:
    """Return the model of a device, with what its user knows better.

    Args:
        data: of the device.
        name: what the device is called, for the error.

    Raises:
        ModelError: it cannot be used.

    """
    return known_better(load_document(data[CONF_DOCUMENT], name), data)


def known_better(loaded: Loaded, data: Mapping[str, Any]) -> Loaded:
    """Return a model with what the user of a device knows better."""
    corrections = data.get(CONF_CORRECTIONS, {})
    loaded = replace(loaded, model=corrected(loaded.model, corrections))
    loaded = with_additions(
        loaded,
        data.get(CONF_ADDED, {}),
        data.get(CONF_POLICIES, []),
        data.get(CONF_POLICIES_OFF, ()),
    )
    said = Element({"alerts": data.get(CONF_ALERTS)}, "")
    model, rules = apply_rules(said, loaded.model, strict=False)
    return replace(
        loaded,
        model=model,
        alerts=rules.over(loaded.alerts),
        delivery=_delivery(data).over(loaded.delivery),
    )


def _delivery(data: Mapping[str, Any]) -> Delivery:
    """Return what the user of a device says of its commands."""
    said = read_delivery(Element(data.get(CONF_COMMANDS, {}), CONF_COMMANDS))
    # Where a device pushes, it is asked with its place.
    return said.over(Delivery(keep=data.get(CONF_KEEP)))


def model_of(data: Mapping[str, Any]) -> Loaded:
    """Return the model that a device has; an empty one if it cannot be used any more.

    Its device has told its user so when it was set up.
    """
    try:
        loaded = loaded_of(data)
        decide(loaded)  # its overlay may ask for what Home Assistant no longer has
    except ModelError:
        return Loaded(model=DeviceModel(urn="", name=""))
    return loaded


def known_before(
    data: Mapping[str, Any], loaded: Loaded, language: str | None = None
) -> dict[str, Decision]:
    """Return what was decided about a device, by the keys of its elements.

    Of a model that cannot be used any more, there is what was kept.
    """
    return _kept(data) | {one.key: one for one in settled(data, loaded, language)}


def _kept(data: Mapping[str, Any]) -> dict[str, Decision]:
    """Return the decisions that are kept with a device, by the keys of their elements.

    What cannot be read any more is decided anew.
    """
    kept: dict[str, Decision] = {}
    for key, written in data.get(CONF_DECISIONS, {}).items():
        with suppress(KeyError, TypeError, ValueError):
            kept[key] = _read(written)
    return kept


def settled(
    data: Mapping[str, Any], loaded: Loaded, language: str | None = None
) -> tuple[Decision, ...]:
    """Return what is decided about a device, before its user has changed anything.

    Raises:
        ModelError: the overlay of the file asks for what Home Assistant does not have.

    """
    kept = _kept(data)
    fresh = decide(loaded, language)
    elements = (one for one in fresh if one.kind is not Kind.COMPOSITION)
    return assembled((
        *_compositions(kept, fresh, loaded.model),
        *(_known(one, kept, data.get(CONF_DECISIONS, {})) for one in elements),
    ))  # fmt: skip


def _known(
    fresh: Decision, kept: Mapping[str, Decision], written: Mapping[str, Any]
) -> Decision:
    """Return what an element has become.

    One that nobody knew of when the device was added is not enabled by itself.
    """
    if written and fresh.key not in written:
        reasons = fresh.because("enabled", LATER)
        return replace(fresh, enabled=False, reasons=reasons)
    return kept.get(fresh.key, fresh)


def _compositions(
    kept: Mapping[str, Decision], fresh: Iterable[Decision], model: DeviceModel
) -> Iterator[Decision]:
    """Yield what is composed of a device's elements, or could be.

    A device that was there before a composition was known stays as it is: what has come
    is an offer. What was composed stays so, whatever the rules say now.
    """
    found = {one.key: one for one in fresh if one.kind is Kind.COMPOSITION}
    for key, decision in found.items():
        if key not in kept and kept:
            reasons = decision.because("composed", LATER)
            yield replace(decision, composed=False, reasons=reasons)
        else:
            yield left(kept.get(key, decision), model) or decision
    for key, decision in kept.items():
        if decision.kind is Kind.COMPOSITION and key not in found:
            still = left(decision, model)
            if still is not None:
                yield still


def decisions_of(
    data: Mapping[str, Any], loaded: Loaded, language: str | None = None
) -> tuple[Decision, ...]:
    """Return what the elements of a device have become.

    A choice of the user that does not fit any more is passed over, with the reason;
    one about an element that is not there, too.

    Raises:
        ModelError: the overlay of the file asks for what Home Assistant does not have.

    """
    decisions = settled(data, loaded, language)
    overlay: dict[str, dict[str, JsonValue]] = {}
    for one in decisions:
        chosen = data.get(CONF_OVERLAY, {}).get(one.kind, {}).get(one.element)
        if chosen is not None:
            overlay.setdefault(one.kind.value, {})[one.element] = chosen
    choices = Overlay(replace(loaded, overlay=overlay), YOURS)
    return assembled(map(choices.fitting, decisions))


def with_choices(
    decision: Decision, chosen: Mapping[str, JsonValue], loaded: Loaded
) -> Decision:
    """Return a decision with choices of the user, and with what follows from them.

    Raises:
        ModelError: they are what Home Assistant does not have.

    """
    overlay = {decision.kind.value: {decision.element: chosen}}
    decided = Overlay(replace(loaded, overlay=overlay), YOURS).wished(decision)
    if decision.kind is Kind.ATTRIBUTE and not chosen.keys().isdisjoint(DECISIVE):
        attribute = loaded.model.leaves[decision.element]
        decided = inferred(decided, attribute, chosen.keys())
    return decided


def _written(decision: Decision) -> dict[str, JsonValue]:
    """Return what differs from a decision without any details."""
    written: dict[str, JsonValue] = {}
    for item in fields(Decision):
        value = getattr(decision, item.name)
        if item.name == "part_of":  # it follows from the compositions
            continue
        if value in (item.default, {}, None):
            continue
        match value:
            case Transform():
                value = {
                    part.name: getattr(value, part.name)
                    for part in fields(Transform)
                    if getattr(value, part.name) not in (part.default, {})
                }
            case Range():
                # JSON has no infinity.
                value = [end if math.isfinite(end) else None for end in value.ends]
            case tuple():
                value = list(value)
            case Mapping():
                value = dict(value)
        written[item.name] = value
    return written


def _read(kept: Mapping[str, Any]) -> Decision:
    """Return a decision that was kept."""
    return Decision(
        **{
            name: _READERS[name](value) if name in _READERS else value
            for name, value in kept.items()
        }
    )
