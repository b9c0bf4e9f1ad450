"""Thing Models: templates of Things (Thing Description 1.1 §10).

A model may extend another one and refer to parts of others (``tm:ref``): both are put
in, so that the result needs no other file. Placeholders have no values here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
import re
from typing import Final
from urllib.parse import unquote

from ...reading import Element, Remarks, Unusable
from ...values import JsonValue
from ..format import Source
from ..parsing import MAX_DEPTH
from .reading import as_object, types_of

THING_MODEL: Final = frozenset({"tm:ThingModel", "ThingModel"})
"""The semantic type of a Thing Model; without its prefix in older files."""

REF: Final = "tm:ref"
EXTENDS: Final = "tm:extends"
SUBMODEL: Final = "tm:submodel"
OPTIONAL: Final = ("tm:optional", "tm:required")

MAX_NODES: Final = 50_000
"""Values that a model may have in the end: references can multiply it."""

MAX_CHAIN: Final = 16
"""References that lead to each other."""

TYPED_TERMS: Final = frozenset({
    "type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minItems", "maxItems", "minLength", "maxLength", "readOnly", "writeOnly",
    "observable", "safe", "idempotent", "synchronous", "op", "enum", "oneOf",
    "required", "security", "const", "default", "unit",
})  # fmt: skip
"""What has no use, or another one, as a text with a placeholder in it."""

_PLACEHOLDER: Final = re.compile(r"\{\{[^{}]{1,200}\}\}")


@dataclass(slots=True)
class _File:
    """A document, what it is called, and the files that led to it."""

    document: Mapping[str, JsonValue]
    source: Source


@dataclass(slots=True)
class _Resolver:
    """Puts into a model what it refers to."""

    nodes: int = 0
    depth: int = 0
    chain: list[str] = field(default_factory=list)
    """The references that are being followed."""
    files: dict[tuple[str, str], _File] = field(default_factory=dict)
    """By the file that names it, and the name."""

    def resolve(self, node: JsonValue, where: str, file: _File) -> JsonValue:
        """Return a part of a document without references.

        Raises:
            ModelError: a file is missing, or refers to itself.
            Unusable: a reference leads nowhere, or in a circle.

        """
        self.nodes += 1
        if self.nodes > MAX_NODES or self.depth > MAX_DEPTH:
            problem = f"expected at most {MAX_NODES} values and {MAX_DEPTH} levels"
            raise Unusable(where, problem)
        self.depth += 1
        found = node
        if isinstance(node, Mapping):
            found = {
                key: self.resolve(value, f"{where}.{key}" if where else key, file)
                for key, value in node.items()
                if key != REF
            }
        elif isinstance(node, list):
            found = [
                self.resolve(value, f"{where}[{index}]", file)
                for index, value in enumerate(node)
            ]
        self.depth -= 1
        if isinstance(node, Mapping) and REF in node:
            return patched(self._referenced(node[REF], f"{where}.{REF}", file), found)
        return found

    def _referenced(self, reference: JsonValue, where: str, file: _File) -> JsonValue:
        """Return what a reference leads to, itself without references."""
        if not isinstance(reference, str) or "#" not in reference:
            raise Unusable(where, "expected a reference such as file#/properties/on")
        name, _, pointer = reference.partition("#")
        target = self._file(name, where, file) if name else file
        with self._following(f"{target.source.name}#{pointer}", where):
            return self.resolve(_at(target.document, pointer, where), where, target)

    @contextmanager
    def _following(self, link: str, where: str) -> Iterator[None]:
        """Follow a reference.

        Raises:
            Unusable: it is being followed already, or is one too many.

        """
        if link in self.chain or len(self.chain) >= MAX_CHAIN:
            way = " → ".join((*self.chain, link))[-80:]
            raise Unusable(where, f"expected references that end, got {way}")
        self.chain.append(link)
        try:
            yield
        finally:
            self.chain.pop()

    def _file(self, name: str, where: str, file: _File) -> _File:
        """Return another file, as it is."""
        key = (file.source.name, name)
        if key not in self.files:
            document, source = file.source.referenced(name, where)
            if not isinstance(document, Mapping):
                raise Unusable(where, f"expected a Thing Model in {name[:80]}")
            self.files[key] = _File(document, source)
        return self.files[key]

    def whole(self, file: _File) -> Mapping[str, JsonValue]:
        """Return a model with what it extends, and without references (§10.3.2)."""
        document = Element(file.document, "")
        links = document.array("links")
        base: JsonValue = {}
        kept: list[JsonValue] = []
        for index, link in enumerate(links):
            where = f"links[{index}]"
            if as_object(link).get("rel") != EXTENDS:
                kept.append(link)
                continue
            name = Element.of(link, where).required_text("href").partition("#")[0]
            extended = self._file(name, f"{where}.href", file)
            with self._following(extended.source.name, f"{where}.href"):
                base = patched(base, self.whole(extended))
        content = {key: value for key, value in file.document.items() if key != "links"}
        if kept:
            content["links"] = kept
        return as_object(patched(base, self.resolve(content, "", file)))


def is_thing_model(document: Mapping[str, JsonValue]) -> bool:
    """Whether a document is a Thing Model."""
    spelled = document.get("@type")
    listed = spelled if isinstance(spelled, list) else [spelled]
    return any(isinstance(one, str) and one in THING_MODEL for one in listed)


def resolved(
    document: Mapping[str, JsonValue], source: Source, remarks: Remarks
) -> Mapping[str, JsonValue]:
    """Return a Thing Model that is complete in itself.

    Raises:
        ModelError: a file that it refers to cannot be used.
        Unusable: a reference leads nowhere, or in a circle.

    """
    whole = _Resolver(chain=[source.name]).whole(_File(document, source))
    for key in OPTIONAL:
        if names := whole.get(key):
            listed = names if isinstance(names, list) else [names]
            told = ", ".join(str(name) for name in listed)[:150]
            remarks.add(key, f"a device need not have all of it: {told}")
    for index, link in enumerate(Element(whole, "").array("links")):
        if as_object(link).get("rel") == SUBMODEL:
            remarks.add(f"links[{index}]", "a submodel is a device of its own")
    types_of(Element(whole, ""))
    return as_object(_without_placeholders(whole, "", remarks))


def patched(target: JsonValue, patch: JsonValue) -> JsonValue:
    """Return a document with another one over it (RFC 7396): null takes away."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(as_object(target))
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = patched(merged.get(key), value)
    return merged


