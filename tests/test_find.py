"""Devices, attributes and alerts that are found by a filter."""

from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import voluptuous as vol

from custom_components.device_models.const import DOMAIN
from custom_components.device_models.iot.device import Certainty, Reading, VirtualDevice
from custom_components.device_models.iot.model import DeviceModel
from custom_components.device_models.iot.query.evaluating import Moment
from custom_components.device_models.iot.query.finding import Search
from custom_components.device_models.queries.asking import found
from custom_components.device_models.queries.documents import (
    Snapshot,
    as_result,
    devices,
)

from .iot.samples import attributes, model_of
from .querying import ask, rooms

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")


def device(hass: HomeAssistant, name: str) -> VirtualDevice:
    """Return a device of a room."""
    (entry,) = hass.config_entries.async_loaded_entries(DOMAIN)
    coordinator = entry.runtime_data.coordinator_with(f"key-of-{name}")
    assert coordinator is not None
    virtual: VirtualDevice = coordinator.device
    return virtual


async def names(hass: HomeAssistant, text: str, **data: Any) -> list[str]:
    """Return the names of what is found."""
    answer = await ask(hass, "find", filter=text, sort="name", **data)
    return [one["name"] for one in answer["result"]]


async def test_device_as_a_document(hass: HomeAssistant) -> None:
    async with rooms(hass) as ids:
        areas = ar.async_get(hass)
        area = areas.async_create("Ground floor")
        dr.async_get(hass).async_update_device(
            ids["hall"], area_id=area.id, name_by_user="My hall"
        )
        answer = await ask(hass, "find", filter="name == 'My hall'")
        (hall,) = answer["result"]
        now = datetime.now(UTC).timestamp() * 1000
        assert now - 60_000 < hall.pop("creationDate") <= now + 1
        assert now - 60_000 < hall.pop("lastEditDate") <= now + 1
        assert hall["elems"].pop("note") == "x" * 1000 + "…"
        assert hall == {
            "id": ids["hall"],
            "name": "My hall",
            "path": "/my_house/my_hall",
            "area": "Ground floor",
            "parent": None,
            "model": "urn:com:acme:room",
            "connection": "My House",
            "availability": "online",
            "location": {"lat": 52.52, "lon": 13.405},
            "elems": {
                "temperature": 21.5,
                "battery": 80,
                "heating": True,
                "mode": "heat",
                "since": "2023-11-14T22:13:20+00:00",
                "latitude": 52.52,
                "longitude": 13.405,
            },
        }


FOUND: Final = [
    ("", ["Attic", "Hall"]),
    ("elems.temperature > 25", ["Attic"]),
    ("temperature > 25 || battery == 80", ["Attic", "Hall"]),
    ("EXISTS elems.note", ["Hall"]),
    ("EXISTS elems.pin", []),
    ("pin == '0000'", []),
    ("MATCHES /^0000$/", []),
    ("MATCHES /^x{500}x/", ["Hall"]),
    ("HAS date", ["Hall"]),
    ("AGE > 60000", []),
    ("AGE < 60000", ["Attic", "Hall"]),
    ("since < Date(1700000000001)", ["Hall"]),
    (r"path =~ /^\/my_house\/a/", ["Attic"]),
    ("location WITHIN 5 KM OF [52.5,13.4]", ["Hall"]),
    ("location WITHIN 500 MILES OF [51,8]", ["Attic", "Hall"]),
    ("availability IN ['unreachable', 'offline']", []),
]


async def test_find_devices(hass: HomeAssistant) -> None:
    async with rooms(hass):
        for text, expected in FOUND:
            assert await names(hass, text) == expected, text


async def test_limit_order_and_members(hass: HomeAssistant) -> None:
    async with rooms(hass):
        answer = await ask(
            hass,
            "find",
            sort="elems.temperature",
            order="desc",
            limit=1,
            only=["name", "elems.temperature"],
        )
        assert answer == {"result": [{"name": "Attic", "elems": {"temperature": 30}}]}
        assert await names(hass, "", start=1) == ["Hall"]
        assert await names(hass, "", skip=1, limit=5) == ["Hall"]


