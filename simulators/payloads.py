"""Values to payload bytes and back, in the formats that the simulators speak.

Content-Format numbers: RFC 7252 §12.3 and the IANA registry; SenML: RFC 8428.
"""

from collections.abc import Mapping
from enum import IntEnum
import json
from typing import Any, Final

import cbor2

from custom_components.device_models.iot.values import DataType, JsonValue

from .picture import picture


class Media(IntEnum):
    """The CoAP Content-Formats that the simulators know."""

    TEXT = 0
    PNG = 23
    """Of what has a content: a picture that stands for the value of its URI."""
    JSON = 50
    CBOR = 60
    SENML_JSON = 110
    SENML_CBOR = 112


LABELS: Final = {"bn": -2, "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4}
"""What stands for the names in CBOR (RFC 8428 §6)."""


class UnreadableError(Exception):
    """A payload is not what its format says."""


def encode(
    value: JsonValue,
    media: Media,
    *,
    name: str = "",
    units: Mapping[str, str | None] | None = None,
) -> bytes:
    """Return a value as payload.

    Args:
        value: what to say.
        media: in which format.
        name: how a SenML record calls it.
        units: for SenML too, by the full name of what is measured.

    """
    match media:
        case Media.TEXT:
            return to_text(value).encode()
        case Media.PNG:
            return picture(to_text(value))
        case Media.CBOR:
            return cbor2.dumps(value)
        case Media.SENML_JSON:
            return _json(_records(value, name, units or {}))
        case Media.SENML_CBOR:
            records = _records(value, name, units or {})
            return cbor2.dumps(
                [{LABELS[key]: item for key, item in one.items()} for one in records]
            )
        case _:
            return _json(value)


def decode(payload: bytes, media: Media, kind: DataType | None = None) -> Any:
    """Return what a payload says; ``kind`` tells how text is meant.

    Raises:
        UnreadableError: it is not what the format says.

    """
    try:
        match media:
            case Media.TEXT:
                return from_text(payload.decode(), kind or DataType.STRING)
            case Media.CBOR:
                return cbor2.loads(payload)
            case Media.SENML_JSON:
                return _from_records(json.loads(payload))
            case Media.SENML_CBOR:
                names = {label: name for name, label in LABELS.items()}
                return _from_records(
                    [
                        {names.get(key, key): item for key, item in one.items()}
                        for one in cbor2.loads(payload)
                    ]
                )
            case _:
                return json.loads(payload)
    except (
        ValueError, TypeError, AttributeError, RecursionError, cbor2.CBORDecodeError,
    ) as err:  # fmt: skip
        raise UnreadableError(f"not {media.name}: {err}"[:120]) from err


def to_text(value: JsonValue) -> str:
    """Return a value as plain text: number, true/false, text, or JSON."""
    return value if isinstance(value, str) else _json(value).decode()


def from_text(text: str, kind: DataType) -> Any:
    """Return what plain text means for a type.

    Raises:
        UnreadableError: it means nothing.

    """
    if kind in {DataType.STRING, DataType.URI}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise UnreadableError(f"not {kind.value}: {text[:40]!r}") from err


def _json(value: object) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _records(
    value: JsonValue, name: str, units: Mapping[str, str | None]
) -> list[dict[str, JsonValue]]:
    """Return the SenML records of a value; objects have one for each member."""
    if isinstance(value, Mapping):
        prefix = f"{name}." if name else ""
        return [
            record
            for key, inner in value.items()
            for record in _records(inner, f"{prefix}{key}", units)
        ]
    record: dict[str, JsonValue] = {"n": name}
    if unit := units.get(name):
        record["u"] = {"°C": "Cel"}.get(unit, unit)
    key = {bool: "vb", str: "vs"}.get(type(value), "v")
    return [record | {key: value}]


def _from_records(records: object) -> JsonValue:
    """Return the object that SenML records make, or the value of a nameless one.

    Raises:
        ValueError: they are not SenML.

    """
    if not isinstance(records, list) or not records:
        raise ValueError("expected an array of records")
    base = ""
    found: dict[str, JsonValue] = {}
    for record in records:
        if not isinstance(record, dict):
            raise ValueError("expected an array of records")  # noqa: TRY004
        base = str(record.get("bn", base))
        values = [record[key] for key in ("v", "vs", "vb") if key in record]
        if values:
            found[base + str(record.get("n", ""))] = values[0]
    if set(found) == {""}:
        return found[""]
    return _nested(found)


def _nested(flat: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return dotted names as objects within objects."""
    nested: dict[str, JsonValue] = {}
    for name, value in flat.items():
        *outer, last = name.split(".")
        place: dict[str, JsonValue] = nested
        for step in outer:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                raise ValueError(f"{name} is within a value")  # noqa: TRY004
            place = inner
        place[last] = value
    return nested
