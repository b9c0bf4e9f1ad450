"""Attributes that have no value but a content: images."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final, override

from homeassistant.components.image import ImageEntity
from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .const import LOGGER
from .coordinator import DeviceCoordinator
from .entity import ModelEntity, add_entities
from .iot.connections.content import Content, linked
from .iot.errors import DeviceModelsError
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 0  # each image is fetched once at a time

FIRST_AFTER: Final = 2.0
"""Seconds after which an image is fetched that nobody has looked at: one that is
observed has come by then."""

APART: Final = 5.0
"""Seconds between two fetches, however often the device tells that it has changed."""

WAIT_SECONDS: Final = 8.0
"""For an image somebody looks at; Home Assistant gives up after 10. It is kept when it
comes later, and the state tells that it is there."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the images of each device."""
    add_entities(entry, async_add_entities, Platform.IMAGE, _image)


def _image(coordinator: DeviceCoordinator, decision: Decision) -> ModelImage:
    """Return the image of an attribute: in place of a value, or where that leads."""
    attribute = coordinator.device.model.attribute(decision.element)
    kind = ModelImage if attribute.media_type else LinkedImage
    return kind(coordinator, decision)


class ModelImage(ModelEntity, ImageEntity):
    """An image of a device.

    It is fetched when the device tells that it has changed. One of which it tells
    nothing is fetched when somebody looks, at most once in an interval; and by itself,
    if that transfers only what has changed.
    """

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Begin without an image."""
        super().__init__(coordinator, decision)
        ImageEntity.__init__(self, coordinator.hass)
        self._content: Content | None = None
        self._task: asyncio.Task[None] | None = None
        """The last fetch."""
        self._rested = True
        """Whether an interval has passed since it began."""
        self._failed = False
        self._cancel: CALLBACK_TYPE | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow what the device tells of the image."""
        await super().async_added_to_hass()
        news = Debouncer(
            self.hass,
            LOGGER,
            cooldown=APART,
            immediate=True,
            function=self._fetch_anew,
            background=True,
        )
        self.async_on_remove(news.async_shutdown)
        self.async_on_remove(self._end)
        self.async_on_remove(
            self.device.on_value(self.decision.element, news.async_schedule_call)
        )
        self._wait(min(FIRST_AFTER, self.coordinator.interval.total_seconds()))

    @override
    async def async_image(self) -> bytes | None:
        """Return the image; the last one there was, if the device gives none now."""
        wanted = self._rested and self._reachable and not self._told
        if wanted or (self._content is None and self._is_running):
            await asyncio.wait([self._fetching()], timeout=WAIT_SECONDS)
        return self._content.data if self._content else None

    # Inside

    @property
    def _reachable(self) -> bool:
        """Whether it makes sense to ask; what has nothing else is asked to see that."""
        return self.coordinator.reachable or not self.device.model.readable

    @property
    def _told(self) -> bool:
        """Whether there is an image, and the device tells when it changes."""
        pushed = self.coordinator.connection.pushed(self.device)
        return self._content is not None and self.decision.element in pushed

    @property
    def _is_running(self) -> bool:
        """Whether it is being fetched."""
        return self._task is not None and not self._task.done()

    @callback
    def _wait(self, seconds: float) -> None:
        """See after some time whether there is something to be fetched."""
        if self._cancel is not None:
            self._cancel()
        self._cancel = async_call_later(self.hass, seconds, self._on_time)

    @callback
    def _on_time(self, _now: datetime) -> None:
        """Fetch the image by itself, if that makes sense."""
        self._cancel = None
        self._rested = True
        content, entry = self._content, self.coordinator.config_entry
        cheap = content is None or content.tagged or not self.device.model.readable
        polling = entry is not None and not entry.pref_disable_polling
        if polling and cheap and self._reachable and not self._told:
            self._fetching()
        else:
            self._wait(self.coordinator.interval.total_seconds())

    @callback
    def _end(self) -> None:
        """Fetch no more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
        if self._task is not None:
            self._task.cancel()

    async def _fetch_anew(self) -> None:
        """Fetch the image, which has changed since any fetch that goes on began."""
        if self._task is not None:
            await asyncio.wait([self._task])
        await asyncio.wait([self._fetching()])

    @callback
    def _fetching(self) -> asyncio.Task[None]:
        """Return the fetch that goes on, or begin one."""
        if self._task is None or self._task.done():
            self._rested = False
            self._wait(self.coordinator.interval.total_seconds())
            self._task = self.hass.async_create_background_task(
                self._fetch(), f"{self.entity_id}: fetching the image"
            )
        return self._task

    async def _fetch(self) -> None:
        """Fetch the image; the old one stays if there is none."""
        name = self.decision.element
        try:
            content = await self._content_of(name)
        except DeviceModelsError as err:
            if self.device.online and not self._failed:
                self._failed = True
                LOGGER.warning("%s cannot be fetched: %s", self.entity_id, err)
            return
        self._failed = False
        if content != self._content:
            self._attr_content_type = content.media_type
            self._attr_image_last_updated = dt_util.utcnow()
            self._content = content
            self.async_write_ha_state()

    async def _content_of(self, name: str) -> Content:
        """Return what the attribute has.

        Raises:
            DeviceModelsError: it cannot be had.

        """
        return await self.coordinator.connection.fetch(self.device, name)


class LinkedImage(ModelImage):
    """The image to which the value of an attribute leads.

    It is fetched when the value changes, and when somebody looks: what is there may
    change without a word.
    """

    _follows_value = True

    @property
    @override
    def attribute_names(self) -> Iterable[str]:
        return (self.decision.element,)

    @property
    @override
    def _told(self) -> bool:
        return False

    @override
    async def _content_of(self, name: str) -> Content:
        return await linked(self.coordinator.connection, self.device, name)
