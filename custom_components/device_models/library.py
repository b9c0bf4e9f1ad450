"""The models at hand: those that come with the integration, and the user's own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
import logging
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .iot.errors import ModelError
from .iot.formats import MAX_FILE_BYTES, Fetch, Loaded, load

_LOGGER = logging.getLogger(__name__)

BUNDLED: Final = Path(__file__).parent / "models"

SUFFIXES: Final = {".json", ".jsonld", ".yaml", ".yml", ".xml", ".wlnk", ".txt"}

MAX_FILES: Final = 2_000
"""In the user's folder; what is beyond them is not read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One model of the library."""

    loaded: Loaded
    own: bool
    """Whether it is the user's own, and not a bundled one."""


@dataclass(frozen=True, slots=True)
class Library:
    """All models at hand, by the names of their files without the ending."""

    models: Mapping[str, Listed]
    broken: tuple[ModelError, ...] = ()
    """The user's files that cannot be used."""

    def by_source(self, source: str) -> Loaded | None:
        """Return the model that a device's data names as its source, if it is there."""
        listed = self.models.get(source.removeprefix(SOURCE_PREFIX))
        return listed.loaded if listed and source.startswith(SOURCE_PREFIX) else None


SOURCE_PREFIX: Final = "library:"
"""What the sources of devices whose model is from the library begin with."""

type _Seen = tuple[int, int]
"""Time of change and size of a file, by which is known whether it has changed."""

_read_before: dict[Path, tuple[_Seen, Loaded | ModelError]] = {}


async def async_library(hass: HomeAssistant) -> Library:
    """Return the models at hand; a user's own takes the place of a bundled one.

    It does so if it has the name of its file, or its URN.
    """
    folder = Path(hass.config.path(DOMAIN))
    return await hass.async_add_executor_job(read_library, folder)


def beside_own(hass: HomeAssistant) -> Fetch:
    """Return how a model from elsewhere finds the files that it refers to."""
    folder = Path(hass.config.path(DOMAIN))
    return partial(read_beside, folder, folder)


def read_library(own_folder: Path) -> Library:
    """Read the bundled models, and those of the user's folder."""
    own, broken = _folder(own_folder)
    bundled, _none = _folder(BUNDLED)
    urns = {loaded.model.urn for loaded in own.values()}
    models = {
        name: Listed(loaded, own=False)
        for name, loaded in bundled.items()
        if name not in own and loaded.model.urn not in urns
    }
    models |= {name: Listed(loaded, own=True) for name, loaded in own.items()}
    by_name = sorted(
        models.items(), key=lambda item: item[1].loaded.model.name.casefold()
    )
    return Library(dict(by_name), tuple(broken))


def _folder(folder: Path) -> tuple[dict[str, Loaded], list[ModelError]]:
    """Return the models of a folder, and what is wrong with the other files."""
    models: dict[str, Loaded] = {}
    broken: list[ModelError] = []
    for path in _files(folder):
        try:
            models[path.relative_to(folder).with_suffix("").as_posix()] = _file(
                path, folder
            )
        except ModelError as err:
            _LOGGER.debug("%s", err)
            broken.append(err)
    return models, broken


def _files(folder: Path) -> Iterator[Path]:
    """Yield the model files of a folder and of those within, in a fixed order."""
    if not folder.is_dir():
        return
    found = 0
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and path.is_file() and not hidden:
            found += 1
            if found > MAX_FILES:
                return
            yield path


def _file(path: Path, folder: Path) -> Loaded:
    """Return the model of a file, which is read again only if it has changed.

    Raises:
        ModelError: it cannot be used.

    """
    try:
        status = path.stat()
        seen = (status.st_mtime_ns, status.st_size)
        known = _read_before.get(path)
        if known is None or known[0] != seen:
            known = _read_before[path] = (seen, _read(path, folder))
    except OSError as err:
        problem = f"it cannot be read ({err.strerror})"
        raise ModelError(source=path.name, where="", problem=problem) from err
    if isinstance(known[1], ModelError):
        raise known[1]
    return known[1]


def _read(path: Path, folder: Path) -> Loaded | ModelError:
    """Return the model of a file, or what is wrong with it."""
    try:
        return load(
            read_bounded(path),
            path.relative_to(folder).as_posix(),
            partial(read_beside, path.parent, folder),
        )
    except ModelError as err:
        return err


def read_beside(beside: Path, folder: Path, reference: str) -> bytes:
    """Return the content of a file that a model refers to, which is in its folder.

    Args:
        beside: where the referring file is.
        folder: what the reference may not lead out of.
        reference: a relative path.

    Raises:
        ModelError: there is no such file, or it is elsewhere.

    """
    path = (beside / reference).resolve()
    if not path.is_relative_to(folder.resolve()):
        problem = "expected a file in the folder of the model"
        raise ModelError(source=reference, where="", problem=problem)
    try:
        return read_bounded(path)
    except OSError as err:
        problem = f"the model refers to it, and it cannot be read ({err.strerror})"
        raise ModelError(source=reference, where="", problem=problem) from err


def read_bounded(path: Path) -> bytes:
    """Return the content of a file; of one that is too large, enough to see that."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)
