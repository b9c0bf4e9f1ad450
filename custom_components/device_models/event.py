"""Alerts, and data messages that the device sends by itself."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import ModelEntity, add_entities
from .iot.alert import Alert
from .mapping.decisions import Decision
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 0  # events come by themselves

NOT_OF_DEVICES: Final = frozenset(
    {
        *("assumed_state", "attribution", "device_class", "entity_picture"),
        *("event_type", "event_types", "friendly_name", "icon", "restored"),
        "supported_features",
    }
)
"""The attributes that have a meaning in Home Assistant, which no field takes over."""


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the events of each device."""
    add_entities(entry, async_add_entities, Platform.EVENT, ModelEvent)


class ModelEvent(ModelEntity, EventEntity):
    """A format of the model: each of its messages is an event."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """There is one type of event: the format's name."""
        super().__init__(coordinator, decision)
        self._attr_event_types = [decision.element]

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the format's messages."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.device.on_alert(self.decision.element, self._async_on_alert)
        )
        self.async_on_remove(self.device.alerts.on_state(self._async_on_state))

    @callback
    def _async_on_alert(self, alert: Alert) -> None:
        """Show a message as an event."""
        details: dict[str, object] = {
            "time": alert.at,
            "severity": alert.severity,
            "source": alert.source,
        }
        self._trigger_event(
            alert.format.name,
            {key: value for key, value in details.items() if value is not None}
            | {
                name: value
                for name, value in self.device.alerts.shown(alert).items()
                if name not in NOT_OF_DEVICES
            },
        )
        self.async_write_ha_state()

    @callback
    def _async_on_state(self, name: str) -> None:
        """Show that the same alert came again: that is no event."""
        if name == self.decision.element:
            self.async_write_ha_state()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """How often the last alert came, unless it has a field of that name."""
        alerts, name = self.device.alerts, self.decision.element
        state = alerts.states.get(name)
        if state is None or not state.count or "count" in state.fields:
            return None
        return {"count": state.count}
