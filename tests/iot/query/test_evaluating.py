"""Whether filters hold: choices of protocol sheet "flowthings" §5.3, and a reference.

The reference goes through the tree in the plainest way, with Python's own regular
expressions.
"""

from datetime import UTC, datetime
import math
import re
from time import monotonic
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import NotOfferedError, QueryError
from custom_components.device_models.iot.query.building import mem
from custom_components.device_models.iot.query.evaluating import Moment, holding
from custom_components.device_models.iot.query.expression import (
    And,
    Compare,
    Contains,
    Exists,
    Expression,
    Has,
    In,
    Like,
    Matches,
    Modulo,
    Not,
    Or,
    Sign,
)
from custom_components.device_models.iot.query.language import parse
from custom_components.device_models.iot.query.places import distance
from custom_components.device_models.iot.query.terms import Path, Regex

NOW: Final = 1_700_000_000_000
DOCUMENT: Final[dict[str, Any]] = {
    "id": "d1",
    "path": "/Acct/home/temp",
    "creationDate": NOW - 60_000,
    "both": "top",
    "nothing": None,
    "place": {"latitude": 48.0, "longitude": 11.0},
    "elems": {
        "temp": 21.5,
        "whole": 10,
        "on": True,
        "text": "it's",
        "both": "below",
        "list": ["x", 2, True],
        "pos.lat": 1,
        "map": {"inner": {"value": 5}},
        "since": datetime(2023, 11, 14, 22, 13, 10, tzinfo=UTC),
        "location": {"lat": 52.5, "lon": 13.4, "specifiers": {}},
        "pair": [52.5, 13.4],
        "typed": {"type": "float", "value": 3.5},
        "mail": {"type": "email", "value": "a@b.c"},
        "odd": {"type": "colour", "value": "red"},
        "lastEditDate": NOW - 5,
    },
}

HOLDS: Final = [
    # Comparison
    ("elems.temp == 21.5", True),
    ("elems.temp > 20", True),
    ("elems.temp >= 21.5", True),
    ("elems.temp < 20", False),
    ("elems.temp <= 21.5", True),
    ("elems.temp != 21.5", False),
    ("elems.whole == 10.0", True),
    ("elems.text == 'it\\'s'", True),
    ("elems.text < 'j'", True),
    ("elems.on == true", True),
    ("elems.text == ObjectId('it\\'s')", True),
    ("elems.mail == Email('a@b.c')", True),
    # A missing member: every comparison is false
    ("elems.none == 1", False),
    ("elems.none != 1", False),
    ("elems.none < 1", False),
    ("elems.temp == none", False),
    ("nothing == 1", False),
    ("nothing != 1", False),
    ("elems.text.none == 1", False),
    # Types differ: unequal, and without an order
    ("elems.temp == '21.5'", False),
    ("elems.temp != '21.5'", True),
    ("elems.temp < '3'", False),
    ("elems.on == 1", False),
    ("elems.on != 1", True),
    ("elems.on > false", False),
    ("elems.map == 1", False),
    ("elems.list < 'x'", False),
    # Top level first, then elems; names with dots; typed elems
    ("both == 'top'", True),
    ("elems.both == 'below'", True),
    ("temp > 20", True),
    ("elems.pos.lat == 1", True),
    ("pos.lat == 1", True),
    ("elems.map.inner.value == 5", True),
    ("elems.typed == 3.5", True),
    ("elems.odd.value == 'red'", True),
    ("temp > whole", True),
    # IN and CONTAINS
    ("elems.whole IN ['x', 10]", True),
    ("elems.whole IN ['10']", False),
    ("elems.on IN [1]", False),
    ("elems.none IN ['x']", False),
    ("elems.whole IN []", False),
    ("elems.list CONTAINS ['x']", True),
    ("elems.list CONTAINS [2, 'x']", True),
    ("elems.list CONTAINS ['x', 'y']", False),
    ("elems.list CONTAINS [1]", False),
    ("elems.text CONTAINS ['i']", False),
    ("elems.none CONTAINS ['i']", False),
    # Modulo; the rest has the sign of the number, as in Java
    ("elems.whole % 5 == 0", True),
    ("elems.whole % 4 != 0", True),
    ("elems.temp % 5 == 1.5", True),
    ("elems.text % 5 != 0", False),
    ("elems.on % 5 != 0", False),
    ("elems.none % 5 != 0", False),
    # =~ and MATCHES search
    (r"path =~ /^\/acct\/home/i", True),
    (r"path =~ /^\/acct\/home/", False),
    ("path =~ /home/", True),
    ("elems.temp =~ /2/", False),
    ("elems.none =~ //", False),
    ("MATCHES /it's/", True),
    ("MATCHES /b\\.c$/", True),
    ("MATCHES /home/", False),
    # WITHIN
    ("elems.location WITHIN 1 KM OF [52.5,13.4]", True),
    ("location WITHIN 500 KM OF [48,11]", False),
    ("location WITHIN 550 KM OF [48,11]", True),
    ("location WITHIN 342 MILES OF [48,11]", True),
    ("location WITHIN 326 MILES OF [48,11]", False),
    ("pair WITHIN 0 M OF [52.5,13.4]", True),
    ("place WITHIN 10 METERS OF [48,11]", True),
    ("elems.text WITHIN 1 KM OF [1,1]", False),
    ("elems.list WITHIN 1 KM OF [1,1]", False),
    # EXISTS and HAS
    ("EXISTS elems.temp", True),
    ("EXISTS temp", True),
    ("EXISTS elems.none", False),
    ("EXISTS nothing", False),
    ("HAS boolean", True),
    ("HAS integer", True),
    ("HAS long", True),
    ("HAS float", True),
    ("HAS number", True),
    ("HAS string", True),
    ("HAS list", True),
    ("HAS map", True),
    ("HAS date", True),
    ("HAS location", True),
    ("HAS email", True),
    ("HAS uri", False),
    # AGE
    ("AGE > 59000", True),
    ("AGE == 60000", True),
    ("AGE > 60000", False),
    ("AGE('lastEditDate') <= 5", True),
    ("AGE('since') == 10000", True),
    ("AGE('none') > 1", False),
    ("AGE('none') < 1", False),
    ("AGE('text') != 1", False),
    ("AGE('on') != 1", False),
    # Moments
    ("since == Date(1699999990000)", True),
    ("since > Date(1699999989999)", True),
    ("since < 1700000000000", True),
    ("creationDate < Date(1700000000000)", True),
    ("since != 'x'", True),
    # NOT, && and ||
    ("NOT temp > 20", False),
    ("NOT none > 20", True),
    ("NOT temp > 30 && on == true", True),
    ("temp > 30 || on == true", True),
    ("temp > 30 || on == false", False),
    ("temp > 30 && on == true", False),
]


