"""What a device has where on a CoAP endpoint, and how places are read from a file."""

from collections.abc import Iterable
from dataclasses import dataclass

from ...reading import Element
from ..resources import Places
from .delivery import ANY, Delivery
from .request import Method, split_path
from .resource import Resource, Target, Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class CoapLayout(Places[Resource, Writing, Target]):
    """All resources of one device."""

    delivery: Delivery = ANY
    """How messages are sent of which nothing else is said."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one device, without queries."""

    values: frozenset[str]
    others: frozenset[str]
    """Those of actions and alerts."""
    secret: frozenset[str]
    """Those where a value is a secret."""


def without_query(paths: Iterable[str]) -> frozenset[str]:
    """Return paths without what is asked for at them."""
    return frozenset(path.partition("?")[0] for path in paths)


def method_of(element: Element, key: str, known: tuple[Method, ...]) -> Method:
    """Return a method that an override names, or the first of those there are."""
    name = element.text(key).upper()
    if not name:
        return known[0]
    for method in known:
        if method.name == name:
            return method
    element.refuse(f"expected one of {', '.join(one.name for one in known)}", key)


def checked(element: Element, path: str) -> str:
    """Return the path if it can be sent."""
    try:
        split_path(path)
    except ValueError as err:
        element.refuse(f"expected a path: {err}")
    return path
