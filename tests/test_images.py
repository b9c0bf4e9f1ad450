"""Images of devices, as people see them in Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, override

from aiohttp import web
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import (
    CONF_HOST,
    CONF_PORT,
    CONF_VERIFY_SSL,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models import image as image_module
from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRMABLE,
    CONF_DOCUMENT,
    CONF_INTERVAL,
    CONF_KEY,
    CONF_SOURCE,
    CONF_SYSTEM,
    CONF_THING,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.mapping import decide
from custom_components.device_models.preview import table
from custom_components.device_models.systems import System
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.picture import picture

from .acting import set_up, state_of, until
from .iot.connections.http_server import Content, HttpServer, http_server, value
from .iot.connections.test_http_streams import Stream
from .iot.connections.things import free_port
from .iot.samples import RecordingPort

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

ENTITY = "image.camera_picture"
PROXY = f"/api/image_proxy/{ENTITY}"

ONE, TWO = picture("one"), picture("two")

IMAGE: dict[str, Any] = {
    "title": "Picture",
    "forms": [{"href": "picture", "op": "readproperty", "contentType": "image/png"}],
}
TEMPERATURE: dict[str, Any] = {
    "type": "number",
    "readOnly": True,
    "forms": [{"href": "temperature"}],
}
OBSERVED: dict[str, Any] = {
    **IMAGE,
    "forms": [
        *IMAGE["forms"],
        {"href": "told", "op": "observeproperty", "subprotocol": "sse"},
    ],
}


def described(**properties: Any) -> dict[str, Any]:
    """Return the description of a camera."""
    return {
        "@context": "https://www.w3.org/2022/wot/td/v1.1",
        "id": "urn:dev:ops:32473-camera-1",
        "title": "Camera",
        "securityDefinitions": {"way": {"scheme": "nosec"}},
        "security": "way",
        "properties": properties,
    }


def entry_of(
    document: Any, port: int, system: System = System.HTTP, **options: Any
) -> MockConfigEntry:
    """Return an entry with a camera as its device."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Camera",
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title="Camera",
                unique_id="camera",
                data={
                    CONF_KEY: "camera",
                    CONF_SOURCE: "file:camera.td.json",
                    CONF_DOCUMENT: document,
                    CONF_BASE: "",
                },
            )
        ],
        data={
            CONF_SYSTEM: system,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_TLS: False,
            CONF_CONFIRMABLE: True,
            CONF_THING: "",
            CONF_INTERVAL: 30,
            CONF_VERIFY_SSL: True,
        },
        **options,
    )


@asynccontextmanager
async def camera(
    hass: HomeAssistant, handler: Any, thing: Any = None, **options: Any
) -> AsyncGenerator[tuple[HttpServer, MockConfigEntry]]:
    """Run a camera, and an entry with it."""
    handlers = {"/picture": handler, "/temperature": value(21.5)}
    async with http_server(handlers) as server:
        document = thing or described(picture=IMAGE, temperature=TEMPERATURE)
        entry = entry_of(document, server.port, **options)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        yield server, entry
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


class Tagged(Content):
    """A picture with an ETag."""

    @override
    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer, or say that it is as it was."""
        tag = f'"{hash(self.payload)}"'
        self.headers = {"ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            self.requests.append(request)
            return web.Response(status=304)
        return await super().__call__(request)


async def pass_by(hass: HomeAssistant, seconds: float) -> None:
    """Let time pass."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_image_is_fetched_when_somebody_looks(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    content = Content(ONE, "image/png")
    async with camera(hass, content):
        assert state_of(hass, ENTITY) == STATE_UNKNOWN
        assert state_of(hass, "sensor.camera_temperature") == "21.5"
        assert not content.requests
        client = await hass_client()
        answer = await client.get(PROXY)
        assert answer.status == 200
        assert answer.content_type == "image/png"
        assert await answer.read() == ONE
        seen = state_of(hass, ENTITY)
        assert dt_util.parse_datetime(seen) is not None
        # It is kept for the interval, and does not come by itself: it would whole.
        content.payload = TWO
        assert await (await client.get(PROXY)).read() == ONE
        await pass_by(hass, 31)
        assert len(content.requests) == 1
        assert await (await client.get(PROXY)).read() == TWO
        assert state_of(hass, ENTITY) > seen
        await pass_by(hass, 31)
        seen = state_of(hass, ENTITY)
        assert await (await client.get(PROXY)).read() == TWO
        assert state_of(hass, ENTITY) == seen  # it is the same image
        assert len(content.requests) == 3


