"""How filters are spelled: protocol sheet "flowthings" §5.1, row by row."""

from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import FilterError, QueryError
from custom_components.device_models.iot.query.building import (
    AGE,
    EXISTS,
    HAS,
    MATCHES,
    NOT,
    mem,
    path_of,
    together,
)
from custom_components.device_models.iot.query.expression import (
    MAX_DEPTH,
    Age,
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
    Within,
)
from custom_components.device_models.iot.query.language import parse
from custom_components.device_models.iot.query.places import UNITS
from custom_components.device_models.iot.query.terms import (
    TYPES,
    Date,
    Path,
    Reference,
    Regex,
    Special,
)

F, G, H = mem.f == 1, mem.g == 2, mem.h == 3

ROWS: Final[list[tuple[Expression, str]]] = [
    (mem.a == "x", "a == 'x'"),
    (mem.a == "it's", r"a == 'it\'s'"),
    (mem.a == 1, "a == 1"),
    (mem.a == 1.5, "a == 1.5"),
    (mem.a == True, "a == true"),  # noqa: E712  (the row of the sheet)
    (mem.a == mem.b, "a == b"),
    (mem.a != 1, "a != 1"),
    (mem.a < 1, "a < 1"),
    (mem.a <= 1, "a <= 1"),
    (mem.a > 1, "a > 1"),
    (mem.a >= 1, "a >= 1"),
    (mem.elems.foo == 1, "elems.foo == 1"),
    (mem["a"]["b"] == 1, "a.b == 1"),
    (mem.path.re("^/f/o", "i"), r"path =~ /^\/f\/o/i"),
    (mem.a.IN("x", 2), "a IN ['x',2]"),
    (mem.a.CONTAINS("x"), "a CONTAINS ['x']"),
    (
        mem.location.WITHIN(5, "KM", coords=(1.5, 2)),
        "location WITHIN 5 KM OF [1.5,2]",
    ),
    (mem.location.WITHIN(5, coords=(1, 2)), "location WITHIN 5 MILES OF [1,2]"),
    (mem.location.WITHIN(5, zip=10001), "location WITHIN 5 MILES OF [ZIP=10001]"),
    (EXISTS("a.b"), "EXISTS a.b"),
    (EXISTS(mem.a.b), "EXISTS a.b"),
    (HAS("boolean"), "HAS boolean"),
    (MATCHES("x/y", "i"), r"MATCHES /x\/y/i"),
    (AGE > 1000, "AGE > 1000"),
    (AGE("lastEditDate") <= 5, "AGE('lastEditDate') <= 5"),
    (F.AND(G), "(f == 1) && (g == 2)"),
    (F.OR(G), "(f == 1) || (g == 2)"),
    (NOT(mem.a == 1), "NOT a == 1"),
    (together(F, G, H), "((f == 1) && (g == 2)) && (h == 3)"),
    (together(F), "f == 1"),
]

DEVIATIONS: Final[list[tuple[str, Expression, str]]] = [
    (
        "a name that is no plain word has no way to be read back without quotes",
        mem.elems["my key"] == 1,
        "elems['my key'] == 1",
    ),
    (
        "the same of a word that means something at the beginning of a filter",
        mem["NOT"] == 1,
        "['NOT'] == 1",
    ),
    (
        "without brackets, NOT would be about the first part only",
        NOT(F.AND(G)),
        "NOT ((f == 1) && (g == 2))",
    ),
    (
        "a backslash at the end of a text would swallow the quote",
        mem.a == "C:\\",
        r"a == 'C:\\'",
    ),
    (
        "every member can be named, also one that Python has a word for",
        mem.elems.name == "x",
        "elems.name == 'x'",
    ),
    (
        "a slash that was escaped already is not escaped twice",
        mem.path.re(r"^\/f"),
        r"path =~ /^\/f/",
    ),
    (
        "the language has moments, though the platform's client refuses them",
        mem.since > datetime(2017, 1, 1, tzinfo=UTC),
        "since > Date(1483228800000)",
    ),
]


@pytest.mark.parametrize(("expression", "spelled"), ROWS, ids=str)
def test_expression_is_spelled_and_read_back(
    expression: Expression, spelled: str
) -> None:
    assert str(expression) == spelled
    assert repr(parse(spelled)) == repr(expression)


@pytest.mark.parametrize(("_reason", "expression", "spelled"), DEVIATIONS, ids=str)
def test_what_the_original_spells_wrongly(
    _reason: str, expression: Expression, spelled: str
) -> None:
    assert str(expression) == spelled
    assert parse(spelled) == expression


def test_operators_of_python() -> None:
    assert F.AND(G) == (F & G)
    assert F.OR(G) == (F | G)
    assert NOT(F) == (~F)
    assert str(mem.m % 5 == 0) == "m % 5 == 0"
    assert str(mem.m % 5 != 0) == "m % 5 != 0"
    assert [str(one) for one in (AGE == 5, AGE != 5, AGE < 5, AGE >= 5)] == [
        "AGE == 5",
        "AGE != 5",
        "AGE < 5",
        "AGE >= 5",
    ]


