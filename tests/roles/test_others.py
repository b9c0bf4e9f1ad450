"""What else is composed, with a device on the other end."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from .devices import running
from .models import (
    Document,
    boolean,
    choice,
    degrees,
    device,
    number,
    percent,
    text,
    uses,
)

pytestmark = pytest.mark.usefixtures("integration")


FOUND: list[tuple[Document, dict[str, dict[str, str]]]] = [
    (
        device(boolean("locked", semanticType="LockedProperty")),
        {"lock": {"locked": "locked"}},
    ),
    (
        device(
            choice("x", "locked", "unlocked", "jammed", writable=False,
                   semanticType="LockedProperty"),
            actions=("lock", "unlock"),
        ),
        {"lock": {"state": "x", "lock": "lock", "unlock": "unlock"}},
    ),
    (device(boolean("front_door_lock")), {"lock:front": {"locked": "front_door_lock"}}),
    (device(boolean("valve1"), boolean("valve2")),
     {f"valve:{i}": {"open_close": f"valve{i}"} for i in (1, 2)}),
    (device(percent("gasValve")), {"valve": {"position": "gasValve"}}),
    (
        device(boolean("fan/on"), percent("fan/speed")),
        {"fan:fan": {"on": "fan/on", "percentage": "fan/speed"}},
    ),
    (
        device(boolean("power"), choice("mode", "low", "high"), name="Ceiling fan"),
        {"fan": {"on": "power", "preset": "mode"}},
    ),
    (
        device(boolean("on"), percent("target"), percent("humidity", writable=False),
               semanticType="Dehumidifier"),
        {
            "humidifier": {
                "on": "on",
                "target_humidity": "target",
                "current_humidity": "humidity",
            }
        },
    ),
    (
        device(degrees("target", writable=True), degrees("temperature"),
               boolean("on"), name="Water heater"),
        {
            "water_heater": {
                "target_temperature": "target",
                "current_temperature": "temperature",
                "on": "on",
            }
        },
    ),
    (
        device(
            boolean("siren"), choice("siren_tone", "a", "b"), percent("siren_volume")
        ),
        {"siren": {"on": "siren", "tone": "siren_tone", "volume": "siren_volume"}},
    ),
    (
        device(text("firmwareVersion"), text("latestVersion"), actions=("install",)),
        {
            "update": {
                "installed": "firmwareVersion",
                "latest": "latestVersion",
                "install": "install",
            }
        },
    ),
    (
        device(number("lat", writable=False), number("lon", writable=False)),
        {"device_tracker": {"latitude": "lat", "longitude": "lon"}},
    ),
    (
        device(number("ora_latitude", writable=False),
               number("ora_longitude", writable=False)),
        {"device_tracker": {"latitude": "ora_latitude", "longitude": "ora_longitude"}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), FOUND)
def test_found(document: Document, expected: dict[str, dict[str, str]]) -> None:
    assert uses(document) == expected


@pytest.mark.parametrize(
    "document",
    [
        device(boolean("childLock")),
        device(boolean("keyLock")),
        device(actions=("lock", "unlock"), name="Vault of secrets"),
        device(boolean("running"), percent("speed"), name="Pump"),
        device(percent("fanSpeed"), name="Wall unit"),
        device(boolean("valve", writable=False)),
        device(percent("valvePosition", writable=False)),
        device(percent("radiatorValve")),
        device(boolean("alarm")),
        device(boolean("siren_armed"), boolean("siren_muted")),
        device(text("firmwareVersion"), actions=("update",)),
        device(text("firmwareVersion"), number("latestVersion", writable=False)),
        device(number("latitude", writable=False), name="Sun"),
        device(number("home_lat", writable=False), number("home_lon", writable=False)),
        device(number("lat"), number("lon")),
        device(boolean("on"), percent("humidity", writable=False), name="Hygrometer"),
        device(degrees("target", writable=True), degrees("temperature"), name="Kettle"),
    ],
)
def test_what_is_not_certain_is_left_as_it_is(document: Document) -> None:
    assert uses(document) == {}


async def test_valve(hass: HomeAssistant) -> None:
    document = device(
        percent("position"),
        choice("status", "opening", "closing", "idle", writable=False),
        actions=("stop",),
        semanticType="WaterValve",
    )
    async with running(hass, document, {"position": 0, "status": "idle"}) as thing:
        entity = "valve.thing"
        assert thing.shown(entity, "current_position", "device_class") == [
            "closed",
            0,
            "water",
        ]
        for service, data, value in (
            ("set_valve_position", {"position": 30}, 30),
            ("open_valve", {}, 100),
            ("close_valve", {}, 0),
        ):
            await thing.call(entity, service, **data)
            assert thing.values["position"] == value
        await thing.call(entity, "stop_valve")
        assert thing.device.calls[-1].action == "stop"
        for state in ("opening", "closing"):
            await thing.has(status=state)
            assert thing.state(entity) == state


async def test_valve_that_is_open_or_not(hass: HomeAssistant) -> None:
    async with running(hass, device(boolean("valve")), {"valve": False}) as thing:
        entity = "valve.thing_valve"
        assert thing.shown(entity, "current_position") == ["closed", None]
        await thing.call(entity, "open_valve")
        assert thing.values["valve"] is True
        assert thing.state(entity) == "open"
        await thing.call(entity, "close_valve")
        assert thing.values["valve"] is False


FAN: dict[str, Any] = {"semanticType": "Fan"}


@pytest.mark.parametrize(
    ("speed", "value", "shown", "asked", "sent", "step"),
    [
        (percent("speed"), 40, 40, 55, 55, 1),
        (percent("speed", range="0,4", unit=""), 2, 50, 60, 3, 25),
        (percent("speed", range="1,5", unit=""), 1, 20, 100, 5, 20),
        (percent("speed", range="10,30", step=10, unit=""), 20, 67, 30, 10, 100 / 3),
        (number("speed", range="0,1"), 0.5, 50, 25, 0.25, 1),
    ],
)
async def test_speed_both_ways(
    hass: HomeAssistant,
    speed: Document,
    value: float,
    shown: int,
    asked: int,
    sent: float,
    step: float,
) -> None:
    document = device(boolean("on"), speed, **FAN)
    async with running(hass, document, {"on": True, "speed": value}) as thing:
        entity = "fan.thing"
        assert thing.shown(entity, "percentage", "percentage_step") == [
            "on",
            shown,
            step,
        ]
        await thing.call(entity, "set_percentage", percentage=asked)
        assert thing.values["speed"] == sent
        await thing.call(entity, "set_percentage", percentage=0)
        assert thing.values["on"] is False
        assert thing.shown(entity, "percentage") == ["off", 0]
        await thing.call(entity, "turn_on")
        assert (thing.values["on"], thing.values["speed"]) == (True, sent)


async def test_fan_with_all_that_there_is(hass: HomeAssistant) -> None:
    document = device(
        percent("speed", range="0,3", unit=""), choice("preset", "breeze", "sleep"),
        boolean("oscillate"), choice("direction", "cw", "ccw"), **FAN,
    )  # fmt: skip
    values = {"speed": 2, "preset": "breeze", "oscillate": False, "direction": "cw"}
    async with running(hass, document, values) as thing:
        entity = "fan.thing"
        assert thing.shown(
            entity, "percentage", "preset_mode", "oscillating", "direction"
        ) == ["on", 67, "breeze", False, "forward"]
        for service, data, name, value in (
            ("set_preset_mode", {"preset_mode": "sleep"}, "preset", "sleep"),
            ("oscillate", {"oscillating": True}, "oscillate", True),
            ("set_direction", {"direction": "reverse"}, "direction", "ccw"),
            ("turn_off", {}, "speed", 0),
            ("turn_on", {}, "speed", 2),
            ("turn_on", {"preset_mode": "breeze"}, "preset", "breeze"),
            ("turn_on", {"percentage": 100}, "speed", 3),
        ):
            await thing.call(entity, service, **data)
            assert thing.values[name] == value, service
        await thing.forget("speed")
        assert thing.shown(entity, "percentage") == ["unknown", None]


async def test_fan_of_which_nothing_is_known(hass: HomeAssistant) -> None:
    document = device(boolean("on"), percent("speed"), **FAN)
    async with running(hass, document, {"on": True, "speed": 1}) as thing:
        await thing.forget("on")
        assert thing.shown("fan.thing", "percentage") == ["unknown", None]


async def test_lock_that_is_written(hass: HomeAssistant) -> None:
    document = device(
        boolean("locked"), boolean("jammed", writable=False), semanticType="Lock"
    )
    async with running(hass, document, {"locked": True, "jammed": False}) as thing:
        entity = "lock.thing"
        assert thing.state(entity) == "locked"
        await thing.call(entity, "unlock")
        assert thing.values["locked"] is False
        assert thing.state(entity) == "unlocked"
        await thing.call(entity, "lock")
        assert thing.values["locked"] is True
        await thing.has(jammed=True)
        assert thing.state(entity) == "jammed"
        await thing.has(jammed=False)
        await thing.forget("locked")
        assert thing.state(entity) == "unknown"


async def test_lock_with_actions(hass: HomeAssistant) -> None:
    states = ("locked", "unlocked", "locking", "unlocking", "jammed", "open", "opening")
    document = device(
        choice("bolt_state", *states, "undefined", writable=False),
        actions=("lock", "unlock", "unlatch"), semanticType="SmartLock",
    )  # fmt: skip
    async with running(hass, document, {"bolt_state": "undefined"}) as thing:
        entity = "lock.thing"
        assert thing.state(entity) == "unknown"
        for state in states:
            await thing.has(bolt_state=state)
            assert thing.state(entity) == state
        for service, action in (("lock",) * 2, ("unlock",) * 2, ("open", "unlatch")):
            await thing.call(entity, service)
            assert thing.device.calls[-1].action == action


async def test_lock_with_one_word_for_each_order(hass: HomeAssistant) -> None:
    document = device(choice("lock", "LOCK", "UNLOCK", "OPEN"))
    async with running(hass, document, {"lock": "LOCK"}) as thing:
        entity = "lock.thing_lock"
        assert thing.state(entity) == "locked"
        for service in ("unlock", "open", "lock"):
            await thing.call(entity, service)
            assert thing.values["lock"] == service.upper()
        assert thing.state(entity) == "locked"


async def test_humidifier(hass: HomeAssistant) -> None:
    document = device(
        boolean("on"), percent("target", range="30,80"),
        percent("humidity", writable=False), choice("mode", "auto", "sleep"),
        choice("action", "humidifying", "idle", writable=False),
        semanticType="Humidifier",
    )  # fmt: skip
    values = {"on": True, "target": 50, "humidity": 41, "mode": "auto"}
    async with running(hass, document, {**values, "action": "idle"}) as thing:
        entity = "humidifier.thing"
        assert thing.shown(
            entity,
            "humidity",
            "current_humidity",
            "mode",
            "action",
            "min_humidity",
            "max_humidity",
            "device_class",
        ) == ["on", 50, 41, "auto", "idle", 30, 80, "humidifier"]
        for service, data, name, value in (
            ("set_humidity", {"humidity": 60}, "target", 60),
            ("set_mode", {"mode": "sleep"}, "mode", "sleep"),
            ("turn_off", {}, "on", False),
            ("turn_on", {}, "on", True),
        ):
            await thing.call(entity, service, **data)
            assert thing.values[name] == value, service


async def test_humidifier_without_more(hass: HomeAssistant) -> None:
    async with running(hass, device(boolean("humidifier")), {"humidifier": True}) as it:
        assert it.shown("humidifier.thing_humidifier", "action", "mode") == [
            "on",
            None,
            None,
        ]


async def test_water_heater(hass: HomeAssistant) -> None:
    document = device(
        degrees("target", writable=True, range="30,65"), degrees("temperature"),
        boolean("on"), choice("mode", "eco", "boost"), boolean("away"),
        semanticType="WaterHeater",
    )  # fmt: skip
    values = {"target": 50, "temperature": 47.5, "on": True, "mode": "eco"}
    async with running(hass, document, {**values, "away": False}) as thing:
        entity = "water_heater.thing"
        assert thing.shown(
            entity,
            "temperature",
            "current_temperature",
            "min_temp",
            "max_temp",
            "operation_list",
            "away_mode",
        ) == ["eco", 50, 47.5, 30, 65, ["eco", "boost"], "off"]
        for service, data, name, value in (
            ("set_temperature", {"temperature": 55}, "target", 55),
            ("set_temperature", {"temperature": 56, "operation_mode": "boost"},
             "mode", "boost"),
            ("set_operation_mode", {"operation_mode": "eco"}, "mode", "eco"),
            ("set_away_mode", {"away_mode": True}, "away", True),
            ("set_away_mode", {"away_mode": False}, "away", False),
            ("turn_off", {}, "on", False),
        ):  # fmt: skip
            await thing.call(entity, service, **data)
            assert thing.values[name] == value, service
        assert thing.state(entity) == "off"
        await thing.call(entity, "turn_on")
        assert thing.state(entity) == "eco"
        await thing.forget("on")
        assert thing.state(entity) == "unknown"


@pytest.mark.parametrize("more", [(), (boolean("on"),)])
async def test_water_heater_without_modes(
    hass: HomeAssistant, more: tuple[Document, ...]
) -> None:
    document = device(
        degrees("target", writable=True), degrees("temperature"), *more, name="Boiler"
    )
    values = {"target": 50, "temperature": 47.5, **{one["name"]: True for one in more}}
    async with running(hass, document, values) as thing:
        assert thing.state("water_heater.thing") == ("on" if more else "unknown")


async def test_siren(hass: HomeAssistant) -> None:
    document = device(
        boolean("on"), choice("tone", "fire", "burglar"), percent("volume"),
        number("duration", unit="s"), semanticType="Siren",
    )  # fmt: skip
    values = {"on": False, "tone": "fire", "volume": 50, "duration": 10}
    async with running(hass, document, values) as thing:
        entity = "siren.thing"
        assert thing.shown(entity, "available_tones") == ["off", ["fire", "burglar"]]
        await thing.call(
            entity, "turn_on", tone="burglar", volume_level=0.8, duration=30
        )
        assert dict(thing.values) == {
            "on": True,
            "tone": "burglar",
            "volume": 80,
            "duration": 30,
        }
        assert thing.state(entity) == "on"
        await thing.call(entity, "turn_off")
        assert thing.values["on"] is False


async def test_siren_that_is_just_loud(hass: HomeAssistant) -> None:
    async with running(hass, device(boolean("buzzer")), {"buzzer": False}) as thing:
        await thing.call("siren.thing_buzzer", "turn_on")
        assert thing.values["buzzer"] is True


async def test_update(hass: HomeAssistant) -> None:
    document = device(
        text("firmwareVersion"), text("latestVersion"), percent("progress",
                                                                writable=False),
        actions=("install",),
    )  # fmt: skip
    values = {"firmwareVersion": "1.2.0", "latestVersion": "1.3.0", "progress": 0}
    async with running(hass, document, values) as thing:
        (entity,) = hass.states.async_entity_ids("update")
        assert thing.shown(entity, "installed_version", "latest_version") == [
            "on",
            "1.2.0",
            "1.3.0",
        ]
        await thing.call(entity, "install")
        assert [call.action for call in thing.device.calls] == ["install"]
        await thing.has(progress=40)
        assert thing.shown(entity, "in_progress", "update_percentage") == [
            "on",
            True,
            40,
        ]
        await thing.has(firmwareVersion="1.3.0", progress=100)
        assert thing.shown(entity, "in_progress") == ["off", False]
        await thing.has(latestVersion="")
        assert thing.shown(entity, "latest_version") == ["off", "1.3.0"]


async def test_update_that_only_tells(hass: HomeAssistant) -> None:
    document = device(
        text("firmwareVersion"), text("latestVersion"),
        boolean("updating", writable=False),
    )  # fmt: skip
    values = {"firmwareVersion": "1", "latestVersion": "2", "updating": True}
    async with running(hass, document, values) as thing:
        (entity,) = hass.states.async_entity_ids("update")
        assert thing.shown(entity, "in_progress", "update_percentage") == [
            "on",
            True,
            None,
        ]


@pytest.mark.parametrize(
    ("spelled", "latitude", "expected"),
    [
        (number, 52.5, [52.5, 13.25, 8]),
        (text, "52.5", [52.5, 13.25, 8]),
        (text, "north", [None, None, None]),
        (number, 97.0, [None, None, None]),
    ],
)
async def test_tracker(
    hass: HomeAssistant, spelled: Any, latitude: Any, expected: list[Any]
) -> None:
    document = device(
        spelled("latitude", writable=False),
        number("longitude", writable=False),
        number("accuracy", writable=False, unit="m"),
    )
    values = {"latitude": latitude, "longitude": 13.25, "accuracy": 8.0}
    async with running(hass, document, values) as thing:
        (entity,) = hass.states.async_entity_ids("device_tracker")
        shown = thing.shown(entity, "latitude", "longitude", "gps_accuracy")
        assert shown[1:] == expected
        assert shown[0] == ("unknown" if expected[0] is None else "not_home")
