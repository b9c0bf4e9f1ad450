"""What a bug report needs, without secrets."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from .coap.actions import DATA_COAP
from .const import (
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_IDENTITY,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_SENDER_KEY,
    CONF_SHARED_KEY,
    CONF_THING,
)
from .coordinator import DeviceCoordinator
from .iot.redaction import redacted
from .runtime import DeviceModelsConfigEntry

TO_REDACT = {
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_IDENTITY,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_PASSWORD,
    CONF_SENDER_KEY,
    CONF_SHARED_KEY,
    CONF_USERNAME,
    "secret",  # of what shows an HTTP server who we are
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> dict[str, Any]:
    """Return what is known of an entry and all its devices."""
    runtime = entry.runtime_data
    return {
        "entry": _without_secrets(entry.data),
        "connection": {
            "address": runtime.connection.address,
            "capabilities": str(runtime.connection.capabilities),
        },
        "devices": [
            _device(coordinator) for coordinator in runtime.coordinators.values()
        ],
        "running": hass.data[DATA_COAP].running(entry.entry_id),
    }


def _without_secrets(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data without its secrets; a query may be one."""
    shown = async_redact_data(dict(data), TO_REDACT)
    path, query, _ = str(data.get(CONF_THING, "")).partition("?")
    return shown | {CONF_THING: f"{path}?{REDACTED}"} if query else shown


async def async_get_device_diagnostics(
    _hass: HomeAssistant, entry: DeviceModelsConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what is known of one device."""
    coordinator = entry.runtime_data.coordinator_of(device)
    return {"devices": [] if coordinator is None else [_device(coordinator)]}


def _device(coordinator: DeviceCoordinator) -> dict[str, Any]:
    """Return what is known of a device; values of sensitive attributes are not."""
    device = coordinator.device
    return {
        "name": device.name,
        "model": {"urn": device.model.urn, "name": device.model.name},
        "base": device.binding.base,
        "metadata": redacted(coordinator.metadata),
        "availability": device.availability,
        "reason": device.reason,
        "pushed": sorted(coordinator.connection.pushed(device)),
        "interval": coordinator.update_interval,
        "dropped": dict(device.dropped),
        "health": asdict(coordinator.connection.health(device)),
        "trace": coordinator.connection.trace(device),
        "commands": [
            {
                "name": one.name,
                "state": one.state,
                "tries": one.tries,
                "reason": one.reason,
            }
            for one in device.commands.pending
        ],
        "alerts": {
            name: {
                "active": state.active,
                "since": state.since,
                "last": state.last,
                "count": state.count,
                "severity": state.severity,
                "acknowledged": state.acknowledged,
            }
            for name, state in device.alerts.states.items()
        },
        "values": {name: _reading(coordinator, name) for name in sorted(device.values)},
        "decisions": [
            {
                "element": decision.element_id,
                "platform": decision.platform,
                "reasons": dict(decision.reasons),
            }
            for decision in coordinator.decisions
        ],
    }


def _reading(coordinator: DeviceCoordinator, name: str) -> Mapping[str, Any]:
    """Return one value."""
    reading = coordinator.device.values[name]
    sensitive = coordinator.device.model.attribute(name).sensitive
    return {
        "value": REDACTED if sensitive else reading.value,
        "at": reading.at,
        "certainty": reading.certainty,
    }
