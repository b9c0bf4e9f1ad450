"""SenML, RFC 8428, in JSON and in CBOR."""

from datetime import UTC, datetime, timedelta
import json
import math
from typing import Any

import cbor2
import pytest

from custom_components.device_models.iot.codecs import (
    CODECS,
    MAX_NODES,
    Document,
    decode,
    extract,
    slots_of,
)
from custom_components.device_models.iot.errors import PayloadError
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType

JSON = CODECS["senml+json"]
CBOR = CODECS["senml+cbor"]

NUMBERS = {
    "bver": -1, "bn": -2, "bt": -3, "bv": -5, "bs": -6,
    "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
}  # fmt: skip
"""RFC 8428 §6."""

MOMENT = 1320078429
"""Seconds since 1970; a time in the examples of §5.1."""


def as_json(pack: Any) -> bytes:
    return json.dumps(pack).encode()


def as_cbor(pack: Any) -> bytes:
    """Return a pack in CBOR, with numbers as labels."""
    return cbor2.dumps(
        [
            {NUMBERS.get(label, label): value for label, value in record.items()}
            if isinstance(record, dict)
            else record
            for record in pack
        ]
        if isinstance(pack, list)
        else pack
    )


BOTH = pytest.mark.parametrize(
    ("codec", "write"), [(JSON, as_json), (CBOR, as_cbor)], ids=["JSON", "CBOR"]
)

READ: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
    ("nothing", [], {}),
    (
        "one value (§5.1.1)",
        [{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}],
        {"urn:dev:ow:10e2073a01080063": 23.1},
    ),
    (
        "several values below a base name (§5.1.2)",
        [
            {"bn": "dev:1:", "n": "voltage", "u": "V", "v": 120.1},
            {"n": "current", "v": 1.2},
        ],
        {"dev:1:voltage": 120.1, "voltage": 120.1, "dev:1:current": 1.2,
         "current": 1.2},
    ),
    (
        "each kind of value",
        [
            {"n": "a", "v": 1},
            {"n": "b", "vb": False},
            {"n": "c", "vs": "on"},
            {"n": "d", "v": -0.5},
        ],
        {"a": 1, "b": False, "c": "on", "d": -0.5},
    ),
    (
        "a base value (§4.1)",
        [{"bv": 20, "n": "a", "v": 1.5}, {"n": "b", "v": 2}, {"n": "c", "vs": "x"}],
        {"a": 21.5, "b": 22, "c": "x"},
    ),
    (
        "a base value that changes",
        [{"bv": 20, "n": "a", "v": 1}, {"bv": 0, "n": "b", "v": 1}],
        {"a": 21, "b": 1},
    ),
    (
        "a base alone (§4.1)",
        [{"bn": "dev:"}, {"n": "a", "v": 1}],
        {"dev:a": 1, "a": 1},
    ),
    ("the base name as name", [{"bn": "dev:1", "v": 1}], {"dev:1": 1}),
    ("no name at all", [{"v": 1}], {"": 1}),
    (
        "own names that are ambiguous",
        [{"bn": "a/", "n": "t", "v": 1}, {"bn": "b/", "n": "t", "v": 2}],
        {"a/t": 1, "b/t": 2},
    ),
    (
        "an own name that is a full name",
        [{"bn": "a/", "n": "t", "v": 1}, {"bn": "", "n": "t", "v": 2}],
        {"a/t": 1, "t": 2},
    ),
    ("the same name again", [{"n": "a", "v": 1}, {"n": "a", "v": 2}], {"a": 2}),
    (
        "the same name with an earlier time",
        [{"n": "a", "v": 1, "t": -5}, {"n": "a", "v": 2, "t": -60}],
        {"a": 1},
    ),
    (
        "the same name, once with a time",
        [{"n": "a", "v": 1}, {"n": "a", "v": 2, "t": -60}],
        {"a": 1},
    ),
    (
        "the same name with a later time",
        [{"n": "a", "v": 1, "t": -60}, {"n": "a", "v": 2}],
        {"a": 2},
    ),
    ("a sum without value", [{"n": "a", "s": 5}, {"n": "b", "v": 1}], {"b": 1}),
    ("fields that are not known (§4.4)", [{"n": "a", "v": 1, "x": [1]}], {"a": 1}),
    ("the version (§4.1)", [{"bver": 10, "n": "a", "v": 1}], {"a": 1}),
    ("secondary units (RFC 9100)", [{"bver": 26, "n": "a", "v": 1}], {"a": 1}),
    ("a value of the wrong type", [{"n": "a", "v": "1"}], {"a": "1"}),
    ("a value that is null", [{"n": "a", "v": None}], {"a": None}),
    ("huge numbers", [{"bv": 0.5, "n": "a", "v": 2**62}], {"a": 2**62 + 0.5}),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("pack", "document"), [row[1:] for row in READ], ids=[row[0] for row in READ]
)
def test_pack_is_read(
    codec: Any, write: Any, pack: list[dict[str, Any]], document: dict[str, Any]
) -> None:
    decoded = decode(codec, write(pack))
    assert decoded.document == document
    assert decoded.flat
    assert not decoded.untyped


