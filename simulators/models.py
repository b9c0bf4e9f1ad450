"""Model files for the simulators: bundled ones by name, others by path."""

from pathlib import Path
from typing import Final

from custom_components.device_models.iot.formats import Loaded, load
from custom_components.device_models.iot.model import DeviceModel

BUNDLED: Final = (
    Path(__file__).parent.parent / "custom_components" / "device_models" / "models"
)


def load_file(name: str | Path) -> Loaded:
    """Return what a file says, or the bundled one of that name.

    Raises:
        FileNotFoundError: there is neither.
        ModelError: the file is no usable model.

    """
    path = Path(name)
    if not path.is_file():
        path = BUNDLED / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in BUNDLED.glob("*.json")))
        raise FileNotFoundError(f"no model file {name}; bundled models: {known}")
    return load(path.read_bytes(), path.name)


def load_model(name: str | Path) -> DeviceModel:
    """Return the model of a file, or of the bundled one of that name.

    Raises:
        FileNotFoundError: there is neither.
        ModelError: the file is no usable model.

    """
    return load_file(name).model