@pytest.mark.parametrize(("text", "holds"), HOLDS)
def test_filter_of_a_document(text: str, holds: bool) -> None:
    assert holding(parse(text), Moment(NOW))(DOCUMENT) is holds


@pytest.mark.parametrize(
    "place",
    [
        {"lat": True, "lon": 1},
        {"lat": 1, "lon": "east"},
        {"lat": 1},
        {"lat": 91, "lon": 1},
        {"lat": 1, "lon": float("nan")},
        [10**400, 1],
        [1],
        [1, 1, 1],
        "11",
        5,
    ],
)
def test_what_is_no_place_is_near_nothing(place: Any) -> None:
    near = holding(parse("p WITHIN 30000 KM OF [0,0]"), Moment(NOW))
    assert near({"p": {"lat": {"type": "float", "value": 1}, "lon": 1}})
    assert not near({"p": place})


def test_document_without_elems() -> None:
    plain = {"a": "xyz", "b": True}
    for text in ("a == 'xyz'", "MATCHES /y/", "HAS boolean"):
        assert holding(parse(text), Moment(NOW))(plain)


def test_zip_codes_are_not_known() -> None:
    expression = parse("location WITHIN 5 MILES OF [ZIP=10001]")
    with pytest.raises(NotOfferedError, match="ZIP code is not offered"):
        holding(expression, Moment(NOW))


def test_reference_to_what_was_not_asked() -> None:
    with pytest.raises(QueryError, match="no earlier request is called 'low'"):
        holding(parse("device IN $low.id"), Moment(NOW))


def test_what_is_no_filter_of_ours() -> None:
    class Odd(Expression):
        pass

    with pytest.raises(NotOfferedError):
        holding(Odd(), Moment(NOW))


def test_time_is_bounded() -> None:
    late = Moment(NOW, monotonic() - 1)
    with pytest.raises(QueryError, match="takes too long"):
        holding(parse("path =~ /x/"), late)(DOCUMENT)
    with pytest.raises(QueryError, match="takes too long"):
        late.check()
    Moment(NOW).check()


def test_number_that_no_float_holds() -> None:
    assert not holding(mem.a % 2 == 0, Moment(NOW))({"a": 10**400})


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        ((52.5200, 13.4050), (48.8566, 2.3522), 877.5),  # Berlin, Paris
        ((51.5074, -0.1278), (40.7128, -74.0060), 5570.2),  # London, New York
        ((0, 179.5), (0, -179.5), 111.2),  # across the date line
        ((90, 0), (-90, 0), 20015.1),  # from pole to pole
    ],
)
def test_distance(
    one: tuple[float, float], other: tuple[float, float], kilometres: float
) -> None:
    assert distance(one, other) / 1000 == pytest.approx(kilometres, rel=1e-3)
    assert distance(one, other) == distance(other, one)


