"""What the flows of all connections do with what was entered."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant

from .const import CONF_SYSTEM
from .iot.errors import CommunicationError, DeviceModelsError, ValueRefusedError
from .systems import SYSTEMS, System, connection_for

SECTION_ADVANCED: Final = "advanced"


async def async_try(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> DeviceModelsError | None:
    """Really connect; returns what went wrong."""
    try:
        connection = connection_for(hass, data)
        await connection.open()
    except (CommunicationError, ValueRefusedError) as err:
        return err
    await connection.close()
    return None


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered without its section, and without what was left empty."""
    entered = {**user_input, **user_input.get(SECTION_ADVANCED, {})}
    entered.pop(SECTION_ADVANCED, None)
    if CONF_HOST in entered:
        # Brackets are those of a URI.
        entered[CONF_HOST] = entered[CONF_HOST].strip().strip("[]")
    if CONF_PORT in entered:
        entered[CONF_PORT] = int(entered[CONF_PORT])
    return {key: value for key, value in entered.items() if value not in ("", None)}


def complete(system: System, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data as its user means it.

    Raises:
        ValueRefusedError: something that was entered is malformed.

    """
    data = SYSTEMS[system].entered(flat(user_input))
    return {CONF_SYSTEM: system, **SYSTEMS[system].defaults(data), **data}


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data as the form wants it, without what need not be said."""
    if not data:
        return {SECTION_ADVANCED: {}}
    kind = SYSTEMS[data[CONF_SYSTEM]]
    usual = kind.defaults(data)
    said = {key: it for key, it in kind.shown(data).items() if it != usual.get(key)}
    return {**said, SECTION_ADVANCED: said}


def title_of(entry: ConfigEntry, data: Mapping[str, Any]) -> str:
    """Return the title of an entry with other data; one that was chosen stays."""
    title = SYSTEMS[data[CONF_SYSTEM]].title
    return title(data) if entry.title == title(entry.data) else entry.title
