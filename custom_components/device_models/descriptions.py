"""Devices that describe themselves, asked again: after a start, and on a change."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from .const import (
    CONF_ASKED,
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_SOURCE,
    LOGGER,
    SOURCE_DEVICE,
)
from .coordinator import DeviceCoordinator
from .iot.connections.base import Capability
from .iot.device import VirtualDevice
from .iot.difference import elements
from .iot.errors import DeviceModelsError
from .iot.formats.again import said_again
from .place import binding_of
from .runtime import DeviceModelsConfigEntry

FIRST_AFTER: Final = 15.0
"""Seconds after the start of a connection: values come first."""

APART: Final = 2.0
"""Seconds between two devices, and from a notice to the question: what tells that a
description has changed tells it several times."""

SECONDS: Final = 60.0
"""For one device."""

TASK: Final = "device_models: asking devices again what they are"

type Compare = Callable[[], Coroutine[Any, Any, None]]


@callback
def async_watch_descriptions(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry, compare: Compare
) -> None:
    """Have the devices of an entry asked again what they are.

    Args:
        hass: Home Assistant.
        entry: its connection runs.
        compare: is called when a device has answered.

    """
    connection = entry.runtime_data.connection
    if Capability.DESCRIBE not in connection.capabilities:
        return
    reader = _Reader(hass, entry, compare)
    entry.runtime_data.async_on_device(reader.want)
    connection.on_description_changed = reader.changed


class _Reader:
    """Asks one device after the other: those that are new, and those that changed."""

    def __init__(
        self, hass: HomeAssistant, entry: DeviceModelsConfigEntry, compare: Compare
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._compare = compare
        self._wanted: dict[str, None] = {}
        """The subentries of devices to be asked, each once, in this order."""
        self._not_before = hass.loop.time() + FIRST_AFTER
        self._task: asyncio.Task[None] | None = None

    @callback
    def want(self, coordinator: DeviceCoordinator) -> None:
        """Have a device asked, if its model is what it says of itself."""
        subentry = self._entry.subentries.get(coordinator.subentry_id)
        if subentry is not None and subentry.data[CONF_SOURCE] == SOURCE_DEVICE:
            self._wanted[coordinator.subentry_id] = None
            if self._task is None:
                self._task = self._entry.async_create_background_task(
                    self._hass, self._work(), TASK, eager_start=False
                )

    @callback
    def changed(self, device: VirtualDevice) -> None:
        """Have a device asked that may have changed."""
        for coordinator in self._entry.runtime_data.coordinators.values():
            if coordinator.device is device:
                self.want(coordinator)

    async def _work(self) -> None:
        """Ask those that are to be asked; ends with the entry."""
        try:
            await asyncio.sleep(self._not_before - self._hass.loop.time())
            while self._wanted:
                await asyncio.sleep(APART)
                await self._ask_one()
        finally:
            self._task = None

    async def _ask_one(self) -> None:
        """Ask the first of those that are to be asked."""
        subentry_id = next(iter(self._wanted))
        del self._wanted[subentry_id]
        try:
            async with asyncio.timeout(SECONDS):
                await self._ask(subentry_id)
        except (DeviceModelsError, TimeoutError) as err:
            # The device runs with what is known of it.
            LOGGER.debug("A device was asked in vain what it is: %s", err)

    async def _ask(self, subentry_id: str) -> None:
        """Ask a device, and have its answer compared with its model.

        Raises:
            CommunicationError: it does not answer.
            ModelError: what it answers is not usable.

        """
        subentry = self._entry.subentries.get(subentry_id)
        if subentry is None:
            return
        data, runtime = subentry.data, self._entry.runtime_data
        place = data.get(CONF_ASKED, data[CONF_BASE])
        now = await runtime.connection.describe(place)
        known = await asyncio.to_thread(
            said_again, data[CONF_DOCUMENT], now, subentry.title
        )
        if known is None or not elements(known.model):
            return
        runtime.connection.check(known.model, binding_of(data, known))
        present = self._entry.subentries.get(subentry_id)
        if present is not None and present.data == data:
            runtime.async_note_described(subentry_id, known)
            await self._compare()