def test_data_is_read() -> None:
    data = b"\xfb\xff\x00"
    pack: list[dict[str, Any]]
    for text in ("-_8A", "-_8A===="[:4]):
        pack = [{"n": "a", "vd": text}]
        assert decode(JSON, as_json(pack)).document == {"a": data}
    pack = [{"n": "a", "vd": "-_8"}]
    assert decode(JSON, as_json(pack)).document == {"a": data[:2]}
    pack = [{"n": "a", "vd": data}]
    assert decode(CBOR, as_cbor(pack)).document == {"a": data}


TIMES: list[tuple[dict[str, Any], float | None]] = [
    ({}, None),
    ({"t": MOMENT}, MOMENT),
    ({"t": MOMENT + 0.5}, MOMENT + 0.5),
    ({"bt": MOMENT}, MOMENT),
    ({"bt": MOMENT, "t": -60}, MOMENT - 60),
    ({"bt": MOMENT, "t": 5.5}, MOMENT + 5.5),
    ({"t": 2**28}, 2**28),
]


@BOTH
@pytest.mark.parametrize(("record", "seconds"), TIMES)
def test_time_of_a_record(
    codec: Any, write: Any, record: dict[str, Any], seconds: float | None
) -> None:
    decoded = decode(codec, write([{"bn": "x/", "n": "a", "v": 1} | record]))
    expected = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    assert decoded.times.get("x/a") == expected
    assert decoded.times.get("a") == expected


@BOTH
@pytest.mark.parametrize(
    "record", [{"t": -60}, {"bt": -60}, {"bt": -50, "t": -10}, {"bt": 0, "t": -60}]
)
def test_small_times_are_relative_to_now(
    codec: Any, write: Any, record: dict[str, Any]
) -> None:
    before = datetime.now(UTC)
    decoded = decode(codec, write([{"n": "a", "v": 1} | record]))
    after = datetime.now(UTC)
    minute = timedelta(seconds=60)
    assert before - minute <= decoded.times["a"] <= after - minute


def test_zero_is_now() -> None:
    before = datetime.now(UTC)
    decoded = decode(JSON, as_json([{"n": "a", "v": 1, "t": 0}]))
    assert before <= decoded.times["a"] <= datetime.now(UTC)


def test_base_time_holds_for_the_records_that_follow() -> None:
    pack = [{"bt": MOMENT, "n": "a", "v": 1}, {"n": "b", "v": 2, "t": 1}]
    times = decode(JSON, as_json(pack)).times
    assert (times["b"] - times["a"]).total_seconds() == 1


