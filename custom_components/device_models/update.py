"""The software of devices, composed of the versions that there are."""

from typing import Any, Final, override

from homeassistant.components.update import UpdateEntity, UpdateEntityFeature
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .composed import ComposedEntity
from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

FEATURES: Final = {
    "install": UpdateEntityFeature.INSTALL,
    "in_progress": UpdateEntityFeature.PROGRESS,
    "progress": UpdateEntityFeature.PROGRESS,
}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the software of each device."""
    add_entities(entry, async_add_entities, Platform.UPDATE, ModelUpdate)


class ModelUpdate(ComposedEntity, UpdateEntity):
    """The version that is installed, and the one that could be."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what it can do; without a choice, it is where updates are."""
        super().__init__(coordinator, decision)
        self._attr_supported_features = self.features(FEATURES, UpdateEntityFeature(0))
        if decision.category is None:
            self._attr_entity_category = (
                EntityCategory.CONFIG
                if self.has("install")
                else EntityCategory.DIAGNOSTIC
            )

    @property
    @override
    def installed_version(self) -> str | None:
        return self.text("installed")

    @property
    @override
    def latest_version(self) -> str | None:
        """The one that could be; the installed one where the device names none."""
        latest = self.text("latest")
        return self.installed_version if latest == "" else latest

    @property
    @override
    def in_progress(self) -> bool | None:
        if self.has("in_progress"):
            return self.truth("in_progress")
        done = self.fraction("progress")
        return None if done is None else 0 < done < 1

    @property
    @override
    def update_percentage(self) -> float | None:
        done = self.fraction("progress")
        return None if done is None else round(done * 100)

    @override
    @rewords_errors
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        await self.do("install")
