"""Messages that were received not long ago, to find those that come twice.

RFC 7252 §4.5. aiocoap keeps each for four minutes, with a timer, however many come; and
it takes a message for a repetition that only has the number of an earlier one, as after
a restart of the sender (protocol sheet "CoAP" §8). Here the bytes have to be the same,
and of all senders together so many are kept and no more.

What must not be done twice is kept apart from the rest: strangers, who get nothing
done, do not have it forgotten, however much they send.
"""

from collections import OrderedDict
from dataclasses import dataclass
import time
from typing import Any, Final

LIFETIME: Final = 247.0
"""Seconds for which a message may be repeated: EXCHANGE_LIFETIME, RFC 7252 §4.8.2."""

MAX_OF_HOST: Final = 512
"""Messages of one sender: more than a minute at eight a second."""

MAX_OF_ALL: Final = 8192


@dataclass(slots=True)
class Received:
    """A message, and what it was answered with."""

    fingerprint: int
    """Of all its bytes."""
    token: bytes
    expires: float
    answer: bytes | None = None


class RecentMessages:
    """The last messages of each sender; twice ``MAX_OF_ALL`` at most."""

    def __init__(self) -> None:
        """Begin with none."""
        self._done = _Room()
        self._others = _Room()

    def __len__(self) -> int:
        """Return how many are kept."""
        return self._done.count + self._others.count

    def find(self, remote: Any, message_id: int) -> Received | None:
        """Return the last message of a sender under an ID, unless it is too old."""
        found = self._done.find(remote, message_id)
        return found or self._others.find(remote, message_id)

    def keep(
        self, remote: Any, message_id: int, fingerprint: int, token: bytes
    ) -> None:
        """Note a message; the oldest ones make room for it."""
        self._done.take(remote, message_id)
        received = Received(fingerprint, token, time.monotonic() + LIFETIME)
        self._others.put(remote, message_id, received)

    def done(self, remote: Any, message_id: int) -> None:
        """Note that something was done because of a message, if it is still kept."""
        received = self._others.take(remote, message_id)
        if received is not None:
            self._done.put(remote, message_id, received)


class _Room:
    """So many messages of each sender, and of all."""

    def __init__(self) -> None:
        self._of_hosts: OrderedDict[str, OrderedDict[Any, Received]] = OrderedDict()
        """The host that was heard longest ago comes first, and so do its messages."""
        self.count = 0

    def find(self, remote: Any, message_id: int) -> Received | None:
        """Return a message, unless it is too old."""
        of_host = self._of_hosts.get(remote.sockaddr[0])
        found = of_host.get((remote, message_id)) if of_host else None
        return found if found and time.monotonic() < found.expires else None

    def take(self, remote: Any, message_id: int) -> Received | None:
        """Remove a message, however old."""
        host = remote.sockaddr[0]
        of_host = self._of_hosts.get(host)
        if (
            of_host is None
            or (found := of_host.pop((remote, message_id), None)) is None
        ):
            return None
        self.count -= 1
        if not of_host:
            del self._of_hosts[host]
        return found

    def put(self, remote: Any, message_id: int, received: Received) -> None:
        """Add a message in place of any under the same ID."""
        self.take(remote, message_id)
        of_host = self._of_hosts.setdefault(remote.sockaddr[0], OrderedDict())
        self._of_hosts.move_to_end(remote.sockaddr[0])
        now = time.monotonic()
        while of_host and (
            len(of_host) >= MAX_OF_HOST
            or self.count >= MAX_OF_ALL
            or next(iter(of_host.values())).expires < now
        ):
            of_host.popitem(last=False)
            self.count -= 1
        of_host[remote, message_id] = received
        self.count += 1
        while self.count > MAX_OF_ALL:
            _, oldest = self._of_hosts.popitem(last=False)
            self.count -= len(oldest)
