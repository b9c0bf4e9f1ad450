"""What the subentry of a device holds."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from .const import (
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_OVERLAY,
    CONF_SOURCE,
)
from .iot.formats import Loaded
from .mapping import decide
from .mapping.decided import keep


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
