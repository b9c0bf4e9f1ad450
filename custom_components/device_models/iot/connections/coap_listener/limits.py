"""How much is taken from each sender, and from all together.

Who asks a little too often is told so (4.29, RFC 8516). What is far beyond is dropped
before it is looked at: to answer would be to help whoever sends it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
import time
from typing import Final

from .settings import Network, is_within, plain_address

MAX_SOURCES: Final = 512
"""Senders that are remembered; of more, those that were not heard for longest are
forgotten, and begin anew."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many per second on average, and so many at a time."""

    each: float
    burst: float


REQUESTS: Final = Rate(10, 100)
"""Of one sender; a document of 6 KiB in blocks of 64 bytes takes 100."""

ALL_REQUESTS: Final = Rate(200, 1_000)

DATAGRAMS: Final = Rate(50, 300)
"""Of one sender; with repetitions and acknowledgements, several for a request."""

ALL_DATAGRAMS: Final = Rate(1_000, 3_000)

STRANGERS: Final = Rate(5, 50)
"""Datagrams of all who are refused whatever they ask; they are not remembered, either:
who forges addresses has many."""


@dataclass(slots=True)
class Bucket:
    """Tokens that come at a rate, and are taken one by one."""

    rate: Rate
    tokens: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Begin full."""
        self.tokens = self.rate.burst

    def take(self, now: float) -> float:
        """Take a token; if there is none, return in how many seconds there will be."""
        grown = self.tokens + max(0.0, now - self.at) * self.rate.each
        self.tokens, self.at = min(self.rate.burst, grown), now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate.each
        self.tokens -= 1
        return 0.0


@dataclass(slots=True)
class _Source:
    """What one sender may still send."""

    requests: Bucket = field(default_factory=lambda: Bucket(REQUESTS))
    datagrams: Bucket = field(default_factory=lambda: Bucket(DATAGRAMS))


class Limits:
    """The buckets of all senders."""

    def __init__(self, networks: tuple[Network, ...]) -> None:
        """Begin with full ones.

        Args:
            networks: whose requests are answered. All others are strangers: they get a
                refusal, and have one bucket for themselves.

        """
        self._networks = networks
        self._strangers = Bucket(STRANGERS)
        self.dropped = 0
        """How many datagrams were not admitted."""
        self.put_off = 0
        """How many requests were told to wait."""
        self._requests = Bucket(ALL_REQUESTS)
        self._datagrams = Bucket(ALL_DATAGRAMS)
        self._sources: OrderedDict[str, _Source] = OrderedDict()

    def admit(self, address: str) -> bool:
        """Whether a datagram of a sender is to be looked at."""
        now = time.monotonic()
        if self.is_stranger(address):
            wait = self._strangers.take(now)
        else:
            # What one sender has too many of does not count for the others.
            wait = self._source(address).datagrams.take(now) or self._datagrams.take(
                now
            )
        if wait:
            self.dropped += 1
            return False
        return True

    def is_stranger(self, address: str) -> bool:
        """Whether a sender is in none of the networks."""
        return not is_within(address, self._networks)

    def take_request(self, address: str) -> float:
        """Take a token for a request of a sender.

        Returns 0 if there was one, or else in how many seconds there will be.
        """
        now = time.monotonic()
        wait = self._source(address).requests.take(now) or self._requests.take(now)
        if wait:
            self.put_off += 1
        return wait

    def _source(self, address: str) -> _Source:
        """Return what is known of a sender."""
        address = plain_address(address)
        source = self._sources.setdefault(address, _Source())
        self._sources.move_to_end(address)
        while len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        return source
