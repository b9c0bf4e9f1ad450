"""The formula language of policies: protocol sheet "Oracle IoT" §1.8."""

from collections.abc import Callable
from datetime import UTC, datetime
import math
from time import perf_counter
from typing import Final

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import FormulaError, InvalidInputError
from custom_components.device_models.iot.formula import MAX_DEPTH, Formula
from custom_components.device_models.iot.formula.operators import MAX_LENGTH
from custom_components.device_models.iot.values import Scalar

VALUES: Final[dict[str, Scalar]] = {
    "temp": 21.5,
    "whole": 7,
    "on": True,
    "off": False,
    "text": "Hello",
    "empty": "",
    "since": datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
    "odd name.x": 4,
}

NOTHING: Final[dict[str, Scalar]] = {}

ROWS: Final[list[tuple[str, Scalar | None]]] = [
    # values
    ("5", 5.0),
    (".5", 0.5),
    ("5.", 5.0),
    ("1.5e3", 1500.0),
    ("1E-2", 0.01),
    ('"a ) b"', "a ) b"),
    ('""', ""),
    ("$(temp)", 21.5),
    ("$$(temp)", 21.5),
    ("$( temp )", 21.5),
    ("$(odd name.x)", 4.0),
    ("$(on)", 1.0),
    ("$(off)", 0.0),
    ("$(since)", 2000.0),
    ("$(missing)", None),
    ("1e999", None),
    # arithmetic
    ("1 + 2", 3.0),
    ("1 - 2", -1.0),
    ("3 * 2", 6.0),
    ("3 / 2", 1.5),
    ("7 % 4", 3.0),
    ("-7 % 4", -3.0),
    ("1 / 0", None),
    ("1 % 0", None),
    ("$(missing) + 1", None),
    ("1e300 * 1e300", None),
    ("1e300 * 1e300 % 2", None),
    ('"a" - 1', None),
    ("$(text) * 2", None),
    # texts
    ('"a" + "b"', "ab"),
    ('$(text) + " " + 5', "Hello 5"),
    ('1 + 2 + "x"', "3x"),
    ('"x" + $(missing)', None),
    ('LOWER("AbC")', "abc"),
    ('upper("AbC")', "ABC"),
    ("LOWER(5)", None),
    ("UPPER($(missing))", None),
    # comparisons
    ("1 = 1", 1.0),
    ("1 = 2", 0.0),
    ("1 != 2", 1.0),
    ("1 != 1", 0.0),
    ("1 < 2", 1.0),
    ("2 < 2", 0.0),
    ("2 <= 2", 1.0),
    ("3 <= 2", 0.0),
    ("3 > 2", 1.0),
    ("2 > 2", 0.0),
    ("2 >= 2", 1.0),
    ("1 >= 2", 0.0),
    ('"a" = "a"', 1.0),
    ('"a" = "A"', 0.0),
    ('"a" < "b"', 1.0),
    ('"5" = 5', 0.0),
    ('"5" != 5', 1.0),
    ('"5" < 6', 0.0),
    ("$(on) = 1", 1.0),
    *((f"$(missing) {sign} 1", 0.0) for sign in ("=", "!=", "<", "<=", ">", ">=")),
    *((f"1 {sign} $(missing)", 0.0) for sign in ("=", "!=", "<", "<=", ">", ">=")),
    # LIKE
    ('$(text) LIKE "Hello"', 1.0),
    ('$(text) LIKE "hello"', 0.0),
    ('$(text) LIKE "H%"', 1.0),
    ('$(text) like "%l%o"', 1.0),
    ('$(text) LIKE "%x%"', 0.0),
    ('$(text) LIKE "H_llo"', 1.0),
    ('$(text) LIKE "H_lo"', 0.0),
    ('$(text) LIKE "_____%"', 1.0),
    ('$(text) LIKE "______%"', 0.0),
    ('$(text) LIKE "%%"', 1.0),
    ('$(empty) LIKE "%"', 1.0),
    ('$(empty) LIKE ""', 1.0),
    ('$(text) LIKE ""', 0.0),
    ('$(text) LIKE "h.*"', 0.0),
    ('5 LIKE "5"', 0.0),
    ("$(text) LIKE 5", 0.0),
    ('$(missing) LIKE "%"', 0.0),
    # logic
    *((f"1 {word} 1", 1.0) for word in ("&&", "AND", "and", "||", "OR", "or")),
    *((f"1 {word} 0", 0.0) for word in ("&&", "AND")),
    *((f"0 {word} 1", 1.0) for word in ("||", "OR")),
    ("0 || 0", 0.0),
    *((f"{word} 0", 1.0) for word in ("!", "NOT", "not")),
    ("!5", 0.0),
    ("!!5", 1.0),
    ('"a" AND 5', 1.0),
    ('"" OR 0', 0.0),
    ("$(missing) AND 1", 0.0),
    ("$(missing) OR 1", 1.0),
    ("NOT $(missing)", 1.0),
    # choices
    ("1 ? 2 : 3", 2.0),
    ("0 ? 2 : 3", 3.0),
    ('$(temp) > 20 ? "warm" : "cold"', "warm"),
    ('$(missing) ? "a" : "b"', "b"),
    ("0 ? 1 : 0 ? 2 : 3", 3.0),
    ("1 ? 0 ? 1 : 2 : 3", 2.0),
    ("1 ? 5 : 1 / 0", 5.0),
    # signs
    ("-5", -5.0),
    ("+5", 5.0),
    ("--5", 5.0),
    ("5 - -5", 10.0),
    ('-"a"', None),
    ('+"a"', None),
    # how strongly they bind, from the weakest
    ("1 OR 0 ? 5 : 6", 5.0),
    ("1 OR 0 AND 0", 0.0),  # AND and OR bind alike: from left to right
    ("1 < 2 AND 2 < 1", 0.0),
    ("1 + 1 = 2", 1.0),
    ("1 + 2 * 3", 7.0),
    ("1 - 2 - 3", -4.0),
    ("8 / 4 / 2", 1.0),
    ("2 * 7 % 4", 2.0),
    ("-2 * -3", 6.0),
    ("NOT 1 = 0", 1.0),
    ("NOT (1 = 0)", 1.0),
    ("(1 + 2) * 3", 9.0),
    ("((((1))))", 1.0),
    ("\n1\t+\n1 ", 2.0),
]


