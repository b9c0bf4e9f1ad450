"""What a connection notices of each device, as entities: disabled until wanted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .iot.connections.base import Capability, Feed, Health
from .runtime import DeviceModelsConfigEntry


@dataclass(frozen=True, kw_only=True)
class HealthDescription(SensorEntityDescription):
    """One fact of a device's health."""

    fact: Callable[[Health], float | str | datetime | None]
    needs: Capability = Capability.HEALTH
    """What a connection must be capable of to know it."""

    def is_known(self, coordinator: DeviceCoordinator) -> bool:
        """Whether it is known of a device."""
        return self.needs in coordinator.connection.capabilities

    def value(self, coordinator: DeviceCoordinator) -> float | str | datetime | None:
        """Return it."""
        return self.fact(coordinator.connection.health(coordinator.device))


@dataclass(frozen=True, kw_only=True)
class WaitingDescription(SensorEntityDescription):
    """How many commands wait, of a device whose commands may."""

    def is_known(self, coordinator: DeviceCoordinator) -> bool:
        """Whether commands of a device wait when nobody says how long."""
        return coordinator.device.commands.keep > 0

    def value(self, coordinator: DeviceCoordinator) -> int:
        """Return how many wait now."""
        return len(coordinator.device.commands.outbox.waiting)


def _description(
    key: str, fact: Callable[[Health], float | str | datetime | None], **more: object
) -> HealthDescription:
    """Return a description; all of them are for who looks for trouble."""
    return HealthDescription(
        key=key,
        translation_key=key,
        entity_category=EntityCategory.DIAGNOSTIC,
        fact=fact,
        **{"entity_registry_enabled_default": False, **more},  # type: ignore[arg-type]  # they are checked at the start
    )


type Description = HealthDescription | WaitingDescription

DESCRIPTIONS: Final[tuple[Description, ...]] = (
    _description(
        "round_trip",
        lambda health: health.round_trip,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MILLISECONDS,
        suggested_display_precision=0,
        needs=Capability.HEALTH | Capability.READ,
        state_class=SensorStateClass.MEASUREMENT,
    ),
    _description(
        "retransmissions",
        lambda health: health.retransmissions,
        needs=Capability.HEALTH | Capability.READ,
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
    _description(
        "unanswered",
        lambda health: health.unanswered,
        needs=Capability.HEALTH | Capability.READ,
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
    _description(
        "last_heard",
        lambda health: health.last_heard,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    _description(
        "push_age",
        lambda health: None if health.push_age is None else round(health.push_age),
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
    ),
    _description(
        "feed",
        lambda health: health.feed,
        device_class=SensorDeviceClass.ENUM,
        options=list(Feed),
    ),
    WaitingDescription(
        key="waiting",
        translation_key="waiting",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
    ),
)


@callback
def add_health_sensors(
    entry: DeviceModelsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them for each device, now and later, as far as they are known of it.

    Those that a device has from another connection, where it was before, or from when
    its commands waited, are removed if they are not known any more.
    """

    @callback
    def add(coordinator: DeviceCoordinator) -> None:
        known = [one for one in DESCRIPTIONS if one.is_known(coordinator)]
        _remove(coordinator, [one for one in DESCRIPTIONS if one not in known])
        async_add_entities(
            [HealthSensor(coordinator, description) for description in known],
            config_subentry_id=coordinator.subentry_id,
        )

    entry.runtime_data.async_on_device(add)


@callback
def _remove(
    coordinator: DeviceCoordinator, descriptions: Iterable[Description]
) -> None:
    """Remove what a device has of some."""
    registry = er.async_get(coordinator.hass)
    for description in descriptions:
        unique_id = _unique_id(coordinator, description)
        if entity_id := registry.async_get_entity_id(
            Platform.SENSOR, DOMAIN, unique_id
        ):
            registry.async_remove(entity_id)


def _unique_id(coordinator: DeviceCoordinator, description: Description) -> str:
    """Return what the entity of a fact is known by."""
    return f"{coordinator.device.key}-health-{description.key}"


class HealthSensor(CoordinatorEntity[DeviceCoordinator], SensorEntity):
    """One fact. It is there while the device is not: then it is wanted most."""

    _attr_has_entity_name = True
    entity_description: Description

    def __init__(
        self, coordinator: DeviceCoordinator, description: Description
    ) -> None:
        """Take the device and the fact."""
        super().__init__(coordinator)
        key = coordinator.device.key
        self.entity_description = description
        self._attr_unique_id = _unique_id(coordinator, description)
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, key)})

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the commands: how many wait is told."""
        await super().async_added_to_hass()
        if isinstance(self.entity_description, WaitingDescription):
            self.async_on_remove(
                self.coordinator.device.commands.on_command(
                    lambda _: self.async_write_ha_state()
                )
            )

    @property
    @override
    def should_poll(self) -> bool:
        """Whether to look from time to time: nobody tells of what is counted."""
        return True

    @override
    async def async_update(self) -> None:
        """Do nothing: what is shown is read anew anyway, and asks nobody."""

    @property
    @override
    def available(self) -> bool:
        """Whether there is something to show."""
        return True

    @property
    @override
    def native_value(self) -> float | str | datetime | None:
        return self.entity_description.value(self.coordinator)
