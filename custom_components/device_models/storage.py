"""The contents of one device, in sync with files of Home Assistant or not."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import time
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.json import JsonValueType

from .const import DOMAIN
from .iot.device import VirtualDevice
from .iot.errors import SyncStateError
from .iot.listeners import Listeners
from .iot.storage import StorageObject, Store, SyncStatus, change

EVENT_STORAGE_SYNC: Final = f"{DOMAIN}_storage_sync"

ATTR_ATTRIBUTE: Final = "attribute"
ATTR_UPLOAD: Final = "upload"
ATTR_DOWNLOAD: Final = "download"

STATE_SYNC: Final = "sync_state"
STATE_PROGRESS: Final = "sync_progress"

APART: Final = 2.0
"""Seconds between two words on how a transfer goes: each is an event, and a state."""


class DeviceStorage:
    """What is moved between one device and files here, by attribute.

    What is known of it is forgotten when the device is set up anew.
    """

    def __init__(
        self, hass: HomeAssistant, store: Store, device: VirtualDevice
    ) -> None:
        """Begin without contents."""
        self._hass = hass
        self._store = store
        self._device = device
        self._objects: dict[str, StorageObject] = {}
        self._running: set[str] = set()
        self._by_attribute: dict[str, Listeners[[]]] = {}

    def told(self, name: str) -> dict[str, str | int]:
        """Return what is known of an attribute's content, for its entity."""
        one = self._objects.get(name)
        told: dict[str, str | int] = {
            STATE_SYNC: one.status if one else SyncStatus.NOT_IN_SYNC
        }
        if one and one.status is SyncStatus.SYNC_PENDING and one.total:
            told[STATE_PROGRESS] = 100 * one.passed // one.total
        return told

    def on_news(self, name: str, news: Callable[[], None]) -> Callable[[], None]:
        """Call back when more is known of an attribute's content."""
        return self._by_attribute.setdefault(name, Listeners()).add(news)

    async def async_end(self) -> None:
        """Break off what is moved."""
        await asyncio.gather(*(one.close() for one in self._objects.values()))

    async def async_sync(
        self, device_id: str, one: StorageObject, path: Path, *, upload: bool
    ) -> None:
        """Bring the content of an attribute in sync with a file.

        What is sent is set as the attribute's value, where that is possible.

        Args:
            device_id: in the registry, for those who listen for the event.
            one: the content; it knows its attribute.
            path: the file, which may be used.
            upload: whether it is sent, or received.

        Raises:
            InvalidInputError: the file cannot be used, or it is under way already.
            CommunicationError: the content cannot be moved, or the value not be set.

        """
        name = one.name or ""
        attribute = self._device.model.attribute(name)
        if name in self._running:
            raise SyncStateError(name=name, problem="it is synchronised already")
        self._running.add(name)
        try:
            if upload:
                await one.set_input_path(path)
            else:
                await one.set_output_path(path)
            self._objects[name] = one
            one.sync()
            news = self._teller(device_id, one, path, upload=upload)
            one.on_progress(news)
            one.on_sync(lambda _event: news(always=True))
            news(always=True)
            if upload and attribute.writable:
                await change(self._device, {name: one})
            elif await one.finished() is SyncStatus.SYNC_FAILED and one.error:
                raise one.error
        except asyncio.CancelledError:
            await one.close()  # nobody waits for it any more
            raise
        finally:
            self._running.discard(name)

    def _teller(
        self, device_id: str, one: StorageObject, path: Path, *, upload: bool
    ) -> _Teller:
        """Return who tells how a content is moved."""
        about = {
            ATTR_DEVICE_ID: device_id,
            ATTR_ATTRIBUTE: one.name,
            "direction": ATTR_UPLOAD if upload else ATTR_DOWNLOAD,
            "path": str(path),
        }

        @callback
        def tell() -> None:
            data = {**about, **facts(one, self._device), "total": one.total}
            if one.error is not None:
                data["error"] = str(one.error)
            self._hass.bus.async_fire(EVENT_STORAGE_SYNC, data)
            if (listeners := self._by_attribute.get(one.name or "")) is not None:
                listeners.notify()

        return _Teller(tell)


class _Teller:
    """Tells how a transfer goes, but not more often than anybody has use for."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """Take what is done then."""
        self._tell = tell
        self._told = 0.0

    def __call__(self, *, always: bool = False) -> None:
        """Tell, if it is time to."""
        now = time.monotonic()
        if always or now - self._told >= APART:
            self._told = now
            self._tell()


def facts(one: StorageObject, device: VirtualDevice) -> dict[str, JsonValueType]:
    """Return what is known of a content; where it is, may be a secret."""
    sensitive = device.model.attribute(one.name or "").sensitive
    return {
        "status": one.status.value,
        "bytes": one.passed,
        "content_type": one.content_type,
        "checksum": one.checksums.get("sha-256"),
        "url": None if sensitive else one.uri,
    }
