"""What a device that is not known yet has posted, as a model."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
import json
from typing import Final

from ...codecs import to_json
from ...errors import ModelError, PayloadError
from ...formats import Loaded, load_document
from ...redaction import is_secret, redacted
from ...values import JsonValue
from ..coap.request import split_path
from .exchange import JSON, TEXT, Incoming, Refusal
from .lately import Lately
from .layout import LAYOUT, Path

ALERT: Final = "alert"
"""The segment below which there are no values."""


async def described(lately: Lately, address: str, reference: str) -> Loaded:
    """Return the model of what was posted below a path.

    Raises:
        ModelError: it is no path, or nothing was posted that shows a value.

    """
    source = f"{address}/{reference}"
    try:
        base = tuple(split_path(reference)[0])
    except ValueError as err:
        raise ModelError(source=address, where="base", problem=str(err)) from err
    found = {
        request.path[len(base) :]: request
        for request, _ago in lately.all()
        if base and request.path[: len(base)] == base and len(request.path) > len(base)
    }
    if not found:
        others = sorted({"/".join(one.path[:-1]) for one, _ in lately.all()} - {""})
        known = f"; lately below: {', '.join(others)}"[:150] if others else ""
        problem = f"nothing was posted below /{reference} lately{known}"
        raise ModelError(source=source, where="", problem=problem)
    loaded = await asyncio.to_thread(load_document, _document(found), source)
    # Models of the library are compared by where they expect what, too.
    return replace(loaded, layouts={LAYOUT: {}, **loaded.layouts})


def _document(found: Mapping[Path, Incoming]) -> JsonValue:
    """Return the values of all messages as one sample, without secrets."""
    sample: dict[str, JsonValue] = {}
    for path, request in found.items():
        if path[0] == ALERT:
            continue
        name = "/".join(path)
        usual = JSON if name == "state" else TEXT
        try:
            decoded = request.read(usual)
        except PayloadError, Refusal:
            continue
        value = to_json(decoded.document)
        if isinstance(value, str) and decoded.untyped:
            value = _typed(value)
        if isinstance(value, Mapping) and name == "state":
            sample |= value
        elif name != "state":
            if decoded.sole is not None and isinstance(value, Mapping):
                value = value[decoded.sole]
            sample[name] = "" if is_secret(path[-1]) else value
    return redacted(sample)


def _typed(text: str) -> JsonValue:
    """Return what a text alone means: a number, true or false, or itself."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError, RecursionError:
        return text
    return value if isinstance(value, bool | int | float) else text