async def test_find_attributes(hass: HomeAssistant) -> None:
    async with rooms(hass) as ids:
        device(hass, "hall").receive({"battery": "broken"})
        answer = await ask(
            hass, "find", what="attributes", filter="value > 25 && name =~ /^temp/"
        )
        (found,) = answer["result"]
        assert found["time"].endswith("+00:00")
        del found["time"], found["creationDate"]
        assert found == {
            "id": f"{ids['attic']}/temperature",
            "device": ids["attic"],
            "deviceName": "Attic",
            "name": "temperature",
            "value": 30,
            "unit": "°C",
            "type": "NUMBER",
            "writable": False,
            "certainty": "live",
            "problem": None,
        }
        broken = await ask(
            hass,
            "find",
            what="attributes",
            filter="EXISTS problem && deviceName == 'Hall'",
        )
        (found,) = broken["result"]
        assert found["name"] == "battery"
        assert "whole number" in found["problem"]
        unknown = await ask(hass, "find", what="attributes", filter="!EXISTS value")
        assert {one["name"] for one in unknown["result"]} == {"note", "since"}
        secret = await ask(hass, "find", what="attributes", filter="name == 'pin'")
        assert secret["result"] == []


async def test_find_alerts_and_the_devices_they_refer_to(hass: HomeAssistant) -> None:
    async with rooms(hass) as ids:
        assert await ask(hass, "find", what="alerts") == {"result": []}
        device(hass, "attic").receive_alert("too_hot", {"temp": 31})
        answer = await ask(
            hass, "find", what="alerts", filter="temp > 30 && rank >= 2", refs=True
        )
        (alert,) = answer["result"]
        assert alert.pop("time") == alert.pop("since")
        del alert["creationDate"]
        assert alert == {
            "id": f"{ids['attic']}/too_hot",
            "device": ids["attic"],
            "deviceName": "Attic",
            "name": "too_hot",
            "active": None,
            "pending": True,
            "severity": "SIGNIFICANT",
            "rank": 2,
            "source": "device",
            "count": 1,
            "acknowledged": None,
            "elems": {"temp": 31},
        }
        references = answer["references"]
        assert references.keys() == {ids["attic"]}
        assert references[ids["attic"]]["name"] == "Attic"
        assert "elems" not in references[ids["attic"]]


async def test_devices_refer_to_the_device_they_are_behind(
    hass: HomeAssistant,
) -> None:
    async with rooms(hass) as ids:
        dr.async_get(hass).async_update_device(ids["hall"], via_device_id=ids["attic"])
        answer = await ask(hass, "find", filter="EXISTS parent", refs=True)
        assert [one["parent"] for one in answer["result"]] == [ids["attic"]]
        assert answer["references"].keys() == {ids["attic"]}


async def test_device_that_does_not_say_where_it_is(hass: HomeAssistant) -> None:
    far = {"latitude": 0, "longitude": 0}
    async with rooms(hass, shed=far, lost={"temperature": 3}):
        assert "Lost" not in await names(hass, "EXISTS location")
        assert await names(hass, "location WITHIN 1 M OF [0,0]") == ["Shed"]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("elems.temperature >", 1, 20), ("a == 1 &&\n b = 2", 2, 4)],
)
async def test_hand_typed_filter_is_told_where_it_is_wrong(
    hass: HomeAssistant, text: str, line: int, column: int
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError) as caught:
        await ask(hass, "find", filter=text)
    assert caught.value.translation_key == "filter_invalid"
    said = f"The filter is wrong at line {line}, column {column}: expected "
    assert str(caught.value).startswith(said)


