"""Model files in folders: which there are, and what they refer to."""

from collections.abc import Callable, Iterator
import os
from pathlib import Path
from typing import Final

from ..errors import ModelError
from .format import Fetch, no_files
from .parsing import MAX_FILE_BYTES

SUFFIXES: Final = frozenset({".json", ".jsonld", ".yaml", ".yml", ".xml", ".wlnk"})
"""What the names of model files end in, where a folder is searched for them."""

OUTSIDE: Final = "expected a file beside the one that refers to it"

type ByUrn = Callable[[str], bytes]
"""Returns the file of the model with a URN; raises ModelError."""


def read(path: Path, name: str) -> bytes:
    """Return the content of a file; of one that is too large, enough to see that.

    Raises:
        ModelError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as err:
        problem = (getattr(err, "strerror", None) or str(err)).lower()
        raise ModelError(source=name, where="", problem=problem) from err


def model_files(folder: Path) -> Iterator[Path]:
    """Yield the model files of a folder and of those in it, in the order of names.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)


def beside(folder: Path, within: Path, by_urn: ByUrn = no_files) -> Fetch:
    """Return what finds the files that a file of a folder refers to.

    Args:
        folder: where the referring file is.
        within: what references may not lead out of, be it by ``..`` or by links.
        by_urn: finds what is not named as a file, but by a URN.

    """

    def fetch(reference: str) -> bytes:
        if reference.lower().startswith("urn:"):
            return by_urn(reference)
        try:
            path = (folder / reference).resolve()
            usable = path.is_relative_to(within.resolve()) and path.is_file()
        except OSError, ValueError:
            usable = False
        if not usable:
            raise ModelError(source=reference[:80], where="", problem=OUTSIDE)
        return read(path, reference)

    return fetch
