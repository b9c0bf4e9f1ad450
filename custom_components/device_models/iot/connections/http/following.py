"""One stream that is kept alive: begun again when it ends, less and less often."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
import logging
import random
import time
from typing import Final

from ...codecs import Codec
from ...errors import CommunicationError, TooManyError
from .request import Request
from .server import HttpServer

_LOGGER = logging.getLogger(__name__)

FIRST_RETRY: Final = 2.0
LONGEST_RETRY: Final = 60.0
"""Seconds between two tries; doubled from the first to the longest."""

JITTER: Final = (0.8, 1.2)
"""By which they are multiplied: devices that were cut off together do not come back
together."""

REFUSED_RETRY: Final = 600.0
"""Seconds before what the server does not offer is tried again: it may have got new
firmware."""

PER_SECOND: Final = 50
BURST: Final = 200
"""Messages that are taken; a server that sends more waits."""


class State(Enum):
    """Where a stream stands."""

    PENDING = "pending"
    ACTIVE = "active"
    REFUSED = "refused"
    """The server answered, but tells nothing by itself."""


class NotOfferedHereError(Exception):
    """The server does not tell by itself in this way."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that came by itself."""

    payload: bytes
    name: str = ""
    """What it is about, if that is told: an attribute, an alert."""
    codec: Codec | None = None
    """What it is written in, if that is told."""
    exact: bool = False
    """Whether the name is always that of what it is about."""


class Listener(ABC):
    """Who takes what a stream brings."""

    @property
    @abstractmethod
    def events(self) -> tuple[str, ...]:
        """The names of the alerts that are wanted."""

    @abstractmethod
    async def begin(self) -> None:
        """Catch up: what changed meanwhile was not told.

        Raises:
            CommunicationError: the server does not answer.

        """

    @abstractmethod
    def lost(self, error: CommunicationError) -> None:
        """Take it that the stream has ended, or cannot be begun."""

    @abstractmethod
    def take(self, message: Message) -> None:
        """Take what came."""

    @abstractmethod
    def flooded(self, error: TooManyError) -> None:
        """Take it that more comes than is taken."""


class Following(ABC):
    """The interest in what a server tells at one place, for as long as it is wanted."""

    def __init__(
        self,
        server: HttpServer,
        request: Request,
        listener: Listener,
        on_refused: Callable[[], None] | None = None,
    ) -> None:
        """Take what is asked, and who takes what comes.

        ``on_refused`` is called, if given, when the server does not tell by itself; it
        is not tried again then.
        """
        self.state = State.PENDING
        self._server = server
        self._request = request
        self._listener = listener
        self._on_refused = on_refused
        self._task: asyncio.Task[None] | None = None
        self._retry = FIRST_RETRY
        self._begun = 0.0
        self._heard = 0.0
        self._credit = float(BURST)
        self._credited = 0.0
        self._reported = False
        self._hurried = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it is followed."""
        return str(self._request.url)

    @property
    def age(self) -> float:
        """Seconds since something came, or was begun."""
        return time.monotonic() - self._heard

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name=self._request.place)

    async def stop(self) -> None:
        """End."""
        if (task := self._task) is not None:
            self._task = None
            task.cancel()
            await asyncio.wait([task])
        self.state = State.PENDING

    def hurry(self) -> None:
        """Try again at once, if a try is waited for."""
        if self.state is State.PENDING:
            self._retry = FIRST_RETRY
            self._hurried.set()

    @abstractmethod
    async def _follow(self) -> None:
        """Follow once, until it ends.

        Raises:
            NotOfferedHereError: it is not offered.
            CommunicationError: it has ended, or was not begun.

        """

    async def _active(self) -> None:
        """Take it that the server will tell what changes from now on.

        Raises:
            CommunicationError: it has gone again.

        """
        self._heard = self._begun = time.monotonic()
        self.state = State.ACTIVE
        await self._listener.begin()

    async def _take(self, message: Message) -> None:
        """Pass on what came; more than may come has to wait."""
        now = self._heard = time.monotonic()
        earned = (now - self._credited) * PER_SECOND
        self._credit = min(self._credit + earned, float(BURST)) - 1
        self._credited = now
        if self._credit < 0:
            if not self._reported:
                self._reported = True
                limit = f"{PER_SECOND} messages a second"
                self._listener.flooded(TooManyError(limit=limit))
            await asyncio.sleep(-self._credit / PER_SECOND)
        elif self._credit > BURST / 2:
            self._reported = False
        self._listener.take(message)

    async def _run(self) -> None:
        """Follow, and start over for as long as it takes."""
        while True:
            try:
                await self._follow()
            except NotOfferedHereError:
                self.state = State.REFUSED
            except CommunicationError as err:
                _LOGGER.debug("%s has ended: %s", self._request.place, err)
                self.state = State.PENDING
                self._listener.lost(err)
            except Exception:  # a task that has died would look like a silent device
                _LOGGER.exception("%s has failed", self._request.place)
                self.state = State.PENDING
            else:
                self.state = State.PENDING
            if self.state is State.REFUSED and self._on_refused is not None:
                self._on_refused()
                return
            await self._pause()

    async def _pause(self) -> None:
        """Wait before the next try."""
        if self.state is State.REFUSED:
            seconds = REFUSED_RETRY
        else:
            if self._begun and time.monotonic() - self._begun > self._retry:
                self._retry = FIRST_RETRY  # it has held for a while
            seconds = max(self._retry, self._server.wait)
            self._retry = min(self._retry * 2, LONGEST_RETRY)
        self._begun = 0.0
        self._hurried.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds * random.uniform(*JITTER)):  # noqa: S311
                await self._hurried.wait()
