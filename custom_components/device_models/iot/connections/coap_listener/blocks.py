"""Documents in blocks (RFC 7959), both ways, within bounds.

aiocoap keeps without limit what senders begin and do not end. Here the oldest goes when
there is too much; its sender is then told that something is missing, and begins anew.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
import time
from typing import Any, Final

from ..coap.request import MAX_BLOCK_EXPONENT
from .exchange import BAD_REQUEST, CONTINUE, INCOMPLETE, TOO_LARGE, Refusal, Reply

MAX_DOCUMENT: Final = 32 * 1024
"""Bytes that a device may send at a time."""

MAX_UNFINISHED: Final = 16
"""Documents on their way, in each direction: half a megabyte at most of those that
come."""

MAX_SECONDS: Final = 93.0
"""For how long a document may be on its way without a further block: MAX_TRANSMIT_WAIT
(RFC 7959 §2.4, RFC 7252 §4.8.2)."""

BERT: Final = 7
"""A block size that is for reliable transports only (RFC 8323 §6)."""

type Key = tuple[object, ...]
"""What tells one document from another: the sender, and all that it asks."""


class Continue(Refusal):
    """A block was taken; more are to come."""

    def __init__(self) -> None:
        """Word it."""
        super().__init__(CONTINUE)


@dataclass(slots=True)
class _Unfinished:
    """A document of which a part is here."""

    payload: bytes
    at: float


class Blocks:
    """What is on its way."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._coming: OrderedDict[Key, _Unfinished] = OrderedDict()
        self._going: OrderedDict[Key, tuple[Reply, float]] = OrderedDict()

    def whole(self, key: Key, message: Any) -> bytes:
        """Return the payload of a request once all of it is here.

        Raises:
            Refusal: it is not; the answer says what is to come.

        """
        block, payload = message.opt.block1, message.payload
        size: int | None = message.opt.size1
        if max(size or 0, len(payload)) > MAX_DOCUMENT:
            raise Refusal(TOO_LARGE)
        if block is None:
            return bytes(payload)
        if block.size_exponent >= BERT:
            raise Refusal(BAD_REQUEST)
        now = time.monotonic()
        begun = _Unfinished(b"", now)
        if block.block_number:
            begun = self._coming.pop(key, begun)
        start = block.block_number << (block.size_exponent + 4)
        if start != len(begun.payload) or now - begun.at > MAX_SECONDS:
            raise Refusal(INCOMPLETE)
        if block.more and len(payload) != 1 << (block.size_exponent + 4):
            raise Refusal(INCOMPLETE)
        begun = _Unfinished(begun.payload + payload, now)
        if len(begun.payload) > MAX_DOCUMENT:
            raise Refusal(TOO_LARGE)
        if not block.more:
            return begun.payload
        self._coming[key] = begun
        if len(self._coming) > MAX_UNFINISHED:
            self._coming.popitem(last=False)
        raise Continue

    def kept(self, key: Key, message: Any) -> Reply | None:
        """Return the answer of which a further block is asked for, if that is known."""
        block = message.opt.block2
        if block is None or not block.block_number:
            return None
        reply, at = self._going.get(key, (None, 0.0))
        return reply if time.monotonic() - at <= MAX_SECONDS else None

    def cut(self, key: Key, message: Any, reply: Reply) -> Any:
        """Return an answer as aiocoap sends it: all of it, or the block asked for."""
        asked = message.opt.block2
        number, exponent = 0, MAX_BLOCK_EXPONENT
        if asked is not None:
            number, exponent = asked.block_number, min(exponent, asked.size_exponent)
        size = 1 << (exponent + 4)
        if not number and len(reply.payload) <= size:
            return reply.message()
        start = number * size
        if start >= len(reply.payload):
            return Reply(INCOMPLETE).message()
        self._going.pop(key, None)
        self._going[key] = reply, time.monotonic()
        if len(self._going) > MAX_UNFINISHED:
            self._going.popitem(last=False)
        part = replace(reply, payload=reply.payload[start : start + size]).message()
        part.opt.block2 = (number, start + size < len(reply.payload), exponent)
        if not number:
            part.opt.size2 = len(reply.payload)
        return part
