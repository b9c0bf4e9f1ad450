"""Payload bytes to documents and back, and documents to values.

A codec turns bytes into a *document* (what JSON is made of, plus bytes and times) and
back. Content-Format numbers are those of the IANA registry "CoAP Content-Formats".
Everything from the wire is bounded in size, depth and type before anyone looks at it.
"""

from abc import ABC, abstractmethod
import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import io
import json
from typing import Any, ClassVar, Final, NoReturn, override

import cbor2

from .errors import PayloadError, ValueRefusedError
from .model import Attribute, Typed
from .values import DataType, JsonValue, Scalar

type Document = (
    bool
    | int
    | float
    | str
    | bytes
    | datetime
    | list[Document]
    | Mapping[str, Document]
    | None
)
"""A decoded payload."""

MAX_PAYLOAD_BYTES: Final = 256 * 1024
"""Far above what a device sends of itself, far below what would hold up the loop."""

MAX_DEPTH: Final = 16
MAX_NODES: Final = 20_000
"""How deep and how large a decoded payload may be; CBOR expands far beyond its size."""

SENML_RELATIVE_LIMIT: Final = 2**28
"""RFC 8428 §4.5.3: smaller SenML times are relative to now."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded payload; ``times`` names the parts that say what time they are of."""

    document: Document
    times: Mapping[str, datetime] = field(default_factory=dict)
    untyped: bool = False
    """Whether every value came as text, to be read by the type that is expected."""


class Codec(ABC):
    """One payload format."""

    name: ClassVar[str]
    content_format: ClassVar[int]
    media_type: ClassVar[str]

    @abstractmethod
    def decode(self, payload: bytes) -> Decoded:
        """Return what the bytes say.

        Raises:
            PayloadError: not this format, or beyond the bounds.

        """

    @abstractmethod
    def encode(self, document: Document) -> bytes:
        """Return the bytes of a document.

        Raises:
            PayloadError: the format cannot hold such a document.

        """

    def refuse(self, problem: str) -> NoReturn:
        """Say what is wrong with a payload.

        Raises:
            PayloadError: always.

        """
        raise PayloadError(media=self.media_type, problem=problem)

    def bounded(self, document: object) -> Document:
        """Return the document if it stays within the bounds of depth, size and type.

        Raises:
            PayloadError: it does not.

        """
        nodes = 0
        level: list[object] = [document]
        for _ in range(MAX_DEPTH + 1):
            below: list[object] = []
            for node in level:
                nodes += 1
                match node:
                    case None | bool() | int() | float() | str() | bytes() | datetime():
                        pass
                    case list():
                        below.extend(node)
                    case Mapping():
                        if not all(isinstance(key, str) for key in node):
                            self.refuse("expected texts as the keys of a map")
                        below.extend(node.values())
                    case _:
                        self.refuse(f"unexpected {type(node).__name__}")
                if nodes + len(below) > MAX_NODES:
                    self.refuse(f"more than {MAX_NODES} values")
            if not below:
                return document  # type: ignore[return-value]  # the walk has shown it
            level = below
        self.refuse(f"nested deeper than {MAX_DEPTH}")


class Json(Codec):
    """JSON, RFC 8259."""

    name = "json"
    content_format = 50
    media_type = "JSON"

    @override
    def decode(self, payload: bytes) -> Decoded:
        return Decoded(self.bounded(self._parse(payload)))

    def _parse(self, payload: bytes) -> object:
        try:
            return json.loads(payload, parse_constant=self._constant)
        except (ValueError, RecursionError) as err:
            # UnicodeDecodeError and the limit on huge integers are ValueErrors too
            self.refuse(str(err) if isinstance(err, ValueError) else "nested too deep")

    def _constant(self, name: str) -> NoReturn:
        self.refuse(f"{name} is no JSON number")

    @override
    def encode(self, document: Document) -> bytes:
        return json.dumps(
            document, ensure_ascii=False, separators=(",", ":"), default=_plain
        ).encode()


