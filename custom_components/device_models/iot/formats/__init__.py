"""Model files: one module for each format, recognised by content."""

from collections import Counter
from collections.abc import Callable, Mapping
import json
import math
from typing import Any, Final, NamedTuple, NoReturn

from ..errors import ModelError
from ..reading import Remark, Remarks, Unusable
from ..values import MAX_INTEGER, MIN_INTEGER, JsonValue
from . import device_file, oracle
from .loaded import Loaded

__all__ = ["Loaded", "Remark", "load", "load_document"]

MAX_FILE_BYTES: Final = 1024 * 1024
"""The largest real model known has 300 KB."""

MAX_DEPTH: Final = 32


class ModelFormat(NamedTuple):
    """One format: how it is recognised, and how it is read."""

    name: str
    recognises: Callable[[Mapping[str, JsonValue]], bool]
    load: Callable[[Mapping[str, JsonValue], str], Loaded]


def _load_oracle(document: Mapping[str, JsonValue], source: str) -> Loaded:
    """Read a bare device model: it comes without binding and overlay."""
    remarks = Remarks()
    model = oracle.read_model(document, source=source, remarks=remarks)
    return Loaded(model=model, remarks=tuple(remarks.all), document=document)


FORMATS: Final = (
    ModelFormat("device file", device_file.recognises, device_file.load),
    ModelFormat("Oracle device model", oracle.recognises, _load_oracle),
)
"""In the order in which they are tried."""


def load(data: bytes, source: str) -> Loaded:
    """Read a model file of any known format.

    Args:
        data: the content of the file.
        source: what the file is called, for the error.

    Raises:
        ModelError: not JSON in UTF-8, too large, too deep, or not a usable model.

    """

    def refuse(problem: str) -> NoReturn:
        raise ModelError(source=source, where="", problem=problem)

    if len(data) > MAX_FILE_BYTES:
        refuse(f"expected at most {MAX_FILE_BYTES} bytes, got {len(data)}")

    def constant(name: str) -> NoReturn:
        refuse(f"expected JSON; {name} is no JSON number")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            ((twice, _number),) = Counter(key for key, _ in pairs).most_common(1)
            refuse(f"expected each key of an object once, got {twice!r} again")
        return content

    try:
        document: JsonValue = json.loads(
            data.decode("utf-8-sig"), parse_constant=constant, object_pairs_hook=once
        )
    except UnicodeDecodeError as err:
        refuse(f"expected JSON in UTF-8 ({err})")
    except ValueError as err:
        refuse(f"expected JSON ({err})")
    except RecursionError:
        refuse(f"expected at most {MAX_DEPTH} levels")
    return load_document(document, source)


def load_document(document: JsonValue, source: str) -> Loaded:
    """Read a model document of any known format.

    Raises:
        ModelError: too deep, not to be stored, or not a usable model.

    """
    if not isinstance(document, Mapping):
        raise ModelError(source=source, where="", problem="expected a JSON object")
    try:
        _check(document, "", MAX_DEPTH)
    except Unusable as err:
        raise err.within(source) from err
    for model_format in FORMATS:
        if model_format.recognises(document):
            return model_format.load(document, source)
    raise ModelError(
        source=source,
        where="",
        problem='expected a device model (with "urn", "name" and "attributes") '
        'or a device file (with "model")',
    )


def _check(node: JsonValue, where: str, levels: int) -> None:
    """Refuse what is JSON, but what not every JSON library can read and write.

    A model is kept and sent on as it is: one such value would make all that it is kept
    with unwritable.

    Raises:
        Unusable: there is such a value, or the document is too deep.

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


def _is_unicode(text: str) -> bool:
    """Whether a text can be encoded: JSON can escape lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
