"""Model files in folders: which there are, and what they refer to."""

from collections.abc import Iterable, Iterator
import os
from pathlib import Path
from typing import Final

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import MAX_FILE_BYTES, Loaded, load
from custom_components.device_models.iot.formats.format import Fetch, no_files

SUFFIXES: Final = frozenset(
    {".json", ".jsonld", ".jsonc", ".yaml", ".yml", ".xml", ".wlnk"}
)
"""What the names of model files end in, where a folder is searched for them."""

BUNDLED: Final = (
    Path(__file__).parent.parent / "custom_components" / "device_models" / "models"
)


def load_file(path: Path) -> Loaded:
    """Read a model file, and those beside it that it refers to.

    Raises:
        ModelError: it cannot be read, or is not a usable model.

    """
    return load(read(path, path.name), path.name, beside(path))


def read(path: Path, name: str) -> bytes:
    """Return the content of a file; of one that is too large only the beginning.

    Raises:
        ModelError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as err:
        problem = (getattr(err, "strerror", None) or str(err)).lower()
        raise ModelError(source=name, where="", problem=problem) from err


def beside(path: Path) -> Fetch:
    """Return what finds the files that a model file refers to: those of its folder.

    Neither ``..`` nor links lead out of it. A URN is looked for among the models that
    come with the integration.
    """
    folder = path.absolute().parent

    def fetch(reference: str) -> bytes:
        if reference.lower().startswith("urn:"):
            return _bundled(reference)
        wanted = Path(reference)
        problem = "expected a file beside the one that refers to it"
        try:
            inside = not wanted.is_absolute() and ".." not in wanted.parts
            inside = inside and (folder / wanted).resolve().is_relative_to(
                folder.resolve()
            )
            if not inside or not (folder / wanted).is_file():
                raise ModelError(source=reference[:80], where="", problem=problem)
        except (OSError, ValueError) as err:
            raise ModelError(source=reference[:80], where="", problem=problem) from err
        return read(folder / wanted, reference)

    return fetch


def _bundled(urn: str) -> bytes:
    """Return the file of a model that comes with the integration.

    Raises:
        ModelError: none of them has that URN.

    """
    for path in sorted(BUNDLED.glob("*.json")):
        data = path.read_bytes()
        if load(data, path.name).model.urn == urn:
            return data
    no_files(urn[:80])


def found(paths: Iterable[str]) -> Iterator[Path]:
    """Yield files as they were named; of a folder, the model files in it.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    for spelled in paths:
        path = Path(spelled)
        inside = list(_in_folder(path)) if path.is_dir() else []
        yield from inside or [path]


def _in_folder(folder: Path) -> Iterator[Path]:
    """Yield the model files of a folder and of those in it, in the order of names."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)