async def test_image_nobody_has_looked_at_comes_once(hass: HomeAssistant) -> None:
    content = Content(ONE, "image/png")
    async with camera(hass, content):
        await pass_by(hass, 3)
        await until(lambda: state_of(hass, ENTITY) != STATE_UNKNOWN)
        assert len(content.requests) == 1


async def test_image_with_a_tag_is_refreshed(hass: HomeAssistant) -> None:
    content = Tagged(ONE, "image/png")
    async with camera(hass, content):
        await pass_by(hass, 3)
        await until(lambda: state_of(hass, ENTITY) != STATE_UNKNOWN)
        seen = state_of(hass, ENTITY)
        await pass_by(hass, 34)
        await until(lambda: len(content.requests) == 2)
        assert state_of(hass, ENTITY) == seen
        content.payload = TWO
        await pass_by(hass, 65)
        await until(lambda: state_of(hass, ENTITY) > seen)


async def test_image_is_not_refreshed_where_polling_is_off(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    content = Tagged(ONE, "image/png")
    async with camera(hass, content, pref_disable_polling=True):
        await pass_by(hass, 3)
        assert not content.requests
        client = await hass_client()
        assert await (await client.get(PROXY)).read() == ONE
        await pass_by(hass, 31)
        assert len(content.requests) == 1


async def test_old_image_stays_while_there_is_no_new_one(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    content = Content(ONE, "image/png")
    async with camera(hass, content):
        client = await hass_client()
        content.status = 404
        assert (await client.get(PROXY)).status == 500
        assert (await client.get(PROXY)).status == 500
        assert len(content.requests) == 1  # not more often than at the interval
        content.status = 200
        await pass_by(hass, 31)
        assert await (await client.get(PROXY)).read() == ONE
        content.content_type, content.payload = "text/html", b"<html>"
        for _ in range(2):
            await pass_by(hass, 31)
            answer = await client.get(PROXY)
            assert await answer.read() == ONE
            assert answer.content_type == "image/png"
        assert state_of(hass, ENTITY) != STATE_UNAVAILABLE
    logged = [
        one.message for one in caplog.records if "cannot be fetched" in one.message
    ]
    assert len(logged) == 2
    assert "404 Not Found" in logged[0]
    assert "it is called 'text/html'" in logged[1]


async def test_image_that_is_told_of(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_module, "APART", 0.1)
    content, stream = Content(ONE, "image/png"), Stream()
    thing = described(picture=OBSERVED, temperature=TEMPERATURE)
    async with http_server(
        {"/picture": content, "/temperature": value(21.5), "/told": stream}
    ) as server:
        entry = entry_of(thing, server.port)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        await until(lambda: state_of(hass, ENTITY) != STATE_UNKNOWN)
        seen = state_of(hass, ENTITY)
        content.payload = TWO
        await stream.send("event: picture\ndata: x\n\n" * 20)
        await until(lambda: state_of(hass, ENTITY) > seen)
        asked = len(content.requests)
        client = await hass_client()
        assert await (await client.get(PROXY)).read() == TWO
        await pass_by(hass, 31)
        assert await (await client.get(PROXY)).read() == TWO
        assert asked <= len(content.requests) <= 4  # not once for each message
        await hass.config_entries.async_unload(entry.entry_id)
        stream.ended.set()


async def test_image_that_is_observed_over_coap(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_module, "APART", 0.1)
    picture_of = {"name": "picture", "type": "URI", "mediaType": "image/png"}
    document: Any = {"urn": "urn:camera", "name": "Camera", "attributes": [picture_of]}
    device = SimulatedDevice(load_document(document, "camera").model)
    async with CoapSimulator(device) as simulator:
        entry = entry_of(document, simulator.port, System.COAP)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        await until(
            lambda: state_of(hass, ENTITY) not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        )
        client = await hass_client()
        answer = await client.get(PROXY)
        assert await answer.read() == picture(str(device.values["picture"]))
        seen = state_of(hass, ENTITY)
        device.put({"picture": "https://camera.local/2"})
        await until(lambda: state_of(hass, ENTITY) > seen)
        answer = await client.get(PROXY)
        assert await answer.read() == picture("https://camera.local/2")
        await hass.config_entries.async_unload(entry.entry_id)


async def test_device_with_nothing_but_an_image(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    content = Content(ONE, "image/png")
    async with camera(hass, content, described(picture=IMAGE)) as (server, _entry):
        assert state_of(hass, ENTITY) == STATE_UNAVAILABLE
        await pass_by(hass, 3)
        await until(lambda: state_of(hass, ENTITY) != STATE_UNAVAILABLE)

        async def broken(request: web.Request) -> web.Response:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        server.handlers["/picture"] = broken
        await pass_by(hass, 34)
        await until(lambda: state_of(hass, ENTITY) == STATE_UNAVAILABLE)
        client = await hass_client()
        assert await (await client.get(PROXY)).read() == ONE


async def test_image_of_a_device_that_is_away_is_not_asked_for(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    thing = described(picture=IMAGE, temperature=TEMPERATURE)
    entry = entry_of(thing, free_port())
    entry.add_to_hass(hass)
    async with http_server({"/temperature": value(3)}) as server:
        hass.config_entries.async_update_entry(
            entry, data={**entry.data, CONF_PORT: server.port}
        )
        await set_up(hass, entry)
        coordinator = next(iter(entry.runtime_data.coordinators.values()))
    await coordinator.async_refresh()
    assert state_of(hass, ENTITY) == STATE_UNAVAILABLE
    client = await hass_client()
    assert (await client.get(PROXY)).status == 500
    assert server.asked.count("GET /picture") == 0
    await hass.config_entries.async_unload(entry.entry_id)


async def test_image_that_takes_long(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(image_module, "WAIT_SECONDS", 0.1)
    go_on = asyncio.Event()
    asked: list[web.Request] = []

    async def slow(request: web.Request) -> web.Response:
        asked.append(request)
        await go_on.wait()
        return web.Response(body=ONE, content_type="image/png")

    async with camera(hass, slow):
        client = await hass_client()
        assert (await client.get(PROXY)).status == 500
        assert (await client.get(PROXY)).status == 500
        assert len(asked) == 1
        go_on.set()
        await until(lambda: state_of(hass, ENTITY) != STATE_UNKNOWN)
        assert await (await client.get(PROXY)).read() == ONE
        # What goes on when the device is taken away, ends.
        go_on.clear()
        await pass_by(hass, 31)
        assert await (await client.get(PROXY)).read() == ONE
        await until(lambda: len(asked) == 2)


def test_table_shows_no_value_of_an_image() -> None:
    loaded = load_document(described(picture=IMAGE), "camera")
    assert not loaded.remarks
    decisions = decide(loaded)
    device = VirtualDevice(
        key="camera",
        name="",
        model=loaded.model,
        binding=Binding(),
        port=RecordingPort(),
    )
    assert (
        table(decisions, device) == "| Picture |  | image | image/\u200bpng content |"
    )
    (decision,) = decisions
    assert decision.icon == "content"
    assert decision.enabled
