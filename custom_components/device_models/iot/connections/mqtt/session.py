"""One connection to a broker, from its opening to its end: aiomqtt over paho."""

import asyncio
from contextlib import suppress
import logging
import socket
import ssl
import traceback
from typing import Any, Final, override

import aiomqtt

from .settings import BrokerSettings

_LOGGER = logging.getLogger(__name__)

TIMEOUT: Final = 10.0
"""Seconds for anything that the broker has to acknowledge."""

GOODBYE_TIMEOUT: Final = 2.0
"""Seconds for the same when we are leaving."""

KEEPALIVE: Final = 30
"""Seconds; a dead broker is noticed within one and a half of these."""

MAX_WAITING: Final = 10_000
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024
"""Messages that may wait to be handled, and their size together."""


class Inbox(asyncio.Queue[aiomqtt.Message]):
    """The messages that wait to be handled: the newest ones, within the bounds.

    The state that a device published last counts, not the one before.
    """

    @override
    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0
        self._left_out = 0

    @override
    def _put(self, item: aiomqtt.Message) -> None:
        super()._put(item)
        self._bytes += len(item.payload)
        while self.qsize() > MAX_WAITING or self._bytes > MAX_WAITING_BYTES:
            self._get()
            self._left_out += 1
            if self._left_out == 1:
                _LOGGER.warning(
                    "Messages come faster than they are handled: leaving out old ones"
                )

    @override
    def _get(self) -> aiomqtt.Message:
        item = super()._get()
        self._bytes -= len(item.payload)
        return item


class _LastWords(logging.Handler):
    """Keeps what paho complained of last; otherwise that is a matter of debugging."""

    text = ""

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep a complaint."""
        self.text = record.getMessage()
        _LOGGER.debug("paho: %s", self.text)


class Session(aiomqtt.Client):
    """A client that is used for one connection, and always leaves nothing behind.

    aiomqtt leaves its socket open, and with it a task, where connecting is broken off
    or the broker accepts a connection but says nothing; and it does not notice when the
    broker closes one that it has not accepted.
    """

    def __init__(self, settings: BrokerSettings, tls: ssl.SSLContext | None) -> None:
        """Prepare the connection.

        Raises:
            ValueError: some of the settings can be none.

        """
        self._words = _LastWords()
        logger = logging.Logger(__name__, logging.WARNING)  # noqa: LOG001  (our own)
        logger.addHandler(self._words)
        self._presence = settings.will_topic
        will = None
        if self._presence:
            will = aiomqtt.Will(self._presence, b"offline", qos=1, retain=True)
        version = aiomqtt.ProtocolVersion
        super().__init__(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password,
            logger=logger,
            queue_type=Inbox,
            protocol=version.V311 if settings.version == "3.1.1" else version.V5,
            will=will,
            timeout=TIMEOUT,
            keepalive=KEEPALIVE,
            tls_context=tls,
        )

    async def begin(self) -> None:
        """Connect.

        Raises:
            MqttError: that was not possible.

        """
        connecting = asyncio.create_task(self.__aenter__())
        try:
            await asyncio.wait([connecting])
            await connecting
        except BaseException as err:
            if self._client.socket() is None:
                # A thread may be at it, which cannot be stopped: it would open a socket
                # after we have gone. So its end is waited for.
                self.timeout = 0
                await asyncio.wait([connecting], timeout=TIMEOUT)
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await self._abandon()
            _let_go(err)
            if str(err).endswith("timed out"):
                raise aiomqtt.MqttError("no answer") from err
            raise

    async def announce(self) -> None:
        """Say that we are there, if anybody is to know.

        Raises:
            MqttError: the broker did not take it.

        """
        if self._presence:
            await self.publish(self._presence, b"online", qos=1, retain=True)

    async def send(self, topic: str, payload: bytes) -> None:
        """Publish something, and wait until the broker says that it has it.

        aiomqtt would wait on where the connection is gone, and the next one knows
        nothing of the message.

        Raises:
            MqttError: the broker did not take it, or the connection broke.

        """
        publishing = asyncio.create_task(self.publish(topic, payload, qos=1))
        broken = self._disconnected
        try:
            await asyncio.wait(
                (publishing, broken), return_when=asyncio.FIRST_COMPLETED
            )
            if not publishing.done():
                raise aiomqtt.MqttError("the connection broke")
            publishing.result()
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)

    async def end(self) -> None:
        """Disconnect, whatever state the connection is in."""
        self.timeout = GOODBYE_TIMEOUT
        try:
            if self._presence:
                # A broker publishes the will only for those who leave without a word.
                await self.publish(self._presence, b"offline", qos=1, retain=True)
            await self.__aexit__(None, None, None)
        except (aiomqtt.MqttError, OSError) as err:
            _LOGGER.debug("No good-bye: %s", err)
        finally:
            await self._abandon()

    async def _abandon(self) -> None:
        """Close the socket, if it is open, and wait until nothing is left of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_TIMEOUT):
                while (connection := self._client.socket()) is not None:
                    with suppress(OSError):
                        _shut(connection)
                    await asyncio.sleep(0)  # then paho finds it closed, and cleans up
                if self._misc_task is not None:
                    await asyncio.wait([self._misc_task])
        for outcome in (self._connected, self._disconnected):
            if outcome.done() and not outcome.cancelled():
                outcome.exception()  # asyncio complains of one that nobody looks at

    @override
    def _on_socket_close(self, client: Any, userdata: Any, sock: Any) -> None:
        """Do not wait for the answer of a broker that has closed the connection."""
        super()._on_socket_close(client, userdata, sock)
        if not self._connected.done():
            reason = self._words.text or "the broker closed the connection"
            self._connected.set_exception(aiomqtt.MqttError(reason))


def _let_go(error: BaseException | None) -> None:
    """Drop what the frames of an error hold: a socket, where TLS was refused."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


def _shut(connection: Any) -> None:
    """End the traffic of a socket in both directions."""
    connection.shutdown(socket.SHUT_RDWR)
