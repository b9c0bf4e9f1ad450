"""Recorded values of devices, counted together."""

from collections.abc import AsyncGenerator, Sequence, Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, override

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.device_models.const import DOMAIN
from custom_components.device_models.iot.connections.base import Capability, Sample
from custom_components.device_models.iot.connections.http import HttpConnection
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType
from custom_components.device_models.queries.recorded import value_of

from .querying import ask, rooms

# The fixture of the recorder must come first.
pytestmark = pytest.mark.usefixtures("recorder_mock", "integration", "socket_enabled")

ZERO: Final = datetime(2026, 3, 1, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


def record(hass: HomeAssistant, entity_id: str, hours: float, state: Any) -> None:
    """Have an entity have had a state."""
    unit = {ATTR_UNIT_OF_MEASUREMENT: "°C"} if "temperature" in entity_id else {}
    at = (ZERO + hours * HOUR).timestamp()
    hass.states.async_set(entity_id, str(state), unit, force_update=True, timestamp=at)


@asynccontextmanager
async def recorded(hass: HomeAssistant) -> AsyncGenerator[dict[str, str]]:
    """Set the rooms up, with what they were on the first of March 2026."""
    await hass.config.async_set_time_zone("UTC")
    async with rooms(hass) as ids:
        for hours, state in (
            (0, 20), (0.5, 22), (1, 24), (1.5, "unavailable"), (2, 30), (4, 26),
        ):  # fmt: skip
            record(hass, "sensor.hall_temperature", hours, state)
        for hours, state in ((0.25, 10), (1.25, 12)):
            record(hass, "sensor.attic_temperature", hours, state)
        for hours, state in ((0, "off"), (1, "on"), (3, "off")):
            record(hass, "switch.hall_heating", hours, state)
        for hours, state in ((0, "off"), (1, "heat")):
            record(hass, "select.hall_mode", hours, state)
        await hass.async_block_till_done()
        recorder = get_instance(hass)
        await recorder.async_block_till_done()

        def know_the_past() -> None:
            with session_scope(hass=hass, read_only=True) as session:
                recorder.states_manager.load_from_db(session)

        await recorder.async_add_executor_job(know_the_past)
        yield ids


async def rows(hass: HomeAssistant, *output: str, **data: Any) -> list[dict[str, Any]]:
    """Aggregate six hours of that day."""
    times = {"start_time": ZERO, "end_time": ZERO + 6 * HOUR}
    answer = await ask(hass, "aggregate", output=list(output), **{**times, **data})
    result: list[dict[str, Any]] = answer["result"]
    return result


async def refused(
    hass: HomeAssistant, *output: str, **data: Any
) -> ServiceValidationError:
    """Return why something is not aggregated; what was set up has to be ended."""
    try:
        await rows(hass, *output, **data)
    except ServiceValidationError as err:
        return err
    raise AssertionError(data)


async def test_each_recorded_change_counts_once(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        answer = await ask(
            hass,
            "aggregate",
            output=["$avg:temperature", "$min:temperature", "$count"],
            device_id=ids["hall"],
            start_time=ZERO,
            end_time=ZERO + 6 * HOUR,
        )
        assert answer == {
            "result": [{"$avg:temperature": 24.4, "$min:temperature": 20, "$count": 5}],
            "units": {"temperature": "°C"},
            "start_time": "2026-03-01T00:00:00+00:00",
            "end_time": "2026-03-01T06:00:00+00:00",
        }


async def test_mean_by_hour_of_all_devices(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        got = await rows(
            hass,
            "$avg:temperature",
            "$avg:warm",
            group_by=["device", "$hour"],
            filter="elems.temperature < 30",
            rules={"warm": "temperature > 21"},
            sorts=["$avg:temperature:desc"],
        )
        assert [list(row.values()) for row in got] == [
            [ids["hall"], 4, 26, 1],
            [ids["hall"], 1, 24, 1],
            [ids["hall"], 0, 21, 0.5],
            [ids["attic"], 1, 12, 0],
            [ids["attic"], 0, 10, 0],
        ]


async def test_hours_are_those_of_the_home(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        await hass.config.async_set_time_zone("Asia/Kolkata")
        got = await rows(
            hass,
            "$count",
            "$max:temperature",
            group_by=["$hour"],
            device_id=ids["hall"],
        )
        assert [row["$hour"] for row in got] == [5, 6, 7, 9]


async def test_time_that_is_left_out_is_the_last_day(hass: HomeAssistant) -> None:
    async with recorded(hass):
        answer = await ask(hass, "aggregate", output="$max:temperature")
        start = datetime.fromisoformat(answer["start_time"])
        end = datetime.fromisoformat(answer["end_time"])
        assert end - start == timedelta(days=1)
        assert abs(datetime.now(UTC) - end) < timedelta(minutes=1)
        # Both rooms were recorded when they were set up.
        assert answer["result"] == [{"$max:temperature": 30}]


async def test_what_held_at_regular_steps(hass: HomeAssistant) -> None:
    """Weighted by time, and with what the other attributes were at that moment."""
    async with recorded(hass) as ids:
        got = await rows(
            hass,
            "$avg:temperature",
            "$count",
            group_by=["heating"],
            every={"minutes": 30},
            device_id=[ids["hall"]],
        )
        # 20 22 | 24 - 30 30 | 30 30 26 26 26 26; while unavailable, it is not known
        assert got == [
            {"heating": False, "$avg:temperature": pytest.approx(206 / 8), "$count": 8},
            {"heating": True, "$avg:temperature": 28, "$count": 4},
        ]
        (row,) = await rows(
            hass, "$avg:heats", rules={"heats": "mode == 'heat'"}, every="01:00:00"
        )
        assert row == {"$avg:heats": pytest.approx(5 / 6)}
        later = {"start_time": ZERO + 3.5 * HOUR, "end_time": ZERO + 5 * HOUR}
        (row,) = await rows(
            hass, "$all:temperature", every=3600, device_id=ids["hall"], **later
        )
        assert row == {"$all:temperature": [30, 26]}


async def test_count_of_everything_that_was_recorded(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        got = await rows(
            hass, "$count", group_by=["name"], device_id=ids["hall"], sorts=["name"]
        )
        assert got == [
            {"name": "heating", "$count": 3},
            {"name": "mode", "$count": 2},
            {"name": "temperature", "$count": 5},
        ]
        (row,) = await rows(hass, "$count", filter="MATCHES /^heat$/")
        assert row == {"$count": 1}
        (row,) = await rows(hass, "$count", filter="HAS boolean")
        assert row == {"$count": 3}


WRONG: Final[list[tuple[dict[str, Any], str, str]]] = [
    (
        {"output": "$avg:colour"},
        "query_invalid",
        "colour: no such attribute",
    ),
    ({"output": "$avg:pin"}, "query_invalid", "pin: no such attribute"),
    ({"output": "$median:temperature"}, "query_invalid", "output: expected $count"),
    ({"device_id": "none"}, "query_invalid", "no device of a model has the id"),
    ({"device_id": "$low"}, "query_invalid", r"device_id: expected $name.member"),
    ({"filter": "temperature >"}, "filter_invalid", "line 1, column 14"),
    ({"rules": {"hot": "a > && b"}}, "filter_invalid", "line 1, column 5"),
    ({"end_time": "2020-01-01 00:00:00"}, "query_invalid", "before the end"),
    ({"every": 1, "end_time": "2026-12-01"}, "query_invalid", "more than 200000"),
]


async def test_what_cannot_be_answered(hass: HomeAssistant) -> None:
    async with recorded(hass):
        for data, key, said in WRONG:
            output = data.get("output", "$avg:temperature")
            more = {name: one for name, one in data.items() if name != "output"}
            caught = await refused(hass, output, **more)
            assert caught.translation_key == key, data
            assert said in str(caught), data


async def test_too_much_is_refused(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "custom_components.device_models.queries.recorded"
    async with recorded(hass):
        said = []
        for name, limit in (("MAX_SAMPLES", 3), ("MAX_SERIES", 1)):
            with monkeypatch.context() as patched:
                patched.setattr(f"{module}.{name}", limit)
                said.append(str(await refused(hass, "$avg:temperature")))
        assert "more than 3 values were recorded" in said[0]
        assert "that would be 2 attributes; at most 1" in said[1]


async def test_entity_that_is_disabled_has_no_history(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        registry = er.async_get(hass)
        for name in ("hall", "attic"):
            registry.async_update_entity(
                f"sensor.{name}_temperature",
                disabled_by=er.RegistryEntryDisabler.USER,
            )
        caught = await refused(hass, "$avg:temperature", device_id=[*ids.values()])
        assert "it needs an entity that is enabled" in str(caught)


async def test_units_that_differ_are_not_mixed(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        fahrenheit = {ATTR_UNIT_OF_MEASUREMENT: "°F"}
        hass.states.async_set("sensor.attic_temperature", "50", fahrenheit)
        caught = await refused(hass, "$avg:temperature")
        assert "devices show it in °C and in °F" in str(caught)
        assert await rows(
            hass, "$count", device_id=ids["hall"], filter="temperature > 0"
        )


async def test_several_requests_may_depend_on_each_other(hass: HomeAssistant) -> None:
    async with recorded(hass) as ids:
        times = {"start_time": ZERO, "end_time": ZERO + 6 * HOUR}
        answer = await ask(
            hass,
            "aggregate",
            requests=[
                {"name": "low", "filter": "elems.battery < 20"},
                {
                    "name": "mean",
                    "output": "$avg:temperature",
                    "device_id": "$low.id",
                    **times,
                },
                {
                    "output": "$count",
                    "filter": "EXISTS temperature && device IN $low.id",
                    "rules": {"x": "device IN $low.id"},
                    **times,
                },
                {"output": "$avg:none"},
                {"name": "nobody", "filter": "name == 'x'"},
                {"output": "$count", "device_id": "$nobody.id", **times},
            ],
        )
        results = answer["results"]
        assert [one["id"] for one in results[0]["result"]] == [ids["attic"]]
        assert results[1]["result"] == [{"$avg:temperature": 11}]
        assert results[2]["result"] == [{"$count": 2}]
        assert "none: no such attribute" in results[3]["error"]
        assert results[5]["result"] == [{"$count": 0}]


async def test_history_that_the_connection_has_is_asked_for(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of the connections has one yet: this one is taught it."""

    class Keeping(HttpConnection):
        capabilities = HttpConnection.capabilities | Capability.HISTORY

        @override
        async def history(
            self,
            device: VirtualDevice,
            names: AbstractSet[str],
            start: datetime,
            end: datetime,
        ) -> Sequence[Sample]:
            (name,) = names
            return [Sample(name, 5, start), Sample(name, 6, start + HOUR)]

    monkeypatch.setattr(HttpConnection, "capabilities", Keeping.capabilities)
    monkeypatch.setattr(HttpConnection, "history", Keeping.history)
    async with rooms(hass):
        assert await rows(hass, "$all:temperature", group_by=["deviceName"]) == [
            {"deviceName": "Hall", "$all:temperature": [5, 6]},
            {"deviceName": "Attic", "$all:temperature": [5, 6]},
        ]


async def test_fields_are_checked(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    for data in ({}, {"output": "$count", "every": 0}, {"output": "$count", "x": 1}):
        with pytest.raises(vol.Invalid):
            await ask(hass, "aggregate", **data)


def test_states_as_values() -> None:
    def value(kind: DataType, state: str) -> object:
        return value_of(state, Attribute(name="a", type=kind))

    assert value(DataType.NUMBER, "21.50") == 21.5
    assert value(DataType.INTEGER, "5") == 5
    assert value(DataType.NUMBER, "on") is True
    assert value(DataType.NUMBER, "Warm") == "Warm"  # a label of an enumeration
    assert value(DataType.BOOLEAN, "off") is False
    assert value(DataType.STRING, "on") == "on"
    assert value(DataType.STRING, "12") == "12"
    assert value(DataType.DATETIME, "2026-03-01T00:00:00+00:00") == ZERO
    assert value(DataType.STRING, "unknown") is None
    assert value(DataType.NUMBER, "unavailable") is None
