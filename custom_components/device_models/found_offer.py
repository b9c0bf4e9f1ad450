"""A device that was found behind a connection, offered with all that is part of it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import CONF_BASE, CONF_PARENT
from .discovery import async_entry_at
from .iot.connections.base import Connection, Found, Watcher
from .iot.errors import DeviceModelsError, ModelError
from .offer import AT_ONCE, Offer, asking, async_offer
from .systems import connection_for

SECONDS: Final = 60.0
"""For a device and its parts to say what they are, and what their values are."""

READY_SECONDS: Final = 10.0
"""For a device that has begun to describe itself to come to an end with it."""

MAX_PARTS: Final = 100
"""More are offered by themselves when the whole was added."""


async def async_offer_found(
    hass: HomeAssistant, data: Mapping[str, Any], reference: str
) -> Offer | None:
    """Return a device, and its parts.

    None if it is not there any more, or does not say what it is.

    Args:
        hass: Home Assistant.
        data: of the entry of the connection, which may not be there yet.
        reference: the device behind it.

    """
    try:
        async with (
            asyncio.timeout(SECONDS),
            _connected(hass, data, reference) as connection,
            asking(hass),
        ):
            return await _async_offer_whole(hass, connection, reference)
    except DeviceModelsError, TimeoutError:
        return None


@asynccontextmanager
async def _connected(
    hass: HomeAssistant, data: Mapping[str, Any], reference: str
) -> AsyncGenerator[Connection]:
    """Give the connection that runs, or one for the moment, once a device is there."""
    entry = async_entry_at(hass, data)
    if entry is not None and entry.state is ConfigEntryState.LOADED:
        yield entry.runtime_data.connection
        return
    ready = asyncio.Event()

    def on_found(found: Found) -> None:
        if found.reference == reference:
            ready.set()

    connection = connection_for(hass, data)
    await connection.open()
    try:
        await connection.watch(Watcher(on_found=on_found))
        async with asyncio.timeout(READY_SECONDS):
            await ready.wait()
        yield connection
    finally:
        await connection.close()


async def _async_offer_whole(
    hass: HomeAssistant, connection: Connection, reference: str
) -> Offer | None:
    """Return a device, and its parts, as far as they can be used.

    Raises:
        DeviceModelsError: the device itself does not say what it is.

    """
    found = await connection.discover()
    itself = next((one for one in found if one.reference == reference), None)
    if itself is None:
        return None
    offer = await async_offer(hass, connection, reference, _place(itself))
    if offer is None:
        return None
    limit = asyncio.Semaphore(AT_ONCE)

    async def part(one: Found) -> Offer | str | None:
        async with limit:
            try:
                return await async_offer(hass, connection, one.reference, _place(one))
            except ModelError as err:
                return f"{one.name}: {err.details['where']}: {err.details['problem']}"

    parts = [one for one in found if one.root == reference][:MAX_PARTS]
    answers = await asyncio.gather(*(part(one) for one in parts))
    return replace(
        offer,
        parts=tuple(one for one in answers if isinstance(one, Offer)),
        left_out=tuple(one for one in answers if isinstance(one, str)),
    )


def _place(found: Found) -> dict[str, Any]:
    """Return the place of a device, as its data keeps it."""
    parent = {CONF_PARENT: found.parent} if found.parent else {}
    return {CONF_BASE: found.reference, **parent}
