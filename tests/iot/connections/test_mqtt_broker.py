"""Our own client of a broker, and Mosquitto."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
import logging
from pathlib import Path
import socket
import time
from typing import Any

import aiomqtt
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    Message,
    TlsFiles,
    broker as module,
    session,
)
from custom_components.device_models.iot.connections.mqtt.subscriptions import (
    Subscriptions,
)
from custom_components.device_models.iot.errors import (
    UnauthorizedError,
    UnreachableError,
)

from .certificates import Authority, private
from .mosquitto import Mosquitto, mosquitto, plain_client
from .programs import output_of
from .things import free_port, nothing_left, until

MOSQUITTO = pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True)
VERSIONS = pytest.mark.parametrize("version", ["5", "3.1.1"])

type Open = Callable[..., Any]


@pytest.fixture(autouse=True)
def short_retries(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    """Have lost connections tried again soon."""
    monkeypatch.setattr(module, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(module, "LONGEST_RETRY", 0.2)


@pytest.fixture
async def broker(peer_program: str, tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    """Run a broker that lets everybody in."""
    with mosquitto(peer_program, tmp_path) as running:
        await running.ready()
        yield running


@pytest.fixture
async def opened() -> AsyncGenerator[Open]:
    """Open clients, and close them at the end."""
    async with AsyncExitStack() as stack:

        async def begin(
            port: int,
            on_connection: Callable[[bool], None] = lambda _: None,
            **more: Any,
        ) -> BrokerClient:
            client = BrokerClient(BrokerSettings("127.0.0.1", port, **more))
            await client.open(on_connection)
            stack.push_async_callback(client.close)
            return client

        yield begin


def settings(port: int, **more: Any) -> BrokerSettings:
    return BrokerSettings("127.0.0.1", port, **more)


async def attempt(port: int, **more: Any) -> None:
    """Open and close a client."""
    client = BrokerClient(settings(port, **more))
    await client.open(lambda _: None)
    await client.close()


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


# A connection that is lost


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


# A connection that is not made


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


@pytest.mark.peer
@MOSQUITTO
async def test_broker_with_another_protocol(
    broker_port: int, peer_program: str
) -> None:
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


# TLS


@pytest.fixture
def home() -> Authority:
    """Return an authority made at home."""
    return Authority()


@pytest.fixture
async def secure(
    peer_program: str, tmp_path: Path, home: Authority, request: pytest.FixtureRequest
) -> AsyncGenerator[Mosquitto]:
    """Run a broker with TLS; it may want certificates of its clients."""
    pair = home.sign("localhost")
    for name, text in (
        ("ca.pem", home.certificate),
        ("broker.pem", pair.certificate),
        ("broker.key", pair.key),
    ):
        (tmp_path / name).write_text(text)
    with mosquitto(
        peer_program,
        tmp_path,
        "allow_anonymous true",
        f"cafile {tmp_path / 'ca.pem'}",
        f"certfile {tmp_path / 'broker.pem'}",
        f"keyfile {tmp_path / 'broker.key'}",
        *request.param,
    ) as running:
        await running.ready()
        yield running


OPEN_TO_ALL = pytest.mark.parametrize("secure", [()], indirect=True)
CLIENTS_SIGNED = pytest.mark.parametrize(
    "secure", [("require_certificate true",)], indirect=True
)


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
@VERSIONS
async def test_broker_with_a_certificate_of_a_private_authority(
    secure: Mosquitto, home: Authority, version: str, opened: Open
) -> None:
    client = await opened(
        secure.port, version=version, tls=TlsFiles(ca=home.certificate)
    )
    assert client.address == f"mqtts://127.0.0.1:{secure.port}"
    heard: list[Message] = []
    await client.subscribe("a", heard.append)
    await client.publish("a", b"x" * 100_000)
    await until(lambda: heard)
    assert len(heard[0].payload) == 100_000


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
async def test_certificate_of_somebody_else(secure: Mosquitto) -> None:
    async with nothing_left():
        for tls in (TlsFiles(), TlsFiles(ca=Authority("Other").certificate)):
            with pytest.raises(UnreachableError, match="certificate verify failed"):
                await attempt(secure.port, tls=tls)


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
async def test_certificate_for_another_name(
    peer_program: str, secure: Mosquitto, tmp_path: Path, home: Authority
) -> None:
    secure.kill()
    pair = home.sign("elsewhere", "192.0.2.1")
    (tmp_path / "broker.pem").write_text(pair.certificate)
    (tmp_path / "broker.key").write_text(pair.key)
    await secure.start()
    with pytest.raises(UnreachableError, match=r"not valid for '127\.0\.0\.1'"):
        await attempt(secure.port, tls=TlsFiles(ca=home.certificate))


@pytest.mark.peer
@MOSQUITTO
@CLIENTS_SIGNED
async def test_client_with_a_certificate(secure: Mosquitto, home: Authority) -> None:
    pair = home.sign("client")
    async with nothing_left():
        tls = TlsFiles(home.certificate, pair.certificate, pair.key)
        await attempt(secure.port, tls=tls)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="certificate required"):
            await attempt(secure.port, tls=TlsFiles(home.certificate))
        assert time.monotonic() - began < 2
    assert pair.key not in repr(tls)


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
async def test_plain_client_at_a_secure_broker_and_the_reverse(
    peer_program: str, secure: Mosquitto, tmp_path: Path, home: Authority
) -> None:
    async with nothing_left():
        with pytest.raises(
            UnreachableError, match=r"reset by peer|closed the connection"
        ):
            await attempt(secure.port)
    (tmp_path / "plain").mkdir()
    with mosquitto(peer_program, tmp_path / "plain") as plain:
        await plain.ready()
        async with nothing_left():
            with pytest.raises(UnreachableError, match=r"reset by peer|EOF|SSL"):
                await attempt(plain.port, tls=TlsFiles(home.certificate))


def encrypted_key() -> str:
    return private(ec.generate_private_key(ec.SECP256R1()), b"secret")


@pytest.mark.parametrize(
    ("tls", "problem"),
    [
        (TlsFiles(ca="no certificate"), "the CA certificate is not usable"),
        (TlsFiles(ca="\N{SNOWMAN}"), "the CA certificate is not usable"),
        (TlsFiles(certificate="nonsense"), "the client certificate and its key"),
        (
            TlsFiles(certificate=Authority().sign("a").certificate),
            "the client certificate and its key",
        ),
        (
            TlsFiles(None, Authority().sign("a").certificate, encrypted_key()),
            "the client certificate and its key",
        ),
        (
            TlsFiles(
                None, Authority().sign("a").certificate, Authority().sign("b").key
            ),
            "the client certificate and its key",
        ),
    ],
)
async def test_parts_of_tls_that_are_none(tls: TlsFiles, problem: str) -> None:
    async with nothing_left():
        with pytest.raises(UnreachableError, match=problem):
            await attempt(free_port(), tls=tls)


@pytest.mark.peer
@MOSQUITTO
async def test_trouble_of_the_network_is_not_logged(
    broker: Mosquitto, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    states: list[bool] = []
    await opened(broker.port, states.append)
    broker.kill()
    await until(lambda: states == [False])
    await broker.start()
    await until(lambda: states == [False, True])
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
