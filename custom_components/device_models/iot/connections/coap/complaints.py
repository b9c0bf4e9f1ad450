"""What aiocoap complains of, without letting a hostile peer fill the log.

aiocoap writes a line, at times with a traceback, for each datagram that it does not
like (protocol sheet "CoAP" §8). Here each kind of line is written at once, then at most
once a minute, with how many there were meanwhile.
"""

from dataclasses import dataclass
import logging
import time
from typing import Any, Final, override

INTERVAL: Final = 60.0
"""Seconds between two lines of one kind."""

MAX_KINDS: Final = 64
"""aiocoap has about as many texts; what comes beyond is one kind."""

LONGEST: Final = 400
"""Characters of a line, as peers have a say in it."""


@dataclass(slots=True)
class _Kind:
    """When lines of one kind were written, and what was left out since."""

    written: float
    left_out: int = 0
    last: logging.LogRecord | None = None


class Complaints(logging.Logger):
    """A logger of one context, which passes on to that of the module.

    What is logged for debugging is passed on whole.
    """

    def __init__(self, onto: logging.Logger) -> None:
        """Take the logger that is written to."""
        super().__init__(onto.name)
        self._onto = onto
        self._kinds: dict[object, _Kind] = {}

    @override
    def isEnabledFor(self, level: int) -> bool:
        return self._onto.isEnabledFor(level)

    @override
    def getChild(self, suffix: str) -> Complaints:
        return self

    @override
    def _log(
        self,
        level: int,
        msg: object,
        args: Any,
        exc_info: Any = None,
        extra: Any = None,
        stack_info: bool = False,
        stacklevel: int = 1,
        exception: BaseException | None = None,
    ) -> None:
        """Make a record; aiocoap gives ``exception`` in one place, which is no word."""
        super()._log(
            level, msg, args, exc_info or exception, extra, stack_info, stacklevel + 1
        )

    @override
    def handle(self, record: logging.LogRecord) -> None:
        if record.levelno <= logging.DEBUG:
            self._onto.handle(record)
            return
        full = len(self._kinds) >= MAX_KINDS and record.msg not in self._kinds
        key = None if full else record.msg
        kind = self._kinds.get(key)
        now = time.monotonic()
        if kind is not None and now - kind.written < INTERVAL:
            kind.left_out += 1
            kind.last = record
            return
        left_out = 0 if kind is None else kind.left_out
        self._kinds[key] = _Kind(now)
        self._write(record, left_out)

    def flush(self) -> None:
        """Write what was left out so far: nothing more will come."""
        for kind in self._kinds.values():
            if kind.last is not None:
                self._write(kind.last, kind.left_out - 1)
        self._kinds.clear()

    def _write(self, record: logging.LogRecord, left_out: int) -> None:
        """Write a line."""
        try:
            text = record.getMessage()
        except TypeError, ValueError:  # a peer's number may be too long for a text
            text = str(record.msg)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}…"
        if left_out:
            text = f"{text} (and {left_out} more of this kind)"
        record.msg, record.args = text, ()
        self._onto.handle(record)
