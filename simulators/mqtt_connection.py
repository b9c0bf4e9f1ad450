"""A connection to an MQTT broker that comes back by itself and leaves a last will."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging
import socket
import ssl
from typing import Final, Literal

import aiomqtt

from .mqtt_topics import Published
from .simulator import cancel

_LOGGER = logging.getLogger(__name__)

RETRY_LAST: Final = 60.0
"""Seconds between two attempts, at most."""

GOODBYE_TAKES: Final = 2.0

type Protocol = Literal["3.1.1", "5"]
type Work = Callable[[aiomqtt.Client], Awaitable[None]]

_PROTOCOLS: Final = {
    "3.1.1": aiomqtt.ProtocolVersion.V311,
    "5": aiomqtt.ProtocolVersion.V5,
}


class BrokerConnection:
    """One connection; ``greet`` is done before it counts as there, ``serve`` after."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str | None,
        password: str | None,
        protocol: Protocol,
        tls: ssl.SSLContext | None,
        will: Published,
        goodbye: Published,
        retry_first: float,
        greet: Work,
        serve: Work,
    ) -> None:
        """Describe the broker, and what is told when the device is gone."""
        self.client: aiomqtt.Client | None = None
        self._host = host
        self._port = port
        self._credentials = (username, password)
        self._protocol = _PROTOCOLS[protocol]
        self._tls = tls
        self._will = will
        self._goodbye = goodbye
        self._retry_first = retry_first
        self._greet = greet
        self._serve = serve
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._online = asyncio.Event()
        self._offline = asyncio.Event()

    @property
    def online(self) -> bool:
        """Whether there is a broker at this moment."""
        return self._online.is_set()

    async def open(self) -> None:
        """Connect, however long that takes.

        Raises:
            ValueError: the address cannot be one.

        """
        self._offline.set()
        self._wanted.set()
        self._task = asyncio.create_task(self._keep_connected(), name="MQTT connection")
        online = asyncio.create_task(self._online.wait())
        try:
            await asyncio.wait(
                (self._task, online), return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            await cancel(self._task)
            raise
        finally:
            online.cancel()
        if self._task.done():
            await self._task

    async def close(self) -> None:
        """Say that the device goes, and disconnect."""
        if (client := self.client) is not None:
            with suppress(aiomqtt.MqttError):
                await client.publish(
                    self._goodbye.topic,
                    self._goodbye.payload,
                    qos=1,
                    retain=self._goodbye.retain,
                    timeout=GOODBYE_TAKES,
                )
        task, self._task = self._task, None
        if task is not None:
            await cancel(task)

    async def break_off(self) -> None:
        """Be gone without a word, so that the broker publishes the last will."""
        self._wanted.clear()
        if self.client is None:
            return
        # aiomqtt knows no other way to go than with a DISCONNECT, which drops the will.
        connection = self.client._client.socket()  # noqa: SLF001
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_TAKES):
                await self._offline.wait()

    async def restore(self) -> None:
        """Connect again after the connection was broken off."""
        if self._task is not None:
            self._wanted.set()
            await self._online.wait()

    async def _keep_connected(self) -> None:
        """Connect, serve, and after a loss try again, less and less often."""
        pause = self._retry_first
        while True:
            await self._wanted.wait()
            try:
                async with self._new_client() as client:
                    self.client = client
                    self._offline.clear()
                    await self._greet(client)
                    self._online.set()
                    _LOGGER.info("connected to %s:%s", self._host, self._port)
                    pause = self._retry_first
                    await self._serve(client)
            except* aiomqtt.MqttError as lost:
                _LOGGER.info("%s:%s: %s", self._host, self._port, _reason(lost))
            finally:
                self.client = None
                self._online.clear()
                self._offline.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_LAST)

    def _new_client(self) -> aiomqtt.Client:
        """Return a client with the last will."""
        username, password = self._credentials
        return aiomqtt.Client(
            self._host,
            self._port,
            username=username,
            password=password,
            protocol=self._protocol,
            tls_context=self._tls,
            will=aiomqtt.Will(
                self._will.topic, self._will.payload, qos=1, retain=self._will.retain
            ),
        )


def _reason(lost: BaseException) -> str:
    """Return what the innermost error says."""
    while isinstance(lost, BaseExceptionGroup):
        lost = lost.exceptions[0]
    return str(lost)
