"""Locks, composed of their elements."""

from typing import Any, override

from homeassistant.components.lock import LockEntity
from homeassistant.components.lock.const import LockEntityFeature
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .composed import ComposedEntity
from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

LOCK, UNLOCK, OPEN = "lock", "unlock", "open"


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the locks of each device."""
    add_entities(entry, async_add_entities, Platform.LOCK, ModelLock)


class ModelLock(ComposedEntity, LockEntity):
    """What locks a door."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on whether it can open the door, too."""
        super().__init__(coordinator, decision)
        if self.has(OPEN) or OPEN in self.meanings("order").values():
            self._attr_supported_features = LockEntityFeature.OPEN

    @property
    @override
    def is_locked(self) -> bool | None:
        if state := self.meaning("state"):
            return state == "locked"
        for role in ("is_locked", "locked"):
            if (locked := self.truth(role)) is not None:
                return locked
        order = self.meaning("order")
        return order == LOCK if order in (LOCK, UNLOCK) else None

    @property
    @override
    def is_jammed(self) -> bool | None:
        return self.truth("jammed") or self.means("state", "jammed")

    @property
    @override
    def is_locking(self) -> bool | None:
        return self.means("state", "locking")

    @property
    @override
    def is_unlocking(self) -> bool | None:
        return self.means("state", "unlocking")

    @property
    @override
    def is_opening(self) -> bool | None:
        return self.means("state", "opening")

    @property
    @override
    def is_open(self) -> bool | None:
        return self.means("state", "open")

    @override
    @rewords_errors
    async def async_lock(self, **kwargs: Any) -> None:
        await self._turn(LOCK)

    @override
    @rewords_errors
    async def async_unlock(self, **kwargs: Any) -> None:
        await self._turn(UNLOCK)

    @override
    @rewords_errors
    async def async_open(self, **kwargs: Any) -> None:
        await self._turn(OPEN)

    async def _turn(self, order: str) -> None:
        """Lock, unlock or open it, in the way that the device has for it."""
        if order in self.actions:
            await self.do(order)
        elif order in self.meanings("order").values():
            await self.order("order", order)
        else:
            await self.turn("locked", on=order == LOCK)
