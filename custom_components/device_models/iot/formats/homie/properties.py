"""What the properties of a Homie device hold: datatypes, formats and units."""

from collections.abc import Callable, Mapping
import math
import re
from typing import Final, TypedDict

from ...colors import Spelling
from ...reading import Element, Remarks
from ...values import DataType, JsonValue, Range

TYPES: Final[Mapping[str, DataType]] = {
    "integer": DataType.INTEGER,
    "float": DataType.NUMBER,
    "percent": DataType.NUMBER,
    "boolean": DataType.BOOLEAN,
    "string": DataType.STRING,
    "enum": DataType.STRING,
    "color": DataType.STRING,
    "datetime": DataType.DATETIME,
    "duration": DataType.STRING,
    "json": DataType.STRING,
}
"""Convention 5, "Payload"; ``percent`` was in drafts between 4 and 5. Colours,
durations and JSON stay the texts that they are on the wire."""

COUNT: Final = "#"
"""Convention, "Units": a count or an amount, which is no unit to be shown."""

MAX_CHOICES: Final = 500

_NUMBER: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_BOUNDS: Final = re.compile(
    rf"\s*({_NUMBER})?\s*:\s*({_NUMBER})?\s*(?::\s*({_NUMBER}))?\s*", re.ASCII
)
"""Convention 5, "Formats": ``[min]:[max][:step]``."""


class Held(TypedDict):
    """What attributes, arguments and fields have in common here."""

    type: DataType
    range: Range | None
    step: float | None
    enum: tuple[str, ...]
    labels: Mapping[str, str]
    unit: str | None
    source: Mapping[str, JsonValue]


def held(element: Element, remarks: Remarks) -> Held:
    """Return what a property holds; a format that is not understood is a remark.

    Raises:
        Unusable: its datatype is not known, or an entry is of the wrong type.

    """
    datatype = element.required_text("datatype")
    if datatype not in TYPES:
        problem = f"expected one of {', '.join(TYPES)}, got {datatype[:40]!r}"
        element.refuse(problem, "datatype")
    unit = element.text("unit").strip() or ("%" if datatype == "percent" else "")
    common = Held(
        type=TYPES[datatype],
        range=None,
        step=None,
        enum=(),
        labels={},
        unit=None if unit == COUNT else unit or None,
        source=element.content,
    )
    spelled = element.text("format")
    if datatype in FORMATS and (spelled or datatype == "enum"):
        try:
            FORMATS[datatype](common, spelled)
        except ValueError as err:
            remarks.add(element.at("format"), f"{err}, got {spelled[:40]!r}")
    return common


COLORS: Final[Mapping[str, tuple[Spelling, Spelling]]] = {
    "rgb": (Spelling.RGB, Spelling.NAMED_RGB),
    "hsv": (Spelling.HSV, Spelling.NAMED_HSV),
}
"""How colours of a format are spelled: until version 4, and since version 5."""


def color_terms(element: Element, *, named: bool) -> tuple[str, ...]:
    """Return how a property spells colours; nothing if it holds none.

    Args:
        element: the property.
        named: whether a colour begins with its format, as since version 5.

    """
    if element.text("datatype") != "color":
        return ()
    formats = [one.strip() for one in element.text("format").split(",")]
    return tuple(str(COLORS[one][named]) for one in formats if one in COLORS)


def _bounds(common: Held, spelled: str) -> None:
    """Note range and step of a number; an end may be open.

    Raises:
        ValueError: the format is none.

    """
    found = _BOUNDS.fullmatch(spelled)
    if found is None:
        raise ValueError("expected bounds such as 0:100")
    low, high, step = found.groups()
    bounds = Range(
        -math.inf if low is None else _finite(low),
        math.inf if high is None else _finite(high),
    )
    if bounds.low > bounds.high:
        raise ValueError("expected the lower number first")
    distance = None if step is None else _finite(step)
    if distance is not None and distance <= 0:
        raise ValueError("expected a step above 0")
    common["range"] = None if low is None and high is None else bounds
    common["step"] = distance


def _finite(spelled: str) -> float:
    """Return a number; a whole one stays exact.

    Raises:
        ValueError: it is too large.

    """
    number = float(spelled)
    if not math.isfinite(number):
        raise ValueError("expected finite numbers")
    try:
        return int(spelled)
    except ValueError:
        return number


def _choices(common: Held, spelled: str) -> None:
    """Note the values of an enumeration; spaces are a part of them.

    Raises:
        ValueError: there are none, or too many.

    """
    choices = tuple(dict.fromkeys(filter(None, spelled.split(","))))
    if not 0 < len(choices) <= MAX_CHOICES:
        raise ValueError(f"expected 1 to {MAX_CHOICES} values such as low,high")
    common["enum"] = choices


def _labels(common: Held, spelled: str) -> None:
    """Note what false and true are called: a format is no payload here.

    Raises:
        ValueError: there are not two of them.

    """
    labels = [label.strip() for label in spelled.split(",")]
    if len(labels) != 2 or not all(labels) or labels[0] == labels[1]:
        raise ValueError("expected two labels such as off,on")
    if labels != ["false", "true"]:
        common["labels"] = dict(zip(("false", "true"), labels, strict=True))


FORMATS: Final[Mapping[str, Callable[[Held, str], None]]] = {
    "integer": _bounds,
    "float": _bounds,
    "percent": _bounds,
    "enum": _choices,
    "boolean": _labels,
}
