"""What connections that ask and are answered remember of that, and tell of it."""

from typing import Final

SMOOTHING: Final = 1 / 8
"""How much the last round trip counts (RFC 6298 §2)."""

TRACED: Final = 50
"""How many exchanges are remembered of an endpoint, or of a server."""

TRACED_BYTES: Final = 200
"""How much of a payload is."""


def smoothed(before: float | None, seconds: float) -> float:
    """Return the round trip, smoothed, after one that took so long."""
    if before is None:
        return seconds
    return before + SMOOTHING * (seconds - before)


def excerpt(payload: bytes, *, shown: bool) -> str:
    """Return the beginning of a payload for people: as text, else in hexadecimal."""
    if not payload:
        return ""
    if not shown:
        return "(not shown)"
    head, more = payload[:TRACED_BYTES], "…" if len(payload) > TRACED_BYTES else ""
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.hex()
    return (text if text.isprintable() else head.hex()) + more
