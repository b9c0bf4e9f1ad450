"""Samples: what a device sent, from which a draft of its model is made.

Any JSON object (the state of a device), a SenML pack (RFC 8428), or the messages of
some MQTT topics: ``{"topics": {topic: payload}, "base": topic}``. A sample shows names
and types; what the values mean, and what can be written, the user adds.
"""

from collections.abc import Mapping
import re
from typing import Final, NamedTuple

from ...model import Attribute, DeviceModel
from ...reading import Element, Remarks, Unusable
from ...redaction import redacted
from ...values import JsonValue
from ..format import ModelFormat, Source
from ..loaded import Loaded
from ..merging import merged
from ..typed import MAX_ELEMENTS
from ..urns import fingerprint
from . import pack, topics
from .inference import attributes_of

MODEL_KEYS: Final = ("urn", "openapi", "asyncapi", "homie", "model")
MODEL_SIGNS: Final = ("@", "$", "sdf")
"""Keys, and beginnings of keys, of documents that are meant as something else."""

_NO_PATH: Final = re.compile(r"^/|(^|/)\.\.?(/|$)")

NO_PLACES: Final = {
    "mqtt": re.compile(r"^/|[+#]"),
    "coap": _NO_PATH,
    "coap_listener": _NO_PATH,
}
"""What stands in names of values that can have no topic (MQTT 5 §4.7) or path (RFC
7252 §6.4) of their own. A slash in the beginning would lead away from the device."""


class Draft(NamedTuple):
    """What a sample shows."""

    name: str
    attributes: list[Attribute]
    layouts: Mapping[str, JsonValue]


def recognises(document: JsonValue) -> bool:
    """Whether a document may be a sample: it shows values, and is no model."""
    if not isinstance(document, Mapping):
        return pack.recognises(document)
    return bool(document) and not any(
        key in MODEL_KEYS or key.startswith(MODEL_SIGNS) for key in document
    )


def load(document: JsonValue, source: Source) -> Loaded:
    """Make a draft of a sample.

    Raises:
        ModelError: the sample shows no usable value.

    """
    remarks = Remarks()
    document = redacted(document)  # it is kept with the model
    try:
        draft = _draft(document, remarks)
    except Unusable as err:
        raise err.within(source.name) from err
    names = (leaf.name for one in draft.attributes for _path, leaf in one.leaves())
    return Loaded(
        model=DeviceModel(
            urn=f"urn:device-models:sample:{fingerprint(names)}",
            name=draft.name,
            draft=True,
            attributes=tuple(draft.attributes),
        ),
        layouts=draft.layouts,
        remarks=tuple(remarks.all),
        document=document,
    )


def again(before: JsonValue, now: JsonValue) -> JsonValue:
    """Return a sample with all that two samples of a device show.

    What is not in one of them was not sent just then; of what is in both, the type was
    seen before.
    """
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return now
    match topics.recognises(before), topics.recognises(now):
        case True, True:
            return topics.together(before, now)
        case False, False:
            return merged(now, before)
        case _:
            return now


def _draft(document: JsonValue, remarks: Remarks) -> Draft:
    """Return what a sample of any kind shows.

    Raises:
        Unusable: no value, or too many.

    """
    name = ""
    layouts: Mapping[str, JsonValue]
    if isinstance(document, list):
        attributes = pack.read(document, remarks)
        layouts = _layouts(attributes, {"mqtt": {"state": {"format": pack.CODEC}}})
    elif topics.recognises((top := Element.of(document, "")).content):
        name, attributes, layouts = topics.read(top, remarks)
    else:
        attributes = attributes_of(top, remarks)
        layouts = _layouts(attributes, {})
    if not attributes:
        about = f" ({remarks.all[0]})" if remarks.all else ""
        raise Unusable("", f"expected at least one value for an attribute{about}")
    if len(attributes) > MAX_ELEMENTS:
        raise Unusable("", f"expected at most {MAX_ELEMENTS} values")
    return Draft(name or "Sample", attributes, layouts)


def _layouts(
    attributes: list[Attribute], layouts: dict[str, dict[str, JsonValue]]
) -> dict[str, JsonValue]:
    """Return layouts in which no name has to be a topic or a path that it cannot be.

    Such values are in the message with all attributes only.
    """
    for connection, impossible in NO_PLACES.items():
        absent: dict[str, JsonValue] = {
            one.name: False for one in attributes if impossible.search(one.name)
        }
        if absent:
            layouts.setdefault(connection, {})["attributes"] = absent
    return {**layouts}


FORMAT: Final = ModelFormat(
    "sample payload",
    "an object of values, or a SenML pack",
    recognises,
    load,
    again,
)
