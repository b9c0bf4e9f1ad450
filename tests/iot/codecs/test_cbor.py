"""CBOR, RFC 8949, and what a hostile payload can do with it."""

from contextlib import suppress
from datetime import UTC, datetime
import math
import struct
import time
import tracemalloc
from typing import Any

import cbor2
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.codecs import (
    CODECS,
    MAX_NODES,
    Decoded,
    Document,
    decode,
)
from custom_components.device_models.iot.errors import PayloadError

CBOR = CODECS["cbor"]
SENML = CODECS["senml+cbor"]

BIGNUM_100_KB = b"\x5a" + struct.pack(">I", 100_000) + b"\xff" * 100_000


def item(text: str) -> bytes:
    """Return bytes from hexadecimal digits."""
    return bytes.fromhex(text)


READ: list[tuple[str, bytes, Document]] = [
    ("a number", item("19 03e8"), 1000),
    ("a negative number", item("20"), -1),
    ("the lowest number", item("3b ffffffffffffffff"), -(2**64)),
    ("half precision", item("f9 3e00"), 1.5),
    ("infinity", item("f9 7c00"), math.inf),
    ("null", item("f6"), None),
    ("a text", item("62 c3bc"), "ü"),
    ("bytes", item("42 00ff"), b"\x00\xff"),
    ("a map", item("a1 61 61 82 01 f5"), {"a": [1, True]}),
    ("a key twice", item("a2 61 61 01 61 61 02"), {"a": 2}),
    ("a text in parts", item("7f 61 61 62 62 63 ff"), "abc"),
    ("an open array", item("9f 01 02 ff"), [1, 2]),
    ("an open map", item("bf 61 61 01 ff"), {"a": 1}),
    ("an undefined value", item("a2 61 61 f7 61 62 01"), {"b": 1}),
    # §3.4.1 and §3.4.2
    ("a time as text", item("c0 74") + b"2013-03-21T20:04:00Z",
     datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
    ("a time as number", item("c1 1a 514b67b0"),
     datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
    ("a time as fraction", item("c1 fb 41d452d9ec200000"),
     datetime(2013, 3, 21, 20, 4, 0, 500000, tzinfo=UTC)),
    # §3.4.3
    ("a bignum of 64 bits", item("c2 48 ffffffffffffffff"), 2**64 - 1),
    ("a negative bignum", item("c3 41 ff"), -256),
    ("a bignum beyond all values", item("c2 49 01 0000000000000000"), math.inf),
    ("a negative one", item("c3") + BIGNUM_100_KB, -math.inf),
    # §3.4.4
    ("a decimal fraction", item("c4 82 21 19 6ab3"), 273.15),
    ("an endless one", item("c4 82 1b 7fffffffffffffff 01"), math.inf),
    ("an infinitesimal one", item("c4 82 3b 7fffffffffffffff 01"), 0.0),
    ("a bigfloat", item("c5 82 20 03"), 1.5),
    ("an endless bigfloat", item("c5 82 1b 7fffffffffffffff 01"), math.inf),
    # Tags that only say more about what is tagged
    ("self-described CBOR (§3.4.6)", item("d9d9f7 a1 61 61 81 01"), {"a": [1]}),
    ("a URI", item("d820 63") + b"a:b", "a:b"),
    ("an unknown tag", item("d9ffff a1 61 61 82 01 81 02"), {"a": [1, [2]]}),
    ("a UUID", item("d825 42 0102"), b"\x01\x02"),
    ("an address", item("d834 44 0a000001"), b"\x0a\x00\x00\x01"),
    ("a set", item("d90102 82 01 02"), [1, 2]),
    ("a pattern", item("d823 63") + b"(a+", "(a+"),
    ("a MIME message", item("d824 61 61"), "a"),
    ("a date as text", item("d903ec 6a") + b"2013-03-21", "2013-03-21"),
    ("a fraction", item("d81e 82 01 00"), [1, 0]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "document"), [row[1:] for row in READ], ids=[row[0] for row in READ]
)
def test_cbor_is_read(payload: bytes, document: Document) -> None:
    decoded = decode(CBOR, payload)
    assert decoded == Decoded(document)
    assert type(decoded.document) is type(document)


REFUSED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "premature end"),
    ("a truncated array", item("83 01 02"), "premature end"),
    ("a truncated text", item("63 61"), "premature end"),
    ("trailing data", item("01 02"), "more data behind the first item"),
    ("not UTF-8", item("61 ff"), "text string"),
    ("an encoded surrogate", item("63 eda080"), "text string"),
    ("a reserved length", item("1c"), "subtype 0x1c"),
    ("a lonely break", item("ff"), "break"),
    ("numbers in a text", item("7f 01 ff"), "non-text string"),
    ("an array that never ends", item("9f 01"), "premature end"),
    ("numbers as keys", item("a1 01 02"), "key must be a text"),
    ("bytes as keys", item("a1 41 01 02"), "expected texts as the keys"),
    ("arrays as keys", item("a1 81 01 01"), "key must be a text"),
    ("a simple value", item("f8 ff"), "unexpected CBORSimpleValue"),
    ("nothing but undefined", item("f7"), "unexpected"),
    ("17 levels", b"\x81" * 17 + b"\x01", "nesting depth (16) exceeded"),
    ("200000 levels", b"\x81" * 200_000, "nesting depth (16) exceeded"),
    ("200000 open levels", b"\x9f" * 200_000, "nesting depth (16) exceeded"),
    ("200000 tags", b"\xc6" * 200_000, "nesting depth (16) exceeded"),
    (
        "too many values",
        b"\x99" + struct.pack(">H", MAX_NODES) + b"\x01" * MAX_NODES,
        "more than 20000 values",
    ),
    (
        "as many as fit in",
        b"\x9a" + struct.pack(">I", 262_139) + b"\x80" * 262_139,
        "more than 20000 values",
    ),
    # References: a list that holds itself, a map that holds itself, and 20 lists of
    # which each holds the one before 16 times
    ("a list in itself", item("d81c 81 d81d 00"), "tag"),
    ("a map in itself", item("d81c a1 61 61 d81d 00"), "tag"),
    (
        "references to references",
        b"\x94" + item("d81c 80")
        + b"".join(b"\xd8\x1c\x90" + bytes([0xD8, 0x1D, n]) * 16 for n in range(19)),
        "tag",
    ),
    ("a reference to a text", item("d90100 82 64 61626364 d819 00"), "tag"),
    # Huge lengths of what is not there
    *(
        (f"a length of {head}", item(head) + b"\x01", "")
        for head in (
            "9affffffff", "9b7fffffffffffffff", "9bffffffffffffffff", "baffffffff",
            "5affffffff", "5b7fffffffffffffff", "7affffffff", "7bffffffffffffffff",
            "d8409bffffffffffffffff", "5f5affffffff",
        )
    ),
    # Tags on what they are not made for
    ("a bignum of a text", item("c2 61 61"), "tag 2"),
    ("a decimal of a number", item("c4 01"), "tag 4"),
    ("a decimal of three", item("c4 83 01 02 03"), "tag 4"),
    ("a decimal of fractions", item("c4 82 f93e00 01"), "tag 4"),
    ("a decimal of texts", item("c4 82 61 61 61 62"), "tag 4"),
    ("a time of a map", item("c1 a0"), "epoch-form"),
    ("a time in no calendar", item("c1 1b ffffffffffffffff"), "epoch-form"),
    ("a time that is no number", item("c1 f9 7e00"), "epoch-form"),
    ("a time of any text", item("c0 63 616263"), "string-form"),
    ("a number of days", item("d864 19 4db8"), "tag 100"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "problem"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_other_payloads_are_refused(payload: bytes, problem: str) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(CBOR, payload)
    assert caught.value.details["media"] == "CBOR"
    assert problem in caught.value.details["problem"]
    assert len(str(caught.value)) < 300


def colliding_keys(count: int) -> bytes:
    """Return a map with numbers as keys that all have the same hash."""
    prime = 2**61 - 1
    keys = (prime * (number + 8) + 5 for number in range(count))
    entries = b"".join(b"\xc2\x4a" + key.to_bytes(10) + b"\x01" for key in keys)
    return b"\xb9" + struct.pack(">H", count) + entries


def colliding_arrays(count: int) -> bytes:
    """Return a map with arrays as keys that all have the same hash in CPython.

    The hash of a tuple adds up its parts by the constants of xxHash; the last part can
    therefore be chosen to make up for the first.
    """
    one, two, five = 11400714785074694791, 14029467366897019727, 2870177450012600261
    word = 2**64
    keys: list[bytes] = []
    hashes: set[int] = set()
    first = 0
    while len(keys) < count:
        first += 1
        mixed = (five + first * two) % word
        mixed = ((mixed << 31 | mixed >> 33) % word) * one % word
        last = (12345 - mixed) * pow(two, -1, word) % word
        if last < 2**61 - 1:
            hashes.add(hash((first, last)))
            keys.append(b"\x82" + cbor2.dumps(first) + cbor2.dumps(last) + b"\x01")
    assert len(hashes) == 1
    return b"\xb9" + struct.pack(">H", count) + b"".join(keys)


HOSTILE: list[tuple[str, bytes]] = [
    ("decimal fraction of a huge number", item("c4 82 01 c2") + BIGNUM_100_KB),
    ("bigfloat of a huge number", item("c5 82 01 c2") + BIGNUM_100_KB),
    ("endless decimal fraction", item("c4 82 1b 00000000ffffffff 01")),
    ("keys that collide", colliding_keys(18_000)),
    ("arrays as keys that collide", colliding_arrays(17_000)),
    ("as many as fit in a pack", colliding_arrays(2_200)),
    ("set of what collides", item("d90102") + b"\x81" + colliding_keys(15_000)),
    ("pattern", item("d823") + cbor2.dumps("(" * 90 + ")" * 90 + "x{1,60000}" * 9000)),
    ("lengths of strings", item("5f") + item("5a3fffffff") * 40_000),
    ("nested lengths", item("9affffffff") * 50_000),
]


@pytest.mark.parametrize("codec", [CBOR, SENML], ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    "payload", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_hostile_payload_costs_neither_time_nor_memory(
    payload: bytes, codec: Any
) -> None:
    tracemalloc.start()
    try:
        before = time.process_time()
        with suppress(PayloadError):
            decode(codec, payload)
        spent = time.process_time() - before
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert spent < 0.5
    assert peak < 32 * 1024 * 1024


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5)
        ),
        max_leaves=20,
    ),
    st.binary(min_size=1, max_size=9000),
)
def test_trailing_data_is_noticed_wherever_it_begins(
    document: Document, trailing: bytes
) -> None:
    payload = CBOR.encode(document)
    assert decode(CBOR, payload).document == document
    with pytest.raises(PayloadError):
        decode(CBOR, payload + trailing)


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        ({"a": [1, True]}, item("a1 61 61 82 01 f5")),
        (datetime(2013, 3, 21, 20, 4, tzinfo=UTC),
         item("c0 78 19") + b"2013-03-21T20:04:00+00:00"),
        (b"\xff", item("41 ff")),
    ],
)  # fmt: skip
def test_cbor_is_written(document: Document, payload: bytes) -> None:
    assert decode(CBOR, CBOR.encode(document)).document == document
    assert CBOR.encode(document) in (payload, item("c0 74") + b"2013-03-21T20:04:00Z")


@pytest.mark.parametrize("document", ["\ud800", {"a": object()}, {"\udfff": 1}])
def test_what_cbor_cannot_hold_is_not_written(document: Any) -> None:
    with pytest.raises(PayloadError):
        CBOR.encode(document)
