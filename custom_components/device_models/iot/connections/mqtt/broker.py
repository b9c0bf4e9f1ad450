"""A client of our own, for a broker that is not Home Assistant's: aiomqtt over paho."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
import logging
from pathlib import Path
import ssl
import tempfile
from typing import Any, Final, override

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.matcher import MQTTMatcher
from paho.mqtt.reasoncodes import ReasonCode

from ...errors import UnauthorizedError, UnreachableError
from .client import Message, MqttClient

_LOGGER = logging.getLogger(__name__)

TIMEOUT: Final = 10.0
"""Seconds for anything that the broker has to acknowledge."""

KEEPALIVE: Final = 30
"""Seconds; a dead broker is noticed within one and a half of these."""

FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
"""Seconds between two tries to connect; doubled from the first to the longest."""

MAX_QUEUED: Final = 10_000
"""Messages that may wait to be handled; beyond this the newest are discarded."""

REFUSED_CREDENTIALS: Final = frozenset({4, 5, 134, 135, 140})
"""Return codes of MQTT 3.1.1 §3.2.2.3, reason codes of MQTT 5 §3.2.2.2."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS needs beyond the system's own authorities, each in PEM."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Return the context. This reads files: not in the event loop.

        Raises:
            ValueError: one of the parts is no such thing.

        """
        try:
            context = ssl.create_default_context(cadata=self.ca)
            if self.certificate:
                # Python's ssl takes a certificate chain from files only.
                with tempfile.TemporaryDirectory() as folder:
                    chain = Path(folder, "chain.pem")
                    chain.touch(mode=0o600)
                    chain.write_text(f"{self.certificate}\n{self.key or ''}\n")
                    context.load_cert_chain(chain)
        except (ssl.SSLError, OSError) as err:
            raise ValueError(str(err)) from err
        return context


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How to reach a broker."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TlsFiles | None = None
    version: str = "5"
    """``5`` or ``3.1.1``."""
    will_topic: str | None = None
    """Where the broker says, retained, whether we are there: online or offline."""


class BrokerClient(MqttClient):
    """A connection of our own to a broker."""

    def __init__(self, settings: BrokerSettings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._tls: ssl.SSLContext | None = None
        self._subscriptions: dict[str, list[Callable[[Message], None]]] = {}
        self._matcher: Any = MQTTMatcher()  # type: ignore[no-untyped-call]
        self._on_connection: Callable[[bool], None] = lambda _connected: None

    @property
    @override
    def address(self) -> str:
        scheme = "mqtts" if self._settings.tls else "mqtt"
        return f"{scheme}://{self._settings.host}:{self._settings.port}"

    @override
    async def open(self, on_connection: Callable[[bool], None]) -> None:
        self._on_connection = on_connection
        if self._settings.tls is not None:
            self._tls = await asyncio.to_thread(self._settings.tls.context)
        client = await self._connect()
        self._task = asyncio.create_task(self._run(client), name=f"{self.address}")

    @override
    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._client is not None:
            # The task was cancelled before its first step.
            await self._disconnect(self._client)

    @override
    async def subscribe(
        self, topic_filter: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        callbacks = self._subscriptions.setdefault(topic_filter, [])
        callbacks.append(on_message)
        self._matcher[topic_filter] = callbacks

        async def unsubscribe() -> None:
            callbacks.remove(on_message)
            if not callbacks:
                del self._subscriptions[topic_filter]
                del self._matcher[topic_filter]
                with suppress(UnreachableError), self._translated():
                    await self._connected().unsubscribe(topic_filter)

        try:
            with self._translated():
                await self._connected().subscribe(topic_filter, qos=1)
        except UnreachableError:
            await unsubscribe()
            raise
        return unsubscribe

    @override
    async def publish(self, topic: str, payload: bytes) -> None:
        with self._translated():
            await self._connected().publish(topic, payload, qos=1)

    # Inside

    def _connected(self) -> aiomqtt.Client:
        """Return the client that is connected now.

        Raises:
            UnreachableError: none is.

        """
        if self._client is None:
            raise UnreachableError(address=self.address, reason="not connected")
        return self._client

    async def _connect(self) -> aiomqtt.Client:
        """Connect once; the caller disconnects."""
        settings = self._settings
        version = aiomqtt.ProtocolVersion
        will = None
        if settings.will_topic:
            will = aiomqtt.Will(settings.will_topic, b"offline", qos=1, retain=True)
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password,
            protocol=version.V311 if settings.version == "3.1.1" else version.V5,
            will=will,
            tls_context=self._tls,
            timeout=TIMEOUT,
            keepalive=KEEPALIVE,
            max_queued_incoming_messages=MAX_QUEUED,
        )
        with self._translated():
            await client.__aenter__()
        try:
            with self._translated():
                for topic_filter in self._subscriptions:
                    await client.subscribe(topic_filter, qos=1)
                if settings.will_topic:
                    await client.publish(
                        settings.will_topic, b"online", qos=1, retain=True
                    )
        except BaseException:
            await self._disconnect(client)
            raise
        self._client = client
        return client

    async def _disconnect(self, client: aiomqtt.Client) -> None:
        """Disconnect, whatever state the connection is in."""
        self._client = None
        with suppress(aiomqtt.MqttError, OSError):
            if self._settings.will_topic:
                # A broker publishes the will only for those who leave without a word.
                await client.publish(
                    self._settings.will_topic, b"offline", qos=1, retain=True
                )
        with suppress(aiomqtt.MqttError, OSError):
            await client.__aexit__(None, None, None)

    async def _run(self, client: aiomqtt.Client) -> None:
        """Pass on messages; connect again whenever the connection is lost."""
        while True:
            try:
                async for message in client.messages:
                    self._dispatch(message)
            except aiomqtt.MqttError as err:
                _LOGGER.debug("%s: %s", self.address, err)
            finally:
                await self._disconnect(client)
            self._on_connection(False)
            client = await self._reconnect()
            self._on_connection(True)

    async def _reconnect(self) -> aiomqtt.Client:
        """Try until there is a connection again."""
        pause = FIRST_RETRY
        while True:
            await asyncio.sleep(pause)
            try:
                return await self._connect()
            except (UnreachableError, UnauthorizedError) as err:
                _LOGGER.debug("%s", err)
                pause = min(pause * 2, LONGEST_RETRY)

    def _dispatch(self, message: aiomqtt.Message) -> None:
        """Hand a message to everyone whose filter it matches."""
        topic = message.topic.value
        payload = message.payload if isinstance(message.payload, bytes) else b""
        arrived = Message(topic, payload, retain=bool(message.retain))
        for callbacks in list(self._matcher.iter_match(topic)):
            for callback in tuple(callbacks):
                callback(arrived)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what aiomqtt and the network raise into our errors."""
        try:
            yield
        except MqttConnectError as err:
            code = err.rc.value if isinstance(err.rc, ReasonCode) else err.rc
            if code in REFUSED_CREDENTIALS:
                raise UnauthorizedError(address=self.address) from err
            raise UnreachableError(address=self.address, reason=str(err)) from err
        except (aiomqtt.MqttError, OSError, ValueError) as err:
            raise UnreachableError(address=self.address, reason=str(err)) from err
