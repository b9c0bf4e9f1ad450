"""Devices describe themselves through the MQTT client of Home Assistant."""

import asyncio
import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_fire_mqtt_message

from custom_components.device_models.ha_mqtt import HomeAssistantMqttClient
from custom_components.device_models.iot.connections.mqtt import (
    MqttConnection,
    describe as describe_module,
)
from custom_components.device_models.iot.errors import ModelError


@pytest.fixture
def expected_lingering_timers() -> bool:
    """The MQTT integration's own timer outlives its mock."""
    return True


@pytest.fixture(autouse=True)
def moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for a moment only."""
    monkeypatch.setattr(describe_module, "SECONDS", 0.5)
    monkeypatch.setattr(describe_module, "QUIET", 0.1)


@pytest.fixture
async def connection(hass: HomeAssistant, mqtt_mock: Any) -> MqttConnection:
    opened = MqttConnection(HomeAssistantMqttClient(hass))
    await opened.open()
    return opened


async def test_what_is_published_is_heard(
    hass: HomeAssistant, connection: MqttConnection
) -> None:
    describing = asyncio.create_task(connection.describe("cellar/pump"))
    await asyncio.sleep(0.05)
    async_fire_mqtt_message(hass, "cellar/pump/state", json.dumps({"pressure": 2.5}))
    async_fire_mqtt_message(hass, "cellar/other", "1")
    async_fire_mqtt_message(hass, "cellar/pump/picture", b"\xff\xd8")
    loaded = await describing
    (name,) = loaded.model.leaves
    assert name.endswith("pressure")
    await connection.close()


async def test_nothing_is_heard(connection: MqttConnection) -> None:
    with pytest.raises(ModelError, match=r"MQTT/cellar/pump: .*nothing was published"):
        await connection.describe("cellar/pump")
    await connection.close()
