"""Actions that need no input."""

from typing import Any, Final, override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.json import json_dumps

from .entity import PASSING, ModelEntity, add_entities
from .exceptions import rewords_errors
from .iot.values import JsonValue
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each device."""
    add_entities(entry, async_add_entities, Platform.BUTTON, ModelButton)


MAX_RESULT: Final = 1000
"""Characters of JSON; it is for a look, and actions give the whole."""


class ModelButton(ModelEntity, ButtonEntity):
    """An action without arguments, or with a default for each.

    What the device answered when it was pressed last stands in an attribute, which is
    not recorded.
    """

    _unrecorded_attributes = PASSING | {"result"}

    _result: JsonValue = None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        known = super().extra_state_attributes
        return (
            known if self._result is None else {**(known or {}), "result": self._result}
        )

    @override
    @rewords_errors
    async def async_press(self) -> None:
        self._result = None
        result = await self.device.call(self.decision.element)
        if result is not None and len(text := json_dumps(result)) > MAX_RESULT:
            result = f"{text[: MAX_RESULT - 1]}…"
        self._result = result
        self.async_write_ha_state()
