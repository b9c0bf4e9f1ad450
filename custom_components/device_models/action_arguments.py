"""What people and templates give for arguments and attributes, as the model has it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .iot.model import Action, Typed
from .iot.values import DataType

MAX_NUMBER: Final = 40
"""Characters of a number that is given as a text."""


def meant(action: Action, given: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments of an action in the types of its model.

    A template makes a number of what should be a text, and a text of what should be a
    number; an input that is empty gives nothing. What cannot be told stays as it is:
    the model refuses it.
    """
    known = {argument.name: argument for argument in action.arguments}
    return {
        name: typed(known[name], value) if name in known else value
        for name, value in given.items()
        if value is not None or name not in known
    }


def typed(element: Typed, value: object) -> object:
    """Return a value in the type of an element, if that can be told."""
    if isinstance(value, str):
        for choice in element.enum:
            if str(choice) == value:
                return choice
    match element.type, value:
        case ((DataType.INTEGER | DataType.NUMBER), str()):
            return _number(value)
        case DataType.BOOLEAN, (str() | 0 | 1):
            with suppress(vol.Invalid):
                return cv.boolean(value)
        case ((DataType.STRING | DataType.URI), (int() | float())):
            return str(value)
        case DataType.DATETIME, str():
            with suppress(ValueError):
                return _zoned(dt_util.parse_datetime(value)) or value
        case DataType.DATETIME, datetime():
            return _zoned(value)
    return value


def _number(text: str) -> object:
    """Return the number that a text is; the text if it is none."""
    plain = text.strip()
    if len(plain) > MAX_NUMBER or "_" in plain:
        return text
    for kind in (int, float):
        with suppress(ValueError):
            return kind(plain)
    return text


def _zoned(time: datetime | None) -> datetime | None:
    """Return a time; one without a zone is of the home's."""
    if time is None or time.tzinfo is not None:
        return time
    return time.replace(tzinfo=dt_util.get_default_time_zone())
