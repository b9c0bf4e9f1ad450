"""Notifications of any resource, for those who asked for them: a bounded number."""

from collections.abc import Callable
from dataclasses import dataclass, field
import secrets
import time
from typing import Final

from ...errors import NotOfferedError, TooManyError, UnknownIdError, UnreachableError
from ...values import JsonValue
from .client import CoapEndpoint
from .observation import Observation
from .payload import MAX_BYTES
from .raw import payload_fields
from .request import Response
from .security import Security
from .transports import Transport, transport_for
from .uri import Target, is_group

MAX_WATCHES: Final = 32


@dataclass(slots=True)
class Watch:
    """An observation, and what has come of it."""

    id: str
    owner: str
    target: Target
    endpoint: CoapEndpoint
    received: int = 0
    last: float | None = None
    """On the clock ``time.monotonic``: of the last answer."""
    observation: Observation = field(init=False)

    def as_dict(self) -> dict[str, JsonValue]:
        """Return what is known of it."""
        age = None if self.last is None else round(time.monotonic() - self.last, 3)
        return {
            "observation_id": self.id,
            "uri": self.target.uri,
            "state": self.observation.state.value,
            "notifications": self.received,
            "age": age,
        }


@dataclass(frozen=True, slots=True)
class Notification:
    """What a watch has received."""

    watch: Watch
    response: Response
    registration: bool
    """Whether it answers a registration, rather than telling of a change."""
    sequence: int
    """Counts what this watch has received, from 1."""

    def as_dict(self, longest: int = MAX_BYTES) -> dict[str, JsonValue]:
        """Return it as JSON has it; a longer payload is left out."""
        response = self.response
        return {
            "observation_id": self.watch.id,
            "uri": self.watch.target.uri,
            "sequence": self.sequence,
            "registration": self.registration,
            "observed": response.observed,
            "code": response.code,
            "success": response.success,
            **payload_fields(response.payload, response.content_format, longest),
            "etag": None if response.etag is None else response.etag.hex(),
            "max_age": response.max_age,
        }


class Watches:
    """All that is observed for automations, of all owners."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: dict[str, Watch] = {}

    async def start(
        self,
        owner: str,
        target: Target,
        on_notification: Callable[[Notification], None],
        *,
        accept: int | None = None,
        confirmable: bool = True,
        transport: Transport | None = None,
        security: Security | None = None,
    ) -> Watch:
        """Observe a resource until it is stopped; it is registered again as needed.

        Args:
            owner: with whom it ends at the latest.
            target: the resource.
            on_notification: called with all that comes, the first answer included.
            accept: the content format that is wanted.
            confirmable: whether the registration is.
            transport: how it goes; by default as the scheme of its URI says.
            security: what the endpoint needs for that.

        Raises:
            NotOfferedError: it is a group.
            TooManyError: as many are observed as may be.
            UnreachableError: this machine has no network that could be used.

        """
        if is_group(target.host):
            raise NotOfferedError(operation="observing a group")
        if len(self._running) >= MAX_WATCHES:
            raise TooManyError(limit=str(MAX_WATCHES))
        endpoint = CoapEndpoint(
            target.host,
            target.port,
            confirmable,
            transport=transport or transport_for(target.scheme),
            security=security,
        )
        watch = Watch(secrets.token_hex(8), owner, target, endpoint)

        def heard(response: Response, notification: bool) -> None:  # noqa: FBT001
            watch.received += 1
            watch.last = time.monotonic()
            on_notification(
                Notification(watch, response, not notification, watch.received)
            )

        watch.observation = Observation(
            endpoint, target.reference, accept=accept, on_response=heard
        )
        self._running[watch.id] = watch
        try:
            await endpoint.open()
        except BaseException:
            del self._running[watch.id]
            raise
        if watch.id not in self._running:  # ended meanwhile
            await endpoint.close()
            raise UnreachableError(address=target.address, reason="closed")
        watch.observation.start()
        return watch

    async def stop(self, watch_id: str) -> None:
        """End the interest, and tell the server so.

        Raises:
            UnknownIdError: there is no such observation.

        """
        watch = self._running.pop(watch_id, None)
        if watch is None:
            raise UnknownIdError(id=watch_id[:40])
        await watch.observation.stop()
        await watch.endpoint.close()

    async def end(self, owner: str | None = None) -> None:
        """End all observations of an owner, or of all owners."""
        for watch in list(self._running.values()):
            if owner in {None, watch.owner} and watch.id in self._running:
                await self.stop(watch.id)

    def listed(self, owner: str | None = None) -> list[dict[str, JsonValue]]:
        """Return the observations of an owner, or of all, the oldest first."""
        return [
            watch.as_dict()
            for watch in self._running.values()
            if owner in {None, watch.owner}
        ]
