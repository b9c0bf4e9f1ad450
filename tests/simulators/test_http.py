"""The simulated HTTP device, seen by a client that knows nothing of it."""

import asyncio
from collections.abc import AsyncGenerator
import json
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import cbor2
import pytest
from yarl import URL

from custom_components.device_models.iot.formats import load_document
from simulators import Faults, HttpSimulator, SimulatedDevice, http_streams
from simulators.http_access import Access

from ..acting import until


@pytest.fixture
async def session(socket_enabled: None) -> AsyncGenerator[aiohttp.ClientSession]:
    """Make a client without cookies of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def room(
    room_device: SimulatedDevice, socket_enabled: None
) -> AsyncGenerator[HttpSimulator]:
    """A room whose time stands still."""
    async with HttpSimulator(room_device, base="/hall/", speed=0) as simulator:
        yield simulator


async def test_it_describes_itself(
    session: aiohttp.ClientSession, room: HttpSimulator
) -> None:
    wot = room.url.removesuffix("/hall") + "/.well-known/wot"
    for url in (room.url, f"{room.url}/", wot):
        async with session.get(url) as answer:
            assert answer.content_type == "application/td+json"
            document = json.loads(await answer.read())
    loaded = load_document(document, "td")
    assert not [one for one in loaded.remarks if "sse" not in one.message]
    model = room.device.model
    found = loaded.model
    assert found.urn == model.urn
    assert found.leaves.keys() == model.leaves.keys()
    for name, leaf in model.leaves.items():
        assert found.leaves[name].type is leaf.type
        assert found.leaves[name].range == leaf.range
        assert found.leaves[name].writable is leaf.writable
    assert [one.name for one in found.actions] == [one.name for one in model.actions]
    assert [one.name for one in found.formats] == [one.name for one in model.formats]


async def test_values_in_every_format(
    session: aiohttp.ClientSession, room: HttpSimulator
) -> None:
    value = room.device.values["temperature"]
    for accept, read in (
        ("application/json", json.loads),
        ("application/cbor", cbor2.loads),
        ("text/plain", json.loads),
        ("application/cbor;q=0.5, text/plain;q=x, */*;q=0.9", json.loads),
    ):
        headers = {"Accept": accept}
        async with session.get(f"{room.url}/temperature", headers=headers) as answer:
            assert answer.headers["Cache-Control"] == "max-age=5"
            assert read(await answer.read()) == value
        headers["If-None-Match"] = answer.headers["ETag"]
        async with session.get(f"{room.url}/temperature", headers=headers) as answer:
            assert answer.status == 304
    headers = {"Accept": "application/senml+json"}
    async with session.get(f"{room.url}/temperature", headers=headers) as answer:
        records = json.loads(await answer.read())
        assert records == [{"n": "temperature", "u": "Cel", "v": value}]
    async with session.get(f"{room.url}/state") as answer:
        assert (await answer.json())["temperature"] == value
    headers = {"Accept": "image/png"}
    async with session.get(f"{room.url}/state", headers=headers) as answer:
        assert answer.status == 406


async def test_writing(session: aiohttp.ClientSession, room: HttpSimulator) -> None:
    async def put(path: str, body: bytes, kind: str = "application/json") -> int:
        headers = {"Content-Type": kind}
        url = f"{room.url}/{path}"
        async with session.put(url, data=body, headers=headers) as answer:
            return answer.status

    values = room.device.values
    assert await put("fanSpeed", b"3") == 204
    assert await put("fanSpeed", cbor2.dumps(4), "application/cbor") == 204
    assert values["fanSpeed"] == 4
    assert await put("fanSpeed", b"5", "text/plain") == 204
    assert await put("state", b'{"fanSpeed": 2}') == 204
    assert values["fanSpeed"] == 2
    assert await put("nightSetback", b'{"startHour": 21}') == 204
    assert values["nightSetback.startHour"] == 21
    assert await put("fanSpeed", b"500") == 400
    assert await put("fanSpeed", b"{") == 400
    assert await put("fanSpeed", b"3", "image/png") == 415
    assert await put("state", b"3") == 400
    assert await put("temperature", b"3") == 405
    assert await put("nothing", b"3") == 404
    assert await put("../x", b"3") == 404


async def test_calling(session: aiohttp.ClientSession, room: HttpSimulator) -> None:
    model = room.device.model
    action = next(one for one in model.actions if one.callable_without_input)
    url = f"{room.url}/{action.name}"
    async with session.post(url) as answer:
        assert answer.status == 204
    room.device.results[action.name] = {"done": True}
    async with session.post(url, json={}) as answer:
        assert await answer.json() == {"done": True}
    assert [call.action for call in room.device.calls] == [action.name] * 2
    for body, status in (({"no": 1}, 400), ([1], 400)):
        async with session.post(url, json=body) as answer:
            assert answer.status == status
    async with session.delete(url) as answer:
        assert answer.status == 405


async def test_calls_that_go_on(
    session: aiohttp.ClientSession, room_device: SimulatedDevice
) -> None:
    action = next(one for one in room_device.model.actions if not one.arguments)
    room_device.results[action.name] = 7
    async with HttpSimulator(room_device, speed=0, actions_take=0.2) as simulator:
        url = f"{simulator.url}{action.name}"

        async def begin() -> str:
            async with session.post(url) as answer:
                assert answer.status == 201
                status = await answer.json()
                assert status == {
                    "status": "pending",
                    "href": answer.headers["Location"],
                }
            return str(answer.url.join(URL(status["href"])))

        async def ask(place: str) -> Any:
            async with session.get(place) as answer:
                return await answer.json() if answer.status == 200 else answer.status

        place = await begin()
        assert (await ask(place))["status"] in {"pending", "running"}
        await asyncio.sleep(0.3)
        status = await ask(place)
        assert (status["status"], status["output"]) == ("completed", 7)
        place = await begin()
        for status in (204, 404):
            async with session.delete(place) as answer:
                assert answer.status == status
        assert await ask(place) == 404
        async with session.post(url, json={"no": 1}) as answer:
            place = str(answer.url.join(URL(answer.headers["Location"])))
        await asyncio.sleep(0.3)
        assert (await ask(place))["status"] == "failed"


async def test_events_are_told(
    session: aiohttp.ClientSession, room: HttpSimulator
) -> None:
    headers = {"Accept": "text/event-stream"}
    async with session.get(f"{room.url}/state", headers=headers) as stream:
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
        room.device.put({"temperature": 30.5})
        event = await stream.content.readuntil(b"\n\n")
        assert event == b"event: temperature\nid: 1\ndata: 30.5\n\n"
    await until(lambda: not room.listeners)
    room.device.put({"temperature": 31.5})
    headers["Last-Event-ID"] = "1"
    async with session.get(f"{room.url}/temperature", headers=headers) as stream:
        missed = await stream.content.readuntil(b"data: 31.5\n\n")
        assert b"id: 2\n" in missed
    shape = room.device.model.formats[0].name
    async with session.get(f"{room.url}/alert/{shape}") as answer:
        assert answer.status == 204
    async with session.get(f"{room.url}/alert/{shape}", headers=headers) as stream:
        alert = room.device.fire(shape)
        said = await stream.content.readuntil(b"\n\n" + b"id: 1\n")
        assert b"event:" not in said  # nothing else is told here
    async with session.get(f"{room.url}/alert/{shape}") as answer:
        assert await answer.json() == json.loads(json.dumps(alert.content))


async def test_long_polling(
    session: aiohttp.ClientSession,
    room: HttpSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def poll() -> Any:
        async with session.get(f"{room.url}/longpoll/temperature") as answer:
            return await answer.json() if answer.status == 200 else answer.status

    polling = asyncio.create_task(poll())
    await until(lambda: room.listeners)
    room.device.put({"temperature": 30.5})
    assert await polling == 30.5
    monkeypatch.setattr(http_streams, "LONGPOLL_SECONDS", 0.05)
    assert await poll() == 204


@pytest.mark.parametrize("scheme", ["basic", "digest", "bearer", "apikey", "oauth2"])
async def test_who_may_ask(
    session: aiohttp.ClientSession, room_device: SimulatedDevice, scheme: str
) -> None:
    access = Access(scheme, "me", "open sesame")
    async with HttpSimulator(room_device, speed=0, access=access) as simulator:
        url = simulator.url
        async with session.get(f"{url}.well-known/wot") as answer:
            definitions = (await answer.json())["securityDefinitions"]
            assert definitions[f"{scheme}_sc"]["scheme"] == scheme

        async def ask(**shown: Any) -> int:
            async with session.get(f"{url}state", **shown) as answer:
                return answer.status

        async def ask_with(secret: str) -> int:
            name, headers = "Authorization", {"X-API-Key": secret}
            match scheme:
                case "basic":
                    headers = {name: aiohttp.encode_basic_auth("me", secret)}
                case "digest":
                    digest = aiohttp.DigestAuthMiddleware("me", secret)
                    return await ask(middlewares=(digest,))
                case "bearer":
                    headers = {name: f"Bearer {secret}"}
                case "oauth2":
                    shown = aiohttp.encode_basic_auth("me", quote_plus(secret))
                    form = {"grant_type": "client_credentials"}
                    async with session.post(
                        f"{url}oauth2/token", data=form, headers={name: shown}
                    ) as answer:
                        token = (await answer.json()).get("access_token", "")
                    headers = {name: f"Bearer {token}"}
            return await ask(headers=headers)

        assert await ask() == 401
        assert await ask_with("no") == 401
        assert await ask_with("open sesame") == 200


def test_unknown_scheme() -> None:
    with pytest.raises(ValueError, match="expected one of basic"):
        Access("psk")


async def test_faults(
    session: aiohttp.ClientSession, room_device: SimulatedDevice
) -> None:
    faults = Faults.parse(["busy=7"])
    async with HttpSimulator(room_device, speed=0, faults=faults) as simulator:
        url = f"{simulator.url}state"
        async with session.get(url) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        faults.clear()
        faults.silent = True
        asking = asyncio.create_task(session.get(url).__aenter__())
        await asyncio.sleep(0.1)
        assert not asking.done()
        faults.silent = False
        async with await asking as answer:
            assert answer.status == 200  # the client has tried again
        faults.garbage = True
        async with session.get(url) as answer:
            assert answer.status == 200
        faults.clear()
        headers = {"Accept": "text/event-stream"}
        async with session.get(url, headers=headers) as stream:
            await until(lambda: simulator.listeners)
            await simulator.reboot(0.1)
            assert (await stream.content.read()).startswith(b"retry")
        async with session.get(url) as answer:
            assert answer.status == 200
        port = simulator.port
        with pytest.raises(OSError, match="address"):
            await HttpSimulator(room_device, port=port, speed=0).start()
