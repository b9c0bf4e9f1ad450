"""A client of our own, for a broker that is not Home Assistant's."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import batched
import logging
import ssl
from typing import Final, override

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.reasoncodes import ReasonCode

from ...errors import (
    CommunicationError,
    NotSentError,
    UnauthorizedError,
    UnreachableError,
)
from .client import Message, MqttClient
from .session import Session
from .settings import BrokerSettings
from .subscriptions import Subscriptions
from .topics import check_topic

_LOGGER = logging.getLogger(__name__)

FIRST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 60.0
"""Seconds between two tries to connect; doubled from the first to the longest."""

FILTERS_AT_ONCE: Final = 8
"""Subscriptions in one message; some brokers of the large clouds take no more."""

REFUSED_CREDENTIALS: Final = frozenset({4, 5, 134, 135, 140})
"""Return codes of MQTT 3.1.1 §3.2.2.3, reason codes of MQTT 5 §3.2.2.2."""

LEAST_FAILURE: Final = 0x80
"""Codes from here on say that a subscription was refused."""


class BrokerClient(MqttClient):
    """A connection of our own to a broker."""

    def __init__(self, settings: BrokerSettings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._session: Session | None = None
        """The connection, while there is one."""
        self._task: asyncio.Task[None] | None = None
        self._tls: ssl.SSLContext | None = None
        self._subscriptions = Subscriptions()
        self._held: set[str] = set()
        """The filters that the broker knows."""
        self._on_connection: Callable[[bool], None] = lambda _connected: None

    @property
    @override
    def address(self) -> str:
        return self._settings.address

    @override
    async def open(self, on_connection: Callable[[bool], None]) -> None:
        self._on_connection = on_connection
        with self._translated():
            if self._settings.will_topic:
                check_topic(self._settings.will_topic)
            if self._settings.tls is not None:
                self._tls = await asyncio.to_thread(self._settings.tls.context)
        session = await self._connect()
        self._task = asyncio.create_task(self._run(session), name=self.address)

    @override
    async def close(self) -> None:
        task, self._task = self._task, None
        try:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        finally:
            # Not in the task: one that has not begun when it is cancelled never does.
            session, self._session = self._session, None
            if session is not None:
                await session.end()

    @override
    async def subscribe(
        self, topic_filter: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        self._subscriptions.add(topic_filter, on_message)

        async def unsubscribe() -> None:
            self._subscriptions.remove(topic_filter, on_message)
            with suppress(UnreachableError):
                await self._settle()

        try:
            # Even if it is covered: the broker then sends what it has retained.
            await self._subscribe_to(topic_filter)
            await self._settle()
        except UnreachableError:
            self._subscriptions.remove(topic_filter, on_message)
            raise
        except BaseException:
            await unsubscribe()  # it may be under way
            raise
        return unsubscribe

    @override
    async def publish(self, topic: str, payload: bytes) -> None:
        with self._translated():
            await self._connected().send(topic, payload)

    # Inside

    def _connected(self) -> Session:
        """Return the connection.

        Raises:
            NotSentError: there is none at present.

        """
        if self._session is None:
            raise NotSentError(address=self.address, reason="not connected")
        return self._session

    async def _connect(self) -> Session:
        """Connect once, and subscribe to everything that is subscribed to."""
        with self._translated():
            session = Session(self._settings, self._tls)
            await session.begin()
            self._session = session
            self._held.clear()
            try:
                for filters in batched(
                    self._subscriptions.needed(), FILTERS_AT_ONCE, strict=False
                ):
                    for refused in await self._subscribe(session, filters):
                        _LOGGER.warning(
                            "%s refuses the subscription to %s", self.address, refused
                        )
                await session.announce()
            except BaseException:
                self._session = None
                await session.end()
                raise
        return session

    async def _subscribe_to(self, topic_filter: str) -> None:
        """Subscribe to one filter.

        Raises:
            UnreachableError: not connected, or refused.

        """
        with self._translated():
            refused = await self._subscribe(self._connected(), [topic_filter])
        if refused:
            reason = f"it refuses the subscription to {topic_filter}"
            raise UnreachableError(address=self.address, reason=reason)

    async def _settle(self) -> None:
        """Have the broker know the filters that are needed, and no others.

        Raises:
            UnreachableError: not connected, or not acknowledged in time.

        """
        needed = self._subscriptions.needed()
        with self._translated():
            session = self._connected()
            if missing := [one for one in needed if one not in self._held]:
                await self._subscribe(session, missing)
            for extra in self._held.difference(needed):
                self._held.discard(extra)
                await session.unsubscribe(extra)

    async def _subscribe(self, session: Session, filters: Sequence[str]) -> list[str]:
        """Subscribe with QoS 1; returns what was refused."""
        self._held.update(filters)
        answer = await session.subscribe([(one, 1) for one in filters])
        codes = [
            code.value if isinstance(code, ReasonCode) else code for code in answer
        ]
        refused = [
            one
            for one, code in zip(filters, codes, strict=False)
            if code >= LEAST_FAILURE
        ]
        self._held.difference_update(refused)
        return refused

    async def _run(self, session: Session) -> None:
        """Pass on messages; connect again whenever the connection is lost."""
        while True:
            try:
                async for message in session.messages:
                    self._dispatch(message)
            except aiomqtt.MqttError as err:
                _LOGGER.debug("%s: %s", self.address, err)
            self._session = None
            self._on_connection(False)
            await session.end()
            session = await self._reconnect()
            self._on_connection(True)

    async def _reconnect(self) -> Session:
        """Try until there is a connection again."""
        pause = FIRST_RETRY
        while True:
            await asyncio.sleep(pause)
            try:
                return await self._connect()
            except CommunicationError as err:
                _LOGGER.debug("%s", err)
                if isinstance(err, UnauthorizedError) and self.on_unauthorized:
                    self.on_unauthorized()
                pause = min(pause * 2, LONGEST_RETRY)

    def _dispatch(self, message: aiomqtt.Message) -> None:
        """Hand a message to everyone whose filter it matches."""
        topic = message.topic.value
        arrived = Message(topic, message.payload, retain=message.retain)
        for callback in self._subscriptions.listeners(topic):
            try:
                callback(arrived)
            except Exception:  # one device must not take the others down
                _LOGGER.exception("A message of %s could not be handled", topic)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what aiomqtt, paho and the network raise into our errors.

        Raises:
            UnauthorizedError: the credentials are refused.
            UnreachableError: in place of any other error.

        """
        try:
            yield
        except CommunicationError:
            raise
        except MqttConnectError as err:
            code = err.rc.value if isinstance(err.rc, ReasonCode) else err.rc
            if code in REFUSED_CREDENTIALS:
                raise UnauthorizedError(address=self.address) from err
            raise UnreachableError(address=self.address, reason=str(err.rc)) from err
        except Exception as err:
            _LOGGER.debug("%s: %r", self.address, err)
            reason = str(err) or type(err).__name__
            raise UnreachableError(address=self.address, reason=reason) from err
