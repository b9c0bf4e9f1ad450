"""Ranges and enumerations as authors of LwM2M objects spell them.

LwM2M Core 1.2 appendix D.1 says little of the syntax. Seen in the registry: ``0..100``,
``0-100``, ``[0,100]``, ``0:off,1:on``, ``0=Off; 1=On``, ``1,2,5`` and free text.
"""

from collections.abc import Mapping
import re
from typing import Final, NoReturn

from ...reading import Unusable
from ...values import MAX_INTEGER, MIN_INTEGER, DataType, Range

MAX_CHOICES: Final = 256

_NUMBER: Final = r"([+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?)"
_RANGE: Final = re.compile(rf"{_NUMBER}\s*(?:\.\.\.?|-|–|to)\s*{_NUMBER}")
_BRACKETS: Final = re.compile(rf"\[\s*{_NUMBER}\s*[,;]\s*{_NUMBER}\s*\]")
_SEPARATOR: Final = re.compile(r"\s*[,;|\n]\s*")
_CHOICE: Final = re.compile(r"([+-]?[0-9]{1,20})(?:\s*[:=]\s*(.*)|\s+-\s+(.*))?")

type Choices = Mapping[int | str, str]
"""Values, and what they are called."""


def read_range(spelled: str, kind: DataType) -> tuple[Range | None, Choices]:
    """Return bounds or choices; neither where there are none.

    Args:
        spelled: the text of ``RangeEnumeration``.
        kind: of the resource.

    Raises:
        Unusable: it is meant for people.

    """
    spelled = spelled.strip()
    match kind:
        case DataType.INTEGER | DataType.NUMBER:
            if found := _RANGE.fullmatch(spelled) or _BRACKETS.fullmatch(spelled):
                return _bounds(found[1], found[2], kind), {}
            if kind is DataType.INTEGER and spelled:
                return None, _numbered(spelled)
        case DataType.STRING if spelled and not _RANGE.match(spelled):
            return None, _words(spelled)
        case DataType.STRING:
            return None, {}  # bounds of its length, which nobody enters in vain
        case _:
            pass
    if spelled and not _RANGE.fullmatch(spelled):
        _refuse(spelled)
    return None, {}


def _bounds(low: str, high: str, kind: DataType) -> Range:
    """Return the bounds."""
    if kind is DataType.INTEGER and low.lstrip("+-").isdigit() and high.isdigit():
        bounds = Range(int(low), int(high))
    else:
        bounds = Range(float(low), float(high))
    if bounds.low > bounds.high:
        _refuse(f"{low}..{high}")
    return bounds


def _numbered(spelled: str) -> Choices:
    """Return numbers with their names."""
    choices: dict[int | str, str] = {}
    for part in _SEPARATOR.split(spelled, MAX_CHOICES):
        found = _CHOICE.fullmatch(part)
        if found is None or not MIN_INTEGER <= int(found[1]) <= MAX_INTEGER:
            _refuse(spelled)
        choices[int(found[1])] = (found[2] or found[3] or "").strip()
    return _several(choices, spelled)


def _words(spelled: str) -> Choices:
    """Return words, each of which is its own name."""
    parts = _SEPARATOR.split(spelled, MAX_CHOICES)
    if any(len(part.split()) != 1 for part in parts):
        _refuse(spelled)
    return _several(dict.fromkeys(parts, ""), spelled)


def _several(choices: dict[int | str, str], spelled: str) -> Choices:
    """Return the choices if there is something to choose."""
    if not 1 < len(choices) <= MAX_CHOICES:
        _refuse(spelled)
    return choices


def _refuse(spelled: str) -> NoReturn:
    """Say that a text is no range.

    Raises:
        Unusable: always.

    """
    raise Unusable("", f"expected a range such as 0..100, got {spelled[:40]!r}")