async def test_the_page_shows_where_a_filter_is_wrong(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator
) -> None:
    """What the developer tools, and a script's editor, get back."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "websocket_api", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "call_service",
            "domain": DOMAIN,
            "service": "find",
            "service_data": {"filter": "battery <\n  && a == 1"},
            "return_response": True,
        }
    )
    error = (await client.receive_json())["error"]
    assert error["translation_key"] == "filter_invalid"
    said = "The filter is wrong at line 2, column 3: expected a number, "
    assert said in error["message"]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"filter": "a WITHIN 5 KM OF [ZIP=12345]"}, "not_offered"),
        ({"limit": 5000}, "query_invalid"),
        ({"filter": "device IN $low.id"}, "query_invalid"),
    ],
)
async def test_what_cannot_be_answered(
    hass: HomeAssistant, data: dict[str, Any], key: str
) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError) as caught:
        await ask(hass, "find", **data)
    assert caught.value.translation_key == key


async def test_several_requests_have_a_result_or_an_error_each(
    hass: HomeAssistant,
) -> None:
    async with rooms(hass) as ids:
        answer = await ask(
            hass,
            "find",
            requests=[
                {"name": "low", "filter": "elems.battery < 20", "only": "id,name"},
                {"filter": "elems.battery <"},
                {
                    "what": "attributes",
                    "name": "warm",
                    "filter": "device IN $low.id && name == 'temperature'",
                    "only": "value",
                },
                {"filter": "name IN $none.id || name IN $low.id"},
                {"filter": "id IN $wrong.id"},
                {"name": "wrong", "filter": "AGE"},
                {"filter": "id IN $wrong.id", "name": "after"},
            ],
        )
        results = answer["results"]
        assert results[0] == {
            "name": "low",
            "result": [{"id": ids["attic"], "name": "Attic"}],
        }
        assert "line 1, column 16: expected a number" in results[1]["error"]
        assert results[2] == {"name": "warm", "result": [{"value": 30}]}
        assert "no earlier request is called 'none'" in results[3]["error"]
        assert "no earlier request is called 'wrong'" in results[4]["error"]
        assert results[6]["error"] == results[5]["error"]
        assert results[6]["name"] == "after"


@pytest.mark.parametrize(
    "data",
    [
        {"what": "rooms"},
        {"order": "up"},
        {"colour": "red"},
        {"requests": [{"colour": "red"}]},
        {"requests": [{"name": "a b"}]},
        {"requests": [{}] * 51},
        {"requests": [], "filter": ""},
    ],
)
async def test_fields_are_checked(hass: HomeAssistant, data: dict[str, Any]) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(vol.Invalid):
        await ask(hass, "find", **data)


DEVICES: Final = 1_000
ATTRIBUTES: Final = 20


def snapshot(model: DeviceModel, number: int, **values: Any) -> Snapshot:
    """Return what is known of a device."""
    at = datetime.now(UTC)
    return Snapshot(
        id=f"id{number}",
        name=f"Device {number}",
        area=None,
        parent=None,
        model=model.urn,
        connection="A",
        availability="online",
        heard=None,
        leaves=model.leaves,
        readings={
            name: Reading(value, at, Certainty.RESTORED)
            for name, value in values.items()
        },
        problems={},
        place=("lat", "lon"),
        alerts={},
    )


def test_coordinates_that_are_texts_or_none() -> None:
    spelled = attributes(
        {"name": "lat", "type": "STRING"}, {"name": "lon", "type": "NUMBER"}
    )
    model = model_of(spelled)
    known = [
        snapshot(model, 1, lat="52.5", lon=13),
        snapshot(model, 2, lat="north", lon=13),
        snapshot(model, 3, lat="52.5"),
        snapshot(model, 4),
        replace(snapshot(model, 5), place=None),
    ]
    first, *others = devices(known)
    assert first["location"] == {"lat": 52.5, "lon": 13}
    assert all("location" not in one for one in others)
    # It was heard before the last restart, or never.
    assert first["creationDate"] == first["lastEditDate"]
    assert others[-2]["creationDate"] is None


def test_results_are_json() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert as_result({"a": [at, None, 1.5], "b": {1: {2}}}) == {
        "a": ["2026-03-01T00:00:00+00:00", None, 1.5],
        "b": {"1": "{2}"},
    }


def test_thousand_devices_with_twenty_attributes_are_found_in_no_time() -> None:
    names = [f"value{number}" for number in range(ATTRIBUTES)]
    model = model_of(attributes(*({"name": name, "type": "NUMBER"} for name in names)))
    snapshots = [
        snapshot(model, number, **dict.fromkeys(names, number))
        for number in range(DEVICES)
    ]
    for what, text, count in (
        ("devices", r"elems.value7 > 500 && path =~ /device_\d+$/", 499),
        ("attributes", "value > 500 && name == 'value7'", 499),
    ):
        request = {"what": what, "refs": False}
        search = Search.of(filter=text, limit=1000)
        begun = perf_counter()
        answer = found(snapshots, request, search, Moment(0))
        took = perf_counter() - begun
        assert len(answer.result) == count
        assert took < 5


async def test_history_without_the_recorder(hass: HomeAssistant) -> None:
    async with rooms(hass):
        said = ""
        try:
            await ask(hass, "aggregate", output="$avg:temperature")
        except ServiceValidationError as err:
            said = str(err)
        assert said == "history without the recorder is not offered here"
