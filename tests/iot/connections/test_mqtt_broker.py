"""Our own client of a broker: messages in and out, and our presence."""

import asyncio
from collections.abc import Callable
import socket
import time
from typing import Any

import aiomqtt
import pytest

from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    Message,
    session,
)
from custom_components.device_models.iot.connections.mqtt.subscriptions import (
    Subscriptions,
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
    plain_client,
    settings,
)
from .things import free_port, nothing_left, until

# In and out


@pytest.mark.peer
@MOSQUITTO
@VERSIONS
async def test_messages_go_in_and_out(
    broker: Mosquitto, opened: Open, version: str
) -> None:
    client = await opened(broker.port, version=version)
    heard: list[Message] = []
    end = await client.subscribe("a/#", heard.append)
    await client.publish("a/b", b"1")
    await client.publish("b/a", b"2")
    await client.publish("a", b"3")
    await until(lambda: len(heard) == 2)
    assert heard == [
        Message("a/b", b"1", retain=False),
        Message("a", b"3", retain=False),
    ]
    await end()
    await end()
    await client.publish("a/b", b"4")
    await asyncio.sleep(0.05)
    assert len(heard) == 2
    assert broker.subscriptions == broker.unsubscriptions == ["a/#"]


@pytest.mark.peer
@MOSQUITTO
async def test_retained_messages_are_marked(broker: Mosquitto, opened: Open) -> None:
    async with plain_client(broker.port) as device:
        await device.publish("a/b", b"old", qos=1, retain=True)
        client = await opened(broker.port)
        heard: list[Message] = []
        await client.subscribe("a/#", heard.append)
        await until(lambda: heard)
        await device.publish("a/b", b"new", qos=1, retain=True)
        await until(lambda: len(heard) == 2)
    assert [(one.payload, one.retain) for one in heard] == [
        (b"old", True),
        (b"new", False),
    ]


@pytest.mark.peer
@MOSQUITTO
async def test_listeners_of_one_filter_come_and_go_alone(
    broker: Mosquitto, opened: Open
) -> None:
    client = await opened(broker.port)
    one: list[Message] = []
    other: list[Message] = []
    end = await client.subscribe("a/+", one.append)
    await client.subscribe("a/+", other.append)
    await end()
    assert broker.unsubscriptions == []
    await client.publish("a/b", b"1")
    await until(lambda: other)
    assert one == []


@pytest.mark.peer
@MOSQUITTO
@VERSIONS
async def test_message_that_several_filters_match_comes_once_to_each(
    broker: Mosquitto, opened: Open, version: str
) -> None:
    client = await opened(broker.port, version=version)
    heard: dict[str, list[bytes]] = {}

    async def begin(topic_filter: str) -> Callable[[], Any]:
        got = heard[topic_filter] = []
        end: Callable[[], Any] = await client.subscribe(
            topic_filter, lambda message: got.append(message.payload)
        )
        return end

    async def send(payload: bytes) -> None:
        for got in heard.values():
            got.clear()
        await client.publish("a/b/c", payload)
        await client.publish("end", b"")
        await until(lambda: heard["end"])
        assert heard.pop("end") == [b""]

    async with plain_client(broker.port) as device:
        await device.publish("a/b/c", b"old", qos=1, retain=True)
        await begin("a/b/#")
        await until(lambda: heard["a/b/#"] == [b"old"])
        end_exact = await begin("a/b/c")
        await until(lambda: heard["a/b/c"] == [b"old"])  # what is retained comes anyway
        end_wide = await begin("a/#")
        await until(lambda: heard["a/#"] == [b"old"])
    await begin("end")
    await send(b"1")
    assert heard == {"a/b/#": [b"1"], "a/b/c": [b"1"], "a/#": [b"1"]}
    await end_wide()
    del heard["a/#"]
    await begin("end")
    await send(b"2")
    assert heard == {"a/b/#": [b"2"], "a/b/c": [b"2"]}
    await end_exact()
    del heard["a/b/c"]
    await begin("end")
    await send(b"3")
    assert heard == {"a/b/#": [b"3"]}


