"""Where a device is behind its connection."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import (
    CONF_BASE,
    CONF_CONFIRM,
    CONF_PUBLISHED,
    CONF_SENDER_KEY,
    CONF_SENDERS,
    CONF_SILENT_AFTER,
    CONF_SYSTEM,
    SUBENTRY_DEVICE,
)
from .iot.binding import Binding, Reception
from .iot.errors import ModelError
from .iot.formats import Loaded
from .systems import SYSTEMS, connection_for


def binding_of(data: Mapping[str, Any], loaded: Loaded) -> Binding:
    """Return the place of a device: what its data says, and its model file."""
    return Binding(
        base=data[CONF_BASE],
        layouts=loaded.layouts,
        silent_after=data.get(CONF_SILENT_AFTER),
        confirm=data.get(CONF_CONFIRM, True),
        reception=Reception(
            senders=tuple(data.get(CONF_SENDERS, ())),
            key=data.get(CONF_SENDER_KEY) or None,
            published=data.get(CONF_PUBLISHED, False),
        ),
        delivery=loaded.delivery,
    )


def identity_of(data: Mapping[str, Any], loaded: Loaded) -> str:
    """Return what tells a device from the others behind its connection.

    Its place alone does not: a binding may name places that are below none.
    """
    return f"{loaded.model.urn} {data[CONF_BASE]}".strip()


def refusal(
    hass: HomeAssistant,
    entry: ConfigEntry,
    data: Mapping[str, Any],
    loaded: Loaded,
    but: str | None = None,
) -> ModelError | str | None:
    """Return why a device cannot be at a place behind a connection; None if it can.

    Args:
        hass: Home Assistant.
        entry: the connection.
        data: the place.
        loaded: the model of the device.
        but: the subentry of the device itself, if it has one there.

    """
    identity = identity_of(data, loaded)
    one_at = SYSTEMS[entry.data[CONF_SYSTEM]].one_at
    for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE):
        if subentry.subentry_id == but:
            continue
        if subentry.unique_id == identity or (
            one_at and one_at(subentry.data[CONF_BASE]) == one_at(data[CONF_BASE])
        ):
            return "already_configured"
    try:
        connection_for(hass, entry.data).check(loaded.model, binding_of(data, loaded))
    except ModelError as err:
        return err
    return None
