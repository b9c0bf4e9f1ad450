"""SenML packs in JSON (RFC 8428) as samples."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ...model import Attribute
from ...reading import Element, Remarks, Unusable
from ...values import DataType, JsonValue
from .inference import inferred, unique

_TEXTS: Final = (DataType.STRING, DataType.DATETIME, DataType.URI)

KINDS: Final[Mapping[str, tuple[DataType, ...]]] = {
    "v": (DataType.NUMBER, DataType.INTEGER),
    "vb": (DataType.BOOLEAN,),
    "vs": _TEXTS,
    "vd": _TEXTS,
}
"""§4.2: the fields that hold the value of a record, and what it looks like there."""

RECORD: Final = frozenset({*KINDS, "n", "u", "t", "ut", "s"})
BASE: Final = frozenset({"bn", "bt", "bu", "bv", "bs", "bver"})

CODEC: Final = "senml+json"
"""The codec of such messages, as layouts name it."""


def recognises(document: JsonValue) -> bool:
    """Whether a document is a pack: records of known fields, some with a value."""
    if not isinstance(document, list) or not document:
        return False
    fields: set[str] = set()
    for record in document:
        if not isinstance(record, Mapping) or not record.keys() & (RECORD | BASE):
            return False
        fields |= record.keys()
    return bool(fields & {"n", "bn"}) and bool(fields & {*KINDS, "s"})


def read(document: list[JsonValue], remarks: Remarks) -> list[Attribute]:
    """Return what a pack shows."""
    shown: dict[str, tuple[str, Attribute]] = {}
    base: dict[str, JsonValue] = {}
    for index, value in enumerate(document):
        try:
            record = Element.of(value, f"[{index}]")
            base |= {key: record.content[key] for key in BASE & record.content.keys()}
            entry = Element({**base, **record.content}, record.where)
            for full, own, attribute in _shown(entry, remarks):
                shown.setdefault(full, (own, attribute))
        except Unusable as err:
            remarks.add(err.where, err.problem)
    return unique(_named(shown), remarks)


def _shown(record: Element, remarks: Remarks) -> Iterator[tuple[str, str, Attribute]]:
    """Yield full name, own name and attribute of a record, if it has a value.

    Raises:
        Unusable: no attribute can hold it.

    """
    own = record.text("n")
    full = record.text("bn") + own
    key = next((key for key in KINDS if key in record.content), None)
    if key is None:
        if "s" in record.content:
            record.refuse("a sum, which no attribute can hold", "s")
        return
    attribute = inferred(full, record.content[key], record.where, remarks)
    if attribute.type not in KINDS[key]:
        record.refuse(f"expected {' or '.join(KINDS[key])}", key)
    if key == "v":  # §4.3: all numbers are of one type
        unit = record.text("u") or record.text("bu")
        attribute = replace(attribute, type=DataType.NUMBER, unit=unit or None)
    elif key == "vd":
        attribute = replace(attribute, type=DataType.STRING)
    yield full, own, attribute


def _named(shown: Mapping[str, tuple[str, Attribute]]) -> Iterator[Attribute]:
    """Yield the attributes, each by its own name where that is enough (see codec)."""
    owners = Counter(own for own, _attribute in shown.values())
    for full, (own, attribute) in shown.items():
        short = own and owners[own] == 1 and (own == full or own not in shown)
        yield replace(attribute, name=own if short else full)
