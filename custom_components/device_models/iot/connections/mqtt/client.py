"""What a connection needs of an MQTT client; Home Assistant's and our own both fit."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it arrived."""

    topic: str
    payload: bytes
    retain: bool
    """Whether the broker had kept it: it may be old."""


class MqttClient(ABC):
    """A client that stays connected by itself, and subscribes again when it was not."""

    on_unauthorized: Callable[[], None] | None = None
    """Called when the broker refuses the credentials that it took before."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The broker for people, without secrets."""

    @abstractmethod
    async def open(self, on_connection: Callable[[bool], None]) -> None:
        """Connect; from then on tell when the connection is lost and back.

        Raises:
            UnreachableError: nobody answers.
            UnauthorizedError: the broker refuses the credentials.

        """

    @abstractmethod
    async def close(self) -> None:
        """Disconnect."""

    @abstractmethod
    async def subscribe(
        self, topic_filter: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        """Subscribe with QoS 1; returns the function that ends it.

        Raises:
            UnreachableError: not connected, or refused.

        """

    @abstractmethod
    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1, not retained; returns when the broker has it.

        Raises:
            UnreachableError: not connected, or not acknowledged in time.

        """
