"""Model files: one module for each format, recognised by content."""

from dataclasses import replace
from typing import Final

from ..errors import ModelError
from ..reading import Remark, Unusable
from ..values import JsonValue
from . import allthingstalk, device_file, homie, oracle, sample, wot
from .device_file import DEVICE_FILE
from .format import Fetch, ModelFormat, Source, no_files
from .ipso import LISTING, LWM2M
from .loaded import Loaded
from .parsing import MAX_DEPTH, MAX_FILE_BYTES, checked, parse

__all__ = [
    "DEVICE_FILE",
    "FORMATS",
    "MAX_DEPTH",
    "MAX_FILE_BYTES",
    "Fetch",
    "Loaded",
    "Remark",
    "load",
    "load_document",
]


def load(data: bytes, source: str, fetch: Fetch = no_files) -> Loaded:
    """Read a model file of any known format.

    Args:
        data: the content of the file.
        source: what the file is called, for the error.
        fetch: returns the content of another file that the model refers to.

    Raises:
        ModelError: too large, too deep, not UTF-8, or not a usable model.

    """
    return load_from(parse(data, source), Source(source, fetch))


def load_document(document: JsonValue, source: str, fetch: Fetch = no_files) -> Loaded:
    """Read a model document of any known format.

    Raises:
        ModelError: too deep, not to be stored, or not a usable model.

    """
    try:
        checked(document)
    except Unusable as err:
        raise err.within(source) from err
    return load_from(document, Source(source, fetch))


def load_from(document: JsonValue, source: Source) -> Loaded:
    """Read a document that has been checked, by the first format that knows it.

    Raises:
        ModelError: no format knows it, or it is not a usable model.

    """
    for number, model_format in enumerate(FORMATS):
        if model_format.recognises(document):
            loaded = model_format.load(document, source)
            tried = tuple(other.name for other in FORMATS[:number])
            return replace(
                loaded, format=model_format.name, sign=model_format.sign, tried=tried
            )
    names = ", ".join(known.name for known in FORMATS)
    raise ModelError(source=source.name, where="", problem=f"expected one of: {names}")


FORMATS: Final[tuple[ModelFormat, ...]] = (
    *wot.FORMATS,
    device_file.device_file(load_from),
    LWM2M,
    LISTING,
    homie.FORMAT,
    allthingstalk.FORMAT,
    oracle.FORMAT,
    sample.FORMAT,
)
"""In the order in which they are tried: what is most certain first."""
