"""Models whose elements belong together, and what is composed of them."""

from collections.abc import Mapping
from typing import Any

from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.composing import names_of
from custom_components.device_models.mapping.decisions import Decision, Kind

type Document = dict[str, Any]


def boolean(name: str, *, writable: bool = True, **more: Any) -> Document:
    """Return an attribute that is on or off."""
    return {"name": name, "type": "BOOLEAN", "writable": writable, **more}


def number(name: str, *, writable: bool = True, **more: Any) -> Document:
    """Return an attribute that is a number."""
    return {"name": name, "type": "NUMBER", "writable": writable, **more}


def percent(name: str, *, writable: bool = True, **more: Any) -> Document:
    """Return an attribute that is a whole number of percent."""
    spelled = {"type": "INTEGER", "range": "0,100", "unit": "%"}
    return {"name": name, "writable": writable, **spelled, **more}


def choice(name: str, *values: Any, writable: bool = True, **more: Any) -> Document:
    """Return an attribute that is one of several texts, or numbers."""
    kind = "STRING" if isinstance(values[0], str) else "INTEGER"
    return {
        "name": name,
        "type": kind,
        "enum": list(values),
        "writable": writable,
        **more,
    }


def text(name: str, *, writable: bool = False, **more: Any) -> Document:
    """Return an attribute that is a text."""
    return {"name": name, "type": "STRING", "writable": writable, **more}


def degrees(name: str, *, writable: bool = False, **more: Any) -> Document:
    """Return a temperature."""
    return number(name, writable=writable, **{"unit": "°C", **more})


def device(
    *attributes: Document,
    name: str = "X",
    overlay: Document | None = None,
    actions: tuple[str | Document, ...] = (),
    **more: Any,
) -> Document:
    """Return a device file."""
    acts = [{"name": one} if isinstance(one, str) else one for one in actions]
    model = {"urn": "urn:x", "name": name, "attributes": list(attributes), **more}
    if acts:
        model["actions"] = acts
    return {"model": model, "overlay": overlay or {}}


def composed(document: Document) -> dict[str, Decision]:
    """Return what is composed of a device file, by what it is called."""
    return composed_of(load_document(document, "x"))


def composed_of(loaded: Loaded) -> dict[str, Decision]:
    """Return what is composed of a model, by what it is called."""
    return {
        one.element: one
        for one in decide(loaded)
        if one.kind is Kind.COMPOSITION and one.composed
    }


def uses(document: Document) -> dict[str, Mapping[str, str]]:
    """Return the names of what is composed, by role."""
    return {element: names_of(one.uses) for element, one in composed(document).items()}
