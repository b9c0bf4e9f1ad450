"""Reading what the attributes, arguments and fields of a model have in common.

Protocol sheet "Oracle IoT" §1.2. Which keys are our own is said in ``oracle``.
"""

import math
import re
from typing import Final

from ...errors import DeviceModelsError
from ...model import Argument
from ...reading import Element
from ...values import DataType, JsonValue, Range, Scalar
from ..typed import MAX_NAME_BYTES, Common, read_texts

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_name(element: Element) -> str:
    """Return the name of an element."""
    name = element.required_text("name")
    if not name.isprintable() or len(name.encode()) >= MAX_NAME_BYTES:
        element.refuse("expected a printable name below 2048 bytes", "name")
    return name


def read_common(element: Element, *, scalar: bool = False) -> Common:
    """Return what attributes, arguments and fields have in common."""
    name = read_name(element)
    kinds = [kind for kind in DataType if kind is not DataType.OBJECT or not scalar]
    spelled = element.required_text("type")
    if spelled not in kinds:
        element.refuse(f"expected one of {', '.join(kinds)}, got {spelled!r}", "type")
    kind = DataType(spelled)
    bounds = _range(element, kind)
    enum: tuple[Scalar, ...] = ()
    default: Scalar | None = None
    if kind is not DataType.OBJECT:
        held = Argument(name=name, type=kind, range=bounds)
        enum = tuple(
            _checked(element, held, choice, "enum") for choice in element.array("enum")
        )
        if len(set(enum)) < len(enum):
            element.refuse("expected different values", "enum")
        # The default is not held to the range: vendors' files begin outside of it.
        free = Argument(name=name, type=kind)
        if (spelled_default := element.content.get("defaultValue")) is not None:
            default = _checked(element, free, spelled_default, "defaultValue")
    return Common(
        name=name,
        type=kind,
        description=element.text("description"),
        title=element.text("title"),
        titles=read_texts(element, "titles"),
        range=bounds,
        step=_step(element),
        unit=element.text("unit") or None,
        enum=enum,
        labels=read_texts(element, "labels"),
        default=default,
        source=element.content,
    )


def _checked(element: Element, shape: Argument, value: JsonValue, key: str) -> Scalar:
    """Return a value of the file, validated."""
    try:
        return shape.validate(value)
    except DeviceModelsError as err:
        element.refuse(err.details.get("problem", str(err)), key)


def _range(element: Element, kind: DataType) -> Range | None:
    """Return the bounds, of numbers only: one text "low,high" (§1.2).

    Instead of it there may be our own ``minimum`` and ``maximum``, or one of them.
    """
    spelled = element.content.get("range")
    if not kind.is_numeric:
        return None
    if spelled is None:
        return _open_range(element)
    parts = spelled.split(",") if isinstance(spelled, str) else []
    if len(parts) != 2 or not all(_NUMBER.fullmatch(part.strip()) for part in parts):
        element.refuse('expected two numbers such as "0,100"', "range")
    if not all(math.isfinite(float(part)) for part in parts):
        element.refuse("expected two finite numbers", "range")
    low, high = (_bound(part.strip()) for part in parts)
    if low > high:
        element.refuse("expected the lower number first", "range")
    return Range(low, high)


def _open_range(element: Element) -> Range | None:
    """Return the bounds that ``minimum`` and ``maximum`` say."""
    low, high = (_limit(element, key) for key in ("minimum", "maximum"))
    if low is None and high is None:
        return None
    bounds = Range(
        -math.inf if low is None else low, math.inf if high is None else high
    )
    if bounds.low > bounds.high:
        element.refuse("expected at least the minimum", "maximum")
    return bounds


def _limit(element: Element, key: str) -> float | None:
    """Return one bound, if there is one."""
    value = element.content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        element.refuse("expected a number", key)
    return value


def _bound(spelled: str) -> float:
    """Return a bound; a whole number stays one, to be exact beyond 53 bits."""
    try:
        return int(spelled)
    except ValueError:
        return float(spelled)


def _step(element: Element) -> float | None:
    """Return the step between two values."""
    step = element.content.get("step")
    if step is None:
        return None
    if isinstance(step, bool) or not isinstance(step, int | float) or not step > 0:
        element.refuse("expected a number above 0", "step")
    return float(step)
