"""Whatever is sent to a listening server, it goes on, and complains briefly."""

import asyncio
import logging
import random
from typing import Any, Final

import aiocoap
from aiocoap.numbers import ContentFormat
import pytest

from custom_components.device_models.iot.connections.coap_listener import limits
from custom_components.device_models.iot.connections.coap_listener.limits import Rate

from .listening import Listening, by_hand
from .things import STATE

MESSAGES: Final = 1000

SHED: Final = ["garden", "shed"]
PATHS: Final = [
    *([*SHED, name] for name in ("state", "level", "night", "label", "commands", "x")),
    [*SHED, "commands", "5"],
    [*SHED, "alert", "hot"],
    [".well-known", "core"],
    [],
]
PAYLOADS: Final = [
    *(b"", b"{}", b"[]", b"null", b"NaN", b'"x"', b"\xff\xfe", b"[" * 3000),
    *(b'{"level":1}', b'{"level":1e999}', b'{"night":{"hour":[]}}', b"\x9f" * 50),
    *(b'{"label":"\\ud800"}', b'[{"n":"level","v":1,"t":1e30}]', b'{"label":{}}'),
]
QUERIES: Final = ["key=", "rt=*", "refused", "href=*", "=", "a=b", "ä"]
FORMATS: Final = [0, 40, 41, 42, 50, 60, 110, 112, 9999]


def message(rng: random.Random, number: int) -> bytes:
    """Return a request in which everything is possible, and perhaps broken."""
    code = aiocoap.Code(rng.choice([1, 1, 2, 2, 3, 4, 5, 7, 9, 31]))
    made: Any = aiocoap.Message(code=code, payload=rng.choice(PAYLOADS))
    made.opt.uri_path = rng.choice(PATHS)
    if rng.random() < 0.3:
        made.opt.uri_query = [rng.choice(QUERIES)]
    if rng.random() < 0.6:
        made.opt.content_format = ContentFormat(rng.choice(FORMATS))
    if rng.random() < 0.4:
        made.opt.accept = ContentFormat(rng.choice(FORMATS))
    if rng.random() < 0.2:
        block = rng.choice([0, 0, 1, 2, 10**6])
        made.opt.block1 = (block, rng.random() < 0.5, rng.randrange(8))
    if rng.random() < 0.2:
        made.opt.block2 = (rng.choice([0, 0, 1, 70_000]), False, rng.randrange(8))
    if rng.random() < 0.2:
        made.opt.observe = rng.choice([0, 0, 1, 5])
    if rng.random() < 0.1:
        made.opt.size1 = rng.choice([0, 5, 10**9])
    made.mtype, made.mid = aiocoap.Type(rng.choice([0, 1])), number
    made.token = rng.randbytes(rng.choice([0, 1, 4, 8]))
    data = bytearray(made.encode())
    if rng.random() < 0.2:
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_that_is_sent_does_harm(
    server: Listening,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seed: int,
) -> None:
    for name in ("REQUESTS", "ALL_REQUESTS", "DATAGRAMS", "ALL_DATAGRAMS"):
        monkeypatch.setattr(limits, name, Rate(1e6, 1e6))
    caplog.set_level(logging.WARNING)
    rng = random.Random(seed)
    unhandled: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: unhandled.append(context))
    device = await server.add(published=True)
    await server.send.post(STATE)
    await device.set("label", "y" * 1500)
    await device.call("move", {"x": 1})
    codes: set[str] = set()
    async with by_hand(server.port) as raw:
        for number in range(MESSAGES):
            raw.transport.sendto(message(rng, number))
            if number % 10 == 0:
                await asyncio.sleep(0.002)
        before = -1
        while before < len(raw.received):  # until it has caught up
            before = len(raw.received)
            await asyncio.sleep(0.1)
        codes |= {aiocoap.Code(data[1]).dotted for data in raw.received}
    assert {"2.04", "2.05", "4.00", "4.04", "4.05", "4.06", "4.15"} <= codes
    assert "5.00" not in codes
    assert unhandled == []
    assert not [one for one in caplog.records if one.exc_info]
    assert len(caplog.records) < 40
    assert (await server.send.get("level")).success