def test_time_of_what_was_replaced_is_forgotten() -> None:
    pack = [{"n": "a", "v": 1, "t": MOMENT}, {"n": "a", "v": 2}]
    decoded = decode(JSON, as_json(pack))
    assert decoded.document == {"a": 2}
    assert decoded.times == {}


REFUSED: list[tuple[str, Any, str]] = [
    ("no array", {"n": "a", "v": 1}, "expected an array of records"),
    ("no record", [1], "expected an object as record"),
    ("too many records", [{}] * (MAX_NODES + 1), "expected an array of records"),
    ("a name that is a number", [{"n": 5, "v": 1}], "expected a text as name"),
    ("a base name that is null", [{"bn": None, "v": 1}], "expected a text as name"),
    ("a time that is a text", [{"n": "a", "v": 1, "t": "x"}], "expected a number"),
    ("a time that is true", [{"n": "a", "v": 1, "t": True}], "expected a number"),
    ("a base time of lists", [{"n": "a", "v": 1, "bt": []}], "expected a number"),
    ("a base value of text", [{"n": "a", "v": 1, "bv": "1"}], "expected a number"),
    ("a time in no calendar", [{"n": "a", "v": 1, "t": 1e18}], "time out of range"),
    ("a time long ago", [{"n": "a", "v": 1, "t": -1e18}], "time out of range"),
    ("an unknown version", [{"bver": 11, "n": "a", "v": 1}], "unknown version 11"),
    ("unknown features", [{"bver": 42, "n": "a", "v": 1}], "unknown version 42"),
    ("a version of text", [{"bver": "x", "n": "a", "v": 1}], "unknown version 'x'"),
    ("what must be known", [{"n": "a", "v": 1, "x_": 1}], "unknown field 'x_'"),
    ("deep values", [{"n": "a", "v": json.loads("[" * 17 + "]" * 17)}], "nest"),
]


@BOTH
@pytest.mark.parametrize(
    ("pack", "problem"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_other_packs_are_refused(
    codec: Any, write: Any, pack: Any, problem: str
) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(codec, write(pack))
    assert problem in caught.value.details["problem"]


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        (b'[{"n": "a", "v": 1, "t": NaN}]', "time out of range"),
        (b'[{"n": "a", "v": 1, "t": 1e999}]', "time out of range"),
        (b'[{"n": "a", "v": 1, "bt": %s, "t": 0.5}]' % (b"9" * 400), "out of range"),
        (b'[{"n": "a", "vd": "***"}]', "expected base64url"),
        (b'[{"n": "a", "vd": "\xc3\xbc"}]', "expected base64url"),
        (b"[", "Expecting value"),
    ],
)
def test_pack_with_impossible_numbers_or_data_is_refused(
    pack: bytes, problem: str
) -> None:
    with pytest.raises(PayloadError) as caught:
        decode(JSON, pack)
    assert problem in caught.value.details["problem"]


def test_sum_beyond_all_numbers_is_one_that_no_attribute_takes() -> None:
    pack = b'[{"bv": 0.5, "n": "a", "v": %s}]' % (b"9" * 400)
    assert decode(JSON, pack).document == {"a": math.inf}


def test_cbor_may_have_labels_as_text() -> None:
    assert decode(CBOR, cbor2.dumps([{"n": "a", "v": 1}])).document == {"a": 1}


@BOTH
@pytest.mark.parametrize(
    ("document", "pack"),
    [
        ({"a": 1, "b": True, "c": "x"},
         [{"n": "a", "v": 1}, {"n": "b", "vb": True}, {"n": "c", "vs": "x"}]),
        (21.5, [{"v": 21.5}]),
        ({"night": {"enabled": True, "window": {"from": 22}}},
         [{"n": "night.enabled", "vb": True}, {"n": "night.window.from", "v": 22}]),
        ({"since": datetime(2024, 5, 1, tzinfo=UTC)},
         [{"n": "since", "v": 1714521600000}]),
        ({}, []),
    ],
)  # fmt: skip
def test_pack_is_written(codec: Any, write: Any, document: Document, pack: Any) -> None:
    payload = codec.encode(document)
    if codec is JSON:
        assert json.loads(payload) == pack
    else:
        assert cbor2.loads(payload) == cbor2.loads(write(pack))


