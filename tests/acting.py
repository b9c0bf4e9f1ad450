"""What tests do with Home Assistant, and wait for."""

import asyncio
from collections.abc import Callable, Mapping
import json
import socket
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_SOURCE,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.library import BUNDLED


def device_subentry(
    model: str, title: str, base: str, **data: object
) -> ConfigSubentryData:
    """Return a device subentry as the flow would make it."""
    document = json.loads((BUNDLED / f"{model}.json").read_text())
    return ConfigSubentryData(
        subentry_type=SUBENTRY_DEVICE,
        title=title,
        unique_id=f"{document['model']['urn']} {base}".strip(),
        data={
            CONF_KEY: f"key-of-{model}",
            CONF_SOURCE: f"library:{model}",
            CONF_DOCUMENT: document,
            CONF_BASE: base,
            **data,
        },
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, and wait until what it has started has settled."""
    if entry.state is ConfigEntryState.NOT_LOADED:
        await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def until(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it does not within the time.

    """
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (of any kind, none has an event)
            await asyncio.sleep(0.01)


def is_open(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state


def attributes_of(hass: HomeAssistant, entity_id: str) -> Mapping[str, Any]:
    """Return the attributes of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.attributes


def displayed(hass: HomeAssistant) -> set[str]:
    """Return the ids of all entities that are shown, but the zone of the home."""
    return set(hass.states.async_entity_ids()) - {"zone.home"}
