"""What holds for every payload format."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.codecs import (
    BY_CONTENT_FORMAT,
    CODECS,
    Codec,
    Slot,
    compose,
    decode,
    extract,
    to_json,
)
from custom_components.device_models.iot.errors import PayloadError, ValueRefusedError
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import (
    MAX_INTEGER,
    MIN_INTEGER,
    DataType,
    Scalar,
)

EVERY: Final = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)

MILLISECOND_TIMES: Final = st.integers(-(10**13), 10**14).map(
    lambda number: (
        datetime.fromtimestamp(0, UTC) + number * (datetime.resolution * 1000)
    )
)
TEXTS: Final = st.text(st.characters(codec="utf-8"), max_size=30)

VALUES: Final[dict[DataType, st.SearchStrategy[Scalar]]] = {
    DataType.INTEGER: st.integers(MIN_INTEGER, MAX_INTEGER),
    DataType.NUMBER: st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(MIN_INTEGER, MAX_INTEGER),
    DataType.STRING: TEXTS,
    DataType.BOOLEAN: st.booleans(),
    DataType.DATETIME: MILLISECOND_TIMES,
    DataType.URI: TEXTS.map(lambda text: f"https://example.com/{text}"),
}
"""Every scalar type and what its values are."""

FOR_OCTETS: Final[dict[DataType, st.SearchStrategy[Scalar]]] = {
    DataType.INTEGER: st.integers(0, MAX_INTEGER),
    DataType.NUMBER: st.integers(0, MAX_INTEGER),
    DataType.STRING: st.binary(max_size=30).map(bytes.hex),
    DataType.BOOLEAN: st.booleans(),
    DataType.DATETIME: MILLISECOND_TIMES.filter(lambda moment: moment.year >= 1970),
}
"""Octets are unsigned numbers and hexadecimal text."""

ROUND_TRIPS: Final = [
    pytest.param(codec, kind, values, id=f"{name}-{kind}")
    for name, codec in CODECS.items()
    for kind, values in (FOR_OCTETS if name == "octets" else VALUES).items()
]


def test_codecs_have_the_numbers_of_the_registry() -> None:
    assert {
        number: codec.name for number, codec in sorted(BY_CONTENT_FORMAT.items())
    } == {
        0: "text",
        42: "octets",
        50: "json",
        60: "cbor",
        110: "senml+json",
        112: "senml+cbor",
    }


def round_trip(codec: Codec, slot: Slot, value: Scalar) -> object:
    """Return what comes back of a value that was sent."""
    name = slot.element.name
    payload = codec.encode(compose([slot], {name: value}))
    ((values),) = extract([slot], decode(codec, payload)).values()
    return slot.element.validate(values[name])


@pytest.mark.parametrize(("codec", "kind", "values"), ROUND_TRIPS)
def test_value_comes_back_as_it_was_sent(
    codec: Codec, kind: DataType, values: st.SearchStrategy[Scalar]
) -> None:
    element = Attribute(name="a", type=kind)

    @settings(deadline=None, max_examples=40)
    @given(values)
    def check(value: Scalar) -> None:
        sent = element.validate(value)
        back = round_trip(codec, Slot(element), sent)
        assert back == sent
        assert type(back) is type(sent)

    check()


@pytest.mark.parametrize(("value", "sent"), [(True, b"1"), (False, b"0"), (7, b"7")])
def test_digits_write_true_and_false_as_lwm2m_has_it(
    value: Scalar, sent: bytes
) -> None:
    assert CODECS["digits"].encode(value) == sent


@pytest.mark.parametrize("name", ["json", "cbor", "senml+json", "senml+cbor"])
def test_value_comes_back_from_a_place_within(name: str) -> None:
    slot = Slot(Attribute(name="a", type=DataType.NUMBER), ("x", "y"))
    assert round_trip(CODECS[name], slot, 21.5) == 21.5


@EVERY
@pytest.mark.parametrize("value", [-5, 21.5, "no hexadecimal", "a:b"])
def test_what_a_format_cannot_hold_is_said(codec: Codec, value: Scalar) -> None:
    if codec.name == "octets":
        with pytest.raises(PayloadError):
            codec.encode(value)
    else:
        assert codec.encode(value)


def nearly(codec: Codec) -> st.SearchStrategy[bytes]:
    """Return payloads of a format with some bytes changed, lost or added."""
    document: Any = {"a": 1.5, "b": [True, "x"], "c": {"d": None}}
    good = {
        "senml+json": b'[{"bn":"x/","bt":-5,"n":"a","v":1},{"n":"b","vd":"-_8"}]',
        "senml+cbor": CODECS["senml+cbor"].encode({"a": 1.5, "b": b"x", "c": True}),
        "text": b"21.5",
        "digits": b"1",
        "octets": b"\x01\x02",
    }.get(codec.name) or codec.encode(document)

    def spoil(places: list[tuple[int, bytes]]) -> bytes:
        payload = bytearray(good)
        for place, data in places:
            start = place % (len(payload) + 1)
            payload[start : start + 1] = data
        return bytes(payload)

    return st.lists(
        st.tuples(st.integers(0, 200), st.binary(max_size=2)), max_size=3
    ).map(spoil)


ELEMENTS: Final = [Attribute(name="a", type=kind) for kind in VALUES]


def read_all(codec: Codec, payload: bytes) -> None:
    """Read a payload in every way in which it is read."""
    decoded = decode(codec, payload)
    to_json(decoded.document)
    for element in ELEMENTS:
        for path in ((), ("a",), ("b", "0")):
            for values in extract([Slot(element, path)], decoded).values():
                try:
                    element.validate(values["a"])
                except ValueRefusedError as err:
                    str(err).encode()


@EVERY
@pytest.mark.parametrize("make", [lambda _: st.binary(max_size=80), nearly])
def test_garbage_is_refused_with_a_payload_error_and_nothing_else(
    codec: Codec, make: Callable[[Codec], st.SearchStrategy[bytes]]
) -> None:
    @settings(deadline=None, max_examples=250)
    @given(make(codec))
    def check(payload: bytes) -> None:
        complaint = ""
        try:
            read_all(codec, payload)
        except PayloadError as err:
            complaint = str(err)
        assert len(complaint.encode()) < 400

    check()
