"""A simulated Thing behind HTTP is as its Thing Description says."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any, Final

import aiohttp
import cbor2
import pytest

from custom_components.device_models.iot.formats import load_document
from simulators.descriptions import http_layout, simulated
from simulators.http import HttpSimulator
from simulators.http_access import Access
from simulators.models import load_file

from ..acting import until

STREAM: Final = {"Accept": "text/event-stream"}

THING: Final[dict[str, Any]] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "title": "Vent",
    "base": "http://vent.local/v1/",
    "securityDefinitions": {"key": {"scheme": "apikey"}},
    "security": "key",
    "properties": {
        "angle": {
            "type": "integer",
            "minimum": 0,
            "maximum": 90,
            "forms": [
                {"href": "angle", "op": "readproperty"},
                {"href": "angle", "op": "writeproperty", "htv:methodName": "POST"},
                {
                    "href": "angle",
                    "op": ["observeproperty", "unobserveproperty"],
                    "subprotocol": "sse",
                    "contentType": "text/event-stream",
                },
            ],
        },
        "until": {
            "type": "string",
            "format": "date-time",
            "forms": [
                {"href": "until", "contentType": "application/cbor"},
                {
                    "href": "until/next",
                    "op": "observeproperty",
                    "subprotocol": "longpoll",
                },
                {"href": "until/end", "op": "unobserveproperty"},
            ],
        },
        "pin": {
            "type": "string",
            "writeOnly": True,
            "forms": [{"href": "mqtt://b/pin", "op": "writeproperty"}],
        },
    },
    "actions": {
        "double": {
            "uriVariables": {"by": {"type": "integer"}},
            "input": {"type": "integer"},
            "output": {"type": "integer"},
            "forms": [{"href": "double{?by}", "htv:methodName": "PUT"}],
        },
        "close": {
            "input": {"type": "object", "properties": {"in": {"type": "integer"}}},
            "output": {"type": "object", "properties": {"left": {"type": "number"}}},
            "forms": [
                {"href": "close"},
                {"href": "close", "op": "queryaction"},
            ],
        },
    },
    "events": {
        "stuck": {"data": {"type": "integer"}, "forms": [{"href": "stuck"}]},
        "jammed": {"forms": [{"href": "jammed", "subprotocol": "sse"}]},
    },
    "forms": [
        {"href": "all", "op": ["readallproperties", "writemultipleproperties"]},
        {"href": "all", "op": "observeallproperties", "subprotocol": "sse"},
        {"href": "told", "op": "subscribeallevents", "subprotocol": "sse"},
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a Thing."""
    path = tmp_path / "vent.td.json"
    path.write_text(json.dumps(THING))
    return path


@asynccontextmanager
async def running(file: Path, **options: Any) -> AsyncGenerator[HttpSimulator]:
    """Run the device of a file; its time stands still."""
    loaded = load_file(file)
    device = simulated(loaded, seed=1, alerts_every=0)
    layout = http_layout(loaded)
    async with HttpSimulator(device, speed=0, layout=layout, **options) as simulator:
        yield simulator


@pytest.fixture
async def vent(file: Path, socket_enabled: None) -> AsyncGenerator[HttpSimulator]:
    """Run the Thing."""
    async with running(file) as simulator:
        yield simulator


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Make a client without cookies of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def test_description_is_of_what_is_served(
    file: Path, session: aiohttp.ClientSession
) -> None:
    async with running(file, base="vents/1", access=Access("apikey")) as simulator:
        origin = simulator.url.removesuffix("/vents/1")
        for url in (simulator.url, f"{origin}/.well-known/wot"):
            async with session.get(url) as answer:
                assert answer.content_type == "application/td+json"
                described = json.loads(await answer.read())
        async with session.get(f"{origin}/v1/angle") as answer:
            assert answer.status == 401
    assert described["securityDefinitions"]["apikey_sc"]["scheme"] == "apikey"
    angle = described["properties"]["angle"]
    assert {form["href"] for form in angle["forms"]} == {f"{origin}/v1/angle"}
    # What has no place behind HTTP has one below the base path.
    (pin,) = described["properties"]["pin"]["forms"]
    assert pin["href"] == f"{origin}/vents/1/properties/pin"
    (double,) = described["actions"]["double"]["forms"]
    assert double["href"] == f"{origin}/v1/double{{?by}}"
    loaded = load_document(described, "td")
    assert loaded.model.leaves.keys() == {"angle", "until", "pin"}


