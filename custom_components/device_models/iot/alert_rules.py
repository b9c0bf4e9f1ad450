"""How the alerts of a device are treated: what a file, or the user, says of each.

By the name of a format, or ``*`` for all: ``severity``, ``clear``, ``window``,
``ignore`` and ``repair``. What stands in the format itself, in a model, is its
``severity`` and its ``clear``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
import math
from typing import Final

from .errors import FormulaError, UnknownElementError
from .formula import Formula
from .model import Clear, DeviceModel, Format, FormatType, Severity
from .reading import Element, Remarks, Unusable
from .values import JsonValue

ALL: Final = "*"
"""Instead of a format: what holds of all that say nothing else."""

DEFAULT_WINDOW: Final = 5.0
"""Seconds: as long as a device that is not heard says the same again."""

MAX_WINDOW: Final = 7 * 86_400.0
MAX_AFTER: Final = 366 * 86_400.0

KEYS: Final = ("severity", "clear", "window", "ignore", "repair")
"""What can be said of the alerts of one format."""

KEYS_OF_ALL: Final = ("window", "repair")
"""What can be said of all."""


class Repair(StrEnum):
    """Which alerts are shown as something to be repaired, until they are over."""

    NEVER = "never"
    CRITICAL = "critical"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """How the alerts of one format are treated; None is for what is not said."""

    window: float | None = None
    """Seconds in which the same alert again is the same one."""
    ignore: tuple[str, ...] = ()
    """The fields that do not make another alert of it: counters, times."""
    repair: Repair | None = None

    def over(self, below: AlertRule) -> AlertRule:
        """Return what this says, and for the rest what another one does."""
        return AlertRule(
            window=below.window if self.window is None else self.window,
            ignore=self.ignore or below.ignore,
            repair=below.repair if self.repair is None else self.repair,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """The rules of a device, by the names of formats, or for all of them."""

    by_name: Mapping[str, AlertRule] = field(default_factory=dict)

    def of(self, name: str) -> AlertRule:
        """Return the rule of a format."""
        rule = self.by_name.get(name, AlertRule())
        return rule.over(self.by_name.get(ALL, AlertRule()))

    def over(self, below: AlertRules) -> AlertRules:
        """Return these rules, and for the rest what others say."""
        names = {**below.by_name, **self.by_name}
        return AlertRules(
            by_name={
                name: self.by_name.get(name, AlertRule()).over(
                    below.by_name.get(name, AlertRule())
                )
                for name in names
            }
        )


def read_severity(element: Element) -> Severity:
    """Return how bad the alerts of a format are that do not say it themselves."""
    spelled = element.text("severity") or Severity.SIGNIFICANT
    if spelled not in Severity:
        element.refuse(f"expected one of {', '.join(Severity)}", "severity")
    return Severity(spelled)


def read_clear(element: Element) -> Clear | None:
    """Return how the alerts of a format end; what it names is not looked up here."""
    said = element.object("clear")
    if not said.content:
        return None
    for key in said.content:
        if key not in ("format", "condition", "after"):
            said.refuse("expected format, condition or after", key[:40])
    clear = Clear(
        format=said.text("format"),
        condition=said.text("condition").strip(),
        after=_seconds(said, "after", MAX_AFTER),
    )
    if clear == Clear():
        said.refuse("expected a format, a condition, or after how many seconds")
    return clear


def check_clear(element: Element, shape: Format, model: DeviceModel) -> None:
    """See whether what ends the alerts of a format is there.

    Raises:
        Unusable: it is not, or the condition is no formula about attributes.

    """
    clear = shape.clear
    if clear is None:
        return
    said = element.object("clear")
    if shape.type is not FormatType.ALERT:
        element.refuse("only alerts end; this is a DATA format", "clear")
    if clear.format:
        try:
            other = model.format(clear.format)
        except UnknownElementError as err:
            said.refuse(str(err), "format")
        if other.name == shape.name or other.type is not FormatType.ALERT:
            said.refuse("expected another ALERT format", "format")
    if clear.condition:
        try:
            formula = Formula.parse(clear.condition)
            for name in sorted(formula.names):
                model.attribute(name)
        except (FormulaError, UnknownElementError) as err:
            said.refuse(str(err), "condition")
        if not formula.names:
            said.refuse("expected a formula about attributes", "condition")


def with_usable_clears(model: DeviceModel, remarks: Remarks) -> DeviceModel:
    """Return a model without the ends of alerts that cannot be, which are remarked."""
    formats: list[Format] = []
    for index, shape in enumerate(model.formats):
        element = Element(shape.source, f"formats[{index}] {shape.name[:40]!r}")
        try:
            check_clear(element, shape, model)
        except Unusable as err:
            remarks.add(err.where, err.problem)
            formats.append(replace(shape, clear=None))
        else:
            formats.append(shape)
    return replace(model, formats=tuple(formats))


def apply_rules(
    top: Element, model: DeviceModel, *, strict: bool = True
) -> tuple[DeviceModel, AlertRules]:
    """Read what is said of alerts beside a model.

    Args:
        top: what has it under ``alerts``.
        model: which formats there are.
        strict: whether what cannot be is a mistake; the user's own choices may be about
            what the model had before, and are passed over then.

    Returns:
        The model, its formats with what is said of them, and the rules.

    Raises:
        Unusable: something is not as it could be, and ``strict``.

    """
    listed = top.object("alerts")
    formats = {shape.name: shape for shape in model.formats}
    rules: dict[str, AlertRule] = {}
    for name in listed.content:
        try:
            shape, rules[name] = _read(listed, name, model)
        except Unusable:
            if strict:
                raise
            continue
        if shape is not None:
            formats[name] = shape
    model = replace(model, formats=tuple(formats[one.name] for one in model.formats))
    return model, AlertRules(by_name=rules)


def _read(
    listed: Element, name: str, model: DeviceModel
) -> tuple[Format | None, AlertRule]:
    """Return a format with what is said of it, and its rule; None for all formats.

    Raises:
        Unusable: something is not as it could be.

    """
    shape = next((one for one in model.formats if one.name == name), None)
    if shape is None and name != ALL:
        listed.refuse("the model has no such format", name[:40])
    element = listed.object(name)
    for key in element.content:
        if key not in (KEYS_OF_ALL if shape is None else KEYS):
            element.refuse("this cannot be said of an alert", key[:40])
    if shape is not None:
        shape = _with(element, shape)
        check_clear(element, shape, model)
    return shape, AlertRule(
        window=_seconds(element, "window", MAX_WINDOW),
        ignore=_fields(element, shape),
        repair=_repair(element),
    )


def written_rules(rules: AlertRules) -> dict[str, JsonValue]:
    """Return rules as a device file has them, beside the model that has the rest."""
    written: dict[str, JsonValue] = {}
    for name, rule in rules.by_name.items():
        said: dict[str, JsonValue] = {
            "window": rule.window,
            "ignore": list(rule.ignore) or None,
            "repair": rule.repair,
        }
        if said := {key: value for key, value in said.items() if value is not None}:
            written[name] = said
    return written


def _with(element: Element, shape: Format) -> Format:
    """Return a format with what is said of it; what is null is taken away."""
    if "severity" in element.content:
        shape = replace(shape, severity=read_severity(element))
    if "clear" in element.content:
        shape = replace(shape, clear=read_clear(element))
    return shape


def _seconds(element: Element, key: str, most: float) -> float | None:
    """Return a number of seconds, if there is one."""
    value = element.content.get(key)
    if value is None:
        return None
    least = 0 if key == "window" else math.ulp(0.0)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not least <= value <= most
    ):
        element.refuse(f"expected seconds, at most {most:.0f}", key)
    return float(value)


def _fields(element: Element, shape: Format | None) -> tuple[str, ...]:
    """Return the names of fields that are ignored."""
    if shape is None:
        return ()
    known = {item.name for item in shape.fields}
    names = tuple(one for one in element.array("ignore") if isinstance(one, str))
    if len(names) < len(element.array("ignore")) or not known.issuperset(names):
        element.refuse("expected names of fields of the format", "ignore")
    return names


def _repair(element: Element) -> Repair | None:
    """Return which alerts are shown as something to be repaired."""
    value = element.content.get("repair")
    if isinstance(value, bool):
        return Repair.ALWAYS if value else Repair.NEVER
    spelled = element.text("repair")
    if spelled and spelled not in Repair:
        element.refuse(f"expected true, false or one of {', '.join(Repair)}", "repair")
    return Repair(spelled) if spelled else None
