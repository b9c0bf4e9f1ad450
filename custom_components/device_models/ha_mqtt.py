"""Home Assistant's own MQTT client, in the form that the connection wants."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import override

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

from .iot.connections.base import Found
from .iot.connections.mqtt import Message, MqttClient, announced
from .iot.errors import NotSentError, UnreachableError


def announced_by(message: MqttServiceInfo) -> Found | None:
    """Return the device that a message is about; None if it is about none."""
    payload = message.payload
    content = payload.encode() if isinstance(payload, str) else bytes(payload)
    return announced(message.topic, content)


class HomeAssistantMqttClient(MqttClient):
    """The client that the ``mqtt`` integration keeps."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take the instance whose client it is."""
        self._hass = hass
        self._stop: Callable[[], None] = lambda: None

    @property
    @override
    def address(self) -> str:
        return "MQTT"

    @override
    async def open(self, on_connection: Callable[[bool], None]) -> None:
        if not await mqtt.async_wait_for_mqtt_client(self._hass):
            reason = "the MQTT integration is not set up"
            raise UnreachableError(address=self.address, reason=reason)

        @callback
        def tell(connected: bool) -> None:  # noqa: FBT001  (as Home Assistant calls it)
            on_connection(connected)

        self._stop = mqtt.async_subscribe_connection_status(self._hass, tell)
        if not mqtt.is_connected(self._hass):
            self._stop()
            reason = "the MQTT integration is not connected to its broker"
            raise UnreachableError(address=self.address, reason=reason)

    @override
    async def close(self) -> None:
        self._stop()
        self._stop = lambda: None

    @override
    async def subscribe(
        self, topic_filter: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        @callback
        def receive(message: mqtt.ReceiveMessage) -> None:
            payload = message.payload
            if isinstance(payload, str):
                # No encoding is asked for below, but who subscribes to the same topic
                # with one may have been handed the message first.
                payload = payload.encode()
            on_message(Message(message.topic, bytes(payload), message.retain))

        with self._translated():
            end = await mqtt.async_subscribe(
                self._hass, topic_filter, receive, qos=1, encoding=None
            )

        async def unsubscribe() -> None:
            end()

        return unsubscribe

    @override
    async def publish(self, topic: str, payload: bytes) -> None:
        if not mqtt.is_connected(self._hass):
            raise NotSentError(address=self.address, reason="not connected")
        with self._translated():
            await mqtt.async_publish(self._hass, topic, payload, qos=1, retain=False)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the integration raises into our error."""
        try:
            yield
        except HomeAssistantError as err:
            raise UnreachableError(address=self.address, reason=str(err)) from err