class Cbor(Codec):
    """CBOR, RFC 8949."""

    name = "cbor"
    content_format = 60
    media_type = "CBOR"

    @override
    def decode(self, payload: bytes) -> Decoded:
        return Decoded(self.bounded(self._parse(payload)))

    def _parse(self, payload: bytes) -> object:
        stream = io.BytesIO(payload)
        try:
            document = cbor2.CBORDecoder(stream).decode()
        except Exception as err:  # tags call constructors, which raise what they like
            self.refuse(f"{type(err).__name__}: {err}"[:200])
        if stream.tell() != len(payload):
            self.refuse("more data behind the first item")
        return document

    @override
    def encode(self, document: Document) -> bytes:
        return cbor2.dumps(document, timezone=UTC)


class _SenML:
    """SenML packs, RFC 8428, whatever they are written in.

    A pack becomes a map of names to values. A name stands under its full form
    (base name and name) and, where it is not ambiguous, under its own.
    """

    labels: ClassVar[Mapping[object, str]] = {
        -2: "bn", -3: "bt", -5: "bv", 0: "n", 2: "v", 3: "vs", 4: "vb", 6: "t", 8: "vd",
    }  # fmt: skip
    """The numbers that stand for the names in CBOR (RFC 8428 §6, table 6)."""

    def resolve(self, pack: object, codec: Codec) -> Decoded:
        """Return the records of a pack, with base values applied."""
        if not isinstance(pack, list) or len(pack) > MAX_NODES:
            codec.refuse("expected an array of records")
        now = datetime.now(UTC).timestamp()
        base: dict[str, Document] = {}
        values: dict[str, Document] = {}
        times: dict[str, datetime] = {}
        for record in pack:
            if not isinstance(record, Mapping):
                codec.refuse("expected an object as record")
            entry: dict[object, Any] = {
                self.labels.get(key, key): item for key, item in record.items()
            }
            base |= {key: entry[key] for key in ("bn", "bt", "bv") if key in entry}
            name, base_name = entry.get("n", ""), base.get("bn", "")
            if not isinstance(name, str) or not isinstance(base_name, str):
                codec.refuse("expected a text as name")
            found = self._value(entry, base.get("bv"))
            if found is None:
                continue
            moment = self._time(entry.get("t"), base.get("bt"), now, codec)
            full = base_name + name
            for label in {full, name} - {""}:
                values[label] = found
                if moment is not None:
                    times[label] = moment
        codec.bounded(values)
        return Decoded(values, times)

    @staticmethod
    def _value(entry: Mapping[object, object], base: object) -> Document:
        """Return the value of a record, base value added; None if it has none."""
        match entry:
            case {"v": bool()}:
                return None
            case {"v": int() | float() as number}:
                offset = base if isinstance(base, int | float) else 0
                return number + offset
            case {"vb": bool() as flag}:
                return flag
            case {"vs": str() as text}:
                return text
            case {"vd": bytes() as data}:
                return data
            case {"vd": str() as text}:
                try:
                    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
                except binascii.Error, ValueError:
                    return None
            case _:
                return None

    @staticmethod
    def _time(own: object, base: object, now: float, codec: Codec) -> datetime | None:
        """Return the time of a record; None where it says nothing of it."""
        if own is None and base is None:
            return None
        seconds = 0.0
        for part in (own, base):
            if isinstance(part, bool) or not isinstance(part, int | float | None):
                codec.refuse("expected a number as time")
            seconds += part or 0
        if seconds < SENML_RELATIVE_LIMIT:
            seconds += now
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except OverflowError, OSError, ValueError:
            codec.refuse("time out of range")

    @staticmethod
    def records(document: Document, codec: Codec) -> list[dict[str, Document]]:
        """Return the records that say the same as a map of names to values."""
        items = document if isinstance(document, Mapping) else {"": document}
        records: list[dict[str, Document]] = []
        for name, value in items.items():
            record: dict[str, Document] = {"n": name} if name else {}
            match value:
                case bool():
                    record["vb"] = value
                case int() | float():
                    record["v"] = value
                case str():
                    record["vs"] = value
                case bytes():
                    record["vd"] = value
                case datetime():
                    record["v"] = value.timestamp()
                case _:
                    codec.refuse(f"{name} cannot be written as a record")
            records.append(record)
        return records


