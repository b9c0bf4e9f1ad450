"""Documents that peers send in blocks (RFC 7959), which somebody has to keep meanwhile.

aiocoap's resources put them together, without a limit: neither of one document nor of
how many there are; and they keep each for minutes, complete or not.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
import time
from typing import Any, Final

from aiocoap.blockwise import _extract_block_key
import aiocoap.error
from aiocoap.resource import Resource, Site

from .delivery import MAX_DOCUMENT

KEPT: Final = 186.0
"""Seconds; twice MAX_TRANSMIT_WAIT (RFC 7252 §4.8.2), as aiocoap's ``TimeoutDict``."""

MAX_KEPT: Final = 16 * MAX_DOCUMENT
"""Bytes of all documents together."""

MAX_COUNT: Final = 256
"""Documents."""


@dataclass(slots=True)
class _Transfer:
    """A document: how much of it has come, and until when it is kept."""

    size: int
    until: float


_NONE: Final = _Transfer(0, 0)


class Transfers:
    """The documents that are being received."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[Any, _Transfer] = OrderedDict()
        """The one that is kept longest comes last."""

    def take(self, request: Any) -> None:
        """See whether a block of a document may be kept.

        Raises:
            RequestEntityTooLarge: the document grows too long.
            ServiceUnavailable: there are too many of them.

        """
        block = request.opt.block1
        if block is None:
            return
        now = time.monotonic()
        while self._kept and next(iter(self._kept.values())).until < now:
            self._kept.popitem(last=False)
        key = _extract_block_key(request)
        known = self._kept.get(key)
        if known is None and block.block_number:
            return  # there is nothing that it could be put to
        size = len(request.payload)
        if known is not None:
            size += min(block.start, known.size)
        if size > MAX_DOCUMENT:
            raise aiocoap.error.RequestEntityTooLarge
        others = sum(one.size for one in self._kept.values()) - (known or _NONE).size
        if others + size > MAX_KEPT or (known is None and len(self._kept) >= MAX_COUNT):
            raise aiocoap.error.ServiceUnavailable
        self._kept[key] = _Transfer(size, now + KEPT)
        self._kept.move_to_end(key)


def stop_timers(site: Resource | Site) -> None:
    """End the timers with which aiocoap's resources forget documents."""
    for resource in _resources(site):
        for holder, table in (("_block1", "_assemblies"), ("_block2", "_completes")):
            kept = getattr(getattr(resource, holder, None), table, None)
            if kept is not None and kept._timeout is not None:  # noqa: SLF001
                kept._timeout.cancel()  # noqa: SLF001


def _resources(site: Any) -> Iterator[Any]:
    """Yield what a site holds, and itself."""
    yield site
    for inner in (
        *getattr(site, "_resources", {}).values(),
        *getattr(site, "_subsites", {}).values(),
    ):
        yield from _resources(inner)
