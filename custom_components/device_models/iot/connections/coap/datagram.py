"""What came in one UDP datagram: a CoAP message that keeps the rules, or nothing.

aiocoap takes much that RFC 7252 forbids, and raises what it likes on some of the rest
(protocol sheet "CoAP" §8).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import aiocoap

HEADER: Final = 4
"""Bytes; RFC 7252 §3."""

MAX_TOKEN: Final = 8
"""Bytes; longer ones are a format error (RFC 7252 §3)."""

RESET: Final = 3
ACKNOWLEDGEMENT: Final = 2
"""Types of messages (RFC 7252 §3)."""

REQUESTS: Final = range(1, 32)
RESPONSES: Final = range(64, 192)
"""Codes, as numbers (RFC 7252 §12.1)."""

PAYLOAD_MARKER: Final = 0xFF

EXTENDED: Final[Mapping[int, tuple[int, int]]] = {13: (1, 13), 14: (2, 269)}
"""RFC 7252 §3.1: how many bytes follow for a delta or a length, and what is added."""

LENGTHS: Final[Mapping[int, tuple[int, int]]] = {
    1: (0, 8),  # If-Match
    3: (1, 255),  # Uri-Host
    4: (1, 8),  # ETag
    5: (0, 0),  # If-None-Match
    6: (0, 3),  # Observe, RFC 7641 §2
    7: (0, 2),  # Uri-Port
    8: (0, 255),  # Location-Path
    11: (0, 255),  # Uri-Path
    12: (0, 2),  # Content-Format
    14: (0, 4),  # Max-Age
    15: (0, 255),  # Uri-Query
    17: (0, 2),  # Accept
    20: (0, 255),  # Location-Query
    23: (0, 3),  # Block2, RFC 7959 §2.1
    27: (0, 3),  # Block1
    28: (0, 4),  # Size2, RFC 7959 §4
    35: (1, 1034),  # Proxy-Uri
    39: (1, 255),  # Proxy-Scheme
    60: (0, 4),  # Size1
    252: (1, 40),  # Echo, RFC 9175 §2.2.1
    258: (0, 1),  # No-Response, RFC 7967 §2
    292: (0, 8),  # Request-Tag, RFC 9175 §3.2.1
}
"""Bytes of an option's value, at least and at most (RFC 7252 §5.10 where not said)."""


class BadDatagramError(Exception):
    """A datagram is no CoAP message, or breaks a rule; says which."""


def message_in(data: bytes, remote: Any, *, cut: bool = False) -> Any:
    """Return aiocoap's message for a datagram.

    Args:
        data: the datagram.
        remote: who sent it, as aiocoap has it.
        cut: whether it was longer than what was read of it.

    Raises:
        BadDatagramError: it is to be ignored (RFC 7252 §4.2, §4.3).

    """
    if cut:
        raise BadDatagramError("too long")
    if not remote.sockaddr[1]:
        raise BadDatagramError("no port that could be answered")
    start = _options_begin(data)
    wrong = []
    for number, length in _options(data, start):
        least, most = LENGTHS.get(number, (0, len(data)))
        if not least <= length <= most:
            # RFC 7252 §5.4.3: as if it were not known.
            if number & 1:
                raise BadDatagramError(f"option {number} has {length} bytes")
            wrong.append(number)
    try:
        message = aiocoap.Message.decode(data, remote)
        for number in wrong:
            message.opt.delete_option(number)
    except Exception as err:
        raise BadDatagramError(str(err) or type(err).__name__) from err
    return message


def _options_begin(data: bytes) -> int:
    """Check the header and the token; returns where the options begin."""
    if len(data) < HEADER:
        raise BadDatagramError("too short")
    if data[0] >> 6 != 1:
        raise BadDatagramError("another version")
    kind, code = data[0] >> 4 & 3, data[1]
    start = HEADER + (data[0] & 0xF)
    if start > HEADER + MAX_TOKEN:
        raise BadDatagramError("the token is too long")
    if len(data) < start:
        raise BadDatagramError("the token is cut")
    if code == 0 and len(data) > HEADER:
        raise BadDatagramError("an empty message that is not")
    if code and code not in REQUESTS and code not in RESPONSES:
        raise BadDatagramError("a reserved code")
    if (kind == RESET and code) or (kind == ACKNOWLEDGEMENT and code in REQUESTS):
        raise BadDatagramError("the type and the code do not fit")
    return start


def _options(data: bytes, position: int) -> Iterator[tuple[int, int]]:
    """Yield number and length of each option; checks that a payload is one."""
    number = 0
    while position < len(data):
        if data[position] == PAYLOAD_MARKER:
            if position + 1 == len(data):
                raise BadDatagramError("a marker without a payload")
            return
        delta, length = data[position] >> 4, data[position] & 0xF
        position += 1
        delta, position = _extended(data, delta, position)
        length, position = _extended(data, length, position)
        position += length
        if position > len(data):
            raise BadDatagramError("an option is cut")
        number += delta
        yield number, length


def _extended(data: bytes, value: int, position: int) -> tuple[int, int]:
    """Return a delta or a length, and where what follows it begins."""
    if value not in EXTENDED:
        if value == 15:
            raise BadDatagramError("a reserved option")
        return value, position
    size, offset = EXTENDED[value]
    end = position + size
    if end > len(data):
        raise BadDatagramError("an option is cut")
    return int.from_bytes(data[position:end]) + offset, end
