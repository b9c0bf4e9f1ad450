"""Brokers that are none, or do not want us."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import socket
import time
from typing import Any

import pytest

from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    session,
)
from custom_components.device_models.iot.errors import (
    UnauthorizedError,
    UnreachableError,
)

from .mosquitto import (
    MOSQUITTO,
    VERSIONS,
    Mosquitto,
    Open,
    attempt,
    mosquitto,
    settings,
)
from .programs import output_of
from .things import free_port, nothing_left, until


async def test_nobody_listens() -> None:
    async with nothing_left():
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="Connection refused"):
            await attempt(free_port())
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("host", ["", "no-such-host.invalid", "x" * 80])
async def test_host_that_is_none(host: str) -> None:
    client = BrokerClient(BrokerSettings(host))
    async with nothing_left():
        with pytest.raises(UnreachableError):
            await client.open(lambda _: None)
        await client.close()


@contextmanager
def listening() -> Iterator[socket.socket]:
    """Take connections, and say nothing."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


async def test_listener_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "TIMEOUT", 0.2)
    with listening() as server:
        async with nothing_left():
            with pytest.raises(UnreachableError, match="no answer"):
                await attempt(server.getsockname()[1])


async def test_giving_up_a_listener_that_says_nothing_is_quick() -> None:
    with listening() as server:
        async with nothing_left():
            client = BrokerClient(settings(server.getsockname()[1]))
            opening = asyncio.create_task(client.open(lambda _: None))
            await asyncio.sleep(0.2)
            began = time.monotonic()
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "words", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02\x00"]
)
async def test_listener_that_is_no_broker(
    monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    monkeypatch.setattr(session, "TIMEOUT", 1.0)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(words)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with nothing_left():
        with pytest.raises(UnreachableError):
            await attempt(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()


@pytest.mark.peer
@MOSQUITTO
@VERSIONS
async def test_credentials(peer_program: str, tmp_path: Path, version: str) -> None:
    passwords = tmp_path / "passwords"
    await output_of("mosquitto_passwd", "-c", "-b", passwords, "ann", "right")
    with mosquitto(
        peer_program, tmp_path, "allow_anonymous false", f"password_file {passwords}"
    ) as broker:
        await broker.ready()
        async with nothing_left():
            for more in (
                {},
                {"username": "ann", "password": "wrong"},
                {"username": "bob", "password": "right"},
            ):
                with pytest.raises(UnauthorizedError) as refused:
                    await attempt(broker.port, version=version, **more)
                assert "wrong" not in str(refused.value)
            await attempt(
                broker.port, version=version, username="ann", password="right"
            )
    assert "right" not in repr(settings(1, username="ann", password="right"))


@pytest.mark.peer
@MOSQUITTO
async def test_credentials_that_are_refused_later(
    peer_program: str, tmp_path: Path, opened: Open
) -> None:
    passwords = tmp_path / "passwords"
    change = ("mosquitto_passwd", "-c", "-b", passwords, "ann")
    await output_of(*change, "old")
    with mosquitto(
        peer_program, tmp_path, "allow_anonymous false", f"password_file {passwords}"
    ) as broker:
        await broker.ready()
        states: list[bool] = []
        refusals: list[bool] = []
        client = await opened(
            broker.port, states.append, username="ann", password="old"
        )
        client.on_unauthorized = lambda: refusals.append(True)
        broker.kill()
        await output_of(*change, "new")
        await broker.start()
        await until(lambda: len(refusals) > 1)
        assert states == [False]
        broker.kill()
        await output_of(*change, "old")
        await broker.start()
        await until(lambda: states == [False, True])


async def test_broker_with_another_protocol(broker_port: int) -> None:
    with pytest.raises(UnreachableError, match="Unsupported protocol version"):
        await attempt(broker_port)  # amqtt speaks 3.1.1 only


@pytest.mark.peer
@MOSQUITTO
async def test_filter_that_is_none(broker: Mosquitto, opened: Open) -> None:
    client = await opened(broker.port)
    with pytest.raises(UnreachableError, match="Invalid subscription filter"):
        await client.subscribe("a/#/b", pytest.fail)
    assert client._subscriptions.needed() == []
    with pytest.raises(UnreachableError, match="wildcards"):
        await client.publish("a/#", b"")
    await client.publish("a", b"")


@pytest.mark.peer
@MOSQUITTO
@VERSIONS
async def test_subscription_that_is_refused(
    broker: Mosquitto, opened: Open, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await opened(broker.port, version=version)
    codes: list[Any] = [128]
    monkeypatch.setattr(client._session, "subscribe", _later(codes))
    with pytest.raises(UnreachableError, match="refuses the subscription to a"):
        await client.subscribe("a", pytest.fail)
    assert client._subscriptions.needed() == []


def _later(codes: list[Any]) -> Callable[..., Any]:
    async def subscribe(_filters: object) -> list[Any]:
        return codes

    return subscribe


@pytest.mark.peer
@MOSQUITTO
async def test_subscription_cancelled_at_any_moment_is_none(
    broker: Mosquitto, opened: Open
) -> None:
    client = await opened(broker.port)
    for passes in range(8):
        subscribing = asyncio.create_task(client.subscribe(f"a/{passes}", pytest.fail))
        for _ in range(passes):
            await asyncio.sleep(0)
        subscribing.cancel()
        await asyncio.wait([subscribing])
        if not subscribing.cancelled():
            end = await subscribing
            await end()
        assert client._subscriptions.needed() == []
    assert broker.unsubscriptions == broker.subscriptions
    assert "a/7" in broker.subscriptions
