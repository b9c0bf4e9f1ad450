"""What a person knows better about attributes whose types were guessed from values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from .model import Attribute, DeviceModel
from .values import DataType, JsonValue

TYPES: Final = tuple(one for one in DataType if one is not DataType.OBJECT)
"""The types that a value may have."""

type Corrections = Mapping[str, Mapping[str, JsonValue]]
"""By the full names of attributes: ``type``, and ``writable``."""


def corrected(model: DeviceModel, corrections: Corrections) -> DeviceModel:
    """Return a model whose guessed attributes are as a person says.

    What is not guessed, or not there, stays as it is: the model may be another one by
    now.
    """
    if not corrections:
        return model
    attributes = (_corrected(one, one.name, corrections) for one in model.attributes)
    return replace(model, attributes=tuple(attributes))


def _corrected(attribute: Attribute, name: str, corrections: Corrections) -> Attribute:
    """Return an attribute, and what is within, as a person says."""
    if attribute.type is DataType.OBJECT:
        members = (
            _corrected(one, f"{name}.{one.name}", corrections)
            for one in attribute.members
        )
        return replace(attribute, members=tuple(members))
    said = corrections.get(name, {}) if attribute.inferred else {}
    spelled, writable = said.get("type"), said.get("writable")
    if isinstance(spelled, str) and spelled in TYPES:
        attribute = replace(attribute, type=DataType(spelled))
    if isinstance(writable, bool):
        attribute = replace(attribute, writable=writable)
    return attribute
