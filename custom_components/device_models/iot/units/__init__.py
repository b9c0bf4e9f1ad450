"""Units as models spell them, to the units of Home Assistant.

``unit_of`` reads what stands where a model has a unit; ``unit_in_prose`` looks for one
in a description. The table of units is in ``table``, how people write in ``spelling``.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from .spelling import folded
from .table import HINTED, KNOWN, NAMESPACES, OTHERS, Row

MICRO_SIGN: Final = "\u00b5"
GREEK_MU: Final = "\u03bc"

MAX_SPELLING: Final = 80
"""Characters of the longest spelling that is looked up; IRIs are among them."""

QUDT: Final = "QUDT"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is shown, and how a number in the spelled one becomes one in it."""

    symbol: str
    """Empty for a plain number."""
    scale: float = 1.0
    offset: float = 0.0
    why: str = ""
    """Which spelling it was (``SenML Cel``); empty for the symbol itself, and for what
    is not known and kept as it is."""
    quantity: str = ""
    """What is measured, where this very spelling says so: ``%RH`` is a humidity."""


def unit_of(spelled: str, *, is_temperature: bool = False) -> Unit:
    """Return the unit that a model means; an unknown one is kept as it is spelled.

    Args:
        spelled: a code, a symbol, a name, or a term or an IRI of a vocabulary.
        is_temperature: whether other things say that a temperature is measured. ``C``
            is coulomb otherwise (RFC 8428 §12.1).

    """
    text = spelled.strip().replace(MICRO_SIGN, GREEK_MU)
    if is_temperature and (symbol := HINTED.get(text.casefold())):
        return Unit(symbol, why=f"spelled {text} of a temperature")
    return _known(text) or Unit(text)


def known(spelled: str) -> Unit | None:
    """Return the unit that a text spells, if it is one that is known."""
    return _known(spelled.strip().replace(MICRO_SIGN, GREEK_MU))


def symbol(unit: str) -> str:
    """Return the symbol of a unit that is the same without a factor.

    One that is only a multiple of a unit of Home Assistant stays as it is.
    """
    found = unit_of(unit)
    plain = (found.scale, found.offset) == (1.0, 0.0)
    return found.symbol if plain else unit.strip()


@lru_cache(maxsize=1024)
def _known(text: str) -> Unit | None:
    """Return what the tables say of a spelling."""
    if not text or len(text) > MAX_SPELLING:
        return None
    codes, names, qudt = _tables()
    vocabulary, local = _local(text)
    if vocabulary == QUDT and (row := qudt.get(local)):
        return _unit(row, f"QUDT {local}")
    if vocabulary != QUDT and (found := codes.get(local)):
        origin, row = found[0] or vocabulary, found[1]
        if text == row.symbol:
            return _unit(row, "")
        return _unit(row, f"{origin} {local}" if origin else f"spelled {local}")
    if row := names.get(folded(local)):
        return _unit(row, f"{vocabulary} {local}" if vocabulary else f"spelled {local}")
    if len(local) > 3 and (row := qudt.get(local)):
        return _unit(row, f"QUDT {local}")
    return None


def _unit(row: Row, why: str) -> Unit:
    """Return the unit of a row."""
    return Unit(row.symbol, row.scale, row.offset, why, row.quantity)


def _local(text: str) -> tuple[str, str]:
    """Return the vocabulary of a term, if it says so, and what is left of it."""
    for start, vocabulary in NAMESPACES.items():
        if text.startswith(start):
            # A DTMI ends in a version: dtmi:standard:unit:degreeCelsius;2
            return vocabulary, text.removeprefix(start).partition(";")[0]
    return "", text


type _Codes = dict[str, tuple[str, Row]]


@cache
def _tables() -> tuple[_Codes, dict[str, Row], dict[str, Row]]:
    """Return the rows by exact code with its vocabulary, by name, and by QUDT's."""
    codes: _Codes = {}
    names: dict[str, Row] = {}
    qudt: dict[str, Row] = {}
    for row in (*KNOWN, *OTHERS):
        if row.is_the_symbols and row.symbol:
            codes.setdefault(row.symbol, ("", row))
        for vocabulary, listed in row.codes:
            for code in listed.split():
                codes.setdefault(code, (vocabulary, row))
        for name in row.names.split():
            names.setdefault(folded(name), row)
        for code in row.qudt.split():
            qudt.setdefault(code, row)
    return codes, names, qudt
