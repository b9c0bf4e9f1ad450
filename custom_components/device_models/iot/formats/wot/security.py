"""How a Thing wants to be authorised (Thing Description 1.1 §5.3.3), and its secrets.

A file should have none of those. One that has is kept without them.
"""

from collections.abc import Collection, Iterator, Mapping
import re
from typing import Final

from ...reading import Element, Remarks
from ...values import JsonValue
from ..loaded import Security
from ..typed import MAX_ELEMENTS
from .reading import Reading, as_object, texts_of

DEFAULT_WHERE: Final[Mapping[str, str]] = {
    "basic": "header",
    "digest": "header",
    "bearer": "header",
    "apikey": "query",
}
"""§5.4, of a definition that does not say."""

NO_SECRET: Final = frozenset({"nosec", "auto"})
"""Schemes for which the user has nothing to give by name."""

SCHEMES: Final = NO_SECRET | {"basic", "digest", "bearer", "apikey", "psk", "oauth2"}

MAX_DEPTH: Final = 5
"""Of combinations of combinations."""

COMBINATIONS: Final = ("oneOf", "allOf")

DEFINITIONS: Final = "securityDefinitions"

URL_TERMS: Final = frozenset({"authorization", "token", "refresh", "proxy"})
"""Terms of definitions that have addresses (§5.3.3.10)."""

_USER: Final = re.compile(r"^([a-z][a-z0-9+.-]{0,30}:)?//[^/?#]*@", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"^([a-z][a-z0-9+.-]{0,30}:|/)", re.IGNORECASE)
_SECRET: Final = re.compile(
    r"pass(word|wd|phrase|code)?$|secret|token|credential|psk|(^|[^a-z])(key|pin|pwd)$"
    r"|(api|private|shared|pre)[-_ ]?key",
    re.IGNORECASE,
)
_ARGUMENT: Final = re.compile(r"([?&])([^=&#]{1,200})=([^&#]+)")


def read_definitions(top: Element, reading: Reading) -> Mapping[str, Element]:
    """Return the security definitions by their names.

    Raises:
        Unusable: there is none, or one is not valid.

    """
    listed = top.object(DEFINITIONS)
    if len(listed.content) > MAX_ELEMENTS:
        top.refuse(f"expected at most {MAX_ELEMENTS} definitions", DEFINITIONS)
    if not listed.content and not reading.model:
        top.refuse("expected at least one definition", DEFINITIONS)
    definitions = {name: listed.object(name) for name in listed.content}
    for definition in definitions.values():
        scheme = definition.required_text("scheme")
        if scheme != "combo" and scheme not in SCHEMES:
            problem = f"the scheme {scheme[:40]!r} is not known"
            reading.remarks.add(definition.at("scheme"), problem)
        for key in COMBINATIONS:
            for name in texts_of(definition, key) if scheme == "combo" else ():
                if name not in definitions:
                    problem = f"there is no definition {name[:40]!r}"
                    definition.refuse(problem, key)
    return definitions


def security_of(
    names: Collection[str], definitions: Mapping[str, Element]
) -> tuple[Security, ...]:
    """Return what definitions say, combinations taken apart; each once.

    Args:
        names: of the definitions in use.
        definitions: all of them, read before.

    """
    found: dict[Security, None] = {}
    for definition in _apart(names, definitions, set()):
        scheme = definition.text("scheme")
        if scheme not in NO_SECRET:
            where = definition.text("in") or DEFAULT_WHERE.get(scheme, "")
            found[
                Security(
                    scheme,
                    where,
                    definition.text("name"),
                    definition.text("token"),
                    texts_of(definition, "scopes"),
                )
            ] = None
    return tuple(found)


