"""The alerts of devices over a restart, in time, and as something to be repaired."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .iot.alert import Alert, AlertState
from .iot.alert_memory import restore, written
from .iot.alert_rules import AlertRules, Repair
from .iot.alerts import Alerts
from .iot.device import VirtualDevice
from .iot.model import Severity
from .iot.values import JsonValue, Scalar
from .leaving import async_when_gone, keys_of_all
from .mapping import humanised
from .preview import escaped

VERSION: Final = 1

SAVE_SECONDS: Final = 2.0
"""From a change until it is on the disk: a flood of alerts is written at once."""

ISSUE: Final = "alert"
"""What the ids of issues begin with."""


class AlertStore:
    """What is known of the alerts of all devices, by their keys."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know nothing yet."""
        self._hass = hass
        self._store = Store[dict[str, JsonValue]](hass, VERSION, f"{DOMAIN}.alerts")
        self._known: dict[str, JsonValue] = {}
        self._changed: dict[str, Alerts] = {}

    async def async_load(self) -> None:
        """Read what was known before the start."""
        stored = await self._store.async_load()
        self._known = stored if isinstance(stored, dict) else {}

    @callback
    def async_get(self, key: str) -> JsonValue:
        """Return what is known of one device."""
        self._catch_up()
        return self._known.get(key)

    @callback
    def async_keep(self, key: str, alerts: Alerts) -> None:
        """Have kept what is known of one device, before long."""
        if not self._changed:  # a later change does not put it off
            self._store.async_delay_save(self._data, SAVE_SECONDS)
        self._changed[key] = alerts

    @callback
    def async_forget(self, _entry: ConfigEntry, _key: str) -> None:
        """Have written before long what is left without a device."""
        self._store.async_delay_save(self._data, SAVE_SECONDS)

    def _catch_up(self) -> None:
        """Take what is known by now of the devices of which it has changed."""
        for key, alerts in self._changed.items():
            self._known[key] = written(alerts)

    @callback
    def _data(self) -> dict[str, JsonValue]:
        """Return what is written: nothing of devices that were removed."""
        self._catch_up()
        self._changed.clear()
        here = keys_of_all(self._hass)
        self._known = {key: it for key, it in self._known.items() if key in here}
        return dict(self._known)


STORE: Final[HassKey[AlertStore]] = HassKey(f"{DOMAIN}.alerts")


async def async_setup_alerts(hass: HomeAssistant) -> None:
    """Read what was known of alerts, before there is any device."""
    hass.data[STORE] = store = AlertStore(hass)
    await store.async_load()
    async_when_gone(hass, store.async_forget)


class DeviceAlerts:
    """The alerts of one device: kept, ended in time, and told to its user."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        subentry: ConfigSubentry,
        device: VirtualDevice,
        rules: AlertRules,
    ) -> None:
        """Begin with what was known of the device before."""
        self._hass = hass
        self._about = {
            "entry_id": entry.entry_id,
            "subentry_id": subentry.subentry_id,
        }
        self._device = device
        self._rules = rules
        self._timer: asyncio.TimerHandle | None = None
        restore(device.alerts, hass.data[STORE].async_get(device.key))
        self._deaf = [
            device.on_alert("*", self._async_on_alert),
            device.alerts.on_state(self._async_on_state),
        ]
        for name in device.alerts.states:
            self._async_tell(name)
        self._async_wait()

    @callback
    def async_end(self) -> None:
        """End what was begun, and withdraw what was told until it is known again."""
        for stop_listening in self._deaf:
            stop_listening()
        if self._timer is not None:
            self._timer.cancel()
        for name in self._device.alerts.states:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(name))

    @callback
    def _async_on_alert(self, _alert: Alert) -> None:
        """Have kept that a message came."""
        self._async_keep()

    @callback
    def _async_on_state(self, name: str) -> None:
        """Have kept what holds now, and tell the user if that is to be told."""
        self._async_keep()
        self._async_tell(name)
        self._async_wait()

    @callback
    def _async_keep(self) -> None:
        """Have kept what is known by now."""
        device = self._device
        self._hass.data[STORE].async_keep(device.key, device.alerts)

    @callback
    def _async_wait(self) -> None:
        """Wait until time is over for the next alert."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (expires := self._device.alerts.expires) is not None:
            delay = max(0.0, (expires - dt_util.utcnow()).total_seconds())
            self._timer = self._hass.loop.call_later(delay, self._async_expire)

    @callback
    def _async_expire(self) -> None:
        """Take it that time is over, and wait for the next one."""
        self._timer = None
        self._device.alerts.expire()
        self._async_wait()

    # Repairs

    def _issue_id(self, name: str) -> str:
        return f"{ISSUE}_{self._device.key}_{name}"

    @callback
    def _async_tell(self, name: str) -> None:
        """Tell the user of an alert, or withdraw what was told of it."""
        state = self._device.alerts.states[name]
        if not (state.pending and self._is_told(name, state)):
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(name))
            return
        critical = state.severity is Severity.CRITICAL
        shape = self._device.model.format(name)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id(name),
            data={**self._about, "alert": name},
            is_fixable=True,
            severity=ir.IssueSeverity.CRITICAL
            if critical
            else ir.IssueSeverity.WARNING,
            translation_key="alert",
            translation_placeholders={
                "device": self._device.name,
                "alert": shape.title or humanised(name),
                "severity": (state.severity or "").lower(),
                "since": _shown(state.since),
                "fields": _listed(state.fields),
            },
        )

    def _is_told(self, name: str, state: AlertState) -> bool:
        """Whether the user wants to be told of such an alert."""
        repair = self._rules.of(name).repair
        critical = state.severity is Severity.CRITICAL
        return repair is Repair.ALWAYS or (repair is Repair.CRITICAL and critical)


def _shown(at: datetime | None) -> str:
    """Return a time for people."""
    return f"{dt_util.as_local(at):%Y-%m-%d %H:%M:%S}" if at else "–"


def _listed(fields: Mapping[str, Scalar]) -> str:
    """Return the fields of an alert, a line for each."""
    lines: list[str] = []
    for name, value in fields.items():
        text = _shown(value) if isinstance(value, datetime) else str(value)
        lines.append(f"- {escaped(name)}: {escaped(text)}")
    return "\n".join(lines) or "–"
