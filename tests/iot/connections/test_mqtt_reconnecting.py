"""A connection to a broker that is lost, or left, at any moment."""

import asyncio
from pathlib import Path
import socket
from typing import Any

import pytest

from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    Message,
)
from custom_components.device_models.iot.errors import (
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
from .things import nothing_left, until


@pytest.mark.peer
@MOSQUITTO
@VERSIONS
async def test_broker_that_restarts_is_subscribed_to_again(
    broker: Mosquitto, opened: Open, version: str
) -> None:
    states: list[bool] = []
    client = await opened(broker.port, states.append, version=version)
    heard: list[Message] = []
    filters = [f"{number}/#" for number in range(20)]
    for one in filters:
        await client.subscribe(one, heard.append)
    gone: list[Message] = []
    end = await client.subscribe("gone", gone.append)
    broker.kill()
    await until(lambda: states == [False])
    with pytest.raises(UnreachableError, match="not connected"):
        await client.publish("0/a", b"1")
    with pytest.raises(UnreachableError, match="not connected"):
        await client.subscribe("new", heard.append)
    await end()
    await broker.start()
    await until(lambda: states == [False, True])
    for number in range(20):
        await client.publish(f"{number}/a", b"%d" % number)
    await client.publish("gone", b"1")
    await client.publish("new", b"1")
    await until(lambda: len(heard) == 20)
    assert {one.topic for one in heard} == {f"{number}/a" for number in range(20)}
    assert gone == []


@pytest.mark.peer
@MOSQUITTO
async def test_filter_that_is_refused_after_a_restart_keeps_nobody_off(
    peer_program: str, tmp_path: Path, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite #\n")
    rules.chmod(0o600)
    with mosquitto(
        peer_program, tmp_path, "allow_anonymous true", f"acl_file {rules}"
    ) as broker:
        await broker.ready()
        states: list[bool] = []
        client = await opened(broker.port, states.append)
        heard: list[Message] = []
        await client.subscribe("a", heard.append)
        await client.subscribe("b", heard.append)
        broker.kill()
        await until(lambda: states == [False])

        async def refused(_session: Any, filters: list[str]) -> list[str]:
            return [one for one in filters if one == "a"]

        subscribe = client._subscribe
        client._subscribe = refused
        await broker.start()
        await until(lambda: states == [False, True])
        client._subscribe = subscribe
        assert "refuses the subscription to a" in caplog.text


@pytest.mark.peer
@MOSQUITTO
async def test_connections_are_tried_less_and_less_often(
    broker: Mosquitto, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    await opened(broker.port)
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", noted)
        broker.kill()
        while len([one for one in pauses if one >= 0.05]) < 5:
            await sleep(0.001)
    assert [one for one in pauses if one >= 0.05][:5] == [0.05, 0.1, 0.2, 0.2, 0.2]


@pytest.mark.peer
@MOSQUITTO
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.06, 0.15])
async def test_closing_while_the_broker_is_away_leaves_nothing(
    broker: Mosquitto, seconds: float
) -> None:
    async with nothing_left():
        states: list[bool] = []
        client = BrokerClient(settings(broker.port))
        await client.open(states.append)
        broker.kill()
        await until(lambda: states)
        await asyncio.sleep(seconds)
        await client.close()


@pytest.mark.peer
@MOSQUITTO
async def test_closing_while_the_broker_comes_back_leaves_nothing(
    broker: Mosquitto,
) -> None:
    for passes in (0, 1, 2, 3, 4, 6, 8, 12, 20, 50):
        async with nothing_left():
            states: list[bool] = []
            client = BrokerClient(settings(broker.port, will_topic="w"))
            await client.open(states.append)
            await client.subscribe("a", lambda _: None)
            lost = client._session
            assert lost is not None
            lost._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
            await until(lambda: states)  # noqa: B023
            await asyncio.sleep(0.05)
            for _ in range(passes):
                await asyncio.sleep(0)
            await client.close()


@pytest.mark.peer
@MOSQUITTO
async def test_closing_at_once_leaves_nothing(broker: Mosquitto) -> None:
    async with nothing_left():
        await attempt(broker.port)
    await until(lambda: "Received DISCONNECT" in broker.log)


@pytest.mark.peer
@MOSQUITTO
async def test_closing_cancelled_leaves_nothing(broker: Mosquitto) -> None:
    for passes in range(1, 7):
        async with nothing_left():
            client = BrokerClient(settings(broker.port))
            await client.open(lambda _: None)
            closing = asyncio.create_task(client.close())
            for _ in range(passes):
                await asyncio.sleep(0)
            closing.cancel()
            await asyncio.gather(closing, return_exceptions=True)


@pytest.mark.peer
@MOSQUITTO
async def test_opening_cancelled_at_any_moment_leaves_nothing(
    broker: Mosquitto,
) -> None:
    for milliseconds in (0, 0, 1, 2, 3, 4, 6, 8, 10):
        async with nothing_left():
            client = BrokerClient(settings(broker.port))
            opening = asyncio.create_task(client.open(lambda _: None))
            await asyncio.sleep(milliseconds / 1000)
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            await client.close()
