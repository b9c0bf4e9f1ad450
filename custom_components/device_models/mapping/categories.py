"""What is not on the first screen: settings, diagnostics, and what is disabled."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from homeassistant.const import EntityCategory, Platform

from ..const import MAX_ENABLED_ENTITIES
from ..iot.model import Attribute
from ..iot.units.words import any_phrase, words_of
from .decisions import Decision, Kind
from .ontologies import ipso_resource

DIAGNOSTIC: Final = frozenset({
    "boot", "bssid", "build", "cpu", "debug", "diagnostic", "error code", "error count",
    "errors", "fault code", "firmware", "free heap", "hardware version", "heap",
    "hostname", "ip", "ip address", "ipv4", "ipv6", "last error", "last seen",
    "link quality", "lqi", "mac", "mac address", "manufacturer", "memory",
    "model number", "reset reason", "revision", "rsrp", "rsrq", "rssi", "serial",
    "serial number", "signal quality", "signal strength", "snr", "software version",
    "ssid", "supply voltage", "battery voltage", "uptime", "version", "wifi",
})  # fmt: skip
"""Words of what is looked at when something is wrong."""

CONFIG: Final = frozenset({
    "backlight", "baud", "calibrate", "calibration", "child lock", "config",
    "configuration", "correction", "deadband", "debounce", "delay", "gain", "hostname",
    "hysteresis", "interval", "label", "language", "limit", "locale", "log level",
    "max", "maximum", "min", "minimum", "offset", "password", "period", "polling",
    "retries", "retry", "sample rate", "sampling", "sensitivity", "setting",
    "settings", "ssid", "threshold", "timeout", "timezone", "time zone", "units",
})  # fmt: skip
"""Words of what is set once."""

ACTIONS: Final[Mapping[str, EntityCategory]] = {
    **dict.fromkeys(
        (
            "calibrate", "calibration", "clear", "factory reset", "reboot", "reset",
            "restart",
        ),
        EntityCategory.CONFIG,
    ),
    **dict.fromkeys(
        ("diagnose", "identify", "locate", "ping", "self test", "selftest"),
        EntityCategory.DIAGNOSTIC,
    ),
}  # fmt: skip
"""Words of actions that are not what the device is for."""

CLASSES: Final = frozenset({"battery", "signal_strength"})
"""Device classes that are about the device, not about what it measures."""

SELDOM: Final = frozenset({
    "application type", "max measured", "max measured value", "max range",
    "max range value", "maximum measured", "maximum measured value", "min measured",
    "min measured value", "min range", "min range value", "minimum measured",
    "minimum measured value", "raw", "raw value", "sensor units",
})  # fmt: skip
"""Words of what few people want to see."""

FINAL: Final = frozenset({"erase", "factory reset", "wipe"})
"""Words of actions that cannot be undone."""

IPSO_SELDOM: Final = frozenset({"5601", "5602", "5603", "5604", "5701", "5750"})
"""IPSO resources of the kind: extremes, range, unit, application type."""

IPSO_DEVICE: Final = frozenset({"3", "4", "5"})
"""LwM2M objects about the device itself: device, connectivity, firmware."""

READ_ONLY: Final = frozenset({Platform.SENSOR, Platform.BINARY_SENSOR, Platform.IMAGE})
"""What shows only. A secret that is shown only is of no use on a screen."""

PLAIN: Final = frozenset({Platform.SENSOR})
"""Without a device class, it is a text or a number that nobody knows the meaning of."""


def placed(decision: Decision, attribute: Attribute | None = None) -> Decision:
    """Return a decision with its category, and disabled if few people want to see it.

    Args:
        decision: everything else is decided.
        attribute: what it is about; None for actions and formats.

    """
    words = words_of(f"{decision.element} {decision.name}")
    ipso = ipso_resource(attribute) if attribute else None
    category, reason = _category(decision, words, ipso)
    if category and "category" not in decision.reasons:
        reasons = decision.because("category", reason)
        decision = replace(decision, category=category, reasons=reasons)
    if "enabled" in decision.reasons:
        return decision
    reason = ""
    if attribute and attribute.sensitive and decision.platform in READ_ONLY:
        reason = "sensitive"
    elif ipso and ipso[1] in IPSO_SELDOM:
        reason = f"resource {ipso[1]} of IPSO"
    elif word := any_phrase(words, FINAL if decision.kind is Kind.ACTION else SELDOM):
        reason = f"“{word}”"
    if not reason:
        return decision
    return replace(decision, enabled=False, reasons=decision.because("enabled", reason))


def _category(
    decision: Decision, words: tuple[str, ...], ipso: tuple[str, str] | None
) -> tuple[EntityCategory | None, str]:
    """Return the category of an entity, and why."""
    if decision.kind in (Kind.FORMAT, Kind.PROBLEM):
        return None, ""
    if decision.kind is Kind.ACTION:
        word = any_phrase(words, ACTIONS.keys()) or ""
        return ACTIONS.get(word), f"“{word}”"
    if decision.platform not in READ_ONLY:
        word = any_phrase(words, CONFIG) or ""
        return (EntityCategory.CONFIG if word else None), f"“{word}”"
    if ipso and (ipso[0] in IPSO_DEVICE or ipso[1] in IPSO_SELDOM):
        return EntityCategory.DIAGNOSTIC, f"object {ipso[0]} of IPSO"
    if decision.device_class in CLASSES:
        return EntityCategory.DIAGNOSTIC, f"{decision.device_class} of the device"
    word = any_phrase(words, DIAGNOSTIC | SELDOM) or ""
    return (EntityCategory.DIAGNOSTIC if word else None), f"“{word}”"


def limited(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return decisions of which no more are enabled than people can look through.

    What the overlay enables stays enabled. Of the others those stay that matter most:
    no category before diagnostics and settings; what can be used or has a device class
    before plain numbers and texts; then in the order of the model.
    """
    listed = tuple(decisions)
    chosen = [decision for decision in listed if decision.visible]
    free = [decision for decision in chosen if "enabled" not in decision.reasons]
    places = max(0, MAX_ENABLED_ENTITIES - (len(chosen) - len(free)))
    free.sort(key=_rank)  # stable: the order of the model is kept
    over = {decision.element_id for decision in free[places:]}
    reason = f"more than {MAX_ENABLED_ENTITIES} entities"
    return tuple(
        replace(decision, enabled=False, reasons=decision.because("enabled", reason))
        if decision.element_id in over
        else decision
        for decision in listed
    )


def _rank(decision: Decision) -> tuple[bool, int]:
    """Return how early an entity is given up: the higher, the earlier."""
    if decision.platform not in PLAIN or decision.device_class:
        matters = 0
    else:
        matters = 1 if decision.unit or decision.state_class else 2
    return decision.category is not None, matters
