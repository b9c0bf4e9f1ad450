"""A simulated device that is an MQTT client."""

import asyncio
from functools import partial
import logging
import ssl
from typing import Final, override

import aiomqtt

from custom_components.device_models.iot.errors import DeviceModelsError

from .behaviour import Alert, ReadOnlyError, SimulatedDevice
from .faults import Faults
from .mqtt_connection import BrokerConnection, Protocol
from .mqtt_topics import DefaultTopics, MakeTopics, Published
from .payloads import UnreadableError
from .simulator import Simulator

_LOGGER = logging.getLogger(__name__)

STATE_EVERY: Final = 10.0
"""Seconds after which the state is published though nothing changed."""

STATE_PAUSE: Final = 1.0
"""Seconds between two states, unless one confirms a write."""

RETRY_FIRST: Final = 1.0
"""Seconds before the second attempt to connect; the pauses double from there."""

WAITING_ALERTS: Final = 100


class MqttSimulator(Simulator):
    """A simulated device below a base topic of a broker."""

    def __init__(
        self,
        device: SimulatedDevice,
        *,
        host: str = "127.0.0.1",
        port: int = 1883,
        base: str = "",
        username: str | None = None,
        password: str | None = None,
        protocol: Protocol = "3.1.1",
        tls: ssl.SSLContext | None = None,
        per_attribute: bool = False,
        state_every: float = STATE_EVERY,
        retry_first: float = RETRY_FIRST,
        speed: float = 1.0,
        faults: Faults | None = None,
        topics: MakeTopics | None = None,
    ) -> None:
        """Describe the broker; without a base topic, the end of the URN is taken.

        ``topics`` makes what is published and taken below the base, if it is not
        what devices have by default; ``per_attribute`` is about those.
        """
        super().__init__(device, speed=speed, faults=faults)
        self.host = host
        self.port = port
        self.base = base.strip("/") or device.model.urn.rpartition(":")[2]
        make = topics or partial(DefaultTopics, per_attribute=per_attribute)
        self.topics = make(device, self.base, self.address)
        self._state_every = state_every
        self._connection = BrokerConnection(
            host=host,
            port=port,
            username=username,
            password=password,
            protocol=protocol,
            tls=tls,
            will=self.topics.will,
            goodbye=self.topics.goodbye,
            retry_first=retry_first,
            greet=self._greet,
            serve=self._serve,
        )
        self._changed = asyncio.Event()
        self._alerts: asyncio.Queue[Alert] = asyncio.Queue(WAITING_ALERTS)
        self._published: dict[str, bytes] = {}
        """What was published last, by topic."""

    @property
    def address(self) -> str:
        """Where the broker is."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt://{host}:{self.port}"

    @property
    @override
    def url(self) -> str:
        """Where the device is found."""
        return f"{self.address}/{self.base}"

    @property
    def connected(self) -> bool:
        """Whether it has a broker at this moment."""
        return self._connection.online

    @override
    async def _open(self) -> None:
        """Connect, however long that takes."""
        await self._connection.open()

    @override
    async def _close(self, *, politely: bool) -> None:
        """Disconnect; politely also says so, otherwise the last will does."""
        if not politely:
            await self._connection.break_off()
        await self._connection.close()

    @override
    async def _forget(self) -> None:
        """Break the connection off."""
        await self._connection.break_off()

    @override
    async def _return(self) -> None:
        """Connect again."""
        await self._connection.restore()

    @override
    async def _refresh(self) -> None:
        """Let the device move; a task of the connection publishes the states."""
        self.topics.step()

    @override
    def _send_change(self, names: frozenset[str]) -> None:
        """Let the new state be published soon."""
        del names
        self._changed.set()

    @override
    def _send_alert(self, alert: Alert) -> None:
        """Let an alert be published; without a connection it is lost."""
        if self.connected and not self._alerts.full():
            self._alerts.put_nowait(alert)

    # The connection

    async def _greet(self, client: aiomqtt.Client) -> None:
        """Subscribe, and say that the device is there and how it is."""
        self._published.clear()
        if self.topics.commands:
            await client.subscribe([(topic, 1) for topic in self.topics.commands])
        if not self.faults.mute:
            for message in self.topics.hello():
                await client.publish(
                    message.topic, message.payload, qos=1, retain=message.retain
                )
        await self._publish_state()
        for message in self.topics.ready():
            await self._publish(message)

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Be the device until the connection is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish_states())
            tasks.create_task(self._publish_alerts())
            tasks.create_task(self._take_commands(client))

    # Out

    async def _publish(self, message: Published) -> None:
        """Publish a message, unless a fault keeps it back."""
        client = self._connection.client
        if client is not None and not self.faults.loses():
            payload = self.faults.spoil(message.payload)
            await client.publish(message.topic, payload, qos=1, retain=message.retain)

    async def _publish_states(self) -> None:
        """Publish the state when it changed, not too often, and now and then anyway."""
        while True:
            await asyncio.sleep(min(STATE_PAUSE, self._state_every))
            try:
                async with asyncio.timeout(self._state_every - STATE_PAUSE):
                    await self._changed.wait()
            except TimeoutError:
                self._changed.set()
            # A confirmation may have been faster.
            if self._changed.is_set():
                await self._publish_state()

    async def _publish_state(self) -> None:
        """Publish how the device is now, as far as that is worth saying."""
        self._changed.clear()
        for message in self.topics.state():
            known = self._published.get(message.topic)
            if message.repeated or known != message.payload:
                self._published[message.topic] = message.payload
                await self._publish(message)

    async def _publish_alerts(self) -> None:
        """Publish what the device reports."""
        while True:
            alert = await self._alerts.get()
            await asyncio.sleep(self.faults.slow)
            if (message := self.topics.alert(alert)) is not None:
                await self._publish(message)

    # In

    async def _take_commands(self, client: aiomqtt.Client) -> None:
        """Do what messages ask for, one after the other."""
        async for message in client.messages:
            topic, payload = str(message.topic), message.payload
            # Some brokers send retained messages that nobody subscribed to.
            if topic not in self.topics.commands or not isinstance(payload, bytes):
                continue
            if self._published.get(topic) == payload:
                continue  # its own message: it publishes and takes one topic
            if message.retain:
                _LOGGER.info("%s: a retained command is no command", topic)
            elif not self.faults.loses():
                await asyncio.sleep(self.faults.slow)
                if self._obey(topic, payload):
                    await self._publish_state()

    def _obey(self, topic: str, payload: bytes) -> bool:
        """Do what a message asks for; returns whether that was possible."""
        try:
            shown = self.topics.commands[topic](payload)
        except (DeviceModelsError, ReadOnlyError, UnreadableError) as err:
            _LOGGER.info("refused: %s %.200s", topic, err)
            return False
        _LOGGER.info("taken: %s %.200r", topic, payload)
        self._published.pop(shown or "", None)
        return True
