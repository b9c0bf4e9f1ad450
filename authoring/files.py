"""The files that the command is about."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from custom_components.device_models.iot.formats import Loaded, load
from custom_components.device_models.iot.formats.folders import (
    beside,
    model_files,
    read,
)
from custom_components.device_models.library import bundled


def load_file(path: Path) -> Loaded:
    """Read a model file, and those of its folder that it refers to.

    Raises:
        ModelError: it cannot be read, or is not a usable model.

    """
    folder = path.absolute().parent
    return load(read(path, path.name), path.name, beside(folder, folder, bundled))


def found(paths: Iterable[str]) -> Iterator[Path]:
    """Yield files as they were named; of a folder, the model files in it.

    Hidden files and folders are left out, and links to folders are not followed.
    """
    for spelled in paths:
        path = Path(spelled)
        inside = list(model_files(path)) if path.is_dir() else []
        yield from inside or [path]