@pytest.mark.parametrize(("text", "value"), ROWS, ids=[row[0] for row in ROWS])
def test_formula_gives(text: str, value: Scalar | None) -> None:
    found = Formula.parse(text).evaluate(VALUES.get)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("$(temp) > 20", True),
        ("$(temp) > 30", False),
        ("$(temp)", True),
        ("-1", True),
        ("0", False),
        ('"no"', True),
        ('""', False),
        ("$(missing)", False),
        ("1 / 0", False),
    ],
)
def test_condition_holds(text: str, holds: bool) -> None:
    assert Formula.parse(text).holds(VALUES.get) is holds


def test_value_in_process_is_another_than_the_current_one() -> None:
    formula = Formula.parse("$(temp) - $$(temp) + $$( whole )")
    assert formula.evaluate({"temp": 5}.get, VALUES.get) == 5 - 21.5 + 7
    assert formula.holds({"temp": 5}.get, VALUES.get)
    assert formula.processed == {"temp"}
    assert formula.current == {"temp", "whole"}
    assert formula.names == {"temp", "whole"}
    assert str(formula) == formula.text


WRONG: Final = [
    ("", 1, "expected $(name), a number, a \"text\" or '('"),
    ("1 +", 4, "expected $(name), a number, a \"text\" or '('"),
    ("temp > 5", 1, "expected $(name), a number, a \"text\" or '(', got 'temp'"),
    ("1 == 2", 4, "expected $(name), a number, a \"text\" or '(', got '='"),
    ("1 2", 3, "expected an operator or the end, got '2'"),
    ("1 & 2", 3, "expected an operator or the end, got '&'"),
    ("1 AND2", 3, "expected an operator or the end, got 'AND2'"),
    ("(1 x", 4, "expected an operator or ')', got 'x'"),
    ("((1)", 5, "expected ')'"),
    ("1)", 2, "expected the end, got ')'"),
    ("1 ? 2", 6, "expected ':'"),
    ("1 ? 2 x", 7, "expected an operator or ':', got 'x'"),
    ("LOWER 3", 7, "expected '(', got '3'"),
    ("1 +\n+\n*", 7, "expected $(name), a number, a \"text\" or '(', got '*'"),
    ("1 + $(temp", 5, "expected $(name) or $$(name)"),
    ("1 + $$", 5, "expected $(name) or $$(name)"),
    ("1 + $( )", 5, "expected the name of an attribute"),
    ('1 "x"', 3, "expected an operator or the end, got '\"x\"'"),
    ('1 + "x', 5, 'expected a text that ends with "'),
    ("1" * (MAX_LENGTH + 1), MAX_LENGTH + 1, f"at most {MAX_LENGTH} characters"),
    *(
        (begin * 60 + "1" + end * 60, column, f"at most {MAX_DEPTH} parts within")
        for begin, end, column in (
            ("(", ")", 11),
            ("-", "", 11),
            ("!", "", 11),
            ("1?", ":1", 22),
            ("1?1:", "", 42),
            ("LOWER(", ")", 61),
            ("1+(", ")", 107),
        )
    ),
]


