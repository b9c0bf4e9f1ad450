"""What the demo shows, and from where it has it."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from custom_components.device_models.const import DOMAIN, PLATFORMS
from demo.errors import until
from demo.picture import ORDER, Device, Entity, Picture
from demo.table import age, change_text, state_text, table

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


# The table


def entity(entity_id: str, state: str | None, **attributes: object) -> Entity:
    name = entity_id.partition(".")[2].replace("_", " ").capitalize()
    return Entity(entity_id, "key-attribute-x", name, state, attributes, NOW)


def pump(**changes: Any) -> Device:
    entities = [
        entity("sensor.power", "640.0", unit_of_measurement="W"),
        entity("switch.pump", "on"),
        entity("button.start", "unknown"),
    ]
    return Device(
        **{"name": "Pump", "model": "Water pump", "entities": entities} | changes
    )


def drawn(devices: list[Device], width: int = 100, height: int | None = None) -> str:
    console = Console(width=width, height=50, record=True, file=StringIO())
    console.print(table(devices, width=width, height=height, now=NOW))
    return console.export_text()


def test_table_shows_each_entity() -> None:
    shown = drawn([pump(disabled=2)])
    assert "Pump  Water pump  ● live" in shown
    lines = {line.split("  ")[0].strip(): line for line in shown.splitlines()}
    assert "640.0 W" in lines["Power"]
    assert "switch" in shown
    assert "–" in lines["Start"]
    assert "(2 disabled)" in shown


def test_table_shows_what_is_unavailable() -> None:
    gone = pump(entities=[entity("sensor.power", "unavailable")])
    assert "○ unavailable" in drawn([gone])
    waiting = pump(entities=[*pump().entities, entity("sensor.flow", "unknown")])
    assert "◐ 1 without a value" in drawn([waiting])


def test_devices_stand_side_by_side_where_there_is_room() -> None:
    devices = [pump(), pump(name="Well")]
    together = [line for line in drawn(devices, 130).splitlines() if "●" in line]
    apart = [line for line in drawn(devices, 80).splitlines() if "●" in line]
    assert (len(together), len(apart)) == (1, 2)


@pytest.mark.parametrize(("width", "height"), [(130, 20), (80, 30), (80, 5)])
def test_table_fits(width: int, height: int) -> None:
    many = [entity(f"sensor.number_{number}", "1") for number in range(40)]
    devices = [pump(entities=many), pump(entities=many)]
    shown = drawn(devices, width, height).rstrip().splitlines()
    assert len(shown) <= max(height, 8)
    assert any("more" in line for line in shown)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (entity("sensor.a", "21.5", unit_of_measurement="°C"), "21.5 °C"),
        (entity("sensor.a", None), "not there yet"),
        (entity("sensor.a", "unknown"), "unknown"),
        (entity("event.a", "unknown"), "–"),
        (entity("event.a", "unavailable"), "unavailable"),
        (entity("button.a", "no time"), "no time"),
    ],
)
def test_state_for_people(shown: Entity, text: str) -> None:
    assert state_text(shown) == text


def test_times_for_people() -> None:
    today = datetime.now().astimezone().replace(hour=11, minute=2, second=3)
    assert state_text(entity("button.a", today.isoformat())) == "11:02:03"
    assert state_text(entity("datetime.a", "2020-01-02T12:00:00")) == "2020-01-02 12:00"
    alarm = entity("event.a", today.isoformat(), event_type="leak")
    assert state_text(alarm) == "leak at 11:02:03"
    started = entity("sensor.a", today.isoformat(), device_class="timestamp")
    assert state_text(started) == "11:02:03"


def test_change_is_one_line() -> None:
    line = change_text(pump(), pump().entities[0])
    assert line == f"{NOW.astimezone():%H:%M:%S}  Pump · Power: 640.0 W"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h")]
)
def test_age(seconds: int, text: str) -> None:
    assert age(pump().entities[0], NOW + timedelta(seconds=seconds)) == text


def test_age_of_nothing() -> None:
    assert age(Entity("sensor.a", "x"), NOW) == ""


def test_order_knows_every_platform() -> None:
    assert set(PLATFORMS) <= set(ORDER)


# The picture of what Home Assistant has


class RecordedApi:
    """Answers as Home Assistant does."""

    def __init__(self) -> None:
        self.listeners: dict[str, Any] = {}
        self.entities = [
            self.entity("switch.pump", name=None),
            self.entity("sensor.power", name="Electric power"),
            self.entity("event.report", disabled_by="integration"),
            self.entity("sensor.sun", platform="sun"),
        ]

    @staticmethod
    def entity(entity_id: str, **changes: Any) -> dict[str, Any]:
        return {
            "entity_id": entity_id,
            "unique_id": f"key-{entity_id}",
            "name": None,
            "original_name": "Original",
            "device_id": "1",
            "platform": DOMAIN,
            "disabled_by": None,
        } | changes

    async def command(self, kind: str) -> list[dict[str, Any]]:
        if kind == "config/entity_registry/list":
            return self.entities
        device = {"name_by_user": None, "name": "Pump", "model": "Water pump"}
        return [
            {"id": "1", "identifiers": [[DOMAIN, "key"]], **device},
            {"id": "2", "identifiers": [["sun", "sun"]], **device},
        ]

    async def subscribe(self, listener: Any, kind: str, **content: str) -> None:
        self.listeners[content.get("event_type", kind)] = listener


async def test_picture_follows_states() -> None:
    api = RecordedApi()
    picture = Picture(api)  # type: ignore[arg-type]
    await picture.follow()
    told: list[str] = []
    picture.on_change.append(lambda _, changed: told.append(str(changed.state)))
    (device,) = picture.devices
    power, switch = device.entities
    assert (device.name, device.disabled, device.available) == ("Pump", 1, False)
    assert (power.name, switch.name, switch.domain) == (
        "Electric power",
        "Original",
        "switch",
    )

    send = api.listeners["subscribe_entities"]
    send({"a": {"switch.pump": {"s": "on", "a": {"icon": "x", "b": 1}, "lc": 10.0}}})
    send({"a": {"sensor.sun": {"s": "1", "a": {}, "lc": 10.0}}})
    assert (switch.state, switch.changed) == ("on", datetime.fromtimestamp(10, UTC))
    assert device.not_live() == [power]
    send({"c": {"switch.pump": {"+": {"a": {"c": 2}}, "-": {"a": ["icon"]}}}})
    assert switch.attributes == {"b": 1, "c": 2}
    send({"c": {"switch.pump": {"+": {"s": "unavailable", "lc": 11.0}}}})
    assert not switch.available
    send({"r": ["switch.pump"]})
    assert switch.state is None
    assert told == ["on", "unavailable", "None"]
    picture.stop()


async def test_picture_follows_the_registries() -> None:
    api = RecordedApi()
    picture = Picture(api)  # type: ignore[arg-type]
    await picture.follow()
    before = picture.entities
    api.entities.append(api.entity("number.limit"))
    api.listeners["entity_registry_updated"]({})
    await until(lambda: len(picture.entities) == 3, 5, "a new entity")
    assert all(any(old is now for now in picture.entities) for old in before)
    picture.stop()


async def test_picture_notes_reloads() -> None:
    api = RecordedApi()
    picture = Picture(api)  # type: ignore[arg-type]
    await picture.follow()
    for domain, state in ((DOMAIN, "loaded"), ("sun", "x"), (DOMAIN, "not_loaded")):
        entry = {"domain": domain, "state": state, "title": "Broker"}
        api.listeners["config_entries/subscribe"]([{"type": "updated", "entry": entry}])
    assert picture.reloads == ["Broker: not_loaded"]
    picture.stop()
