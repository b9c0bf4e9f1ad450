"""The models that come with the integration."""

from functools import cache
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant

from .iot.formats import Loaded, load

BUNDLED: Final = Path(__file__).parent / "models"


async def async_bundled(hass: HomeAssistant) -> dict[str, Loaded]:
    """Return the bundled models, by the names of their files."""
    return await hass.async_add_executor_job(_bundled)


@cache
def _bundled() -> dict[str, Loaded]:
    """Read the bundled models; they do not change while Home Assistant runs."""
    return {
        path.stem: load(path.read_bytes(), path.name)
        for path in sorted(BUNDLED.glob("*.json"))
    }
