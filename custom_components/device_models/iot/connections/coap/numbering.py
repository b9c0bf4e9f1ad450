"""The numbers of notifications (RFC 7641 §3.4, §4.4), and what they tell of a restart.

A server counts up; numbers that go back are those of one that has begun anew. aiocoap
leaves out, for two minutes, what is older by its number than what it has seen, and says
nothing. But order is promised within one registration only: some servers count on over
all of them (libcoap, Zephyr, Californium) or by the clock, others begin with each one
(aiocoap, node-coap). Of which kind one is shows in a registration that is made right
after a notification.
"""

from collections.abc import Callable
import time
from typing import Final

HALF: Final = 1 << 23
"""RFC 7641 §3.4: numbers have 24 bits and go round; half way round is not older."""

COMPARABLE: Final = 128.0
"""Seconds in which a server does not count half way round (RFC 7641 §3.4)."""

SMALL: Final = 1 << 16
"""A number below this is one of a server that has begun, however long it was silent."""

OVERTAKEN: Final = 10.0
"""Seconds: a notification that the network has held up longer is none. What is sent for
longer under lower numbers is new, of a server that counts from the start again."""


def older(number: int, than: int) -> bool:
    """Whether a number comes before another one."""
    return 0 < (than - number) % (2 * HALF) < HALF


class Numbering:
    """How a server numbers, for all that is observed of it."""

    def __init__(self, on_restart: Callable[[], None] = lambda: None) -> None:
        """Take what is called when the server has restarted."""
        self.continues: bool | None = None
        """Whether numbers go on over registrations; None until it has shown."""
        self.wanted = False
        """Whether that is worth a registration."""
        self.epoch = 0
        """Numbers of an earlier epoch are those of before a restart."""
        self._on_restart = on_restart

    def restart(self) -> None:
        """Note that the server has restarted."""
        self.epoch += 1
        self._on_restart()


class Numbers:
    """The numbers of one observation."""

    def __init__(self, numbering: Numbering) -> None:
        """Begin with none."""
        self._numbering = numbering
        self._first = 0
        self._last: int | None = None
        self._at = 0.0
        self._epoch = 0
        self.trying = False
        """Whether to register again, to see whether numbers go on."""

    def register(self, number: int) -> None:
        """Take the number of the answer to a registration."""
        numbering = self._numbering
        before, advanced = self._last, self._last != self._first
        known = before is not None and self._epoch == numbering.epoch
        late = time.monotonic() - self._at > COMPARABLE
        trying, self.trying = self.trying, False
        self._first = number
        self._note(number)
        if before is None or not known:
            return
        if not older(number, before):
            if advanced:
                numbering.continues = True
        elif trying:
            numbering.continues = False
        elif numbering.continues is not False and not (late and number >= SMALL):
            numbering.wanted = numbering.continues is None
            numbering.restart()
            self._epoch = numbering.epoch

    def notify(self, number: int) -> bool:
        """Take the number of a notification.

        Returns:
            Whether to register again: the server counts from the start.

        """
        numbering = self._numbering
        if self._last is None or number == self._last:
            return False
        if older(number, self._last):
            if time.monotonic() - self._at <= OVERTAKEN:
                return False
            self._last = None
            numbering.restart()
            return True
        self._note(number)
        if numbering.wanted and numbering.continues is None:
            numbering.wanted = False
            self.trying = True
        return False

    def _note(self, number: int) -> None:
        """Keep the number."""
        self._last = number
        self._at = time.monotonic()
        self._epoch = self._numbering.epoch