@pytest.mark.parametrize(("text", "column", "problem"), WRONG)
def test_where_a_text_is_no_formula(text: str, column: int, problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Formula.parse(text)
    assert isinstance(caught.value, FormulaError)
    assert caught.value.details["column"] == str(column)
    assert problem in str(caught.value)


def test_long_chains_are_not_deep() -> None:
    assert Formula.parse("1+" * 999 + "1").evaluate(VALUES.get) == 1000


@pytest.mark.parametrize(
    "pattern", ["%a_" * 600 + "b", "%" * 1900 + "b", "_" * 1900 + "%b", "a" * 2001]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    values = {"text": "a" * 65_000, "pattern": pattern}
    formula = Formula.parse("$(text) LIKE $(pattern)")
    started = perf_counter()
    assert formula.evaluate(values.get) == 0.0
    assert perf_counter() - started < 2


def test_texts_do_not_grow_without_bound() -> None:
    formula = Formula.parse("+".join(["$(text)"] * 200))
    assert formula.evaluate({"text": "a" * 65_000}.get) is None


type Tree = tuple[str, Callable[[], float | str]]
"""A formula as text, and how plain Python computes it."""


def missing(value: float | str) -> bool:
    return value != value  # noqa: PLR0124  (NaN)


def truth(value: float | str) -> bool:
    return bool(value) and not missing(value)


def plain(sign: str, one: float | str, other: float | str) -> float | str:
    """Compute as §1.8 says, written without looking at the product."""
    texts = isinstance(one, str) + isinstance(other, str)
    if sign in ("AND", "&&"):
        return float(truth(one) and truth(other))
    if sign in ("OR", "||"):
        return float(truth(one) or truth(other))
    if sign in "+-*/%":
        if missing(one) or missing(other):
            return math.nan
        if texts and sign == "+":
            return "".join(
                x if isinstance(x, str) else f"{x:.15g}" for x in (one, other)
            )
        if texts or (sign in "/%" and other == 0):
            return math.nan
        assert isinstance(one, float)
        assert isinstance(other, float)
        if sign == "%":
            return math.nan if math.isinf(one) else math.fmod(one, other)
        results = {"+": one + other, "-": one - other, "*": one * other}
        return one / other if sign == "/" else results[sign]
    if missing(one) or missing(other):
        return 0.0
    if texts == 1:
        return float(sign == "!=")
    ordered = (one > other) - (one < other)  # type: ignore[operator]
    wanted = {"=": (0,), "!=": (-1, 1), "<": (-1,), ">": (1,), "<=": (-1, 0)}
    return float(ordered in wanted.get(sign, (0, 1)))


SIGNS: Final = (
    "+", "-", "*", "/", "%", "=", "!=", "<", ">", "<=", ">=", "AND", "&&", "OR", "||",
)  # fmt: skip
LEAVES = st.one_of(
    st.floats(0, 1e6).map(lambda x: (f"{x!r}", lambda: x)),
    st.integers(0, 9).map(lambda x: (str(x), lambda: float(x))),
    st.sampled_from("ab").map(lambda x: (f'"{x}"', lambda: x)),
    st.just(("$(none)", lambda: math.nan)),
)


def grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(SIGNS), inner).map(
            lambda x: (
                f"({x[0][0]}) {x[1]} ({x[2][0]})",
                lambda: plain(x[1], x[0][1](), x[2][1]()),
            )
        ),
        st.tuples(inner, inner, inner).map(
            lambda x: (
                f"({x[0][0]}) ? ({x[1][0]}) : ({x[2][0]})",
                lambda: x[1][1]() if truth(x[0][1]()) else x[2][1](),
            )
        ),
        inner.map(lambda x: (f"NOT ({x[0]})", lambda: float(not truth(x[1]())))),
    )


@settings(deadline=None, max_examples=300)
@given(st.recursive(LEAVES, grown, max_leaves=12))
def test_formula_is_evaluated_as_plain_python_does(tree: Tree) -> None:
    text, compute = tree
    assume(len(text) <= MAX_LENGTH)
    formula = Formula.parse(text)
    wanted = compute()
    unknown = isinstance(wanted, float) and not math.isfinite(wanted)
    assert formula.evaluate(NOTHING.get) == (None if unknown else wanted)
    assert formula.holds(NOTHING.get) is truth(wanted)


CHAIN = st.lists(
    st.tuples(st.sampled_from("+-*/%"), st.integers(1, 9)), min_size=1, max_size=12
)


@given(st.integers(1, 9), CHAIN)
def test_arithmetic_binds_as_in_python(first: int, rest: list[tuple[str, int]]) -> None:
    text = str(first) + "".join(f" {sign} {number}" for sign, number in rest)
    wanted = eval(text)  # noqa: S307  (of signs and digits)
    assert Formula.parse(text).evaluate(NOTHING.get) == pytest.approx(wanted)


@given(
    st.text("ab", max_size=8),
    st.text("ab%_", max_size=8),
)
def test_like_is_what_sql_says(text: str, pattern: str) -> None:
    def fits(at: int, rest: str) -> bool:
        if not rest:
            return at == len(text)
        if rest[0] == "%":
            return any(fits(there, rest[1:]) for there in range(at, len(text) + 1))
        return at < len(text) and rest[0] in ("_", text[at]) and fits(at + 1, rest[1:])

    formula = Formula.parse(f'"{text}" LIKE "{pattern}"')
    assert formula.holds(NOTHING.get) is fits(0, pattern)


@given(st.text('$()"+-*/%=!<>&|?: aLIKEOR1.', max_size=40) | st.text(max_size=40))
def test_any_text_is_a_formula_or_told_where_it_is_none(text: str) -> None:
    column = 1
    try:
        Formula.parse(text).evaluate(NOTHING.get)
    except FormulaError as err:
        column = int(err.details["column"])
    assert 1 <= column <= len(text) + 1
