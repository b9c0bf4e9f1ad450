"""The models at hand: those that come with the integration, and the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
import logging
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .iot.errors import ModelError
from .iot.formats import Fetch, Loaded, load
from .iot.formats.folders import beside, model_files, read
from .iot.formats.format import no_files

_LOGGER = logging.getLogger(__name__)

BUNDLED: Final = Path(__file__).parent / "models"

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

type _Models = tuple[dict[str, Loaded], list[ModelError]]
"""The models of a folder, and what is wrong with its other files."""

type _Stamp = tuple[tuple[str, int, int], ...]
"""Names, times of change and sizes: by them it is known whether a folder changed."""

_read_before: dict[Path, tuple[_Stamp, _Models]] = {}


async def async_library(hass: HomeAssistant) -> Library:
    """Return the models at hand; a user's own takes the place of a bundled one.

    It does so if it has the name of its file, or its URN.
    """
    folder = Path(hass.config.path(DOMAIN))
    return await hass.async_add_executor_job(read_library, folder)


def beside_own(hass: HomeAssistant) -> Fetch:
    """Return how a model from elsewhere finds the files that it refers to."""
    folder = Path(hass.config.path(DOMAIN))
    return beside(folder, folder, bundled)


def read_library(own_folder: Path) -> Library:
    """Read the bundled models, and those of the user's folder."""
    own, broken = _folder(own_folder)
    ours, _none = _folder(BUNDLED)
    urns = {loaded.model.urn for loaded in own.values()}
    models = {
        name: Listed(loaded, own=False)
        for name, loaded in ours.items()
        if name not in own and loaded.model.urn not in urns
    }
    models |= {name: Listed(loaded, own=True) for name, loaded in own.items()}
    by_name = sorted(
        models.items(), key=lambda item: item[1].loaded.model.name.casefold()
    )
    return Library(dict(by_name), tuple(broken))


def _folder(folder: Path) -> _Models:
    """Return the models of a folder, which is read again only if it has changed.

    All of it is, then: files may refer to each other.
    """
    files = list(islice(model_files(folder), MAX_FILES))
    stamp = tuple(map(_stamp, files))
    known = _read_before.get(folder)
    if known is None or known[0] != stamp:
        known = _read_before[folder] = (stamp, _read(files, folder))
    return known[1]


def _stamp(path: Path) -> tuple[str, int, int]:
    """Return by what it is known whether a file has changed."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), status.st_mtime_ns, status.st_size


def _read(files: list[Path], folder: Path) -> _Models:
    """Read the files of a folder."""
    models: dict[str, Loaded] = {}
    broken: list[ModelError] = []
    for path in files:
        name = path.relative_to(folder).as_posix()
        fetch = beside(path.parent, folder, bundled)
        try:
            models[name.removesuffix(path.suffix)] = load(read(path, name), name, fetch)
        except ModelError as err:
            _LOGGER.debug("%s", err)
            broken.append(err)
    return models, broken


def bundled(urn: str) -> bytes:
    """Return the file of a bundled model.

    Raises:
        ModelError: none of them has that URN.

    """
    for path in model_files(BUNDLED):
        data = read(path, path.name)
        if load(data, path.name).model.urn == urn:
            return data
    no_files(urn[:80])
