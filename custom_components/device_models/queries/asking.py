"""One question, or several that may depend on each other, and their answers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
import time
from typing import Any, Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonArrayType, JsonObjectType, JsonValueType

from ..exceptions import reworded
from ..iot.errors import QueryError
from ..iot.query.aggregating import Aggregate, aggregate
from ..iot.query.batch import Asked, Batch, Outcome
from ..iot.query.documents import ELEMS, Document
from ..iot.query.evaluating import Moment
from ..iot.query.expression import Expression
from ..iot.query.finding import Search, path_of, picked, select
from ..iot.query.terms import Path, Reference, Value
from ..iot.query.walking import paths_of, references_of, resolved, values_in
from .documents import (
    KINDS,
    Snapshot,
    as_result,
    async_coordinators,
    async_snapshots,
    device_of,
)
from .recorded import (
    SAMPLE_FIELDS,
    Series,
    async_fill,
    async_series,
    moments,
    samples,
    units,
)

PATIENCE: Final = 10.0
"""Seconds for a question, without what waits for the recorder."""

DAY: Final = timedelta(days=1)

type Request = Mapping[str, Any]
"""The checked fields of a question."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and what else is told of it."""

    result: list[Document]
    more: Mapping[str, JsonValueType]

    def as_response(self) -> JsonObjectType:
        """Return it as the response of an action."""
        found: JsonArrayType = [as_result(one) for one in self.result]
        return {"result": found, **self.more}


type Earlier = Mapping[str, Asked[Answer]]
"""The questions that another one may refer to, by their names."""


async def async_ask_all(
    hass: HomeAssistant, requests: Iterable[Request]
) -> list[JsonObjectType]:
    """Ask several questions at once; returns a result or an error for each.

    Raises:
        QueryError: two of them have the same name.

    """
    asked: list[tuple[Request, Asked[Answer]]] = []
    earlier: dict[str, Asked[Answer]] = {}
    async with Batch() as batch:
        for request in requests:
            call = partial(async_ask, hass, request, dict(earlier))
            asked.append((request, batch.ask(call)))
            if name := request.get("name"):
                earlier[name] = asked[-1][1]
    return [_told(request, one.outcome) for request, one in asked]


def _told(request: Request, outcome: Outcome[Answer]) -> JsonObjectType:
    """Return what became of one question."""
    named: JsonObjectType = {"name": request["name"]} if "name" in request else {}
    if outcome.error is not None:
        problem = str(reworded(HomeAssistantError, outcome.error))
        return {**named, "error": problem}
    return {**named, **outcome.get().as_response()}


async def async_ask(hass: HomeAssistant, request: Request, earlier: Earlier) -> Answer:
    """Ask one question.

    Raises:
        DeviceModelsError: it cannot be answered.

    """
    ask = _async_aggregate if "output" in request else _async_find
    return await ask(hass, request, earlier)


async def _referred(reference: Reference, earlier: Earlier) -> tuple[Value, ...]:
    """Return the values that a question refers to, once they are known.

    Raises:
        DeviceModelsError: the other question was not answered.
        QueryError: there is no such question before this one.

    """
    asked = earlier.get(reference.name)
    if asked is None:
        problem = f"no earlier request is called {reference.name!r}"
        raise QueryError(name="filter", problem=problem)
    return values_in((await asked).result, reference.path)


async def _complete(
    expression: Expression | None, earlier: Earlier
) -> Expression | None:
    """Return a filter with the values that it refers to."""
    if expression is None:
        return None
    known = {
        reference: await _referred(reference, earlier)
        for reference in references_of(expression)
    }
    return resolved(expression, known.__getitem__) if known else expression


def _moment() -> Moment:
    return Moment(time.time() * 1000, time.monotonic() + PATIENCE)


# What is


async def _async_find(
    hass: HomeAssistant, request: Request, earlier: Earlier
) -> Answer:
    """Find devices, attributes or alerts."""
    names = ("filter", "limit", "start", "skip", "sort", "order", "only")
    search = Search.of(**{name: request[name] for name in names if name in request})
    search = replace(search, filter=await _complete(search.filter, earlier))
    return await hass.async_add_executor_job(
        found, async_snapshots(hass), request, search, _moment()
    )


def found(
    snapshots: list[Snapshot], request: Request, search: Search, moment: Moment
) -> Answer:
    """Return what is found among devices; this may take a while."""
    results = select(KINDS[request["what"]](snapshots), search, moment)
    more: dict[str, JsonValueType] = {}
    if request["refs"]:
        wanted = {one.get("device", one.get("parent")) for one in results}
        more["references"] = {
            snapshot.id: as_result(device_of(snapshot))
            for snapshot in snapshots
            if snapshot.id in wanted
        }
    if search.only:
        results = [picked(one, search.only) for one in results]
    return Answer(results, more)


