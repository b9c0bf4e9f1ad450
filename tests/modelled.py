"""Models made for one test, and what becomes of them."""

import json
from typing import Any

from custom_components.device_models.iot.formats import Loaded, load
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.decisions import Decision


def loaded(
    *attributes: dict[str, Any], overlay: dict[str, Any] | None = None, **more: Any
) -> Loaded:
    """Return a model with these attributes."""
    model = {"urn": "urn:x", "name": "X", "attributes": list(attributes)} | more
    return load(json.dumps({"model": model, "overlay": overlay or {}}).encode(), "x")


def decided(overlay: dict[str, Any] | None = None, **attribute: Any) -> Decision:
    """Return what becomes of one attribute."""
    attribute = {"name": "a"} | attribute
    shown = {"attributes": {attribute["name"]: overlay}} if overlay else None
    (decision,) = decide(loaded(attribute, overlay=shown))
    return decision


def number(name: str, unit: str | None = None, **more: Any) -> Decision:
    """Return what becomes of a number."""
    return decided(name=name, type="NUMBER", unit=unit or "", **more)
