"""Contents that are no values are fetched: images, over HTTP and CoAP."""

import asyncio
import re
from typing import Any

from aiocoap import Code
from aiohttp import web
import pytest

from custom_components.device_models.iot.connections.content import Content as Image
from custom_components.device_models.iot.connections.http import (
    Credentials,
    HttpConnection,
    Scheme,
    following as following_module,
)
from custom_components.device_models.iot.device import Availability, VirtualDevice
from custom_components.device_models.iot.errors import (
    NotOfferedError,
    PayloadError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.model import DeviceModel

from .coap_server import Content as Resource, bare_server
from .conftest import Connect
from .http_server import Content, http_connection, http_server, value
from .test_http_streams import Stream
from .things import model_of, shown, thing, until

PNG = b"\x89PNG one"
OTHER = b"\x89PNG two"

PICTURE = {"name": "picture", "type": "URI", "mediaType": "image/png"}
TEMPERATURE = {"name": "temperature", "type": "NUMBER"}


def camera(*others: dict[str, Any], **more: Any) -> DeviceModel:
    """Return the model of what takes pictures."""
    return model_of({**PICTURE, **more}, *others)


def picture(payload: bytes = PNG, content_type: str | None = "image/png") -> Content:
    """Return a resource with a picture."""
    return Content(payload, content_type)


# HTTP


async def test_image_is_fetched_and_is_no_value() -> None:
    image = picture()
    handlers = {"/picture": image, "/temperature": value(21.5)}
    async with (
        http_server(handlers) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=camera(TEMPERATURE))
        assert device.model.readable == {"temperature"}
        await connection.read(device, device.model.readable)
        assert not image.requests
        assert shown(device) == {"temperature": 21.5}
        content = await connection.fetch(device, "picture")
        assert content == Image(PNG, "image/png")
        assert not content.tagged
        assert image.requests[0].headers["Accept"].startswith("image/png, ")
        assert shown(device) == {"temperature": 21.5}
        with pytest.raises(NotOfferedError):
            await connection.fetch(device, "temperature")
        with pytest.raises(NotOfferedError):
            await device.set("picture", "http://elsewhere/")
        assert all(
            "PNG" not in str(one["received"]) for one in connection.trace(device)
        )
        device.receive({"picture": "http://elsewhere/"})
        assert "picture" not in device.values
        assert device.dropped["picture: value_refused"] == 1


async def test_place_of_an_image_is_said_by_the_binding() -> None:
    image = picture(content_type="image/jpg")
    there = {"url": "/now.jpg", "content": "image/jpg"}
    async with (
        http_server({"/now.jpg": image}) as server,
        http_connection(server.url) as connection,
    ):
        layout = {"attributes": {"picture": there}}
        device = thing(connection, model=camera(), http=layout)
        content = await connection.fetch(device, "picture")
        assert content == Image(PNG, "image/jpeg")
        absent = {"attributes": {"picture": False}}
        device = thing(connection, model=camera(), http=absent)
        with pytest.raises(NotOfferedError):
            await connection.fetch(device, "picture")


async def test_image_that_has_not_changed_is_not_sent_again() -> None:
    sent: list[int] = []
    now = [PNG]

    async def handle(asked: web.Request) -> web.Response:
        tag = f'"{hash(now[0])}"'
        if asked.headers.get("If-None-Match") == tag:
            sent.append(304)
            return web.Response(status=304)
        sent.append(200)
        return web.Response(
            body=now[0], content_type="image/png", headers={"ETag": tag}
        )

    async with (
        http_server({"/picture": handle}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=camera())
        first = await connection.fetch(device, "picture")
        assert first.tagged
        assert await connection.fetch(device, "picture") is first
        now[0] = OTHER
        assert (await connection.fetch(device, "picture")).data == OTHER
        assert sent == [200, 304, 200]
        # After it was away, a tag may stand for something else.
        device.report(Availability.UNREACHABLE, "cut")
        await connection.fetch(device, "picture")
        assert sent == [200, 304, 200, 200]


@pytest.mark.parametrize(
    ("payload", "content_type", "said"),
    [
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "it is called 'image/svg+xml'"),
        (b"<html>", "text/html", "it is called 'text/html'"),
        (b"3", "application/json", "it is called 'application/json'"),
        (b"", "image/png", "it is empty"),
    ],
)
async def test_what_is_no_image(payload: bytes, content_type: str, said: str) -> None:
    async with (
        http_server({"/picture": picture(payload, content_type)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=camera())
        with pytest.raises(PayloadError, match=re.escape(said)):
            await connection.fetch(device, "picture")
        assert device.online


async def test_image_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    large = PNG * 40_000  # more than any value
    async with (
        http_server({"/picture": picture(large)}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=camera())
        assert (await connection.fetch(device, "picture")).data == large
        monkeypatch.setattr(
            "custom_components.device_models.iot.connections.http.content."
            "MAX_CONTENT_BYTES",
            len(large) - 1,
        )
        with pytest.raises(PayloadError, match="more than"):
            await connection.fetch(device, "picture")


async def test_image_that_is_gone_or_kept_back() -> None:
    image = picture()
    async with (
        http_server({"/picture": image}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=camera())
        image.status = 404
        with pytest.raises(RejectedError, match="/picture answered 404 Not Found"):
            await connection.fetch(device, "picture")
        image.status = 304
        with pytest.raises(RejectedError, match="304"):
            await connection.fetch(device, "picture")
        refused: list[bool] = []
        connection._server.on_unauthorized = lambda: refused.append(True)
        image.status = 401
        for _ in range(2):
            with pytest.raises(UnauthorizedError):
                await connection.fetch(device, "picture")
        assert refused == [True]
        assert device.availability is Availability.UNREACHABLE


async def test_credentials_are_shown_for_an_image() -> None:
    async def handle(asked: web.Request) -> web.Response:
        known = asked.headers.get("Authorization") == "Bearer t"
        if not known:
            return web.Response(status=401)
        return web.Response(body=PNG, content_type="image/png")

    async with (
        http_server({"/picture": handle}) as server,
        http_connection(
            server.url, security=(Credentials(scheme=Scheme.BEARER, secret="t"),)
        ) as connection,
    ):
        device = thing(connection, model=camera())
        assert (await connection.fetch(device, "picture")).data == PNG


@pytest.mark.parametrize("others", [(), (TEMPERATURE,)])
async def test_nobody_answers(others: tuple[dict[str, Any], ...]) -> None:
    async with (
        http_server({"/picture": picture()}) as server,
        http_connection(server.url) as connection,
    ):
        device = thing(connection, model=camera(*others))
        await connection.fetch(device, "picture")
        server.handlers["/picture"] = _broken
        with pytest.raises(UnreachableError):
            await connection.fetch(device, "picture")
        # What has values is asked for them to see whether it is there.
        assert device.online is bool(others)


async def _broken(asked: web.Request) -> web.Response:
    """Break the connection."""
    assert asked.transport is not None
    asked.transport.abort()
    return web.Response()


def following(
    connection: HttpConnection, *others: dict[str, Any], way: str, url: str = "/told"
) -> tuple[VirtualDevice, list[str]]:
    """Return a device, and what is told of its picture."""
    there = {"url": "picture", "observe": way, "observe_url": url}
    layout = {"attributes": {"picture": there}, "state": False}
    device = thing(connection, model=camera(*others), http=layout)
    told: list[str] = []
    device.on_value("picture", lambda: told.append("picture"))
    return device, told


@pytest.mark.parametrize("event", ["event: picture\n", ""])
async def test_stream_tells_that_an_image_has_changed(event: str) -> None:
    image, stream = picture(), Stream()
    async with (
        http_server({"/picture": image, "/told": stream}) as server,
        http_connection(server.url) as connection,
    ):
        device, told = following(connection, TEMPERATURE, way="sse")
        assert not connection.pushed(device)
        await connection.attach(device)
        await until(lambda: told)  # it may have changed while nobody told
        assert connection.pushed(device) == {"picture"}
        await stream.send("event: temperature\ndata: 3\n\n")
        await stream.send(f"{event}data: x\n\n")
        await until(lambda: len(told) == 2)
        assert not image.requests  # that is for whoever wants to see it
        assert shown(device) == {}
        stream.ended.set()
        await until(lambda: not connection.pushed(device))


async def test_image_is_told_of_by_itself_long_poll_and_all() -> None:
    # What is waited for may be the image itself, and be large.
    large = PNG * 40_000
    asked: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request)
        if len(asked) > 2:
            await asyncio.Event().wait()
        return web.Response(body=large + bytes(len(asked)), content_type="image/png")

    async with (
        http_server({"/picture": picture(), "/told": handle}) as server,
        http_connection(server.url) as connection,
    ):
        device, told = following(connection, way="longpoll")
        await connection.attach(device)
        await until(lambda: len(told) == 3)
        assert connection.pushed(device) == {"picture"}
        assert all(
            "PNG" not in str(one["received"]) for one in connection.trace(device)
        )


async def test_many_messages_about_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following_module, "BURST", 5)
    stream = Stream()
    async with (
        http_server({"/told": stream}) as server,
        http_connection(server.url) as connection,
    ):
        device, told = following(connection, way="sse")
        await connection.attach(device)
        await until(lambda: told)
        await stream.send("data: x\n\n" * 10)
        await until(lambda: device.dropped["picture: too_many"])


# CoAP


async def test_image_in_blocks(connect: Connect) -> None:
    large = PNG * 1000
    resource = Resource(large, 23, tagged=True)
    async with bare_server(picture=resource, temperature=Resource(b"3")) as server:
        connection = await connect(server.port)
        device = thing(connection, model=camera(TEMPERATURE))
        first = await connection.fetch(device, "picture")
        assert first == Image(large, "image/png")
        assert first.tagged
        assert resource.requests[0].opt.accept == 23
        assert await connection.fetch(device, "picture") is first
        resource.change(OTHER)
        assert (await connection.fetch(device, "picture")).data == OTHER
        assert all(
            "PNG" not in str(one["received"]) for one in connection.trace(device)
        )
        assert {one["request"] for one in connection.trace(device)} >= {"GET /picture"}
        with pytest.raises(NotOfferedError):
            await connection.fetch(device, "temperature")
        device.report(Availability.UNREACHABLE, "cut")
        resource.requests.clear()
        await connection.fetch(device, "picture")
        assert not resource.requests[0].opt.etags


@pytest.mark.parametrize(
    ("content_format", "media_type", "expected"),
    [
        (22, "image/png", "image/jpeg"),
        (21, "image/gif", "image/gif"),
        (None, "image/webp", "image/webp"),
        (30000, "image/png", PayloadError),  # SVG
        (0, "image/png", PayloadError),
    ],
)
async def test_what_a_coap_device_calls_it(
    connect: Connect, content_format: int | None, media_type: str, expected: Any
) -> None:
    resource = Resource(PNG, content_format)
    async with bare_server(picture=resource) as server:
        connection = await connect(server.port)
        device = thing(connection, model=camera(mediaType=media_type))
        if isinstance(expected, str):
            assert await connection.fetch(device, "picture") == Image(PNG, expected)
        else:
            with pytest.raises(expected, match="content format"):
                await connection.fetch(device, "picture")


async def test_coap_image_that_is_gone_busy_or_away(connect: Connect) -> None:
    resource = Resource(PNG, 23)
    async with bare_server(picture=resource) as server:
        connection = await connect(server.port)
        device = thing(connection, model=camera())
        resource.failure = Code.NOT_FOUND
        with pytest.raises(RejectedError, match=r"4\.04"):
            await connection.fetch(device, "picture")
        resource.failure, resource.wait = Code.SERVICE_UNAVAILABLE, 30
        for _ in range(2):
            resource.requests.clear()
            with pytest.raises(RejectedError):
                await connection.fetch(device, "picture")
        assert not resource.requests
        connection._attached[device].layout.forget()
        await server.stop()
        assert device.online
        with pytest.raises(UnreachableError):
            await connection.fetch(device, "picture")
        assert not device.online


async def test_observed_image_is_there_already(connect: Connect) -> None:
    resource = Resource(PNG, 23)
    async with bare_server(picture=resource, state=Resource(b"{}")) as server:
        connection = await connect(server.port)
        device = thing(connection, model=camera(TEMPERATURE))
        told: list[str] = []
        device.on_value("picture", lambda: told.append("picture"))
        await connection.attach(device)
        await until(lambda: "picture" in connection.pushed(device))
        asked = len(resource.requests)
        assert (await connection.fetch(device, "picture")).data == PNG
        told.clear()
        resource.notify(OTHER)
        await until(lambda: told)
        assert (await connection.fetch(device, "picture")).data == OTHER
        assert len(resource.requests) == asked + 1
        # What cannot be shown is not: it is asked for then.
        resource.content_format = 0
        resource.notify(b"none today")
        await until(lambda: device.dropped["picture: payload_invalid"])
        assert "picture" not in connection.pushed(device)
        with pytest.raises(PayloadError):
            await connection.fetch(device, "picture")
        assert device.problems.keys() == {"picture"}
        resource.content_format = 23
        resource.notify(PNG)
        await until(lambda: not device.problems)
        assert (await connection.fetch(device, "picture")).data == PNG


async def test_image_that_is_not_to_be_observed(connect: Connect) -> None:
    resource = Resource(PNG, 23)
    async with bare_server(picture=resource) as server:
        connection = await connect(server.port)
        device = thing(connection, model=camera(observable=False))
        await connection.attach(device)
        await connection.fetch(device, "picture")
        assert not resource.observers
        assert not connection.pushed(device)


async def test_values_for_an_image_are_refused() -> None:
    attribute = camera().attribute("picture")
    with pytest.raises(ValueRefusedError, match="it has no value"):
        attribute.validate("http://elsewhere/")