# What was


async def _async_aggregate(
    hass: HomeAssistant, request: Request, earlier: Earlier
) -> Answer:
    """Count together what attributes were."""
    wanted = Aggregate.of(
        request["output"],
        group_by=request["group_by"],
        filter=request["filter"],
        rules=request["rules"],
        sorts=request["sorts"],
        zone=dt_util.get_default_time_zone(),
    )
    wanted = replace(
        wanted,
        filter=await _complete(wanted.filter, earlier),
        rules={
            name: cast("Expression", await _complete(rule, earlier))
            for name, rule in wanted.rules.items()
        },
    )
    devices = await _devices(request, earlier)
    series = _series(hass, wanted, devices)
    end = dt_util.as_utc(request.get("end_time") or dt_util.utcnow())
    start = dt_util.as_utc(request.get("start_time") or end - DAY)
    if start >= end:
        raise QueryError(name="start_time", problem="expected a time before the end")
    every: timedelta | None = request.get("every")
    known = units(series)
    await async_fill(hass, series, start, end, before=every is not None)

    def count() -> list[Document]:
        documents = (
            samples(series, start)
            if every is None
            else moments(series, start, end, every)
        )
        return list(aggregate(documents, wanted, _moment()))

    rows = await hass.async_add_executor_job(count)
    more: dict[str, JsonValueType] = {
        "units": {name: unit for name, unit in known.items() if unit},
        "start_time": start.isoformat(),
        "end_time": end.isoformat(),
    }
    return Answer(rows, more)


async def _devices(request: Request, earlier: Earlier) -> set[str] | None:
    """Return the devices that are meant by their ids; None for all.

    Raises:
        QueryError: a reference is none.

    """
    if "device_id" not in request:
        return None
    wanted: set[str] = set()
    for one in request["device_id"]:
        if not one.startswith("$"):
            wanted.add(one)
            continue
        name, dot, path = one[1:].partition(".")
        if not dot:
            raise QueryError(name="device_id", problem="expected $name.member")
        reference = Reference(name, path_of("device_id", path))
        wanted.update(map(str, await _referred(reference, earlier)))
    return wanted


def _series(
    hass: HomeAssistant, wanted: Aggregate, devices: set[str] | None
) -> list[Series]:
    """Return the attributes whose history is needed.

    Raises:
        QueryError: nothing has such an attribute, or a device is not known.

    """
    paths = set(_paths(wanted))
    every = None in paths or not paths
    missing = {path for path in paths if path is not None}
    series: list[Series] = []
    unknown = set(devices or ())
    for coordinator, registered, _connection in async_coordinators(hass):
        unknown.discard(registered.id)
        if devices is not None and registered.id not in devices:
            continue
        leaves = coordinator.device.model.leaves
        named = {path: name_in(path, leaves) for path in paths if path is not None}
        names = leaves if every else [one for one in leaves if one in named.values()]
        name = registered.name_by_user or registered.name or coordinator.device.name
        found = list(async_series(hass, coordinator, registered.id, name, names))
        there = {one.attribute.name for one in found}
        missing -= {path for path, name in named.items() if name in there}
        series += found
    if unknown:
        problem = f"no device of a model has the id {min(unknown)[:40]!r}"
        raise QueryError(name="device_id", problem=problem)
    if devices != set() and missing:
        problem = "no such attribute has a history: it needs an entity that is enabled"
        raise QueryError(name=str(min(missing, key=str)), problem=problem)
    return series


def name_in(path: Path, leaves: Mapping[str, object]) -> str | None:
    """Return the name of the attribute that a path leads to; None if to none."""
    parts = path.parts[1:] if path.parts[0] == ELEMS else path.parts
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((name for name in names if name in leaves), None)


def _paths(wanted: Aggregate) -> Iterator[Path | None]:
    """Yield the paths to attributes that are needed; None is for all."""
    selectors = [*wanted.output, *wanted.groups]
    selectors += [sorting.selector for sorting in wanted.sorts]
    for selector in selectors:
        if ".".join(selector.path.parts) not in wanted.rules:
            yield from _not_ours(selector.path)
    for expression in (wanted.filter, *wanted.rules.values()):
        if expression is not None:
            for path in paths_of(expression):
                yield from _not_ours(path)


def _not_ours(path: Path | None) -> Iterator[Path | None]:
    """Yield a path, but for one to what every recorded value has."""
    if path is None or path.parts[0] not in SAMPLE_FIELDS:
        yield path
