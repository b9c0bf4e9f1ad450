"""What an overlay can say about an element, and how each of it is read."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from homeassistant.components.sensor.const import SensorStateClass
from homeassistant.const import EntityCategory, Platform

from ..iot.reading import Element

type _Read = Callable[[Element, str], Any]


def _one_of(choices: type[StrEnum]) -> _Read:
    """Return a reader of Home Assistant's words."""

    def read(element: Element, key: str) -> StrEnum | None:
        spelled = element.text(key)
        if spelled and spelled not in choices:
            element.refuse(f"expected one of {', '.join(choices)}", key)
        return choices(spelled) if spelled else None

    return read


def _text(element: Element, key: str) -> str | None:
    """Return a text."""
    return element.text(key) or None


def _flag(element: Element, key: str) -> bool:
    """Return true or false."""
    return element.flag(key, default=True)


def _number(element: Element, key: str) -> float | None:
    """Return a number."""
    value = element.content[key]
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        element.refuse("expected a number", key)
    return value


def _factor(element: Element, key: str) -> float:
    """Return a number that one can divide by."""
    value = _number(element, key)
    return value or element.refuse("expected a number other than 0", key)


def _step(element: Element, key: str) -> float | None:
    """Return a number above 0."""
    step = _number(element, key)
    if step is not None and step <= 0:
        element.refuse("expected a number above 0", key)
    return step


def _mask(element: Element, key: str) -> int | None:
    """Return the bits that count, as a number or in hexadecimal."""
    value = element.content[key]
    if isinstance(value, str):
        try:
            value = int(value, 0)
        except ValueError:
            value = 0
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        element.refuse("expected a whole number above 0, such as 12 or 0x0C", key)
    return value


def _map(element: Element, key: str) -> tuple[float, float]:
    """Return scale and offset of a linear map: two values, and what they show as."""
    spelled = element.array(key)
    if len(spelled) != 4 or not all(
        isinstance(number, int | float) and not isinstance(number, bool)
        for number in spelled
    ):
        element.refuse("expected four numbers: [from, from, to, to]", key)
    low, high, to_low, to_high = (float(number) for number in spelled)  # type: ignore[arg-type]  # seen above
    if low == high or to_low == to_high:
        element.refuse("expected different numbers in each pair", key)
    scale = (to_high - to_low) / (high - low)
    return scale, to_low - low * scale


def _labels(element: Element, key: str) -> Mapping[str, str]:
    """Return what values are shown as."""
    labels = element.object(key)
    texts = {value: labels.required_text(value) for value in labels.content}
    if len(set(texts.values())) < len(texts):
        labels.refuse("expected different labels")
    return texts


FIELDS: Final[Mapping[str, _Read]] = {
    "name": _text,
    "platform": _one_of(Platform),
    "device_class": _text,
    "state_class": _one_of(SensorStateClass),
    "unit": _text,
    "category": _one_of(EntityCategory),
    "enabled": _flag,
    "min": _number,
    "max": _number,
    "step": _step,
}
"""What can be said about an element; ``null`` says that it has none."""

VALUE_FIELDS: Final[Mapping[str, _Read]] = {
    "scale": _factor,
    "offset": _number,
    "map": _map,
    "invert": _flag,
    "mask": _mask,
    "labels": _labels,
}
"""What can be said about the values of an attribute (``iot.transforms``)."""

COMPOSED_FIELDS: Final = ("name", "device_class", "category", "enabled")
"""What can be said about a composition, besides its roles."""
