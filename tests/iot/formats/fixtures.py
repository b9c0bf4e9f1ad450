"""The model files in ``tests/fixtures``."""

from pathlib import Path

import pytest

from custom_components.device_models.iot.formats import Loaded, load

FOLDER = Path(__file__).parents[2] / "fixtures"


def fixtures(kind: str) -> pytest.MarkDecorator:
    """Return a decorator that runs a test with each file of a folder."""
    paths = sorted((FOLDER / kind).iterdir())
    assert len(paths) >= 5
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


def fixture(name: str) -> Loaded:
    """Return what a file says, by its folder and name."""
    path = FOLDER / f"{name}.json"
    return load(path.read_bytes(), path.name)
