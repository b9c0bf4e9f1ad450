"""Whether an element can play a role: what it holds, and what can be done with it."""

from collections.abc import Callable, Mapping
import math
from typing import Final

from ..iot.colors import MAX_PACKED
from ..iot.model import Action, Argument, Attribute
from ..iot.spelling import WORDS, as_text
from ..iot.units.words import words_of
from ..iot.values import DataType, Range
from .inference import unit_for
from .roles.rule import Access, Holds, Role

TEMPERATURES: Final = frozenset({"°C", "°F", "K"})

KELVIN: Final = Range(1000, 20000)
MIRED: Final = Range(50, 1000)
"""What lamps can do; no number is in both but the one that they share."""

MIRED_SPELLINGS: Final = frozenset(
    {"mired", "mireds", "mirek", "mireks", "MK⁻¹", "MK-1", "1/MK", "mrd"}
)
"""A millionth of the reciprocal of a kelvin, which few unit tables have."""

PERCENT: Final = Range(0, 100)


def fits(role: Role, element: Attribute | Action) -> bool:
    """Whether an element can play a role."""
    if isinstance(element, Action):
        if role.holds is Holds.COMMAND:
            return element.callable_without_input
        return role.holds is Holds.ORDER and orders_of(element, role) is not None
    possible = {
        Access.READ: element.readable,
        Access.ONLY_READ: element.readable and not element.writable,
        Access.WRITE: element.writable,
    }
    return possible[role.access] and _TESTS[role.holds](role, element)


def bounds_of(attribute: Attribute) -> Range | None:
    """Return the ends between which a level lies; None if they are not known."""
    bounds = attribute.range
    if bounds is None:
        return PERCENT if unit_for(attribute)[0].symbol == "%" else None
    known = math.isfinite(bounds.high) and 0 <= bounds.low < bounds.high
    return bounds if known else None


def meaning(role: Role, value: object, label: str = "") -> str | None:
    """Return what a choice means to a role, by its value or its label; None if nothing.

    ``FAN_ONLY``, ``fanOnly`` and *Fan only* are the same.
    """
    for text in (str(value), label):
        spelled = " ".join(words_of(text))
        if spelled in role.meanings:
            return role.meanings[spelled]
    return None


def meanings_of(choices: Attribute | Argument, role: Role) -> Mapping[str, str] | None:
    """Return what each choice means, by its text; None if one means nothing."""
    found: dict[str, str] = {}
    for choice in choices.enum:
        text = as_text(choice)
        known = meaning(role, text, choices.labels.get(text, ""))
        if known is None:
            return None
        found[text] = known
    return found or None


def orders_of(action: Action, role: Role) -> Mapping[str, str] | None:
    """Return what the choices of an action's only input mean; None if it has none."""
    if len(action.arguments) != 1:
        return None
    return meanings_of(action.arguments[0], role)


def is_mired(attribute: Attribute) -> bool | None:
    """Whether a colour temperature is in mired; None if there is no telling."""
    spelled = (attribute.unit or "").strip()
    if spelled in MIRED_SPELLINGS or spelled.lower() in MIRED_SPELLINGS:
        return True
    if spelled:
        return False if unit_for(attribute)[0].symbol == "K" else None
    bounds = attribute.range
    for known, mired in ((KELVIN, False), (MIRED, True)):
        if bounds and bounds.low in known and bounds.high in known:
            return mired
    return None


def _on_off(_role: Role, attribute: Attribute) -> bool:
    """Whether it is on or off, and nothing else."""
    if attribute.type is DataType.BOOLEAN:
        return True
    words = {WORDS.get(word) for word in _spelled(attribute)}
    return len(attribute.enum) == 2 and words == {True, False}


def _spelled(attribute: Attribute) -> tuple[str, ...]:
    """Return how the choices of an attribute are shown, in lower case."""
    texts = map(as_text, attribute.enum)
    return tuple(attribute.labels.get(text, text).lower() for text in texts)


def _number(_role: Role, attribute: Attribute) -> bool:
    """Whether it is a number that is measured, not chosen."""
    return attribute.type.is_numeric and not attribute.enum


def _level(role: Role, attribute: Attribute) -> bool:
    return _number(role, attribute) and bounds_of(attribute) is not None


def _temperature(role: Role, attribute: Attribute) -> bool:
    unit = unit_for(attribute)[0].symbol
    return _number(role, attribute) and (not unit or unit in TEMPERATURES)


def _colour_temperature(role: Role, attribute: Attribute) -> bool:
    return _number(role, attribute) and is_mired(attribute) is not None


def _colour(_role: Role, attribute: Attribute) -> bool:
    """Whether it is a text, or a number that can hold 24 bits."""
    if attribute.enum:
        return False
    if attribute.type is DataType.INTEGER:
        return attribute.range == Range(0, MAX_PACKED)
    return attribute.type is DataType.STRING


def _coordinate(_role: Role, attribute: Attribute) -> bool:
    known = attribute.type.is_numeric or attribute.type is DataType.STRING
    return known and not attribute.enum


def _text(_role: Role, attribute: Attribute) -> bool:
    return attribute.type is DataType.STRING and not attribute.enum


def _choice(_role: Role, attribute: Attribute) -> bool:
    return len(attribute.enum) > 1 and attribute.type is not DataType.BOOLEAN


def _words(role: Role, attribute: Attribute) -> bool:
    return meanings_of(attribute, role) is not None


_TESTS: Final[Mapping[Holds, Callable[[Role, Attribute], bool]]] = {
    Holds.ON_OFF: _on_off,
    Holds.NUMBER: _number,
    Holds.LEVEL: _level,
    Holds.TEMPERATURE: _temperature,
    Holds.COLOUR_TEMPERATURE: _colour_temperature,
    Holds.COLOUR: _colour,
    Holds.COORDINATE: _coordinate,
    Holds.TEXT: _text,
    Holds.CHOICE: _choice,
    Holds.WORDS: _words,
    Holds.ORDER: _words,
    Holds.COMMAND: lambda _role, _attribute: False,
}
