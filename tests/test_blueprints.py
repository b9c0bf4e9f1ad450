"""The blueprints do what they promise."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
from typing import Any, Final

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import models
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from .acting import state_of, until
from .http_device import http_device
from .iot.connections.http_server import value
from .test_attribute_actions import STATE, away, get, thermostat

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

FOLDER: Final = Path(__file__).parent.parent / "blueprints"
BLUEPRINTS: Final = sorted(FOLDER.glob("*/*/*.yaml"))


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_blueprint_is_one(path: Path) -> None:
    blueprint = models.Blueprint(
        yaml_util.load_yaml_dict(str(path)),
        path=path.name,
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.domain == "automation"
    where = path.relative_to(FOLDER.parent).as_posix()
    assert str(blueprint.metadata["source_url"]).endswith(f"/blob/main/{where}")


@asynccontextmanager
async def automated(
    hass: HomeAssistant, folder: Path, blueprint: str, inputs: dict[str, Any]
) -> AsyncGenerator[None]:
    """Have an automation of a blueprint."""
    hass.config.config_dir = str(folder)
    shutil.copytree(FOLDER, folder / "blueprints")
    path = f"device_models/{blueprint}.yaml"
    use = {"use_blueprint": {"path": path, "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": use})
    await hass.async_block_till_done()
    (automation,) = hass.states.async_entity_ids("automation")
    yield
    off = {"entity_id": automation}
    await hass.services.async_call("automation", "turn_off", off, blocking=True)


@pytest.fixture
def told(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the data of the events that an automation fires."""
    heard: list[dict[str, Any]] = []

    @callback
    def hear(event: Event) -> None:
        heard.append(dict(event.data))

    hass.bus.async_listen("told", hear)
    return heard


NOT_TAKEN: Final = {
    "event": "told",
    "event_data": {"reason": "{{ reason }}"},
}


@pytest.mark.parametrize("present", [True, False])
async def test_values_for_the_night(
    hass: HomeAssistant, tmp_path: Path, told: list[dict[str, Any]], present: bool
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (server, device):
        if not present:
            server.handlers["/state"] = away
        inputs = {
            "device": device,
            "at": "22:00:00",
            "values": {"setpoint": 17, "mode": "auto"},
            "patience": {"seconds": 1},
            "not_taken": [NOT_TAKEN],
        }
        async with automated(hass, tmp_path, "night_values", inputs):
            evening = dt_util.now().replace(hour=22, minute=0, second=0, microsecond=0)
            async_fire_time_changed(hass, evening)
            if present:
                await until(lambda: state.asked("PUT"))
                assert state.asked("PUT") == [b'{"setpoint":17,"mode":"auto"}']
            else:
                await until(lambda: told)
                assert "waited for 1 s" in told[0]["reason"]
            await hass.async_block_till_done()
        assert len(told) == (not present)


def is_acknowledged(hass: HomeAssistant, entity_id: str) -> bool:
    """Whether somebody knows of the alert of a problem."""
    state = hass.states.get(entity_id)
    return state is not None and state.attributes.get("acknowledged") is not None


BOILER: Final[dict[str, Any]] = {
    "model": {
        "urn": "urn:com:acme:boiler",
        "name": "Boiler",
        "attributes": [{"name": "temperature", "type": "NUMBER"}],
        "formats": [
            {
                "name": "too_hot",
                "urn": "urn:com:acme:boiler:too_hot",
                "type": "ALERT",
                "value": {
                    "fields": [{"name": "at", "type": "NUMBER", "optional": False}]
                },
                "clear": {"condition": "$(temperature) < 60"},
            }
        ],
    },
    "policies": [
        {
            "id": "hot",
            "lastModified": 1700000000000,
            "pipelines": [
                {
                    "attributeName": "temperature",
                    "pipeline": [
                        {
                            "id": "alertCondition",
                            "parameters": {
                                "condition": "$(temperature) > 80",
                                "alert": {
                                    "urn": "urn:com:acme:boiler:too_hot",
                                    "severity": "CRITICAL",
                                    "fields": {"at": "$(temperature)"},
                                },
                                "filter": False,
                            },
                        }
                    ],
                }
            ],
        }
    ],
}


async def test_alert_until_it_is_acknowledged(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    notified = async_mock_service(hass, "notify", "phone")
    temperature = value(50)
    async with http_device(hass, BOILER, {"temperature": temperature}) as (_, device):
        inputs = {
            "alert": "event.boiler_too_hot",
            "notify": "notify.phone",
            "again_after": {"milliseconds": 200},
            "times": 50,
        }
        async with automated(hass, tmp_path, "alert_until_acknowledged", inputs):
            temperature.payload = b"90"
            await get(hass, device, refresh=True)
            problem = "binary_sensor.boiler_too_hot_problem"
            assert state_of(hass, problem) == "on"
            await until(lambda: len(notified) >= 2)
            told = notified[0].data
            assert told["title"] == "Boiler Too hot"
            assert told["message"].startswith("CRITICAL")
            (button,) = told["data"]["actions"]
            hass.bus.async_fire("mobile_app_notification_action", button)
            await until(lambda: is_acknowledged(hass, problem))
            await hass.async_block_till_done()
            assert state_of(hass, problem) == "on"
