"""The fields in which the user gives the arguments of a device's action."""

from collections.abc import Mapping
from datetime import datetime
import math
from typing import Any, Final

from homeassistant.util import dt as dt_util
import voluptuous as vol

from .iot.model import Action, Argument
from .iot.units import symbol
from .iot.values import DataType, Scalar
from .mapping.rules import humanised
from .mapping.titles import Titles

MAX_STEPS: Final = 256
"""Up to so many values are chosen with a slider; a byte is."""

MIN_STEP: Final = 0.001
"""The smallest step of a field for a number in Home Assistant."""


def schema_of(action: Action) -> vol.Schema:
    """Return which fields there are, and which are needed.

    The values are left to the model, which refuses what does not fit by name and
    reason, in the user's language.
    """
    return vol.Schema(
        {_key(argument): object for argument in action.arguments},
        extra=vol.PREVENT_EXTRA,
    )


def fields_of(action: Action, language: str | None) -> dict[str, dict[str, Any]]:
    """Return how the fields show, in the order of the model."""
    titles = Titles(language)
    return {argument.name: _field(argument, titles) for argument in action.arguments}


def _key(argument: Argument) -> vol.Marker:
    """Return the name of a field, and whether it is needed."""
    needed = argument.default is None and not argument.optional
    return (vol.Required if needed else vol.Optional)(argument.name)


def _field(argument: Argument, titles: Titles) -> dict[str, Any]:
    """Return how one field shows."""
    title = titles.of(argument)
    field: dict[str, Any] = {
        "name": title[0] if title else humanised(argument.name),
        "required": argument.default is None and not argument.optional,
        "selector": _selector(argument),
    }
    if argument.description:
        field["description"] = argument.description
    if argument.default is not None:
        field["default"] = _shown(argument, argument.default)
    return field


def _selector(argument: Argument) -> dict[str, Mapping[str, Any]]:
    """Return what a value of an argument is given with."""
    if argument.enum:
        options = [
            {"value": text, "label": argument.labels.get(text, text)}
            for text in map(str, argument.enum)
        ]
        return {"select": {"options": options, "mode": "dropdown"}}
    if argument.type.is_numeric:
        return {"number": _number(argument)}
    return _OF_TYPES[argument.type]


_OF_TYPES: Final[Mapping[DataType, dict[str, Mapping[str, Any]]]] = {
    DataType.BOOLEAN: {"boolean": {}},
    DataType.DATETIME: {"datetime": {}},
    DataType.STRING: {"text": {}},
    DataType.URI: {"text": {"type": "url"}},
    DataType.OBJECT: {"object": {}},
}


def _number(argument: Argument) -> dict[str, Any]:
    """Return the bounds, the step and the unit of a number."""
    whole = argument.type is DataType.INTEGER
    step = argument.step or (1 if whole else None)
    shown: dict[str, Any] = {
        "step": "any" if step is None else max(step, MIN_STEP),
        "mode": "box",
    }
    if argument.unit:
        shown["unit_of_measurement"] = symbol(argument.unit)
    if argument.range is not None:
        low, high = argument.range.ends
        ends = {"min": low, "max": high}
        shown |= {end: bound for end, bound in ends.items() if math.isfinite(bound)}
        if step and (high - low) / step < MAX_STEPS:
            shown["mode"] = "slider"
    return shown


def _shown(argument: Argument, value: Scalar) -> bool | int | float | str:
    """Return a value as its field shows it."""
    match value:
        case datetime():
            return f"{dt_util.as_local(value):%Y-%m-%d %H:%M:%S}"
        case _ if argument.enum:
            return str(value)
        case _:
            return value