def test_data_is_written() -> None:
    assert json.loads(JSON.encode({"a": b"\xfb\xff"})) == [{"n": "a", "vd": "-_8"}]
    assert cbor2.loads(CBOR.encode({"a": b"\xfb\xff"})) == [{0: "a", 8: b"\xfb\xff"}]


@pytest.mark.parametrize("codec", [JSON, CBOR], ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    "document", [None, [1], {"a": None}, {"a": [1]}, {"\ud800": 1}, {"a": "\ud800"}]
)
def test_what_records_cannot_hold_is_not_written(codec: Any, document: Any) -> None:
    with pytest.raises(PayloadError):
        codec.encode(document)


# Where the values of attributes are found

TEMP = Attribute(name="temp", type=DataType.NUMBER)
NIGHT = Attribute(
    name="night",
    type=DataType.OBJECT,
    members=(Attribute(name="from", type=DataType.INTEGER),),
)

PLACES: list[tuple[str, Attribute, tuple[str, ...], list[dict[str, Any]], Any]] = [
    ("its name", TEMP, (), [{"n": "temp", "v": 1}, {"n": "x", "v": 2}], 1),
    ("its name below a base", TEMP, (), [{"bn": "d/", "n": "temp", "v": 1}], 1),
    ("the only record", TEMP, (), [{"n": "3303/0/5700", "v": 1}], 1),
    ("a record without name", TEMP, (), [{"v": 1}], 1),
    ("not any record", TEMP, (), [{"n": "x", "v": 1}, {"n": "y", "v": 2}], None),
    ("a place", TEMP, ("t1",), [{"n": "t1", "v": 1}, {"n": "temp", "v": 2}], 1),
    ("a place with slashes", TEMP, ("d", "t1"), [{"n": "d/t1", "v": 1}], 1),
    ("a place, not the name", TEMP, ("t1",), [{"n": "temp", "v": 2}], None),
    ("a place, not the only one", TEMP, ("t1",), [{"n": "x", "v": 2}], None),
    ("the whole name", NIGHT, (), [{"n": "night.from", "v": 1}], 1),
    ("a member", NIGHT, (), [{"n": "from", "v": 1}], 1),
    ("a member below a base", NIGHT, (), [{"bn": "night/", "n": "from", "v": 1}], 1),
    ("all, by a dot", NIGHT, ("night",), [{"n": "night.from", "v": 1}], 1),
    ("all, by a slash", NIGHT, ("night",), [{"n": "night/from", "v": 1}], 1),
]


@pytest.mark.parametrize(
    ("attribute", "place", "pack", "expected"),
    [row[1:] for row in PLACES],
    ids=[row[0] for row in PLACES],
)
def test_value_is_found_by(
    attribute: Attribute,
    place: tuple[str, ...],
    pack: list[dict[str, Any]],
    expected: Any,
) -> None:
    found = extract(slots_of(attribute, place), decode(JSON, as_json(pack)))
    values = list(found.get(None, {}).values())
    assert values == ([] if expected is None else [expected])


def test_values_are_grouped_by_their_times() -> None:
    other = Attribute(name="other", type=DataType.NUMBER)
    pack = [
        {"n": "temp", "v": 1, "t": MOMENT},
        {"n": "other", "v": 2},
        {"n": "night.from", "v": 3, "t": MOMENT},
    ]
    slots = [
        slot
        for attribute in (TEMP, other, NIGHT)
        for slot in slots_of(attribute, (attribute.name,))
    ]
    assert extract(slots, decode(JSON, as_json(pack))) == {
        datetime.fromtimestamp(MOMENT, UTC): {"temp": 1, "night.from": 3},
        None: {"other": 2},
    }
