"""A small picture, a different one for each text (PNG, third edition, W3C)."""

import hashlib
import struct
from typing import Final
import zlib

SIZE: Final = 64
"""Pixels of an edge."""

CELLS: Final = 8
"""Squares along an edge; the right half mirrors the left one."""


def picture(text: str) -> bytes:
    """Return a PNG with a pattern that stands for a text."""
    digest = hashlib.sha256(text.encode()).digest()
    colour, paper = bytes(one // 2 for one in digest[:3]), b"\xf2\xf2\xee"
    lines = bytearray()
    for y in range(SIZE):
        lines.append(0)  # no filter (§9.2)
        for x in range(SIZE):
            row, column = y * CELLS // SIZE, x * CELLS // SIZE
            bit = row * CELLS // 2 + min(column, CELLS - 1 - column)
            lines += colour if digest[bit // 8] >> bit % 8 & 1 else paper
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk (§5.3)."""
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
