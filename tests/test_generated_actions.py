"""The actions that Home Assistant has for those of devices."""

import json
from pathlib import Path
import re
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigSubentry
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.script import Script
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol
import yaml

from custom_components.device_models.const import CONF_DOCUMENT, DOMAIN
from custom_components.device_models.generated_actions import MAX_GENERATED

from .acting import attributes_of, set_up
from .flows import answered, only
from .http_thing import http_thing
from .test_device_actions import FADE, device_of, entry_with

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

FORM = {"forms": [{"href": "/actions/fade"}]}
TUNE = {
    "title": "Tune",
    "titles": {"en": "Tune", "de": "Abstimmen"},
    "description": "Brings everything into tune.",
    "input": {
        "type": "object",
        "required": ["level", "mode"],
        "properties": {
            "level": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "title": "Level",
                "description": "How much.",
            },
            "mode": {"type": "string", "enum": ["slow", "fast"]},
            "ratio": {"type": "number", "default": 0.5, "unit": "Cel"},
            "loud": {"type": "boolean", "default": False},
        },
    },
    "forms": [{"href": "/actions/tune"}],
}


def own(hass: HomeAssistant) -> set[str]:
    """Return the names of the actions that are devices'."""
    known = hass.services.async_services_for_domain(DOMAIN)
    return {name for name in known if name.startswith(("boiler", "kettle"))}


def changed(
    hass: HomeAssistant, entry: MockConfigEntry, title: str = "Boiler", **actions: Any
) -> None:
    """Give the only device another title, or other actions."""
    device = only(entry)
    document = {**device.data[CONF_DOCUMENT]}
    if actions:
        document["actions"] = actions
    hass.config_entries.async_update_subentry(
        entry, device, title=title, data={**device.data, CONF_DOCUMENT: document}
    )


async def described(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> dict[str, Any]:
    """Return the actions as the automation editor gets them."""
    await async_setup_component(hass, "websocket_api", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "get_services"})
    answer = await client.receive_json()
    services: dict[str, Any] = answer["result"][DOMAIN]
    return services