@pytest.mark.parametrize(
    ("filters", "needed"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a/#", "a"], ["a/#"]),
        (["a/b/c", "a/b/#", "ab/#"], ["a/b/#", "ab/#"]),
        (["a/b/#", "a/#", "a/b/c/d"], ["a/#"]),
        (["/a/#", "a/#"], ["/a/#", "a/#"]),
    ],
)
def test_filters_that_a_broker_has_to_know(
    filters: list[str], needed: list[str]
) -> None:
    subscriptions = Subscriptions()
    for one in filters:
        subscriptions.add(one, print)
    assert subscriptions.needed() == needed
    for one in filters:
        subscriptions.remove(one, print)
        subscriptions.remove(one, print)
    assert subscriptions.needed() == []


@pytest.mark.peer
@MOSQUITTO
async def test_failing_listener_harms_nobody(
    broker: Mosquitto, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    client = await opened(broker.port)
    heard: list[Message] = []

    def fail(_message: Message) -> None:
        raise RuntimeError("oops")

    await client.subscribe("a", fail)
    await client.subscribe("a", heard.append)
    for _ in range(2):
        await client.publish("a", b"1")
    await until(lambda: len(heard) == 2)
    assert "A message of a could not be handled" in caplog.text


@pytest.mark.peer
@MOSQUITTO
async def test_flood_of_messages_is_bounded_and_ends_with_the_newest(
    broker: Mosquitto,
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(session, "MAX_WAITING", 50)
    client = await opened(broker.port)
    heard: list[bytes] = []
    waiting: list[int] = []

    def slow(message: Message) -> None:
        waiting.append(client._session._queue.qsize())
        time.sleep(0.0005)
        heard.append(message.payload)

    await client.subscribe("a", slow)
    async with plain_client(broker.port) as device:
        for number in range(1000):
            await device.publish("a", b"%d" % number, qos=0)
        await device.publish("a", b"last", qos=1)
    await until(lambda: heard[-1:] == [b"last"])
    assert max(waiting) <= 50
    assert len([one for one in caplog.records if "faster" in one.message]) <= 1


@pytest.mark.parametrize(("size", "left"), [(10, 4), (400, 2), (10_000, 0)])
async def test_inbox_is_bounded_by_number_and_size(
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    left: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(session, "MAX_WAITING", 4)
    monkeypatch.setattr(session, "MAX_WAITING_BYTES", 1000)
    inbox = session.Inbox()
    for number in range(10):
        message = aiomqtt.Message("a", b"%d" % number * size, 0, False, number, None)
        inbox.put_nowait(message)
    assert inbox.qsize() == left
    assert [inbox.get_nowait().mid for _ in range(left)] == [*range(10 - left, 10)]
    assert inbox._bytes == 0
    assert caplog.text.count("faster") == 1


# Our presence


@pytest.mark.peer
@MOSQUITTO
@VERSIONS
async def test_presence_is_told(broker: Mosquitto, version: str) -> None:
    async with plain_client(broker.port) as other:
        await other.subscribe("home/status")
        client = BrokerClient(
            settings(broker.port, version=version, will_topic="home/status")
        )
        states: list[bool] = []
        await client.open(states.append)
        assert (await anext(other.messages)).payload == b"online"
        # Without a good-bye the broker speaks for us.
        client._session._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        await until(lambda: states == [False, True])
        assert (await anext(other.messages)).payload == b"offline"
        assert (await anext(other.messages)).payload == b"online"
        await client.close()
        assert (await anext(other.messages)).payload == b"offline"
        await other.subscribe("home/+")
        retained = await anext(other.messages)
        assert (retained.payload, retained.retain) == (b"offline", True)


@pytest.mark.parametrize(
    "topic",
    ["a/#", "+", "x" * 70_000, "\ud800"],
    ids=["rest", "level", "too long", "surrogate"],
)
async def test_presence_topic_that_is_none(topic: str) -> None:
    with pytest.raises(UnreachableError, match=r"topic|surrogates"):
        await attempt(free_port(), will_topic=topic)


@pytest.mark.peer
@MOSQUITTO
async def test_presence_that_may_not_be_told_keeps_us_out(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_session: session.Session) -> None:
        raise aiomqtt.MqttError("not allowed")

    monkeypatch.setattr(session.Session, "announce", refuse)
    async with nothing_left():
        with pytest.raises(UnreachableError, match="not allowed"):
            await attempt(broker.port, will_topic="w")
