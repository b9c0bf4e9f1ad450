"""The attributes of devices, asked for and changed by actions of Home Assistant."""

import asyncio
from contextlib import AbstractAsyncContextManager
import json
from typing import Any, Final

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.device_models.const import DOMAIN

from .http_device import http_device
from .iot.connections.http_server import Handler, HttpServer, value

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

MODEL: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:thermostat",
    "name": "Thermostat",
    "attributes": [
        {"name": "temperature", "type": "NUMBER", "unit": "°C"},
        {"name": "setpoint", "type": "NUMBER", "range": "5,30", "writable": True},
        {
            "name": "mode",
            "type": "STRING",
            "enum": ["off", "heat", "auto"],
            "writable": True,
        },
        {"name": "since", "type": "DATETIME", "writable": True},
        {
            "name": "night",
            "type": "OBJECT",
            "writable": True,
            "members": [{"name": "hour", "type": "INTEGER", "range": "0,23"}],
        },
        {"name": "pin", "type": "STRING", "sensitive": True, "writable": True},
    ],
}
STATE: Final[dict[str, Any]] = {
    "temperature": 21.5,
    "setpoint": 20,
    "mode": "heat",
    "since": 1700000000000,
    "night": {"hour": 21},
    "pin": "0000",
}


def thermostat(
    hass: HomeAssistant, **handlers: Handler
) -> AbstractAsyncContextManager[tuple[HttpServer, str]]:
    """Run a thermostat, and set it up; gives its server, and the id of its device."""
    binding = {"http": {"state": {"url": "state", "writable": True}}}
    return http_device(hass, {"model": MODEL, "binding": binding}, handlers)


