"""The simulated devices of the benchmark, asked by libraries that are not ours."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
import json
import os
from pathlib import Path
import signal
import sys

from aiocoap import GET, NON, PUT, Context, Message
from aiocoap.error import NetworkError
import pytest

from bench.coap_devices import POLLS, MalformedError, options
from bench.lateness import read
from bench.plan import Fate, Plan
from demo.children import Child

PLAN = Plan(devices=6, attributes=2, dead=3, interval=1, latency=0)


@pytest.fixture
async def devices(tmp_path: Path, socket_enabled: None) -> AsyncGenerator[Child]:
    """Run the devices; their ports are in the plan."""
    PLAN.write(tmp_path)
    child = Child("the devices", tmp_path / "log")
    await child.start(
        sys.executable, "-m", "bench.coap_devices", str(tmp_path), announces=True
    )
    ports = tuple(json.loads(await child.first_line()))
    replace(PLAN, ports=ports).write(tmp_path)
    yield child
    await child.stop()


@pytest.fixture
async def client(socket_enabled: None) -> AsyncGenerator[Context]:
    """Open a client."""
    context = await Context.create_client_context(transports=["udp6"])
    yield context
    await context.shutdown()


def test_dead_are_spread_and_die_in_each_way() -> None:
    assert PLAN.fates == [
        Fate.NEVER,
        Fate.LIVE,
        Fate.SILENT,
        Fate.LIVE,
        Fate.CLOSED,
        Fate.LIVE,
    ]
    assert PLAN.live == [1, 3, 5]


async def test_devices_answer_note_and_die(
    devices: Child, client: Context, tmp_path: Path
) -> None:
    ports = Plan.read(tmp_path).ports

    async def ask(number: int, path: str, **more: object) -> tuple[str, bytes]:
        message = Message(
            **{"code": GET, "uri": f"coap://127.0.0.1:{ports[number]}/{path}", **more}
        )
        answer = await client.request(message).response
        return answer.code.dotted, answer.payload

    assert await ask(1, "value0") == ("2.05", b"1")
    assert await ask(1, "value1", _mtype=NON) == ("2.05", b"2")
    assert await ask(1, ".well-known/core") == ("2.05", b"</value0>,</value1>")
    assert (await ask(1, "other"))[0] == "4.04"
    assert (await ask(1, "value0", code=PUT, payload=b"1"))[0] == "4.05"
    assert await ask(4, "value0") == ("2.05", b"1")
    os.kill(devices.pid, signal.SIGUSR1)
    with suppress(NetworkError):
        async with asyncio.timeout(5):
            while True:  # until the signal has been taken
                await ask(4, "value1")
    await devices.stop()
    noted = [(device, attribute) for _, device, attribute in read(tmp_path / POLLS)]
    assert noted[:3] == [(1, 0), (1, 1), (4, 0)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\xb1a\x01b\xffrest", [(11, b"a"), (11, b"b")]),
        (b"\xd1\x00x", [(13, b"x")]),
        (b"\xe0\x01\x00", [(525, b"")]),
        (b"\x0d\x02" + b"y" * 15, [(0, b"y" * 15)]),
    ],
)
def test_options(data: bytes, expected: list[tuple[int, bytes]]) -> None:
    assert list(options(data)) == expected


def test_option_that_cannot_be() -> None:
    with pytest.raises(MalformedError):
        list(options(b"\xf0"))
