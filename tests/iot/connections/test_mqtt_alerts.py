"""What Homie devices say of their own state: alerts, and being about to be there."""

from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.connections.mqtt import (
    MqttConnection,
    presence,
    problems,
)
from custom_components.device_models.iot.device import (
    Availability,
    VirtualDevice,
)
from custom_components.device_models.iot.formats import load_document

from .mosquitto import MOSQUITTO, Mosquitto, tell
from .things import shown, thing, until

pytestmark = [pytest.mark.peer, MOSQUITTO]

BASE = "homie/5/tank"
SENSOR: dict[str, Any] = {
    "homie": "5.0",
    "version": 1,
    "name": "Tank",
    "nodes": {"t": {"properties": {"level": {"datatype": "float"}}}},
}
OLDER = {
    f"{BASE}/$homie": "4.0.0",
    f"{BASE}/$nodes": "t",
    f"{BASE}/t/$properties": "level",
}


def tank(connection: MqttConnection, document: Any = SENSOR) -> VirtualDevice:
    loaded = load_document(document, "tank")
    return thing(connection, base=BASE, model=loaded.model, mqtt=loaded.layouts["mqtt"])


def problem(device: VirtualDevice) -> Any:
    return shown(device).get("problem")


async def test_alerts_begin_change_and_end(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    await tell(wire, f"{BASE}/$alert/battery", "Battery is low", retain=True)
    await tell(wire, f"{BASE}/$state", "ready", retain=True)
    device = tank(connection)
    alerts: list[Alert] = []
    device.on_alert("alert", alerts.append)
    await connection.attach(device)
    await until(lambda: shown(device).get("alerts") == "Battery is low")
    assert problem(device)
    assert not alerts  # it was raised before
    await tell(wire, f"{BASE}/$alert/leak", "Water below the tank", retain=True)
    await tell(wire, f"{BASE}/$alert/leak", "Water below the tank", retain=True)
    await tell(wire, f"{BASE}/$alert/leak", "Water in the cellar", retain=True)
    await until(lambda: len(alerts) == 2)
    assert alerts[0].fields == {"id": "leak", "message": "Water below the tank"}
    assert shown(device)["alerts"] == "Battery is low; Water in the cellar"
    await tell(wire, f"{BASE}/$alert/battery", "", retain=True)
    await tell(wire, f"{BASE}/$alert/leak", "", retain=True)
    await until(lambda: problem(device) is False)
    assert shown(device)["alerts"] == ""
    assert len(alerts) == 2


async def test_alerts_are_bounded_in_number_and_length(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = tank(connection)
    alerts: list[Alert] = []
    device.on_alert("alert", alerts.append)
    await connection.attach(device)
    for number in range(problems.MAX_ALERTS + 5):
        await tell(wire, f"{BASE}/$alert/a{number}", "x" * 1000)
    await tell(wire, f"{BASE}/$alert/a/b", "too deep")
    await tell(wire, f"{BASE}/$alert/", "nameless")
    await tell(wire, f"{BASE}/t/level", "1")
    await until(lambda: "t/level" in device.values)
    assert len(alerts) == problems.MAX_ALERTS
    assert len(alerts[0].fields["message"]) == problems.MAX_MESSAGE  # type: ignore[arg-type]
    assert len(shown(device)["alerts"]) == problems.MAX_MESSAGES


async def test_alerts_that_ended_while_the_broker_was_away_are_forgotten(
    connection: MqttConnection, wire: aiomqtt.Client, broker: Mosquitto
) -> None:
    device = tank(connection)
    await connection.attach(device)
    await tell(wire, f"{BASE}/$alert/leak", "Water", retain=False)
    await until(lambda: problem(device))
    broker.kill()
    await until(lambda: device.availability is Availability.UNREACHABLE)
    await broker.start()
    await until(lambda: device.availability is Availability.UNKNOWN)
    async with aiomqtt.Client("127.0.0.1", broker.port) as again:
        await tell(again, f"{BASE}/$state", "ready", retain=True)
        await until(lambda: problem(device) is False)


async def test_state_alert_of_version_4(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = tank(connection, OLDER)
    await connection.attach(device)
    await tell(wire, f"{BASE}/$state", "alert", retain=True)
    await until(lambda: problem(device))
    assert device.online
    assert shown(device)["state"] == "alert"
    await tell(wire, f"{BASE}/$alert/leak", "of no meaning yet", retain=True)
    await tell(wire, f"{BASE}/$state", "ready", retain=True)
    await until(lambda: problem(device) is False)


async def test_device_that_stays_about_to_be_there_is_away(
    connection: MqttConnection,
    wire: aiomqtt.Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "PENDING_TIMEOUT", 0.2)
    device = tank(connection)
    await connection.attach(device)
    await tell(wire, f"{BASE}/$state", "ready")
    await until(lambda: device.online)
    await tell(wire, f"{BASE}/$state", "init")
    await until(lambda: shown(device)["state"] == "init")
    assert device.online
    await until(lambda: device.availability is Availability.OFFLINE)
    assert device.reason == "not ready"
    await tell(wire, f"{BASE}/$state", "ready")
    await until(lambda: device.online)


async def test_device_that_is_ready_soon_was_never_away(
    connection: MqttConnection, wire: aiomqtt.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "PENDING_TIMEOUT", 0.2)
    device = tank(connection)
    seen: list[Availability] = []
    device.on_availability(lambda: seen.append(device.availability))
    await connection.attach(device)
    for state in ("ready", "init", "ready", "init"):
        await tell(wire, f"{BASE}/$state", state)
    await until(lambda: Availability.OFFLINE in seen)
    assert seen == [Availability.ONLINE, Availability.OFFLINE]
    await tell(wire, f"{BASE}/$state", "init")
    await until(lambda: shown(device)["state"] == "init")
    await connection.detach(device)  # and with it the wait