def unmet(
    names: Collection[str],
    definitions: Mapping[str, Element],
    known: Collection[str],
    depth: int = MAX_DEPTH,
) -> str:
    """Return a scheme that a connection would need and does not know; else nothing.

    Of alternatives one will do.
    """
    for name in names:
        definition = definitions[name]
        scheme = definition.text("scheme")
        if scheme != "combo" or not depth:
            if scheme not in known or definition.text("in") == "body":
                return scheme
            continue
        every = texts_of(definition, "allOf")
        missing = unmet(every, definitions, known, depth - 1)
        either = [
            unmet((one,), definitions, known, depth - 1)
            for one in texts_of(definition, "oneOf")
        ]
        if missing or (either and all(either)):
            return missing or either[0]
    return ""


def _apart(
    names: Collection[str], definitions: Mapping[str, Element], seen: set[str]
) -> Iterator[Element]:
    """Yield the definitions of some names that are no combinations."""
    for name in names:
        if name in seen:
            continue
        seen.add(name)
        definition = definitions[name]
        if definition.text("scheme") == "combo":
            for key in COMBINATIONS:
                yield from _apart(texts_of(definition, key), definitions, seen)
        else:
            yield definition


def without_secrets(document: Element, remarks: Remarks) -> Mapping[str, JsonValue]:
    """Return a document without the secrets that should not be in it."""
    named = frozenset(
        name
        for definition in as_object(document.content.get(DEFINITIONS)).values()
        if as_object(definition).get("in") == "query"
        and isinstance(name := as_object(definition).get("name"), str)
    )
    content = {
        key: _cleaned(value, document.at(key), named, remarks)
        for key, value in document.content.items()
    }
    definitions = as_object(content.get(DEFINITIONS))
    if definitions:
        where = document.at(DEFINITIONS)
        content[DEFINITIONS] = {
            name: _definition(value, f"{where}.{name}", remarks)
            for name, value in definitions.items()
        }
    return content


def _definition(value: JsonValue, where: str, remarks: Remarks) -> JsonValue:
    """Return a security definition, or a part of it, without its secrets."""
    if isinstance(value, list):
        return [_definition(one, where, remarks) for one in value]
    if not isinstance(value, Mapping):
        return value
    kept: dict[str, JsonValue] = {}
    for key, inner in value.items():
        if _is_secret(key, inner):
            remarks.add(f"{where}.{key}", "a secret is not kept")
        else:
            kept[key] = _definition(inner, f"{where}.{key}", remarks)
    return kept


def _is_secret(key: str, value: JsonValue) -> bool:
    """Whether a term of a definition has a secret for its value."""
    if isinstance(value, bool | None | Mapping) or not _SECRET.search(key):
        return False
    address = isinstance(value, str) and _ADDRESS.match(value)
    return not (address and key in URL_TERMS)


def _cleaned(
    value: JsonValue, where: str, named: frozenset[str], remarks: Remarks
) -> JsonValue:
    """Return a part of a document, its addresses without names and passwords."""
    match value:
        case Mapping():
            return {
                key: _cleaned(inner, f"{where}.{key}", named, remarks)
                for key, inner in value.items()
            }
        case list():
            return [
                _cleaned(inner, f"{where}[{index}]", named, remarks)
                for index, inner in enumerate(value)
            ]
        case str():
            return _address(value, where, named, remarks)
        case _:
            return value


def _address(text: str, where: str, named: frozenset[str], remarks: Remarks) -> str:
    """Return a text; if it is an address, without user, password and keys."""
    cleaned = _USER.sub(lambda found: f"{found[1] or ''}//", text)
    if cleaned != text:
        remarks.add(where, "the name and the password in it are not kept")
    if where.rpartition(".")[2] not in {"href", "base", "proxy"}:
        return cleaned

    def kept(argument: re.Match[str]) -> str:
        if argument[2] in named or _SECRET.search(argument[2]):
            remarks.add(where, f"the value of {argument[2][:40]!r} is not kept")
            return f"{argument[1]}{argument[2]}="
        return argument[0]

    return _ARGUMENT.sub(kept, cleaned)
