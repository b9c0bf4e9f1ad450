"""What is known of the alerts of a device, as JSON that can be stored.

No secret is in it: of fields that may not be shown there is a digest only.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from .alert import AlertState, Source
from .alerts import Alerts
from .errors import ValueRefusedError
from .model import Format, Severity
from .spelling import as_json, from_iso
from .values import DataType, JsonValue, Scalar

TIMES: Final = ("since", "last", "acknowledged", "until")


def written(alerts: Alerts) -> dict[str, JsonValue]:
    """Return what is known, to be read by ``restore``."""
    states: dict[str, JsonValue] = {
        name: _written(state)
        for name, state in alerts.states.items()
        if state != AlertState()
    }
    return {"states": states, "remembered": list(alerts.remembered)}


def restore(alerts: Alerts, stored: JsonValue) -> None:
    """Begin with what was stored; what cannot be read of it is not known."""
    if not isinstance(stored, Mapping):
        return
    listed, remembered = stored.get("states"), stored.get("remembered")
    states: dict[str, AlertState] = {}
    for name, content in listed.items() if isinstance(listed, Mapping) else ():
        if name in alerts.states and isinstance(content, Mapping):
            try:
                states[name] = _read(content, alerts.alert(name))
            except KeyError, TypeError, ValueError:
                continue
    marks = remembered if isinstance(remembered, list) else []
    alerts.restore(states, [one for one in marks if isinstance(one, str)])


def _written(state: AlertState) -> dict[str, JsonValue]:
    """Return what holds of one format."""
    times: dict[str, JsonValue] = {
        key: at.isoformat()
        for key in TIMES
        if isinstance(at := getattr(state, key), datetime)
    }
    return {
        "active": state.active,
        "count": state.count,
        "severity": state.severity,
        "source": state.source,
        "fields": {name: as_json(value) for name, value in state.fields.items()},
        **times,
    }


def _read(content: Mapping[str, JsonValue], shape: Format) -> AlertState:
    """Return what holds of one format.

    Raises:
        KeyError: something is missing.
        TypeError: something is of another type.
        ValueError: something says nothing.

    """
    times: dict[str, datetime] = {}
    for key in TIMES:
        if isinstance(spelled := content.get(key), str):
            times[key] = datetime.fromisoformat(spelled)
            if times[key].tzinfo is None:
                raise ValueError(key)
    active, count, severity = (content[key] for key in ("active", "count", "severity"))
    fields = content["fields"]
    if not isinstance(active, bool | None) or not isinstance(count, int):
        raise TypeError
    if not isinstance(fields, Mapping):
        raise TypeError
    return AlertState(
        active=active,
        count=count,
        severity=None if severity is None else Severity(str(severity)),
        source=Source(str(content["source"])),
        fields=_fields(fields, shape),
        **times,
    )


def _fields(said: Mapping[str, JsonValue], shape: Format) -> dict[str, Scalar]:
    """Return the fields of an alert, as far as its format still has them."""
    fields: dict[str, Scalar] = {}
    for item in shape.fields:
        raw: object = said.get(item.name)
        if item.type is DataType.DATETIME and isinstance(raw, str):
            raw = from_iso(raw)
        if raw is not None:
            with suppress(ValueRefusedError):
                fields[item.name] = item.validate(raw)
    return fields
