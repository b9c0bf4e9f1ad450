"""The forms for policies, and what is wrong with what was entered in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final, NamedTuple

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .form_fields import SECRET, TEXTS, choice, number, seconds
from .iot.errors import FormulaError, UnknownElementError
from .iot.formula import Formula
from .iot.model import DeviceModel, Severity
from .iot.values import DataType, JsonValue

CONF_ATTRIBUTE: Final = "attribute"
CONF_AMOUNT: Final = "amount"
CONF_EVERY: Final = "every"
CONF_WINDOW: Final = "window"
CONF_SLIDE: Final = "slide"
CONF_FIGURE: Final = "figure"
CONF_TYPE: Final = "type"
CONF_UNIT: Final = "unit"
CONF_FORMULA: Final = "formula"
CONF_CONDITION: Final = "condition"
CONF_CLEAR: Final = "clear"
CONF_SEVERITY: Final = "severity"
CONF_FIELDS: Final = "fields"
CONF_ACTION: Final = "action"
CONF_ARGUMENTS: Final = "arguments"
CONF_LEVEL: Final = "level"
CONF_HASHING_KEY: Final = "hashing_key"

WEEK: Final = 7 * 86_400.0
"""Seconds: longer windows would mostly be lost in restarts."""

FIGURES: Final = {
    "mean": "mean",
    "min": "min",
    "max": "max",
    "standard_deviation": "standardDeviation",
}
TYPES: Final = ("number", "integer", "boolean", "string")

type Entered = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form has made: a pipeline, and what has to be added to the model."""

    pipeline: Mapping[str, JsonValue]
    attributes: tuple[Mapping[str, JsonValue], ...] = ()
    formats: tuple[Mapping[str, JsonValue], ...] = ()
    names: tuple[str, ...] = field(default=())
    """Of what is added."""


class Kind(NamedTuple):
    """One thing that users can have done."""

    title: str
    fields: tuple[str, ...]
    """Of its form; those that end with a question mark may be left empty."""
    make: Callable[[Entered, DeviceModel], Draft]
    types: tuple[DataType, ...] = ()
    """Of the attributes that it is for; empty for all."""


def policy_form(kind: Kind, model: DeviceModel) -> vol.Schema:
    """Return the form of a kind."""
    schema: dict[vol.Marker, object] = {}
    for spelled in kind.fields:
        name = spelled.rstrip("?")
        marker = vol.Optional if spelled.endswith("?") else vol.Required
        schema[marker(name, default=DEFAULTS.get(name, vol.UNDEFINED))] = _selector(
            name, kind, model
        )
    return vol.Schema(schema)


def formulas_of(entered: Entered) -> dict[str, str]:
    """Return the formulas that were entered, by their fields or what they are of.

    Raises:
        WrongField: one is none.

    """
    found: dict[str, str] = {}
    for name in (CONF_FORMULA, CONF_CONDITION, CONF_CLEAR):
        if text := entered.get(name, "").strip():
            found[name] = text
    for line in entered.get(CONF_FIELDS, ()):
        name, equals, text = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise WrongField(CONF_FIELDS, "line_invalid", {"line": line})
        found[f"{CONF_FIELDS}: {name.strip()}"] = text.strip()
    for place, text in enumerate(entered.get(CONF_ARGUMENTS, ()), 1):
        found[f"{CONF_ARGUMENTS}: {place}"] = text.strip()
    return found


class WrongField(Exception):  # noqa: N818  (an outcome, not an error of the tree)
    """What is wrong with a field of a form."""

    def __init__(self, field: str, key: str, details: Mapping[str, str]) -> None:
        """Note the field, the key of the text, and what stands in that."""
        super().__init__(key)
        self.field = field
        self.key = key
        self.details = details


def check_formulas(formulas: Mapping[str, str], model: DeviceModel) -> None:
    """See whether formulas can be understood, and name what there is.

    Raises:
        WrongField: one cannot.

    """
    for about, text in formulas.items():
        try:
            for name in sorted(Formula.parse(text).names):
                _known(name, text, model)
        except FormulaError as err:
            name = about.partition(":")[0]
            raise WrongField(name, err.key, err.details) from err


def _known(name: str, text: str, model: DeviceModel) -> None:
    """See whether there is an attribute.

    Raises:
        FormulaError: there is none; says where it is named.

    """
    try:
        model.attribute(name)
    except UnknownElementError as err:
        place = re.search(rf"\$\$?\(\s*{re.escape(name)}\s*\)", text)
        raise FormulaError(
            column=place.start() + 1 if place else 1, problem=str(err)
        ) from err


def attributes_for(kind: Kind, model: DeviceModel) -> list[str]:
    """Return the attributes that a kind is for; formulas can name all of them."""
    return [
        name
        for name, leaf in model.leaves.items()
        if leaf.readable and not leaf.media_type and ")" not in name
        if not kind.types or leaf.type in kind.types
    ]


def _selector(name: str, kind: Kind, model: DeviceModel) -> object:
    """Return the selector of a field."""
    match name:
        case "attribute":
            return choice(attributes_for(kind, model))
        case "action":
            return choice([action.name for action in model.actions])
        case _:
            return SELECTORS.get(name, TextSelector())


SELECTORS: Final[Mapping[str, object]] = {
    CONF_AMOUNT: NumberSelector(
        NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
    ),
    CONF_EVERY: number(2, 100_000),
    CONF_WINDOW: seconds(1, WEEK),
    CONF_SLIDE: seconds(1, WEEK),
    CONF_FIGURE: choice(list(FIGURES), "figure"),
    CONF_TYPE: choice(list(TYPES), "type"),
    CONF_SEVERITY: choice([one.lower() for one in Severity], "severity"),
    CONF_FIELDS: TEXTS,
    CONF_ARGUMENTS: TEXTS,
    CONF_LEVEL: choice(["one-way", "two-way"], "privacy"),
    CONF_HASHING_KEY: SECRET,
}
DEFAULTS: Final[Mapping[str, object]] = {
    CONF_FIGURE: "mean",
    CONF_TYPE: "number",
    CONF_SEVERITY: "normal",
    CONF_LEVEL: "one-way",
}
