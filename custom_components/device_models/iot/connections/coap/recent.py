"""Messages that were received not long ago, to find those that come twice.

RFC 7252 §4.5. aiocoap keeps each for four minutes, with a timer, however many come; and
it takes a message for a repetition that only has the number of an earlier one, as after
a restart of the sender (protocol sheet "CoAP" §8). Here the bytes have to be the same,
and of all senders together so many are kept and no more.
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
    """The last messages of each sender."""

    def __init__(self) -> None:
        """Begin with none."""
        self._of_hosts: OrderedDict[str, OrderedDict[Any, Received]] = OrderedDict()
        """The host that was heard longest ago comes first, and so do its messages."""
        self._count = 0

    def __len__(self) -> int:
        """Return how many are kept."""
        return self._count

    def find(self, remote: Any, message_id: int) -> Received | None:
        """Return the last message of a sender under an ID, unless it is too old."""
        of_host = self._of_hosts.get(remote.sockaddr[0])
        found = of_host.get((remote, message_id)) if of_host else None
        return found if found and time.monotonic() < found.expires else None

    def keep(
        self, remote: Any, message_id: int, fingerprint: int, token: bytes
    ) -> None:
        """Note a message; the oldest ones make room for it."""
        host = remote.sockaddr[0]
        of_host = self._of_hosts.setdefault(host, OrderedDict())
        self._of_hosts.move_to_end(host)
        now = time.monotonic()
        key = (remote, message_id)
        self._count -= of_host.pop(key, None) is not None
        while of_host and (
            len(of_host) >= MAX_OF_HOST
            or self._count >= MAX_OF_ALL
            or next(iter(of_host.values())).expires < now
        ):
            of_host.popitem(last=False)
            self._count -= 1
        of_host[key] = Received(fingerprint, token, now + LIFETIME)
        self._count += 1
        while self._count > MAX_OF_ALL:
            _, oldest = self._of_hosts.popitem(last=False)
            self._count -= len(oldest)
