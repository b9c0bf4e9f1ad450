"""Devices, their attributes and their alerts as documents that filters are about."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
import time
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import slugify
from homeassistant.util.json import JsonValueType

from ..const import DOMAIN
from ..coordinator import DeviceCoordinator
from ..iot.alert import AlertState
from ..iot.device import Reading
from ..iot.model import Attribute
from ..iot.query.documents import Document
from ..iot.spelling import from_text
from ..iot.values import DataType, to_milliseconds
from ..mapping.decisions import Kind
from ..runtime import EntryRuntime

MAX_TEXT: Final = 1_000
"""Characters of a text in a result; longer ones are cut there, not in filters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is known of a device at a moment; nothing changes it afterwards."""

    id: str
    """Of the device in the registry."""
    name: str
    area: str | None
    parent: str | None
    """The id of the device that it is a part of, or behind."""
    model: str
    connection: str
    availability: str
    heard: float | None
    """Milliseconds since 1970."""
    leaves: Mapping[str, Attribute]
    readings: Mapping[str, Reading]
    problems: Mapping[str, str]
    place: tuple[str, str] | None
    """The names of the attributes of its latitude and its longitude."""
    alerts: Mapping[str, AlertState]


@callback
def async_coordinators(
    hass: HomeAssistant,
) -> Iterator[tuple[DeviceCoordinator, dr.DeviceEntry, str]]:
    """Yield all devices that are set up, in the registry, and their connections."""
    registry = dr.async_get(hass)
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        runtime: EntryRuntime = entry.runtime_data
        registered = {
            identifier: device
            for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
            for domain, identifier in device.identifiers
            if domain == DOMAIN
        }
        for coordinator in runtime.coordinators.values():
            device = registered.get(coordinator.device.key)
            if device is not None:
                yield coordinator, device, entry.title


@callback
def async_snapshots(hass: HomeAssistant) -> list[Snapshot]:
    """Return what is known of all devices now."""
    areas = ar.async_get(hass)
    now, clock = time.time() * 1000, time.monotonic()
    found = []
    for coordinator, registered, connection in async_coordinators(hass):
        device = coordinator.device
        area = areas.async_get_area(registered.area_id) if registered.area_id else None
        heard = device.last_heard
        name = registered.name_by_user or registered.name or device.name
        found.append(
            Snapshot(
                id=registered.id,
                name=name,
                area=area.name if area else None,
                parent=registered.via_device_id,
                model=device.model.urn,
                connection=connection,
                availability=device.availability.value,
                heard=None if heard is None else now - (clock - heard) * 1000,
                leaves=device.model.leaves,
                readings=dict(device.values),
                problems=dict(device.problems),
                place=_place(coordinator),
                alerts=dict(device.alerts.states),
            )
        )
    return found


def _place(coordinator: DeviceCoordinator) -> tuple[str, str] | None:
    """Return the attributes that say where a device is, if some do."""
    prefix = f"{Kind.ATTRIBUTE.word}-"
    for decision in coordinator.decisions:
        if decision.platform is Platform.DEVICE_TRACKER and decision.composed:
            keys = decision.uses.get("latitude"), decision.uses.get("longitude")
            names = [key.removeprefix(prefix) for key in keys if key]
            leaves = coordinator.device.model.leaves
            if len(names) == 2 and all(
                name in leaves and not leaves[name].sensitive for name in names
            ):
                return names[0], names[1]
    return None


_slug = lru_cache(maxsize=4096)(slugify)


def device_of(snapshot: Snapshot) -> dict[str, object]:
    """Return a device as a document, without its values."""
    told = [reading.at for reading in snapshot.readings.values()]
    edited = to_milliseconds(max(told)) if told else None
    heard = edited if snapshot.heard is None else round(snapshot.heard)
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "path": f"/{_slug(snapshot.connection)}/{_slug(snapshot.name)}",
        "area": snapshot.area,
        "parent": snapshot.parent,
        "model": snapshot.model,
        "connection": snapshot.connection,
        "availability": snapshot.availability,
        "creationDate": heard,
        "lastEditDate": edited,
    }


def devices(snapshots: Iterable[Snapshot]) -> Iterator[Document]:
    """Yield devices: their values are the ``elems``, the last sign of life the date."""
    for snapshot in snapshots:
        document = device_of(snapshot)
        if location := _location(snapshot):
            document["location"] = location
        leaves = snapshot.leaves
        document["elems"] = {
            name: reading.value
            for name, reading in snapshot.readings.items()
            if not leaves[name].sensitive
        }
        yield document


def _location(snapshot: Snapshot) -> dict[str, object] | None:
    """Return where a device is, if it says that."""
    if snapshot.place is None:
        return None
    degrees: list[object] = []
    for name in snapshot.place:
        reading = snapshot.readings.get(name)
        value = reading.value if reading else None
        if isinstance(value, str):  # as some devices spell numbers
            read = from_text(DataType.NUMBER, value)
            value = read if isinstance(read, int | float) else None
        degrees.append(value)
    if None in degrees:
        return None
    return {"lat": degrees[0], "lon": degrees[1]}


def attributes(snapshots: Iterable[Snapshot]) -> Iterator[Document]:
    """Yield the attributes of all devices, also those without a value."""
    for snapshot in snapshots:
        for name, attribute in snapshot.leaves.items():
            if attribute.sensitive or attribute.media_type:
                continue
            reading = snapshot.readings.get(name)
            yield {
                "id": f"{snapshot.id}/{name}",
                "device": snapshot.id,
                "deviceName": snapshot.name,
                "name": name,
                "value": reading.value if reading else None,
                "unit": attribute.unit,
                "type": attribute.type.value,
                "writable": attribute.writable,
                "time": reading.at if reading else None,
                "creationDate": to_milliseconds(reading.at) if reading else None,
                "certainty": reading.certainty.value if reading else None,
                "problem": snapshot.problems.get(name),
            }


def alerts(snapshots: Iterable[Snapshot]) -> Iterator[Document]:
    """Yield the alerts that were raised: the last one of each format, its fields."""
    for snapshot in snapshots:
        for name, state in snapshot.alerts.items():
            if state.last is not None:
                yield {
                    "id": f"{snapshot.id}/{name}",
                    "device": snapshot.id,
                    "deviceName": snapshot.name,
                    "name": name,
                    "active": state.active,
                    "pending": state.pending,
                    "severity": state.severity.value if state.severity else None,
                    "rank": state.severity.rank if state.severity else None,
                    "source": state.source.value,
                    "count": state.count,
                    "since": state.since,
                    "time": state.last,
                    "acknowledged": state.acknowledged,
                    "creationDate": to_milliseconds(state.last),
                    "elems": dict(state.fields),
                }


KINDS: Final[Mapping[str, Callable[[Iterable[Snapshot]], Iterator[Document]]]] = {
    "devices": devices,
    "attributes": attributes,
    "alerts": alerts,
}
"""What can be found."""


def as_result(value: object) -> JsonValueType:
    """Return a document, or a part of one, as JSON has it."""
    match value:
        case str():
            return value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}…"
        case bool() | int() | float() | None:
            return value
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): as_result(inner) for key, inner in value.items()}
        case list() | tuple():
            return [as_result(inner) for inner in value]
        case _:
            return str(value)