class SenMLJson(Json):
    """SenML in JSON, RFC 8428 §5."""

    name = "senml+json"
    content_format = 110
    media_type = "SenML JSON"
    _senml: ClassVar[_SenML] = _SenML()

    @override
    def decode(self, payload: bytes) -> Decoded:
        return self._senml.resolve(self._parse(payload), self)

    @override
    def encode(self, document: Document) -> bytes:
        records = self._senml.records(document, self)
        for record in records:
            if isinstance(data := record.get("vd"), bytes):
                record["vd"] = base64.urlsafe_b64encode(data).decode().rstrip("=")
        return super().encode(records)  # type: ignore[arg-type]  # list is invariant


class SenMLCbor(Cbor):
    """SenML in CBOR, RFC 8428 §6."""

    name = "senml+cbor"
    content_format = 112
    media_type = "SenML CBOR"
    _senml: ClassVar[_SenML] = _SenML()

    @override
    def decode(self, payload: bytes) -> Decoded:
        return self._senml.resolve(self._parse(payload), self)

    @override
    def encode(self, document: Document) -> bytes:
        number = {name: label for label, name in self._senml.labels.items()}
        return cbor2.dumps(
            [
                {number[key]: value for key, value in record.items()}
                for record in self._senml.records(document, self)
            ]
        )


class Text(Codec):
    """Plain text in UTF-8: one value, read by the type that is expected."""

    name = "text"
    content_format = 0
    media_type = "text"

    @override
    def decode(self, payload: bytes) -> Decoded:
        try:
            return Decoded(payload.decode(), untyped=True)
        except UnicodeDecodeError as err:
            self.refuse(str(err))

    @override
    def encode(self, document: Document) -> bytes:
        match document:
            case str():
                return document.encode()
            case bool():
                return b"true" if document else b"false"
            case int() | float():
                return str(document).encode()
            case datetime():
                return document.isoformat().encode()
            case _:
                self.refuse("cannot hold more than one value")


