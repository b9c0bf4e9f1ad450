"""A device as a file that other users can take in."""

from collections.abc import Mapping
import os
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import slugify

from .const import CONF_OVERLAY, DOMAIN
from .iot.formats import Loaded
from .iot.formats.device_file_writing import to_yaml, write_device_file
from .iot.values import JsonValue

type _Overlay = Mapping[str, Mapping[str, Mapping[str, JsonValue]]]


def device_file_text(data: Mapping[str, Any], loaded: Loaded) -> str:
    """Return the device file of a device: its model, its binding, and its overlay.

    What the user has chosen comes before what the author of the model has.
    """
    overlay = _merged(loaded.overlay, data.get(CONF_OVERLAY, {}))  # type: ignore[arg-type]  # the overlay has been read
    return to_yaml(write_device_file(loaded, overlay))


async def async_save(hass: HomeAssistant, name: str, text: str) -> None:
    """Put a device file into the user's library.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: it cannot be written.
        ValueError: the name has no letters.

    """
    stem = slugify(name.removesuffix(".yaml").removesuffix(".yml"))
    if not stem or stem == "unknown":
        raise ValueError(name)
    folder = Path(hass.config.path(DOMAIN))
    await hass.async_add_executor_job(_write, folder / f"{stem}.yaml", text)


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet."""
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _merged(author: _Overlay, user: _Overlay) -> dict[str, JsonValue]:
    """Return two overlays as one: of each field, what the user says counts."""
    return {
        kind: {
            name: {
                **author.get(kind, {}).get(name, {}),
                **user.get(kind, {}).get(name, {}),
            }
            for name in {**author.get(kind, {}), **user.get(kind, {})}
        }
        for kind in {**author, **user}
    }
