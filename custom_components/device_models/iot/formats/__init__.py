"""Model files: one module for each format, recognised by content."""

from collections.abc import Callable, Mapping
import json
from typing import Final, NamedTuple, NoReturn

from ..errors import ModelError
from ..reading import Remark, Remarks
from ..values import JsonValue
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
        ModelError: not JSON, too large, too deep, or not a usable model.

    """

    def refuse(problem: str) -> NoReturn:
        raise ModelError(source=source, where="", problem=problem)

    if len(data) > MAX_FILE_BYTES:
        refuse(f"expected at most {MAX_FILE_BYTES} bytes, got {len(data)}")

    def constant(name: str) -> NoReturn:
        refuse(f"expected JSON; {name} is no JSON number")

    try:
        document: JsonValue = json.loads(data, parse_constant=constant)
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
        ModelError: too deep, or not a usable model.

    """
    if not isinstance(document, Mapping):
        raise ModelError(source=source, where="", problem="expected a JSON object")
    if _deeper_than(document, MAX_DEPTH):
        problem = f"expected at most {MAX_DEPTH} levels"
        raise ModelError(source=source, where="", problem=problem)
    for model_format in FORMATS:
        if model_format.recognises(document):
            return model_format.load(document, source)
    raise ModelError(
        source=source,
        where="",
        problem='expected a device model (with "urn", "name" and "attributes") '
        'or a device file (with "model")',
    )


def _deeper_than(document: JsonValue, limit: int) -> bool:
    """Whether a document has more levels than the limit."""
    level: list[JsonValue] = [document]
    for _ in range(limit + 1):
        below: list[JsonValue] = []
        for node in level:
            if isinstance(node, Mapping):
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        if not below:
            return False
        level = below
    return True
