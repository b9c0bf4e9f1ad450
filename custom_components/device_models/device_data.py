"""What the subentry of a device holds."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from .const import (
    CONF_ABOUT,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_OVERLAY,
    CONF_SOURCE,
)
from .iot.formats import Loaded
from .iot.metadata import BELOW, GATEWAY
from .mapping import decide
from .mapping.decided import keep


def metadata_of(data: Mapping[str, Any], loaded: Loaded) -> dict[str, str]:
    """Return what is known of a device: what its user says lies over its file's.

    Args:
        data: of the device.
        loaded: its model.

    """
    said = {**loaded.metadata, **data.get(CONF_ABOUT, {})}
    return {
        key: text for key, text in said.items() if text and key not in (GATEWAY, BELOW)
    }


def new_device(
    loaded: Loaded, source: str, place: Mapping[str, Any], language: str | None
) -> dict[str, Any]:
    """Return the data of a device that is new, with what it becomes.

    Args:
        loaded: its model.
        source: where that is from.
        place: where the device is behind its connection.
        language: of titles (BCP 47), where the model has more than one.

    Raises:
        ModelError: the overlay of the file asks for what Home Assistant does not have.

    """
    return {
        CONF_KEY: uuid4().hex,
        CONF_SOURCE: source,
        CONF_DOCUMENT: loaded.document,
        CONF_OVERLAY: {},
        CONF_DECISIONS: keep(decide(loaded, language)),
        **place,
    }
