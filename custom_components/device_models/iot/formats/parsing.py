"""From the bytes of a model file to a document: JSON, YAML, or another text.

The text of a file in neither is a document by itself, for the formats that have a
syntax of their own (XML, CoRE link format).
"""

from collections import Counter
from collections.abc import Mapping
import json
import math
from typing import Any, Final, NoReturn, override

import yaml

from ..reading import Unusable
from ..values import MAX_INTEGER, MIN_INTEGER, JsonValue

MAX_FILE_BYTES: Final = 1024 * 1024
"""The largest real model known has 300 KB."""

MAX_DEPTH: Final = 32

MAX_YAML_EVENTS: Final = 100_000
"""YAML is read ten times as slowly as JSON."""


def parse(data: bytes, source: str) -> JsonValue:
    """Return the document of a file: what JSON or YAML say, or the text as it is.

    Args:
        data: the content of the file.
        source: what the file is called, for the error.

    Raises:
        ModelError: too large, too deep, not UTF-8, or neither of the syntaxes.

    """
    try:
        return checked(_parse(data))
    except Unusable as err:
        raise err.within(source) from err


def checked(document: JsonValue) -> JsonValue:
    """Return a document if every JSON library can read and write it.

    A model is kept and sent on as it is: one value that cannot be written would make
    all that it is kept with unwritable.

    Raises:
        Unusable: there is such a value, or the document is too deep.

    """
    _check(document, "", MAX_DEPTH)
    return document


def _parse(data: bytes) -> JsonValue:
    """Return the document of a file."""
    if len(data) > MAX_FILE_BYTES:
        _refuse(f"expected at most {MAX_FILE_BYTES} bytes, got {len(data)}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        _refuse(f"expected UTF-8 ({err})")
    start = text.lstrip(" \t\r\n")[:1]  # another blank may begin a key of YAML
    if not start:
        _refuse("expected a model, the file is empty")
    if start in "{[":
        return _json(text)
    if start == "<":
        return text
    return _yaml(text)


def _json(text: str) -> JsonValue:
    """Return what JSON says."""

    def constant(name: str) -> NoReturn:
        _refuse(f"expected JSON; {name} is no JSON number")

    try:
        document: JsonValue = json.loads(
            text, parse_constant=constant, object_pairs_hook=_once
        )
    except ValueError as err:
        _refuse(f"expected JSON ({err})")
    except RecursionError:
        _refuse(f"expected at most {MAX_DEPTH} levels")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, each of whose keys is there once."""
    content = dict(pairs)
    if len(content) < len(pairs):
        ((twice, _number),) = Counter(key for key, _ in pairs).most_common(1)
        _refuse(f"expected each key of an object once, got {twice!r} again")
    return content


class _Loader(yaml.CSafeLoader):
    """YAML as far as it is a way of writing JSON: keys are texts, times stay texts."""

    yaml_implicit_resolvers: Final = {  # type: ignore[misc]  # changed on purpose
        first: [(tag, form) for tag, form in resolvers if not tag.endswith("timestamp")]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    @override
    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return a mapping, each of whose keys is a text that is there once."""
        for key, _value in node.value:
            if not key.tag.endswith(":str"):
                _refuse_at(key, f"the key {key.value!r} needs quotes")
        return _once(
            [
                (key.value, self.construct_object(value, deep=True))
                for key, value in node.value
            ]
        )


def _yaml(text: str) -> JsonValue:
    """Return what YAML says."""
    try:
        depth = 0
        for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
            # A few lines of anchors and aliases make a document of any size.
            if isinstance(event, yaml.AliasEvent):
                _refuse_at(event, "expected no aliases (*)")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                _refuse_at(event, f"expected at most {MAX_DEPTH} levels")
            if number > MAX_YAML_EVENTS:
                _refuse_at(event, f"expected at most {MAX_YAML_EVENTS} elements")
        document: JsonValue = yaml.load(text, Loader=_Loader)  # noqa: S506  (it is a safe one)
    except yaml.MarkedYAMLError as err:
        _refuse_at(err, f"expected JSON, YAML, XML or links ({err.problem})")
    except (yaml.YAMLError, ValueError) as err:
        _refuse(f"expected JSON, YAML, XML or links ({err})"[:200])
    if not isinstance(document, Mapping):
        _refuse("expected JSON, YAML, XML or links, got plain text")
    return document


def _refuse(problem: str) -> NoReturn:
    """Say what is wrong with the whole file.

    Raises:
        Unusable: always.

    """
    raise Unusable("", problem)


def _refuse_at(found: Any, problem: str) -> NoReturn:
    """Say what is wrong with a part of a YAML file, and in which line.

    Raises:
        Unusable: always.

    """
    mark = getattr(found, "start_mark", None) or getattr(found, "problem_mark", None)
    raise Unusable(f"line {mark.line + 1}" if mark else "", problem)


def _check(node: JsonValue, where: str, levels: int) -> None:
    """See to it that a part of a document can be written.

    Raises:
        Unusable: it cannot, or it is too deep.

    """
    match node:
        case Mapping() | list() if not levels:
            raise Unusable(where, f"expected at most {MAX_DEPTH} levels")
        case Mapping():
            for key, value in node.items():
                if not _is_unicode(key):
                    raise Unusable(where, f"expected Unicode, got the key {key!r}")
                _check(value, f"{where}.{key}" if where else key, levels - 1)
        case list():
            for index, value in enumerate(node):
                _check(value, f"{where}[{index}]", levels - 1)
        case str() if not _is_unicode(node):
            raise Unusable(where, f"expected Unicode, got {node[:40]!r}")
        case int() if not MIN_INTEGER <= node <= MAX_INTEGER:
            raise Unusable(where, "expected numbers of at most 64 bits")
        case float() if not math.isfinite(node):
            raise Unusable(where, "expected finite numbers")
        case None | bool() | int() | float() | str():
            pass
        case _:
            raise Unusable(where, f"expected what JSON has, got {type(node).__name__}")


def _is_unicode(text: str) -> bool:
    """Whether a text can be encoded: JSON can escape lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