@pytest.mark.parametrize("value", [None, [1], float("nan"), float("inf"), {}])
def test_values_that_the_language_does_not_have(value: Any) -> None:
    """Sheet §5.1: refused by the platform's client, too."""
    with pytest.raises(QueryError, match="no value that can be compared"):
        assert mem.a == value


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: mem.location.WITHIN(5), "expected the coordinates, or the ZIP code"),
        (lambda: mem.location.WITHIN(5, zip="x"), "expected a ZIP code of digits"),
        (lambda: mem.x.WITHIN(-1, coords=(1, 2)), "expected a distance"),
        (lambda: mem.x.WITHIN(1, "PARSEC", coords=(1, 2)), "expected one of MILES"),
        (lambda: mem.x.WITHIN(1, coords=(1, 200)), "expected a latitude"),
        (lambda: AGE > 0, "expected an age"),
        (lambda: float("inf") > AGE, "expected an age"),
        (lambda: HAS("colour"), "expected a type"),
        (lambda: mem.x % 0 == 1, "divide by that is not 0"),
        (lambda: mem.x.re("a", "q"), "expected of the flags i, m, s, got 'q'"),
        (lambda: mem == 1, "expected the name of a member"),
        (lambda: Special("Colour", "red"), "expected ObjectId or Email"),
        (lambda: Reference("a b", Path(("id",))), "expected a plain name"),
        (lambda: Modulo(Path(("a",)), 2, Sign.LESS, 1), "expected == or !="),
        (together, "expected a filter"),
    ],
)
def test_what_cannot_be_a_filter(make: Any, problem: str) -> None:
    with pytest.raises(QueryError, match=problem):
        make()


def test_regular_expression_that_is_none() -> None:
    with pytest.raises(FilterError, match=r"column 2: expected \)"):
        mem.a.re("(")


def test_depth_is_bounded() -> None:
    expression: Expression = F
    for _ in range(MAX_DEPTH - 1):
        expression = NOT(expression)
    with pytest.raises(QueryError, match="at most 50 levels"):
        NOT(expression)
    assert parse(str(expression)) == expression


def test_filter_is_no_truth_and_a_member_is_no_list() -> None:
    """Python would drop a part of ``a and b``, and of ``1 < a < 2``."""
    with pytest.raises(TypeError, match=r"use & \| ~"):
        all([F, G])
    with pytest.raises(TypeError, match=r"use & \| ~"):
        assert 1 < mem.a < 2
    with pytest.raises(TypeError):
        list(mem.a)
    with pytest.raises(AttributeError):
        mem.__deepcopy__  # noqa: B018


# What is spelled is read as the same again

names = st.one_of(
    st.sampled_from(
        ["a", "elems", "b-c", ":inbox", "NOT", "true", "IN", "Date", "it's"]
    ),
    st.text(min_size=1, max_size=6),
)
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: Path(tuple(parts)))
floats = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(10**17), 10**17)
values = st.one_of(
    st.booleans(),
    integers,
    floats,
    st.text(max_size=8),
    integers.map(Date),
    st.builds(Special, st.sampled_from(["ObjectId", "Email"]), st.text(max_size=5)),
)
pieces = st.sampled_from(["a", "/", " ", r"\/", r"\\", ".", "b*", "[/x]", "'"])
regexes = st.builds(
    Regex,
    st.lists(pieces, max_size=6).map("".join),
    st.sampled_from(["", "i", "ims"]),
)
numbers = integers | floats
signs = st.sampled_from(Sign)
positive = st.integers(1, 10**12)
tests = st.one_of(
    st.builds(Compare, paths, signs, values | paths),
    st.builds(
        Modulo,
        paths,
        positive,
        st.sampled_from([Sign.EQUAL, Sign.UNEQUAL]),
        numbers,
    ),
    st.builds(Like, paths, regexes),
    st.builds(
        In,
        paths,
        st.lists(values, max_size=3).map(tuple)
        | st.builds(Reference, st.sampled_from(["low", "a-b"]), paths),
    ),
    st.builds(Contains, paths, st.lists(values, max_size=3).map(tuple)),
    st.builds(
        Within,
        paths,
        positive,
        st.sampled_from(list(UNITS)),
        st.tuples(st.floats(-90, 90), st.floats(-180, 180)) | st.just("10001"),
    ),
    st.builds(Exists, paths),
    st.builds(Has, st.sampled_from(list(TYPES))),
    st.builds(Matches, regexes),
    st.builds(Age, signs, positive, st.sampled_from(["creationDate", "it's a.b"])),
)


def _nested(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, parts) | st.builds(Or, parts) | st.builds(Not, inner)


expressions = st.recursive(tests, _nested, max_leaves=8)


@settings(max_examples=400, deadline=None)
@given(expressions)
def test_any_expression_is_read_back(expression: Expression) -> None:
    again = parse(str(expression))
    assert repr(again) == repr(expression)  # 1 is not true, nor is it 1.0
    assert str(again) == str(expression)


def test_path_by_name() -> None:
    assert path_of("a.b") == Path(("a", "b"))
