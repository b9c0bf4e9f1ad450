"""One observation that is kept alive.

aiocoap does not register again by itself, and a server that restarted silently has
forgotten its observers (protocol sheet "CoAP" §6). So each observation has a patience:
Max-Age of the last message, at least; when it runs out it is registered anew, and on
any error too, less and less often.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
from enum import Enum
import logging
import random
import time
from typing import Final

from ...errors import CommunicationError
from .client import CoapEndpoint
from .delivery import ANY, Delivery
from .numbering import Numbering, Numbers
from .request import DEFAULT_MAX_AGE, Response

_LOGGER = logging.getLogger(__name__)

FIRST_RETRY: Final = 2.0
LONGEST_RETRY: Final = 60.0
"""Seconds between two tries to register; doubled from the first to the longest."""

REFUSED_RETRY: Final = 600.0
"""Seconds before a resource that cannot be observed is tried again: it may have got a
free place for an observer, or new firmware."""

LONGEST_MAX_AGE: Final = 3600
"""Seconds; a longer Max-Age is taken as this: a forgotten observation has to be found
out within an hour, however slowly the values change."""

SPREAD: Final = (5.0, 15.0)
"""Seconds after Max-Age before registering again (RFC 7641 §3.3.1)."""


class State(Enum):
    """Where an observation stands."""

    PENDING = "pending"
    ACTIVE = "active"
    REFUSED = "refused"
    """The server answered, but does not notify."""


class Observation:
    """The interest in one resource, for as long as it is wanted."""

    def __init__(
        self,
        endpoint: CoapEndpoint,
        path: str,
        *,
        accept: int | None = None,
        delivery: Delivery = ANY,
        on_response: Callable[[Response, bool], None],
        on_refused: Callable[[], None] | None = None,
        numbering: Numbering | None = None,
    ) -> None:
        """Prepare the observation of a path.

        Args:
            endpoint: whose resource it is.
            path: the path of the resource.
            accept: the content format that is wanted.
            delivery: how it is registered.
            on_response: called with each answer, and whether it is a notification
                rather than the answer to a registration.
            on_refused: called, if given, when the resource cannot be observed; it is
                not tried again then.
            numbering: how the endpoint numbers notifications; it says when the endpoint
                has restarted.

        """
        self.path = path
        self.state = State.PENDING
        self._endpoint = endpoint
        self._accept = accept
        self._delivery = delivery
        self._heard = time.monotonic()
        self._on_response = on_response
        self._on_refused = on_refused
        self._numbers = Numbers(numbering or Numbering())
        self._retry = FIRST_RETRY
        self._wait = 0.0
        """Seconds for which the device, being busy, does not want to be asked."""
        self._limit: asyncio.Timeout | None = None
        """Of the present wait: for a notification, or before the next try."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to observe."""
        self._task = asyncio.create_task(self._run(), name=f"observe {self.path}")

    @property
    def age(self) -> float:
        """How long nothing came, in seconds."""
        return time.monotonic() - self._heard

    async def stop(self) -> None:
        """End the interest."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def renew(self) -> None:
        """Register again now: the server seems to have forgotten us."""
        self._retry = FIRST_RETRY
        self._wait_no_longer_than(0)

    async def _run(self) -> None:
        """Register, listen, and start over for as long as it takes."""
        while True:
            try:
                await self._listen()
            except CommunicationError as err:
                _LOGGER.debug("Observation of %s ended: %s", self.path, err)
                self.state = State.PENDING
            except Exception:  # a task that has died would look like a silent device
                _LOGGER.exception("Observation of %s failed", self.path)
                self.state = State.PENDING
            if self.state is State.REFUSED and self._on_refused is not None:
                self._on_refused()
                return
            if self.state is not State.ACTIVE:
                await self._pause()

    async def _listen(self) -> None:
        """Register once and pass on what comes, until it ends or patience does.

        It stays active when patience runs out, and is registered again at once.
        """
        async with self._endpoint.observe(
            self.path,
            accept=self._accept,
            delivery=self._delivery,
            on_number=self._on_number,
        ) as observed:
            first, notifications = observed
            self._heard = time.monotonic()
            if first.number is not None:
                self._numbers.register(first.number)
            self._on_response(first, False)
            if not (first.success and first.observed):
                self._wait = first.wait
                self.state = State.PENDING if first.passing else State.REFUSED
                return
            self.state = State.ACTIVE
            with contextlib.suppress(TimeoutError):
                async with self._limited(self._patience(first)):
                    async for response in notifications:
                        self._heard = time.monotonic()
                        self._wait = response.wait
                        self._on_response(response, True)
                        if response.success:
                            self._retry = FIRST_RETRY
                            patience = self._patience(response)
                            self._wait_no_longer_than(
                                0 if self._numbers.trying else patience
                            )
                    # An error is the last notification (RFC 7641 §4.2), and some
                    # servers end an observation without a word.
                    self.state = State.PENDING
                    return
            self._retry = FIRST_RETRY

    def _on_number(self, number: int) -> None:
        """Take the number of a notification, before that itself if it is taken."""
        if self._limit is not None and self._numbers.notify(number):
            self.renew()

    async def _pause(self) -> None:
        """Wait before the next try."""
        seconds = REFUSED_RETRY
        if self.state is not State.REFUSED:
            seconds = max(self._retry, min(self._wait, LONGEST_MAX_AGE))
            self._wait = 0.0
            self._retry = min(self._retry * 2, LONGEST_RETRY)
        with contextlib.suppress(TimeoutError):
            async with self._limited(seconds):
                await asyncio.Event().wait()

    @contextlib.asynccontextmanager
    async def _limited(self, seconds: float) -> AsyncIterator[None]:
        """Break off a wait after some time, which may be changed meanwhile.

        Raises:
            TimeoutError: the wait was broken off.

        """
        try:
            async with asyncio.timeout(seconds) as self._limit:
                yield
        finally:
            self._limit = None

    def _wait_no_longer_than(self, seconds: float) -> None:
        """Set a new limit to the present wait, if there is one."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + seconds)

    @staticmethod
    def _patience(response: Response) -> float:
        """Return how long the next notification may take, in seconds."""
        max_age = DEFAULT_MAX_AGE if response.max_age is None else response.max_age
        return min(max_age, LONGEST_MAX_AGE) + random.uniform(*SPREAD)  # noqa: S311