class Octets(Codec):
    """Bytes as they are: hexadecimal as text, an unsigned big-endian number."""

    name = "octets"
    content_format = 42
    media_type = "octets"

    @override
    def decode(self, payload: bytes) -> Decoded:
        return Decoded(payload)

    @override
    def encode(self, document: Document) -> bytes:
        match document:
            case bytes():
                return document
            case bool():
                return bytes([document])
            case int() if document >= 0:
                return document.to_bytes(max(1, (document.bit_length() + 7) // 8))
            case str():
                try:
                    return bytes.fromhex(document)
                except ValueError as err:
                    self.refuse(str(err))
            case _:
                self.refuse("holds bytes, whole numbers and hexadecimal text only")


_ALL: Final[tuple[Codec, ...]] = (
    Json(),
    Cbor(),
    SenMLJson(),
    SenMLCbor(),
    Text(),
    Octets(),
)

CODECS: Final[Mapping[str, Codec]] = {codec.name: codec for codec in _ALL}
"""The codecs by the names that a binding uses."""

BY_CONTENT_FORMAT: Final[Mapping[int, Codec]] = {
    codec.content_format: codec for codec in _ALL
}


def decode(codec: Codec, payload: bytes) -> Decoded:
    """Decode a payload of bounded size.

    Raises:
        PayloadError: too large, or not what the codec reads.

    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        codec.refuse(f"{len(payload)} bytes; at most {MAX_PAYLOAD_BYTES} are read")
    return codec.decode(payload)


# Between documents and values


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one value sits in a document: a JSON pointer (RFC 6901), split up."""

    element: Typed
    path: tuple[str, ...] = ()


def slots_of(attribute: Attribute, prefix: tuple[str, ...] = ()) -> tuple[Slot, ...]:
    """Return the slots of an attribute whose value sits at a place: one, or members."""
    return tuple(Slot(leaf, (*prefix, *path[1:])) for path, leaf in attribute.leaves())


def split_pointer(pointer: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer.

    Raises:
        ValueError: it does not begin with a slash.

    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"expected a JSON pointer such as /value, got {pointer!r}")
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")
    )


class Missing:
    """What a document holds at a place that it does not have."""


def at_path(document: Document, path: Iterable[str]) -> Document | type[Missing]:
    """Return what a document holds at a place."""
    for part in path:
        match document:
            case Mapping() if part in document:
                document = document[part]
            case list() if part.isdecimal() and int(part[:9]) < len(document):
                document = document[int(part[:9])]
            case _:
                return Missing
    return document


def to_scalar(element: Typed, raw: Document, *, untyped: bool = False) -> object:
    """Return a decoded value in the form that the element's type validates.

    Formats lack types that the model has: JSON has no times, text has nothing but
    text, octets know no numbers.
    """
    match element.type, raw:
        case DataType.DATETIME, str():
            return _from_text(element.type, raw) if untyped else _from_iso(raw)
        case _, str() if untyped:
            return _from_text(element.type, raw)
        case DataType.INTEGER | DataType.NUMBER, bytes():
            return int.from_bytes(raw[:9])  # nine bytes are refused as too large
        case DataType.BOOLEAN, bytes():
            return any(raw)
        case DataType.STRING, bytes():
            return raw.hex()
        case _:
            return raw


def from_scalar(value: Scalar) -> Document:
    """Return a value in the form in which it is sent.

    Times go out as milliseconds since 1970 (Oracle IoT sheet §1.5), whole numbers
    without a fraction.
    """
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def extract(
    slots: Iterable[Slot], decoded: Decoded
) -> dict[datetime | None, dict[str, object]]:
    """Take values out of a document.

    Returns:
        What the document has, by the time it is of (None where it does not say).

    """
    found: dict[datetime | None, dict[str, object]] = {}
    for slot in slots:
        raw = at_path(decoded.document, slot.path)
        if raw is None or isinstance(raw, type):
            continue
        at = decoded.times.get(slot.path[0]) if slot.path else None
        value = to_scalar(slot.element, raw, untyped=decoded.untyped)
        found.setdefault(at, {})[slot.element.name] = value
    return found


def compose(slots: Iterable[Slot], values: Mapping[str, Scalar]) -> Document:
    """Build the document that holds the values at their places.

    Raises:
        ValueRefusedError: two of them do not go into one document.

    """
    root: dict[str, Document] = {}
    for slot in slots:
        if slot.element.name not in values:
            continue
        sent = from_scalar(values[slot.element.name])
        if not slot.path:
            return sent
        node = root
        for part in slot.path[:-1]:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ValueRefusedError(
                    name=slot.element.name, problem=f"no room at {'/'.join(slot.path)}"
                )
            node = inner
        node[slot.path[-1]] = sent
    return root


_WORDS: Final[Mapping[str, bool]] = {
    "true": True, "on": True, "1": True, "yes": True,
    "false": False, "off": False, "0": False, "no": False,
}  # fmt: skip


def _from_text(kind: DataType, text: str) -> object:
    """Read a text as a type; a text that does not fit stays one, and is refused."""
    stripped = text.strip()
    match kind:
        case DataType.BOOLEAN:
            return _WORDS.get(stripped.lower(), text)
        case DataType.INTEGER | DataType.NUMBER:
            return _number(stripped, text)
        case DataType.DATETIME:
            number = _number(stripped, text)
            return _from_iso(stripped) if isinstance(number, str) else number
        case _:
            return text


def _number(stripped: str, text: str) -> int | float | str:
    """Return the number that a text spells, or the text."""
    if len(stripped) > 40 or "_" in stripped:  # Python's own spellings are no values
        return text
    for reader in (int, float):
        try:
            return reader(stripped)
        except ValueError:
            continue
    return text


def _from_iso(text: str) -> datetime | str:
    """Return the time of an ISO 8601 text, or the text."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return text


def _plain(value: object) -> JsonValue:
    """Write what JSON lacks: times as ISO 8601, bytes in base64."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            raise TypeError(type(value).__name__)


def to_json(document: Document) -> JsonValue:
    """Return a document with nothing in it that JSON lacks."""
    match document:
        case Mapping():
            return {key: to_json(value) for key, value in document.items()}
        case list():
            return [to_json(value) for value in document]
        case datetime() | bytes():
            return _plain(document)
        case _:
            return document
