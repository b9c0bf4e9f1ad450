"""Regular expressions of filters."""

import re
from time import monotonic, perf_counter
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import FilterError, QueryError
from custom_components.device_models.iot.query.patterns import Pattern
from custom_components.device_models.iot.query.regex import MAX_PATTERN

FOUND: Final = [
    ("b", "", "abc", True),
    ("^b", "", "abc", False),
    ("^a", "", "abc", True),
    ("c$", "", "abc", True),
    ("c$", "", "abc\n", True),
    ("c$", "", "abc\r\n", True),
    (r"c\z", "", "abc\n", False),
    (r"\Aa", "", "abc", True),
    ("b$", "", "ab\nc", False),
    ("b$", "m", "ab\nc", True),
    ("^c", "m", "ab\nc", True),
    ("B", "", "abc", False),
    ("B", "i", "abc", True),
    ("a.c", "", "abc", True),
    ("a.c", "", "a\nc", False),
    ("a.c", "", "a\rc", False),  # as in Java
    ("a.c", "s", "a\nc", True),
    ("", "", "", True),
    ("^$", "", "", True),
    ("x*", "", "", True),
    ("a+", "", "bbb", False),
    ("ab?c", "", "ac", True),
    ("a{2}", "", "aba", False),
    ("^a{2,3}$", "", "aaaa", False),
    ("^a{2,}$", "", "aaaa", True),
    ("^a{0}$", "", "", True),
    ("^(ab|cd)+?$", "", "abcd", True),
    ("^(?:ab|cd)$", "", "cd", True),
    ("(?<name>x)y", "", "xy", True),
    ("[a-c]", "", "xbx", True),
    ("[^a-c]", "", "abc", False),
    (r"\d{3}", "", "a123", True),
    (r"\d", "", "\u0663", False),  # a digit of another script: as in Java
    (r"\bcat\b", "", "a cat.", True),
    (r"\bcat\b", "", "concat", False),
    (r"\Bcat", "", "concat", True),
    (r"\x41\u0042", "", "AB", True),
    (r"a\.b", "", "a.b", True),
    (r"a\.b", "", "axb", False),
    ("a]b}", "", "a]b}", True),
    ("é", "", "café", True),
    ("(a*)*b", "", "aab", True),
]


@pytest.mark.parametrize(("source", "flags", "text", "found"), FOUND)
def test_search(source: str, flags: str, text: str, found: bool) -> None:
    assert Pattern(source, flags).search(text) is found


@pytest.mark.parametrize(
    ("source", "column", "problem"),
    [  # where, and what
        ("(", 2, "expected )"),
        ("a)", 2, "expected ( before )"),
        ("*a", 1, "something to be repeated"),
        ("a**", 3, "something to be repeated"),
        ("a{x}", 2, "expected how often"),
        ("a{3,2}", 2, "the smaller number first"),
        ("[a", 1, "expected a class"),
        ("[z-a]", 1, "bad character range"),
        ("[a[b]]", 1, "without another class in it"),
        ("[a&&b]", 1, "expected no &&"),
        ("a(?=b)", 2, "nothing that looks around"),
        ("(?<!b)", 1, "nothing that looks around"),
        ("(?i)a", 1, "nothing that looks around"),
        (r"(a)\1", 4, "what Java and Python both know"),
        (r"\p{L}", 1, "what Java and Python both know"),
        ("a\\", 2, "what Java and Python both know"),
        ("(a{999}){999}", 9, "too large"),
        ("(" * 21 + "a" + ")" * 21, 1, "at most 20 groups"),
        ("a" * 501, MAX_PATTERN + 1, "at most 500 characters"),
    ],
)
def test_what_is_no_pattern(source: str, column: int, problem: str) -> None:
    with pytest.raises(FilterError) as caught:
        Pattern(source)
    assert caught.value.details["column"] == str(column)
    assert problem in caught.value.details["problem"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("(a+)+$", "a" * 10_000 + "b"),
        ("^(a|a)*$", "a" * 10_000 + "b"),
        (".*.*.*.*=x", "a" * 10_000),
        ("(.*a){20}", "ab" * 9 + "b" * 10_000),
        ("a?" * 25 + "a{25}", "a" * 24),
    ],
    ids=["nested", "same", "many", "counted", "optional"],
)
def test_patterns_that_take_for_ever_elsewhere(source: str, text: str) -> None:
    begun = perf_counter()
    assert not Pattern(source).search(text)
    assert perf_counter() - begun < 5


def test_time_is_bounded() -> None:
    with pytest.raises(QueryError, match="takes too long"):
        Pattern("x").search("a" * 5_000, until=monotonic() - 1)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "custom_components.device_models.iot.query.patterns.MAX_REMEMBERED", 3
    )
    pattern = Pattern("(ab|cd|ef)+gh")
    assert pattern.search("x abcdefabgh")
    assert not pattern.search("x abcdefabg")
    assert len(pattern._steps) <= 3


pieces = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\s", r"\b", "^", r"\B"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        st.tuples(inner.map("(?:{})".format), st.sampled_from(
            ["*", "+", "?", "{2}", "{1,2}", "{0,1}", "*?", "{1,}"]
        )).map("".join),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(pieces, st.text("ab \n-", max_size=8), st.sampled_from(["", "i", "m", "s"]))
def test_it_finds_what_python_finds(source: str, text: str, flags: str) -> None:
    number = re.ASCII
    for flag in flags:
        number |= re.RegexFlag[flag.upper()]
    expected = re.search(source, text, number) is not None
    assert Pattern(source, flags).search(text) is expected
