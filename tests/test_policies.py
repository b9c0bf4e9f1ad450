"""What policies are for: fewer, computed and watched values in Home Assistant."""

from types import MappingProxyType
from typing import Any

import aiomqtt
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulators.coap import CoapSimulator

from .acting import attributes_of, device_subentry, set_up, state_of, until
from .boiler import Boiler

pytestmark = pytest.mark.usefixtures("integration")

TEMPERATURE = "sensor.boiler_temperature"


@pytest.fixture
async def boiler(hass: HomeAssistant, broker_port: int) -> Boiler:
    """Run the boiler, which has said nothing yet."""
    boiler = Boiler(hass, broker_port)
    await set_up(hass, boiler.entry)
    return boiler


def writes(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Return a list that takes the values that an entity writes."""
    written: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in ("unknown", "unavailable"):
            written.append(state.state)

    async_track_state_change_event(hass, entity_id, note)
    return written


async def said(boiler: Boiler, *messages: tuple[str, str], end: str = "end") -> None:
    """Have the boiler say things; returns when all of it has come."""
    await boiler.heard()
    await boiler.say(*messages, ("label", end))
    await until(lambda: boiler.device.said("label") == end)
    await boiler.hass.async_block_till_done()


async def test_noisy_sensor_with_a_dead_band_writes_fewer_states(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    noise = [20 + (number % 5) * 0.05 + number * 0.02 for number in range(100)]
    messages = [("temperature", f"{value:.2f}") for value in noise]
    written = writes(hass, TEMPERATURE)
    await said(boiler, *messages, end="without")
    without = len(written)
    await boiler.add("dead_band", attribute="temperature", amount=0.5)
    written.clear()
    await said(boiler, *messages, end="with")
    assert without > 90
    assert 2 <= len(written) <= 6
    assert state_of(hass, TEMPERATURE) != "unavailable"
    last = float(state_of(hass, TEMPERATURE))
    assert abs(last - noise[-1]) <= 0.5
    assert boiler.device.said("temperature") == pytest.approx(noise[-1], abs=0.01)


async def test_values_stay_when_policies_change_and_other_devices_are_left_alone(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    hass.config_entries.async_add_subentry(
        boiler.entry, _other_device(dict(boiler.data))
    )
    await hass.async_block_till_done()
    coordinators = boiler.entry.runtime_data.coordinators
    first, other = coordinators.values()
    await boiler.heard()
    await boiler.say(("temperature", "21.5"))
    await until(lambda: first.device.get("temperature"))
    written = writes(hass, TEMPERATURE)
    await boiler.add("sample", attribute="pressure", every=2)
    assert coordinators[boiler.subentry_id] is not first
    assert other in coordinators.values()
    assert state_of(hass, TEMPERATURE) == "21.5"
    assert set(written) <= {"21.5"}


def _other_device(data: dict[str, Any]) -> ConfigSubentry:
    """Return another device like the boiler."""
    return ConfigSubentry(
        data=MappingProxyType(data | {"key": "key-of-other", "place": "other"}),
        subentry_type="device",
        title="Other",
        unique_id="urn:test:boiler other",
    )


async def test_computed_attribute_is_an_entity_of_its_own_over_a_restart(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    await boiler.add(
        "computed",
        name="In Fahrenheit",
        type="number",
        unit="°F",
        formula="$(temperature) * 1.8 + 32",
    )
    entity_id = "sensor.boiler_in_fahrenheit"
    assert state_of(hass, entity_id) in ("unknown", "unavailable")
    await said(boiler, ("temperature", "100"))
    assert boiler.device.get("in_fahrenheit") == 212
    state = hass.states.get(entity_id)
    assert isinstance(state, State)
    assert state.attributes["device_class"] == "temperature"
    shown = state.state
    await hass.config_entries.async_reload(boiler.entry.entry_id)
    await hass.async_block_till_done()
    await said(boiler, ("temperature", "100"), end="again")
    assert state_of(hass, entity_id) == shown
    await said(boiler, ("temperature", "0"), end="at last")
    assert state_of(hass, entity_id) != shown


async def test_alert_of_a_condition_has_hysteresis(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    await boiler.add(
        "alert",
        name="Too hot",
        condition="$(temperature) > 30",
        clear="$(temperature) < 25",
        severity="significant",
    )
    entity_id = "event.boiler_too_hot"
    written = writes(hass, entity_id)
    values = ("29", "31", "29", "32", "26", "33")
    await said(boiler, *(("temperature", value) for value in values))
    assert len(written) == 1
    told = attributes_of(hass, entity_id)
    assert told["temperature"] == 31
    assert boiler.device.is_alerted("too_hot")
    await said(boiler, ("temperature", "24"), end="cool")
    assert not boiler.device.is_alerted("too_hot")
    await said(boiler, ("temperature", "40"), end="hot")
    assert len(written) == 2


async def test_batch_is_flushed_by_an_alert(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    await boiler.add("batch", window=3600, severity="critical")
    written = writes(hass, TEMPERATURE)
    await said(boiler, ("temperature", "20"), ("temperature", "21"))
    assert written == []
    await boiler.say(("alert/burst", '{"severity": "LOW"}'), ("label", "low"))
    await until(lambda: boiler.device.said("label") == "low")
    assert written == []
    await boiler.say(("alert/burst", '{"severity": "CRITICAL"}'))
    await until(lambda: len(written) == 2)
    assert [float(state) for state in written] == [20, 21]
    assert state_of(hass, "event.boiler_burst") != "unknown"


async def test_held_values_are_shown_when_the_device_ends(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    await boiler.add("window", attribute="temperature", figure="mean", window=3600)
    written = writes(hass, TEMPERATURE)
    await said(boiler, ("temperature", "20"), ("temperature", "22"))
    assert written == []
    await hass.config_entries.async_unload(boiler.entry.entry_id)
    assert float(written[0]) == 21


async def test_action_of_a_condition_is_sent_to_the_device(
    hass: HomeAssistant, boiler: Boiler
) -> None:
    await boiler.add("action", action="vent", condition="$(pressure) > 3")
    async with aiomqtt.Client("127.0.0.1", boiler.port) as client:
        await client.subscribe("boiler/vent/invoke")
        await said(boiler, ("pressure", "3.5"), ("pressure", "3.6"))
        message = await anext(client.messages)
    assert str(message.topic) == "boiler/vent/invoke"


async def test_device_that_is_asked_is_asked_for_what_formulas_need(
    hass: HomeAssistant, room: CoapSimulator
) -> None:
    policy = {
        "id": "POL",
        "pipelines": [
            {
                "pipeline": [
                    {
                        "id": "filterCondition",
                        "parameters": {"condition": "$(temperature) > 1000"},
                    }
                ]
            }
        ],
    }
    subentry = device_subentry("room_climate", "Room", "", policies=[policy])
    entry = MockConfigEntry(
        domain="device_models",
        data={
            "system": "coap",
            "host": "127.0.0.1",
            "port": room.port,
            "confirmable": True,
            "interval": 5.0,
        },
        subentries_data=[subentry],
    )
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    (coordinator,) = entry.runtime_data.coordinators.values()
    assert coordinator.device.needed == {"temperature"}
    assert coordinator.device.get("temperature") is not None
