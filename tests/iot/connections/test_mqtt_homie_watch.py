"""Homie devices that appear on a broker, describe themselves anew, and go."""

from dataclasses import dataclass, field
import logging
import time
from typing import Any, override

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.base import (
    Capability,
    Found,
    Watcher,
)
from custom_components.device_models.iot.connections.mqtt import (
    Message,
    MqttConnection,
    homie_watch,
)
from custom_components.device_models.iot.connections.mqtt.homie_watch import HomieWatch
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import UnreachableError
from custom_components.device_models.iot.formats import load_document

from .mosquitto import MOSQUITTO, Mosquitto, Open, tell
from .test_mqtt_describe import Heard, encoded
from .things import nothing_left, shown, thing, until


def description(name: str, **more: Any) -> dict[str, Any]:
    """Return the description of a device of version 5."""
    level = {"properties": {"level": {"datatype": "float"}}}
    return {"homie": "5.0", "version": 1, "name": name, "nodes": {"n": level}, **more}


@dataclass
class Seen:
    """What was told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def watcher(self) -> Watcher:
        """Whom to tell."""

        def note(what: str) -> Any:
            return lambda found: self.told.append((what, found.reference))

        return Watcher(
            on_found=note("found"),
            on_described=note("described"),
            on_gone=note("gone"),
        )


async def heard(*messages: tuple[str, Any]) -> tuple[HomieWatch, Seen]:
    """Return a watch that has taken messages, and what it has told."""
    seen = Seen()
    watch = HomieWatch(Heard(), seen.watcher)
    for topic, payload in messages:
        watch._take(Message(topic, encoded(payload), retain=True))
    return watch, seen


@MOSQUITTO
@pytest.mark.peer
async def test_devices_appear_are_described_anew_and_go(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    pump, seen = "homie/5/pump", Seen()
    await tell(wire, f"{pump}/$description", description("Pump"), retain=True)
    await tell(wire, f"{pump}/$state", "ready", retain=True)
    await connection.watch(seen.watcher)
    await until(lambda: seen.told == [("found", pump)])
    # A device of version 4, below a level of its own.
    await tell(wire, "shed/lamp/$homie", "4.0.0", retain=True)
    await tell(wire, "shed/lamp/$state", "init", retain=True)
    await tell(wire, "shed/lamp/$name", "Lamp", retain=True)
    await tell(wire, "shed/lamp/$state", "ready", retain=True)
    await until(lambda: seen.told[1:] == [("found", "shed/lamp")])
    await tell(wire, f"{pump}/$state", "lost", retain=True)
    await tell(wire, f"{pump}/$state", "init", retain=True)
    await tell(wire, f"{pump}/$description", description("Pump", version=2))
    await tell(wire, "shed/lamp/$state", "init", retain=True)
    await tell(wire, "shed/lamp/$state", "ready", retain=True)
    await until(lambda: seen.told[2:] == [("described", "shed/lamp")])
    await tell(wire, f"{pump}/$state", "ready", retain=True)
    await until(lambda: seen.told[3:] == [("described", pump)])
    await tell(wire, f"{pump}/$state", "", retain=True)
    await tell(wire, f"{pump}/$description", "", retain=True)
    await tell(wire, "shed/lamp/$homie", "", retain=True)
    await until(lambda: len(seen.told) == 6)
    assert seen.told[4:] == [("gone", pump), ("gone", "shed/lamp")]
    await tell(wire, f"{pump}/$description", description("Pump"), retain=True)
    await tell(wire, f"{pump}/$state", "ready", retain=True)
    await until(lambda: seen.told[6:] == [("found", pump)])


@MOSQUITTO
@pytest.mark.peer
async def test_device_that_is_attached_is_told_of_by_itself(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    loaded = load_document(description("Pump"), "pump")
    mqtt = loaded.layouts["mqtt"]
    device = thing(connection, base="homie/5/pump", model=loaded.model, mqtt=mqtt)
    other = thing(connection, base="homie/5/other", model=loaded.model, mqtt=mqtt)
    changed: list[VirtualDevice] = []
    await connection.attach(device)
    await connection.attach(other)
    await connection.watch(Watcher())
    for version in (1, 2):
        text = description("Pump", version=version)
        await tell(wire, "homie/5/pump/$state", "init", retain=True)
        await tell(wire, "homie/5/pump/$description", text, retain=True)
        await tell(wire, "homie/5/pump/$state", "ready", retain=True)
        await until(lambda: shown(device).get("state") == "ready")
        connection.on_description_changed = changed.append
    await until(lambda: changed)
    assert changed == [device]


@MOSQUITTO
@pytest.mark.peer
async def test_discovery_lists_who_exists_and_leaves_nothing_behind(
    connection: MqttConnection, wire: aiomqtt.Client, broker: Mosquitto
) -> None:
    assert Capability.DISCOVER in connection.capabilities
    bridge = description("Bridge", children=["relay"])
    relay = description("Relay", root="bridge", children=["light"])
    light = description("Light", root="bridge", parent="relay")
    for name, text in (("bridge", bridge), ("relay", relay), ("light", light)):
        await tell(wire, f"homie/5/{name}/$description", text, retain=True)
        await tell(wire, f"homie/5/{name}/$state", "lost", retain=True)
    await tell(wire, "homie/5/old/$description", description("Old"), retain=True)
    found = await connection.discover()
    root = "homie/5/bridge"
    assert found == [
        Found(root, "Bridge"),
        Found("homie/5/relay", "Relay", root, root),
        Found("homie/5/light", "Light", root, "homie/5/relay"),
    ]
    await until(lambda: set(homie_watch.FILTERS) <= set(broker.unsubscriptions))


@MOSQUITTO
@pytest.mark.peer
async def test_watch_ends_with_its_connection(broker: Mosquitto, opened: Open) -> None:
    async with nothing_left():
        client = await opened(broker.port)
        connection = MqttConnection(client)
        await connection.watch(Watcher())
        await connection.close()


async def test_watch_that_cannot_begin_leaves_nothing_behind() -> None:
    class Refusing(Heard):
        @override
        async def subscribe(self, topic_filter: str, on_message: Any) -> Any:
            if len(self.filters) == 3:
                raise UnreachableError(address="MQTT", reason="refused")
            return await super().subscribe(topic_filter, on_message)

    client = Refusing()
    with pytest.raises(UnreachableError):
        await MqttConnection(client).discover()
    assert client.ended == 3


async def test_device_whose_state_came_first() -> None:
    watch, seen = await heard(
        ("homie/5/a/$state", "ready"),
        ("homie/5/a/$description", description("A")),
        ("homie/b/$name", "Bee"),
        ("homie/b/$state", "alert"),
        ("homie/b/$homie", "3.0.1"),
    )
    assert seen.told == [("found", "homie/5/a"), ("found", "homie/b")]
    assert [one.name for one in watch.found] == ["A", "Bee"]


async def test_device_that_says_the_same_again_is_no_news() -> None:
    _, seen = await heard(
        ("homie/5/a/$description", description("A")),
        ("homie/b/$homie", "4.0"),
        *[(f"homie/{one}/$state", state) for one in ("5/a", "b") for state in STATES],
        ("homie/5/a/$description", description("A")),
        ("homie/b/$homie", "4.0"),
    )
    assert seen.told == [("found", "homie/5/a"), ("found", "homie/b")]


STATES = ["ready", "sleeping", "ready", "lost", "disconnected", "ready"]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "{",
        "[]",
        "5",
        b"\xff\xfe",
        "[" * 100_000,
        {"homie": "4.0", "name": "x"},
        {"homie": 5, "name": "x"},
        {"homie": "5.0", "name": 1},
        {"homie": "5.0", "root": "a/b"},
        {"homie": "5.0", "root": "a", "parent": "+"},
        {"homie": "5.0", "name": "x" * homie_watch.MAX_DESCRIPTION},
    ],
)
async def test_garbage_is_nobody(payload: Any) -> None:
    good = description("Good")
    watch, seen = await heard(
        ("homie/5/bad/$description", payload),
        ("homie/5/bad/$state", "ready"),
        ("homie/5/good/$description", good),
        ("homie/5/good/$state", "ready"),
    )
    assert seen.told == [("found", "homie/5/good")]
    assert [one.name for one in watch.found] == ["Good"]


@pytest.mark.parametrize(
    "topic",
    [
        "homie/5/$broadcast/$description",
        "homie/5//$description",
        "homie/5/a b/$description",
        "hom\tie/5/a/$description",
    ],
)
async def test_what_is_no_id_is_nobody(topic: str) -> None:
    base = topic.removesuffix("/$description")
    watch, _ = await heard((topic, description("A")), (f"{base}/$state", "ready"))
    assert not watch.found


async def test_description_that_becomes_garbage_changes_nothing() -> None:
    watch, seen = await heard(
        ("homie/5/a/$description", description("A")),
        ("homie/5/a/$state", "ready"),
        ("homie/5/a/$description", "{"),
        ("homie/5/a/$state", "of no kind"),
    )
    assert seen.told == [("found", "homie/5/a")]
    assert watch.found


async def test_version_of_something_else_is_nobody() -> None:
    watch, _ = await heard(
        ("x/a/$homie", "2.0.1"),
        ("x/a/$state", "ready"),
        ("x/b/$homie", "home"),
        ("x/b/$state", "ready"),
    )
    assert not watch.found


async def test_names_are_bounded_and_there_is_always_one() -> None:
    watch, _ = await heard(
        ("homie/5/a/$description", description("A" * 500)),
        ("homie/5/a/$state", "ready"),
        ("homie/5/b/$description", description(" ")),
        ("homie/5/b/$state", "ready"),
        ("homie/c/$homie", "4.0"),
        ("homie/c/$state", "ready"),
        ("homie/c/$name", "C" * 500),
    )
    names = [one.name for one in watch.found]
    assert names == ["A" * homie_watch.MAX_NAME, "b", "C" * homie_watch.MAX_NAME]


async def test_number_of_devices_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    numbers = range(homie_watch.MAX_DEVICES + 50)
    early = [(f"homie/5/x{number}/$state", "ready") for number in range(10_000)]
    names = [(f"homie/y{number}/$name", "Y") for number in range(2_000)]
    watch, seen = await heard(
        *early,
        *names,
        *[(f"homie/5/d{one}/$description", description("D")) for one in numbers],
        *[(f"homie/5/d{one}/$state", "ready") for one in numbers],
        ("homie/late/$homie", "4.0"),
    )
    assert len(watch.found) == len(seen.told) == homie_watch.MAX_DEVICES
    assert len(watch._names) <= homie_watch.MAX_DEVICES
    assert len(watch._early) <= homie_watch.MAX_EARLY
    assert caplog.text.count("others are not offered") == 1


@MOSQUITTO
@pytest.mark.peer
async def test_flood_of_garbage_hides_nobody(
    connection: MqttConnection,
    wire: aiomqtt.Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    for number in range(10_000):
        level = ("$state", "$description", "n/p", "x/y/z")[number % 4]
        topic = f"homie/5/g{number}/{level}"
        await wire.publish(topic, "ready" if level == "$state" else "{", 0, True)
    await tell(wire, "homie/5/pump/$description", description("Pump"), retain=True)
    await tell(wire, "homie/5/pump/$state", "ready", retain=True)
    seen = Seen()
    before = time.process_time()
    await connection.watch(seen.watcher)
    await until(lambda: seen.told, seconds=30)
    assert seen.told == [("found", "homie/5/pump")]
    assert time.process_time() - before < 10
