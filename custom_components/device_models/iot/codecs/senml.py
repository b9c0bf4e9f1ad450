"""SenML packs, RFC 8428, in JSON and in CBOR.

A pack becomes a flat map of names to values. A value stands under its full name (base
name and name) and, where that is not ambiguous, under its own.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
import math
from typing import Any, ClassVar, Final, override

from ..values import EPOCH
from .cbor import Cbor
from .codec import MAX_NODES, Codec, Decoded, Document
from .json import Json
from .scalars import from_scalar

RELATIVE_LIMIT: Final = 2**28
"""§4.5.3: smaller times are relative to now."""

KNOWN_FEATURES: Final = 0b11010
"""RFC 9100 §2: the version is a set of features. These are the bits of version 10, and
secondary units."""

LABELS: Final[Mapping[object, str]] = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 6: "t", 8: "vd",
}  # fmt: skip
"""The numbers that stand for names in CBOR (§6); of those that count here."""

BASE: Final = ("bn", "bt", "bu", "bv")
"""What holds for the records that come after, too."""

MAX_CBOR_BYTES: Final = 32 * 1024
"""Numbers and arrays as keys can be chosen so that a large map takes seconds to build.
With them, a payload must be smaller than others."""

NUMBERS: Final = {label: number for number, label in LABELS.items()}


class _Pack:
    """The records of a pack, with base values applied."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._now = datetime.now(UTC)
        self._values: dict[str, Document] = {}
        self._times: dict[str, datetime] = {}
        self._units: dict[str, str] = {}
        self._full_names: dict[str, set[str]] = {}

    def read(self, pack: object) -> Decoded:
        """Return the pack as a document."""
        if not isinstance(pack, list) or len(pack) > MAX_NODES:
            self._codec.refuse("expected an array of records")
        base: dict[str, Any] = {}
        for record in pack:
            if not isinstance(record, Mapping):
                self._codec.refuse("expected an object as record")
            entry: dict[object, Any] = {
                LABELS.get(key, key): item for key, item in record.items()
            }
            self._must_know(entry)
            base |= {key: entry[key] for key in BASE if key in entry}
            self._take(entry, base)
        sole = next(iter(self._values)) if len(self._values) == 1 else None
        self._add_own_names()
        self._codec.bounded(self._values)
        return Decoded(
            self._values, self._times, flat=True, units=self._units, sole=sole
        )

    def _must_know(self, entry: Mapping[object, Any]) -> None:
        """Refuse a record that says it means something else to those who know more."""
        version = entry.get("bver", 10)
        if not isinstance(version, int) or version & ~KNOWN_FEATURES:
            self._codec.refuse(f"unknown version {version!r}"[:80])
        for label in entry:
            if isinstance(label, str) and label.endswith("_"):
                self._codec.refuse(f"unknown field {label[:40]!r}")

    def _take(self, entry: Mapping[object, Any], base: Mapping[str, Any]) -> None:
        """Note the value of a record, unless there is a later one of that name."""
        label = next((key for key in ("v", "vb", "vs", "vd") if key in entry), None)
        if label is None:
            return  # base values alone, or a sum
        name, base_name = entry.get("n", ""), base.get("bn", "")
        if not isinstance(name, str) or not isinstance(base_name, str):
            self._codec.refuse("expected a text as name")
        full = base_name + name
        moment = self._time(entry.get("t"), base.get("bt"))
        earlier = (moment or self._now) < self._times.get(full, self._now)
        if full in self._values and earlier:
            return
        self._values[full] = self._value(label, entry[label], base.get("bv"))
        self._times.pop(full, None)
        if moment is not None:
            self._times[full] = moment
        unit = entry.get("u", base.get("bu"))
        if isinstance(unit, str) and unit:
            self._units[full] = unit
        self._full_names.setdefault(name, set()).add(full)

    def _add_own_names(self) -> None:
        """Let values be found without their base names."""
        for name, full_names in self._full_names.items():
            if name and name not in self._values and len(full_names) == 1:
                (full,) = full_names
                self._values[name] = self._values[full]
                if full in self._times:
                    self._times[name] = self._times[full]
                if full in self._units:
                    self._units[name] = self._units[full]

    def _value(self, label: str, value: Any, base: Any) -> Document:
        """Return the value of a record; a type that is wrong its attribute refuses."""
        if label == "v" and base is not None and _is_number(value):
            return self._sum(value, base)
        if label == "vd" and isinstance(value, str):
            try:
                padded = value + "=" * (-len(value) % 4)
                return base64.b64decode(padded, altchars=b"-_", validate=True)
            except ValueError:
                self._codec.refuse("expected base64url as data")
        return value  # type: ignore[no-any-return]  # bounded shows what it is

    def _time(self, own: Any, base: Any) -> datetime | None:
        """Return the time of a record; None where it says nothing of it."""
        if own is None and base is None:
            return None
        seconds = self._sum(0 if own is None else own, 0 if base is None else base)
        if seconds < RELATIVE_LIMIT:
            seconds += (self._now - EPOCH).total_seconds()
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except OverflowError, OSError, ValueError:
            self._codec.refuse("time out of range")

    def _sum(self, own: Any, base: Any) -> int | float:
        """Return a number with its base number added."""
        if not _is_number(own) or not _is_number(base):
            self._codec.refuse("expected a number as time or base value")
        try:
            total: int | float = own + base
        except OverflowError:  # a fraction, and whole number beyond all fractions
            return math.inf
        return total


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _records(
    document: Document, codec: Codec, name: str = ""
) -> Iterator[dict[str, Document]]:
    """Yield the records that say the same as a document; members have dotted names."""
    record: dict[str, Document] = {"n": name} if name else {}
    match document:
        case Mapping():
            for key, value in document.items():
                yield from _records(value, codec, f"{name}.{key}" if name else key)
        case bool():
            yield record | {"vb": document}
        case int() | float():
            yield record | {"v": document}
        case str():
            yield record | {"vs": document}
        case bytes():
            yield record | {"vd": document}
        case datetime():
            yield record | {"v": from_scalar(document)}
        case _:
            codec.refuse(f"{name or 'this'} cannot be written as a record")


class SenMLJson(Json):
    """SenML in JSON, §5."""

    name = "senml+json"
    content_format = 110
    media_type = "SenML JSON"

    @override
    def decode(self, payload: bytes) -> Decoded:
        return _Pack(self).read(self._parse(payload))

    @override
    def encode(self, document: Document) -> bytes:
        records = list(_records(document, self))
        for record in records:
            if isinstance(data := record.get("vd"), bytes):
                record["vd"] = base64.urlsafe_b64encode(data).decode().rstrip("=")
        return self._write(records)


class SenMLCbor(Cbor):
    """SenML in CBOR, §6."""

    name = "senml+cbor"
    content_format = 112
    media_type = "SenML CBOR"
    _text_keys: ClassVar[bool] = False

    @override
    def decode(self, payload: bytes) -> Decoded:
        if len(payload) > MAX_CBOR_BYTES:
            self.refuse(f"{len(payload)} bytes; at most {MAX_CBOR_BYTES} are read")
        return _Pack(self).read(self._parse(payload))

    @override
    def encode(self, document: Document) -> bytes:
        return self._write(
            [
                {NUMBERS[key]: value for key, value in record.items()}
                for record in _records(document, self)
            ]
        )