# Against a plain reference

MEMBERS: Final = ["a", "b", "c"]


def at(document: dict[str, Any], path: Path) -> Any:
    for start in (document, document.get("elems") or {}):
        value: Any = start
        for part in path.parts:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def compared(sign: Sign, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    numbers = all(type(value) in (int, float) for value in (one, other))
    if not numbers and type(one) is not type(other):
        return sign is Sign.UNEQUAL
    if sign is Sign.EQUAL:
        return bool(one == other)
    if sign is Sign.UNEQUAL:
        return bool(one != other)
    if not numbers and type(one) is not str:
        return False
    orders: dict[Sign, bool] = {
        Sign.LESS: one < other,
        Sign.AT_MOST: one <= other,
        Sign.MORE: one > other,
        Sign.AT_LEAST: one >= other,
    }
    return orders[sign]


def reference(  # noqa: C901  (each kind in its plainest way)
    expression: Expression, document: dict[str, Any]
) -> bool:
    elems = document.get("elems")
    data = elems if isinstance(elems, dict) else document
    match expression:
        case And(parts=parts):
            return all(reference(part, document) for part in parts)
        case Or(parts=parts):
            return any(reference(part, document) for part in parts)
        case Not(part=part):
            return not reference(part, document)
        case Compare(path=path, sign=sign, value=value):
            other = at(document, value) if isinstance(value, Path) else value
            return compared(sign, at(document, path), other)
        case Modulo(path=path, divisor=divisor, sign=sign, rest=rest):
            value = at(document, path)
            if type(value) not in (int, float):
                return False
            return (math.fmod(value, divisor) == rest) is (sign is Sign.EQUAL)
        case Like(path=path, regex=regex):
            value = at(document, path)
            found = isinstance(value, str) and re.search(regex.source, value)
            return bool(found)
        case Matches(regex=regex):
            texts = [value for value in data.values() if isinstance(value, str)]
            return any(re.search(regex.source, text) for text in texts)
        case In(path=path, values=tuple() as values):
            value = at(document, path)
            return any(compared(Sign.EQUAL, value, one) for one in values)
        case Contains(path=path, values=values):
            value = at(document, path)
            return isinstance(value, list) and all(
                any(compared(Sign.EQUAL, member, one) for member in value)
                for one in values
            )
        case Exists(path=path):
            return at(document, path) is not None
        case Has(type=kind):
            python = {"boolean": bool, "string": str, "list": list, "float": float}
            return any(type(value) is python[kind] for value in data.values())
    raise AssertionError(expression)


scalars = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([-1.5, 0.0, 1.0, 2.5]),
    st.sampled_from(["", "a", "ab", "b"]),
)
members = st.dictionaries(
    st.sampled_from(MEMBERS),
    scalars | st.none() | st.lists(scalars, max_size=3)
    | st.dictionaries(st.sampled_from(MEMBERS), scalars, max_size=2),
    max_size=3,
)  # fmt: skip
documents = st.builds(lambda top, elems: top | elems, members, st.one_of(
    st.just({}), members.map(lambda elems: {"elems": elems})
))  # fmt: skip
paths = st.lists(st.sampled_from([*MEMBERS, "elems"]), min_size=1, max_size=3).map(
    lambda parts: Path(tuple(parts))
)
signs = st.sampled_from(Sign)
equal = st.sampled_from([Sign.EQUAL, Sign.UNEQUAL])
regexes = st.sampled_from(["", "a", "^b", "a.", "b$", "(a|b)+"]).map(Regex)
lists = st.lists(scalars, max_size=3).map(tuple)
tests = st.one_of(
    st.builds(Compare, paths, signs, scalars | paths),
    st.builds(Modulo, paths, st.sampled_from([2, -3, 1.5]), equal, st.integers(-2, 2)),
    st.builds(Like, paths, regexes),
    st.builds(Matches, regexes),
    st.builds(In, paths, lists),
    st.builds(Contains, paths, lists),
    st.builds(Exists, paths),
    st.builds(Has, st.sampled_from(["boolean", "string", "list", "float"])),
)


def _nested(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, parts) | st.builds(Or, parts) | st.builds(Not, inner)


@settings(max_examples=800, deadline=None)
@given(st.recursive(tests, _nested, max_leaves=6), documents)
def test_it_holds_where_the_reference_does(
    expression: Expression, document: dict[str, Any]
) -> None:
    expected = reference(expression, document)
    assert holding(expression, Moment(NOW))(document) is expected
    assert holding(parse(str(expression)), Moment(NOW))(document) is expected