async def test_properties(session: aiohttp.ClientSession, vent: HttpSimulator) -> None:
    at, values = f"{vent.url}v1", vent.device.values

    async def ask(method: str, url: str, **sent: Any) -> tuple[int, bytes]:
        async with session.request(method, url, **sent) as answer:
            return answer.status, await answer.read()

    assert await ask("GET", f"{at}/angle") == (200, str(values["angle"]).encode())
    assert await ask("POST", f"{at}/angle", json=30) == (204, b"")
    assert values["angle"] == 30
    assert (await ask("POST", f"{at}/angle", json=91))[0] == 400
    assert (await ask("PUT", f"{at}/angle", json=3))[0] == 405
    assert (await ask("GET", f"{at}/nothing"))[0] == 404
    time, cbor = cbor2.dumps("2026-05-06T07:08:09Z"), "application/cbor"
    headers = {"Content-Type": cbor}
    assert (await ask("PUT", f"{at}/until", data=time, headers=headers))[0] == 204
    assert (await ask("PUT", f"{at}/until", json="2026-05-06"))[0] == 415
    assert await ask("GET", f"{at}/until") == (200, time)
    accepted = {"Accept": "application/json"}
    assert (await ask("GET", f"{at}/until", headers=accepted))[0] == 406
    assert await ask("GET", f"{at}/until/end") == (204, b"")
    assert (await ask("PUT", f"{vent.url}properties/pin", json="12"))[0] == 204
    assert values["pin"] == "12"
    assert (await ask("GET", f"{vent.url}properties/pin"))[0] == 405
    assert (await ask("PUT", f"{at}/all", json={"angle": 45}))[0] == 204
    assert (await ask("PUT", f"{at}/all", json=[45]))[0] == 400
    _status, every = await ask("GET", f"{at}/all")
    assert json.loads(every) == {"angle": 45, "until": "2026-05-06T07:08:09Z"}


async def test_actions(session: aiohttp.ClientSession, vent: HttpSimulator) -> None:
    at, device = f"{vent.url}v1", vent.device
    device.results["double"] = 42
    async with session.put(f"{at}/double?by=2", json=21) as answer:
        assert await answer.json() == 42
    async with session.put(f"{at}/double?by=two", json=21) as answer:
        assert answer.status == 400
    async with session.post(f"{at}/close", json={"in": 5}) as answer:
        assert (await answer.json()).keys() == {"left"}
    assert [(call.action, call.arguments) for call in device.calls] == [
        ("double", {"value": 21, "by": 2}),
        ("close", {"in": 5}),
    ]
    async with session.get(f"{at}/close") as answer:
        assert answer.status == 501


async def test_actions_that_go_on(file: Path, session: aiohttp.ClientSession) -> None:
    async with running(file, actions_take=30) as simulator:
        async with session.post(f"{simulator.url}v1/close", json={}) as answer:
            place = f"{simulator.url}{answer.headers['Location'][1:]}"
        async with session.get(place) as answer:
            assert (await answer.json())["status"] in {"pending", "running"}
        for status in (204, 404):
            async with session.delete(place) as answer:
                assert answer.status == status
        async with session.put(place) as answer:
            assert answer.status == 405


async def told(
    session: aiohttp.ClientSession, vent: HttpSimulator, path: str
) -> AsyncGenerator[bytes]:
    """Yield what is told at a path, as it comes."""
    async with session.get(f"{vent.url}v1/{path}", headers=STREAM) as stream:
        assert stream.content_type == "text/event-stream"
        await stream.content.readuntil(b"\n\n")
        while True:
            yield await stream.content.readuntil(b"\n\n")


async def test_one_thing_is_told_without_a_name(
    session: aiohttp.ClientSession, vent: HttpSimulator
) -> None:
    angle = told(session, vent, "angle")
    next_ = asyncio.create_task(anext(angle))
    await until(lambda: vent.listeners)
    vent.device.put({"until": "2026-05-06T07:08:09Z"})
    vent.device.put({"angle": 12})
    assert await next_ == b"id: 1\ndata: 12\n\n"
    await angle.aclose()
    async with session.get(f"{vent.url}v1/jammed") as stream:
        # Where nothing else is, it need not be said that events are wanted.
        vent.device.fire("jammed")
        assert await stream.content.readuntil(b"data: {}\n\n")


async def test_several_things_are_told_by_their_names(
    session: aiohttp.ClientSession, vent: HttpSimulator
) -> None:
    every, events = told(session, vent, "all"), told(session, vent, "told")
    first = asyncio.create_task(anext(every))
    second = asyncio.create_task(anext(events))
    await until(lambda: vent.listeners == 2)
    vent.device.put({"angle": 12})
    vent.device.fire("stuck", fields={"value": 3})
    assert await first == b"event: angle\nid: 1\ndata: 12\n\n"
    assert await second == b"event: stuck\nid: 1\ndata: 3\n\n"
    await every.aclose()
    await events.aclose()


async def test_long_polling(
    session: aiohttp.ClientSession, vent: HttpSimulator
) -> None:
    async def poll(path: str) -> Any:
        async with session.get(f"{vent.url}v1/{path}") as answer:
            return await answer.json()

    async with session.head(f"{vent.url}v1/stuck") as answer:
        assert answer.status == 200
    polling = [asyncio.create_task(poll(path)) for path in ("until/next", "stuck")]
    await until(lambda: vent.listeners == 2)
    vent.device.put({"until": "2026-05-06T07:08:09Z"})
    vent.device.fire("stuck", fields={"value": 3})
    assert await asyncio.gather(*polling) == ["2026-05-06T07:08:09Z", 3]