async def away(request: web.Request) -> web.StreamResponse:
    """Answer nothing."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def get(hass: HomeAssistant, device: str, **data: Any) -> Any:
    """Ask for attributes."""
    return await hass.services.async_call(
        DOMAIN,
        "get_attributes",
        {"device_id": device, **data},
        blocking=True,
        return_response=True,
    )


async def test_all_attributes_are_told(hass: HomeAssistant) -> None:
    async with thermostat(hass, state=value(STATE)) as (_server, device):
        answer = await get(hass, device, attributes=[])  # a field left empty
        assert answer["attributes"] == (await get(hass, device))["attributes"]
        assert answer["availability"] == "online"
        known = answer["attributes"]
        names = ["temperature", "setpoint", "mode", "since", "night.hour", "pin"]
        assert list(known) == names
        assert known["temperature"].pop("at").endswith("+00:00")
        assert known["temperature"] == {
            "value": 21.5,
            "unit": "°C",
            "certainty": "live",
        }
        assert known["since"]["value"] == "2023-11-14T22:13:20+00:00"
        assert known["pin"]["value"] is None


async def test_attributes_are_told_by_name_and_asked_for_anew(
    hass: HomeAssistant,
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (_server, device):
        state.payload = value({**STATE, "setpoint": 23}).payload
        answer = await get(hass, device, attributes=["setpoint"])
        assert answer["attributes"]["setpoint"]["value"] == 20
        answer = await get(hass, device, attributes="setpoint", refresh=True)
        assert answer["attributes"].keys() == {"setpoint"}
        assert answer["attributes"]["setpoint"]["value"] == 23


async def test_what_is_wrong_with_a_value_is_told(hass: HomeAssistant) -> None:
    state = value({**STATE, "setpoint": 40})
    async with thermostat(hass, state=state) as (_server, device):
        answer = await get(hass, device, attributes=["setpoint"])
        assert answer["attributes"]["setpoint"] == {
            "value": None,
            "unit": None,
            "problem": "setpoint: 40 > 30",
        }


async def test_attribute_that_the_device_does_not_have(hass: HomeAssistant) -> None:
    async with thermostat(hass, state=value(STATE)) as (_server, device):
        with pytest.raises(ServiceValidationError) as caught:
            await get(hass, device, attributes=["colour"])
        assert caught.value.translation_key == "unknown_element"


async def change(
    hass: HomeAssistant, device: str, attributes: dict[str, Any], **data: Any
) -> Any:
    """Change attributes."""
    return await hass.services.async_call(
        DOMAIN,
        "set_attributes",
        {"device_id": device, "attributes": attributes, **data},
        blocking=True,
        return_response=True,
    )


async def test_several_attributes_are_changed_in_one_message(
    hass: HomeAssistant,
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (_server, device):
        answer = await change(
            hass, device, {"setpoint": "17.5", "mode": "auto", "night": {"hour": 22}}
        )
        assert answer.pop("command_id")
        assert answer == {
            "state": "confirmed",
            "reason": "",
            "attributes": {
                "setpoint": "confirmed",
                "mode": "confirmed",
                "night.hour": "confirmed",
            },
        }
        (sent,) = state.asked("PUT")
        assert json.loads(sent) == {
            "setpoint": 17.5,
            "mode": "auto",
            "night": {"hour": 22},
        }
        known = await get(hass, device, attributes=["setpoint", "night.hour"])
        assert known["attributes"]["setpoint"]["value"] == 17.5
        assert known["attributes"]["night.hour"]["value"] == 22


@pytest.mark.parametrize(
    ("attributes", "key"),
    [
        ({"setpoint": 40, "mode": "auto"}, "value_refused"),
        ({"setpoint": 20, "temperature": 5}, "not_offered"),
        ({"setpoint": 20, "colour": "red"}, "unknown_element"),
        ({"setpoint": 40, "mode": "cosy"}, "transaction_refused"),
    ],
)
async def test_nothing_is_sent_if_something_is_wrong(
    hass: HomeAssistant, attributes: dict[str, Any], key: str
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (_server, device):
        with pytest.raises(ServiceValidationError) as caught:
            await change(hass, device, attributes)
        assert caught.value.translation_key == key
        assert state.asked("PUT") == []


async def test_answer_says_of_each_what_the_device_took(hass: HomeAssistant) -> None:
    handlers = {
        **{name: value(STATE[name]) for name in ("temperature", "setpoint", "mode")},
        "setpoint": value(20, status=200),
    }
    async with thermostat(hass, **handlers) as (server, device):
        server.handlers["/setpoint"] = value(20, status=403)
        wanted = {"setpoint": 17, "mode": "auto"}
        answer = await change(hass, device, wanted)
        assert answer["state"] == "rejected"
        assert answer["attributes"] == {"setpoint": "rejected", "mode": "confirmed"}
        assert answer["reason"].startswith("mode was set, but not setpoint: ")
        with pytest.raises(HomeAssistantError, match="mode was set, but not setpoint"):
            await hass.services.async_call(
                DOMAIN,
                "set_attributes",
                {"device_id": device, "attributes": wanted},
                blocking=True,
            )


@pytest.mark.parametrize(
    ("status", "becomes"), [(500, "rejected"), (401, "rejected"), (503, "failed")]
)
async def test_whole_change_fails_with_its_reason(
    hass: HomeAssistant, status: int, becomes: str
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (server, device):
        states = async_capture_events(hass, "device_models_command")
        server.handlers["/state"] = value({}, status=status)
        answer = await change(hass, device, {"setpoint": 17})
        assert answer["state"] == becomes
        assert answer["attributes"] == {"setpoint": becomes}
        if status != 401:
            assert str(status) in answer["reason"]
        await hass.async_block_till_done()
        assert states[-1].data["state"] == becomes


async def test_device_that_is_away_is_waited_for(hass: HomeAssistant) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (server, device):
        server.handlers["/state"] = away
        wanted = {"setpoint": 17}
        kept = {"expires_in": 3600, "idempotency_key": "night"}
        answer = await change(hass, device, wanted, wait=0.2, **kept)
        assert answer["state"] == "queued"
        assert answer["command_id"] == "night"
        server.handlers["/state"] = state
        waits = hass.async_create_task(change(hass, device, wanted, wait=20, **kept))
        await asyncio.sleep(0)
        await get(hass, device, refresh=True)
        answer = await waits
        assert answer["state"] == "confirmed"
        assert answer["attributes"] == {"setpoint": "confirmed"}
        assert state.asked("PUT") == [b'{"setpoint":17}']


async def test_change_that_comes_to_nothing_while_it_is_waited_for(
    hass: HomeAssistant,
) -> None:
    state = value(STATE)
    async with thermostat(hass, state=state) as (server, device):
        server.handlers["/state"] = away
        answer = await change(hass, device, {"setpoint": 17}, wait=20, expires_in=0.5)
        assert answer["state"] == "expired"
        assert answer["attributes"] == {"setpoint": "expired"}
        kept = {"expires_in": 0.3, "idempotency_key": "evening"}
        with pytest.raises(HomeAssistantError, match="setpoint: expired: "):
            await hass.services.async_call(
                DOMAIN,
                "set_attributes",
                {
                    "device_id": device,
                    "attributes": {"setpoint": 18},
                    "wait": 20,
                    **kept,
                },
                blocking=True,
            )
        # The second call does nothing again, and is told so.
        server.handlers["/state"] = state
        answer = await change(hass, device, {"setpoint": 18}, **kept)
        assert answer["state"] == "expired"
        assert state.asked("PUT") == []