async def test_action_shows_in_the_editor_with_typed_fields(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    async with http_thing(actions={"tune": TUNE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        shown = (await described(hass, hass_ws_client))["boiler_tune"]
        assert shown == {
            "name": "Boiler: Tune",
            "description": "Brings everything into tune.",
            "response": {"optional": True},
            "fields": {
                "level": {
                    "name": "Level",
                    "description": "How much.",
                    "required": True,
                    "selector": {
                        "number": {"min": 0, "max": 100, "step": 1, "mode": "slider"}
                    },
                },
                "mode": {
                    "name": "Mode",
                    "required": True,
                    "selector": {
                        "select": {
                            "options": [
                                {"value": "slow", "label": "slow"},
                                {"value": "fast", "label": "fast"},
                            ],
                            "mode": "dropdown",
                        }
                    },
                },
                "ratio": {
                    "name": "Ratio",
                    "required": False,
                    "default": 0.5,
                    "selector": {
                        "number": {
                            "step": "any",
                            "mode": "box",
                            "unit_of_measurement": "°C",
                        }
                    },
                },
                "loud": {
                    "name": "Loud",
                    "required": False,
                    "default": False,
                    "selector": {"boolean": {}},
                },
            },
        }
        assert list(shown["fields"]) == ["level", "mode", "ratio", "loud"]
        await hass.config.async_update(language="de")
        await hass.async_block_till_done()
        shown = (await described(hass, hass_ws_client))["boiler_tune"]
        assert shown["name"] == "Boiler: Abstimmen"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_automation_calls_it_and_gets_the_answer(hass: HomeAssistant) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        hass.states.async_set("input_number.wanted", "40")
        automation = {
            "trigger": {"platform": "event", "event_type": "evening"},
            "action": [
                {
                    "action": f"{DOMAIN}.boiler_fade",
                    "data": {
                        "brightness": "{{ states('input_number.wanted') }}",
                        "seconds": "{{ none }}",
                    },
                    "response_variable": "answer",
                },
                {"event": "done", "event_data": {"told": "{{ answer.result.told }}"}},
            ],
        }
        told: list[Any] = []
        hass.bus.async_listen("done", lambda event: told.append(event.data["told"]))
        assert await async_setup_component(
            hass, "automation", {"automation": automation}
        )
        hass.bus.async_fire("evening")
        await hass.async_block_till_done()
        assert told == [{"brightness": 40, "seconds": 2}]
        assert list(thing.calls[0][1]) == ["brightness", "seconds"]
        await hass.config_entries.async_unload(entry.entry_id)


async def test_arguments_may_have_the_names_of_what_is_said_of_commands(
    hass: HomeAssistant,
) -> None:
    names = ("expires_in", "idempotency_key", "reliability")
    tune = {
        "input": {
            "type": "object",
            "properties": {name: {"type": "integer"} for name in names},
        },
        "forms": [{"href": "/actions/tune"}],
    }
    async with http_thing(actions={"tune": tune}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        given = dict.fromkeys(names, 5)
        for _ in range(2):
            await hass.services.async_call(DOMAIN, "boiler_tune", given, blocking=True)
        assert thing.calls == [("tune", given)] * 2
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"level": 3, "mode": "slow"}, [3, "slow", 0.5, False]),
        ({"mode": "slow", "level": 3}, [3, "slow", 0.5, False]),
        ({"level": "7", "mode": "fast"}, [7, "fast", 0.5, False]),
        ({"level": 7.0, "mode": "fast"}, [7, "fast", 0.5, False]),
        ({"level": "7.0", "mode": "fast"}, [7, "fast", 0.5, False]),
        ({"level": 1, "mode": "slow", "ratio": "1.25"}, [1, "slow", 1.25, False]),
        ({"level": 1, "mode": "slow", "loud": "on"}, [1, "slow", 0.5, True]),
        ({"level": 1, "mode": "slow", "loud": 1}, [1, "slow", 0.5, True]),
        ({"level": 1, "mode": "slow", "loud": None}, [1, "slow", 0.5, False]),
    ],
)
async def test_arguments_are_sent_in_the_order_and_the_types_of_the_model(
    hass: HomeAssistant, given: dict[str, Any], sent: list[Any]
) -> None:
    async with http_thing(actions={"tune": TUNE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        await hass.services.async_call(DOMAIN, "boiler_tune", given, blocking=True)
        ((_name, arguments),) = thing.calls
        assert list(arguments) == ["level", "mode", "ratio", "loud"]
        assert json.dumps([*arguments.values()]) == json.dumps(sent)
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "given",
    [
        {"level": 101, "mode": "slow"},
        {"level": -1, "mode": "slow"},
        {"level": 1.5, "mode": "slow"},
        {"level": "much", "mode": "slow"},
        {"level": True, "mode": "slow"},
        {"level": 1, "mode": "idle"},
        {"level": 1, "mode": None},
        {"level": 1, "mode": "slow", "ratio": "nan"},
        {"level": 1, "mode": "slow", "loud": "perhaps"},
        {"level": 1, "mode": "slow", "loud": 2},
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_sent(
    hass: HomeAssistant, given: dict[str, Any]
) -> None:
    async with http_thing(actions={"tune": TUNE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(DOMAIN, "boiler_tune", given, blocking=True)
        assert caught.value.translation_key == "value_refused"
        for wrong in ({"level": 1}, {**given, "colour": "red"}):
            with pytest.raises(vol.Invalid):
                await hass.services.async_call(
                    DOMAIN, "boiler_tune", wrong, blocking=True
                )
        assert not thing.calls
        await hass.config_entries.async_unload(entry.entry_id)


async def test_failure_of_the_device_is_told(hass: HomeAssistant) -> None:
    gone = {**FADE, "forms": [{"href": "/gone"}]}
    async with http_thing(actions={"fade": gone}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        with pytest.raises(HomeAssistantError, match="405"):
            await hass.services.async_call(
                DOMAIN, "boiler_fade", {"brightness": 1}, blocking=True
            )
        await hass.config_entries.async_unload(entry.entry_id)


async def test_fields_follow_the_model_without_a_restart(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        more: Any = json.loads(json.dumps(FADE))
        more["input"]["properties"]["curve"] = {"type": "string", "default": "sine"}
        changed(hass, entry, fade=more, tune=TUNE)
        await hass.async_block_till_done()
        services = await described(hass, hass_ws_client)
        assert list(services["boiler_fade"]["fields"])[-1] == "curve"
        assert own(hass) == {"boiler_fade", "boiler_tune"}
        data = {"brightness": 4, "curve": "line"}
        await hass.services.async_call(DOMAIN, "boiler_fade", data, blocking=True)
        assert thing.calls == [
            ("fade", {"brightness": 4, "seconds": 2, "curve": "line"})
        ]
        changed(hass, entry, tune=TUNE)
        await hass.async_block_till_done()
        assert own(hass) == {"boiler_tune"}
        await hass.config_entries.async_unload(entry.entry_id)


async def test_names_stay(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        changed(hass, entry, title="Kettle")
        await hass.async_block_till_done()
        assert own(hass) == {"boiler_fade"}
        changed(hass, entry, title="Kettle", dim=FADE)  # the same by another name
        await hass.async_block_till_done()
        assert own(hass) == {"boiler_fade"}
        data = {"brightness": 1}
        await hass.services.async_call(DOMAIN, "boiler_fade", data, blocking=True)
        assert thing.calls[-1][1] == {"brightness": 1, "seconds": 2}
        changed(hass, entry, title="Kettle", dim=FADE, tune=TUNE)
        await hass.async_block_till_done()
        assert own(hass) == {"boiler_fade", "boiler_tune"}
        await hass.async_stop(force=True)
        stored = hass_storage[f"{DOMAIN}.action_names"]["data"]["key-of-boiler"]
        assert stored == {
            "device": "boiler",
            "actions": {"dim": "boiler_fade", "tune": "boiler_tune"},
        }


async def test_names_are_known_again(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    hass_storage[f"{DOMAIN}.action_names"] = {
        "version": 1,
        "key": f"{DOMAIN}.action_names",
        "data": {
            "key-of-boiler": {"device": "kettle", "actions": {"fade": "kettle_fade"}},
            "key-of-what-is-gone": {"device": "x", "actions": {"y": "boiler_tune"}},
        },
    }
    async with http_thing(actions={"fade": FADE, "tune": TUNE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        assert own(hass) == {"kettle_fade", "kettle_tune"}
        await hass.config_entries.async_unload(entry.entry_id)


async def test_names_do_not_clash_and_are_bounded(hass: HomeAssistant) -> None:
    actions = {"fade": FADE, "Fade": FADE, "fade!": FADE, "x" * 200: FADE}
    async with http_thing(actions=actions) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        first = only(entry)
        twin = ConfigSubentry(
            data=MappingProxyType({**first.data, "key": "key-of-twin"}),
            subentry_type=first.subentry_type,
            title="Boiler",
            unique_id="twin",
        )
        hass.config_entries.async_add_subentry(entry, twin)
        await hass.async_block_till_done()
        names = own(hass)
        assert len(names) == 8
        assert {name for name in names if "fade" in name} == {
            "boiler_fade", *(f"boiler_fade_{number}" for number in range(2, 7))
        }  # fmt: skip
        assert all(len(name) <= 66 for name in names)
        hass.config_entries.async_remove_subentry(entry, twin.subentry_id)
        await hass.async_block_till_done()
        assert len(own(hass)) == 4
        await hass.config_entries.async_unload(entry.entry_id)


async def test_no_name_of_the_integrations_own_is_taken(hass: HomeAssistant) -> None:
    async with http_thing(actions={"action": FADE}) as thing:
        entry = entry_with(thing)
        entry.add_to_hass(hass)
        changed(hass, entry, title="Call")
        await set_up(hass, entry)
        assert hass.services.has_service(DOMAIN, "call_action_2")
        data = {"brightness": 1}
        await hass.services.async_call(DOMAIN, "call_action_2", data, blocking=True)
        assert len(thing.calls) == 1
        await hass.config_entries.async_unload(entry.entry_id)


async def test_action_is_there_while_the_connection_is_down(
    hass: HomeAssistant,
) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        await hass.config_entries.async_unload(entry.entry_id)
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(
                DOMAIN, "boiler_fade", {"brightness": 1}, blocking=True
            )
        assert caught.value.translation_key == "service_config_entry_not_loaded"


async def test_action_goes_when_the_device_is_disabled(hass: HomeAssistant) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        registry = dr.async_get(hass)
        by_user = dr.DeviceEntryDisabler.USER
        registry.async_update_device(device, disabled_by=by_user)
        await hass.async_block_till_done()
        assert not own(hass)
        registry.async_update_device(device, disabled_by=None)
        await hass.async_block_till_done()
        assert own(hass) == {"boiler_fade"}
        config = hass.config_entries
        await config.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        await hass.async_block_till_done()
        assert not own(hass)
        await config.async_set_disabled_by(entry.entry_id, None)
        await hass.async_block_till_done()
        assert own(hass) == {"boiler_fade"}
        await config.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert not own(hass)


@pytest.mark.parametrize(
    ("more", "response"),
    [
        ({}, SupportsResponse.NONE),
        (
            {"results": [{"name": "told", "type": "STRING"}]},
            SupportsResponse.OPTIONAL,
        ),
    ],
)
async def test_answer_where_the_connection_gives_none(
    hass: HomeAssistant,
    pump_entry: MockConfigEntry,
    more: dict[str, Any],
    response: SupportsResponse,
) -> None:
    """Over MQTT nothing answers, unless the model says so."""
    pump = only(pump_entry)
    document: Any = json.loads(json.dumps(pump.data[CONF_DOCUMENT]))
    argument = {"name": "seconds", "type": "INTEGER"}
    document["model"]["actions"].append(
        {"name": "soak", "arguments": [argument], **more}
    )
    data = {**pump.data, CONF_DOCUMENT: document}
    hass.config_entries.async_update_subentry(pump_entry, pump, data=data)
    await set_up(hass, pump_entry)
    assert hass.services.supports_response(DOMAIN, "pump_soak") is response
    await hass.config_entries.async_unload(pump_entry.entry_id)


async def test_device_without_a_usable_model_has_none(hass: HomeAssistant) -> None:
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        device = only(entry)
        data = {**device.data, CONF_DOCUMENT: {"model": 3}}
        hass.config_entries.async_update_subentry(entry, device, data=data)
        await hass.async_block_till_done()
        assert not own(hass)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_review_tells_how_actions_are_called(hass: HomeAssistant) -> None:
    actions = {f"act{number}": FADE for number in range(MAX_GENERATED + 1)}
    async with http_thing(actions=actions) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        assert len(own(hass)) == MAX_GENERATED
        begun: Any = await entry.start_subentry_reconfigure_flow(
            hass, only(entry).subentry_id
        )
        shown = await answered(hass, begun["flow_id"], next_step_id="entities")
        remarks = shown["description_placeholders"]["remarks"]
        assert "action act3: it needs arguments" in remarks
        assert f"{DOMAIN}.boiler_act3" in remarks.replace("\\", "")
        last = remarks.partition(f"action act{MAX_GENERATED}: ")[2]
        assert "call_action calls this one" in last.replace("\\", "")
        await hass.config_entries.async_unload(entry.entry_id)


async def test_button_shows_what_the_device_answered(hass: HomeAssistant) -> None:
    async with http_thing(actions={"test": FORM}) as thing:
        entry = entry_with(thing)
        await device_of(hass, entry)
        assert "result" not in attributes_of(hass, "button.boiler_test")
        await press(hass, "button.boiler_test")
        assert attributes_of(hass, "button.boiler_test")["result"] == {"told": None}
        thing.answers = lambda _told: "x" * 5000
        await press(hass, "button.boiler_test")
        assert len(attributes_of(hass, "button.boiler_test")["result"]) == 1000
        thing.answers = lambda _told: None
        await press(hass, "button.boiler_test")
        assert "result" not in attributes_of(hass, "button.boiler_test")
        await hass.config_entries.async_unload(entry.entry_id)


async def press(hass: HomeAssistant, button: str) -> None:
    """Press a button."""
    target = {"entity_id": button}
    await hass.services.async_call("button", "press", target, blocking=True)


async def test_examples_of_the_documentation(hass: HomeAssistant) -> None:
    """The device of the page is the one of the tests."""
    page = (Path(__file__).parent.parent / "docs" / "actions.md").read_text()
    assert f"at most {MAX_GENERATED}." in page
    examples = [
        yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ]
    async with http_thing(actions={"fade": FADE}) as thing:
        entry = entry_with(thing)
        device = await device_of(hass, entry)
        hass.states.async_set("input_number.evening", "12")
        assert len(examples) == 2
        for example in examples:
            if "device_id" in example["data"]:
                example["data"]["device_id"] = device
            steps = cv.SCRIPT_SCHEMA([example])
            script = Script(hass, steps, "example", DOMAIN)
            await script.async_run(context=Context())
        assert [arguments for _name, arguments in thing.calls] == [
            {"brightness": 12, "seconds": 5},
            {"brightness": 40, "seconds": 2},
        ]
        await hass.config_entries.async_unload(entry.entry_id)
