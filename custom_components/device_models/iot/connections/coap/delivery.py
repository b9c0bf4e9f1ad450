"""How the messages for a resource are sent, and what is noticed while they are.

aiocoap tells nobody how many blocks, or how many repetitions, an answer took (protocol
sheet "CoAP" §2). But all messages of a request have the same tuning, so that it can be
told of each one that leaves (see ``context.py``).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
import time
from typing import Final, override

import aiocoap.error

from ...reading import Element
from .request import ConfirmableTuning

PATIENCE: Final = 11
"""Seconds; the least that RFC 7252 §4.8.1 allows without measuring the round trip:
three datagrams, with ACK_TIMEOUT at 1 s, are over after 10.5 s."""

LONGEST_PATIENCE: Final = 120

BLOCK_SIZES: Final = (16, 32, 64, 128, 256, 512, 1024)
"""RFC 7959 §2.2, in bytes."""

LONGEST_TRANSFER: Final = 600.0
"""Seconds for a document in blocks, as long as each block comes in time."""

MAX_DOCUMENT: Final = 2**20
"""Bytes of what is sent or received in blocks."""


class TooLongError(aiocoap.error.NetworkError):  # type: ignore[misc]  # aiocoap is untyped
    """A document has no end.

    aiocoap expects errors of this kind where nobody waits for them any more.
    """

    @override
    def __str__(self) -> str:
        """Say so."""
        return f"the document is longer than {MAX_DOCUMENT} bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How messages are sent; None is for what is not said, and left to the endpoint."""

    confirmable: bool | None = None
    patience: float | None = None
    """Seconds until a message is given up; all other times follow from it."""
    block_size: int | None = None
    """Bytes in a block, at most: one of BLOCK_SIZES."""

    def over(self, other: Delivery) -> Delivery:
        """Return this with what it does not say taken from the other."""
        return Delivery(
            confirmable=(
                other.confirmable if self.confirmable is None else self.confirmable
            ),
            patience=other.patience if self.patience is None else self.patience,
            block_size=other.block_size if self.block_size is None else self.block_size,
        )

    @property
    def stretch(self) -> float:
        """How many times longer than usual everything may take."""
        return (self.patience or PATIENCE) / PATIENCE

    @property
    def block_exponent(self) -> int:
        """The block size as CoAP spells it: 0 for 16 bytes to 6 for 1,024."""
        return BLOCK_SIZES.index(self.block_size or BLOCK_SIZES[-1])


ANY: Final = Delivery()
"""As the endpoint has it."""


def delivery_of(element: Element, otherwise: Delivery = ANY) -> Delivery:
    """Return what an element says of how messages are sent.

    Raises:
        Unusable: it is malformed.

    """
    said = otherwise
    if "confirmable" in element.content:
        confirmable = element.flag("confirmable", default=True)
        said = replace(said, confirmable=confirmable)
    return said


def timing_of(element: Element) -> Delivery:
    """Return what the top of a layout says of all messages of a device.

    Raises:
        Unusable: it is malformed.

    """
    patience = element.content.get("patience")
    if patience is not None and (
        not isinstance(patience, int | float)
        or isinstance(patience, bool)
        or not PATIENCE <= patience <= LONGEST_PATIENCE
    ):
        element.refuse(
            f"expected seconds from {PATIENCE} to {LONGEST_PATIENCE}", "patience"
        )
    size = element.content.get("block_size")
    if size is not None and (isinstance(size, bool) or size not in BLOCK_SIZES):
        known = ", ".join(map(str, BLOCK_SIZES))
        element.refuse(f"expected one of {known}", "block_size")
    return delivery_of(
        element,
        Delivery(patience=patience, block_size=size if isinstance(size, int) else None),
    )


class Tuning(ConfirmableTuning):
    """The tuning of one request's messages, and what was noticed of them.

    The names in capitals are those that aiocoap asks for.
    """

    def __init__(self, delivery: Delivery) -> None:
        """Take how they are sent."""
        self.reliability = delivery.confirmable is not False
        self.ACK_TIMEOUT = ConfirmableTuning.ACK_TIMEOUT * delivery.stretch
        self.messages = 0
        """How many messages were sent, without repetitions."""
        self.sent = time.monotonic()
        """When the last of them was."""
        self.retransmissions = 0
        """How many repetitions there were, of all of them."""
        self.repeated = False
        """Whether the last of them was sent more than once."""
        self.on_message: Callable[[], None] | None = None
        """Called with each message."""
        self.on_number: Callable[[int], None] | None = None
        """Called with the number of each notification, taken or not."""
        self._stretch = delivery.stretch
        self._most = 2 * MAX_DOCUMENT // BLOCK_SIZES[delivery.block_exponent]
        self._message_id: int | None = None

    def note(self, message_id: int | None) -> None:
        """Note that a message leaves; one of a stream has no id, and goes once."""
        if message_id is not None and message_id == self._message_id:
            self.retransmissions += 1
            self.repeated = True
            return
        self._message_id = message_id
        self.messages += 1
        self.sent = time.monotonic()
        self.repeated = False
        if self.on_message is not None:
            self.on_message()

    @property
    def too_long(self) -> bool:
        """Whether there were more messages than the longest document needs."""
        return self.messages > self._most

    @asynccontextmanager
    async def limited(self, seconds: float) -> AsyncIterator[None]:
        """Wait for messages that have so much time each, if patience is the usual one.

        Raises:
            TooLongError: there are too many.
            TimeoutError: one took longer, or all of them together far too long.

        """
        loop = asyncio.get_running_loop()
        seconds *= self._stretch
        end = loop.time() + max(LONGEST_TRANSFER, seconds)
        try:
            async with asyncio.timeout(seconds) as limit:

                def more() -> None:
                    if not limit.expired():
                        left = 0 if self.too_long else seconds
                        limit.reschedule(min(loop.time() + left, end))

                self.on_message = more
                yield
        except TimeoutError:
            if self.too_long:
                raise TooLongError from None
            raise
        finally:
            self.on_message = None
