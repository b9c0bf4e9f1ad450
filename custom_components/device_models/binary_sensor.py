"""Read-only attributes that are true or false, and alerts that are over or not."""

from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import AttributeEntity, ModelEntity, add_entities
from .iot.alert import AlertState
from .mapping.decisions import Decision, Kind
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 0  # values come through the coordinator, nothing is asked here


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of each device."""
    add_entities(entry, async_add_entities, Platform.BINARY_SENSOR, _entity)


def _entity(coordinator: DeviceCoordinator, decision: Decision) -> ModelEntity:
    """Return the entity for a decision."""
    if decision.kind is Kind.PROBLEM:
        return ProblemSensor(coordinator, decision)
    return ModelBinarySensor(coordinator, decision)


class ModelBinarySensor(AttributeEntity, BinarySensorEntity):
    """An attribute that is on or off; most often a read-only BOOLEAN."""

    @property
    @override
    def is_on(self) -> bool | None:
        return self.shown.truth


class ProblemSensor(ModelEntity, BinarySensorEntity):
    """Whether what an alert told of still is; unknown until something says so."""

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the alerts of the format."""
        await super().async_added_to_hass()
        self.async_on_remove(self.device.alerts.on_state(self._async_on_state))

    @callback
    def _async_on_state(self, name: str) -> None:
        """Show what holds now."""
        if name == self.decision.element:
            self.async_write_ha_state()

    @property
    def _state(self) -> AlertState:
        return self.device.alerts.states[self.decision.element]

    @property
    @override
    def available(self) -> bool:
        """A problem stays one while the device cannot be reached."""
        return self._state.active is True or super().available

    @property
    @override
    def is_on(self) -> bool | None:
        return self._state.active

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What is known of the last alert; of one that is over, too."""
        state = self._state
        return {
            "severity": state.severity,
            "since": state.since,
            "count": state.count,
            "acknowledged": state.acknowledged,
            "source": state.source if state.last else None,
            "fields": dict(state.fields),
        }
