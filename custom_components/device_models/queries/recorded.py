"""What attributes of devices were: from the history of their entities.

A document is one recorded value. What is recorded is what was shown: in the unit of the
entity, and only when it changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.recorder import history
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance

from ..const import DOMAIN
from ..coordinator import DeviceCoordinator
from ..iot.connections.base import Capability, Sample
from ..iot.errors import NotOfferedError, QueryError
from ..iot.model import Attribute
from ..iot.query.documents import Document
from ..iot.spelling import from_text
from ..iot.values import DataType, Scalar, to_milliseconds
from ..mapping.decisions import Decision, Kind

MAX_SAMPLES: Final = 200_000
"""Recorded values that one question is about."""

MAX_SERIES: Final = 500
"""Attributes that one question is about, of all devices together."""


SAMPLE_FIELDS: Final = frozenset(
    {"device", "deviceName", "name", "unit", "creationDate"}
)
"""What a document has besides its value, in ``elems``."""


INSTANT: Final = timedelta(microseconds=1)
"""The recorder leaves out what was recorded at the very beginning of a time."""


@dataclass(slots=True)
class Series:
    """An attribute of a device, and the values that it had."""

    coordinator: DeviceCoordinator
    device_id: str
    device_name: str
    attribute: Attribute
    entity_id: str | None
    """Whose history it is; None where the connection has it."""
    unit: str | None
    samples: list[tuple[datetime, Scalar | None]] = field(default_factory=list)
    """The oldest first; None where the value was not known."""


@callback
def async_series(
    hass: HomeAssistant,
    coordinator: DeviceCoordinator,
    device_id: str,
    device_name: str,
    names: Iterable[str],
) -> Iterator[Series]:
    """Yield those attributes of a device that have a history."""
    registry = er.async_get(hass)
    device = coordinator.device
    decisions = {
        decision.element: decision
        for decision in coordinator.decisions
        if decision.kind is Kind.ATTRIBUTE
    }
    kept = Capability.HISTORY in coordinator.connection.capabilities
    for name in names:
        attribute = device.model.leaves[name]
        if attribute.sensitive:
            continue
        decision = decisions.get(name)
        entity_id, unit = None, attribute.unit
        if not kept:
            if decision is None or not decision.shown:
                continue
            unique_id = f"{device.key}-{decision.element_id}"
            entity_id = registry.async_get_entity_id(
                decision.platform, DOMAIN, unique_id
            )
            entity = registry.async_get(entity_id) if entity_id else None
            if entity is None or entity.disabled:
                continue
            unit = _unit(hass, entity.entity_id, decision)
        yield Series(coordinator, device_id, device_name, attribute, entity_id, unit)


def _unit(hass: HomeAssistant, entity_id: str, decision: Decision) -> str | None:
    """Return the unit of what is shown, which a user may have changed."""
    state = hass.states.get(entity_id)
    if state is None or ATTR_UNIT_OF_MEASUREMENT not in state.attributes:
        return decision.unit
    return str(state.attributes[ATTR_UNIT_OF_MEASUREMENT])


async def async_fill(
    hass: HomeAssistant,
    series: Sequence[Series],
    start: datetime,
    end: datetime,
    *,
    before: bool,
) -> None:
    """Read what attributes were in a time.

    Args:
        hass: Home Assistant.
        series: the attributes; their samples are filled in.
        start: when the time begins.
        end: when it ends.
        before: whether the value is wanted, too, that held when the time began.

    Raises:
        CommunicationError: a system does not give its history.
        NotOfferedError: nothing is recorded here.
        QueryError: it is too much.

    """
    if len(series) > MAX_SERIES:
        problem = f"that would be {len(series)} attributes; at most {MAX_SERIES}"
        raise QueryError(name="device_id", problem=problem)
    recorded = [one for one in series if one.entity_id is not None]
    if recorded:
        if DATA_INSTANCE not in hass.data:
            raise NotOfferedError(operation="history without the recorder")
        await get_instance(hass).async_add_executor_job(
            _read, hass, recorded, start, end, before
        )
    for one in series:
        if one.entity_id is None:
            one.samples = await _of_connection(one, start, end)
    if sum(len(one.samples) for one in series) > MAX_SAMPLES:
        raise _too_many()


def _too_many() -> QueryError:
    problem = f"more than {MAX_SAMPLES} values were recorded; ask for less"
    return QueryError(name="start_time", problem=problem)


async def _of_connection(
    one: Series, start: datetime, end: datetime
) -> list[tuple[datetime, Scalar | None]]:
    """Return what a system has kept of an attribute."""
    samples: Sequence[Sample] = await one.coordinator.connection.history(
        one.coordinator.device, {one.attribute.name}, start, end
    )
    return [(sample.at, sample.value) for sample in samples]


def _read(
    hass: HomeAssistant,
    series: Sequence[Series],
    start: datetime,
    end: datetime,
    before: bool,  # noqa: FBT001  (called by the executor)
) -> None:
    """Read what the recorder has, in its thread.

    Raises:
        QueryError: it is too much.

    """
    left = MAX_SAMPLES
    for one in series:
        entity_id = one.entity_id or ""
        found = history.state_changes_during_period(
            hass,
            start - INSTANT,
            end,
            entity_id,
            no_attributes=True,
            limit=left + 1,
            include_start_time_state=before,
        )
        states = found.get(entity_id, [])
        left -= len(states)
        if left < 0:
            raise _too_many()
        for state in states:
            value = value_of(state.state, one.attribute)
            one.samples.append((state.last_updated, value))


def value_of(state: str, attribute: Attribute) -> Scalar | None:
    """Return the value that a state shows; None where it shows none."""
    if state in (STATE_UNKNOWN, STATE_UNAVAILABLE):
        return None
    if state in (STATE_ON, STATE_OFF) and attribute.type is not DataType.STRING:
        return state == STATE_ON
    if attribute.type in (DataType.STRING, DataType.URI):
        return state
    kind = DataType.DATETIME if attribute.type is DataType.DATETIME else DataType.NUMBER
    read = from_text(kind, state)
    return read if isinstance(read, bool | int | float | datetime) else state


def samples(series: Sequence[Series], start: datetime) -> list[Document]:
    """Return a document for each value that was recorded, the oldest first."""
    found = [
        (at, one, value)
        for one in series
        for at, value in one.samples
        if value is not None and at >= start
    ]
    found.sort(key=lambda item: item[0])
    return [
        {
            "device": one.device_id,
            "deviceName": one.device_name,
            "name": one.attribute.name,
            "unit": one.unit,
            "creationDate": to_milliseconds(at),
            "elems": {one.attribute.name: value},
        }
        for at, one, value in found
    ]


def moments(
    series: Sequence[Series], start: datetime, end: datetime, every: timedelta
) -> list[Document]:
    """Return a document for each device and each step of time: what held then.

    What is counted together so is weighted by time, and all attributes of a device are
    in one document.

    Raises:
        QueryError: it is too much.

    """
    by_device: dict[str, list[Series]] = {}
    for one in series:
        by_device.setdefault(one.device_id, []).append(one)
    count = int((end - start) / every) + 1
    if count * len(series) > MAX_SAMPLES:
        raise QueryError(
            name="every", problem=f"that would be more than {MAX_SAMPLES} values"
        )
    documents: list[Document] = []
    for device_id, listed in by_device.items():
        places = [0] * len(listed)
        known: dict[str, Scalar] = {}
        for step in range(count):
            at = start + step * every
            for index, one in enumerate(listed):
                while places[index] < len(one.samples) and (
                    one.samples[places[index]][0] <= at
                ):
                    value = one.samples[places[index]][1]
                    known.pop(one.attribute.name, None)
                    if value is not None:
                        known[one.attribute.name] = value
                    places[index] += 1
            if known and at < end:
                documents.append(
                    {
                        "device": device_id,
                        "deviceName": listed[0].device_name,
                        "creationDate": to_milliseconds(at),
                        "elems": dict(known),
                    }
                )
    return documents


def units(series: Iterable[Series]) -> dict[str, str | None]:
    """Return the unit of each attribute.

    Raises:
        QueryError: it is shown in several, which cannot be counted together.

    """
    found: dict[str, str | None] = {}
    for one in series:
        name = one.attribute.name
        if found.setdefault(name, one.unit) != one.unit:
            problem = f"devices show it in {found[name]} and in {one.unit}"
            raise QueryError(name=name, problem=f"{problem}: ask for some of them")
    return found
