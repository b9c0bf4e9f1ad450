"""Simulated devices with pictures."""

import json
import struct
from typing import Any
import zlib

from aiocoap import GET
import aiohttp
import pytest

from custom_components.device_models.iot.formats import load_document
from simulators import CoapSimulator, HttpSimulator, SimulatedDevice
from simulators.picture import SIZE, picture

from ..acting import until
from .conftest import Ask

CAMERA: dict[str, Any] = {
    "urn": "urn:camera",
    "name": "Camera",
    "attributes": [
        {"name": "view", "type": "URI", "mediaType": "image/png"},
        {"name": "other", "type": "URI", "mediaType": "image/png", "observable": False},
        {"name": "level", "type": "INTEGER"},
    ],
}


@pytest.fixture
def camera() -> SimulatedDevice:
    """Return a device with pictures."""
    return SimulatedDevice(load_document(CAMERA, "camera").model)


def test_picture_is_a_png() -> None:
    made = picture("a")
    assert made != picture("b")
    assert made == picture("a")
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    kinds, at = [], 8
    while at < len(made):
        (length,) = struct.unpack_from(">I", made, at)
        whole = made[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", made, at + 8 + length) == (zlib.crc32(whole),)
        kinds.append(whole[:4])
        if whole[:4] == b"IDAT":
            assert len(zlib.decompress(whole[4:])) == SIZE * (1 + 3 * SIZE)
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


async def test_picture_over_http(camera: SimulatedDevice, socket_enabled: None) -> None:
    async with (
        HttpSimulator(camera, speed=0) as simulator,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(f"{simulator.url}/view") as answer:
            assert answer.content_type == "image/png"
            assert await answer.read() == picture(str(camera.values["view"]))
        known = {"If-None-Match": answer.headers["ETag"]}
        async with session.get(f"{simulator.url}/view", headers=known) as answer:
            assert answer.status == 304
        async with session.get(f"{simulator.url}/state") as answer:
            assert (await answer.json()).keys() == {"level"}
        async with session.put(f"{simulator.url}/view", json="x") as answer:
            assert answer.status == 405
        listening = {"Accept": "text/event-stream"}
        async with session.get(f"{simulator.url}/view", headers=listening) as answer:
            await until(lambda: simulator.listeners)
            camera.put({"view": "https://camera.local/2"})
            async for line in answer.content:
                if line.startswith(b"data: "):
                    assert line == b'data: "changed"\n'
                    break
        async with session.get(f"{simulator.url}/view", headers=known) as answer:
            assert await answer.read() == picture("https://camera.local/2")
        async with session.get(simulator.url) as answer:
            described = load_document(json.loads(await answer.read()), "td")
    found = described.model.leaves
    assert found["view"].media_type == "image/png"
    assert found["view"].observable
    assert not found["other"].observable


async def test_picture_over_coap(camera: SimulatedDevice, ask: Ask) -> None:
    async with CoapSimulator(camera, speed=0) as simulator:
        url = simulator.url.rstrip("/")
        answer = await ask(GET, f"{url}/view")
        assert answer.opt.content_format == 23
        assert answer.payload == picture(str(camera.values["view"]))
        answer = await ask(GET, f"{url}/view", accept=50)
        assert answer.code.dotted == "4.06"
        answer = await ask(GET, f"{url}/view", observe=0)
        assert answer.opt.observe is not None
        answer = await ask(GET, f"{url}/other", observe=0)
        assert answer.opt.observe is None