def _at(document: JsonValue, pointer: str, where: str) -> JsonValue:
    """Return what a JSON pointer in a reference leads to (RFC 6901 §6)."""
    if not pointer.startswith("/"):
        raise Unusable(where, "expected a reference such as file#/properties/on")
    for part in unquote(pointer)[1:].split("/", MAX_DEPTH):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping) and key in document:
            document = document[key]
        elif isinstance(document, list) and key in map(str, range(len(document))):
            document = document[int(key)]
        else:
            raise Unusable(where, f"there is no {pointer[:80]}")
    return document


def _without_placeholders(node: JsonValue, where: str, remarks: Remarks) -> JsonValue:
    """Return a document; a placeholder where no text can be is left out."""
    match node:
        case Mapping():
            kept: dict[str, JsonValue] = {}
            for key, value in node.items():
                place = f"{where}.{key}" if where else key
                if key in TYPED_TERMS and _is_open(value):
                    remarks.add(place, f"left out: {_named(value)} has no value")
                else:
                    kept[key] = _without_placeholders(value, place, remarks)
            return kept
        case list():
            return [
                _without_placeholders(value, f"{where}[{index}]", remarks)
                for index, value in enumerate(node)
            ]
        case str() if _PLACEHOLDER.search(node):
            remarks.add(where, f"{_named(node)} has no value")
    return node


def _is_open(value: JsonValue) -> bool:
    """Whether a value is a placeholder, or a list with one in it."""
    listed = value if isinstance(value, list) else [value]
    return any(isinstance(one, str) and _PLACEHOLDER.search(one) for one in listed)


def _named(value: JsonValue) -> str:
    """Return the first placeholder of a value."""
    found = _PLACEHOLDER.search(str(value))
    return found[0][:60] if found else ""
