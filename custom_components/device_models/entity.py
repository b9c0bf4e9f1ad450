"""What the entities of all platforms have in common."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN
from .coordinator import DeviceCoordinator
from .exceptions import rewords_errors
from .iot.command import Command
from .iot.connections.base import Capability
from .iot.model import Attribute
from .iot.spelling import as_json
from .iot.values import DataType, Scalar
from .mapping.decisions import Decision
from .runtime import EntryRuntime
from .shown import Shown
from .storage import STATE_PROGRESS

PASSING: Final = frozenset({"pending", STATE_PROGRESS})
"""The attributes that are of no use in the history: how something goes at present."""


@callback
def add_entities(
    entry: ConfigEntry[EntryRuntime],
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: Platform,
    make: Callable[[DeviceCoordinator, Decision], ModelEntity],
) -> None:
    """Add the entities that a platform has of each device, now and later."""

    @callback
    def add(coordinator: DeviceCoordinator) -> None:
        async_add_entities(
            [
                make(coordinator, decision)
                for decision in coordinator.decisions
                if decision.platform is platform and decision.shown
            ],
            config_subentry_id=coordinator.subentry_id,
        )

    entry.runtime_data.async_on_device(add)


class ModelEntity(CoordinatorEntity[DeviceCoordinator]):
    """An entity that stands for one element of a device model."""

    _attr_has_entity_name = True
    _unrecorded_attributes = PASSING

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what was decided for the element."""
        attribute = decision.element if self._follows_value else None
        super().__init__(coordinator, context=attribute)
        device = coordinator.device
        self.decision = decision
        self.device = device
        self._attr_unique_id = f"{device.key}-{decision.element_id}"
        self._attr_name = decision.name or None
        self._attr_device_class = decision.device_class
        if decision.device_class is None:
            self._attr_translation_key = decision.icon
        self._attr_entity_category = decision.category
        self._attr_entity_registry_enabled_default = decision.enabled
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device.key)})

    _follows_value = False
    """Whether the entity wants the element's value to be asked for."""

    @property
    def attribute_names(self) -> Iterable[str]:
        """The attributes that it shows."""
        return ()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What is wrong with the attributes, and which new values wait for the device.

        Wrong is what the device says of them, or that it did not take a new value.
        """
        names = tuple(self.attribute_names)
        known = {**self.device.commands.problems, **self.device.problems}
        problems = [known[name] for name in names if name in known]
        waiting = {
            name: _waiting(command, self.device.model.leaves[name])
            for name, command in self.device.commands.waiting_for(frozenset(names))
        }
        told: dict[str, Any] = {}
        if problems:
            told["problem"] = "; ".join(problems)
        if waiting:
            told["pending"] = waiting
        return told or None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the commands for the attributes."""
        await super().async_added_to_hass()
        names = frozenset(self.attribute_names)

        @callback
        def follow(command: Command) -> None:
            if names & command.values.keys():
                self.async_write_ha_state()

        if names:
            self.async_on_remove(self.device.commands.on_command(follow))

    @property
    @override
    def available(self) -> bool:
        """Whether the device was heard, and can be reached."""
        return self.coordinator.reachable


def _waiting(command: Command, attribute: Attribute) -> dict[str, Any]:
    """Return the new value of an attribute that waits, and since when."""
    since = datetime.fromtimestamp(command.at, UTC).isoformat(timespec="seconds")
    if attribute.sensitive:
        return {"since": since}
    return {"value": as_json(command.values[attribute.name]), "since": since}


class AttributeEntity(ModelEntity):
    """An entity that shows one attribute, and changes it where that is possible."""

    _follows_value = True

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Look up the attribute."""
        super().__init__(coordinator, decision)
        self.shown = Shown(coordinator.device, decision)
        self.attribute = self.shown.attribute
        offered = Capability.STORAGE in coordinator.connection.capabilities
        self._stored = offered and self.attribute.type is DataType.URI

    @property
    @override
    def attribute_names(self) -> Iterable[str]:
        return (self.attribute.name,)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the attribute."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.device.on_value(self.attribute.name, self.async_write_ha_state)
        )
        if self._stored:
            self.async_on_remove(
                self.coordinator.storage.on_news(
                    self.attribute.name, self.async_write_ha_state
                )
            )

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What is wrong, and whether the content is in sync, if there may be one."""
        told = super().extra_state_attributes or {}
        if self._stored:
            told = {**told, **self.coordinator.storage.told(self.attribute.name)}
        return told or None

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether the value was sent, and the device cannot confirm it."""
        return self.shown.assumed

    @rewords_errors
    async def write(self, shown: Scalar) -> None:
        """Change the attribute; it shows once the device has confirmed it.

        Args:
            shown: what is to be shown, as far as the attribute's type goes.

        """
        await self.device.set(self.attribute.name, self.shown.meant(shown))
