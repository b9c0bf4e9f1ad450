"""Commands as automations and people see them; without what must not be shown."""

from datetime import UTC, datetime
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.util.json import JsonValueType

from .iot.command import Command
from .iot.model import DeviceModel
from .iot.spelling import as_json

EVENT_COMMAND: Final = "device_models_command"
"""Fired when a command is in another state."""


def described(
    command: Command, model: DeviceModel, device_id: str | None
) -> dict[str, JsonValueType]:
    """Return a command of a device; its arguments may be secret, and are not told."""
    told: dict[str, JsonValueType] = {
        ATTR_DEVICE_ID: device_id,
        "command_id": command.token,
        "state": command.state.value,
        "over": command.over,
        "tries": command.tries,
        "reason": command.reason,
        "given": _moment(command.at),
    }
    if command.waits:
        told["expires"] = _moment(command.until)
    if command.action:
        return told | {"action": command.action}
    shown: dict[str, JsonValueType] = {
        name: as_json(value)
        for name, value in command.values.items()
        if name in model.leaves and not model.leaves[name].sensitive
    }
    told["attributes"] = [*command.values]
    told["values"] = shown
    return told


def _moment(seconds: float) -> str:
    """Return a time as text."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
